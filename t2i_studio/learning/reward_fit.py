"""Bayesian logistic regression on differences of pictures: the posterior of what a taste weighs.

Weights w of K columns have normal priors, one width for each group of columns. A preference says
P(a before b) = σ(w·(x_a − x_b)) (Bradley & Terry 1952 with covariates); an opinion says P(good) = σ(w·x + u_rater +
v_description), whose intercepts are normal too: raters are strict or mild, descriptions well met or not. The posterior
is Laplace's approximation at its mode, the widths are those of the largest marginal likelihood (MacKay 1992, "The
evidence framework applied to classification networks", Neural Computation 4).
"""

from dataclasses import dataclass

import numpy as np

INTERCEPT = 1.0
"""Prior deviation of raters' and descriptions' intercepts, in log-odds."""
WIDTHS = (0.03, 0.1, 0.25, 0.6, 1.5)
"""Prior deviations that are tried for a group of columns, in log-odds for one deviation of the column."""
BELIEVED, SPREAD = 0.25, 1.2
"""Widths are themselves believed to be about BELIEVED, log-normal with SPREAD: a few ratings cannot tell them."""
SWEEPS = 2
STEPS, ENOUGH = 30, 1e-7


@dataclass(frozen=True)
class Rows:
    """What was said, a row each. x: (N, K) columns: a difference for a preference, the picture itself for an opinion.
    sign: (N,) +1 or −1. weight: (N,) > 0. rater, description: (N,) number of the intercept, −1 for a preference.
    """

    x: np.ndarray
    sign: np.ndarray
    weight: np.ndarray
    rater: np.ndarray
    description: np.ndarray

    def part(self, rows: np.ndarray) -> "Rows":
        return Rows(self.x[rows], self.sign[rows], self.weight[rows], self.rater[rows], self.description[rows])


@dataclass(frozen=True)
class Posterior:
    """Normal, of the weights alone. mean: (K,). covariance: (K, K). widths: of the groups. evidence: log marginal
    likelihood and log-prior of the widths.
    """

    mean: np.ndarray
    covariance: np.ndarray
    widths: tuple[float, ...]
    evidence: float


def posterior(rows: Rows, groups: np.ndarray) -> Posterior:
    """Of the weights. groups: (K,) number of each column's group. Their widths are the best of WIDTHS, group by group
    in turn.
    """
    best = _laplace(rows, groups, (BELIEVED,) * (int(groups.max()) + 1))
    for _ in range(SWEEPS):
        before = best.widths
        for group in range(len(before)):
            tried = [_laplace(rows, groups, _with(best.widths, group, w)) for w in WIDTHS if w != best.widths[group]]
            best = max([best, *tried], key=lambda each: each.evidence)
        if best.widths == before:
            break
    return best


def _with(widths: tuple[float, ...], group: int, width: float) -> tuple[float, ...]:
    return (*widths[:group], width, *widths[group + 1 :])


def _laplace(rows: Rows, groups: np.ndarray, widths: tuple[float, ...]) -> Posterior:
    """Mode by Newton's method and the inverse of minus the curvature there.

    log marginal likelihood ≈ log p(data, θ̂) − ½ log det(H) with the constants of prior and posterior cancelling:
    log p(data | θ̂) − ½ θ̂'Pθ̂ + ½ log det P − ½ log det H, P the prior's precision.
    """
    design, precision = _design(rows, groups, widths)
    theta = np.zeros(design.shape[1])
    value, slope, curvature = _value(design, rows, precision, theta)
    for _ in range(STEPS):
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while True:
            moved = _value(design, rows, precision, theta + size * step)
            if moved[0] >= value or size < 1e-4:
                break
            size /= 2
        gain, theta, (value, slope, curvature) = moved[0] - value, theta + size * step, moved
        if gain < ENOUGH:
            break
    K = len(groups)
    inverse = np.linalg.inv(curvature)
    logdet = float(np.linalg.slogdet(curvature)[1])
    believed = -sum(np.log(np.array(widths) / BELIEVED) ** 2) / (2 * SPREAD**2)
    evidence = value + float(np.log(precision).sum()) / 2 - logdet / 2 + believed
    return Posterior(theta[:K], inverse[:K, :K], widths, float(evidence))


def _design(rows: Rows, groups: np.ndarray, widths: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Columns, then an intercept for each rater and each description that has an opinion; and prior precisions."""
    parts = [rows.x]
    for numbers in (rows.rater, rows.description):
        known = np.unique(numbers[numbers >= 0])
        parts.append((numbers[:, None] == known[None, :]).astype(float))
    design = np.hstack(parts)
    intercepts = np.full(design.shape[1] - len(groups), INTERCEPT**-2)
    return design, np.concatenate([np.array(widths)[groups] ** -2.0, intercepts])


def _value(
    design: np.ndarray, rows: Rows, precision: np.ndarray, theta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-posterior without constants, its gradient, and minus its curvature."""
    margin = rows.sign * (design @ theta)
    likely = -np.logaddexp(0, -margin)
    wrong = np.exp(likely - margin)  # 1 − σ(m) = σ(m)·e^(−m)
    value = float(rows.weight @ likely) - float(precision @ theta**2) / 2
    slope = design.T @ (rows.weight * rows.sign * wrong) - precision * theta
    spread = rows.weight * wrong * (1 - wrong)
    return value, slope, (design.T * spread) @ design + np.diag(precision)


def preferred(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """P(a before b) from the normal posterior of w·(x_a − x_b), uncertainty integrated:
    σ(m / √(1 + πv/8)) (Spiegelhalter & Lauritzen 1990; MacKay 1992).
    """
    chance: np.ndarray = 1 / (1 + np.exp(-mean / np.sqrt(1 + np.pi * variance / 8)))
    return chance


def chances(fitted: Posterior, differences: np.ndarray) -> np.ndarray:
    """(N,) probability that the first of two pictures is preferred, of their differences (N, K)."""
    variance = np.einsum("nk,kl,nl->n", differences, fitted.covariance, differences)
    return preferred(differences @ fitted.mean, np.maximum(variance, 0))
