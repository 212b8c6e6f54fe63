"""Saved looks: kept, listed, hidden and brought back."""

import pytest

from t2i_studio.domain import StyleSettings
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.presets import MAX_NAME, delete_preset, own_presets, restore_preset, save_preset

WARM = StyleSettings(warmth=5, position="left")


def key_of(call, *arguments) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments)
    return caught.value.key


def names(db: Database) -> list[str]:
    return [preset.name for preset in own_presets(db)]


def test_a_saved_look_keeps_its_levels_and_what_it_is_based_on(db: Database):
    saved = save_preset(db, "  我的  暖色 ", WARM, "golden_hour")
    assert (saved.name, saved.style, saved.based_on) == ("我的 暖色", WARM, "golden_hour")
    assert own_presets(db) == [saved]


def test_the_newest_comes_first(db: Database):
    for name in ("one", "two"):
        save_preset(db, name, WARM)
    assert names(db) == ["two", "one"]


def test_a_deleted_look_is_hidden_and_can_be_brought_back(db: Database):
    saved = save_preset(db, "warm", WARM)
    delete_preset(db, saved.id)
    delete_preset(db, saved.id)
    assert own_presets(db) == []
    assert restore_preset(db, saved.id) == saved
    assert names(db) == ["warm"]


def test_a_name_is_taken_only_while_it_is_seen(db: Database):
    old = save_preset(db, "warm", WARM)
    assert key_of(save_preset, db, "warm", WARM) == "preset.name_taken"
    delete_preset(db, old.id)
    save_preset(db, "warm", WARM)
    assert key_of(restore_preset, db, old.id) == "preset.name_taken"


def test_names_are_checked(db: Database):
    assert key_of(save_preset, db, " \n ", WARM) == "preset.no_name"
    assert key_of(save_preset, db, "x" * (MAX_NAME + 1), WARM) == "preset.name_too_long"
    assert key_of(save_preset, db, "a\x00b", WARM) == "text.control"


@pytest.mark.parametrize("number", [0, 7, 2**70])
def test_what_is_not_there_is_said(db: Database, number: int):
    assert key_of(delete_preset, db, number) == "preset.none_of_yours"
    assert key_of(restore_preset, db, number) == "preset.none_of_yours"
