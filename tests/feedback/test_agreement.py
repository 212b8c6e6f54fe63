"""Krippendorff's alpha against his own examples, and where there is none."""

import numpy as np
import pytest

from t2i_studio.feedback.agreement import NoAlpha, choice_agreement, star_agreement
from tests.feedback.votes import stars, vote

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C and D: 12 units, 4 observers
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}


def pair(item, winner, rater, swapped=False):
    """A choice of the picture 0 or 1 of an item, or "tie" or "bad"."""
    pictures = (item * 10, item * 10 + 1)
    shown = pictures[::-1] if swapped else pictures
    chosen = shown.index(pictures[winner]) if winner in (0, 1) else None
    sources = ("a", "b")[:: -1 if swapped else 1]
    return vote(sources, chosen, rater=rater, item=item, variants=shown, bad=winner == "bad")


def test_stars_are_the_published_ordinal_example():
    votes = [
        stars("s", value, rater, item=unit)
        for rater, row in OBSERVERS.items()
        for unit, value in enumerate(row)
        if value
    ]
    found = star_agreement(votes, draws=200)
    assert found.alpha == pytest.approx(0.815, abs=0.0005)
    assert found.low < found.alpha < found.high
    assert (found.items, found.answers) == (11, 40)


def test_swapped_sides_are_the_same_choice():
    votes = [pair(item, item % 2, rater, swapped=rater == "y") for item in range(10) for rater in "xyz"]
    assert choice_agreement(votes).alpha == pytest.approx(1)


def test_agreeing_on_the_same_source_always_is_perfect_agreement():
    """Everybody always takes the first picture: perfect, and not undefined because all names are equal."""
    votes = [pair(item, 0, rater) for item in range(10) for rater in "xyz"]
    found = choice_agreement(votes)
    assert (found.alpha, found.without) == (pytest.approx(1), None)


def test_naming_the_pictures_otherwise_changes_nothing():
    rng = np.random.default_rng(0)
    answers = [(item, int(rng.random() < 0.8), rater) for item in range(40) for rater in "xyz"]
    one = choice_agreement([pair(*answer) for answer in answers], draws=0)
    other = choice_agreement([pair(item, 1 - winner, rater) for item, winner, rater in answers], draws=0)
    assert one.alpha == pytest.approx(other.alpha)


def test_answers_by_chance_agree_as_by_chance():
    rng = np.random.default_rng(1)
    votes = [pair(item, int(rng.integers(2)), rater) for item in range(400) for rater in "xyz"]
    found = choice_agreement(votes)
    assert found.low < 0 < found.high
    assert abs(found.alpha) < 0.1


def test_all_equal_answers_are_a_stated_result():
    found = star_agreement([stars("s", 5, rater, item=item) for item in range(5) for rater in "xy"])
    assert (found.alpha, found.same, found.without) == (None, 1.0, NoAlpha.ALL_EQUAL)
    ties = choice_agreement([pair(item, "tie", rater) for item in range(5) for rater in "xy"])
    assert (ties.alpha, ties.without) == (None, NoAlpha.ALL_EQUAL)


def test_no_item_with_two_answers_is_a_stated_result():
    for found in (star_agreement([]), choice_agreement([pair(1, 0, "x"), pair(2, 0, "y")])):
        assert (found.alpha, found.items, found.without) == (None, 0, NoAlpha.NO_OVERLAP)


def test_tie_and_all_bad_are_different_answers():
    votes = [pair(item, "tie" if rater == "x" else "bad", rater) for item in range(5) for rater in "xy"]
    assert choice_agreement(votes).same == 0


def test_few_items_give_a_wide_interval():
    rng = np.random.default_rng(0)
    answers = [(item, int(rng.random() < 0.8), rater) for item in range(200) for rater in "xyz"]
    few, many = (choice_agreement([pair(*answer) for answer in answers[:n]]) for n in (30, 600))
    assert few.high - few.low > 2 * (many.high - many.low)
