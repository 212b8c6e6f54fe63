"""Guidance folded in: a student that says at once what its teacher says with guidance, so that a step costs half.

Guidance distillation (Meng et al. 2023, arXiv 2210.03142) at one scale, in a limited interval (Kynkäänniemi et al.
2024, arXiv 2404.07724): where the noise is high, guidance makes all pictures of a prompt alike; below, it only makes
them clearer, and can be stronger. A pipeline knows no such interval, a student does.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes, draw_lesson, error_losses
from t2i_studio.pretraining.latents import PatchCode
from t2i_studio.pretraining.trainer import Chance

GUIDANCE = 3.0
LED_BELOW = 0.9  # σ; above it the student says what its teacher says without guidance


def distillation_loss(
    student: Denoiser, teacher: Denoiser, guidance: float, data: LatentScenes, code: PatchCode, catalogue: Catalogue,
    device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """The loss of one step: as far as the student is from the guided teacher, weighted as the teacher's own errors
    were. Prompts without a word have no guidance; of them the student learns what the teacher says.
    """
    edges = code.edges().to(device)

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        lesson = draw_lesson(data, catalogue, chance, device)
        noisy = objectives.diffuse(lesson.clean, lesson.noise, lesson.sigmas)
        with torch.no_grad():
            free = teacher(noisy, lesson.sigmas, torch.full_like(lesson.said, UNSAID))
            led = teacher(noisy, lesson.sigmas, lesson.said)
            scale = torch.where(lesson.sigmas < LED_BELOW, guidance, 1.0)[:, None, None, None]
            target = free + scale * (led - free)
        return error_losses(student(noisy, lesson.sigmas, lesson.said), target, lesson.mask, edges)

    return loss
