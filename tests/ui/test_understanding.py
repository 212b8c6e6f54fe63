"""What the page is told of how a description was read, and what it may send back."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.brief.reading import read
from t2i_studio.domain import Mark
from t2i_studio.errors import StudioError
from t2i_studio.ui.scenes import scenes_of
from t2i_studio.ui.understanding import corrections, first_text, marks_for, pieces, told

TEXT = "红色手提包，粉色背景，不要文字"
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "marks", "field", "start", "end"]), inner)
    ),
    max_leaves=12,
)


def fields(text: str, marks: tuple[Mark, ...] = ()) -> dict[str, str]:
    return {piece.text: piece.field for piece in pieces(read(text, marks), marks) if piece.field}


def test_each_thing_that_was_found_is_a_piece_of_the_text() -> None:
    found = fields(TEXT)
    assert {"红色": "colors", "手提包": "product", "粉色": "backdrop", "文字": "exclude"}.items() <= found.items()


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="红色手提包 bag🎒，ﬁ{}\n白背景不要", min_size=1, max_size=40).filter(str.strip))
def test_the_pieces_together_are_the_text(text: str) -> None:
    brief = read(text)
    cut = pieces(brief, ())
    assert "".join(piece.text for piece in cut) == brief.text
    assert all(brief.text[piece.start : piece.end] == piece.text != "" for piece in cut)


def test_what_is_said_twice_is_shown_twice() -> None:
    cut = pieces(read("红色手提包，红色肩带，不要文字，不要出现文字"), ())
    assert [piece.field for piece in cut if piece.text == "文字"] == ["exclude", "exclude"]


def test_a_correction_is_shown_as_one() -> None:
    marks = (Mark(field="backdrop", start=0, end=2), Mark(field=None, start=6, end=8))
    cut = {piece.text: piece for piece in pieces(read(TEXT, marks), marks)}
    assert (cut["红色"].field, cut["红色"].marked) == ("backdrop", True)
    assert (cut["粉色"].field, cut["粉色"].marked) == ("none", True)
    assert not cut["手提包"].marked


def test_words_of_which_nothing_was_made_can_be_chosen_and_punctuation_cannot() -> None:
    cut = {piece.text: piece for piece in pieces(read(TEXT), ())}
    assert cut["背景"].word
    assert cut["背景"].field is None
    assert not cut["，"].word


def test_marks_are_moved_to_where_the_description_is_now() -> None:
    sent = corrections("red bag", (Mark(field="props", start=4, end=7),))
    assert marks_for(sent, "  a red bag") == (Mark(field="props", start=6, end=9),)
    assert marks_for(sent, "a red {bag|shoe}")[0].start == 6
    assert marks_for(None, "red bag") == marks_for("", "red bag") == ()


@settings(max_examples=100, deadline=None)
@given(value=ANYTHING)
def test_whatever_is_sent_is_taken_or_refused_in_a_sentence(value: Any) -> None:
    try:
        marks = marks_for(value, TEXT)
    except StudioError as refusal:
        marks = ()
        key = refusal.key
    else:
        key = None
    assert key in (None, "page.payload")
    assert read(TEXT, marks).text == TEXT


def test_a_scene_takes_its_own_marks_along() -> None:
    text = first_text("Scene 1: a red handbag.\n Scene 2: a white cup on a table.")
    white = Mark(field="backdrop", start=text.index("white"), end=text.index("white") + 5)
    (first, none), (second, own) = scenes_of(read(text, (white,)), (white,))
    assert "handbag" in first
    assert none == ()
    assert [second[mark.start : mark.end] for mark in own] == ["white"]


@pytest.mark.parametrize("text", ["", "   ", "a {red|blue"])
def test_a_description_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(StudioError):
        first_text(text)


def test_four_hundred_characters_are_read_while_typing() -> None:
    text = ("秋冬新款女士红色手提包，真皮材质，白色圆形展台，粉色背景，樱花点缀，不要文字。" * 12)[:399]
    spent = []
    for last in "一二三四五六":  # the first loads the dictionaries
        begun = time.thread_time()
        told(read(text + last), ())
        spent.append(time.thread_time() - begun)
    assert min(spent) < 0.1
