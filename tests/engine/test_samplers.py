"""Every sampler offered for a model runs on it, and only such are offered."""

import itertools

import pytest
import torch

from t2i_studio.engine.acceptance import accept, scheduler_config
from t2i_studio.engine.lanes import make_pictures
from t2i_studio.engine.samplers import OWN, SAMPLERS, fitting, make_scheduler
from t2i_studio.errors import StudioError


@pytest.mark.parametrize("name", ["stable-diffusion", "stable-diffusion-xl"])
def test_each_fitting_sampler_makes_a_picture_of_its_own(load, request_for, name):
    model = load(name)
    ends = {}
    for sampler in fitting(scheduler_config(model.card)):
        request = accept(request_for(name, sampler=sampler, steps=6), model.card)
        steps = []
        make_pictures(model, request, [1], lambda _, step: steps.append(step), None)  # noqa: B023
        ends[sampler] = steps[-1].latents
        assert torch.isfinite(ends[sampler]).all()
    del ends[OWN]  # the same as one of the others
    assert len(ends) == len(SAMPLERS)
    for one, other in itertools.combinations(ends.values(), 2):
        assert not torch.allclose(one, other)


@pytest.mark.parametrize("sampler", ["DPM++ 2M", "UniPC"])
def test_a_clean_picture_predictor_on_a_straight_path_reaches_its_own_prediction(sampler):
    """A network that always predicts x₀ must end at x₀, whatever the sampler's path."""
    from diffusers import DPMSolverMultistepScheduler

    own = DPMSolverMultistepScheduler(prediction_type="sample", use_flow_sigmas=True, flow_shift=1.0)
    config = dict(own.config) | {"_class_name": "DPMSolverMultistepScheduler"}
    assert sampler in fitting(config)
    assert "Euler a" not in fitting(config)
    clean, latents = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    for name in (OWN, sampler):
        scheduler = make_scheduler(name, own)
        scheduler.set_timesteps(8)
        x = latents
        for timestep in scheduler.timesteps:
            x = scheduler.step(clean, timestep, x, return_dict=False)[0]
        assert torch.allclose(x, clean, atol=1e-3)


def test_a_sampler_that_does_not_fit_is_refused():
    from diffusers import FlowMatchEulerDiscreteScheduler

    for name in set(SAMPLERS) - set(fitting({"_class_name": "FlowMatchEulerDiscreteScheduler"})):
        with pytest.raises(StudioError):
            make_scheduler(name, FlowMatchEulerDiscreteScheduler())
