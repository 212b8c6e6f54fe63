"""Raters who do not look are flagged, careful ones are left in peace."""

import pytest
from scipy.stats import binomtest

from t2i_studio.domain import Purpose
from t2i_studio.feedback.planted import CAREFUL, LEFT, Truth, simulate, spread
from t2i_studio.feedback.ranking import ranking
from t2i_studio.feedback.raters import Flag, rater_measures
from tests.feedback.votes import beats, stars, vote


def measures(votes, name="r1"):
    return next(each for each in rater_measures(votes) if each.rater == name)


def test_planted_raters_are_told_apart():
    left, careful = [], []
    for seed in range(4):
        made = simulate(Truth(strengths=spread()), seed=seed)
        for rater in rater_measures(made.votes, ranking(made.votes)):
            kind = made.raters[rater.rater]
            if kind == LEFT:
                left.append(Flag.ALWAYS_LEFT in rater.flags)
            elif kind == CAREFUL:
                careful.append(bool(rater.flags))
    assert len(left) == 8
    assert all(left)
    assert sum(careful) / len(careful) <= 0.03


@pytest.mark.parametrize(
    ("place", "shown", "flag"),
    [
        (0, "ab", Flag.ALWAYS_LEFT),
        (1, "ab", Flag.ALWAYS_RIGHT),
        (0, "abcd", Flag.ALWAYS_LEFT),
        (2, "abcd", Flag.SAME_PLACE),
        (3, "abcd", Flag.ALWAYS_RIGHT),
    ],
)
def test_always_the_same_place(place, shown, flag):
    found = measures([vote(tuple(shown), place) for _ in range(20)])
    assert found.flags == (flag,)
    assert found.left.value == (place == 0)


def test_few_answers_flag_nobody():
    assert measures([vote(("a", "b"), 0) for _ in range(8)]).flags == ()


def test_a_rater_with_a_pull_to_the_left_is_not_always_left():
    found = measures([vote(("a", "b"), int(k % 10 < 3)) for k in range(100)])
    assert found.flags == ()
    assert found.left.value == pytest.approx(0.7)
    assert found.left_chance == pytest.approx(binomtest(70, 100).pvalue)  # sure to lean, but not always left


def test_known_answers():
    judged = [*beats("a", "b", 10)]
    wrong = [vote(("a", "b"), k % 2, purpose=Purpose.KNOWN, expected=1 - k % 2) for k in range(4)]
    right = [vote(("a", "b"), k % 2, purpose=Purpose.KNOWN, expected=k % 2) for k in range(4)]
    assert measures([*judged, *wrong]).flags == (Flag.FAILS_KNOWN,)
    found = measures([*judged, *right])
    assert found.flags == ()
    assert (found.known.value, found.known.answers) == (1, 4)
    assert found.known.low < 0.6  # four answers prove little


def test_known_stars():
    votes = [stars("s", 1, purpose=Purpose.KNOWN, expected=5) for _ in range(4)]
    assert measures(votes).flags == (Flag.FAILS_KNOWN,)


def repeats(rater, count, same):
    """`count` items and their swapped repeats, answered with the same picture, or (same=False) with the same place."""
    for turn in range(count):
        first = vote(("a", "b"), turn % 2, rater=rater)
        yield first
        yield vote(
            ("b", "a"),
            1 - turn % 2 if same else turn % 2,
            rater=rater,
            item=first.item,
            variants=first.variants[::-1],
            purpose=Purpose.REPEAT,
            repeat_of=first.assignment,
        )


def test_consistency_on_swapped_repeats():
    others = [vote for k in range(5) for vote in repeats(f"o{k}", 6, same=True)]
    found = measures([*others, *repeats("r1", 8, same=False)])
    assert found.consistent.value == 0
    assert Flag.INCONSISTENT in found.flags
    assert measures([*others, *repeats("r1", 8, same=True)]).flags == ()
    assert measures([*others, *repeats("r1", 1, same=False)]).flags == ()


def test_pace():
    def paced(rater, milliseconds):
        return [vote(("a", "b"), k % 2, rater=rater, active_ms=milliseconds) for k in range(10)]

    votes = [*paced("a", 4000), *paced("b", 5000), *paced("c", 3000), *paced("r1", 900)]
    assert measures(votes).flags == (Flag.TOO_FAST,)
    assert measures(votes).seconds == pytest.approx(0.9)
    assert measures(votes, "c").flags == ()
    assert measures([vote(("a", "b"), 0)]).seconds is None


def test_the_same_stars_for_everything():
    assert measures([stars("s", 4) for _ in range(15)]).flags == (Flag.SAME_STARS,)
    assert measures([stars("s", 4 + k % 2) for k in range(15)]).flags == ()


def test_practice_counts_for_nothing_and_excluded_raters_are_still_shown():
    votes = [vote(("a", "b"), 0, purpose=Purpose.PRACTICE) for _ in range(30)]
    assert rater_measures(votes) == ()
    assert measures([vote(("a", "b"), 0, excluded=True)]).excluded
