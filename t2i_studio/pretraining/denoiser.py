"""The denoiser: a U-Net over the latents' 8×8 cells that predicts the clean latent, and how it is trained."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor, nn

from t2i_studio.domain import NEUTRAL
from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.captions import caption_with_facts
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID, ConceptTable, stated_classes
from t2i_studio.pretraining.framing import left_open
from t2i_studio.pretraining.latents import CELLS, PatchCode, to_pictures, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

WIDTH = 256  # of a text vector
SHIFT = 3.0  # of the sampler's steps towards noise, where what is drawn is decided
BATCH = 16
FAVOUR = 3
DROPPED = 0.1  # share of prompts without a word, for guidance
SEAM_WEIGHT = 16.0  # of the jumps at cells' borders, so that they make about a quarter of the loss
OBJECT_WEIGHT = 3.0  # how much more a cell of the product counts than one of the backdrop


def scheduler() -> DPMSolverMultistepScheduler:
    """The sampler of the flow x_σ = (1 − σ)·x₀ + σ·ε for a network that predicts x₀; timestep = 1000·σ."""
    return DPMSolverMultistepScheduler(
        prediction_type="sample", use_flow_sigmas=True, flow_shift=SHIFT, algorithm_type="dpmsolver++"
    )


def unet(channels: int, blocks: tuple[int, int, int] = (192, 224, 256)) -> UNet2DConditionModel:
    """Cross-attention on 8×8 and 4×4 cells, plain residual blocks on 2×2, pooled text in the time embedding."""
    return UNet2DConditionModel(
        sample_size=CELLS, in_channels=channels, out_channels=channels,
        block_out_channels=blocks, layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH, attention_head_dim=8, norm_num_groups=16,
        addition_embed_type="text", addition_embed_type_num_heads=8, resnet_time_scale_shift="scale_shift",
    )  # fmt: skip


class Denoiser(nn.Module):
    """The U-Net and the table of concepts it is conditioned on."""

    def __init__(self, network: UNet2DConditionModel, table: ConceptTable) -> None:
        super().__init__()
        self.unet = network
        self.table = table

    def forward(self, noisy: Tensor, sigmas: Tensor, said: Tensor) -> Tensor:
        """(B, C, 8, 8) at noise levels (B,), stated classes (B, attributes) → predicted clean latents."""
        return self.unet(noisy, sigmas * 1000, self.table(said)).sample

    def quick(self) -> list[nn.Parameter]:
        """The parameters that learn at the rate of embeddings: those of the table."""
        return [*self.table.rows.parameters(), self.table.blank]


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


def encode_corpus(parts: Iterable[tuple[np.ndarray, np.ndarray, list[Scene]]], code: PatchCode) -> LatentScenes:
    """Latents of all pictures of a corpus (see corpus.parts)."""
    latents, masks, scenes = [], [], []
    for pictures, mask, some in parts:
        latents.append(code.encode(to_tensor(pictures)).half())
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


def draw_lesson(data: LatentScenes, catalogue: Catalogue, chance: Chance, device: torch.device) -> Lesson:
    """New scenes, new wordings, new noise."""
    index = chance.numpy.integers(len(data.scenes), size=BATCH)
    scenes = [data.scenes[i] for i in index]
    facts = [stated(scene, chance.numpy, catalogue) for scene in scenes]
    said = np.stack([stated_classes(scene, some, catalogue) for scene, some in zip(scenes, facts, strict=True)])
    clean = data.latents[index].float().to(device)
    sigmas = objectives.sample_sigmas(BATCH, chance.torch).to(device)
    noise = torch.randn(clean.shape, generator=chance.torch).to(device)
    return Lesson(clean, noise, sigmas, torch.from_numpy(said).to(device), data.masks[index].float().to(device))


def error_losses(prediction: Tensor, target: Tensor, mask: Tensor, edges: Tensor) -> dict[str, Tensor]:
    """The loss of predicted latents, and its two parts: errors in cells, and jumps of the error between them."""
    cells = objectives.clean_latent_loss(prediction, target, 1 + OBJECT_WEIGHT * mask)
    seams = objectives.seam_loss(prediction - target, edges)
    return {"loss": cells + SEAM_WEIGHT * seams, "cells": cells.detach(), "seams": seams.detach()}


def denoising_loss(
    model: Denoiser, data: LatentScenes, code: PatchCode, catalogue: Catalogue, device: torch.device
) -> Callable[[int, Chance], dict[str, Tensor]]:
    """The loss of one step; object_from_noise: the mean squared error on the product's cells at pure noise."""
    edges = code.edges().to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw_lesson(data, catalogue, chance, device)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        prediction = model(noisy, lesson.sigmas, lesson.said)
        scalars = error_losses(prediction, lesson.clean, lesson.mask, edges)
        pure = lesson.sigmas > 0.99
        if not bool(pure.any()):
            return scalars
        with torch.no_grad():
            at_noise = objectives.clean_latent_loss(prediction[pure], lesson.clean[pure], lesson.mask[pure] + 1e-6)
        return scalars | {"object_from_noise": at_noise}

    return loss


