"""Several variants at once: in the same forward passes where company.py says so, and side by side in threads.

When memory runs short: fewer at once, then the model's own measures, then a sentence.
"""

import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from PIL import Image

from t2i_studio.domain import GenerationRequest
from t2i_studio.engine.company import sharing
from t2i_studio.engine.denoising import Start, denoise
from t2i_studio.engine.loading import LoadedModel
from t2i_studio.engine.steps import Step
from t2i_studio.errors import StudioError

Result = TypeVar("Result")
Observer = Callable[[list[int], Step], None]
"""Called after each step with the positions (in the list of seeds) of the variants it was taken for."""


_LANES = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="lane")
"""Kept, and no more than there are processors, because each thread that computes holds tens of megabytes of its
own. It starts no thread before there is work.
"""


@dataclass(frozen=True)
class Made:
    """A finished picture. together: how many variants shared its forward passes, 1 where that leaves no trace."""

    picture: Image.Image
    together: int


def make_pictures(
    model: LoadedModel,
    request: GenerationRequest,
    seeds: list[int],
    observe: Observer,
    start: Start | None = None,
) -> list[Made]:
    """A picture for each seed. request: complete (`accept`). observe: called from the lanes' threads.

    Raises StudioError memory.short when no measure is enough, and whatever `observe` raises.
    """
    shares = sharing(model, request, len(seeds))
    lanes, waiting = shares.lanes, shares.groups
    made: dict[int, Made] = {}

    def call(group: list[int]) -> list[Image.Image]:
        torch.set_num_threads(model.threads)
        chosen = [seeds[place] for place in group]
        return denoise(model, request, chosen, lambda step: observe(group, step), start)

    while waiting:
        now, waiting = waiting[:lanes], waiting[lanes:]
        short = []
        for group, result in zip(now, _side_by_side(call, now), strict=True):
            if isinstance(result, list):
                together = 1 if shares.traceless else len(group)
                made |= {place: Made(picture, together) for place, picture in zip(group, result, strict=True)}
            elif is_shortage(result):
                short.append(group)
            else:
                raise result
        del result  # an error's traceback holds tensors
        if short:
            lanes, short = _relieve(model, lanes, short)
            waiting = short + waiting
    return [made[place] for place in range(len(seeds))]


def _side_by_side(
    call: Callable[[list[int]], list[Image.Image]], groups: list[list[int]]
) -> list[list[Image.Image] | BaseException]:
    """The result or the error of each call."""
    if len(groups) == 1:
        try:
            return [call(groups[0])]
        except Exception as error:
            return [error]
    calls: list[Future[list[Image.Image]]] = [_LANES.submit(call, group) for group in groups]
    return [done.exception() or done.result() for done in calls]


def in_lanes(work: Callable[..., Result], *arguments: Sequence[Any]) -> list[Result]:
    """`map`, with the calls side by side. Raises what the first of them raised."""
    return list(_LANES.map(work, *arguments))


def is_shortage(error: BaseException) -> bool:
    """Is it memory that ran out?"""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _relieve(model: LoadedModel, lanes: int, short: list[list[int]]) -> tuple[int, list[list[int]]]:
    """Take the next measure: one lane, half the group, what the model can do. What to try: lanes, groups."""
    gc.collect()
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    if lanes > 1:
        return 1, short
    if any(len(group) > 1 for group in short):
        halves = [(group[: (len(group) + 1) // 2], group[(len(group) + 1) // 2 :]) for group in short]
        return 1, [half for pair in halves for half in pair if half]
    if model.save_memory():
        return 1, short
    raise StudioError("memory.short", model=model.card.name)
