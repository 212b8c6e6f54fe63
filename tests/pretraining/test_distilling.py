"""Guidance folded in: what the student is to say, and that only the student learns."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from t2i_studio.pretraining import drawing
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.denoiser import Denoiser
from t2i_studio.pretraining.distilling import AT_THE_ENDS, ENDS, Guidance, distillation_loss, leads, scales
from t2i_studio.pretraining.eight_bits import rounded
from t2i_studio.pretraining.latents import fit_patch_code
from t2i_studio.pretraining.lessons import LatentScenes, one_by_one
from t2i_studio.pretraining.scenes import sample_scene
from t2i_studio.pretraining.trainer import Chance

Loss = Callable[[int, Chance], dict[str, Tensor]]
LossAt = Callable[[Guidance], Loss]
WHOLE, STRESS = Guidance(2.0, 1.0, 1.0), Guidance(1.0, 2.0, 2.0)  # each kind alone


@pytest.fixture(scope="module")
def models(catalogue: Catalogue) -> tuple[Denoiser, Denoiser]:
    teacher, student = drawing.new_denoiser(catalogue).requires_grad_(False), drawing.new_denoiser(catalogue)
    student.table.requires_grad_(False)
    for model in (teacher, student):
        rounded(model.unet)  # so that both say the same with weights of 8 bits
    return teacher, student


@pytest.fixture
def loss_at(models: tuple[Denoiser, Denoiser], catalogue: Catalogue) -> LossAt:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, catalogue, ["handbag", "cake"]) for _ in range(8)]
    latents = torch.randn(8, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    data = LatentScenes(latents, torch.zeros(8, 8, 8), scenes)
    code = fit_patch_code(rng.integers(0, 255, (8, 128, 128, 3), np.uint8))
    teacher, student = models

    def at(guidance: Guidance) -> Loss:
        everywhere = scales(catalogue, guidance, guidance)
        return distillation_loss(student, teacher, everywhere, one_by_one(data, catalogue), code, torch.device("cpu"))

    return at


@pytest.fixture
def all_at(loss_at: LossAt, monkeypatch: pytest.MonkeyPatch) -> Callable[[Guidance, float], float]:
    """The loss of a step whose lessons all have this noise level."""

    def loss(guidance: Guidance, sigma: float) -> float:
        monkeypatch.setattr("t2i_studio.pretraining.objectives.sample_sigmas", lambda n, lots: torch.full((n,), sigma))
        return float(loss_at(guidance)(0, Chance.at(0, 0))["loss"])

    return loss


def stating(monkeypatch: pytest.MonkeyPatch, facts: set[str]) -> None:
    monkeypatch.setattr("t2i_studio.pretraining.lessons.stated", lambda scene, rng, catalogue: facts)


def test_without_guidance_the_student_says_already_what_it_should(loss_at: LossAt) -> None:
    assert float(loss_at(Guidance(1.0, 1.0, 1.0))(0, Chance.at(0, 0))["loss"]) < 1e-9


def test_what_it_lacks_is_what_guidance_adds(all_at: Callable[[Guidance, float], float]) -> None:
    for sigma, one, other in (
        (0.85, WHOLE, Guidance(3.0, 1.0, 1.0)),
        (0.85, STRESS, Guidance(1.0, 1.0, 3.0)),
        (0.95, STRESS, Guidance(1.0, 3.0, 1.0)),
    ):
        two, three = all_at(one, sigma), all_at(other, sigma)
        assert two > 1e-9
        assert three == pytest.approx(4 * two, rel=1e-3)  # led + (guidance − 1)·(led − free): twice as far


def test_where_the_noise_is_high_only_the_stressed_attributes_lead(
    all_at: Callable[[Guidance, float], float],
) -> None:
    assert all_at(WHOLE, 0.95) < 1e-9 < all_at(WHOLE, 0.85)
    assert all_at(STRESS, 0.95) > 1e-9


def test_what_is_not_stressed_or_not_said_leads_nowhere_of_its_own(
    all_at: Callable[[Guidance, float], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stating(monkeypatch, {"object", "podium", "distance"})
    assert all_at(STRESS, 0.95) < 1e-9
    stating(monkeypatch, {"object", "backdrop"})
    assert all_at(STRESS, 0.95) > 1e-9


def test_only_the_student_learns_and_not_its_table(loss_at: LossAt, models: tuple[Denoiser, Denoiser]) -> None:
    teacher, student = models
    loss_at(Guidance())(0, Chance.at(0, 0))["loss"].backward()
    assert all(weight.grad is None for weight in [*teacher.parameters(), *student.table.parameters()])
    assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in student.unet.parameters())
    student.zero_grad()


def test_a_prompt_without_a_word_has_nothing_to_be_led_by(loss_at: LossAt, monkeypatch: pytest.MonkeyPatch) -> None:
    stating(monkeypatch, set())
    assert float(loss_at(Guidance(5.0, 5.0, 5.0))(0, Chance.at(0, 0))["loss"]) < 1e-9


def test_colours_at_the_ends_are_led_less(catalogue: Catalogue) -> None:
    names = ["", *attribute_classes(catalogue)["color"]]
    colors = torch.tensor([names.index(name) for name in ("red", *ENDS)])
    whole, stress = leads(torch.full((3,), 0.95), colors, scales(catalogue))
    assert whole.flatten().tolist() == [0, 0, 0]
    assert stress.flatten().tolist() == [Guidance().early - 1] + [AT_THE_ENDS.early - 1] * 2
    whole, stress = leads(torch.full((3,), 0.5), colors, scales(catalogue))
    assert whole.flatten().tolist() == [Guidance().whole - 1] * 3
    assert stress.flatten().tolist() == [Guidance().late - 1] + [AT_THE_ENDS.late - 1] * 2
