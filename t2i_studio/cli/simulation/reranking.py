"""What a few ratings are worth at once: the picture of each batch that a reward puts first, against the others.

The raters' taste is not the reward's: other measures of pixels, and the second judge where there is one (tastes.py).
Products that were rated are in no batch that is measured.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from t2i_studio.brief import vocabulary
from t2i_studio.brief.requests import make_request
from t2i_studio.cli.simulation.tastes import TASTES, Eye, Taste, noise_for_agreement, prefer, utility
from t2i_studio.domain import Noun, Variant
from t2i_studio.domain.learning import Evidence, Judgement, Preference, Scope
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.feedback.estimates import share
from t2i_studio.judge.seeing import Sees
from t2i_studio.learning.features import looks
from t2i_studio.learning.held_out import product_of
from t2i_studio.learning.ranking import JUDGED, facts_of
from t2i_studio.learning.reward import Reward, Seen, fit
from t2i_studio.settings import Settings
from t2i_studio.store import jobs
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variants

BATCHES, SIZE = 110, 4
RATINGS = 40
SPLITS = 10
"""Ways in which products are split into rated ones and held-out ones; each has raters of its own."""
FIRST_SEED, SEED = 1000, 7
LOOK_EVERY = 0.2


class Reranked(Noun):
    """Of one taste. win_rate: of the first of a batch against a random other one, by the taste itself, with its 95 %
    interval over products. of_all: against a random one of the whole batch, itself counting half. accuracy: share of
    pairs of a batch that are ordered right. usable: how often the reward said of itself that it is better than chance.
    """

    taste: str
    win_rate: float
    win_rate_low: float
    win_rate_high: float
    of_all: float
    accuracy: float
    usable: float
    ratings: int
    batches: int
    pictures: int


@dataclass(frozen=True)
class Batch:
    """Pictures of one description. variants: their numbers. utilities: how much the taste likes each."""

    text: str
    product: str
    variants: tuple[int, ...]
    utilities: np.ndarray


def descriptions(model: ModelCard, count: int) -> list[str]:
    """A product in a colour, in turn Chinese and English, all else open, as descriptions often are. For a model with a
    vocabulary of its own.
    """
    known = vocabulary.load(Path(model.source))
    assert known is not None
    objects, colors = ([c for c in known.concepts.values() if c["kind"] == kind] for kind in ("object", "color"))
    rng = np.random.default_rng(SEED)
    order, texts = rng.permutation(len(objects)), []
    for number in range(count):
        product, color = objects[order[number % len(order)]], colors[rng.integers(len(colors))]
        texts.append(f"a {color['en']} {product['en']}" if number % 2 else color["zh"] + product["zh"])
    return texts


def make_batches(db: Database, settings: Settings, count: int, tell: Callable[[int], None]) -> list[list[Variant]]:
    """SIZE pictures for each of `count` descriptions. tell: how many batches are made."""
    card = find_model(settings, settings.model)
    engine = Engine(db, settings)
    engine.start()
    try:
        numbers = [
            engine.submit(make_request(text, card, variants=SIZE, seed=FIRST_SEED + 10 * number)).id
            for number, text in enumerate(descriptions(card, count))
        ]
        for done, number in enumerate(numbers):
            tell(done)
            while engine.status(number).state in jobs.OPEN:
                time.sleep(LOOK_EVERY)
    finally:
        engine.close()
    return [get_variants(db, jobs.get_job(db, number).variants) for number in numbers]


def measure(db: Database, settings: Settings, batches: Sequence[Sequence[Variant]], judge: Sees) -> list[Reranked]:
    """Every taste, learnt SPLITS times from RATINGS comparisons."""
    seen = _seen(db, settings, batches)
    pictures = [_picture(db, variant) for batch in batches for variant in batch]
    eye = Eye.used_to(judge, pictures)
    found = []
    for taste in TASTES:
        liked = iter(utility(taste, pictures, eye))
        known = [
            Batch(
                batch[0].request.text,
                seen[batch[0].id].product or batch[0].request.text,
                tuple(variant.id for variant in batch),
                np.array([next(liked) for _ in batch]),
            )
            for batch in batches
        ]
        found.append(rerank(taste, known, seen))
    return found


def rerank(
    taste: Taste, batches: Sequence[Batch], seen: Mapping[int, Seen], *, splits: int = SPLITS, ratings: int = RATINGS
) -> Reranked:
    """Learn from comparisons of pictures of half the products, and put the batches of the other half in order."""
    gaps = np.concatenate(
        [np.subtract.outer(b.utilities, b.utilities)[np.triu_indices(len(b.variants), 1)] for b in batches]
    )
    noise = noise_for_agreement(gaps)
    wins: list[float] = []
    of: list[str] = []
    right: list[float] = []
    usable: list[bool] = []
    for number in range(splits):
        rng = np.random.default_rng([SEED, number])
        products = rng.permutation(sorted({batch.product for batch in batches}))
        rated = set(products[: len(products) // 2].tolist())
        told = [batch for batch in batches if batch.product in rated]
        reward = fit(_evidence(told, noise, ratings, rng), seen)
        usable.append(reward.usable)
        for batch in batches:
            if batch.product not in rated:
                first, pairs = _judged(reward, batch, seen)
                wins.append(first)
                right.append(pairs)
                of.append(batch.product)
    told_share = share(wins, of)
    size = len(batches[0].variants)
    mean = told_share.value or 0.0
    return Reranked(
        taste=taste,
        win_rate=mean,
        win_rate_low=told_share.low or 0.0,
        win_rate_high=told_share.high or 0.0,
        of_all=(0.5 + (size - 1) * mean) / size,
        accuracy=float(np.mean(right)),
        usable=float(np.mean(usable)),
        ratings=ratings,
        batches=len(wins),
        pictures=sum(len(batch.variants) for batch in batches),
    )


def _evidence(batches: Sequence[Batch], noise: float, ratings: int, rng: np.random.Generator) -> Evidence:
    """Comparisons of two pictures of a batch each, batch by batch in random order, none twice."""
    pairs = []
    for batch in batches:
        own = [(a, b) for a in range(len(batch.variants)) for b in range(a)]
        pairs.append([(batch, *own[at]) for at in rng.permutation(len(own))])
    order = rng.permutation(len(pairs))
    in_turn = [pairs[at][turn] for turn in range(min(map(len, pairs))) for at in order][:ratings]
    preferences = []
    for number, (batch, a, b) in enumerate(in_turn):
        won = bool(prefer(rng, batch.utilities[a], batch.utilities[b], noise))
        better, worse = (a, b) if won else (b, a)
        preferences.append(
            Preference(
                description=batch.text,
                better=batch.variants[better],
                worse=batch.variants[worse],
                rater="made up",
                judgements=(Judgement(comparison=number + 1),),
            )
        )
    return Evidence(scope=Scope(model="made up"), preferences=tuple(preferences), opinions=())


def _judged(reward: Reward, batch: Batch, seen: Mapping[int, Seen]) -> tuple[float, float]:
    """Share of the others that the first is liked better than, and share of all pairs in the right order."""
    shown = [seen[variant] for variant in batch.variants]
    scores, _ = reward.score(reward.columns([one.look for one in shown], [one.facts for one in shown]))
    first = int(scores.argmax())
    others = np.delete(batch.utilities, first)
    above, below = np.triu_indices(len(scores), 1)
    agreed = (scores[above] - scores[below]) * (batch.utilities[above] - batch.utilities[below]) > 0
    return float((batch.utilities[first] > others).mean()), float(agreed.mean())


def _seen(db: Database, settings: Settings, batches: Sequence[Sequence[Variant]]) -> dict[int, Seen]:
    variants = [variant for batch in batches for variant in batch]
    known = looks(db, settings, [variant.image or "" for variant in variants])
    card = find_model(settings, JUDGED)
    return {
        variant.id: Seen(
            look=known[variant.image or ""],
            facts=facts_of(settings, variant),
            product=product_of(variant.request.text, card),
        )
        for variant in variants
    }


def _picture(db: Database, variant: Variant) -> Image.Image:
    with Image.open(image_path(db, variant.image or "")) as picture:
        return picture.convert("RGB")
