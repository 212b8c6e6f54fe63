"""The statistics on a few sessions with a planted truth; the bars are for 200, here is room for chance."""

import numpy as np
import pytest

from t2i_studio.domain import Purpose
from t2i_studio.feedback.planted import CAREFUL, LEFT, RANDOM, Truth, simulate, spread
from t2i_studio.feedback.study import study


def test_planted_truth_is_found():
    found = study(12)
    assert found.ranking_spearman >= 0.95
    assert 0.88 <= found.coverage <= 0.99
    assert found.left_flagged >= 0.95
    assert found.careful_flagged <= 0.03
    assert set(found.model_dump()) >= {"ranking_spearman", "coverage", "left_flagged", "careful_flagged"}


def test_a_session_is_as_planned_and_the_same_again():
    made = simulate(Truth(strengths=spread()), seed=1)
    assert made == simulate(Truth(strengths=spread()), seed=1)
    kinds = list(made.raters.values())
    assert (kinds.count(RANDOM), kinds.count(LEFT), kinds.count(CAREFUL)) == (5, 2, 43)
    purposes = [vote.purpose for vote in made.votes]
    assert purposes.count(Purpose.KNOWN) == 200
    assert purposes.count(Purpose.REPEAT) == 100
    assert len({vote.assignment for vote in made.votes}) == len(made.votes) >= 1980
    seen = [(vote.rater, vote.item) for vote in made.votes if vote.purpose is Purpose.JUDGED]
    assert len(set(seen)) == len(seen)


def test_repeats_are_swapped_and_later():
    votes = {vote.assignment: vote for vote in simulate(Truth(strengths=spread()), seed=2).votes}
    for vote in votes.values():
        if vote.purpose is Purpose.REPEAT:
            first = votes[vote.repeat_of]
            assert (first.rater, first.variants) == (vote.rater, vote.variants[::-1])
            assert first.position < vote.position


def test_what_is_planted_is_what_remains_on_average():
    """Over tastes and pictures, the attentive decide for the better source as the strengths say."""
    truth = Truth(strengths=(-0.6, 0.6), taste=0.8, picture=0.6, side=0, random=0, left=0)
    wins = [
        vote.sources[vote.chosen] == "source 02"
        for seed in range(10)
        for vote in simulate(truth, seed=seed, raters=50, each=40).votes
        if vote.chosen is not None and vote.purpose is Purpose.JUDGED
    ]
    assert np.mean(wins) == pytest.approx(1 / (1 + np.exp(-1.2)), abs=0.02)
