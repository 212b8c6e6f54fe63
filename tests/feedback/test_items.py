"""Which pictures are shown together, and which of them have a known answer."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.domain import Purpose, SessionKind
from t2i_studio.errors import StudioError
from t2i_studio.feedback.items import APPEARANCES, Candidate, make_items


def candidates(*groups, sources=(None,)):
    """A picture for each source of each of `groups` (text, how many of each source)."""
    made = []
    for text, count in groups:
        for source in sources:
            made += [Candidate(variant=len(made) + n, text=text, source=source) for n in range(count)]
    return made


def judged(items):
    return [item for item in items if item.purpose is Purpose.JUDGED]


def test_pairs_are_of_one_description_and_each_comes_once():
    items = judged(make_items(SessionKind.PAIRS, candidates(("mug", 4), ("boot", 3)), seed=1))
    assert len(items) == 6 + 3
    assert len({frozenset(picture.variant for picture in item.pictures) for item in items}) == 9
    assert {item.text for item in items} == {"mug", "boot"}


def test_where_sources_are_compared_a_pair_is_of_two():
    items = judged(make_items(SessionKind.PAIRS, candidates(("mug", 2), sources=("a", "b", "c")), seed=1))
    pairs = Counter(frozenset(picture.source for picture in item.pictures) for item in items)
    assert set(pairs.values()) == {4}
    assert all(len(pair) == 2 for pair in pairs)


@given(st.integers(4, 15), st.integers(0, 5))
def test_among_four_every_picture_comes_often_enough(count, seed):
    items = judged(make_items(SessionKind.BEST_OF_FOUR, candidates(("mug", count)), seed=seed))
    shown = Counter(picture.variant for item in items for picture in item.pictures)
    assert all(len({picture.variant for picture in item.pictures}) == 4 for item in items)
    if count >= 6:
        assert len(shown) == count
        assert min(shown.values()) >= APPEARANCES
        assert max(shown.values()) - min(shown.values()) <= 2


def test_four_are_of_as_many_sources_as_there_are():
    items = judged(make_items(SessionKind.BEST_OF_FOUR, candidates(("mug", 2), sources="abcd"), seed=2))
    assert all({picture.source for picture in item.pictures} == set("abcd") for item in items)


@pytest.mark.parametrize("kind", SessionKind)
def test_known_answers_have_one_sound_picture_and_differ_from_each_other(kind):
    items = make_items(kind, candidates(("mug", 6), ("boot", 5)), seed=3, known=8, practice=3)
    purposes = Counter(item.purpose for item in items)
    assert (purposes[Purpose.PRACTICE], purposes[Purpose.KNOWN]) == (3, 8)
    known = [item for item in items if item.purpose is not Purpose.JUDGED]
    assert len({frozenset((shown.variant, shown.damaged) for shown in item.pictures) for item in known}) == len(known)
    for item in known:
        sound = [place for place, picture in enumerate(item.pictures) if not picture.damaged]
        assert sound == ([] if kind is SessionKind.STARS else [item.expected])


def test_few_pictures_give_known_answers_and_something_to_practise_on():
    purposes = Counter(
        item.purpose for item in make_items(SessionKind.PAIRS, candidates(("mug", 2)), seed=1, practice=3)
    )
    assert (purposes[Purpose.PRACTICE], purposes[Purpose.KNOWN]) == (1, 1)


def test_the_same_seed_makes_the_same_items():
    some = candidates(("mug", 5), ("boot", 5))
    assert make_items(SessionKind.PAIRS, some, seed=4, practice=3) == make_items(
        SessionKind.PAIRS, some, seed=4, practice=3
    )


@pytest.mark.parametrize("some", [candidates(("mug", 1), ("boot", 1)), candidates(("mug", 3), sources=("a",)), []])
def test_what_cannot_be_compared_is_refused(some):
    with pytest.raises(StudioError) as caught:
        make_items(SessionKind.PAIRS, some, seed=0)
    assert caught.value.key == "session.nothing_to_compare"
