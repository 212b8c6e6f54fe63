"""Going on with a finished model whose guidance is folded in, from scenes, where its teacher is gone.

Trained on scenes alone it would unlearn the guidance. Here its own prediction, held still, tells how far beyond the
scenes it has to say: "guidance without guidance" (Tang et al. 2025, Diffusion Models without Classifier-free Guidance,
arXiv 2502.12154). Where it draws well already it learns what it said before, so that nothing else changes.
All the while it draws as its folder will: with its weights rounded to 8 bits, so that they learn to be rounded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from t2i_studio.pretraining import eight_bits, objectives
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes, draw_lesson, error_losses
from t2i_studio.pretraining.distilling import LED_BELOW, STRESSED
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.trainer import Chance


@dataclass(frozen=True)
class Lead:
    """Guidance scales, 1 for none. whole: away from no word at all, below LED_BELOW. stressed: away from the prompt
    without STRESSED, from LED_BELOW on.
    """

    whole: float = 2.5
    stressed: float = 2.0


def refining_loss(
    model: Denoiser, before: Denoiser, colors: Sequence[str], lead: Lead, data: LatentScenes, code: PatchCode,
    catalogue: Catalogue, device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: where a prompt states one of `colors` for the product, as far as the model is from the
    scene and its lead beyond it, else as far as it is from what it said `before`.

    Such prompts say E[x₀|prompt] + (scale − 1)·(E[x₀|prompt] − free) in the end, free being what `before` says of the
    prompt without what leads.
    """
    edges = code.edges().to(device)
    attributes = list(model.table.sizes)
    color, stressed = attributes.index("color"), [attributes.index(name) for name in STRESSED]
    numbers = torch.tensor([1 + attribute_classes(catalogue)["color"].index(name) for name in colors], device=device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw_lesson(data, catalogue, chance, device)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        prediction = functional_call(model, eight_bits.straight_through(model), (noisy, lesson.sigmas, lesson.said))
        learns = torch.isin(lesson.said[:, color], numbers)
        below = lesson.sigmas < LED_BELOW
        with torch.no_grad():
            unled = before(noisy, lesson.sigmas, _without_lead(lesson.said, learns, below, stressed))
            # s·E − (s − 1)·free is reached where the lead is this share of what the model itself says
            share = torch.where(below, 1 - 1 / lead.whole, 1 - 1 / lead.stressed)[:, None, None, None]
            led = lesson.clean + share * (prediction - unled)
            target = torch.where(learns[:, None, None, None], led, unled)
        return error_losses(prediction, target, lesson.mask, edges)

    return loss


def _without_lead(said: Tensor, learns: Tensor, below: Tensor, stressed: list[int]) -> Tensor:
    """Stated classes (B, attributes): of rows that learn, without what leads at their noise level."""
    unsaid = torch.zeros_like(said, dtype=torch.bool)
    unsaid[:, stressed] = True
    unsaid |= below[:, None]
    return torch.where(unsaid & learns[:, None], UNSAID, said)
