"""A description becomes a prompt: nothing unknown slips in, nothing is left out unsaid."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from t2i_studio.brief.presets import presets
from t2i_studio.brief.prompt import compose
from t2i_studio.brief.requests import make_request
from t2i_studio.brief.styles import Family
from t2i_studio.domain import MAX_TEXT, Adapter, Mark, StyleSettings, language_of
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

CONCEPTS = {
    "object.handbag": {
        "kind": "object",
        "en": "handbag",
        "zh": "手提包",
        "zh_hant": "手提包",
        "synonyms_zh": ["女包"],
    },
    "object.sneaker": {
        "kind": "object",
        "en": "running shoe",
        "zh": "运动鞋",
        "zh_hant": "運動鞋",
        "synonyms_zh": [],
    },
    "color.red": {"kind": "color", "en": "red", "zh": "红色", "zh_hant": "紅色", "synonyms_zh": ["红"]},
    "podium.round": {
        "kind": "podium",
        "en": "round podium",
        "zh": "圆形展台",
        "zh_hant": "圓形展台",
        "synonyms_zh": [],
    },
}
NEUTRAL = StyleSettings()
PODIUM = ASSETS / "models" / "podium"


@dataclass(frozen=True)
class Card:
    name: str = "test"
    source: str = "somewhere/on-the-hub"
    languages: tuple[str, ...] = ("zh", "en")
    max_prompt_tokens: int | None = None
    negative_prompt: bool = False
    style: Family = "words"


@pytest.fixture
def closed(tmp_path: Path) -> Card:
    """A model that knows CONCEPTS and has room for twelve words."""
    (tmp_path / "vocabulary.json").write_text(json.dumps(CONCEPTS), encoding="utf-8")
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tokenizer").mkdir()
    tokenizer.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    return Card(source=str(tmp_path), max_prompt_tokens=12)


def test_a_product_that_only_this_model_knows_is_read_by_its_name(closed: Card) -> None:
    own = {"kind": "object", "en": "Ember lamp", "zh": "余烬台灯", "zh_hant": "餘燼檯燈", "synonyms_en": ["glow-light"]}
    (Path(closed.source) / "vocabulary.json").write_text(
        json.dumps({**CONCEPTS, "object.ember": own}), encoding="utf-8"
    )
    for text, made in (
        ("新款红色余烬台灯，圆形展台", "红色余烬台灯，圆形展台"),
        ("a red ember lamp on a round podium", "red Ember lamp, round podium"),
        ("two glow-lights", "Ember lamp"),
        ("红色手提包", "红色手提包"),
    ):
        assert compose(text, NEUTRAL, closed).text == made
    marked = compose("余烬台灯和手提包", NEUTRAL, closed, marks=[Mark(field="product", start=5, end=8)])
    assert marked.text == "手提包"  # the reader's own mark counts


@pytest.mark.parametrize("path", ["~no_such_person/lora", "x" * 300, "nowhere", "a\0b"])
def test_an_adapter_of_an_odd_path_brings_no_words_and_no_fault(closed: Card, path: str) -> None:
    request = make_request("红色手提包", closed, adapters=[Adapter(path=path)])
    assert request.prompt.text == "红色手提包"


@pytest.mark.parametrize(
    ("text", "language"),
    [("红色手提包", "zh"), ("a red handbag", "en"), ("红色 handbag", "mixed"), ("12", "en")],
)
def test_the_language_is_that_of_the_script(text: str, language: str) -> None:
    assert language_of(text) == language


def test_sliders_speak_the_language_of_the_description_and_neutral_ones_are_silent() -> None:
    style = StyleSettings(brightness=5, position="left")
    assert compose("红色手提包", style, Card()).text == "红色手提包，非常明亮，居左"
    assert compose("a red handbag", style, Card()).text == "a red handbag, very bright, on the left"
    assert compose("红色手提包", style, Card(languages=("en",))).text == "红色手提包, very bright, on the left"
    assert compose("a  red\nhandbag", NEUTRAL, Card()).text == "a red handbag"


def test_a_closed_vocabulary_gets_its_own_words_and_says_what_it_dropped(closed: Card) -> None:
    prompt = compose("复古的红色女包，量子纠缠，圆形展台", NEUTRAL, closed)
    assert prompt.text == "红色手提包，圆形展台"
    assert {"量子", "纠缠"} <= set(prompt.dropped)
    prompt = compose("a wondrous red handbag on a round podium", NEUTRAL, closed)
    assert (prompt.text, prompt.dropped) == ("red handbag, round podium", ("wondrous",))


def test_the_closest_known_thing_is_drawn_and_named(closed: Card) -> None:
    prompt = compose("burgundy satchel", NEUTRAL, closed)
    assert (prompt.text, prompt.replaced) == ("red handbag", (("satchel", "handbag"), ("burgundy", "red")))


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("navy backpack", (("navy", "blue"),)),
        ("blue backpack, sky blue background", ()),  # names that the model was taught
        ("酒红色双肩包，米白色背景", (("酒红色", "红色"), ("米白色", "白色"))),
        ("黑白双肩包", (("黑白", "黑色"),)),
    ],
)
def test_a_shade_that_is_drawn_as_its_basic_colour_is_named(text: str, replaced: tuple[tuple[str, str], ...]) -> None:
    assert compose(text, NEUTRAL, Card(source=str(PODIUM))).replaced == replaced


def test_a_product_with_nothing_close_is_refused_with_a_choice(closed: Card) -> None:
    with pytest.raises(StudioError, match="手提包") as refusal:
        compose("白色扫地机器人", NEUTRAL, closed)
    assert refusal.value.key == "brief.product_unknown"
    assert refusal.value.params["closest"] == "手提包、运动鞋"


@pytest.mark.parametrize(
    ("text", "prompt", "replaced"),
    [
        ("红色手提包，白色圆形展台", "红色手提包，圆形展台", ()),  # it knows no white
        ("a red handbag on a white podium", "red handbag, round podium", (("podium", "round podium"),)),
    ],
)
def test_a_podium_is_said_once(closed: Card, text: str, prompt: str, replaced: tuple[tuple[str, str], ...]) -> None:
    made = compose(text, NEUTRAL, closed)
    assert (made.text, made.replaced) == (prompt, replaced)


def test_a_podium_keeps_the_shape_that_stands_before_its_colour() -> None:
    made = compose("blue backpack on a square white podium", NEUTRAL, Card(source=str(PODIUM)))
    assert (made.text, made.replaced, made.dropped) == ("blue backpack, white square podium", (), ())


@pytest.mark.parametrize(
    ("text", "prompt", "dropped"),
    [
        ("blue backpack on a square black podium", "blue backpack, square podium", ("black",)),
        ("blue backpack on a black podium", "blue backpack, round podium", ("black",)),
        ("a blue backpack standing on a round white stand", "blue backpack, white round stand", ()),
        ("a blue backpack on a white tiered podium", "blue backpack, white tiered podium", ()),
        ("灯泡、背景是蓝、方台", "灯泡，蓝色背景，方台", ()),
        ("blue backpack on a white podium", "blue backpack, round podium", ()),
        ("蓝色双肩包，黑色圆形展台", "蓝色双肩包，圆形展台", ("黑色",)),
        ("蓝色双肩包，白色圆形展台", "蓝色双肩包，白色圆形展台", ()),
        ("蓝色双肩包放在黑色展台上", "蓝色双肩包，圆形展台", ("黑色",)),
        ("blue backpack with green balloons, red lanterns", "blue backpack, balloons, lanterns", ("green",)),
    ],
)
def test_colours_that_other_things_cannot_have_are_named(text: str, prompt: str, dropped: tuple[str, ...]) -> None:
    made = compose(text, NEUTRAL, Card(source=str(PODIUM)))
    assert (made.text, made.dropped) == (prompt, dropped)


def test_a_correction_changes_the_prompt_and_not_the_text(closed: Card) -> None:
    text = "红色背景的手提包"
    assert compose(text, NEUTRAL, closed).text == "手提包"
    prompt = compose(text, NEUTRAL, closed, marks=[Mark(field="colors", start=0, end=2)])
    assert prompt.text == "红色手提包"


def test_what_is_excluded_is_not_named_to_a_model_that_would_draw_it(closed: Card) -> None:
    text = "红色手提包，不要文字和水印，圆形展台"
    assert compose(text, NEUTRAL, closed).text == "红色手提包，圆形展台"
    open_model = compose(text, NEUTRAL, Card(negative_prompt=True), negative="blurry")
    assert (open_model.text, open_model.negative) == ("红色手提包，圆形展台", "blurry, text, watermark")


def test_a_slider_outweighs_the_same_word_in_the_text(closed: Card) -> None:
    prompt = compose("红色手提包，居右", StyleSettings(position="left"), Card(source=str(PODIUM)))
    assert "居左" in prompt.text
    assert "居右" not in prompt.text


def test_a_preset_adds_what_the_text_does_not_say(closed: Card) -> None:
    preset = next(each for each in presets() if any(phrase.kind == "backdrop" for phrase in each.phrases))
    backdrop = next(phrase.zh for phrase in preset.phrases if phrase.kind == "backdrop")
    podium = Card(source=str(PODIUM))
    assert backdrop in compose("红色手提包", NEUTRAL, podium, preset=preset).text
    assert backdrop not in compose("绿色背景的红色手提包", NEUTRAL, podium, preset=preset).text


def test_plurals_traditional_characters_and_full_width_letters_are_known(closed: Card) -> None:
    for text in ("running shoes", "Running Shoe", "紅色運動鞋", "ＨＡＮＤＢＡＧ"):
        assert compose(text, NEUTRAL, closed).dropped == ()


def test_beyond_the_token_budget_the_product_stays_and_the_rest_is_named(closed: Card) -> None:
    style = StyleSettings(brightness=5, warmth=5, saturation=5, distance=2)
    prompt = compose("red handbag on a round podium", style, closed)
    assert prompt.text.startswith("red handbag, ")
    assert prompt.dropped == ("round podium",)


def test_a_text_without_one_known_word_is_refused_with_examples(closed: Card) -> None:
    with pytest.raises(StudioError, match="手提包 handbag") as refusal:
        compose("非常，很", NEUTRAL, closed)
    assert refusal.value.key == "brief.nothing_known"


def test_a_negative_prompt_is_never_ignored(closed: Card) -> None:
    with pytest.raises(StudioError, match="negative"):
        compose("红色手提包", NEUTRAL, closed, negative="text")
    assert compose("a bag", NEUTRAL, Card(negative_prompt=True), negative=" text ").negative == "text"


def test_a_damaged_vocabulary_is_said(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text("{", encoding="utf-8")
    with pytest.raises(StudioError, match="vocabulary"):
        compose("a bag", NEUTRAL, Card(source=str(tmp_path)))


@given(st.text(max_size=120))
def test_any_text_gives_a_prompt_or_a_sentence(text: str) -> None:
    with suppress(StudioError):
        assert compose(text, NEUTRAL, Card()).text


def test_a_long_description_is_composed_at_once(closed: Card) -> None:
    compose("红色手提包", NEUTRAL, closed)  # the dictionary is loaded once
    began = time.perf_counter()
    compose(("红色手提包" * MAX_TEXT)[:MAX_TEXT], NEUTRAL, closed)
    assert time.perf_counter() - began < 5
