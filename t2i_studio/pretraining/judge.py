"""The judge: a small classifier that says what a picture shows. It learns from composed scenes only."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

BATCH = 32
WIDTHS = (16, 32, 64, 128)


class Judge(nn.Module):
    """Residual convolutions from 128 px down to 8×8 cells, then one linear head for each attribute."""

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__()
        stem, last = WIDTHS[0], WIDTHS[-1]
        self.stem = nn.Conv2d(3, stem, 5, stride=2, padding=2)
        self.stages = nn.ModuleList(
            _Stage(before, width) for before, width in zip((stem, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.heads = nn.ModuleDict({_key(name): nn.Linear(last * 17, size) for name, size in sizes.items()})
        self.names = tuple(sizes)

    def features(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in [−1, 1] of any size ≥ 128 → (B, features): the mean, and the means of 4×4 parts."""
        x = F.silu(self.stem(F.interpolate(pictures, 128, mode="area")))
        for stage in self.stages:
            x = stage(x)
        parts = F.adaptive_avg_pool2d(x, 4).flatten(1)
        return torch.cat([x.mean((2, 3)), parts], 1)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits of the classes of every attribute."""
        features = self.features(pictures)
        return {name: self.heads[_key(name)](features) for name in self.names}


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


def judging_loss(
    model: Judge, pictures: np.ndarray, scenes: list[Scene], catalogue: Catalogue, device: torch.device
) -> Callable[[int, Chance], dict[str, Tensor]]:
    """Cross-entropy of all attributes. Pictures get a little blur and noise, so that soft edges do not deceive."""
    targets = torch.tensor([list(attributes(scene, catalogue).values()) for scene in scenes])

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        index = chance.numpy.integers(len(scenes), size=BATCH)
        x = torch.from_numpy(pictures[index]).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = _soften(x, chance).to(device)
        losses = {
            name: F.cross_entropy(logits, targets[index, n].to(device))
            for n, (name, logits) in enumerate(model(x).items())
        }
        weighted = sum(losses.values()) + 2 * losses["object"]
        return {"loss": weighted / len(losses), "object": losses["object"], "color": losses["color"]}

    return loss


def _soften(x: Tensor, chance: Chance) -> Tensor:
    if chance.numpy.random() < 0.5:
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    strength = 0.06 * chance.numpy.random()
    return x + strength * torch.randn(x.shape, generator=chance.torch)


@torch.no_grad()
def verdicts(model: Judge, pictures: Tensor) -> dict[str, Tensor]:
    """For each attribute the likelihood (N, classes) of every class, for pictures (N, 3, H, W) in [−1, 1]."""
    batches = [model(some) for some in pictures.split(32)]
    return {name: torch.cat([batch[name] for batch in batches]).softmax(-1) for name in model.names}
