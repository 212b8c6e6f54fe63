"""A style check: pictures of the same products and seeds at every level of a control, and whether they follow it."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date

import numpy as np
from PIL import Image

from t2i_studio.brief.requests import make_request
from t2i_studio.domain import StyleSettings
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.picture_measures import MEASURES
from t2i_studio.engine.registry import ModelCard
from t2i_studio.engine.style_effects import Effect, Measured
from t2i_studio.errors import StudioError
from t2i_studio.judge.cielab import lab
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.jobs import OPEN
from t2i_studio.store.variants import get_variants

DESCRIPTIONS = (
    "红色手提包，圆形展台，蓝色背景",
    "a yellow teapot on a square podium, purple backdrop",
    "蓝色双肩包，圆角展台，粉色背景",
    "a green running shoe on a tiered podium, orange backdrop",
)
"""Products of another hue than their backdrop, as the measures need them; half in each language."""
LOOK_EVERY = 0.1
RESAMPLES = 2000
CONFIDENCE = 0.95


def levels_of(control: Measured) -> list[StyleSettings]:
    """The settings to compare, in the order in which the measured quantity should rise."""
    if control == "position":
        return [StyleSettings(position=place) for place in ("left", "centre", "right")]
    return [StyleSettings(**{control: level}) for level in range(1, 6)]


class PictureMaker:
    """Makes pictures through the engine and remembers them: the neutral level of every control is the same picture.

    made: called with each number of new pictures. `weights` is the model's hash, once there is a picture.
    """

    def __init__(self, engine: Engine, db: Database, card: ModelCard, seeds: int, made: Callable[[int], None]) -> None:
        self._engine, self._db, self._card, self._seeds, self._made = engine, db, card, seeds, made
        self._known: dict[tuple[str, StyleSettings], list[Image.Image]] = {}
        self.weights = ""

    def scenes(self, control: Measured, texts: Sequence[str]) -> Iterator[list[Image.Image]]:
        """For each description and seed, its pictures from the lowest level to the highest.

        Raises the StudioError that ended a batch.
        """
        for text in texts:
            yield from map(list, zip(*(self.pictures(text, style) for style in levels_of(control)), strict=True))

    def pictures(self, text: str, style: StyleSettings) -> list[Image.Image]:
        """One for each seed, from 1 on."""
        if (text, style) not in self._known:
            self._known[text, style] = self._make(text, style)
        return self._known[text, style]

    def _make(self, text: str, style: StyleSettings) -> list[Image.Image]:
        request = make_request(text, self._card, style=style, seed=1, variants=self._seeds)
        job = self._engine.submit(request)
        while (status := self._engine.status(job.id)).state in OPEN:
            time.sleep(LOOK_EVERY)
        if status.error is not None:
            raise StudioError(status.error["key"], **status.error["params"])
        pictures = []
        for variant in get_variants(self._db, job.variants):
            if variant.image is None or variant.origin is None:
                raise StudioError("job.cancelled", id=job.id)
            self.weights = variant.origin.model_hash
            with Image.open(image_path(self._db, variant.image)) as picture:
                pictures.append(picture.convert("RGB"))
        self._made(len(pictures))
        return pictures


def effect(control: Measured, scenes: Sequence[Sequence[Image.Image]], model: str) -> Effect:
    """What the pictures of `PictureMaker.scenes`, at least one scene, say of a control."""
    measure = MEASURES[control]
    values = np.array([[measure(lab(picture)) for picture in levels] for levels in scenes])
    found, low, high = (round(value, 3) for value in correlation(values))
    return Effect(correlation=found, low=low, high=high, pictures=values.size, model=model, measured=date.today())


def correlation(values: np.ndarray) -> tuple[float, float, float]:
    """(correlation, low, high) as an Effect has them, of (scenes, levels) values in the order of the levels.

    Spearman's ρ within each row, which is one product and seed: differences between products would hide the
    control's effect. A row that does not vary counts as 0. The interval is the percentile bootstrap over rows
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), with the same dice every time.
    """
    ranks = np.sign(values[:, :, None] - values[:, None, :]).sum(2)  # twice the mean ranks, from their middle
    levels = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    length = np.sqrt((ranks**2).sum(1) * (levels**2).sum())
    rows = np.divide(ranks @ levels, length, out=np.zeros(len(values)), where=length > 0)
    drawn = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    low, high = np.quantile(rows[drawn].mean(1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(rows.mean()), float(low), float(high)
