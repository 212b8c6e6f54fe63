"""Shares and means with 95 % intervals that allow for a rater's answers resembling each other.

An interval that takes answers as independent is too narrow when 40 of them come from one person. Here the answers of
a rater are one cluster: variance of a mean m of n answers by G raters = G/(G−1) · Σ_raters (Σ(x − m))² / n² (Liang &
Zeger 1986, with the factor of Cameron & Miller 2015, §VI), quantiles of Student's t with G − 1 degrees of freedom.
The answers of a single rater are taken as independent: the interval then speaks of that rater alone.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from math import sqrt

import numpy as np

from t2i_studio.domain import Noun, Purpose, Vote

LEVEL = 0.95


class Estimate(Noun):
    """A figure with its 95 % interval; None where there are no answers (value) or too few to tell (low, high).

    answers: what it is made from, by how many raters.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    answers: int = 0
    raters: int = 0


def judged(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that say something about the pictures: not of excluded raters, not practice, known or repeats."""
    return [vote for vote in votes if vote.purpose is Purpose.JUDGED and not vote.excluded]


def share(values: Sequence[float], raters: Sequence[str]) -> Estimate:
    """Mean of `values` (each in 0–1: no, yes, or half a win), rater by rater alongside.

    Wilson's interval (1927) with the answers divided by the design effect (Korn & Graubard 1998), which is taken as at
    least 1; so it stays inside 0–1 and has a width also when all answers are equal.
    """
    if not values:
        return Estimate()
    numbers, groups = np.asarray(values, float), number_of(raters)
    answers, clusters, mean = len(numbers), int(groups.max()) + 1, float(numbers.mean())
    spread = mean * (1 - mean) / answers
    effect = max(1.0, cluster_variance(numbers, groups) / spread) if spread > 0 and clusters > 1 else 1.0
    low, high = wilson(mean, answers / effect, quantile(clusters))
    return Estimate(value=mean, low=low, high=high, answers=answers, raters=clusters)


def mean_of(values: Sequence[float], raters: Sequence[str]) -> Estimate:
    """Mean of `values` with Student's interval; low and high are None for a single answer."""
    if not values:
        return Estimate()
    numbers, groups = np.asarray(values, float), number_of(raters)
    answers, clusters, mean = len(numbers), int(groups.max()) + 1, float(numbers.mean())
    if answers == 1:
        return Estimate(value=mean, answers=1, raters=1)
    independent = float(numbers.var(ddof=1)) / answers
    # with few raters the clustered variance can come out as nearly nothing by chance
    variance = max(independent, cluster_variance(numbers, groups)) if clusters > 1 else independent
    half = quantile(clusters if clusters > 1 else answers) * sqrt(variance)
    return Estimate(value=mean, low=mean - half, high=mean + half, answers=answers, raters=clusters)


def wilson(value: float, answers: float, z: float) -> tuple[float, float]:
    """Wilson's interval of a share `value` of (effectively) `answers`."""
    middle = (value + z * z / (2 * answers)) / (1 + z * z / answers)
    half = z * sqrt(value * (1 - value) / answers + z * z / (4 * answers**2)) / (1 + z * z / answers)
    return max(0.0, middle - half), min(1.0, middle + half)


def cluster_variance(values: np.ndarray, groups: np.ndarray) -> float:
    """Variance of the mean of `values` when those of a group (0 … G−1, G ≥ 2) hang together."""
    sums = np.bincount(groups, values - values.mean())
    return float(len(sums) / (len(sums) - 1) * (sums**2).sum() / len(values) ** 2)


@cache
def quantile(clusters: int) -> float:
    """Two-sided 95 % quantile of Student's t with clusters − 1 degrees of freedom; the normal one for one cluster."""
    from scipy.special import ndtri, stdtrit

    tail = (1 + LEVEL) / 2
    return float(stdtrit(clusters - 1, tail) if clusters > 1 else ndtri(tail))


def number_of(names: Sequence[object]) -> np.ndarray:
    """Each name's number, from 0 in the order of first appearance: (n,) int."""
    seen: dict[object, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names], int)
