"""A corpus: many composed scenes on disk, in parts that appear whole, so that a killed run goes on where it was."""

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import FOLDER, load_catalogue
from t2i_studio.pretraining.renderer import Renderer
from t2i_studio.pretraining.scenes import Scene, sample_scene
from t2i_studio.pretraining.writing import writing

PART = 1000  # scenes in a part
HELD_OUT = 10_000  # seeds from here on are never trained on


def compose(
    folder: Path, renders: Path, objects: Sequence[str], count: int, size: int, seed: int = 0, tables: Path = FOLDER
) -> Iterator[int]:
    """Draw `count` scenes of `objects` at `size` px into `folder`; yields how many there are by now.

    tables: the folder of the catalogue that the objects are of. Part k depends on (seed, k) only; one that is too
    short, of an earlier smaller corpus, is drawn anew. StudioError when the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        counts = [min(PART, count - begin) for begin in range(0, count, PART)]
        jobs = [(folder, tables, renders, tuple(objects), number, n, size, seed) for number, n in enumerate(counts)]
        with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
            done = 0
            for made in pool.imap_unordered(_compose_part, jobs):
                done += made
                yield done


@cache
def _renderer(tables: Path, renders: Path, size: int) -> Renderer:
    return Renderer(load_catalogue(tables), renders, size)


def _compose_part(job: tuple[Path, Path, Path, tuple[str, ...], int, int, int, int]) -> int:
    folder, tables, renders, objects, number, count, size, seed = job
    target = folder / f"part-{number:04}.npz"
    if target.exists() and len(_read(target, "masks")[0]) >= count:
        return count
    renderer = _renderer(tables, renders, size)
    rng = np.random.default_rng((seed, number))
    scenes = [sample_scene(rng, renderer.catalogue, objects) for _ in range(count)]
    pictures = np.empty((count, size, size, 3), np.uint8)
    for index in sorted(range(count), key=lambda i: (scenes[i].object, str(scenes[i].color))):  # kind to caches
        pictures[index] = renderer.render(scenes[index])
    masks = np.stack([renderer.object_mask(scene) for scene in scenes]).astype(np.float16)
    partial = target.with_suffix(".part.npz")
    np.savez(partial, pictures=pictures, masks=masks, scenes=json.dumps([asdict(scene) for scene in scenes]))
    partial.rename(target)
    return count


def parts(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray, list[Scene]]]:
    """Pictures (N, size, size, 3) uint8, object masks (N, 8, 8) and scenes, part after part.

    StudioError when there are none or one is damaged.
    """
    for path in _paths(folder):
        pictures, masks, texts = _read(path, "pictures", "masks", "scenes")
        yield pictures, masks, _scenes(texts)


def first(folder: Path, count: int) -> tuple[np.ndarray, list[Scene]]:
    """The first `count` pictures (N, size, size, 3) uint8 and their scenes, fewer where there are not so many."""
    found: list[Scene] = []
    pictures = np.empty(0, np.uint8)
    for some, _, scenes_ in islice(parts(folder), -(-count // PART)):
        if not found:
            pictures = np.empty((min(count, len(_paths(folder)) * PART), *some.shape[1:]), np.uint8)
        kept = some[: len(pictures) - len(found)]
        pictures[len(found) : len(found) + len(kept)] = kept
        found += scenes_[: len(kept)]
    return pictures[: len(found)], found


def scenes(folder: Path) -> list[Scene]:
    """The scenes of all parts, in order."""
    return [scene for path in _paths(folder) for scene in _scenes(*_read(path, "scenes"))]


def _paths(folder: Path) -> list[Path]:
    paths = [path for path in sorted(folder.glob("part-*.npz")) if ".part" not in path.name]
    if not paths:
        raise StudioError("recipe.no_corpus", path=folder)
    return paths


def _read(path: Path, *names: str) -> list[np.ndarray]:
    """Arrays of a part. StudioError when it is damaged."""
    try:
        with np.load(path) as file:
            return [file[name] for name in names]
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise StudioError("recipe.damaged_part", path=path) from error


def _scenes(text: np.ndarray) -> list[Scene]:
    return [Scene(**{**row, "props": tuple(row["props"])}) for row in json.loads(str(text))]
