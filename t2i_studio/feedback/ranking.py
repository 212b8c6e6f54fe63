"""Which source is better, on one scale: strengths with intervals, from the comparisons of a session.

A strength is a log-odds: of two sources shown side by side, an attentive rater who decides chooses the first with
odds exp(difference of the strengths). Strengths sum to 0 over the sources. The model is in choice_model.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from pydantic import Field

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback.choice_model import ChoiceModel, Choices, read_choices
from t2i_studio.feedback.estimates import Estimate, quantile

Slope = Callable[[np.ndarray], tuple[float, np.ndarray]]
STEP = 1e-4
FEW_RATERS = 5
"""With fewer, the spread between raters cannot be told from the answers."""


class Standing(Noun):
    """A source's place. strength: log-odds against the average source. best, worst: the ranks (from 1) that are left
    to it by the sources whose difference from it is told with 95 % confidence.
    """

    source: str
    rank: int
    strength: Estimate
    best: int
    worst: int


class Contest(Noun):
    """Chance that an attentive rater who decides takes `first` over `second`, by the model."""

    first: str
    second: str
    chance: Estimate


class Ranking(Noun):
    """The standings, best first, and what was allowed for.

    pull_of_place: log-odds that a picture gains by standing second (third, fourth) instead of first, all else equal.
    attentive: probability for each rater. random, same_place: shares of raters that answer at random, or always take
    the same place. misplaced: how many pairs of sources are expected to stand in the wrong order. clustered: whether
    the intervals allow for raters' answers hanging together (False with fewer than 5 raters: they then take answers
    as independent). Empty standings when no comparison was judged.
    """

    standings: tuple[Standing, ...] = ()
    contests: tuple[Contest, ...] = ()
    pull_of_place: tuple[Estimate, ...] = ()
    attentive: dict[str, float] = Field(default_factory=dict)
    random: float | None = None
    same_place: float | None = None
    misplaced: float = 0.0
    answers: int = 0
    clustered: bool = False


@dataclass(frozen=True)
class Fit:
    """The most probable parameters (P,) and their covariances (P, P): of the model, and robust to clusters."""

    choices: Choices
    model: ChoiceModel
    theta: np.ndarray
    posterior: np.ndarray
    robust: np.ndarray | None

    def variance(self, contrast: np.ndarray) -> float:
        """Of contrast·θ (contrast: (P,)): the wider of both, because clusters can look alike by chance."""
        variance = float(contrast @ self.posterior @ contrast)
        return variance if self.robust is None else max(variance, float(contrast @ self.robust @ contrast))


def ranking(votes: Sequence[Vote]) -> Ranking:
    """The ranking of the sources that were compared in the judged votes; see Ranking."""
    choices = read_choices(votes)
    if not len(choices.chosen):
        return Ranking()
    found = fit(choices)
    model, raters = found.model, len(set(choices.rater.tolist()))
    shares = np.append(0.0, found.theta[model.classes])
    shares = np.exp(shares - np.logaddexp.reduce(shares))
    return Ranking(
        standings=_standings(found, raters),
        contests=_contests(found, raters),
        pull_of_place=tuple(_estimate(found, _unit(found, k), raters) for k in range(*model.pulls.indices(10**6))),
        attentive=dict(zip(choices.raters, model.attentive(found.theta).round(4).tolist(), strict=True)),
        random=float(shares[1]),
        same_place=float(shares[2:].sum()),
        misplaced=_misplaced(found),
        answers=len(choices.chosen),
        clustered=found.robust is not None,
    )


def fit(choices: Choices) -> Fit:
    """Both steps of the model by L-BFGS, and the covariances of their joint estimating equations.

    With A the derivatives of both slopes by all parameters: model = A⁻¹ J A⁻ᵀ, J the curvature of each step; robust =
    A⁻¹ B A⁻ᵀ (Huber 1967; Liang & Zeger 1986), B = G/(G−1)·Σ over raters of the outer products of their scores, plus
    the products of different raters' scores on the same item: clusters both ways (Cameron, Gelbach & Miller 2011),
    because an item's pictures may be better or worse than their sources usually are.
    """
    model = ChoiceModel(choices)
    theta = model.mean.copy()
    for step, slope in ((model.first, model.class_slope), (model.second, model.choice_slope)):
        theta[step] = _lowest(theta, step, slope)
    inverse, curvature = _bread(model, theta)
    posterior = inverse @ curvature @ inverse.T
    answers, beyond = model.scores(theta)
    clusters = len(set(choices.rater.tolist()))
    if clusters < FEW_RATERS:
        return Fit(choices, model, theta, posterior, None)
    by_rater = _sums(answers, choices.rater, len(choices.raters)) + beyond
    by_item = _sums(answers, choices.item, int(choices.item.max()) + 1)
    middle = by_rater.T @ by_rater * clusters / (clusters - 1) + by_item.T @ by_item - answers.T @ answers
    return Fit(choices, model, theta, posterior, inverse @ middle @ inverse.T)


def _lowest(theta: np.ndarray, step: slice, slope: Slope) -> np.ndarray:
    """The part `step` of θ at which its slope is nothing, the rest as given."""
    from scipy.optimize import minimize

    def at(part: np.ndarray) -> tuple[float, np.ndarray]:
        whole = theta.copy()
        whole[step] = part
        return slope(whole)

    found: np.ndarray = minimize(at, theta[step], jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return found


def _bread(model: ChoiceModel, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A⁻¹ and J, by central differences of the slopes."""
    derivatives = np.zeros((len(theta), len(theta)))
    for k, move in enumerate(np.eye(len(theta)) * STEP):
        for step, slope in ((model.first, model.class_slope), (model.second, model.choice_slope)):
            if step is model.second or k >= step.start:  # the classes do not depend on the strengths
                derivatives[step, k] = (slope(theta + move)[1] - slope(theta - move)[1]) / (2 * STEP)
    curvature = np.zeros_like(derivatives)
    for step in (model.first, model.second):
        curvature[step, step] = derivatives[step, step] = _positive(derivatives[step, step])
    return np.linalg.inv(derivatives), curvature


