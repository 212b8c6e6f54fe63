"""What a network learns from a discriminator, beside what its pictures ought to be, and what the discriminator learns.

A discriminator makes of pictures (B, 3, H, W) the features of every stage and, last, the logits (B, 1, h, w) of each
place being of a composed scene.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from t2i_studio.pretraining import objectives

LIKENESS = 10.0  # weight of the likeness of its features beside its verdict
EVERY = 8  # how seldom the penalty is taken


@dataclass(frozen=True)
class Judged:
    """likeness: mean difference of the discriminator's features; unmasked: the loss of not deceiving it."""

    likeness: Tensor
    unmasked: Tensor

    @property
    def loss(self) -> Tensor:
        return LIKENESS * self.likeness + self.unmasked


def judged(discriminator: nn.Module, made: Tensor, real: Tensor) -> Judged:
    """What `made` is worth beside `real`, both (B, 3, H, W): the likeness of the discriminator's features (Larsen et
    al. 2016, arXiv 1512.09300) and its verdict. The discriminator learns nothing from it.
    """
    weights = {name: weight.detach() for name, weight in discriminator.named_parameters()}
    *ours, verdict = functional_call(discriminator, weights, (made,))
    with torch.no_grad():
        *theirs, _ = discriminator(real)
    likeness = torch.stack([F.l1_loss(a, b) for a, b in zip(ours, theirs, strict=True)]).mean()
    return Judged(likeness, objectives.generator_loss(verdict))


def pull(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """How many times as hard `one` pulls at a weight as `other` (Esser et al. 2021, arXiv 2012.09841, eq. 7)."""
    slopes = [torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in (one, other)]
    return (slopes[0] / (slopes[1] + 1e-9)).clamp(max=1.0).detach()


def lesson(discriminator: nn.Module, real: Tensor, made: Tensor, step: int, gamma: float) -> tuple[Tensor, Tensor]:
    """The discriminator's own loss, and its penalty, which is 0 in most steps; gamma: R1's γ."""
    penalised = step % EVERY == 0
    real = real.requires_grad_(penalised)
    verdict = discriminator(real)[-1]
    caught = objectives.discriminator_loss(verdict, discriminator(made)[-1])
    if not penalised:
        return caught, torch.zeros(())
    whole = verdict.flatten(1).sum(1) / verdict[0].numel() ** 0.5
    return caught, EVERY * gamma / 2 * objectives.gradient_penalty(whole, real)
