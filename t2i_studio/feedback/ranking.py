"""Which source is better, on one scale: strengths with intervals, from the comparisons of a session.

A strength is a log-odds: of two sources shown side by side, an attentive rater who decides chooses the first with
odds exp(difference of the strengths). Strengths sum to 0 over the sources. The model is in choice_model.py.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from pydantic import Field

from t2i_studio.domain import Noun, Vote
from t2i_studio.feedback.choice_fit import Fit, fit
from t2i_studio.feedback.choices import Choices, read_choices
from t2i_studio.feedback.estimates import Estimate

MANY = 30
"""With more sources, chances are given only for those that met: their number grows with the square."""


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


def ranking(votes: Sequence[Vote]) -> Ranking:
    """The ranking of the sources that were compared in the judged votes; see Ranking."""
    choices = read_choices(votes)
    if not len(choices.chosen):
        return Ranking()
    found = fit(choices)
    model, answers = found.model, len(choices.chosen)
    shares = model.raters.shares(found.theta[model.first])
    pulls = zip(found.theta[model.pulls], found.reach * found.errors[model.pulls], strict=True)
    return Ranking(
        standings=_standings(found),
        contests=_contests(found),
        pull_of_place=tuple(_estimate(pull, half, answers, found.clusters) for pull, half in pulls),
        attentive=dict(zip(choices.raters, model.attentive(found.theta).round(4).tolist(), strict=True)),
        random=float(shares[1]),
        same_place=float(shares[2:].sum()),
        misplaced=_misplaced(found),
        answers=answers,
        clustered=found.robust is not None,
    )


def _standings(found: Fit) -> tuple[Standing, ...]:
    choices, errors, raters = found.model.data, found.errors, found.clusters
    gaps = found.strengths[:, None] - found.strengths[None, :]
    told = np.abs(gaps) > found.reach * found.gap_errors
    better, worse = (told & (gaps < 0)).sum(1), (told & (gaps > 0)).sum(1)
    answers = _appearances(choices).sum(0)
    order = np.argsort(-found.strengths, kind="stable").tolist()
    return tuple(
        Standing(
            source=choices.names[k],
            rank=rank,
            strength=_estimate(found.strengths[k], found.reach * errors[k], answers[k], raters),
            best=int(better[k]) + 1,
            worst=len(order) - int(worse[k]),
        )
        for rank, k in enumerate(order, 1)
    )


def _contests(found: Fit) -> tuple[Contest, ...]:
    names, errors, raters = found.model.data.names, found.gap_errors, found.clusters
    appearances = _appearances(found.model.data)
    together = (appearances.T @ appearances).astype(int)
    leading = set(np.argsort(found.strengths)[-2:].tolist())
    contests = []
    for a, b in combinations(range(len(names)), 2):
        if len(names) <= MANY or together[a, b] or {a, b} == leading:
            gap, half = found.strengths[a] - found.strengths[b], found.reach * errors[a, b]
            value, low, high = (1 / (1 + np.exp(-each)) for each in (gap, gap - half, gap + half))
            chance = Estimate(
                value=float(value), low=float(low), high=float(high), answers=int(together[a, b]), raters=raters
            )
            contests.append(Contest(first=names[a], second=names[b], chance=chance))
    return tuple(contests)


def _appearances(choices: Choices) -> np.ndarray:
    """(V, K): whether a source was among those shown."""
    table = np.zeros((len(choices.chosen), len(choices.names) + 1))
    np.put_along_axis(table, choices.source, 1, 1)
    return table[:, :-1]


def _estimate(value: float, half: float, answers: int, raters: int) -> Estimate:
    middle, reach = float(value), float(half)
    return Estimate(value=middle, low=middle - reach, high=middle + reach, answers=int(answers), raters=raters)


def _misplaced(found: Fit) -> float:
    """Σ over pairs of sources of the probability Φ(−|difference| / sd) that their order is wrong."""
    from scipy.special import ndtr

    gaps = np.abs(found.strengths[:, None] - found.strengths[None, :])
    return float(np.triu(ndtr(-gaps / found.gap_errors), 1).sum())
