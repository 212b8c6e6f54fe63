"""What the pictures of an evaluation say besides taste: adherence and variety; what a reward likes, and faults.

Variety is the mean distance between two pictures of one description from different seeds (judge.distances), pixels and
features in units of their means among the old pictures of one description. The intervals are percentile bootstraps
over descriptions (Efron & Tibshirani 1993, chapter 13), old and new drawn together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.registry import ModelCard
from t2i_studio.feedback.estimates import number_of
from t2i_studio.judge.adherence import adherence, adherence_by_attribute
from t2i_studio.judge.distances import mean_distance, squared_distances
from t2i_studio.judge.folder import load_judge
from t2i_studio.learning.compared import Chances, chances_of
from t2i_studio.learning.evaluation import SIDES, Asked, EvaluationPlan, facts_of, make, pictures
from t2i_studio.learning.faults import Faults
from t2i_studio.learning.features import Look, look_at
from t2i_studio.learning.gate import Drop, Measured, measured_well
from t2i_studio.learning.reward import Reward
from t2i_studio.learning.traits import Facts
from t2i_studio.settings import Settings

RESAMPLES = 2000
FEW = 20
"""Pictures asked for an attribute below which its own drop is not told."""


def evaluate(folder: Path, plan: EvaluationPlan, model: LoadedModel, observe: Callable[[int, int], None]) -> Measured:
    """Make the pictures and measure them; where that is too coarse to decide, with the plan's extra ones.

    observe: as of evaluation.make. Raises StudioError as the engine does, judge.unreadable.
    """
    make(folder, plan, model, observe)
    found = measure(folder, plan, model.card)
    if plan.extra and not (measured_well(found.adherence) and measured_well(found.diversity)):
        make(folder, plan, model, observe, extra=True)
        found = measure(folder, plan, model.card)
    return found


def measure(folder: Path, plan: EvaluationPlan, card: ModelCard) -> Measured:
    """From the pictures that are there. Needs at least two descriptions. Raises StudioError judge.unreadable."""
    old, new = (pictures(folder, plan, side) for side in ("old", "new"))
    rows = [asked for asked, _ in old]
    before, after = ([made for _, made in side] for side in (old, new))
    drop, worst = _adherence(rows, before, after, card)
    return Measured(
        adherence=drop,
        diversity=_variety(before, after),
        worst=worst,
        fresh=sum(row.fresh for row in plan.asked),
        known=sum(not row.fresh for row in plan.asked),
    )


@dataclass(frozen=True)
class Looked:
    """The pairs of `plan.asked`, a row each. facts: what was asked for. old, new: how the pictures look."""

    rows: list[Asked]
    facts: list[Facts]
    old: list[Look]
    new: list[Look]


def look_at_pairs(folder: Path, plan: EvaluationPlan, card: ModelCard, settings: Settings) -> Looked:
    """What a reward and faults are foretold from."""
    wanted = {asked.text for asked in plan.asked}
    sides = {}
    for side in SIDES:
        rows = [(asked, each) for asked, made in pictures(folder, plan, side) for each in made if asked.text in wanted]
        sides[side] = look_at([each for _, each in rows], settings)
    return Looked([asked for asked, _ in rows], [facts_of(asked, card) for asked, _ in rows], **sides)


def foretold(pairs: Looked, reward: Reward) -> Chances:
    """What the reward thinks of the pairs; to be trusted only where it is usable."""
    differences = reward.columns(pairs.new, pairs.facts) - reward.columns(pairs.old, pairs.facts)
    return Chances(
        descriptions=[asked.text for asked in pairs.rows],
        products=[asked.product for asked in pairs.rows],
        draws=chances_of(reward.posterior.mean, reward.posterior.covariance, differences),
    )


def foretold_faults(pairs: Looked, faults: Faults) -> Drop:
    """By how many points fewer new pictures are free of faults."""
    more = faults.shares(pairs.new, pairs.facts) - faults.shares(pairs.old, pairs.facts)
    number = number_of([asked.text for asked in pairs.rows])
    return _drop(100 * np.bincount(number, more), np.bincount(number).astype(float), len(more))


def _adherence(
    rows: Sequence[Asked], before: Sequence[Sequence[Image.Image]], after: Sequence[Sequence[Image.Image]],
    card: ModelCard,
) -> tuple[Drop | None, tuple[str, float] | None]:  # fmt: skip
    """The drop of adherence, and the attribute that fell most; None where the judge knows nothing of what was asked."""
    judge = load_judge()
    facts = [facts_of(row, card) for row in rows]
    repeated = [facts[at] for at, made in enumerate(before) for _ in made]
    flat = [[each for made in side for each in made] for side in (before, after)]
    old, new = (adherence(judge, images, repeated) for images in flat)
    counted = np.isfinite(old)
    if not counted.any():
        return None, None
    number = np.array([at for at, made in enumerate(before) for _ in made])[counted]
    fell = np.bincount(number, (old - new)[counted], len(rows))
    times = np.bincount(number, minlength=len(rows)).astype(float)
    attributes = [adherence_by_attribute(judge, images, repeated) for images in flat]
    losses = {
        name: 100 * (share - attributes[1][name][0]) for name, (share, count) in attributes[0].items() if count >= FEW
    }
    worst = max(losses.items(), key=lambda each: each[1], default=None)
    return _drop(100 * fell, times, int(counted.sum())), worst if worst and worst[1] > 0 else None


def _variety(before: Sequence[Sequence[Image.Image]], after: Sequence[Sequence[Image.Image]]) -> Drop | None:
    """How much smaller the mean distance of new pictures is, in % of that of the old ones."""
    several = [at for at, made in enumerate(before) if len(made) > 1]
    if len(several) < 2:
        return None
    old, new = ([squared_distances(load_judge(), side[at]) for at in several] for side in (before, after))
    scale = np.mean([distances.mean(0) for distances in old], 0)
    means = np.array([[mean_distance(each, scale) for each in side] for side in (old, new)])
    return _drop(100 * (means[0] - means[1]), means[0], sum(len(before[at]) for at in several))


def _drop(parts: np.ndarray, weights: np.ndarray, count: int) -> Drop:
    """Σ parts / Σ weights over descriptions, and its interval."""
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(parts), np.full(len(parts), 1 / len(parts)), RESAMPLES)
    shares = (times @ parts) / np.maximum(times @ weights, 1e-9)
    low, high = np.quantile(shares, (0.025, 0.975))
    return Drop(value=float(parts.sum() / weights.sum()), low=float(low), high=float(high), pictures=count)
