"""The reward: which of two pictures a taste prefers, how surely, and whether that is more than chance.

Learnt from the ratings of a scope in a second, long before there are enough for an adapter. The statistics are in
reward_fit.py, what the columns mean in traits.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from t2i_studio.domain import Noun
from t2i_studio.domain.learning import Evidence, Judgement, Opinion, Preference
from t2i_studio.errors import StudioError
from t2i_studio.feedback.estimates import number_of
from t2i_studio.learning.features import Look
from t2i_studio.learning.reward_check import Check, check
from t2i_studio.learning.reward_fit import Posterior, Rows, chances, posterior
from t2i_studio.learning.traits import Facts, Frame, frame, within

NEEDED = 16
"""Usable judgements below which nothing is learnt."""


class Seen(Noun):
    """A picture of the ratings: how it looks, what its description asks for, and the product, if it is known."""

    look: Look
    facts: dict[str, str] = {}  # noqa: RUF012  (pydantic copies it)
    product: str | None = None


@dataclass(frozen=True)
class Reward:
    """together: (K, K) covariance of the columns within descriptions. judgements: how many it was learnt from."""

    frame: Frame
    posterior: Posterior
    check: Check
    together: np.ndarray
    judgements: int

    @property
    def usable(self) -> bool:
        return self.check.usable

    def columns(self, looks: Sequence[Look], facts: Sequence[Facts]) -> np.ndarray:
        """(N, K): the pictures as `score` and `probability` take them."""
        return self.frame.table(looks, facts)

    def score(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) mean and (N,) standard deviation in log-odds; only differences mean something."""
        spread = np.einsum("nk,kl,nl->n", columns, self.posterior.covariance, columns)
        return columns @ self.posterior.mean, np.sqrt(np.maximum(spread, 0))

    def probability(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(N,) that each of `first` (N, K) is preferred to the one of `second`, what is not known integrated out."""
        return chances(self.posterior, np.atleast_2d(first) - np.atleast_2d(second))


def fit(evidence: Evidence, seen: Mapping[int, Seen]) -> Reward:
    """Learn from all judgements whose pictures are in `seen` (by variant).

    Raises StudioError reward.too_few.
    """
    preferences, opinions = _told(evidence, seen)
    count = _judgements(preferences, opinions)
    if count < NEEDED:
        raise StudioError("reward.too_few", model=evidence.scope.model, have=count, need=NEEDED, more=NEEDED - count)
    variants = sorted({v for p in preferences for v in (p.better, p.worse)} | {o.variant for o in opinions})
    place = {variant: number for number, variant in enumerate(variants)}
    pictures = [seen[variant] for variant in variants]
    said = {o.variant: o.description for o in opinions}
    said |= {variant: p.description for p in preferences for variant in (p.better, p.worse)}
    facts = [picture.facts for picture in pictures]
    looks = [picture.look for picture in pictures]
    descriptions = [said[variant] for variant in variants]
    framed = frame(looks, facts, descriptions)
    table = framed.table(looks, facts)
    rows = _rows(preferences, opinions, place, table)
    groups = framed.columns.groups
    products = [seen[p.better].product or p.description for p in preferences]
    products += [seen[o.variant].product or o.description for o in opinions]
    fitted = posterior(rows, groups)
    spread, degrees = within(table, descriptions)
    return Reward(framed, fitted, check(rows, groups, products), spread.T @ spread / degrees, count)


def _told(evidence: Evidence, seen: Mapping[int, Seen]) -> tuple[list[Preference], list[Opinion]]:
    """Preferences with what each weighs here, and the opinions that are not in one of them already.

    A choice of one among k + 1 pictures gives k preferences that know of each other: each weighs 2/(k + 1), so that
    together they tell as much as the choice does. A rating that is in k derived preferences weighs 1/k in each.
    """
    known = [p for p in evidence.preferences if p.better in seen and p.worse in seen]
    times = Counter(judgement for p in known for judgement in p.judgements)
    weighed = [p.model_copy(update={"weight": p.weight * _share(p, times)}) for p in known]
    opinions = [o for o in evidence.opinions if o.variant in seen and not any(times[j] for j in o.judgements)]
    return weighed, opinions


def _share(preference: Preference, times: Mapping[Judgement, int]) -> float:
    counts = [times[judgement] for judgement in preference.judgements]
    if len(counts) == 1:
        return 2 / (counts[0] + 1)
    return float(np.mean([1 / count for count in counts])) if counts else 1.0


def _judgements(preferences: Sequence[Preference], opinions: Sequence[Opinion]) -> int:
    rows = [(*p.judgements,) or (("pair", n),) for n, p in enumerate(preferences)]
    rows += [(*o.judgements,) or (("opinion", n),) for n, o in enumerate(opinions)]
    return len({judgement for row in rows for judgement in row})


def _sides(preferences: Sequence[Preference]) -> tuple[list[int], list[int]]:
    return [p.better for p in preferences], [p.worse for p in preferences]


def _rows(
    preferences: Sequence[Preference], opinions: Sequence[Opinion], place: Mapping[int, int], table: np.ndarray
) -> Rows:
    better, worse = (table[np.array([place[v] for v in side], int)] for side in _sides(preferences))
    single = table[np.array([place[o.variant] for o in opinions], int)]
    none = np.full(len(preferences), -1)
    return Rows(
        x=np.vstack([better - worse, single]),
        sign=np.array([1.0] * len(preferences) + [1.0 if o.good else -1.0 for o in opinions]),
        weight=np.array([p.weight for p in preferences] + [1.0] * len(opinions)),
        rater=np.concatenate([none, number_of([o.rater for o in opinions])]).astype(int),
        description=np.concatenate([none, number_of([o.description for o in opinions])]).astype(int),
    )
