"""The denoiser: a U-Net over the latents' 8×8 cells that predicts the clean latent, and how it is trained."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor, nn

from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID, ConceptTable, stated_classes
from t2i_studio.pretraining.latents import CELLS, PatchCode, to_pictures
from t2i_studio.pretraining.lessons import Draw
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

WIDTH = 256  # of a text vector
SHIFT = 3.0  # of the sampler's steps towards noise, where what is drawn is decided
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


def error_losses(prediction: Tensor, target: Tensor, mask: Tensor, edges: Tensor) -> dict[str, Tensor]:
    """The loss of predicted latents, and its two parts: errors in cells, and jumps of the error between them."""
    cells = objectives.clean_latent_loss(prediction, target, 1 + OBJECT_WEIGHT * mask)
    seams = objectives.seam_loss(prediction - target, edges)
    return {"loss": cells + SEAM_WEIGHT * seams, "cells": cells.detach(), "seams": seams.detach()}


def denoising_loss(
    model: Denoiser, draw: Draw, code: PatchCode, device: torch.device
) -> Callable[[int, Chance], dict[str, Tensor]]:
    """The loss of one step; object_from_noise: the mean squared error on the product's cells at pure noise, NaN where
    no example of the step has that.
    """
    edges = code.edges().to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw(chance)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        prediction = model(noisy, lesson.sigmas, lesson.said)
        scalars = error_losses(prediction, lesson.clean, lesson.mask, edges)
        pure = lesson.mask * (lesson.sigmas > 0.99)[:, None, None]
        return scalars | {"object_from_noise": objectives.clean_latent_loss(prediction.detach(), lesson.clean, pure)}

    return loss


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
