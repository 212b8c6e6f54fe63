"""Which variants keep company in forward passes; a picture's bits must not depend on it.

A small network's weights take longer to fetch than to use, so two variants in the same passes cost little more than
one. But a library may take other kernels for other shapes, and sum in another order. So it is tried, once for each kind
of request: two steps of a variant alone, against the same ones in company.
"""

from dataclasses import dataclass

import numpy as np
import torch

from t2i_studio.domain import Derivation, GenerationRequest
from t2i_studio.engine.denoising import denoise, drawn_size
from t2i_studio.engine.loading import TOGETHER, LoadedModel
from t2i_studio.engine.packing import SMALL_MAP

SEEDS = list(range(TOGETHER))


@dataclass(frozen=True)
class Sharing:
    """groups: places of variants that share forward passes. lanes: how many groups are made side by side. traceless: a
    picture's bits are the same whatever its company.
    """

    groups: list[list[int]]
    lanes: int
    traceless: bool


def room(model: LoadedModel, request: GenerationRequest) -> int:
    """How many variants of such a complete request are best made at once."""
    if _leaves_no_trace(model, request):
        return max(TOGETHER, model.lanes)
    return model.lanes * model.together


def sharing(model: LoadedModel, request: GenerationRequest, count: int) -> Sharing:
    """The quickest way to make `count` variants of a complete request that leaves their bits alone; on a GPU the
    quickest one.
    """
    places = np.arange(count)
    if _leaves_no_trace(model, request):
        lanes = max(1, min(count, model.lanes))
        groups = [group.tolist() for group in np.array_split(places, max(lanes, -(-count // TOGETHER)))]
        return Sharing(groups, lanes, traceless=True)
    groups = [places[begin : begin + model.together].tolist() for begin in range(0, count, model.together)]
    return Sharing(groups, model.lanes, traceless=model.together == 1)


def _leaves_no_trace(model: LoadedModel, request: GenerationRequest) -> bool:
    """Tried where that is not known yet of requests of this kind."""
    if model.lanes == 1 or _cells(model, request) > SMALL_MAP:
        return False  # a GPU, where it does; or a network that keeps its cores busy with one variant
    kind = request.width, request.height, (request.guidance or 0) > 1, model.adapters
    if kind not in model.traceless:
        model.traceless[kind] = _try(model, request)
    return model.traceless[kind]


def _cells(model: LoadedModel, request: GenerationRequest) -> float:
    """Positions of a variant's latents."""
    drawn = drawn_size(request, model)
    return (drawn.width or 0) * (drawn.height or 0) / getattr(model.pipe, "vae_scale_factor", 8) ** 2


def _try(model: LoadedModel, request: GenerationRequest) -> bool:
    short = request.model_copy(
        update={"steps": 2, "derivation": Derivation.TEXT, "init_image": None, "mask": None, "strength": None}
    )
    torch.set_num_threads(model.threads)
    try:
        alone, company = _last(model, short, SEEDS[-1:]), _last(model, short, SEEDS)
    except Exception:  # too much for this machine at once; or a fault, which the pictures themselves will show
        return False
    return all(np.array_equal(one, other) for one, other in zip(alone, company, strict=True))


def _last(model: LoadedModel, request: GenerationRequest, seeds: list[int]) -> list[np.ndarray]:
    """The latents of each step for the last of the seeds, and its picture, in which smaller differences are rounded."""
    made: list[np.ndarray] = []
    picture = denoise(model, request, seeds, lambda step: made.append(step.latents[-1].float().numpy().copy()))[-1]
    return [*made, np.asarray(picture)]
