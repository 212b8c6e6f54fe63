"""Which device and number format training runs in, found out by a second of measuring where it cannot be known."""

import contextlib
import time
from functools import cache

import torch
from torch import nn


def device() -> torch.device:
    """The first accelerator there is, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def place(network: nn.Module, on: torch.device) -> None:
    """Move a network to a device; on a GPU its kernels lie in the order in which matrix units read them."""
    network.to(on)
    if on.type == "cuda":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it


def autocast(on: torch.device) -> contextlib.AbstractContextManager:
    """bf16 autocast where it is clearly faster than fp32 on this device, else nothing.

    On a CPU that depends on its instructions: with AVX512-BF16 it doubles the speed, without it halves it. On a GPU
    with matrix units for it, it always is; what is measured below is too small to tell.
    Without autocast's cache: a run trains inside one context, and the cache would keep the weights it began with.
    """
    if not _half_is_faster(on):
        return contextlib.nullcontext()
    return torch.autocast(on.type, torch.bfloat16, cache_enabled=False)


@cache
def _half_is_faster(on: torch.device) -> bool:
    if on.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return _seconds(on, torch.bfloat16) < 0.8 * _seconds(on, torch.float32)


def _seconds(on: torch.device, dtype: torch.dtype) -> float:
    """Time of a convolution and a matrix product of the denoiser's kind, best of three."""
    picture = torch.randn(4, 192, 8, 8, device=on, dtype=dtype)
    kernel = torch.randn(192, 192, 3, 3, device=on, dtype=dtype)
    matrix = torch.randn(512, 512, device=on, dtype=dtype)
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        total = torch.nn.functional.conv2d(picture, kernel).sum() + (matrix @ matrix).sum()
        total.item()  # waits for the device
        best = min(best, time.perf_counter() - begun)
    return best
