"""The most probable strengths and how certain they are: both steps of the choice model, fitted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from t2i_studio.feedback.choice_model import ChoiceModel
from t2i_studio.feedback.choices import Choices
from t2i_studio.feedback.estimates import quantile

Slope = Callable[[np.ndarray], tuple[float, np.ndarray]]
STEP = 1e-4
FEW_RATERS = 5
"""With fewer, the spread between raters cannot be told from the answers."""


@dataclass(frozen=True)
class Fit:
    """The most probable parameters (P,) and their covariances (P, P): the model's own, and robust to clusters (None
    with fewer than FEW_RATERS). clusters: raters with judged answers.

    Where both are there, the wider one counts: clusters can look alike by chance.
    """

    model: ChoiceModel
    theta: np.ndarray
    posterior: np.ndarray
    robust: np.ndarray | None
    clusters: int

    @property
    def strengths(self) -> np.ndarray:
        """(K,), sum 0."""
        own = self.theta[self.model.strengths]
        centred: np.ndarray = own - own.mean()
        return centred

    @property
    def errors(self) -> np.ndarray:
        """(P,) standard errors, the strengths' as they are centred."""
        return np.sqrt(np.max([np.diag(_centred(each, self.model.strengths)) for each in self._both()], axis=0))

    @property
    def gap_errors(self) -> np.ndarray:
        """(K, K) standard errors of the differences of strengths."""
        variances = []
        for each in self._both():
            block = each[self.model.strengths, self.model.strengths]
            variances.append(np.diag(block)[:, None] + np.diag(block)[None, :] - 2 * block)
        return np.sqrt(np.maximum(np.max(variances, axis=0), 1e-12))

    @property
    def reach(self) -> float:
        """Standard errors from the value to the end of the 95 % interval."""
        return quantile(self.clusters if self.robust is not None else 1)

    def _both(self) -> list[np.ndarray]:
        return [self.posterior] if self.robust is None else [self.posterior, self.robust]


def _centred(covariance: np.ndarray, strengths: slice) -> np.ndarray:
    """Covariance after the mean of the strengths is taken from each."""
    centre = np.eye(len(covariance))
    centre[strengths, strengths] -= 1 / strengths.stop
    moved: np.ndarray = centre @ covariance @ centre.T
    return moved


def fit(choices: Choices) -> Fit:
    """Both steps of the model by L-BFGS, and the covariances of their joint estimating equations.

    With A the derivatives of both slopes by all parameters: model = A⁻¹ J A⁻ᵀ, J the curvature of each step; robust =
    A⁻¹ B A⁻ᵀ (Huber 1967; Liang & Zeger 1986), B = G/(G−1)·Σ over raters of the outer products of their scores, plus
    the products of different raters' scores on the same item: clusters both ways (Cameron, Gelbach & Miller 2011),
    because an item's pictures may be better or worse than their sources usually are.
    """
    model = ChoiceModel(choices)
    theta = model.mean.copy()
    theta[model.first] = _lowest(model.raters.slope, theta[model.first])
    theta[model.second] = _lowest(lambda part: model.slope(_with(theta, model.second, part)), theta[model.second])
    inverse, curvature = _bread(model, theta)
    posterior = inverse @ curvature @ inverse.T
    answers, beyond = model.scores(theta)
    clusters = len(set(choices.rater.tolist()))
    if clusters < FEW_RATERS:
        return Fit(model, theta, posterior, None, clusters)
    by_rater = _sums(answers, choices.rater, len(choices.raters)) + beyond
    by_item = _sums(answers, choices.item, int(choices.item.max()) + 1)
    middle = by_rater.T @ by_rater * clusters / (clusters - 1) + by_item.T @ by_item - answers.T @ answers
    return Fit(model, theta, posterior, inverse @ middle @ inverse.T, clusters)


def _lowest(slope: Slope, start: np.ndarray) -> np.ndarray:
    from scipy.optimize import minimize

    found: np.ndarray = minimize(slope, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return found


def _with(theta: np.ndarray, step: slice, part: np.ndarray) -> np.ndarray:
    whole = theta.copy()
    whole[step] = part
    return whole


def _bread(model: ChoiceModel, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A⁻¹ and J. By the few parameters of the classes the slopes are differentiated by central differences."""
    first, second = model.first, model.second
    derivatives, curvature = np.zeros((2, len(theta), len(theta)))
    curvature[second, second] = _positive(model.curvature(theta))
    inner = []
    for k in range(first.start, first.stop):
        move = np.zeros(len(theta))
        move[k] = STEP
        inner.append(model.raters.slope((theta + move)[first])[1] - model.raters.slope((theta - move)[first])[1])
        derivatives[second, k] = (model.slope(theta + move)[1] - model.slope(theta - move)[1]) / (2 * STEP)
    curvature[first, first] = _positive(np.array(inner) / (2 * STEP))
    return np.linalg.inv(derivatives + curvature), curvature


def _positive(matrix: np.ndarray) -> np.ndarray:
    """Symmetric, and curved upwards everywhere."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    upward: np.ndarray = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    return upward


def _sums(rows: np.ndarray, groups: np.ndarray, number: int) -> np.ndarray:
    total = np.zeros((number, rows.shape[1]))
    np.add.at(total, groups, rows)
    return total
