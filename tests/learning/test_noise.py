"""Noise and targets are those of diffusers' own schedulers."""

import pytest
import torch
from diffusers import DDPMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from hypothesis import given
from hypothesis import strategies as st

from t2i_studio.errors import StudioError
from t2i_studio.learning.noise import Noise, draw_timesteps


@pytest.fixture
def latents() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 3, 4, 5, 5, generator=chance)
    return clean, noise, torch.tensor([10, 500, 990])


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_variance_preserving(kind: str, latents: tuple[torch.Tensor, ...]) -> None:
    clean, noise, times = latents
    scheduler = DDPMScheduler(prediction_type=kind, beta_schedule="scaled_linear")
    ours = Noise.of(scheduler)
    wanted = {"epsilon": noise, "sample": clean, "v_prediction": scheduler.get_velocity(clean, noise, times)}
    assert torch.allclose(ours.add(clean, noise, times), scheduler.add_noise(clean, noise, times), atol=1e-6)
    assert torch.allclose(ours.wanted(clean, noise, times), wanted[kind], atol=1e-6)


def test_flow(latents: tuple[torch.Tensor, ...]) -> None:
    clean, noise, _ = latents
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(5)
    times = scheduler.timesteps[1:4]
    ours = Noise.of(scheduler)
    assert torch.allclose(ours.add(clean, noise, times), scheduler.scale_noise(clean, times, noise), atol=1e-5)
    assert torch.equal(ours.wanted(clean, noise, times), noise - clean)


def test_a_flow_sampler_whose_network_says_the_clean_latents(latents: tuple[torch.Tensor, ...]) -> None:
    clean, noise, times = latents
    ours = Noise.of(DPMSolverMultistepScheduler(prediction_type="sample", use_flow_sigmas=True))
    assert torch.equal(ours.wanted(clean, noise, times), clean)
    assert torch.allclose(ours.add(clean, noise, torch.tensor([1000.0, 1000.0, 1000.0])), noise)


def test_what_it_does_not_know_is_said() -> None:
    from diffusers import EDMEulerScheduler

    with pytest.raises(StudioError, match="EDMEulerScheduler"):
        Noise.of(EDMEulerScheduler())


@given(st.integers(1, 50), st.booleans(), st.integers(0, 1000))
def test_timesteps_lie_where_the_sampler_goes(steps: int, whole: bool, seed: int) -> None:
    visited = torch.linspace(999, 1, steps).round()
    drawn = draw_timesteps(visited, 64, whole, torch.Generator().manual_seed(seed))
    assert ((drawn >= visited[-1]) & (drawn <= visited[0])).all()
    assert not whole or torch.equal(drawn, drawn.round())


def test_every_step_is_drawn_equally_often_and_the_first_as_it_is() -> None:
    visited = torch.tensor([999.0, 700.0, 400.0, 100.0])
    drawn = draw_timesteps(visited, 40_000, False, torch.Generator().manual_seed(1))
    assert (drawn == 999).float().mean() == pytest.approx(0.25, abs=0.01)
    assert ((drawn >= 100) & (drawn < 400)).float().mean() == pytest.approx(0.25, abs=0.01)
