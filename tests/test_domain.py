"""The nouns refuse what no model could do, in one sentence of the user's language."""

import json
import pickle
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import GenerationRequest, Mark, Prompt, StyleSettings
from t2i_studio.errors import TABLE, StudioError


def request(**changes: object) -> GenerationRequest:
    values = {"text": "红色手提包", "prompt": Prompt(text="红色手提包"), "seed": 7}
    return GenerationRequest(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"text": " \n "}, "text.empty"),
        ({"text": "包" * 30_000}, "text.too_long"),
        ({"text": "a\x00b"}, "text.control"),
        ({"steps": 0}, "number.range"),
        ({"variants": 500}, "number.range"),
        ({"width": 8}, "number.range"),
        ({"guidance": float("nan")}, "number.range"),
        ({"seed": -1}, "number.range"),
        ({"derivation": "image"}, "request.init_missing"),
        ({"derivation": "inpaint", "init_image": "0" * 64}, "request.mask_missing"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(changes: dict[str, object], key: str) -> None:
    with pytest.raises(StudioError) as refusal:
        request(**changes)
    assert refusal.value.key == key


def test_every_variant_of_a_batch_has_its_own_seed_and_seeds_wrap() -> None:
    batch = request(seed=2**32 - 1, variants=3)
    assert [batch.seed_of(k) for k in range(3)] == [2**32 - 1, 0, 1]


def test_style_words_of_the_command_line() -> None:
    style = StyleSettings.parse(["brightness=4", "position=left"])
    assert (style.brightness, style.position, style.warmth) == (4, "left", 3)


@pytest.mark.parametrize(
    "word", ["brightness=6", "brightness=", "brightness", "glow=2", "position=up", "=", "warmth=２"]
)
def test_unknown_style_words_are_refused(word: str) -> None:
    with pytest.raises(StudioError, match=r"style control|levels are"):
        StyleSettings.parse([word])


def test_style_words_change_a_look_and_leave_its_rest() -> None:
    look = StyleSettings(warmth=5, contrast=1)
    assert StyleSettings.parse(["warmth=2"], look) == StyleSettings(warmth=2, contrast=1)


def test_correction_words_mark_every_place_that_says_so() -> None:
    text = "Red bag, hundred reds, red backdrop"
    assert Mark.parse(["backdrop=red"], text) == (
        Mark(field="backdrop", start=0, end=3),
        Mark(field="backdrop", start=23, end=26),
    )
    assert [mark.said(text) for mark in Mark.parse(["none=bag", "product=reds", "product= Bag "], text)] == [
        "product=bag"
    ]


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("back=red", "mark.unknown"),
        ("=red", "mark.unknown"),
        ("backdrop", "mark.empty"),
        ("backdrop= ", "mark.empty"),
        ("backdrop=blue", "mark.absent"),
        ("backdrop=re", "mark.absent"),
        ("none=包", "number.range"),
    ],
)
def test_a_correction_that_corrects_nothing_is_refused(word: str, key: str) -> None:
    with pytest.raises(StudioError) as refusal:
        Mark.parse([word], "red bag" + "包，" * 501)
    assert refusal.value.key == key


@given(st.text(max_size=200))
def test_any_text_is_taken_whole_or_refused(text: str) -> None:
    try:
        taken = request(text=text).text
    except StudioError as refusal:
        taken = refusal.key
    assert taken == text or taken.startswith("text.")


def test_every_error_has_both_languages_with_the_same_values() -> None:
    for key, sentences in json.loads(TABLE.read_text(encoding="utf-8")).items():
        fields = {
            language: {name for _, name, _, _ in Formatter().parse(sentences[language]) if name}
            for language in ("en", "zh")
        }
        assert fields["en"] == fields["zh"], key


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(StudioError("text.too_long", length=3, limit=2)))
    assert (error.key, error.params) == ("text.too_long", {"length": 3, "limit": 2})


def test_an_error_without_a_sentence_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        StudioError("no.such.row")


def test_an_error_is_one_line_whatever_was_typed() -> None:
    sentence = StudioError("rater.unknown", rater="Li\nDrop\u2028table\n").sentence("en")
    assert len(sentence.splitlines()) == 1
