"""A loaded pipeline as something that can learn: what it says about noisy latents, with gradients, with and without its
adapter.

How a class encodes prompts, lays latents out and hands both to its network is known to its `__call__` alone. So that is
called, without the decorator that forbids gradients: a scheduler of one step stands in for the pipeline's own, lets the
network see the latents of the training step, and ends the call when the network has spoken.
"""

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from t2i_studio.domain import GenerationRequest
from t2i_studio.engine import latents as latent
from t2i_studio.engine.denoising import call_arguments, drawn_size, to_pixels
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.samplers import make_scheduler
from t2i_studio.engine.steps import Step, Stopped, watched
from t2i_studio.errors import StudioError
from t2i_studio.framing import emphasising
from t2i_studio.learning.noise import LEVELS, Noise
from t2i_studio.learning.plan import SMALL


class Trainee:
    """network: the part that learns; size: how many weights it has. visited: the timesteps of the sampler with the
    model's default settings, falling. request: of the size that the pipeline itself draws. layout: latents of one
    picture as the pipeline steps through them, (1, …).
    """

    def __init__(self, model: LoadedModel, request: GenerationRequest) -> None:
        """request: complete (`accept`), for any prompt: size, steps and sampler count. StudioError learning.unfit where
        the class has no network that takes adapters, learning.unknown_noise.
        """
        self.model, self.request = model, drawn_size(request, model)
        self.network: Any = getattr(model.pipe, "unet", None) or getattr(model.pipe, "transformer", None)
        if self.network is None or not hasattr(self.network, "add_adapter"):
            raise StudioError("learning.unfit", model=model.card.name)
        self.noise = Noise.of(model.own_scheduler)
        self._texts: dict[str, Any] = {}
        for part in model.pipe.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False)
        self.visited, self.layout = self._look()
        self.size = sum(weight.numel() for weight in self.network.parameters())
        if self.size >= SMALL:  # what is computed again need not be kept: less memory for some more time
            self.network.enable_gradient_checkpointing()

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def whole(self) -> bool:
        """Whether timesteps are whole numbers."""
        return self.noise.kept is not None

    def encode(self, picture: Image.Image) -> Tensor:
        """Latents (1, …) of a picture of the size of `request`, in the pipeline's own layout."""
        with torch.no_grad():
            return latent.encode(self.model.pipe.vae, to_pixels(picture), self.layout).float().cpu()

    def says(self, noisy: Tensor, timesteps: Tensor, prompts: Sequence[str]) -> Tensor:
        """What the network says about latents (B, …) at timesteps (B,), guidance left out. Gradients flow."""
        pipe = copy.copy(self.model.pipe)
        pipe.scheduler = _OneStep(pipe.scheduler, timesteps.to(self.device))
        pipe.prepare_latents = _giving(pipe.prepare_latents, noisy.to(self.device))
        pipe.encode_prompt = self._remembering(pipe.encode_prompt)
        if self.model.framing:
            pipe.encode_prompt = emphasising(pipe.encode_prompt, self.model.framing)
        alone = self.request.model_copy(update={"steps": 1, "guidance": self._unguided()})
        arguments = call_arguments(pipe, self.model, alone, list(range(len(prompts))), None)
        try:
            inspect.unwrap(type(pipe).__call__)(pipe, **arguments | {"prompt": list(prompts)})
        except _Spoken as spoken:
            return spoken.said
        raise StudioError("learning.unfit", model=self.model.card.name)

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Within, the network is as it was before: its adapter is off, and nothing is remembered for gradients."""
        self.network.disable_adapters()
        try:
            with torch.no_grad():
                yield
        finally:
            self.network.enable_adapters()

    def _unguided(self) -> float:
        """Guidance at which the pipeline asks its network once a step."""
        return 0.0 if self.request.guidance == 0 else 1.0

    def _look(self) -> tuple[Tensor, Tensor]:
        """Sampler's timesteps and the layout of latents, from a call that is stopped at its first step."""
        pipe = copy.copy(self.model.pipe)
        pipe.scheduler = make_scheduler(self.request.sampler or "", self.model.own_scheduler)
        layout: list[Tensor] = []

        def observe(step: Step) -> None:
            layout.append(step.latents[:1].detach())
            raise Stopped

        arguments = call_arguments(pipe, self.model, self.request, [0], None)
        with torch.no_grad(), watched(pipe.scheduler, observe), suppress(Stopped):
            pipe(**arguments | {"prompt": [self.request.prompt.text]})
        return pipe.scheduler.timesteps.float().cpu(), layout[0]

    def _remembering(self, encode: Callable[..., Any]) -> Callable[..., Any]:
        """Prompt encoding that works on each text once."""

        @functools.wraps(encode)
        def encoded(*args: Any, **kwargs: Any) -> Any:
            bound = inspect.signature(encode).bind(*args, **kwargs)
            rows = []
            for text in bound.arguments["prompt"]:
                if text not in self._texts:
                    alone = {
                        name: None if isinstance(value, list) else value for name, value in bound.arguments.items()
                    }
                    with torch.no_grad():
                        self._texts[text] = encode(**alone | {"prompt": [text]})
                rows.append(self._texts[text])
            return _joined(rows)

        return encoded


class _Spoken(Exception):  # noqa: N818  (no error: the network has said what was asked)
    def __init__(self, said: Tensor) -> None:
        super().__init__()
        self.said = said


class _OneStep:
    """Stands in for a scheduler: one step, at a timestep for each picture, which ends the call."""

    order = 1
    init_noise_sigma = 1.0

    def __init__(self, own: Any, timesteps: Tensor) -> None:
        self.config, self.timesteps = own.config, timesteps[None]
        self.sigmas = torch.stack([timesteps / LEVELS, torch.zeros_like(timesteps)])

    def set_timesteps(
        self, num_inference_steps: int | None = None, device: Any = None, sigmas: Any = None, mu: Any = None
    ) -> None:
        """Nothing to set: the one step is known. The parameters are those that pipelines look for."""

    def set_begin_index(self, begin_index: int = 0) -> None:
        """There is only one."""

    def scale_model_input(self, sample: Tensor, timestep: Any) -> Tensor:
        """As it is: `Noise.add` gives what the network is used to."""
        return sample

    def step(self, said: Tensor, *_: Any, **__: Any) -> Any:
        raise _Spoken(said)


def _giving(prepare: Callable[..., Any], noisy: Tensor) -> Callable[..., Any]:
    """A pipeline's preparation of latents that gives these, in the layout that it gives them in itself."""

    @functools.wraps(prepare)
    def prepared(*args: Any, **kwargs: Any) -> Any:
        own = prepare(*args, **kwargs)
        first = own[0] if isinstance(own, tuple) else own
        given = noisy.to(first.dtype)
        return (given, *own[1:]) if isinstance(own, tuple) else given

    return prepared


def _joined(rows: list[Any]) -> Any:
    """What a pipeline's prompt encoding gives for several texts, from what it gives for each."""
    first = rows[0]
    if isinstance(first, Tensor):
        return torch.cat(rows)
    if isinstance(first, list):
        return [item for row in rows for item in row]
    if isinstance(first, tuple):
        return tuple(_joined(list(parts)) for parts in zip(*rows, strict=True))
    return first