def _positive(matrix: np.ndarray) -> np.ndarray:
    """Symmetric, and curved upwards everywhere."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    upward: np.ndarray = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    return upward


def _sums(rows: np.ndarray, groups: np.ndarray, number: int) -> np.ndarray:
    total = np.zeros((number, rows.shape[1]))
    np.add.at(total, groups, rows)
    return total


def _unit(found: Fit, *places: int) -> np.ndarray:
    contrast = np.zeros(len(found.theta))
    contrast[list(places)] = 1.0
    return contrast


def _centred(found: Fit, source: int) -> np.ndarray:
    contrast = _unit(found, source)
    contrast[found.model.strengths] -= 1 / len(found.choices.names)
    return contrast


def _estimate(found: Fit, contrast: np.ndarray, raters: int) -> Estimate:
    value = float(contrast @ found.theta)
    half = quantile(raters if found.robust is not None else 1) * sqrt(found.variance(contrast))
    answers = len(found.choices.chosen)
    return Estimate(value=value, low=value - half, high=value + half, answers=answers, raters=raters)


def _standings(found: Fit, raters: int) -> tuple[Standing, ...]:
    names = found.choices.names
    strengths = found.theta[found.model.strengths]
    order = [int(k) for k in np.argsort(-strengths, kind="stable")]
    standings = []
    for rank, k in enumerate(order, 1):
        against = [_estimate(found, _unit(found, k) - _unit(found, other), raters) for other in order if other != k]
        estimate = _estimate(found, _centred(found, k), raters)
        shown = found.choices.source == k
        estimate = estimate.model_copy(update={"answers": int(shown.any(1).sum())})
        better = sum(other.high is not None and other.high < 0 for other in against)
        worse = sum(other.low is not None and other.low > 0 for other in against)
        standings.append(
            Standing(source=names[k], rank=rank, strength=estimate, best=better + 1, worst=len(names) - worse)
        )
    return tuple(standings)


def _contests(found: Fit, raters: int) -> tuple[Contest, ...]:
    names = found.choices.names
    contests = []
    for a, b in combinations(range(len(names)), 2):
        odds = _estimate(found, _unit(found, a) - _unit(found, b), raters)
        together = int(((found.choices.source == a).any(1) & (found.choices.source == b).any(1)).sum())
        chance = odds.model_copy(
            update={name: _chance(getattr(odds, name)) for name in ("value", "low", "high")} | {"answers": together}
        )
        contests.append(Contest(first=names[a], second=names[b], chance=chance))
    return tuple(contests)


def _misplaced(found: Fit) -> float:
    """Σ over pairs of sources of the probability Φ(−|difference| / sd) that their order is wrong."""
    from scipy.special import ndtr

    total = 0.0
    for a, b in combinations(range(len(found.choices.names)), 2):
        contrast = _unit(found, a) - _unit(found, b)
        total += float(ndtr(-abs(contrast @ found.theta) / sqrt(found.variance(contrast))))
    return total


def _chance(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))