def stated(scene: Scene, rng: np.random.Generator, catalogue: Catalogue) -> set[str]:
    """What a description drawn by lot states of the scene; nothing at all in a share of DROPPED."""
    facts = left_open(caption_with_facts(scene, rng, "zh", catalogue)[1], rng)
    return set() if rng.random() < DROPPED else facts


@torch.no_grad()
def sample(model: Denoiser, said: Tensor, steps: int = 12, guidance: float = 2.0, seed: int = 0) -> Tensor:
    """Latents for stated classes (B, attributes), drawn as the finished pipeline draws them."""
    return _drawn(model, said, steps, guidance, seed, torch.zeros(()), 0)


@torch.no_grad()
def redraw(
    model: Denoiser, clean: Tensor, said: Tensor, skipped: int, steps: int, guidance: float, seed: int
) -> Tensor:  # fmt: skip
    """Latents drawn over `clean` ones (B, C, 8, 8) without the first `skipped` steps (SDEdit, Meng et al. 2022, arXiv
    2108.01073): the same scene with a model's faults.
    """
    return _drawn(model, said, steps, guidance, seed, clean, skipped)


def _drawn(
    model: Denoiser, said: Tensor, steps: int, guidance: float, seed: int, clean: Tensor, skipped: int
) -> Tensor:  # fmt: skip
    sampler = scheduler()
    sampler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(seed)
    shape = (len(said), model.unet.config.in_channels, CELLS, CELLS)
    noise = torch.randn(shape, generator=generator).to(said.device)
    x = noise if skipped == 0 else objectives.diffuse(clean, noise, sampler.sigmas[skipped].expand(len(said)))
    context = model.table(torch.cat([torch.full_like(said, UNSAID), said]))
    for t in sampler.timesteps[skipped:]:
        free, led = model.unet(torch.cat([x, x]), t, context).sample.chunk(2)
        x = sampler.step(free + guidance * (led - free), t, x).prev_sample
    return x


def progress_grid(
    model: Denoiser, code: PatchCode, scenes: Sequence[Scene], catalogue: Catalogue, device: torch.device
) -> Callable[[], np.ndarray]:
    """A sheet of the scenes as drawn from all their attributes, eight in a row, always from the same noise."""
    facts = set(model.table.sizes) - {"color"}
    said = torch.from_numpy(np.stack([
        stated_classes(scene, facts | ({"color"} if scene.color else set()), catalogue) for scene in scenes
    ])).to(device)  # fmt: skip

    def draw() -> np.ndarray:
        latents = torch.cat([sample(model, some, steps=8) for some in said.split(16)])
        return sheet(to_pictures(code.decode(latents.cpu())))

    return draw


def sheet(pictures: np.ndarray, columns: int = 8) -> np.ndarray:
    """(N, H, W, 3) pictures side by side, `columns` in a row, the last row filled up with white."""
    missing = -len(pictures) % columns
    white = np.full((missing, *pictures.shape[1:]), 255, np.uint8)
    rows = np.concatenate([pictures, white]).reshape(-1, columns, *pictures.shape[1:])
    return np.concatenate([np.concatenate(list(row), 1) for row in rows])
