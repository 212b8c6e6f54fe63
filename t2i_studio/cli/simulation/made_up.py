"""A store of real pictures with made-up comparisons, so that the whole way from ratings to an adapter runs for real."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from t2i_studio.brief import vocabulary
from t2i_studio.brief.requests import make_request
from t2i_studio.cli.simulation.tastes import Eye, Taste, noise_for_agreement, prefer, utility
from t2i_studio.domain import GenerationRequest, Job, State, Variant
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.engine.weights import weight_hash
from t2i_studio.errors import StudioError
from t2i_studio.judge.seeing import Sees
from t2i_studio.learning.held_out import drawable, product_of
from t2i_studio.settings import Settings
from t2i_studio.store import jobs
from t2i_studio.store.comparisons import compare
from t2i_studio.store.database import Database, open_database
from t2i_studio.store.images import image_path, put_image
from t2i_studio.store.raters import rater_named
from t2i_studio.store.variants import get_variants

RATED = 2 / 3
"""Share of the model's products that ratings are about."""
SAID = {"color": 0.5, "backdrop": 0.3, "prop": 0.25, "podium": 0.25}
"""How often a made-up description says something of the kind."""
RATERS = 5
TWICE = 0.1
"""Share of the comparisons that are a second rater's, of a pair that another has judged."""
ORDINARY = 100
"""Pairs whose pictures show what is ordinary, so that a taste is the same however many pairs are judged."""
FIRST_SEED = 1_000_000
LOOK_EVERY = 0.2


@dataclass(frozen=True)
class MadeUp:
    """What was stored, and what training must not see. texts: the descriptions, one a pair. held_out: products (ids of
    the model's concepts) that none is about. utilities: (pairs, 2) of the pictures. noise: of a rater's choice.
    comparisons: how many were stored, those of second raters among them.
    """

    taste: Taste
    texts: tuple[str, ...]
    held_out: tuple[str, ...]
    eye: Eye
    noise: float
    utilities: np.ndarray
    comparisons: int


def split_products(model: ModelCard, seed: int) -> tuple[list[str], list[str]]:
    """The products of the table that the model knows: those to be rated, and those held out."""
    products = sorted({str(product_of(text, model)) for text in drawable(model)})
    order = [products[at] for at in np.random.default_rng(seed).permutation(len(products))]
    rated = round(len(order) * RATED)
    return order[:rated], order[rated:]


