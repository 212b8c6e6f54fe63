"""Counting who won: ties and "all bad" apart, excluded and check votes left out."""

import pytest

from t2i_studio.domain import Purpose
from t2i_studio.feedback.planted import Truth, simulate, spread
from t2i_studio.feedback.win_rates import design_effect, records, win_rates
from tests.feedback.votes import beats, vote


def test_counts_and_shares_of_a_couple():
    votes = [
        *beats("a", "b", 6),
        *beats("b", "a", 2),
        vote(("a", "b")),
        vote(("b", "a")),
        vote(("a", "b"), bad=True),
    ]
    (rate,) = win_rates(votes)
    assert (rate.first, rate.second, rate.wins, rate.losses, rate.ties, rate.bad) == ("a", "b", 6, 2, 2, 1)
    assert rate.decided.value == pytest.approx(6 / 8)
    assert rate.halved.value == pytest.approx(7 / 10)
    assert rate.halved.answers == 10


def test_the_better_one_stands_first():
    (rate,) = win_rates([*beats("z", "a", 3)])
    assert (rate.first, rate.second, rate.wins) == ("z", "a", 3)


def test_the_best_of_four_beats_each_other_one_only():
    rates = win_rates([vote(("a", "b", "c", "d"), 2)])
    assert {(rate.first, rate.second) for rate in rates} == {("c", "a"), ("c", "b"), ("c", "d")}
    assert {rate.first: (rate.wins, rate.losses) for rate in records([vote(("a", "b", "c", "d"), 2)])} == {
        "a": (0, 1),
        "b": (0, 1),
        "c": (3, 0),
        "d": (0, 1),
    }


def test_only_judged_votes_of_raters_who_are_in():
    out = [
        vote(("b", "a"), 0, excluded=True),
        vote(("b", "a"), 0, purpose=Purpose.KNOWN, expected=0),
        vote(("b", "a"), 0, purpose=Purpose.PRACTICE),
        vote(("b", "a"), 0, purpose=Purpose.REPEAT, repeat_of=1),
        vote(("a", "a"), 0),
    ]
    (rate,) = win_rates([*beats("a", "b", 4), *out])
    assert (rate.wins, rate.losses) == (4, 0)
    assert win_rates(out) == ()


def test_one_sided_and_one_rater_still_has_an_interval():
    (rate,) = win_rates([*beats("a", "b", 10)])
    assert rate.decided.value == 1
    assert 0.6 < rate.decided.low < 0.8


def test_wins_and_losses_of_all_sources_balance():
    all_records = records(simulate(Truth(strengths=spread(5)), seed=1, raters=10).votes)
    assert sum(each.wins for each in all_records) == sum(each.losses for each in all_records)


def test_design_effect_is_one_for_strangers_and_grows_with_clusters():
    strangers = [vote(("a", "b"), k % 2, rater=f"r{k}") for k in range(100)]
    camps = [vote(("a", "b"), k // 10 % 2, rater=f"r{k // 10}") for k in range(100)]
    assert design_effect(strangers) == pytest.approx(1)
    assert design_effect(camps) == pytest.approx(10)
    assert design_effect([]) == 1
