"""`presets`: looks to begin with, and their pictures made again."""

import io
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from t2i_studio.brief.presets import PICTURE_SEED, PICTURE_TEXT, Preset, phrases_for, presets
from t2i_studio.brief.requests import make_request
from t2i_studio.cli import batch, files
from t2i_studio.cli.console import Home, Json, answer, language, studio
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, GenerationRequest
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import StudioError
from t2i_studio.settings import Settings
from t2i_studio.store.images import image_path
from t2i_studio.store.variants import get_variant

SIDE = 160
MAX_BYTES = 8_000


def list_presets(
    pictures: Annotated[
        str | None, typer.Option(metavar="DIR", help="Draw each one's picture into this folder.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the presets: style levels and phrases to begin a description with."""
    if pictures is not None:
        draw(files.make_folder(pictures), home)
    answer([preset.model_dump(mode="json") for preset in presets()], "\n".join(map(_line, presets())), json)


def _line(preset: Preset) -> str:
    levels = [
        f"{control}={level}" for control in STYLE_CONTROLS if (level := getattr(preset.style, control)) != NEUTRAL
    ]
    spoken = language()
    said = ", ".join(phrases_for(preset, spoken, said={"other"}))
    return f"{preset.id:<18} {preset.name.said(spoken)}\n    {said}\n    {' '.join(levels)}"


def draw(folder: Path, home: Path | None) -> None:
    """Each preset's picture with the embedded model, as `id`.webp: the same product and seed under every look.

    Raises the StudioError of a picture that failed; Ctrl-C exits with 130.
    """
    with studio(home) as (settings, db):
        requests = [_request(preset, settings) for preset in presets()]
        jobs, stopped = batch.see_through(db, settings, lambda engine: [engine.submit(r) for r in requests])
        if stopped:
            raise typer.Exit(130)
        for preset, job in zip(presets(), jobs, strict=True):
            if job.error:
                raise StudioError(job.error["key"], **job.error["params"])
            sha = get_variant(db, job.variants[0]).image
            if sha is not None:
                files.write(folder / preset.picture.name, _small(image_path(db, sha)))


def _request(preset: Preset, settings: Settings) -> GenerationRequest:
    text = ", ".join([PICTURE_TEXT, *phrases_for(preset, "en", said={"other"})])
    return make_request(text, find_model(settings, "podium"), style=preset.style, seed=PICTURE_SEED, variants=1)


def _small(path: Path) -> bytes:
    """A picture as WebP of SIDE × SIDE pixels, at the best quality that fits MAX_BYTES."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    for quality in range(90, 0, -10):
        data = io.BytesIO()
        small.save(data, "WEBP", quality=quality, method=6)
        if data.tell() <= MAX_BYTES:
            break
    return data.getvalue()
