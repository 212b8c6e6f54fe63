"""How the upscaler learns: it makes composed scenes of pictures that a model drew, and a discriminator judges them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.latents import CELLS, to_tensor
from t2i_studio.pretraining.trainer import Chance
from t2i_studio.upscaling.cells import decoded
from t2i_studio.upscaling.network import SCALE, Upscaler

BATCH = 8
CROP = 4  # cells and side of what one lesson shows
CLEAN = 0.5  # share of lessons from the scene's own latents, the others from drawn ones
ALONE = 0.3  # share of the steps before the discriminator has a say
SAY = 0.3  # how much the discriminator pulls at the last layer, the pixels' own pull being 1
LIKENESS = 10.0  # weight of the likeness of its features beside its verdict
PENALTY, EVERY = 0.02, 8  # R1's γ, and how seldom it is taken


class Discriminator(nn.Module):
    """Says of each place (about 46 px wide) of pictures (B, 3, H, W) whether it is of a composed scene."""

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96)) -> None:
        super().__init__()
        before = (3, *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(before, widths, strict=True)
        )
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """The features of every stage and, last, the logits (B, 1, H/8, W/8)."""
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

    def onlooker(self, pictures: Tensor) -> list[Tensor]:
        """The discriminator's features and verdict without its learning from them."""
        weights = {name: weight.detach() for name, weight in self.discriminator.named_parameters()}
        return functional_call(self.discriminator, weights, (pictures,))


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
    """The loss of one step on crops: pixels (L1), features of the discriminator (Larsen et al. 2016, arXiv 1512.09300),
    deceiving it, and its own loss. steps: of the whole run.
    """

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        given, real = _crops(lessons, chance)
        made = rivals.upscaler(given)
        *ours, verdict = rivals.onlooker(made)
        with torch.no_grad():
            *theirs, _ = rivals.onlooker(real)
        pixels = (made - real).abs().mean()
        likeness = torch.stack([F.l1_loss(a, b) for a, b in zip(ours, theirs, strict=True)]).mean()
        unmasked = objectives.generator_loss(verdict)
        caught, penalty = _discriminator_lesson(rivals.discriminator, real, made.detach(), step % EVERY == 0)
        judged = LIKENESS * likeness + unmasked
        say = SAY * _pull(pixels, judged, rivals.upscaler.tail.weight) if step >= ALONE * steps else 0.0
        total = pixels + say * judged + caught + penalty
        told = {"pixels": pixels, "likeness": likeness, "unmasked": unmasked, "caught": caught}
        return {"loss": total} | {name: value.detach() for name, value in told.items()}

    return loss


def _pull(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """How many times as hard `one` pulls at a weight as `other` (Esser et al. 2021, arXiv 2012.09841, eq. 7)."""
    slopes = [torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in (one, other)]
    return (slopes[0] / (slopes[1] + 1e-9)).clamp(max=1.0).detach()


def _discriminator_lesson(
    discriminator: Discriminator, real: Tensor, made: Tensor, penalised: bool
) -> tuple[Tensor, Tensor]:
    real = real.requires_grad_(penalised)
    verdict = discriminator(real)[-1]
    caught = objectives.discriminator_loss(verdict, discriminator(made)[-1])
    if not penalised:
        return caught, torch.zeros(())
    whole = verdict.flatten(1).sum(1) / verdict[0].numel() ** 0.5
    return caught, EVERY * PENALTY / 2 * objectives.gradient_penalty(whole, real)


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
