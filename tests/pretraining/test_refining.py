"""Going on from scenes: what a finished model learns, what it keeps, and how far beyond the scenes it is led."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining import drawing
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser, LatentScenes
from t2i_studio.pretraining.eight_bits import rounded
from t2i_studio.pretraining.latents import fit_patch_code
from t2i_studio.pretraining.refining import Lead, refining_loss
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

NO_LEAD = Lead(1.0, 1.0)


@pytest.fixture
def model(catalogue: Catalogue) -> Denoiser:
    made = drawing.new_denoiser(catalogue)
    made.table.requires_grad_(False)
    rounded(made.unet)  # so that it says what it says with weights of 8 bits
    return made


@pytest.fixture
def before(catalogue: Catalogue) -> Denoiser:
    made = drawing.new_denoiser(catalogue).requires_grad_(False)
    rounded(made.unet)
    return made


def scenes(color: str | None) -> LatentScenes:
    """Eight scenes of a teapot in a colour, whose latents are all the same."""
    one = Scene("teapot", color, "blue", "none", (), "centre", dict.fromkeys(STYLE_CONTROLS, NEUTRAL), 0)
    latent = torch.randn(1, drawing.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(1))
    return LatentScenes(latent.repeat(8, 1, 1, 1).half(), torch.zeros(8, 8, 8), [one] * 8)


def loss_of(
    model: Denoiser, before: Denoiser, lead: Lead, color: str | None, sigma: float, catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch, facts: frozenset[str] = frozenset({"object", "color", "backdrop"}),
) -> float:  # fmt: skip
    monkeypatch.setattr("t2i_studio.pretraining.objectives.sample_sigmas", lambda n, lots: torch.full((n,), sigma))
    monkeypatch.setattr("t2i_studio.pretraining.denoiser.stated", lambda scene, rng, catalogue: set(facts))
    code = fit_patch_code(np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), np.uint8))
    loss = refining_loss(model, before, ["white"], lead, scenes(color), code, catalogue, torch.device("cpu"))
    return float(loss(0, Chance.at(0, 0))["loss"].detach())


class Saying(torch.nn.Module):
    """A denoiser that says a constant: one for prompts without a colour, another for those with one."""

    def __init__(self, like: Denoiser, plain: float, colored: float) -> None:
        super().__init__()
        self.table, self.plain, self.colored = like.table, plain, colored

    def forward(self, noisy: Tensor, sigmas: Tensor, said: Tensor) -> Tensor:
        states = said[:, list(self.table.sizes).index("color")] != UNSAID
        value = torch.where(states, self.colored, self.plain)
        return torch.ones_like(noisy) * value[:, None, None, None]


def test_what_is_in_no_such_color_stays_as_it_was(
    model: Denoiser, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for color in (None, "red", "grey"):
        assert loss_of(model, before, Lead(), color, 0.5, catalogue, monkeypatch) < 1e-9
    unsaid = frozenset({"object", "backdrop"})  # the scene is white, the prompt does not tell
    assert loss_of(model, before, Lead(), "white", 0.5, catalogue, monkeypatch, unsaid) < 1e-9
    assert loss_of(model, before, Lead(), "white", 0.5, catalogue, monkeypatch) > 0.1


@pytest.mark.parametrize(("sigma", "scale"), [(0.5, 2.5), (0.95, 2.0)])
def test_a_model_that_is_as_far_beyond_the_scene_as_its_lead_has_nothing_to_learn(
    sigma: float, scale: float, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = scenes("white")
    flat = replace(data, latents=torch.ones_like(data.latents))
    monkeypatch.setattr("tests.pretraining.test_refining.scenes", lambda color: flat)
    free, scene = 0.25, 1.0
    there = Saying(before, free, scene + (scale - 1) * (scene - free))
    short = Saying(before, free, scene)
    assert loss_of(there, there, Lead(2.5, 2.0), "white", sigma, catalogue, monkeypatch) < 1e-6
    assert loss_of(short, short, Lead(2.5, 2.0), "white", sigma, catalogue, monkeypatch) > 0.01
    assert loss_of(short, short, NO_LEAD, "white", sigma, catalogue, monkeypatch) < 1e-6


def test_what_stays_is_what_the_weights_say_before_they_are_rounded(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = drawing.new_denoiser(catalogue)
    assert loss_of(exact, exact, Lead(), "red", 0.5, catalogue, monkeypatch) > 1e-6
    eight = drawing.new_denoiser(catalogue)
    rounded(eight.unet)
    assert loss_of(eight, eight, Lead(), "red", 0.5, catalogue, monkeypatch) < 1e-9


def test_only_the_model_learns_and_not_its_table(
    model: Denoiser, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = fit_patch_code(np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), np.uint8))
    loss = refining_loss(model, before, ["white"], Lead(), scenes("white"), code, catalogue, torch.device("cpu"))
    loss(0, Chance.at(0, 0))["loss"].backward()
    assert all(weight.grad is None for weight in [*before.parameters(), *model.table.parameters()])
    assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in model.unet.parameters())


def test_about_half_of_the_lessons_are_in_the_colors() -> None:
    white, red = scenes("white"), scenes("red")
    data = LatentScenes(
        torch.cat([white.latents[:2], *[red.latents] * 3]),
        torch.cat([white.masks[:2], *[red.masks] * 3]),
        [*white.scenes[:2], *red.scenes * 3],
    ).half_in(["white"])
    assert [scene.color for scene in data.scenes].count("white") == 24
    assert len(data.latents) == len(data.masks) == len(data.scenes) == 24 + 24
    assert len(red.half_in(["white"]).scenes) == 8
