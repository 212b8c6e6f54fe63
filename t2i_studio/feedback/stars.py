"""Stars: what each source gets, and what the style controls do to them."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from math import sqrt

import numpy as np

from t2i_studio.domain import NEUTRAL, Noun, Vote
from t2i_studio.feedback.estimates import Estimate, judged, mean_of, number_of, quantile

SPARE = 10
"""Judgements wanted beyond what the equation has unknowns."""


class SourceStars(Noun):
    """Mean stars (1–5) of a source."""

    source: str
    stars: Estimate


class NoSlope(StrEnum):
    """Why a control has no slope: all pictures have the same level; too few judgements; or its levels follow from
    another control, the source or the rater, so that the effects cannot be told apart.
    """

    CONSTANT = "constant"
    TOO_FEW = "too-few"
    CONFOUNDED = "confounded"


class StyleEffect(Noun):
    """What one step of a style control adds in stars, all else equal. levels: judgements of each level."""

    control: str
    slope: Estimate
    levels: dict[int, int]
    without: NoSlope | None = None


def source_stars(votes: Sequence[Vote]) -> tuple[SourceStars, ...]:
    """Best first."""
    groups: dict[str, list[Vote]] = defaultdict(list)
    for vote in judged(votes):
        if vote.stars is not None:
            groups[vote.sources[0]].append(vote)
    found = [
        SourceStars(source=source, stars=mean_of([vote.stars or 0 for vote in own], [vote.rater for vote in own]))
        for source, own in groups.items()
    ]
    return tuple(sorted(found, key=lambda each: (-(each.stars.value or 0), each.source)))


def style_effects(votes: Sequence[Vote]) -> tuple[StyleEffect, ...]:
    """The slopes of all style controls together, by name.

    Least squares of the stars on the levels of the controls that vary, with a mean of its own for every rater (who may
    be strict or mild) and every source; intervals robust to clusters of raters: V = (X'X)⁻¹ Σ_r X_r'e_r e_r'X_r (X'X)⁻¹
    · G/(G−1) · (n−1)/(n−k) (Liang & Zeger 1986; as statsmodels' cov_type="cluster"), or to unequal spread (HC1) for
    one rater. Stars are taken as numbers, so that a slope reads as stars.
    """
    rated = [vote for vote in judged(votes) if vote.stars is not None and vote.style]
    controls = sorted({control for vote in rated for control in vote.style})
    levels = {control: [vote.style.get(control, NEUTRAL) for vote in rated] for control in controls}
    varied = [control for control in controls if len(set(levels[control])) > 1]
    raters = number_of([vote.rater for vote in rated])
    sources = number_of([vote.sources[0] for vote in rated])
    slopes: dict[str, Estimate | NoSlope] = dict.fromkeys(controls, NoSlope.CONSTANT)
    if varied:
        table = np.array([levels[control] for control in varied], float).T
        stars = np.array([vote.stars for vote in rated], float)
        slopes |= dict(zip(varied, _slopes(table, stars, raters, sources), strict=True))
    return tuple(_effect(control, slopes[control], levels[control]) for control in controls)


def _effect(control: str, slope: Estimate | NoSlope, levels: list[int]) -> StyleEffect:
    counts = {level: levels.count(level) for level in sorted(set(levels))}
    if isinstance(slope, NoSlope):
        return StyleEffect(control=control, slope=Estimate(answers=len(levels)), levels=counts, without=slope)
    return StyleEffect(control=control, slope=slope, levels=counts)


def _slopes(table: np.ndarray, stars: np.ndarray, raters: np.ndarray, sources: np.ndarray) -> list[Estimate | NoSlope]:
    """Of the columns of `table` (n, controls)."""
    people = int(raters.max()) + 1
    found: list[Estimate | NoSlope] = [NoSlope.TOO_FEW] * table.shape[1]
    dummies = np.eye(int(sources.max()) + 1)[sources][:, 1:]
    design, outcome = (_within(each, raters) for each in (np.column_stack([table, dummies]), stars))
    if len(stars) - people - np.linalg.matrix_rank(design) < SPARE:
        return found
    told = [k for k in range(table.shape[1]) if not _follows(design, k)]
    kept = np.column_stack([design[:, told], design[:, table.shape[1] :]])
    inverse = np.linalg.pinv(kept.T @ kept)
    slopes = inverse @ kept.T @ outcome
    covariance = _sandwich(kept, outcome - kept @ slopes, inverse, raters)
    half = [quantile(people) * sqrt(covariance[k, k]) for k in range(len(told))]
    found = [NoSlope.CONFOUNDED] * table.shape[1]
    for at, k in enumerate(told):
        value = float(slopes[at])
        found[k] = Estimate(value=value, low=value - half[at], high=value + half[at], answers=len(stars), raters=people)
    return found


def _within(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Less the mean of each group, column by column."""
    members = np.eye(int(groups.max()) + 1)[groups]
    centred: np.ndarray = values - members @ ((members.T @ values).T / members.sum(0)).T
    return centred


def _follows(design: np.ndarray, column: int) -> bool:
    """Whether a column is a sum of the others."""
    others, own = np.delete(design, column, 1), design[:, column]
    rest = own - others @ np.linalg.lstsq(others, own, rcond=None)[0] if others.shape[1] else own
    return bool(rest @ rest <= 1e-9 * len(own))


def _sandwich(design: np.ndarray, residuals: np.ndarray, inverse: np.ndarray, groups: np.ndarray) -> np.ndarray:
    rows, columns = design.shape
    scores = design * residuals[:, None]
    clusters = int(groups.max()) + 1
    if clusters > 1:
        scores = np.eye(clusters)[groups].T @ scores
        factor = clusters / (clusters - 1) * (rows - 1) / (rows - columns)
    else:
        factor = rows / (rows - columns)
    covariance: np.ndarray = factor * inverse @ (scores.T @ scores) @ inverse
    return covariance
