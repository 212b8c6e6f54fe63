"""Guidance folded in: what the student is to say, and that only the student learns."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from t2i_studio.pretraining import recipe
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes
from t2i_studio.pretraining.distilling import distillation_loss
from t2i_studio.pretraining.latents import fit_patch_code
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.trainer import Chance

Loss = Callable[[int, Chance], dict[str, Tensor]]


@pytest.fixture(scope="module")
def models(catalogue: Catalogue) -> tuple[Denoiser, Denoiser]:
    teacher, student = recipe.new_denoiser(catalogue).requires_grad_(False), recipe.new_denoiser(catalogue)
    student.table.requires_grad_(False)
    return teacher, student


@pytest.fixture
def loss_at(models: tuple[Denoiser, Denoiser], catalogue: Catalogue) -> Callable[[float], Loss]:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, catalogue, ["handbag", "cake"]) for _ in range(8)]
    latents = torch.randn(8, recipe.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    data = LatentScenes(latents, torch.zeros(8, 8, 8), scenes)
    code = fit_patch_code(rng.integers(0, 255, (8, 128, 128, 3), np.uint8))
    teacher, student = models

    def at(guidance: float) -> Loss:
        return distillation_loss(student, teacher, guidance, data, code, catalogue, torch.device("cpu"))

    return at


def test_without_guidance_the_student_says_already_what_it_should(loss_at: Callable[[float], Loss]) -> None:
    assert float(loss_at(1.0)(0, Chance.at(0, 0))["loss"]) < 1e-9


def test_what_it_lacks_is_what_guidance_adds(loss_at: Callable[[float], Loss]) -> None:
    two, three = (float(loss_at(guidance)(0, Chance.at(0, 0))["cells"]) for guidance in (2.0, 3.0))
    assert two > 1e-9
    assert three == pytest.approx(4 * two, rel=1e-3)  # led + (guidance − 1)·(led − free): twice as far


def test_where_the_noise_is_high_nothing_leads(
    loss_at: Callable[[float], Loss], monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_at(sigma: float) -> float:
        monkeypatch.setattr("t2i_studio.pretraining.objectives.sample_sigmas", lambda n, lots: torch.full((n,), sigma))
        return float(loss_at(3.0)(0, Chance.at(0, 0))["loss"])

    assert all_at(0.95) < 1e-9 < all_at(0.85)


def test_only_the_student_learns_and_not_its_table(
    loss_at: Callable[[float], Loss], models: tuple[Denoiser, Denoiser]
) -> None:
    teacher, student = models
    loss_at(2.0)(0, Chance.at(0, 0))["loss"].backward()
    assert all(weight.grad is None for weight in [*teacher.parameters(), *student.table.parameters()])
    assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in student.unet.parameters())
    student.zero_grad()


def test_a_prompt_without_a_word_has_nothing_to_be_led_by(
    loss_at: Callable[[float], Loss], monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    monkeypatch.setattr("t2i_studio.pretraining.denoiser.stated", lambda scene, rng, catalogue: set())
    assert float(loss_at(5.0)(0, Chance.at(0, 0))["loss"]) < 1e-9
