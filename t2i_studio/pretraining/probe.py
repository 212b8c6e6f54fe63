"""Which device and number format training runs in, found out by a second of measuring."""

import contextlib
import time

import torch


def device() -> torch.device:
    """The first accelerator there is, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def autocast(on: torch.device) -> contextlib.AbstractContextManager:
    """bf16 autocast where it is clearly faster than fp32 on this device, else nothing.

    On a CPU that depends on its instructions: with AVX512-BF16 it doubles the speed, without it halves it.
    """
    if _seconds(on, torch.bfloat16) < 0.8 * _seconds(on, torch.float32):
        return torch.autocast(on.type, torch.bfloat16)
    return contextlib.nullcontext()


def _seconds(on: torch.device, dtype: torch.dtype) -> float:
    """Time of a convolution and a matrix product of the denoiser's sizes, best of five."""
    picture = torch.randn(16, 192, 8, 8, device=on, dtype=dtype)
    kernel = torch.randn(192, 192, 3, 3, device=on, dtype=dtype)
    matrix = torch.randn(1024, 1024, device=on, dtype=dtype)
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        total = torch.nn.functional.conv2d(picture, kernel).sum() + (matrix @ matrix).sum()
        total.item()  # waits for the device
        best = min(best, time.perf_counter() - begun)
    return best