def made_up_descriptions(model: ModelCard, products: Sequence[str], count: int, seed: int) -> list[str]:
    """Different ones, in turn about each product and in turn Chinese and English; the first are the same for any count.

    model: one with a vocabulary of its own, `products` being ids of its concepts.
    """
    known = vocabulary.load(Path(model.source))
    if known is None:
        raise StudioError("model.unknown", model=model.name, models="podium")
    kinds = {kind: [id for id, row in known.concepts.items() if row["kind"] == kind] for kind in SAID}
    kinds["podium"] = [id for id in kinds["podium"] if id != "podium.none"]
    rng = np.random.default_rng(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        number = len(texts)
        language = "en" if number % 2 else "zh"
        said = {kind: str(rng.choice(ids)) for kind, ids in kinds.items() if rng.random() < SAID[kind]}
        said["object"] = products[number // 2 % len(products)]
        texts[_written({kind: known.concepts[id][language] for kind, id in said.items()}, language)] = None
    return list(texts)


def _written(said: dict[str, str], language: str) -> str:
    chinese = language == "zh"
    color = said.get("color", "")
    parts = [color + said["object"] if chinese else f"{color} {said['object']}".strip()]
    if "backdrop" in said:
        parts.append(f"{said['backdrop']}背景" if chinese else f"{said['backdrop']} background")
    parts += [said[kind] for kind in ("prop", "podium") if kind in said]
    return ("，" if chinese else ", ").join(parts)


def pictured(
    cache: Path, settings: Settings, texts: Sequence[str], seed: int, tell: Callable[[int], None] = lambda made: None
) -> tuple[Database, list[tuple[Variant, Variant]]]:
    """Two pictures for each description, in a studio of its own under `cache` that the next call finds again.

    They are made once for a model's weights and a seed; a call that was stopped goes on where it was. tell: how many
    pictures there are. The caller closes the database.
    """
    card = find_model(settings, settings.model)
    weights = weight_hash(card.folder, cache / "weights.json") if card.folder else card.name
    db = open_database(cache / f"{weights[:16]}-{seed}")
    engine = Engine(db, settings)
    engine.start()
    try:
        known = {(job.request.text, job.request.seed): job for job in jobs.list_jobs(db, limit=1000)}
        numbers = []
        for k, text in enumerate(texts):
            request = make_request(text, card, seed=2 * k + FIRST_SEED * (seed + 1), variants=2)
            numbers.append(_job(engine, request, known.get((text, request.seed))))
        for done, number in enumerate(numbers):
            tell(2 * done)
            _await(engine, number)
    finally:
        engine.close()
    return db, [_pair(db, number) for number in numbers]


def _job(engine: Engine, request: GenerationRequest, known: Job | None) -> int:
    """The job of these pictures: the one that is there already, gone on with where it was stopped, or a new one."""
    if known is None:
        return engine.submit(request).id
    if known.state not in (*jobs.OPEN, State.DONE):
        engine.resume(known.id)
    return known.id


def _await(engine: Engine, number: int) -> None:
    while (status := engine.status(number)).state in jobs.OPEN:
        time.sleep(LOOK_EVERY)
    if status.error is not None:
        raise StudioError(status.error["key"], **status.error["params"])


def _pair(db: Database, number: int) -> tuple[Variant, Variant]:
    first, second = get_variants(db, jobs.get_job(db, number).variants)
    return first, second


def made_up_pairs(
    db: Database, cache: Path, settings: Settings, *, taste: Taste, pairs: int, seed: int, judge: Sees,
    raters: int = 0, shuffled: bool = False, tell: Callable[[int], None] = lambda made: None,
) -> MadeUp:  # fmt: skip
    """Fill `db` with variants of two pictures a description and `pairs` comparisons of them by RATERS raters.

    TWICE of the comparisons are second opinions, so that the store knows how far raters agree: on AGREED of the pairs.
    shuffled: raters toss a coin. Products and pictures follow from `seed`, answers from `raters` too.
    cache: where pictures are kept between calls.
    """
    rated, held_out = split_products(find_model(settings, settings.model), seed)
    again = round(pairs * TWICE)
    count = max(pairs - again, min(pairs, ORDINARY))
    texts = made_up_descriptions(find_model(settings, settings.model), rated, count, seed)
    kept, variants = pictured(cache, settings, texts, seed, tell)
    try:
        images = [[_image(kept, variant) for variant in pair] for pair in variants]
        copies = [_copied(db, kept, pair) for pair in variants[: pairs - again]]
    finally:
        kept.close()
    eye = Eye.used_to(judge, [image for pair in images[:ORDINARY] for image in pair])
    utilities = utility(taste, [image for pair in images for image in pair], eye).reshape(-1, 2)
    ordinary = utilities[:ORDINARY, 0] - utilities[:ORDINARY, 1]
    noise = np.inf if shuffled else noise_for_agreement(ordinary)
    _judge(db, copies, utilities, noise, again, np.random.default_rng([seed, 1, raters]))
    judged = pairs - again
    return MadeUp(taste, tuple(texts[:judged]), tuple(held_out), eye, noise, utilities[:judged], pairs)


def _image(db: Database, variant: Variant) -> Image.Image:
    assert variant.image is not None
    with Image.open(image_path(db, variant.image)) as picture:
        return picture.convert("RGB")


def _copied(db: Database, kept: Database, pair: tuple[Variant, Variant]) -> tuple[int, ...]:
    """The same job in `db`, finished with the same pictures; the numbers of its variants."""
    job = jobs.enqueue(db, pair[0].request)
    for number, variant in zip(job.variants, pair, strict=True):
        assert variant.image is not None
        assert variant.origin is not None
        sha = put_image(db, image_path(kept, variant.image).read_bytes())
        jobs.finish_variant(db, number, sha, variant.origin)
    jobs.finish_job(db, job.id, State.DONE)
    return job.variants


def _judge(
    db: Database, pairs: Sequence[tuple[int, ...]], utilities: np.ndarray, noise: float, again: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """One comparison of each pair, and of the first `again` in random order one more by another rater."""
    raters = [rater_named(db, f"made up {number + 1}") for number in range(RATERS)]
    order = list(rng.permutation(len(pairs)))
    for turn, at in enumerate([*order, *order[:again]]):
        rater = raters[turn % RATERS] if turn < len(order) else raters[(turn - len(order) + 1) % RATERS]
        first, second = pairs[at]
        better = bool(prefer(rng, utilities[at, 0], utilities[at, 1], noise))
        shown = (first, second) if rng.random() < 0.5 else (second, first)
        compare(db, shown, rater, winner=first if better else second)
