"""Weights of a network as int8, with a scale for each output row."""

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"


def packed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices and kernels as int8 with a scale for each output row (row = int8 · scale), the rest as it is.

    The largest value of a row is 127 steps, so that no value is off by more than half a step of its row.
    """
    small: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if weight.dim() < 2:
            small[name] = weight.float().contiguous()
            continue
        rows = weight.float().flatten(1)
        scale = rows.abs().amax(1).clamp(min=1e-12) / 127
        small[name] = (rows / scale[:, None]).round().to(torch.int8).view(weight.shape).contiguous()
        small[name + SCALE] = scale
    return small


def unpacked(small: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `packed` made small, as float32, and any that were not. KeyError where a scale is missing."""
    return {
        name: (weight.flatten(1) * small[name + SCALE][:, None]).view(weight.shape)
        if weight.dtype == torch.int8
        else weight.float()
        for name, weight in small.items()
        if not name.endswith(SCALE)
    }
