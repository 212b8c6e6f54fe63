"""Sliders in the words of each family of models, and the adapters that a slider can bring along."""

from pathlib import Path

import pytest

from t2i_studio.brief import styles
from t2i_studio.brief.requests import make_request, options_of
from t2i_studio.domain import STYLE_CONTROLS, Adapter, StyleSettings
from t2i_studio.errors import StudioError
from t2i_studio.settings import ROOT

from .test_prompt import Card

HEADER = "# remark\nmodel,control,folder,scale_1,scale_2,scale_4,scale_5\n"
BRIGHT = str(ROOT / "adapters/bright")


@pytest.fixture
def sliders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slider adapters of the model "test", and one of another."""
    table = tmp_path / "slider_adapters.csv"
    rows = "test,brightness,adapters/bright,-2,-1,1,2\ntest,contrast,/far/contrast,0,0,0.5,1\nsdxl,warmth,w,1,1,1,1\n"
    table.write_text(HEADER + rows, encoding="utf-8")
    monkeypatch.setattr(styles, "SLIDER_ADAPTERS", table)


@pytest.mark.parametrize("family", styles.Family.__args__)
def test_every_level_but_the_neutral_one_has_its_own_phrase_in_both_languages(family: styles.Family) -> None:
    settings = [StyleSettings(**{control: level}) for control in STYLE_CONTROLS for level in (1, 2, 4, 5)]
    settings += [StyleSettings(position=place) for place in ("left", "centre", "right")]
    for language in ("en", "zh"):
        said = [styles.phrases(style, language, family) for style in settings]
        assert all(len(phrase) == 1 and phrase[0].strip() for phrase in said)
        assert len({phrase[0] for phrase in said}) == len(settings)
    assert styles.phrases(StyleSettings(), "en", family) == []


def test_several_sliders_speak_in_a_fixed_order() -> None:
    style = StyleSettings(contrast=5, brightness=1, position="right")
    assert styles.phrases(style, "en", "tags") == [
        *styles.phrases(StyleSettings(brightness=1), "en", "tags"),
        *styles.phrases(StyleSettings(contrast=5), "en", "tags"),
        *styles.phrases(StyleSettings(position="right"), "en", "tags"),
    ]


def test_no_slider_adapter_is_shipped() -> None:
    assert styles.adapters_for(StyleSettings(brightness=5, warmth=1), "podium") == ()


def test_a_level_brings_its_adapter_at_its_scale_and_zero_brings_none(sliders: None) -> None:
    style = StyleSettings(brightness=1, contrast=4, warmth=5)
    assert styles.adapters_for(style, "test") == (
        Adapter(path=BRIGHT, scale=-2),
        Adapter(path="/far/contrast", scale=0.5),
    )
    assert styles.adapters_for(StyleSettings(contrast=2), "test") == ()
    assert styles.adapters_for(style, "podium") == ()


def test_a_request_gets_the_adapters_of_its_sliders_after_the_users_own(sliders: None) -> None:
    own = Adapter(path="mine", scale=0.7)
    request = make_request("a bag", Card(), style=StyleSettings(brightness=5), adapters=(own,))
    assert request.adapters == (own, Adapter(path=BRIGHT, scale=2))
    assert styles.own_adapters(request.adapters, "test") == (own,)


def test_a_request_made_again_with_another_level_has_that_levels_adapter_once(sliders: None) -> None:
    first = make_request("a bag", Card(), style=StyleSettings(brightness=5), seed=1)
    options = options_of(first) | {"model": Card()}
    assert make_request(**options) == first
    assert make_request(**options | {"style": StyleSettings(brightness=1)}).adapters == (
        Adapter(path=BRIGHT, scale=-2),
    )
    assert make_request(**options | {"style": StyleSettings()}).adapters == ()


@pytest.mark.parametrize("row", ["test,brightness,a,-9,0,0,1", "test,loudness,a,1,1,1,1", "test,warmth,,1,1,1,1"])
def test_a_wrong_row_of_slider_adapters_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    (tmp_path / "wrong.csv").write_text(HEADER + row + "\n", encoding="utf-8")
    monkeypatch.setattr(styles, "SLIDER_ADAPTERS", tmp_path / "wrong.csv")
    with pytest.raises(StudioError, match="Row 1") as refusal:
        styles.adapters_for(StyleSettings(brightness=5), "test")
    assert refusal.value.key == "style.slider_row"
