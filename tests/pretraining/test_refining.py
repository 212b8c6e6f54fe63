"""Going on from scenes: what a finished model learns, what it keeps, and how far beyond the scenes it is led."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.pretraining import drawing
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import UNSAID
from t2i_studio.pretraining.denoiser import Denoiser
from t2i_studio.pretraining.distilling import LED_BELOW, STRESSED
from t2i_studio.pretraining.eight_bits import rounded
from t2i_studio.pretraining.latents import fit_patch_code
from t2i_studio.pretraining.lessons import LatentScenes, one_by_one
from t2i_studio.pretraining.refining import refining_loss
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance


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
    model: Denoiser, before: Denoiser, taught: Sequence[str], color: str | None, sigma: float, catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch, facts: frozenset[str] = frozenset({"object", "color", "backdrop"}),
) -> float:  # fmt: skip
    """The loss of prompts that state these facts of scenes in a colour, when `taught` learn."""
    monkeypatch.setattr("t2i_studio.pretraining.objectives.sample_sigmas", lambda n, lots: torch.full((n,), sigma))
    monkeypatch.setattr("t2i_studio.pretraining.lessons.stated", lambda scene, rng, catalogue: set(facts))
    code = fit_patch_code(np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), np.uint8))
    loss = refining_loss(
        model, before, taught, one_by_one(scenes(color), catalogue), code, catalogue, torch.device("cpu")
    )
    return float(loss(0, Chance.at(0, 0))["loss"].detach())


class Saying(torch.nn.Module):
    """A denoiser that says constants: for prompts without a word, for those with one but nothing of STRESSED, for all
    others.
    """

    def __init__(self, like: Denoiser, free: float, plain: float, stressed: float) -> None:
        super().__init__()
        self.table, self.free, self.plain, self.stressed = like.table, free, plain, stressed

    def forward(self, noisy: Tensor, sigmas: Tensor, said: Tensor) -> Tensor:
        names = list(self.table.sizes)
        stressed = (said[:, [names.index(name) for name in STRESSED]] != UNSAID).any(1)
        value = torch.where((said == UNSAID).all(1), self.free, torch.where(stressed, self.stressed, self.plain))
        return torch.ones_like(noisy) * value[:, None, None, None]


def test_what_is_in_none_of_the_taught_colors_stays_as_it_was(
    model: Denoiser, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for color in (None, "red", "grey"):
        assert loss_of(model, before, ["white"], color, 0.5, catalogue, monkeypatch) < 1e-9
        assert loss_of(model, before, [], color, 0.5, catalogue, monkeypatch) > 0.1
    unsaid = frozenset({"object", "backdrop"})  # the scene is white, the prompt does not tell
    assert loss_of(model, before, ["white"], "white", 0.5, catalogue, monkeypatch, unsaid) < 1e-9
    assert loss_of(model, before, ["white"], "white", 0.5, catalogue, monkeypatch) > 0.1


@pytest.mark.parametrize(
    ("color", "sigma", "whole", "stress"),
    [("red", 0.5, 2.5, 2.0), ("red", 0.95, 1.0, 3.0), ("white", 0.5, 2.5, 1.0), ("black", 0.95, 1.0, 2.0)],
)
def test_a_model_that_is_as_far_beyond_the_scene_as_its_teacher_led_has_nothing_to_learn(
    color: str, sigma: float, whole: float, stress: float, before: Denoiser, catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data = scenes(color)
    flat = replace(data, latents=torch.ones_like(data.latents))
    monkeypatch.setattr("tests.pretraining.test_refining.scenes", lambda color: flat)
    free, plain, scene = 0.25, 0.5, 1.0
    led_plain = plain + (whole - 1) * (plain - free)
    there = Saying(before, free, led_plain, scene + (whole - 1) * (scene - free) + (stress - 1) * (scene - plain))
    assert loss_of(there, there, [], color, sigma, catalogue, monkeypatch) < 1e-6
    assert loss_of(there, there, [color], color, sigma, catalogue, monkeypatch) < 1e-6
    short = Saying(before, free, led_plain, scene)
    assert loss_of(short, short, [color], color, sigma, catalogue, monkeypatch) > 0.01


def test_without_colors_all_prompts_learn_but_where_the_noise_is_high(
    model: Denoiser, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for color in (None, "red", "white"):
        assert loss_of(model, before, [], color, LED_BELOW - 0.01, catalogue, monkeypatch) > 0.1
        assert loss_of(model, before, [], color, LED_BELOW, catalogue, monkeypatch) < 1e-9


def test_what_states_nothing_is_the_scene_and_no_lead_beyond_it(
    before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = scenes("red")
    flat = replace(data, latents=torch.ones_like(data.latents))
    monkeypatch.setattr("tests.pretraining.test_refining.scenes", lambda color: flat)
    silent, unstressed = frozenset[str](), frozenset({"object"})
    plain = 1 + 1.5 * (1 - 0.25)
    for sigma, said in ((0.5, plain), (0.95, 1.0)):
        scene = Saying(before, 1.0, 9.0, 9.0)
        assert loss_of(scene, scene, [], "red", sigma, catalogue, monkeypatch, silent) < 1e-6
        led = Saying(before, 0.25, said, 9.0)
        assert loss_of(led, led, [], "red", sigma, catalogue, monkeypatch, unstressed) < 1e-6


def test_what_stays_is_what_the_weights_say_before_they_are_rounded(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = drawing.new_denoiser(catalogue)
    assert loss_of(exact, exact, ["white"], "red", 0.5, catalogue, monkeypatch) > 1e-6
    eight = drawing.new_denoiser(catalogue)
    rounded(eight.unet)
    assert loss_of(eight, eight, ["white"], "red", 0.5, catalogue, monkeypatch) < 1e-9


def test_only_the_model_learns_and_not_its_table(
    model: Denoiser, before: Denoiser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = fit_patch_code(np.random.default_rng(0).integers(0, 255, (8, 128, 128, 3), np.uint8))
    loss = refining_loss(
        model, before, [], one_by_one(scenes("white"), catalogue), code, catalogue, torch.device("cpu")
    )
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
