"""One call of a pipeline: a complete request and some seeds in, pictures out."""

import copy
import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from t2i_studio.domain import GenerationRequest
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.samplers import make_scheduler
from t2i_studio.engine.steps import Hold, Step, watched
from t2i_studio.framing import emphasising, telling
from t2i_studio.upscaling.cells import decoded
from t2i_studio.upscaling.network import to_pictures

FEATHER = 1 / 128
"""Radius of the soft edge of an inpainting mask, as a share of the picture's shorter side."""


@dataclass(frozen=True)
class Start:
    """The picture to start from (RGB) and, for inpainting, the mask (L, white where it is to change)."""

    picture: Image.Image
    mask: Image.Image | None = None


def denoise(
    model: LoadedModel,
    request: GenerationRequest,
    seeds: list[int],
    observe: Callable[[Step], Tensor | None],
    start: Start | None = None,
    prompts: Sequence[str] = (),
) -> list[Image.Image]:
    """A picture for each seed, computed in the same forward passes. request: complete (`accept`).

    prompts: one a seed, where they differ from the request's. observe: latents it returns replace those of the
    step. Calls may run side by side in threads. Whatever `observe` raises ends the call and passes through.
    """
    drawn = drawn_size(request, model)
    fitted = _fitted(start, (drawn.width or 0, drawn.height or 0)) if start else None
    pipe, hold = _prepared(model, request, seeds, fitted)
    pipe.scheduler = make_scheduler(request.sampler or "", model.own_scheduler)
    if hasattr(pipe, "encode_prompt"):
        pipe.encode_prompt = _in_turn(pipe.encode_prompt, model.encoding)
        if model.framing and start:  # a picture to start from tells the framing itself
            pipe.encode_prompt = emphasising(pipe.encode_prompt, model.framing)
        elif model.framing:
            pipe.encode_prompt = telling(pipe.encode_prompt, seeds, model.framing)

    def on_step(step: Step) -> Tensor | None:
        held = hold(pipe.scheduler, step) if hold else None
        changed = observe(step if held is None else replace(step, latents=held))
        return held if changed is None else changed

    try:
        with torch.inference_mode(), watched(pipe.scheduler, on_step):
            texts = list(prompts) or [request.prompt.text] * len(seeds)
            arguments = call_arguments(pipe, model, drawn, seeds, fitted) | {"prompt": texts}
            if model.cells is not None:
                arguments["output_type"] = "latent"
            pictures = _finished(model, pipe(**arguments).images, drawn is not request)
    finally:
        pipe.maybe_free_model_hooks()
    if start and start.mask:
        whole = _fitted(start, (request.width or 0, request.height or 0))
        return [_joined(picture, whole) for picture in pictures]
    return pictures


def _finished(model: LoadedModel, drawn: Any, enlarge: bool) -> list[Image.Image]:
    """Pictures from what a pipeline gives back: pictures, or latents where the model's decoder is linear."""
    upscaler = model.upscaler if enlarge else None
    if model.cells is None:
        return [upscaler.enlarged(picture) for picture in drawn] if upscaler else list(drawn)
    pixels = decoded(drawn.float(), model.cells).clamp(-1, 1)
    return to_pictures(upscaler(pixels) if upscaler else pixels)


def drawn_size(request: GenerationRequest, model: LoadedModel) -> GenerationRequest:
    """The request at the size that the pipeline itself draws; the request itself where nothing is to be enlarged."""
    size, card = (request.width or 0, request.height or 0), model.card
    if model.upscaler is None or size == (card.width // card.upscale, card.height // card.upscale):
        return request
    width, height = (side // card.upscale for side in size)
    return request.model_copy(update={"width": width, "height": height})


def _in_turn(encode: Callable[..., Any], turn: threading.Lock) -> Callable[..., Any]:
    """Prompt encoding for one lane at a time: tokenizers change themselves while they work."""

    @functools.wraps(encode)
    def encoded(*args: Any, **kwargs: Any) -> Any:
        with turn:
            return encode(*args, **kwargs)

    return encoded


def _prepared(
    model: LoadedModel, request: GenerationRequest, seeds: list[int], start: Start | None
) -> tuple[Any, Hold | None]:
    """A pipeline of its own for a request, and what holds the original.

    A model whose class has an image-to-image pipeline with a strength uses that; any other runs from pure
    noise and is held until the strength's first step.
    """
    own = copy.copy(model.pipe)  # shares the weights; what a call sets on itself is its own
    if start is None:
        return own, None
    pipe = image_to_image(own)
    steps, strength = request.steps or 1, request.strength or 1.0
    skipped = 0 if pipe else steps - min(int(steps * strength), steps)
    if pipe and not start.mask:
        return pipe, None
    mask = start.mask or Image.new("L", start.picture.size, 255)
    pixels = to_pixels(start.picture)
    change = torch.from_numpy(np.asarray(mask).copy())[None, None] / 255
    hold = Hold(model.pipe.vae, pixels, change, seeds, skipped)
    return pipe or own, hold


def image_to_image(pipe: Any) -> Any | None:
    """The image-to-image pipeline over the same weights, or None where the class has none that knows a
    strength.
    """
    from diffusers import AutoPipelineForImage2Image

    try:
        other = AutoPipelineForImage2Image.from_pipe(pipe)
    except ValueError:
        return None
    if "strength" not in inspect.signature(other.__call__).parameters:
        return None
    other.set_progress_bar_config(disable=True)
    return other


def call_arguments(
    pipe: Any, model: LoadedModel, request: GenerationRequest, seeds: list[int], start: Start | None
) -> dict[str, Any]:
    """What of a request the pipeline's call takes, by its signature."""
    card = model.card
    offered: dict[str, Any] = {
        "width": request.width,
        "height": request.height,
        "image": [start.picture] * len(seeds) if start else None,
        "strength": request.strength,
        "negative_prompt": [request.prompt.negative] * len(seeds) if card.negative_prompt else None,
        "max_sequence_length": card.max_prompt_tokens,
        card.guidance_argument: request.guidance,
        **card.arguments,
    }
    taken = inspect.signature(pipe.__call__).parameters
    if "strength" not in taken:
        del offered["image"]  # an editing model would take it for a reference
    return {
        "num_inference_steps": request.steps,
        "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        **{name: value for name, value in offered.items() if name in taken and value is not None},
    }


def to_pixels(picture: Image.Image) -> Tensor:
    """(1, 3, H, W) in [−1, 1]."""
    return torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1)[None] / 127.5 - 1


def _fitted(start: Start, size: tuple[int, int]) -> Start:
    """Picture and mask at the size of the request, cut to its aspect ratio where that differs."""
    picture = ImageOps.fit(start.picture, size, Image.Resampling.LANCZOS)
    mask = ImageOps.fit(start.mask, size, Image.Resampling.BOX) if start.mask else None
    return Start(picture, mask)


def _joined(picture: Image.Image, start: Start) -> Image.Image:
    """The new picture inside the mask, the original's own pixels outside, with a soft edge that lies
    inside.
    """
    assert start.mask is not None
    radius = max(1.0, min(picture.size) * FEATHER)
    inner = start.mask.filter(ImageFilter.MinFilter(2 * round(radius) + 1))
    soft = inner.filter(ImageFilter.GaussianBlur(radius / 2))
    outside = start.mask.point(lambda value: 0 if value == 0 else 255)
    soft = Image.composite(soft, Image.new("L", soft.size, 0), outside)
    return Image.composite(picture, start.picture, soft)
