"""The judge's network: convolutions that say what a picture shows. It learns from composed scenes only."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 128
WIDTHS = (16, 32, 64, 128)
FEATURES = 2 * WIDTHS[-1]


class Judge(nn.Module):
    """Residual convolutions from 128 px down to 8×8 cells, then one linear head for each attribute.

    classes: the ids of every attribute's classes, in order; a head has a row for each. taught: the objects there were
    lessons about; of others it knows nothing.
    """

    def __init__(self, classes: Mapping[str, Sequence[str]], taught: Sequence[str] | None = None) -> None:
        super().__init__()
        self.classes = {name: tuple(ids) for name, ids in classes.items()}
        self.taught = frozenset(self.classes["object"] if taught is None else taught)
        stem, last = WIDTHS[0], WIDTHS[-1]
        self.stem = nn.Conv2d(3, stem, 5, stride=2, padding=2)
        self.stages = nn.ModuleList(
            _Stage(before, width) for before, width in zip((stem, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.heads = nn.ModuleDict({_key(name): nn.Linear(last * 17, len(ids)) for name, ids in self.classes.items()})

    def features(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in [−1, 1] of any size ≥ 128 → (B, 256): the mean of all cells, and of the middle ones."""
        x = self._cells(pictures)
        return torch.cat([x.mean((2, 3)), x[..., 2:6, 2:6].mean((2, 3))], 1)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits (B, classes) of every attribute."""
        x = self._cells(pictures)
        read = torch.cat([x.mean((2, 3)), F.adaptive_avg_pool2d(x, 4).flatten(1)], 1)
        return {name: self.heads[_key(name)](read) for name in self.classes}

    def _cells(self, pictures: Tensor) -> Tensor:
        x = F.silu(self.stem(F.interpolate(pictures, SIDE, mode="area")))
        for stage in self.stages:
            x = stage(x)
        return x


class _Stage(nn.Module):
    """Halves the size (not in the first stage), then one residual block."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(before, width, 3, stride=1 if before == width else 2, padding=1)
        self.block = nn.Sequential(
            nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return x + self.block(x)


def _key(name: str) -> str:
    return name.replace(".", "_")
