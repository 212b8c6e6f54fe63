"""Watching a pipeline from inside its sampler: progress, the picture so far, cancelling, and holding parts
of a picture.

Every diffusers pipeline, also one without callbacks, calls `scheduler.step`; so that is where the engine
looks in.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from t2i_studio.engine import latents as latent


class Stopped(Exception):  # noqa: N818  (no error: somebody asked for it)
    """Raised by an observer to end a pipeline between two steps."""


@dataclass(frozen=True)
class Step:
    """A step just taken. number: 1 … total. latents: after it, next_timestep away from being clean (None:
    clean). clean: what the network now takes the clean latents to be. Both in the pipeline's own layout.
    """

    number: int
    total: int
    latents: Tensor
    clean: Tensor
    next_timestep: Tensor | None


@contextmanager
def watched(scheduler: Any, observe: Callable[[Step], Tensor | None]) -> Iterator[None]:
    """Within, `observe` sees each step of `scheduler`; latents it returns replace those of the step."""
    take_step = scheduler.step
    taken = 0
    start = 0

    @functools.wraps(take_step)
    def step(output: Tensor, timestep: Any, sample: Tensor, *args: Any, **kwargs: Any) -> Any:
        nonlocal taken, start
        if taken == 0:
            start = int((scheduler.timesteps == timestep).nonzero()[0])
        result = take_step(output, timestep, sample, *args, **kwargs)
        taken += 1
        later = scheduler.timesteps[start + taken :]
        seen = Step(
            number=taken,
            total=len(scheduler.timesteps) - start,
            latents=result[0],
            clean=_clean(scheduler, output, sample, result),
            next_timestep=later[0] if len(later) else None,
        )
        changed = observe(seen)
        return result if changed is None else (changed, *result[1:])

    scheduler.step = step
    try:
        yield
    finally:
        del scheduler.step


def _clean(scheduler: Any, output: Tensor, sample: Tensor, result: Any) -> Tensor:
    """The network's present idea of the clean latents; where the sampler does not tell, the latents as they
    are.
    """
    config = scheduler.config
    if config.get("prediction_type") == "sample":
        return output
    solver = getattr(scheduler, "model_outputs", None)
    if solver and solver[-1] is not None and "++" in config.get("algorithm_type", "++"):
        return solver[-1]
    if len(result) > 1:
        return result[1]
    if "prediction_type" not in config and scheduler.step_index:
        return sample - scheduler.sigmas[scheduler.step_index - 1].to(sample) * output
    return result[0]


class Hold:
    """Puts an original picture back while another is made over it (Meng et al., SDEdit, 2021; Lugmayr et
    al., RePaint, 2022): the whole of it for the first `whole` steps, then only what lies outside the mask.

    picture: (1, 3, H, W) in [-1, 1]. mask: (1, 1, H, W), 1 where the picture is to change. seeds: one a
    variant.
    """

    def __init__(self, vae: Any, picture: Tensor, mask: Tensor, seeds: list[int], whole: int) -> None:
        self._vae, self._picture, self._mask, self._seeds, self._whole = vae, picture, mask, seeds, whole
        self._clean: Tensor | None = None

    def __call__(self, scheduler: Any, step: Step) -> Tensor:
        """The latents of `step` with the original, as noisy as they are, where it is to stay."""
        if self._clean is None:
            self._prepare(step.latents)
        assert self._clean is not None
        original = self._clean
        if step.next_timestep is not None:
            times = step.next_timestep.reshape(1).expand(len(self._noise))
            if hasattr(scheduler, "add_noise"):
                original = scheduler.add_noise(self._clean, self._noise, times)
            else:
                original = scheduler.scale_noise(self._clean, times, self._noise)
        original = original.to(step.latents.dtype)
        if step.number <= self._whole:
            return original.expand_as(step.latents)
        return torch.where(self._change, step.latents, original)

    def _prepare(self, sample: Tensor) -> None:
        self._clean = latent.encode(self._vae, self._picture, sample)
        cells = latent.grid(sample, *self._picture.shape[-2:])
        touched = torch.nn.functional.adaptive_max_pool2d(self._mask, cells).to(sample.device)
        self._change = latent.as_layout(touched, sample) > 0
        noise = [torch.randn(sample.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in self._seeds]
        self._noise = torch.stack(noise).to(sample)
