"""Stars by source, and the slopes of the style controls against statsmodels and a planted truth."""

import numpy as np
import pytest
import statsmodels.api as sm

from t2i_studio.feedback.stars import NoSlope, source_stars, style_effects
from tests.feedback.votes import stars


def planted(rng, count=400, raters=20):
    """Stars that rise by 0.4 a step of warmth and do not depend on contrast; strict and mild raters."""
    mood = rng.normal(0, 0.7, raters)
    for turn in range(count):
        warmth, contrast = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        level = 3 + 0.4 * (warmth - 3) + mood[turn % raters] + rng.normal(0, 0.5)
        yield stars(
            "ab"[turn // raters % 2],
            int(np.clip(round(level), 1, 5)),
            f"r{turn % raters}",
            style={"warmth": warmth, "contrast": contrast, "softness": 3},
        )


def test_slopes_are_found():
    effects = {each.control: each for each in style_effects([*planted(np.random.default_rng(0))])}
    slope = effects["warmth"].slope
    assert slope.low < 0.4 < slope.high
    assert slope.high - slope.low < 0.12
    assert effects["contrast"].slope.low < 0 < effects["contrast"].slope.high
    assert effects["softness"].without is NoSlope.CONSTANT
    assert sum(effects["warmth"].levels.values()) == 400


def test_slopes_and_intervals_are_those_of_statsmodels():
    votes = [*planted(np.random.default_rng(1))]
    raters = [vote.rater for vote in votes]
    table = np.array([[vote.style["contrast"], vote.style["warmth"], vote.sources[0] == "b"] for vote in votes], float)
    outcome = np.array([vote.stars for vote in votes], float)
    for name in set(raters):
        own = np.array(raters) == name
        table[own] -= table[own].mean(0)
        outcome[own] -= outcome[own].mean()
    groups = np.unique(raters, return_inverse=True)[1]
    fitted = sm.OLS(outcome, table).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fitted.conf_int()[1]
    found = next(each.slope for each in style_effects(votes) if each.control == "warmth")
    assert (found.value, found.low, found.high) == pytest.approx((fitted.params[1], low, high), abs=1e-6)


def test_a_control_that_follows_another_is_said_to():
    rng = np.random.default_rng(0)
    votes = [
        stars(
            "s",
            int(rng.integers(1, 6)),
            f"r{k % 5}",
            style={"warmth": k % 5 + 1, "contrast": 5 - k % 5, "softness": k // 5 % 5 + 1},
        )
        for k in range(200)
    ]
    effects = {each.control: each for each in style_effects(votes)}
    assert effects["warmth"].without is NoSlope.CONFOUNDED  # each rater saw one level only
    assert effects["softness"].without is None


def test_few_judgements_are_said_to_be():
    votes = [stars("s", k % 5 + 1, f"r{k}", style={"warmth": k % 5 + 1}) for k in range(12)]
    (effect,) = style_effects(votes)
    assert (effect.without, effect.slope.value) == (NoSlope.TOO_FEW, None)


def test_nothing_to_tell():
    assert style_effects([]) == ()
    assert style_effects([stars("s", 3)]) == ()


def test_means_by_source_best_first():
    votes = [stars("a", 3, "x"), stars("a", 4, "y"), stars("b", 5, "x"), stars("b", 5, "y", excluded=True)]
    better, worse = source_stars(votes)
    assert (better.source, better.stars.value, better.stars.low) == ("b", 5, None)
    assert worse.stars.value == 3.5
    assert worse.stars.low < 3.5 < worse.stars.high
