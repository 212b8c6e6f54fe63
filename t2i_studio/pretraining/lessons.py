"""What one step of drawing learns from: scenes, what a description says of them, and noise, all drawn by lot.

On a processor lessons are written as they are needed, and small. An accelerator is done with a large one before a
processor has written it: there all scenes lie on the device, each with a few descriptions written beforehand.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from t2i_studio.domain import NEUTRAL
from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.captions import caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import stated_classes
from t2i_studio.pretraining.framing import left_open
from t2i_studio.pretraining.latents import PatchCode, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

BATCH = 16
LARGE = 1024  # on an accelerator
WORDINGS = 4  # descriptions of a scene that are written beforehand
FAVOUR = 3
DROPPED = 0.1  # share of prompts without a word, for guidance
SHARE = 2_000  # scenes that one process words at a time


@dataclass(frozen=True)
class LatentScenes:
    """Composed scenes as training data: latents (N, C, 8, 8) half precision, masks (N, 8, 8), scenes."""

    latents: Tensor
    masks: Tensor
    scenes: list[Scene]

    def only(self, objects: Sequence[str], nearest: int) -> "LatentScenes":
        """The scenes of these objects from this level of distance on: an easier lesson to begin with."""
        index = [
            i for i, scene in enumerate(self.scenes)
            if scene.object in objects and scene.style["distance"] >= nearest
        ]  # fmt: skip
        return self._at(index)

    def favouring(self, names: Sequence[str], often: int = FAVOUR) -> "LatentScenes":
        """The same scenes, some `often` times: so newcomers catch up, and nothing is forgotten.

        names: objects, and style controls, for the scenes where these are not at their neutral level.
        """
        return self._repeated(often, [
            scene.object in names or any(scene.style.get(name, NEUTRAL) != NEUTRAL for name in names)
            for scene in self.scenes
        ])  # fmt: skip

    def half_in(self, colors: Sequence[str]) -> "LatentScenes":
        """The same scenes, those of products in these colours so often that they are about half of all."""
        these = [scene.color in colors for scene in self.scenes]
        return self._repeated(max(1, round(these.count(False) / max(1, sum(these)))), these)

    def _repeated(self, often: int, which: Sequence[bool]) -> "LatentScenes":
        return self._at([i for i, repeated in enumerate(which) for _ in range(often if repeated else 1)])

    def _at(self, index: list[int]) -> "LatentScenes":
        return LatentScenes(self.latents[index], self.masks[index], [self.scenes[i] for i in index])


def encode_corpus(
    parts: Iterable[tuple[np.ndarray, np.ndarray, list[Scene]]], code: PatchCode, device: torch.device
) -> LatentScenes:  # fmt: skip
    """Latents of all pictures of a corpus (see corpus.parts), in the processor's memory; `device` computes them."""
    latents, masks, scenes = [], [], []
    code = code.to(device)
    for pictures, mask, some in parts:
        latents.append(code.encode(to_tensor(pictures, device)).half().cpu())
        masks.append(torch.from_numpy(mask))
        scenes += some
    return LatentScenes(torch.cat(latents), torch.cat(masks), scenes)


@dataclass(frozen=True)
class Lesson:
    """What one step learns from: clean latents and noise (B, C, 8, 8), noise levels (B,), stated classes (B,
    attributes), the product's share of each cell (B, 8, 8).
    """

    clean: Tensor
    noise: Tensor
    sigmas: Tensor
    said: Tensor
    mask: Tensor


Draw = Callable[[Chance], Lesson]


def lessons_of(data: LatentScenes, catalogue: Catalogue, device: torch.device) -> Draw:
    """How lessons for this device are drawn."""
    return one_by_one(data, catalogue) if device.type == "cpu" else beforehand(data, catalogue, device)


def one_by_one(data: LatentScenes, catalogue: Catalogue) -> Draw:
    """Lessons of BATCH scenes, each in a new wording."""

    def draw(chance: Chance) -> Lesson:
        index = chance.numpy.integers(len(data.scenes), size=BATCH)
        said = said_of([data.scenes[i] for i in index], chance.numpy, catalogue)
        return _lesson(data.latents[index], data.masks[index], torch.from_numpy(said), chance.torch)

    return draw


def beforehand(data: LatentScenes, catalogue: Catalogue, device: torch.device, size: int = LARGE) -> Draw:
    """Lessons of `size` scenes, each in one of WORDINGS wordings, all drawn on the device."""
    latents, masks = data.latents.to(device), data.masks.to(device)
    said = torch.from_numpy(wordings(data.scenes, catalogue)).to(device)

    def draw(chance: Chance) -> Lesson:
        lots = torch.Generator(device).manual_seed(chance.torch.initial_seed())
        index = torch.randint(len(latents), (size,), generator=lots, device=device)
        wording = torch.randint(WORDINGS, (size,), generator=lots, device=device)
        return _lesson(latents[index], masks[index], said[index, wording].long(), lots)

    return draw


def _lesson(latents: Tensor, masks: Tensor, said: Tensor, lots: torch.Generator) -> Lesson:
    sigmas = objectives.sample_sigmas(len(latents), lots)
    noise = torch.randn(latents.shape, generator=lots, device=lots.device)
    return Lesson(latents.float(), noise, sigmas, said, masks.float())


def wordings(scenes: Sequence[Scene], catalogue: Catalogue) -> np.ndarray:
    """What WORDINGS descriptions of each scene state: class numbers (N, WORDINGS, attributes) int16."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        jobs = enumerate(scenes[begin : begin + SHARE] for begin in range(0, len(scenes), SHARE))
        return np.concatenate(pool.starmap(partial(_worded, catalogue), jobs))


def _worded(catalogue: Catalogue, number: int, scenes: Sequence[Scene]) -> np.ndarray:
    rng = np.random.default_rng((WORDINGS, number))
    return np.stack([said_of([scene] * WORDINGS, rng, catalogue) for scene in scenes]).astype(np.int16)


def said_of(scenes: Sequence[Scene], rng: np.random.Generator, catalogue: Catalogue) -> np.ndarray:
    """Class numbers (N, attributes) of what a new description of each scene states (see stated_classes)."""
    return np.stack([stated_classes(scene, stated(scene, rng, catalogue), catalogue) for scene in scenes])


def stated(scene: Scene, rng: np.random.Generator, catalogue: Catalogue) -> set[str]:
    """What a description drawn by lot states of the scene; nothing at all in a share of DROPPED."""
    facts = left_open(caption_with_facts(scene, rng, "zh", catalogue)[1], rng)
    return set() if rng.random() < DROPPED else facts
