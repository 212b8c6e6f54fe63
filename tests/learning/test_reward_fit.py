"""The posterior of a taste: its slopes, its calibration where the truth was planted, and raters who are strict."""

import numpy as np
import pytest

from t2i_studio.learning.reward_fit import Rows, _design, _value, chances, posterior

GROUPS = np.repeat([0, 1, 2], [13, 20, 10])


def planted(seed: int, pairs: int, scale: float = 2.5) -> tuple[Rows, np.ndarray]:
    """Differences as they were preferred, the first `pairs` to learn from, and 2,000 others."""
    rng = np.random.default_rng(seed)
    weights = np.where(GROUPS == 0, rng.normal(size=len(GROUPS)) * (rng.random(len(GROUPS)) < 0.4), 0.1)
    x = rng.normal(size=(pairs + 2000, len(GROUPS))) * np.sqrt(2)
    odds = x @ weights
    odds *= scale / odds.std()
    x *= np.where(rng.random(len(odds)) < 1 / (1 + np.exp(-odds)), 1, -1)[:, None]
    return compared(x[:pairs]), x[pairs:]


def compared(x: np.ndarray) -> Rows:
    none = np.full(len(x), -1)
    return Rows(x, np.ones(len(x)), np.ones(len(x)), none, none)


def test_of_pairs_that_it_gives_80_percent_80_percent_are_preferred() -> None:
    said, right = [], []
    for seed in range(8):
        rows, others = planted(seed, 300)
        chance = chances(posterior(rows, GROUPS), others)
        said.append(np.maximum(chance, 1 - chance))
        right.append(chance > 0.5)
    sure, hit = np.concatenate(said), np.concatenate(right)
    near = (sure > 0.75) & (sure < 0.85)
    assert near.sum() > 1000
    assert hit[near].mean() == pytest.approx(sure[near].mean(), abs=0.05)


def test_few_ratings_make_no_bold_claims() -> None:
    said, right = [], []
    for seed in range(12):
        rows, others = planted(seed, 30)
        chance = chances(posterior(rows, GROUPS), others)
        said.append(np.maximum(chance, 1 - chance))
        right.append(chance > 0.5)
    assert np.concatenate(right).mean() == pytest.approx(np.concatenate(said).mean(), abs=0.05)


def test_the_slope_and_the_curvature_are_those_of_the_posterior() -> None:
    rng = np.random.default_rng(3)
    rows = Rows(
        rng.normal(size=(30, 4)), rng.choice([-1.0, 1.0], 30), rng.uniform(0.3, 1, 30),
        np.repeat([-1, 0, 1], 10), np.repeat([-1, 0, 1], 10),
    )  # fmt: skip
    design, precision = _design(rows, np.array([0, 0, 1, 1]), (0.5, 0.2))
    theta = rng.normal(size=design.shape[1])
    _, slope, curvature = _value(design, rows, precision, theta)
    step = 1e-6
    for k in range(len(theta)):
        move = np.zeros(len(theta))
        move[k] = step
        up, down = (_value(design, rows, precision, theta + sign * move) for sign in (1, -1))
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(slope[k], abs=1e-6)
        assert (down[1] - up[1]) / (2 * step) == pytest.approx(curvature[k], abs=1e-6)


def test_a_strict_rater_says_nothing_of_the_pictures_that_another_did_not_see() -> None:
    """One rater calls all good, the other all bad; that the second one saw redder pictures is no taste."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 1)) + np.repeat([[-1.0], [1.0]], 30, 0)
    rows = Rows(x, np.repeat([1.0, -1.0], 30), np.ones(60), np.repeat([0, 1], 30), np.full(60, -1))
    alone = Rows(x, rows.sign, rows.weight, np.zeros(60, int), np.full(60, -1))
    groups = np.array([0])
    strict, same = posterior(rows, groups), posterior(alone, groups)
    assert abs(strict.mean[0]) < abs(same.mean[0])
    assert strict.covariance[0, 0] > 0


def test_the_order_of_two_pictures_turns_the_probability_round() -> None:
    rows, others = planted(0, 60)
    fitted = posterior(rows, GROUPS)
    np.testing.assert_allclose(chances(fitted, others) + chances(fitted, -others), 1)
    assert chances(fitted, np.zeros((1, len(GROUPS)))) == pytest.approx(0.5)
