"""How the upscaler learns: it makes composed scenes of pictures that a model drew, and a discriminator judges them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from t2i_studio.pretraining import adversary
from t2i_studio.pretraining.latents import CELLS, to_tensor
from t2i_studio.pretraining.trainer import Chance
from t2i_studio.upscaling.cells import decoded
from t2i_studio.upscaling.network import SCALE, Upscaler

BATCH = 8
CROP = 4  # cells and side of what one lesson shows
CLEAN = 0.5  # share of lessons from the scene's own latents, the others from drawn ones
ALONE = 0.3  # share of the steps before the discriminator has a say
SAY = 0.3  # how much the discriminator pulls at the last layer, the pixels' own pull being 1
PENALTY = 0.02  # R1's γ


class Discriminator(nn.Module):
    """Judges places about 46 px wide (see adversary.py)."""

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__()
        before = (3, *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(before, widths, strict=True)
        )
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        features, x = [], pictures
        for stage in self.stages:
            x = F.leaky_relu(stage(x), 0.2)
            features.append(x)
        return [*features, self.verdict(x)]


class Rivals(nn.Module):
    """Upscaler and discriminator as one network to train: each loss reaches only the one it is for."""

    def __init__(self) -> None:
        super().__init__()
        self.upscaler = Upscaler()
        self.discriminator = Discriminator()


@dataclass(frozen=True)
class Lessons:
    """clean, drawn: (N, C, 8, 8), latents of scenes and of what the model drew over them; cells: see upscaling.cells;
    scenes: the scenes themselves (N, 512, 512, 3) uint8; turns: their numbers, those to be shown more often repeated.
    """

    clean: Tensor
    drawn: Tensor
    cells: Tensor
    scenes: np.ndarray
    turns: np.ndarray


def upscaling_loss(rivals: Rivals, lessons: Lessons, steps: int) -> Callable[[int, Chance], dict[str, Tensor]]:
    """The loss of one step on crops: pixels (L1), what a discriminator says of them, and its own loss. steps: of the
    whole run.
    """

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        given, real = _crops(lessons, chance)
        made = rivals.upscaler(given)
        pixels = (made - real).abs().mean()
        judged = adversary.judged(rivals.discriminator, made, real)
        caught, penalty = adversary.lesson(rivals.discriminator, real, made.detach(), step, PENALTY)
        say = SAY * adversary.pull(pixels, judged.loss, rivals.upscaler.tail.weight) if step >= ALONE * steps else 0.0
        total = pixels + say * judged.loss + caught + penalty
        told = {"pixels": pixels, "likeness": judged.likeness, "unmasked": judged.unmasked, "caught": caught}
        return {"loss": total} | {name: value.detach() for name, value in told.items()}

    return loss


def _crops(lessons: Lessons, chance: Chance) -> tuple[Tensor, Tensor]:
    """Decoded crops (BATCH, 3, 128, 128) and the same places of the scenes, twice as large."""
    given, real = [], []
    pixels = SCALE * lessons.cells.shape[-1]
    for index in chance.numpy.choice(lessons.turns, size=BATCH):
        row, column = chance.numpy.integers(CELLS - CROP + 1, size=2)
        source = lessons.clean if chance.numpy.random() < CLEAN else lessons.drawn
        given.append(source[index, :, row : row + CROP, column : column + CROP])
        top, left = row * pixels, column * pixels
        real.append(lessons.scenes[index, top : top + CROP * pixels, left : left + CROP * pixels])
    return decoded(torch.stack(given), lessons.cells), to_tensor(np.stack(real))
