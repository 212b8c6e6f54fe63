"""A second judge of another architecture and other lessons. It only judges in final tables, and it is not shipped."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE, PATCH = 128, 16
WIDTH, DEPTH, HEADS = 160, 5, 5
OWN = 8  # values of each cell that are read as that cell's
GAMMA = 2.2


class SecondJudge(nn.Module):
    """A Transformer over the picture's 8×8 cells, which reads light where the first reads colour values.

    classes: the ids of every attribute's classes, in order; a linear head has a row for each.
    """

    def __init__(self, classes: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.classes = {name: tuple(ids) for name, ids in classes.items()}
        cells = (SIDE // PATCH) ** 2
        self.patch = nn.Linear(3 * PATCH * PATCH, WIDTH)
        self.place = nn.Parameter(0.02 * torch.randn(1, cells, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 3 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, DEPTH, nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        self.own = nn.Linear(WIDTH, OWN)
        read = 2 * WIDTH + OWN * cells
        self.heads = nn.ModuleDict({_key(name): nn.Linear(read, len(ids)) for name, ids in self.classes.items()})

    def features(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in [−1, 1] of any size ≥ 128 → (B, 832): mean and maximum over the cells, a few of each."""
        light = (F.interpolate(pictures, SIDE, mode="area").clamp(-1, 1) / 2 + 0.5) ** GAMMA
        patches = F.unfold(light * 4 - 1.2, PATCH, stride=PATCH).transpose(1, 2)  # about mean 0 and deviation 1
        x = self.layers(self.patch(patches) + self.place)
        return torch.cat([x.mean(1), x.amax(1), self.own(x).flatten(1)], 1)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits (B, classes) of every attribute."""
        features = self.features(pictures)
        return {name: self.heads[_key(name)](features) for name in self.classes}


def _key(name: str) -> str:
    return name.replace(".", "_")
