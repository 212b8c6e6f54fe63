"""Guidance folded in: a student that says at once what its teacher says with guidance, so that a step costs a third.

Guidance distillation (Meng et al. 2023, arXiv 2210.03142) at fixed scales, of two kinds. Towards all that is said, in a
limited interval (Kynkäänniemi et al. 2024, arXiv 2404.07724): where the noise is high it makes all pictures of a prompt
alike, below it only makes them clearer. And towards a few attributes alone, away from the same prompt without them (two
scales for two conditions as in Brooks et al. 2023, arXiv 2211.09800): that also helps where the noise is high, and
leaves alone what the prompt leaves open. A pipeline knows neither, a student does.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from t2i_studio.pretraining import eight_bits, objectives
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, error_losses
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.lessons import Draw
from t2i_studio.pretraining.trainer import Chance

LED_BELOW = 0.9  # σ; above it nothing leads towards all that is said
STRESSED = ("color", "backdrop", "playfulness")  # what pictures obey least without a lead of their own


@dataclass(frozen=True)
class Guidance:
    """Scales, 1 for none. whole: towards all that is said, below LED_BELOW. early, late: towards STRESSED alone, from
    LED_BELOW on and below it.
    """

    whole: float = 2.5
    early: float = 3.0
    late: float = 2.0


ENDS = ("white", "black")
"""Colours that a lead drives beyond what a picture can show, so that the product becomes flat."""
AT_THE_ENDS = Guidance(whole=2.5, early=2.0, late=1.0)


def scales(catalogue: Catalogue, usual: Guidance = Guidance(), at_the_ends: Guidance = AT_THE_ENDS) -> Tensor:
    """The scales by what a prompt states of the product's colour: (1 + classes, 3), see Guidance and stated_classes."""
    named = ("", *attribute_classes(catalogue)["color"])  # UNSAID, then the classes
    return torch.tensor([astuple(at_the_ends if name in ENDS else usual) for name in named])


@torch.no_grad()
def guided(teacher: Denoiser, noisy: Tensor, sigmas: Tensor, said: Tensor, scales: Tensor) -> Tensor:
    """What the teacher says with guidance of both kinds: clean latents (B, C, 8, 8); see Denoiser.forward.

    A prompt without a word, and one that states nothing of STRESSED, has nothing of that kind to be led by.
    """
    asked = torch.cat([said, unstressed(said, list(teacher.table.sizes)), torch.full_like(said, UNSAID)])
    led, plain, free = teacher(noisy.repeat(3, 1, 1, 1), sigmas.repeat(3), asked).chunk(3)
    whole, stress = leads(sigmas, said[:, list(teacher.table.sizes).index("color")], scales)
    return led + whole * (led - free) + stress * (led - plain)


def unstressed(said: Tensor, attributes: list[str]) -> Tensor:
    """The same prompts (stated classes (B, attributes), in the order of `attributes`), nothing of STRESSED stated."""
    without = said.clone()
    without[:, [attributes.index(name) for name in STRESSED]] = UNSAID
    return without


def leads(sigmas: Tensor, colors: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    """How far beyond what is predicted each prompt is led, towards all that is said and towards STRESSED: scales less
    1, (B, 1, 1, 1) each. sigmas: noise levels (B,); colors: stated classes (B,) of the product's colour.
    """
    whole, early, late = (scales[colors] - 1).T
    below = sigmas < LED_BELOW
    whole, stress = torch.where(below, whole, 0.0), torch.where(below, late, early)
    return whole[:, None, None, None], stress[:, None, None, None]


def distillation_loss(
    student: Denoiser, teacher: Denoiser, scales: Tensor, draw: Draw, code: PatchCode,
    device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: as far as the student is from the guided teacher, weighted as the teacher's own errors
    were. It draws as its folder will, with its weights rounded to 8 bits, so that they learn to be rounded.
    """
    edges, scales = code.edges().to(device), scales.to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw(chance)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        target = guided(teacher, noisy, lesson.sigmas, lesson.said, scales)
        prediction = functional_call(student, eight_bits.straight_through(student), (noisy, lesson.sigmas, lesson.said))
        return error_losses(prediction, target, lesson.mask, edges)

    return loss
