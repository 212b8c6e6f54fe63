"""`explain`: which regions of a picture answered to which word of its prompt."""

import io
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from t2i_studio.brief.values import shown
from t2i_studio.cli import files
from t2i_studio.cli.console import Home, Json, answer, identifier, studio, words
from t2i_studio.engine.engine import Engine
from t2i_studio.engine.explanation import Explanation, WordMap
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variant

LOOK_EVERY = 0.2
OPACITY = 0.7
INFERNO = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
"""Colours from weak to strong (Nathaniel Smith and Stéfan van der Walt, CC0)."""


def explain(
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="Number of the variant.")],
    word: Annotated[str | None, typer.Option(metavar="W", help="Word of --out [the strongest].")] = None,
    out: Annotated[str | None, typer.Option(metavar="PNG", help="Draw the word's regions over the picture.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Which word did how much, and where; a word that did nothing is marked with –."""
    number = identifier("variant", variant)
    with studio(home) as (settings, db):
        told = _told(db, settings, number)
        chosen = _chosen(told, word)
        if out is not None:
            with Image.open(image_path(db, get_variant(db, number).image or "")) as picture:
                drawn = overlay(picture.convert("RGB"), told, chosen)
            packed = io.BytesIO()
            drawn.save(packed, "PNG")
            files.write(Path(out).expanduser(), packed.getvalue())
    lines = [f"{'–' if one.silent else ' '} {one.share:6.1%}  {one.text}" for one in told.words]
    answer({"variant": number, "word": chosen.text, **told.model_dump(mode="json")}, "\n".join(lines), json)


def overlay(picture: Image.Image, told: Explanation, word: WordMap) -> Image.Image:
    """The picture with the strength of a word's effect over it, dark to light."""
    levels = np.asarray(word.levels, np.uint8).reshape(told.rows, told.columns)
    smooth = np.asarray(Image.fromarray(levels).resize(picture.size, Image.Resampling.BILINEAR), np.float32) / 255
    stops = np.linspace(0, 1, len(INFERNO))
    colour = np.stack([np.interp(smooth, stops, channel) for channel in zip(*INFERNO, strict=True)], -1)
    mixed = OPACITY * colour + (1 - OPACITY) * np.asarray(picture, np.float32)
    return Image.fromarray(mixed.round().astype(np.uint8))


def _chosen(told: Explanation, word: str | None) -> WordMap:
    if word is None:
        return max(told.words, key=lambda one: one.share)
    for one in told.words:
        if one.text.casefold() == word.strip().casefold():
            return one
    raise StudioError("explain.word_unknown", word=shown(word), words=", ".join(one.text for one in told.words))


def _told(db: Database, settings: Settings, number: int) -> Explanation:
    """The kept explanation, or a new one with progress on stderr."""
    engine = Engine(db, settings)
    engine.explain(number)
    if told := engine.explanation(number).told:
        return told
    engine.start()
    try:
        while (status := engine.explanation(number)).told is None and status.error is None:
            _show(status.done)
            time.sleep(LOOK_EVERY)
    finally:
        engine.close()
    if status.error:
        raise StudioError(status.error["key"], **status.error["params"])
    _show(1.0)
    assert status.told is not None
    return status.told


def _show(done: float) -> None:
    if sys.stderr.isatty():
        line = words(f"{done:.0%} done", f"已完成 {done:.0%}")
        print(f"\r{line}\x1b[K", end="\n" if done == 1 else "", file=sys.stderr, flush=True)
