"""Intervals that allow for clusters, against statsmodels where it has the same formula."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from t2i_studio.feedback.estimates import Estimate, cluster_variance, mean_of, share, wilson


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from("abcde")), max_size=40))
def test_shares_stay_inside_and_hold_their_value(answers):
    found = share([value for value, _ in answers], [rater for _, rater in answers])
    assert found.answers == len(answers)
    if answers:
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1
        assert found.high - found.low > 0


def test_wilson_is_that_of_statsmodels():
    low, high = wilson(7 / 20, 20, 1.959964)
    assert (low, high) == pytest.approx(proportion_confint(7, 20, method="wilson"), abs=1e-6)


def test_cluster_variance_is_that_of_statsmodels():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 200)
    values = rng.normal(size=200) + rng.normal(size=12)[groups]
    fitted = sm.OLS(values, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True})
    # statsmodels' factor has (n − 1)/(n − k) more, which is 1 for a mean
    assert cluster_variance(values, groups) == pytest.approx(fitted.bse[0] ** 2)


def test_answers_of_few_people_widen_the_interval():
    values = [1.0, 0.0] * 50
    apart = share(values, [str(k) for k in range(100)])
    together = share(values, [str(k % 2) + str(k // 20) for k in range(100)])  # each rater always says the same
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_nothing_and_one_answer():
    assert share([], []) == Estimate()
    assert mean_of([], []) == Estimate()
    assert mean_of([3], ["a"]) == Estimate(value=3, answers=1, raters=1)
    all_equal = share([1.0] * 5, ["a"] * 5)
    assert all_equal.low == pytest.approx(0.566, abs=0.001)
    assert all_equal.high == 1


def test_intervals_of_means_cover_under_clusters():
    """600 made-up sessions of 20 raters whose levels differ: the interval holds the true mean in about 95 %."""
    rng = np.random.default_rng(1)
    raters = [str(k) for k in range(20) for _ in range(5)]
    hits = 0
    for _ in range(600):
        values = rng.normal(3, 1, 20).repeat(5) + rng.normal(0, 1, 100)
        found = mean_of(values.tolist(), raters)
        hits += found.low <= 3 <= found.high
    assert 0.92 <= hits / 600 <= 0.98
