"""No half adapter is ever offered, and which one is in use can always be taken a step back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.learnt_adapters import (
    WEIGHTS,
    adapter_of,
    add_adapter,
    adopt,
    adopted_adapter,
    adoptions,
    get_adapter,
    list_adapters,
    roll_back,
)
from tests.store.learnt import MODEL, begun, made, weights


def key_of(call, *arguments) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(StudioError) as caught:
        call(*arguments)
    return caught.value.key


def test_versions_count_by_model_and_team(db: Database) -> None:
    found = [made(db), made(db, "east"), made(db), made(db, "east")]
    assert [(each.team, each.version) for each in found] == [("", 1), ("east", 1), ("", 2), ("east", 2)]
    assert list_adapters(db) == found[::-1]
    assert list_adapters(db, MODEL, "east") == [found[3], found[1]]
    assert list_adapters(db, "sdxl") == []
    assert [get_adapter(db, each.id) for each in found] == found
    assert adapter_of(db, found[1].run) == found[1]
    assert adapter_of(db, begun(db).id) is None


def test_versions_are_each_given_once_however_many_finish_together(db: Database) -> None:
    runs = [begun(db) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda run: made(db, run=run), runs))
    assert sorted(each.version for each in found) == [*range(1, 9)]


def test_an_adapter_without_its_whole_file_is_none(db: Database, tmp_path: Path) -> None:
    run = begun(db)
    (tmp_path / "empty").mkdir()
    path, hash = weights(tmp_path / "adapter", b"whole")
    (path / WEIGHTS).write_bytes(b"who")
    for folder in (tmp_path / "nothing", tmp_path / "empty", path):
        assert key_of(add_adapter, db, run.id, MODEL, "0" * 64, "", folder, hash) == "learning.adapter_missing"
    assert list_adapters(db) == []
    (path / WEIGHTS).write_bytes(b"whole")
    assert key_of(add_adapter, db, 99, MODEL, "0" * 64, "", path, hash) == "learning.unknown"
    assert add_adapter(db, run.id, MODEL, "0" * 64, "", path, hash).path == str(path)


def test_a_run_has_one_adapter(db: Database, tmp_path: Path) -> None:
    first = made(db)
    assert add_adapter(db, first.run, MODEL, "0" * 64, "", Path(first.path), first.hash) == first
    other, hash = weights(tmp_path / "other", b"other")
    with pytest.raises(ValueError, match="already"):
        add_adapter(db, first.run, MODEL, "0" * 64, "", other, hash)


def test_adapters_move_with_their_home(db: Database, tmp_path: Path) -> None:
    adapter = made(db)
    db.close()
    moved = db.home.rename(tmp_path / "elsewhere")
    again = open_database(moved)
    path = Path(get_adapter(again, adapter.id).path)
    assert path.is_relative_to(moved)
    assert adopt(again, adapter.id, "ann").adopted
    again.close()


def test_one_adapter_is_in_use_for_a_model_and_team(db: Database) -> None:
    one, two, own = made(db), made(db), made(db, "east")
    assert adopted_adapter(db, MODEL) is None
    assert adopt(db, one.id, "ann").adopted
    adopt(db, two.id, "ann")
    assert not get_adapter(db, one.id).adopted
    assert adopted_adapter(db, MODEL) == get_adapter(db, two.id)
    assert adopted_adapter(db, MODEL, "east") == adopted_adapter(db, MODEL)  # that of everybody
    adopt(db, own.id, "bob")
    assert [adopted_adapter(db, MODEL, team).id for team in ("", "east", "west")] == [two.id, own.id, two.id]  # type: ignore[union-attr]
    assert adopted_adapter(db, "sdxl") is None


def test_rolling_back_goes_step_by_step_to_none(db: Database) -> None:
    one, two, three = (made(db) for _ in range(3))
    for each in (one, two, three):
        adopt(db, each.id, "ann")
    steps = [roll_back(db, MODEL, "", "bob") for _ in range(3)]
    assert [step and step.id for step in steps] == [two.id, one.id, None]
    assert adopted_adapter(db, MODEL) is None
    assert key_of(roll_back, db, MODEL, "", "bob") == "learning.nothing_adopted"
    assert [(each.adapter, each.back, each.user) for each in adoptions(db)][:4] == [
        *((None, True, "bob"), (one.id, True, "bob"), (two.id, True, "bob"), (three.id, False, "ann"))
    ]


def test_after_a_step_back_the_next_adoption_follows_what_is_in_use(db: Database) -> None:
    one, two = made(db), made(db)
    adopt(db, one.id, "ann")
    adopt(db, two.id, "ann")
    roll_back(db, MODEL, "", "ann")
    adopt(db, two.id, "ann")
    assert roll_back(db, MODEL, "", "ann") == get_adapter(db, one.id)


def test_a_team_that_rolls_back_its_only_one_uses_that_of_everybody(db: Database) -> None:
    everybodys, own = made(db), made(db, "east")
    adopt(db, everybodys.id, "ann")
    adopt(db, own.id, "ann")
    assert roll_back(db, MODEL, "east", "ann") is None
    assert adopted_adapter(db, MODEL, "east") == get_adapter(db, everybodys.id)


def test_adopting_what_is_in_use_adds_nothing(db: Database) -> None:
    adapter = made(db)
    assert adopt(db, adapter.id, "ann") == adopt(db, adapter.id, "bob")
    assert len(adoptions(db)) == 1


def test_an_adapter_whose_file_is_gone_or_damaged_cannot_be_adopted(db: Database) -> None:
    adapter = made(db)
    (Path(adapter.path) / WEIGHTS).write_bytes(b"else")
    assert key_of(adopt, db, adapter.id, "ann") == "learning.adapter_missing"
    (Path(adapter.path) / WEIGHTS).unlink()
    assert key_of(adopt, db, adapter.id, "ann") == "learning.adapter_missing"
    assert adoptions(db) == []


@pytest.mark.parametrize("id", [0, -1, 77, 2**70])
def test_an_unknown_adapter_is_named(db: Database, id: int) -> None:
    assert key_of(get_adapter, db, id) == key_of(adopt, db, id, "ann") == "learning.adapter_unknown"


@pytest.mark.parametrize("table", ["learnt_adapter", "adoption"])
def test_adapters_and_their_adoptions_are_append_only(db: Database, table: str) -> None:
    adopt(db, made(db).id, "ann")
    for change in (f"UPDATE {table} SET model = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="append-only"), db.write() as session:
            session.execute(text(change))
