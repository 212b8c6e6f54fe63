"""Packed layers: the same results, never of weights that were replaced, and none where something is learnt."""

import copy

import pytest
import torch
from torch import nn

from t2i_studio.engine import packing

pytestmark = pytest.mark.skipif(not packing.can_pack(torch.device("cpu")), reason="no operators for it here")
KINDS = [
    {"kernel_size": 3, "padding": 1}, {"kernel_size": 1}, {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "padding": 2, "dilation": 2, "bias": False},
]  # fmt: skip


def packed(plain: nn.Module) -> nn.Module:
    other = copy.deepcopy(plain)
    packing.pack(other)
    return other


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_packed_convolution_says_what_the_plain_one_says(kind: dict, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(32, 48, **kind).to(dtype)
    quick = packed(plain)
    with torch.inference_mode():
        for shape in ((2, 32, 8, 8), (1, 32, 4, 6), (2, 32, 8, 8)):
            x = torch.randn(shape).to(dtype)
            told = quick(x)
            assert told.dtype == dtype
            assert torch.allclose(told.float(), plain(x).float(), atol=2e-5 if dtype == torch.float32 else 0.03)


@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_linear_layer_says_what_the_plain_one_says(bias: bool) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(64, 96, bias).bfloat16()
    quick = packed(plain)
    with torch.inference_mode():
        for shape in ((2, 73, 64), (2, 64, 64), (3, 64), (2, 73, 64)):
            x = torch.randn(shape).bfloat16()
            assert torch.allclose(quick(x).float(), plain(x).float(), atol=0.03)
        assert quick.forward.packed._kept is not None


def test_changed_and_replaced_weights_are_packed_anew() -> None:
    quick, x = packed(nn.Conv2d(16, 16, 3, padding=1)), torch.randn(1, 16, 8, 8)
    with torch.inference_mode():
        quick(x)
    with torch.no_grad():
        quick.weight.mul_(0)
    with torch.inference_mode():
        assert torch.allclose(quick(x), quick.bias[:, None, None].expand(1, -1, 8, 8), atol=1e-6)
    quick.weight = nn.Parameter(torch.ones_like(quick.weight))
    with torch.inference_mode():
        assert torch.allclose(quick(x), nn.Conv2d.forward(quick, x), atol=1e-4)


def test_what_learns_takes_the_plain_way() -> None:
    quick, x = packed(nn.Conv2d(16, 16, 3, padding=1)), torch.randn(1, 16, 8, 8)
    quick(x).sum().backward()
    assert quick.weight.grad is not None
    with torch.no_grad():
        assert torch.equal(quick(x), nn.Conv2d.forward(quick, x))


def test_a_large_map_takes_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = packed(nn.Conv2d(4, 4, 3, padding=1))
    monkeypatch.setattr(packing, "SMALL_MAP", 15)
    with torch.inference_mode():
        x = torch.randn(1, 4, 4, 4)
        assert torch.equal(quick(x), nn.Conv2d.forward(quick, x))
        assert quick.forward.packed._kept is None
