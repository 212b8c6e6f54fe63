"""Noise as a model's own scheduler means it: what the network is shown, and what it should have said.

Two families: *flow* models step from σ = 1 (noise) to 0 along (1 − σ)·x₀ + σ·ε (Liu et al., Rectified Flow, ICLR 2023);
the others keep the variance, √ᾱ·x₀ + √(1 − ᾱ)·ε (Ho et al., DDPM, NeurIPS 2020). Each says what it was trained to:
the noise ε, the clean latents x₀, a velocity.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from t2i_studio.engine.samplers import path_of
from t2i_studio.errors import StudioError

Target = Literal["epsilon", "sample", "v_prediction", "flow_prediction"]
LEVELS = 1000


@dataclass(frozen=True)
class Noise:
    """Noise levels are the scheduler's timesteps, from 0 to LEVELS. kept: ᾱ of each whole timestep, (LEVELS,); None for
    flow models, whose σ is timestep / LEVELS.
    """

    target: Target
    kept: Tensor | None

    @classmethod
    def of(cls, scheduler: Any) -> "Noise":
        """Of a diffusers scheduler. StudioError learning.unknown_noise."""
        path = path_of({**scheduler.config, "_class_name": type(scheduler).__name__})
        kept = None if path.flow else getattr(scheduler, "alphas_cumprod", None)
        if path.reads not in get_args(Target) or (kept is None and not path.flow):
            raise StudioError("learning.unknown_noise", scheduler=type(scheduler).__name__)
        return cls(path.reads, None if kept is None else kept.double())  # type: ignore[arg-type]

    def add(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Latents (B, …) at the timesteps (B,)."""
        signal, spread = self._shares(timesteps, clean)
        return signal * clean + spread * noise

    def wanted(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the network should say of `add(clean, noise, timesteps)`. Velocities: √ᾱ·ε − √(1 − ᾱ)·x₀ (Salimans and
        Ho, ICLR 2022), of flow models ε − x₀.
        """
        signal, spread = self._shares(timesteps, clean)
        match self.target:
            case "epsilon":
                return noise
            case "sample":
                return clean
            case "v_prediction":
                return signal * noise - spread * clean
            case "flow_prediction":
                return noise - clean

    def _shares(self, timesteps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        if self.kept is None:
            spread = timesteps.double() / LEVELS
            signal = 1 - spread
        else:
            kept = self.kept[timesteps.long().cpu()]
            signal, spread = kept.sqrt(), (1 - kept).sqrt()
        shape = (-1, *(1,) * (like.ndim - 1))
        return signal.view(shape).to(like), spread.view(shape).to(like)


def draw_timesteps(visited: Tensor, count: int, whole: bool, chance: torch.Generator) -> Tensor:
    """Timesteps (count,) for training: each of the sampler's steps equally often, within it anywhere between it and the
    one before; so what is learnt is what pictures are made with. The first step stays as it is: from pure noise the
    sampler decides what is drawn.

    visited: the timesteps that the sampler visits, falling. whole: round to whole numbers.
    """
    place = torch.randint(len(visited), (count,), generator=chance)
    above = visited[(place - 1).clamp(min=0)]
    drawn = visited[place] + (above - visited[place]) * torch.rand(count, generator=chance)
    return drawn.round() if whole else drawn
