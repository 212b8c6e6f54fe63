"""Presets: complete in both languages, in words the embedded model knows, and yielding to the description."""

import io
import tomllib

import pytest
from PIL import Image
from pydantic import ValidationError

from t2i_studio.brief import vocabulary
from t2i_studio.brief.presets import TABLE, Preset, _Table, find_preset, phrases_for, presets
from t2i_studio.domain import StyleSettings
from t2i_studio.errors import StudioError
from t2i_studio.settings import EMBEDDED_MODEL


def test_there_are_many_and_no_two_look_alike():
    assert len(presets()) >= 24
    looks = {(preset.style, tuple(phrase.en for phrase in preset.phrases)) for preset in presets()}
    names = {preset.name.en for preset in presets()} | {preset.name.zh for preset in presets()}
    assert len(looks) == len(presets())
    assert len(names) == 2 * len(presets())


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_the_embedded_model_knows_every_word_of_a_preset(preset: Preset):
    known = vocabulary.load(EMBEDDED_MODEL)
    assert known is not None
    for language in ("en", "zh"):
        for phrase in phrases_for(preset, language, said={"other"}):
            tokens = known.split(phrase)
            assert [token.text for token in tokens if token.kind == "unknown"] == []
            assert any(token.kind == "known" for token in tokens)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_a_preset_sets_sliders_and_has_a_small_picture(preset: Preset):
    assert preset.style != StyleSettings()
    data = preset.picture.read_bytes()
    assert len(data) <= 8_000
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (160, 160))


def test_the_descriptions_own_words_win():
    preset = find_preset("fresh_summer")
    assert phrases_for(preset, "zh", said={"other"}) == ["青色背景", "圆形展台", "气泡和叶子点缀"]
    assert phrases_for(preset, "en", said={"backdrop", "props", "other"}) == ["on a round podium"]
    assert phrases_for(preset, "en", said={"backdrop", "podium", "props", "other"}) == []


def test_models_of_free_text_get_richer_words():
    assert len(phrases_for(find_preset("cool_tech"), "en", said=())) == 3


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [
        ("studio_whit", "studio_white"),
        ("圣诞节", "christmas"),
        ("Premium Black", "premium_black"),
        ("x" * 999, "studio"),
    ],
)
def test_an_unknown_preset_is_said_with_the_nearest(asked: str, suggested: str):
    with pytest.raises(StudioError) as caught:
        find_preset(asked)
    assert caught.value.key == "preset.unknown"
    assert suggested in caught.value.params["suggestions"]


GOOD = tomllib.loads(TABLE.read_text(encoding="utf-8"))["presets"][0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"style": {"brightness": 6}},
        {"style": {"glow": 3}},
        {"id": "No Spaces"},
        {"name": {"en": "only English"}},
        {"phrases": [{"kind": "sky", "en": "a", "zh": "b"}]},
        {"phrases": [GOOD["phrases"][0], GOOD["phrases"][0]]},
    ],
)
def test_a_wrong_row_is_refused(wrong: dict):
    with pytest.raises((ValidationError, StudioError)):
        Preset.model_validate(GOOD | wrong)


def test_ids_are_unique():
    with pytest.raises(ValidationError):
        _Table.model_validate({"source": "x", "date": "2026-11-25", "presets": [GOOD, GOOD]})
