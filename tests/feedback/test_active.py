"""What is opened next: what is undecided, nothing starved, everything in the order once."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2i_studio.feedback.active import FLOOR, believe, order
from t2i_studio.feedback.estimates import judged
from t2i_studio.feedback.planted import Truth, names, simulate, spread
from t2i_studio.feedback.ranking import ranking
from t2i_studio.feedback.study import study_active
from tests.feedback.votes import beats

RATERS = [f"r{k}" for k in range(10)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(*[st.sampled_from("abcd")] * 2), max_size=30),
    st.integers(1, 3),
    st.integers(0, 40),
)
def test_every_candidate_comes_once(candidates, overlap, first):
    votes = [*beats("a", "b", 5), *beats("b", "z", 5)]
    assert sorted(order(votes, candidates, overlap=overlap, first=first)) == list(range(len(candidates)))


def test_undecided_pairs_come_before_decided_ones():
    votes = [*beats("a", "c", 30, RATERS), *beats("b", "c", 30, RATERS), *beats("a", "b", 15), *beats("b", "a", 15)]
    candidates = [("a", "c"), ("b", "c"), ("a", "b")]
    assert order(votes, candidates)[0] == 2


def test_a_newcomer_comes_first():
    votes = [*beats("a", "b", 40, RATERS), *beats("b", "c", 40, RATERS), *beats("a", "c", 40, RATERS)]
    candidates = [("a", "b"), ("b", "c"), ("a", "c"), ("a", "new"), ("new", "c")]
    assert set(order(votes, candidates)[:2]) == {3, 4}


def test_awaited_answers_count_as_come():
    """Ten raters who ask at the same moment do not all get the same pair."""
    votes = [*beats("a", "b", 3), *beats("c", "d", 3)]
    candidates = list(combinations("abcd", 2))
    first = order(votes, candidates)[0]
    assert order(votes, candidates, opened=[candidates[first]] * 30)[0] != first


def test_no_pair_starves():
    """However clear a pair is, it gets at least its floor of the answers."""
    clear = [vote for pair in combinations("abcd", 2) for vote in beats(*pair, 5, RATERS) if pair != ("b", "c")]
    close = [*beats("b", "c", 3, RATERS), *beats("c", "b", 2, RATERS)]
    pool = [pair for pair in combinations("abcd", 2) for _ in range(300)]
    chosen = Counter(pool[k] for k in order([*clear, *close], pool, first=300)[:300])
    for pair in combinations("abcd", 2):
        assert 5 + chosen[pair] >= FLOOR * (30 + 300) / 6 - 1
    assert chosen["b", "c"] > 100
    truth = Truth(strengths=(-3.0, 0.0, 0.1, 3.0))
    votes = [*beats("source 04", "source 01", 1), *beats("source 02", "source 03", 60, RATERS)]
    candidates = list(combinations(names(truth), 2))
    starved = {k for k, pair in enumerate(candidates) if pair != ("source 02", "source 03")}
    assert set(order(votes, candidates)[:5]) == starved


@pytest.mark.parametrize("shown", [2, 4])
def test_belief_is_near_the_ranking(shown):
    truth = Truth(strengths=spread(5, 1.0), random=0, left=0, side=0)
    votes = simulate(truth, seed=1, raters=30, shown=shown).votes
    belief = believe(judged(votes), names(truth))
    found = {each.source: each.strength.value for each in ranking(votes).standings}
    np.testing.assert_allclose(
        belief.strengths - belief.strengths.mean(), [found[name] for name in names(truth)], atol=0.15
    )
    assert (np.linalg.eigvalsh(belief.covariance) > 0).all()


def test_nothing_to_choose_from():
    assert order([], []) == []
    assert sorted(order([], [("a", "b"), ("c", "d")])) == [0, 1]


def test_fewer_answers_for_the_same_certainty():
    found = study_active(4, answers=500, truth=Truth(strengths=spread(8, 1.2)))
    assert found.misplaced < 0.8
