"""How a student learns to be sharp: it goes on from its own unfinished pictures, and a discriminator judges them.

In training a network meets noise over composed scenes, in use noise over what it drew itself, which is softer than any
scene: what it finds soft, it leaves soft. So here it meets its own pictures, begun over a scene late enough that they
are still of that scene, and is to finish them as the scene. The scene as a target makes the mean of what may come of a
soft picture, which is soft again; a discriminator on decoded pictures (adversarial distillation: Sauer et al. 2023,
arXiv 2311.17042) makes one of them. On scenes themselves it is to say what it said before.
"""

from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from t2i_studio.pretraining import adversary, eight_bits, objectives
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes, Lesson, draw_lesson, error_losses, scheduler
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.refining import Lead
from t2i_studio.pretraining.trainer import Chance

BEGINNINGS, ENDS = (
    (2, 3, 4),
    (5, 6, 7),
)  # of eight steps, drawn by lot: where it starts over a scene, where it is judged
ALONE = 0.1  # share of the steps before the discriminator has a say
SAY = 0.7  # how much the discriminator pulls at the last layer, the scene's own pull being 1
PENALTY = 0.002  # R1's γ
SLOPE = 0.2  # of leaky rectifiers below zero


class Discriminator(nn.Module):
    """Judges places about 70 px wide (see adversary.py); it is shown what is finer than 3 px by itself, too, since that
    is what soft pictures lack.
    """

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128)) -> None:
        super().__init__()
        before = (6, *widths[:-1])
        self.halvings = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(before, widths, strict=True))
        self.looks = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths)
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1)
        for layer in [*self.halvings, *self.looks]:  # else what it sees fades from stage to stage
            nn.init.kaiming_normal_(layer.weight, SLOPE)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        fine = pictures - F.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
        features, x = [], torch.cat([pictures, 4 * fine], 1)
        for halving, look in zip(self.halvings, self.looks, strict=True):
            x = F.leaky_relu(halving(x), SLOPE)
            x = (x + F.leaky_relu(look(x), SLOPE)) / 2**0.5
            features.append(x)
        return [*features, self.verdict(x)]


class Sharpening(nn.Module):
    """Student and discriminator as one network to train: each loss reaches only the one it is for."""

    def __init__(self, student: Denoiser) -> None:
        super().__init__()
        self.student = student
        self.discriminator = Discriminator()


def sharpening_loss(
    rivals: Sharpening, before: Denoiser, data: LatentScenes, code: PatchCode, catalogue: Catalogue, steps: int,
    drawn_in: int, device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: in half of its lessons how far the student is from what it said `before` of a noisy scene;
    in the others how far from the scene and its lead beyond it (see refining.py) on its own unfinished pictures, what
    the discriminator says of these, and the discriminator's own loss.

    steps: of the whole run. drawn_in: steps of the sampler.
    """
    edges, student = code.edges().to(device), rivals.student

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        weights = eight_bits.straight_through(student)
        kept, own = _halves(draw_lesson(data, catalogue, chance, device))
        noisy = objectives.diffuse(kept.clean, kept.noise, kept.sigmas)
        soft, sigmas = _unfinished(student, weights, own, drawn_in, chance)
        asked = torch.cat([noisy, soft]), torch.cat([kept.sigmas, sigmas]), torch.cat([kept.said, own.said])
        says, made = functional_call(student, weights, asked).chunk(2)
        without = torch.cat([kept.said, torch.full_like(own.said, UNSAID)])
        with torch.no_grad():
            said, unled = before(*asked[:2], without).chunk(2)
            led = own.clean + (1 - 1 / Lead().whole) * (made - unled)
        keeps = error_losses(says, said, kept.mask, edges)["loss"]
        finishes = error_losses(made, led, own.mask, edges)["loss"]
        drawn, real = code.decode(made.float()), code.decode(own.clean)
        judged = adversary.judged(rivals.discriminator, drawn, real)
        caught, penalty = adversary.lesson(rivals.discriminator, real, drawn.detach(), step, PENALTY)
        last = student.unet.conv_out.weight
        say = SAY * adversary.pull(finishes, judged.loss, last) if step >= ALONE * steps else 0.0
        total = keeps + finishes + say * judged.loss + caught + penalty
        told = {"keeps": keeps, "finishes": finishes, "likeness": judged.likeness, "unmasked": judged.unmasked}
        return {"loss": total} | {name: value.detach() for name, value in (told | {"caught": caught}).items()}

    return loss


def _halves(lesson: Lesson) -> tuple[Lesson, Lesson]:
    parts = [getattr(lesson, field.name).chunk(2) for field in fields(lesson)]
    return Lesson(*[part[0] for part in parts]), Lesson(*[part[1] for part in parts])


@torch.no_grad()
def _unfinished(
    student: Denoiser, weights: dict[str, Tensor], lesson: Lesson, steps: int, chance: Chance
) -> tuple[Tensor, Tensor]:
    """What the sampler has of each scene at a step drawn by lot, begun over it at an earlier one; its noise levels."""
    begin, end = int(chance.numpy.choice(BEGINNINGS)), int(chance.numpy.choice(ENDS))
    sampler = scheduler()
    sampler.set_timesteps(steps)
    sigmas = sampler.sigmas.to(lesson.clean)
    x = objectives.diffuse(lesson.clean, lesson.noise, sigmas[begin].expand(len(lesson.clean)))
    for t, sigma in zip(sampler.timesteps[begin:end], sigmas[begin:end], strict=True):
        made = functional_call(student, weights, (x, sigma.expand(len(x)), lesson.said))
        x = sampler.step(made, t, x).prev_sample
    return x, sigmas[end].expand(len(x))
