"""The reward: which of two pictures a taste prefers, how surely, and whether that is more than chance.

Learnt from the ratings of a scope in a second, long before there are enough for an adapter. The statistics are in
reward_fit.py, what the columns mean in traits.py.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from t2i_studio.domain import Noun
from t2i_studio.domain.learning import Evidence, Judgement, Opinion, Preference
from t2i_studio.errors import StudioError
from t2i_studio.feedback.estimates import Estimate, number_of, share
from t2i_studio.learning.features import Look
from t2i_studio.learning.reward_fit import Posterior, Rows, posterior, preferred
from t2i_studio.learning.traits import Facts, Frame, frame

NEEDED = 16
"""Usable judgements below which nothing is learnt."""
FOLDS = 8
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Seen(Noun):
    """A picture of the ratings: how it looks, what its description asks for, and the product it shows ("" unknown)."""

    look: Look
    facts: dict[str, str]

    @property
    def product(self) -> str:
        return self.facts.get("object", "")


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


@dataclass(frozen=True)
class Reward:
    """judgements: how many it was learnt from."""

    frame: Frame
    posterior: Posterior
    check: Check
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
        return _chances(self.posterior, np.atleast_2d(first) - np.atleast_2d(second))


def _chances(fitted: Posterior, differences: np.ndarray) -> np.ndarray:
    variance = np.einsum("nk,kl,nl->n", differences, fitted.covariance, differences)
    return preferred(differences @ fitted.mean, np.maximum(variance, 0))


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
    framed = frame(looks, facts, [said[variant] for variant in variants])
    rows = _rows(preferences, opinions, place, framed.table(looks, facts))
    groups = framed.columns.groups
    products = [seen[p.better].product or p.description for p in preferences]
    products += [seen[o.variant].product or o.description for o in opinions]
    fitted = posterior(rows, groups)
    return Reward(framed, fitted, _check(rows, groups, products), count)


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


def _rows(
    preferences: Sequence[Preference], opinions: Sequence[Opinion], place: Mapping[int, int], table: np.ndarray
) -> Rows:
    better = table[[place[p.better] for p in preferences]].reshape(len(preferences), -1)
    worse = table[[place[p.worse] for p in preferences]].reshape(len(preferences), -1)
    single = table[[place[o.variant] for o in opinions]].reshape(len(opinions), -1)
    none = np.full(len(preferences), -1)
    return Rows(
        x=np.vstack([(better - worse).reshape(-1, table.shape[1]), single.reshape(-1, table.shape[1])]),
        sign=np.array([1.0] * len(preferences) + [1.0 if o.good else -1.0 for o in opinions]),
        weight=np.array([p.weight for p in preferences] + [1.0] * len(opinions)),
        rater=np.concatenate([none, number_of([o.rater for o in opinions])]).astype(int),
        description=np.concatenate([none, number_of([o.description for o in opinions])]).astype(int),
    )


def _check(rows: Rows, groups: np.ndarray, products: Sequence[Hashable]) -> Check:
    """Cross-validation by product, or by judgement where all show one product. The widths are chosen anew without the
    part held out: chosen with it they let noise look like a taste.
    """
    number = number_of(products)
    if number.max() == 0:
        number = np.arange(len(products))
    fold = np.random.default_rng(0).permutation(int(number.max()) + 1)[number] % FOLDS
    chances: list[float] = []
    where: list[int] = []
    for each in np.unique(fold):
        held, kept = np.flatnonzero(fold == each), np.flatnonzero(fold != each)
        if not len(kept):
            continue
        differences, of = _held_out(rows, held, number)
        if len(of):
            chances += _chances(posterior(rows.part(kept), groups), differences).tolist()
            where += of
    hits = [1.0 if chance > 0.5 else 0.5 if chance == 0.5 else 0.0 for chance in chances]
    return Check(accuracy=share(hits, where), calibration=_calibration(np.array(chances)))


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
    return np.array(differences).reshape(len(of), -1), of


def _calibration(chances: np.ndarray) -> tuple[Bin, ...]:
    sure, right = np.maximum(chances, 1 - chances), chances > 0.5
    found = []
    for low, high in pairwise(BINS):
        inside = (sure >= low) & ((sure < high) | (high == BINS[-1]))
        told = (float(sure[inside].mean()), float(right[inside].mean())) if inside.any() else (None, None)
        found.append(Bin(low=low, high=high, pairs=int(inside.sum()), said=told[0], right=told[1]))
    return tuple(found)
