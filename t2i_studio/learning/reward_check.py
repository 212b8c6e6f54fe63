"""Is what was learnt more than chance, and does it know how sure it is? Asked of products that were held out."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np

from t2i_studio.domain import Noun
from t2i_studio.feedback.estimates import Estimate, cluster_variance, number_of, quantile, wilson
from t2i_studio.learning.reward_fit import Rows, chances, posterior

FOLDS = 8
SHARED = 1.5
"""By how much folds that share their training data make the accuracy of cross-validation vary more than as many
independent pairs do: nothing unbiased can tell it (Bengio & Grandvalet 2004, "No Unbiased Estimator of the Variance of
K-Fold Cross-Validation"), so it was measured on labels of pure chance.
"""
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Bin(Noun):
    """Held-out pairs whose preferred picture was given a probability from `low` to below `high`. said: the mean of
    these. right: the share that was in fact preferred.
    """

    low: float
    high: float
    pairs: int
    said: float | None
    right: float | None


class Check(Noun):
    """How the reward does on pairs of products it was not fitted to. accuracy: share of pairs that it orders right,
    with the 95 % interval over products; `raters` of it counts products.
    """

    accuracy: Estimate
    calibration: tuple[Bin, ...]

    @property
    def usable(self) -> bool:
        """Is it certainly better than chance?"""
        return self.accuracy.low is not None and self.accuracy.low > 0.5


def check(rows: Rows, groups: np.ndarray, products: Sequence[Hashable]) -> Check:
    """Cross-validation by product, or by judgement where all show one product. The widths are chosen anew without the
    part held out: chosen with it they let noise look like a taste.
    """
    number = number_of(products)
    if number.max() == 0:
        number = np.arange(len(products))
    fold = np.random.default_rng(0).permutation(int(number.max()) + 1)[number] % FOLDS
    found: list[float] = []
    where: list[int] = []
    for each in np.unique(fold):
        held, kept = np.flatnonzero(fold == each), np.flatnonzero(fold != each)
        if not len(kept):
            continue
        differences, of = _held_out(rows, held, number)
        if len(of):
            found += chances(posterior(rows.part(kept), groups), differences).tolist()
            where += of
    hits = [1.0 if chance > 0.5 else 0.5 if chance == 0.5 else 0.0 for chance in found]
    return Check(accuracy=_accuracy(hits, where), calibration=_calibration(np.array(found)))


def _accuracy(hits: Sequence[float], products: Sequence[int]) -> Estimate:
    """Wilson's interval with the pairs divided by the design effect of products and by SHARED (feedback.estimates)."""
    if not hits:
        return Estimate()
    right, groups = np.array(hits), number_of(products)
    mean, clusters, spread = float(right.mean()), int(groups.max()) + 1, float(right.var()) / len(right)
    effect = max(1.0, cluster_variance(right, groups) / spread) if spread > 0 and clusters > 1 else 1.0
    low, high = wilson(mean, len(right) / effect / SHARED, quantile(clusters))
    return Estimate(value=mean, low=low, high=high, answers=len(right), raters=clusters)


def _held_out(rows: Rows, held: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Differences whose first picture is preferred, and the product of each: the preferences, and of opinions each good
    one with a bad one of the same rater, of the same description where there is one.
    """
    differences = [rows.x[row] for row in held if rows.rater[row] < 0]
    of = [int(number[row]) for row in held if rows.rater[row] < 0]
    bad: dict[int, list[int]] = defaultdict(list)
    for row in held:
        if rows.rater[row] >= 0 and rows.sign[row] < 0:
            bad[int(rows.rater[row])].append(int(row))
    for row in held:
        own = bad[int(rows.rater[row])] if rows.rater[row] >= 0 and rows.sign[row] > 0 else []
        if own:
            near = [other for other in own if rows.description[other] == rows.description[row]]
            other = (near or own)[0]
            own.remove(other)
            differences.append(rows.x[row] - rows.x[other])
            of.append(int(number[row]))
    return np.array(differences).reshape(len(of), rows.x.shape[1]), of


def _calibration(given: np.ndarray) -> tuple[Bin, ...]:
    sure, right = np.maximum(given, 1 - given), given > 0.5
    found = []
    for low, high in pairwise(BINS):
        inside = (sure >= low) & ((sure < high) | (high == BINS[-1]))
        told = (float(sure[inside].mean()), float(right[inside].mean())) if inside.any() else (None, None)
        found.append(Bin(low=low, high=high, pairs=int(inside.sum()), said=told[0], right=told[1]))
    return tuple(found)
