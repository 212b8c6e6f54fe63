"""The ranking finds what was planted, stays finite, and is moved by neither sides nor careless raters."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from t2i_studio.domain import Purpose
from t2i_studio.feedback.choice_model import ChoiceModel
from t2i_studio.feedback.choices import read_choices
from t2i_studio.feedback.planted import CAREFUL, Truth, simulate, spread
from t2i_studio.feedback.ranking import ranking
from tests.feedback.votes import beats, vote

RATERS = [f"r{k}" for k in range(10)]


def strengths(found):
    return {each.source: each.strength for each in found.standings}


def test_nothing_judged_is_an_empty_ranking():
    assert ranking([]).standings == ()
    assert ranking([vote(("a", "b"), 0, purpose=Purpose.PRACTICE)]).standings == ()


@pytest.mark.parametrize("shown", [2, 4])
def test_slopes_and_curvature_are_the_derivatives(shown):
    made = simulate(Truth(strengths=spread(5)), seed=1, raters=8, each=12, shown=shown)
    model = ChoiceModel(read_choices([*made.votes, vote(("source 01", "source 02"), 1)]))  # of unequal number of places
    theta = model.mean + np.random.default_rng(0).normal(0, 0.3, len(model.mean))
    measured = approx_fprime(theta, lambda at: model.slope(at)[0], 1e-6)
    np.testing.assert_allclose(model.slope(theta)[1], measured[model.second], atol=2e-3)
    curved = approx_fprime(theta, lambda at: model.slope(at)[1], 1e-6)
    np.testing.assert_allclose(model.curvature(theta), curved[:, model.second], atol=2e-3)
    classes = model.raters
    measured = approx_fprime(theta[model.first], lambda at: classes.slope(at)[0], 1e-6)
    np.testing.assert_allclose(classes.slope(theta[model.first])[1], measured, atol=2e-3)


def test_scores_of_answers_and_raters_sum_to_the_slopes():
    made = simulate(Truth(strengths=spread(5)), seed=1, raters=8, each=12)
    model = ChoiceModel(read_choices(made.votes))
    theta = model.mean + 0.1
    answers, raters = model.scores(theta)
    prior = (theta - model.mean) / model.sd**2
    slopes = np.concatenate([model.slope(theta)[1], model.raters.slope(theta[model.first])[1]])
    np.testing.assert_allclose(answers.sum(0) + raters.sum(0) - prior, -slopes, atol=1e-9)


def test_a_side_that_always_wins_stays_finite_and_first():
    found = ranking([*beats("a", "b", 20, RATERS), *beats("b", "c", 20, RATERS)])
    assert [each.source for each in found.standings] == ["a", "b", "c"]
    for each in strengths(found).values():
        assert np.isfinite([each.value, each.low, each.high]).all()
        assert 0.5 < each.high - each.low < 8


def test_sources_never_compared_are_ranked_with_wide_intervals():
    found = ranking([*beats("a", "b", 30, RATERS), *beats("c", "d", 30, RATERS)])
    across = next(each.chance for each in found.contests if (each.first, each.second) == ("a", "c"))
    assert across.value == pytest.approx(0.5, abs=0.01)
    assert across.low < 0.15
    assert across.high > 0.85


def test_strengths_sum_to_zero_and_chances_follow_from_them():
    found = ranking(simulate(Truth(strengths=spread(5)), seed=2, raters=20).votes)
    own = {name: each.value for name, each in strengths(found).items()}
    assert sum(own.values()) == pytest.approx(0, abs=1e-9)
    for each in found.contests:
        assert each.chance.value == pytest.approx(1 / (1 + np.exp(own[each.second] - own[each.first])))


def test_planted_order_and_strengths_are_found():
    truth = Truth(strengths=spread(8, 1.2))
    found = ranking(simulate(truth, seed=3).votes)
    order = [each.source for each in found.standings]
    assert np.corrcoef([-int(name[-2:]) for name in order], range(8))[0, 1] > 0.95
    values = [each.value for _, each in sorted(strengths(found).items())]
    assert np.sqrt(np.mean((np.array(values) - truth.strengths) ** 2)) < 0.25


def test_four_at_a_time_find_the_same_strengths():
    truth = Truth(strengths=spread(6, 1.0))
    values = [each.value for _, each in sorted(strengths(ranking(simulate(truth, seed=4, shown=4).votes)).items())]
    np.testing.assert_allclose(values, truth.strengths, atol=0.35)


def test_a_pull_to_the_left_is_not_taken_for_strength():
    """Raters take the left picture at 3 to 1 whatever it is, and one source stands on the left in 8 of 10 showings."""
    rng = np.random.default_rng(0)
    votes = []
    for turn in range(900):
        shown = ("a", "b") if rng.random() < 0.8 else ("b", "a")
        votes.append(vote(shown, int(rng.random() > 0.75), rater=RATERS[turn % 10]))
    found = ranking(votes)
    assert found.pull_of_place[0].high < -0.6
    assert abs(strengths(found)["a"].value) < 0.2  # 0.37 if the pull were not allowed for


def test_careless_raters_do_not_flatten_the_strengths():
    clean = Truth(strengths=(-1.0, 0.0, 1.0), taste=0, picture=0, random=0, left=0)
    careless = clean.model_copy(update={"random": 0.3, "left": 0.1})
    reach = {}
    for name, truth in (("clean", clean), ("careless", careless)):
        own = strengths(ranking(simulate(truth, seed=5, raters=60).votes))
        reach[name] = own["source 03"].value - own["source 01"].value
    assert reach["careless"] == pytest.approx(reach["clean"], abs=0.3)
    assert reach["careless"] > 1.7  # counting everybody alike would give about 1.2


def test_attention_of_raters_is_recognised():
    made = simulate(Truth(strengths=spread(8, 1.2)), seed=6)
    found = ranking(made.votes)
    careful = [found.attentive[rater] for rater, kind in made.raters.items() if kind == CAREFUL]
    careless = [found.attentive[rater] for rater, kind in made.raters.items() if kind != CAREFUL]
    assert np.mean(careful) > 0.95
    assert np.mean(careless) < 0.3


def test_ties_draw_together_and_all_bad_says_nothing():
    wins = [*beats("a", "b", 20, RATERS)]
    own = strengths(ranking(wins))["a"].value
    ties = [vote(("a", "b"), rater=RATERS[k % 10]) for k in range(40)]
    bad = [vote(("a", "b"), bad=True, rater=RATERS[k % 10]) for k in range(40)]
    assert strengths(ranking([*wins, *ties]))["a"].value < own - 0.1
    assert strengths(ranking([*wins, *bad]))["a"].value == pytest.approx(own, abs=1e-6)


def test_excluded_practice_known_and_repeats_are_no_evidence():
    wins = [*beats("a", "b", 20, RATERS)]
    own = strengths(ranking(wins))["a"].value
    for left_out in (
        [vote(("b", "a"), 0, rater="x", excluded=True) for _ in range(30)],
        [vote(("b", "a"), 0, rater="r1", purpose=Purpose.PRACTICE) for _ in range(30)],
    ):
        assert strengths(ranking([*wins, *left_out]))["a"].value == pytest.approx(own)
    known = [vote(("x", "y"), k % 2, rater=RATERS[k % 10], purpose=Purpose.KNOWN, expected=k % 2) for k in range(20)]
    assert set(strengths(ranking([*wins, *known]))) == {"a", "b"}


def test_two_camps_are_even_and_uncertain_and_neither_is_careless():
    """40 raters who say the same of a pair ten times are 40 opinions, not 400; and a minority is not left out."""
    rng = np.random.default_rng(0)
    votes = []
    for rater in (f"p{k}" for k in range(40)):
        opinion = rng.random() < 0.5
        for turn in range(10):
            shown = ("a", "b") if turn % 2 else ("b", "a")
            votes.append(vote(shown, shown.index("a" if opinion else "b"), rater=rater))
    found = ranking(votes)
    chance = found.contests[0].chance
    assert chance.low < 0.5 < chance.high
    assert chance.high - chance.low > 0.25  # 400 independent answers would give 0.1
    assert min(found.attentive.values()) > 0.5


def test_ranks_left_open_hold_the_rank_and_shrink_with_answers():
    few, many = (ranking(simulate(Truth(strengths=spread(5)), seed=7, each=each).votes) for each in (5, 60))
    for found in (few, many):
        assert all(1 <= each.best <= each.rank <= each.worst <= 5 for each in found.standings)
    open_ranks = [sum(each.worst - each.best for each in found.standings) for found in (few, many)]
    assert open_ranks[0] > open_ranks[1]
    assert few.misplaced > many.misplaced


def test_one_rater_alone_is_taken_as_such():
    found = ranking([*beats("a", "b", 10)])
    assert not found.clustered
    assert found.standings[0].source == "a"


def test_the_two_best_of_many_have_a_chance_though_they_never_met():
    others = [f"s{n}" for n in range(34)]
    votes = [each for other in others for best in ("a", "b") for each in beats(best, other, 4, ("r1", "r2", "r3"))]
    found = ranking(votes)
    leading = {each.source for each in found.standings[:2]}
    assert leading == {"a", "b"}
    assert [each for each in found.contests if {each.first, each.second} == leading]
