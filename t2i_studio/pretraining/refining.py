"""Going on with a finished model whose guidance is folded in, from scenes, where its teacher is gone.

Trained on scenes alone it would unlearn the guidance. Here its own prediction, held still, tells how far beyond the
scenes it has to say: "guidance without guidance" (Tang et al. 2025, Diffusion Models without Classifier-free Guidance,
arXiv 2502.12154). What it is not to learn stays what it said before, so that nothing else changes.
All the while it draws as its folder will: with its weights rounded to 8 bits, so that they learn to be rounded.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call

from t2i_studio.pretraining import eight_bits, objectives
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, error_losses
from t2i_studio.pretraining.distilling import LED_BELOW, leads, scales, unstressed
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.lessons import Draw
from t2i_studio.pretraining.trainer import Chance


def refining_loss(
    model: Denoiser, before: Denoiser, colors: Sequence[str], draw: Draw, code: PatchCode,
    catalogue: Catalogue, device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: as far as the model is from the scene and its lead beyond it. With `colors`, prompts that
    state none of them for the product are held to what the model said `before`; without, all prompts are, from
    LED_BELOW on: what is settled there, colours above all, needs more steps than a refinement has to come back.

    Prompts come to say E + (whole − 1)·(E − free) + (stress − 1)·(E − plain), as the student's did (distilling.guided):
    E = E[x₀|prompt], free without words, plain without STRESSED, the last two as `before` has them.
    """
    edges = code.edges().to(device)
    color, names = list(model.table.sizes).index("color"), attribute_classes(catalogue)["color"]
    taught = torch.tensor([1 + names.index(name) for name in colors], device=device)
    by_color = scales(catalogue).to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw(chance)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        prediction = functional_call(model, eight_bits.straight_through(model), (noisy, lesson.sigmas, lesson.said))
        with torch.no_grad():
            lead = leads(lesson.sigmas, lesson.said[:, color], by_color)
            target = lesson.clean + _beyond(prediction, before, noisy, lesson.sigmas, lesson.said, *lead)
            learns = torch.isin(lesson.said[:, color], taught) if colors else lesson.sigmas < LED_BELOW
            target = torch.where(learns[:, None, None, None], target, before(noisy, lesson.sigmas, lesson.said))
        return error_losses(prediction, target, lesson.mask, edges)

    return loss


def _beyond(
    prediction: Tensor, before: Denoiser, noisy: Tensor, sigmas: Tensor, said: Tensor, whole: Tensor, stress: Tensor
) -> Tensor:  # fmt: skip
    """How far beyond the scenes `prediction` is, taken to be led: (B, C, 8, 8). whole, stress: see distilling.leads."""
    unsaid, without = torch.full_like(said, UNSAID), unstressed(said, list(before.table.sizes))
    free, led = before(noisy.repeat(2, 1, 1, 1), sigmas.repeat(2), torch.cat([unsaid, without])).chunk(2)
    # what states nothing, or nothing of STRESSED, has nothing of that kind to be led by
    whole = torch.where((said == UNSAID).all(1)[:, None, None, None], 0.0, whole)
    stress = torch.where((said == without).all(1)[:, None, None, None], 0.0, stress)
    plain = (led + whole * free) / (1 + whole)  # `before` led these prompts too
    return prediction - (prediction + whole * free + stress * plain) / (1 + whole + stress)
