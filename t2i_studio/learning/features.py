"""What a reward is learnt from: plain facts of a picture, computed once and kept, whichever model made it.

Three parts, all frozen: measures of pixels, what the studio's judge sees, and, where the user names one, the features
of a CLIP-like model. They are kept by the picture's hash in <home>/cache/features; what cannot be read is made again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import ValidationError

from t2i_studio.domain import Noun
from t2i_studio.engine.kept import keep
from t2i_studio.errors import StudioError
from t2i_studio.settings import EMBEDDED_JUDGE, Settings
from t2i_studio.store.database import Database
from t2i_studio.store.images import image_path

VERSION = 1
"""Of how a Look is made; older ones are made again."""
AT_ONCE = 16
LIKELY = 5e-4
"""Smaller likelihoods are not kept: of 195 objects hardly one is left."""


class Look(Noun):
    """A picture as the reward sees it.

    measures: named pixel measures (engine.picture_measures) and the mean colour of the rim. seen: attribute → class id
    → likelihood in 0–1, as the judge sees it. deep: the judge's features. foreign: those of the model that the user
    named, of unit length; empty without one.
    """

    measures: dict[str, float]
    seen: dict[str, dict[str, float]]
    deep: tuple[float, ...]
    foreign: tuple[float, ...] = ()


def looks(db: Database, settings: Settings, images: Sequence[str]) -> dict[str, Look]:
    """Hash → look of every picture that can be read; those that are gone or damaged are left out.

    Kept ones are read, the others computed (some 30 ms each, and torch is imported) and kept. Raises StudioError
    judge.unreadable, features.unreadable (of the model that the user named).
    """
    folder = _folder(db, settings)
    found: dict[str, Look] = {}
    missing = []
    for image in dict.fromkeys(images):
        kept = _read(folder / f"{image}.json")
        if kept is None:
            missing.append(image)
        else:
            found[image] = kept
    for start in range(0, len(missing), AT_ONCE):
        found |= _made(db, settings, folder, missing[start : start + AT_ONCE])
    return found


def kept_looks(db: Database, settings: Settings, images: Sequence[str]) -> dict[str, Look]:
    """Those that are kept already; nothing is computed and torch is not imported."""
    folder = _folder(db, settings)
    read = ((image, _read(folder / f"{image}.json")) for image in dict.fromkeys(images))
    return {image: look for image, look in read if look is not None}


def look_at(pictures: Sequence[Image.Image], settings: Settings) -> list[Look]:
    """The looks of open pictures of any size and mode. Raises as `looks` does."""
    if not pictures:
        return []
    from t2i_studio.judge.folder import load_judge
    from t2i_studio.judge.seeing import features, see

    judge = load_judge()
    seen, deep = see(judge, pictures), features(judge, pictures)
    foreign = _foreign(settings.picture_features, settings.offline, pictures) if settings.picture_features else None
    return [
        Look(
            measures=_measured(picture),
            seen={name: _kept_likelihoods(likely) for name, likely in seen[number].items()},
            deep=tuple(deep[number].round(4).tolist()),
            foreign=foreign[number] if foreign else (),
        )
        for number, picture in enumerate(pictures)
    ]


def _made(db: Database, settings: Settings, folder: Path, images: Sequence[str]) -> dict[str, Look]:
    opened: dict[str, Image.Image] = {}
    for image in images:
        try:
            with Image.open(image_path(db, image)) as picture:
                opened[image] = picture.convert("RGB")
        except (StudioError, OSError, SyntaxError, ValueError):  # gone or damaged: it says nothing
            continue
    made = dict(zip(opened, look_at(list(opened.values()), settings), strict=True))
    for image, look in made.items():
        keep(folder / f"{image}.json", look.model_dump_json())
    return made


def _folder(db: Database, settings: Settings) -> Path:
    """One for each way of looking, so that another judge's features never mix with this one's."""
    way = f"{VERSION} {_judge_hash(EMBEDDED_JUDGE)} {settings.picture_features}"
    return db.home / "cache" / "features" / hashlib.sha256(way.encode()).hexdigest()[:12]


@cache
def _judge_hash(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / "judge.safetensors").read_bytes()).hexdigest()
    except OSError as error:
        raise StudioError("judge.unreadable", path=folder) from error


def _read(path: Path) -> Look | None:
    try:
        return Look.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _kept_likelihoods(likely: Mapping[str, float]) -> dict[str, float]:
    return {id: round(share, 4) for id, share in likely.items() if share > LIKELY}


def _measured(picture: Image.Image) -> dict[str, float]:
    import numpy as np

    from t2i_studio.engine.picture_measures import MEASURES
    from t2i_studio.judge.cielab import lab

    pixels = lab(picture)
    rim = np.concatenate([pixels[:, :8].reshape(-1, 3), pixels[:, -8:].reshape(-1, 3), pixels[:8].reshape(-1, 3)])
    ground = dict(zip(("rim_lightness", "rim_green_red", "rim_blue_yellow"), rim.mean(0).tolist(), strict=True))
    values = {name: measure(pixels) for name, measure in MEASURES.items()} | ground
    return {name: round(float(value), 5) for name, value in values.items()}


def _foreign(name: str, offline: bool, pictures: Sequence[Image.Image]) -> list[tuple[float, ...]]:
    import torch

    model, processor = _foreign_model(name, offline)
    with torch.no_grad():
        given = processor(images=[picture.convert("RGB") for picture in pictures], return_tensors="pt")
        vectors = model.get_image_features(pixel_values=given["pixel_values"])
    vectors = getattr(vectors, "pooler_output", vectors).float()
    vectors = vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    return [tuple(row) for row in vectors.numpy().round(5).tolist()]


@cache
def _foreign_model(name: str, offline: bool) -> tuple[Any, Any]:
    from transformers import AutoImageProcessor, AutoModel

    try:
        model = AutoModel.from_pretrained(name, local_files_only=offline)
        processor = AutoImageProcessor.from_pretrained(name, local_files_only=offline)
    except (OSError, ValueError, ImportError) as error:
        raise StudioError("features.unreadable", model=name) from error
    if not hasattr(model, "get_image_features"):
        raise StudioError("features.unreadable", model=name)
    return model.eval(), processor
