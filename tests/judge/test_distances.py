"""Distances of pictures, against cases whose answer is known."""

import numpy as np
import pytest
from PIL import Image

from t2i_studio.judge.distances import frechet_distance, mean_distance, squared_distances
from t2i_studio.judge.network import Judge

Scenes = list[tuple[Image.Image, dict[str, str]]]


def sample(mean: np.ndarray, covariance: np.ndarray, count: int = 50) -> np.ndarray:
    """Points whose mean and covariance are exactly these."""
    points = np.random.default_rng(0).normal(size=(count, len(mean)))
    points -= points.mean(0)
    points = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points, rowvar=False))).T
    return points @ np.linalg.cholesky(covariance).T + mean


def test_each_couple_has_a_distance_of_pixels_and_one_of_features(judge: Judge, scenes: Scenes) -> None:
    images = [image for image, _ in scenes[:4]]
    squared = squared_distances(judge, images)
    assert squared.shape == (6, 2)
    assert (squared > 1e-3).all()
    assert np.allclose(squared_distances(judge, images[:1] * 3), 0, atol=1e-6)
    assert np.allclose(squared_distances(judge, [images[0], images[3]])[0], squared[2], rtol=1e-3)


def test_the_mean_distance_is_one_for_couples_as_far_apart_as_the_scale_says() -> None:
    scale = np.array([400.0, 9.0])
    assert mean_distance(np.array([[400.0, 9.0], [400.0, 9.0]]), scale) == pytest.approx(1)
    assert mean_distance(np.array([[1600.0, 36.0], [0.0, 0.0]]), scale) == pytest.approx(1)  # 2 and 0
    assert mean_distance(np.array([[800.0, 0.0]]), scale) == pytest.approx(1)  # half the one, half the other


def test_gaussians_along_the_axes_have_the_distance_of_their_means_and_deviations() -> None:
    one = sample(np.array([0.0, 1.0, 2.0]), np.diag([1.0, 4.0, 9.0]))
    other = sample(np.array([1.0, 1.0, 0.0]), np.diag([4.0, 4.0, 1.0]))
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)


def test_slanted_gaussians_have_the_distance_of_the_closed_form() -> None:
    a, b = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -0.5], [-0.5, 2.0]])
    product = a @ b  # not symmetric; of a 2 × 2 matrix tr M^½ = √(tr M + 2 √det M)
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    found = frechet_distance(sample(np.zeros(2), a), sample(np.ones(2), b, 80))
    assert found == pytest.approx(2 + np.trace(a) + np.trace(b) - 2 * root)


def test_one_feature_is_enough() -> None:
    assert frechet_distance(np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]])) == pytest.approx(25)


def test_fewer_points_than_features_still_have_a_distance_that_is_no_less_than_zero() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 10, 64)).astype(np.float32)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-4)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one))
    assert frechet_distance(one, other + 3) > frechet_distance(one, other) > 0


def test_few_points_of_one_distribution_are_further_apart_than_many() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 800, 16))
    assert frechet_distance(one[:40], other[:40]) > 4 * frechet_distance(one, other)
