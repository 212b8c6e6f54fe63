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

from t2i_studio.brief.prompt import compose
from t2i_studio.domain import MAX_TEXT, StyleSettings, language_of
from t2i_studio.errors import StudioError

CONCEPTS = {
    "handbag": {
        "kind": "object",
        "en": "handbag",
        "zh": "手提包",
        "zh_hant": "手提包",
        "synonyms_zh": ["女包"],
    },
    "sneaker": {
        "kind": "object",
        "en": "running shoe",
        "zh": "运动鞋",
        "zh_hant": "運動鞋",
        "synonyms_zh": [],
    },
    "red": {"kind": "color", "en": "red", "zh": "红色", "zh_hant": "紅色", "synonyms_zh": ["红"]},
    "round": {
        "kind": "podium",
        "en": "round podium",
        "zh": "圆形展台",
        "zh_hant": "圓形展台",
        "synonyms_zh": [],
    },
}
NEUTRAL = StyleSettings()


@dataclass(frozen=True)
class Card:
    name: str = "test"
    source: str = "somewhere/on-the-hub"
    languages: tuple[str, ...] = ("zh", "en")
    max_prompt_tokens: int | None = None
    negative_prompt: bool = False


@pytest.fixture
def closed(tmp_path: Path) -> Card:
    """A model that knows CONCEPTS and has room for twelve words."""
    (tmp_path / "vocabulary.json").write_text(json.dumps(CONCEPTS), encoding="utf-8")
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tokenizer").mkdir()
    tokenizer.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    return Card(source=str(tmp_path), max_prompt_tokens=12)


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


def test_a_closed_vocabulary_drops_what_it_does_not_know_and_says_so(closed: Card) -> None:
    prompt = compose("复古的红色手提包，量子纠缠，圆形展台", NEUTRAL, closed)
    assert prompt.text == "红色手提包，圆形展台"
    assert prompt.dropped == ("复古", "量子", "纠缠")
    prompt = compose("a vintage red handbag on a round podium", NEUTRAL, closed)
    assert (prompt.text, prompt.dropped) == ("a red handbag on a round podium", ("vintage",))


def test_plurals_traditional_characters_and_full_width_letters_are_known(closed: Card) -> None:
    for text in ("running shoes", "Running Shoe", "紅色運動鞋", "ＨＡＮＤＢＡＧ"):
        assert compose(text, NEUTRAL, closed).dropped == ()


def test_beyond_the_token_budget_concepts_come_first_and_the_rest_is_named(closed: Card) -> None:
    prompt = compose("the red handbag is on the red one and a running shoe is on a round podium", NEUTRAL, closed)
    assert prompt.text == "red, handbag, red, running shoe, round podium"
    prompt = compose("red handbag, " * 9, NEUTRAL, closed)
    assert len(prompt.text.replace(",", " ,").split()) <= 12
    assert set(prompt.dropped) <= {"red", "handbag"}
    assert prompt.dropped


def test_a_text_without_one_known_word_is_refused_with_examples(closed: Card) -> None:
    with pytest.raises(StudioError, match="手提包 handbag") as refusal:
        compose("量子纠缠", NEUTRAL, closed)
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
