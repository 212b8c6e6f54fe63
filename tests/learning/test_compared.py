"""Win rates: the interval covers, a pull to one side cancels, and few raters who differ are not taken for many."""

from datetime import UTC, datetime

import numpy as np
import pytest

from t2i_studio.cli.simulation.gates import Planted, planted_outcomes
from t2i_studio.domain import Purpose, Vote
from t2i_studio.learning.compared import (
    Chances,
    Outcome,
    chances_of,
    disputed_products,
    likely_outcomes,
    likely_win_rate,
    lost_products,
    outcomes_of,
    win_rate,
)


def outcome(result, number=0, rater="a", left=None, product=("", "")):
    return Outcome(
        description=f"d{number}", product=product, pair=str(number), rater=rater, result=result, new_left=left
    )


def vote(sources, chosen, purpose=Purpose.JUDGED, **more):
    numbers = {"old": 1, "new": 2, "other": 3}
    return Vote(
        assignment=1, item=1, rater="a", purpose=purpose, position=0, prompt="红色手表", sources=sources,
        variants=tuple(numbers[source] for source in sources), chosen=chosen,
        created=datetime(2026, 1, 1, tzinfo=UTC), **more,
    )  # fmt: skip


def test_the_interval_covers_the_planted_win_rate():
    rng = np.random.default_rng(3)
    rates = [win_rate(planted_outcomes(Planted(win=0.6, ties=0.0), rng)) for _ in range(150)]
    assert np.mean([rate.low <= 0.6 <= rate.high for rate in rates]) >= 0.92
    assert np.mean([rate.value for rate in rates]) == pytest.approx(0.6, abs=0.015)


def test_a_pull_to_one_side_cancels_also_where_the_sides_are_uneven():
    always_left = [outcome(float(left), number, left=left) for number, left in enumerate([True] * 30 + [False] * 10)]
    assert win_rate(always_left).value == pytest.approx(0.5)


def test_raters_who_differ_make_the_interval_wider_than_raters_who_agree():
    agree = [outcome(float(k % 10 < 7), k, rater="ab"[k % 2]) for k in range(80)]
    differ = [outcome(float(k % 10 < 7) if k % 2 else 1.0, k, rater="ab"[k % 2]) for k in range(80)]
    wide = [win_rate(rows).high - win_rate(rows).low for rows in (differ, agree)]
    assert wide[0] > 1.2 * wide[1]


def test_many_pictures_of_few_descriptions_tell_less_than_of_many():
    few = [outcome(float(k % 4 != 0), k % 4) for k in range(80)]
    many = [outcome(float(k % 4 != 0), k) for k in range(80)]
    assert win_rate(few).low < win_rate(many).low


def test_votes_become_outcomes_and_what_says_nothing_is_left_out():
    votes = [
        vote(("new", "old"), 0),
        vote(("old", "new"), 0),
        vote(("old", "new"), None),
        vote(("old", "new"), None, bad=True),
        vote(("old", "new"), 1, Purpose.KNOWN),
        vote(("old", "other"), 1),
        vote(("new", "old"), 1, excluded=True),
    ]
    found = outcomes_of(votes, "new", {"红色手表": ("watch", "手表")})
    assert [(each.result, each.new_left) for each in found] == [(1.0, True), (0.0, False), (0.5, False)]
    assert {each.product for each in found} == {("watch", "手表")}


def test_what_a_reward_does_not_know_widens_its_interval():
    differences = np.ones((96, 1))
    groups = [str(k % 24) for k in range(96)]
    widths = []
    for spread in (0.01, 4.0):
        chances = Chances(groups, [("", "")] * 96, chances_of(np.array([1.0]), np.array([[spread]]), differences))
        rate = likely_win_rate(chances)
        widths.append(rate.high - rate.low)
    assert widths[1] > 0.5 > 0.1 > widths[0]
    assert likely_outcomes(chances)[0].result == pytest.approx(chances.draws[:, 0].mean())


def test_products_are_named_from_the_worst():
    rows = [outcome(float(k == 0), k, product=("cup", "杯子")) for k in range(8)]
    rows += [outcome(float(k % 3 == 0), k, product=("lamp", "台灯")) for k in range(9)]
    rows += [outcome(1.0, k, product=("tent", "帐篷")) for k in range(8)]
    rows += [outcome(0.0, k, product=("pen", "钢笔")) for k in range(2)]
    assert lost_products(rows) == [("cup", "杯子"), ("lamp", "台灯")]
    assert disputed_products(rows) == []
