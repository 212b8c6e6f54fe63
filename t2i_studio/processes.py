"""Training in several processes, as `torchrun` and `accelerate launch` start them: the main one works on a run, the
others only train along. With one process nothing here does anything, nor takes the time to load what it would need.
"""

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerate import PartialState
    from torch import Tensor


def number() -> int:
    """Of this process on its machine, from 0."""
    return _state().local_process_index if _several() else 0


def index() -> int:
    """Of this process among all, on whichever machine, from 0."""
    return _state().process_index if _several() else 0


def beside() -> int:
    """How many processes share this machine, this one among them."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if _several() else 1


def count() -> int:
    """How many processes there are, on all machines together."""
    return _state().num_processes if _several() else 1


def is_main() -> bool:
    return not _several() or _state().is_main_process


def call(run: int | None) -> None:
    """From the main process: the others train along on this run, or (None) are done."""
    if _several():
        _broadcast(run)


def follow(train: Callable[[int], None]) -> None:
    """In every other process: train along whenever the main one calls, until it is done."""
    while (called := _broadcast(None)) is not None:
        train(called)


def leave() -> None:
    """The last thing that a process does which had to do with others. One that ends without can abort: threads of the
    group may still hold tensors when there is no interpreter any more to give them back to.
    """
    if not _several():
        return
    import torch

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def all_go_on(wish: bool) -> bool:
    """Whether every process wishes to: they take a step together or none."""
    if not _several():
        return wish
    import torch

    wishes = torch.tensor([float(wish)], device=_state().device)
    torch.distributed.all_reduce(wishes, torch.distributed.ReduceOp.MIN)
    return bool(wishes.item())


def share(tensors: "Iterable[Tensor]") -> None:
    """Give all processes the main one's, in place."""
    if not _several():
        return
    import torch

    _state()
    for tensor in tensors:
        torch.distributed.broadcast(tensor, 0)


def average(gradients: "Iterable[Tensor | None]") -> None:
    """Of all processes, in place."""
    if not _several():
        return
    import torch

    for gradient in gradients:
        if gradient is not None:
            torch.distributed.all_reduce(gradient)
            gradient /= _state().num_processes


def _broadcast(value: int | None) -> int | None:
    """What the main process gives."""
    from accelerate.utils import broadcast_object_list

    _state()
    heard = [value]
    broadcast_object_list(heard)
    return heard[0]


@cache
def _state() -> "PartialState":
    import torch
    import torch.distributed.nn  # imported later, its default arguments would keep the group for good
    from accelerate import PartialState

    return PartialState(cpu=not torch.accelerator.is_available())  # which it does not find out by itself


def _several() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1
