"""Corrections stay on their words while the text around them is edited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.brief.grids import Axis, plan
from t2i_studio.brief.marks import moved
from t2i_studio.domain import Mark
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings

TEXTS = st.text(alphabet="红白包bag ,", max_size=20)


def mark(text: str, words: str) -> Mark:
    return Mark(field="backdrop", start=text.index(words), end=text.index(words) + len(words))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("red bag", "a red bag"),
        ("red bag", "red bag on white"),
        ("red bag", "old red bag"),
        ("old red bag", "red bag"),
        ("红色手提包", "新款红色手提包"),
    ],
)
def test_a_mark_follows_its_words(before: str, after: str) -> None:
    words = "红色" if "红色" in before else "red"
    assert moved([mark(before, words)], before, after) == (mark(after, words),)


@pytest.mark.parametrize("after", ["blue bag", "rd bag", "bag", "r ed bag", ""])
def test_a_mark_whose_words_change_is_dropped(after: str) -> None:
    assert moved([mark("red bag", "red")], "red bag", after) == ()


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 1), (5, 99)])
def test_a_mark_outside_of_the_text_is_dropped(start: int, end: int) -> None:
    assert moved([Mark(field=None, start=start, end=end)], "red bag", "red bag") == ()


@given(before=TEXTS, after=TEXTS, start=st.integers(0, 20), length=st.integers(1, 20))
def test_what_is_kept_lies_on_the_same_letters(before: str, after: str, start: int, length: int) -> None:
    old = Mark(field=None, start=start, end=start + length)
    for new in moved([old], before, after):
        assert after[new.start : new.end] == before[old.start : old.end] != ""


def test_each_alternative_of_a_description_gets_the_marks_at_their_places() -> None:
    settings = Settings()
    white = mark("a red bag, white podium", "white")
    options = {"text": "a {red|green} bag, white podium", "model": find_model(settings, "podium"), "marks": (white,)}
    requests = plan(options, lambda name: find_model(settings, name)).requests
    assert [request.text[request.marks[0].start : request.marks[0].end] for request in requests] == ["white", "white"]
    assert all("white background" in request.prompt.text for request in requests)


def test_another_text_keeps_only_the_marks_it_shares() -> None:
    settings = Settings()
    options = {"text": "red bag", "model": find_model(settings, "podium"), "marks": (mark("red bag", "red"),)}
    axes = [Axis(name="text", values=("red bag", "blue bag"))]
    requests = plan(options, lambda name: find_model(settings, name), axes).requests
    assert [len(request.marks) for request in requests] == [1, 0]
