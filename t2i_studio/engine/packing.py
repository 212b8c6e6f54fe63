"""Layers whose weights lie ready for the processor.

PyTorch hands the weights of a convolution to oneDNN as they are stored, and oneDNN lays them out anew at every call. On
maps as small as a latent model's that takes longer than the arithmetic; of linear layers in bf16 the same holds to a
lesser degree. Here they are laid out once, with the operators that `torch.compile` uses for the same purpose, but
without a compiler. Results are those of oneDNN's kernels either way.
"""

import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

SMALL_MAP = 32 * 32
"""Positions up to which laying out weights counts beside the arithmetic."""
OPERATORS = ("convolution_pointwise", "linear_pointwise", "reorder_convolution_weight", "reorder_linear_weight")


def can_pack(device: torch.device) -> bool:
    """Whether this build of PyTorch has the operators, and this processor what they are for."""
    return (
        device.type == "cpu"
        and platform.machine().lower() in ("x86_64", "amd64")
        and torch.backends.mkldnn.is_available()
        and all(hasattr(torch.ops.mkldnn, f"_{name}") for name in OPERATORS)
    )


def pack(network: nn.Module) -> None:
    """Give every convolution of `network`, and every linear layer in bf16, a packed copy of its weights, made at its
    first call.

    Padding must be with zeros, which is what diffusers' networks do. Only calls in inference mode take it, and only on
    maps of up to SMALL_MAP positions: learning compares a network with itself, and both must take the same way.
    """
    for module in network.modules():
        if type(module) not in (nn.Conv2d, nn.Linear) or type(module.weight.data) is not Tensor:
            continue  # 8-bit weights are tensors of a type of their own
        if isinstance(module, nn.Conv2d) and module.groups == 1 and isinstance(module.padding, tuple):
            setattr(module, "forward", _Convolution(module))  # noqa: B010  (to the type checker no attribute)
        if isinstance(module, nn.Linear) and module.weight.dtype == torch.bfloat16:
            setattr(module, "forward", _Linear(module))  # noqa: B010


class _Packed:
    """The weights of a layer, packed anew where they were changed or replaced, or inputs have other sides.

    How many there are in a batch makes no difference to the layout: the same packing serves all, as quickly.
    """

    def __init__(self) -> None:
        self._kept: tuple[Any, Tensor] | None = None  # replaced as a whole: lanes call at the same time

    def get(self, weight: Tensor, x: Tensor, make: Callable[[Tensor], Tensor]) -> Tensor:
        """What `make` makes of the weight for inputs like x."""
        key = (weight.data_ptr(), None if weight.is_inference() else weight._version, weight.dtype, x.shape[1:])
        kept = self._kept
        if kept is None or kept[0] != key:
            self._kept = kept = key, make(weight.detach())
        return kept[1]


def _takes(weight: Tensor, x: Tensor, positions: int) -> bool:
    alike = x.dtype == weight.dtype and x.device.type == "cpu"
    return alike and positions <= SMALL_MAP and torch.is_inference_mode_enabled()


class _Convolution:
    """A convolution's forward."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution
        self.packed = _Packed()

    def __call__(self, x: Tensor) -> Tensor:
        conv = self._convolution
        if not _takes(conv.weight, x, x.shape[-2] * x.shape[-1]):
            return nn.Conv2d.forward(conv, x)
        place = list(conv.padding), list(conv.stride), list(conv.dilation)

        def reordered(weight: Tensor) -> Tensor:
            stored = weight.contiguous(memory_format=torch.channels_last)
            return torch.ops.mkldnn._reorder_convolution_weight(stored, *place, 1, list(x.shape))

        packed = self.packed.get(conv.weight, x, reordered)
        x = x.contiguous(memory_format=torch.channels_last)
        return torch.ops.mkldnn._convolution_pointwise(x, packed, conv.bias, *place, 1, "none", [], "")


class _Linear:
    """A linear layer's forward."""

    def __init__(self, linear: nn.Linear) -> None:
        self._linear = linear
        self.packed = _Packed()

    def __call__(self, x: Tensor) -> Tensor:
        linear, rows = self._linear, x.numel() // x.shape[-1]
        if not _takes(linear.weight, x, rows):
            return nn.Linear.forward(linear, x)
        packed = self.packed.get(linear.weight, x, lambda w: torch.ops.mkldnn._reorder_linear_weight(w, rows))
        return torch.ops.mkldnn._linear_pointwise(x, packed, linear.bias, "none", [], "")
