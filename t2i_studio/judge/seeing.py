"""What a judge sees in pictures, as likelihoods, as plain data and as features for other networks."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from t2i_studio.judge.network import SIDE

BATCH = 32


class Sees(Protocol):
    """Any network that judges: pictures (B, 3, H, W) in [−1, 1] in, logits (B, classes) of every attribute out."""

    classes: dict[str, tuple[str, ...]]

    def __call__(self, pictures: Tensor) -> dict[str, Tensor]: ...
    def features(self, pictures: Tensor) -> Tensor: ...


@torch.no_grad()
def verdicts(judge: Sees, pictures: Tensor) -> dict[str, Tensor]:
    """For each attribute the likelihood (N, classes) of every class, for pictures (N, 3, H, W) in [−1, 1]."""
    batches = [judge(some) for some in pictures.split(BATCH)]
    return {name: torch.cat([batch[name] for batch in batches]).softmax(-1) for name in judge.classes}


def see(judge: Sees, images: Sequence[Image.Image]) -> list[dict[str, dict[str, float]]]:
    """For each image: attribute → class id → likelihood in 0–1; those of an attribute add up to 1."""
    if not images:
        return []
    seen = {name: likely.tolist() for name, likely in verdicts(judge, as_tensor(images)).items()}
    return [
        {name: dict(zip(ids, seen[name][number], strict=True)) for name, ids in judge.classes.items()}
        for number in range(len(images))
    ]


def most_likely(seen: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Attribute → id of the class the judge holds most likely, of one image that `see` looked at."""
    return {name: max(likely, key=lambda id: likely[id]) for name, likely in seen.items()}


@torch.no_grad()
def features(judge: Sees, images: Sequence[Image.Image]) -> np.ndarray:
    """(N, F) float32: what the judge makes of each image before it names anything (network.Judge.features)."""
    pictures = as_tensor(images)
    return torch.cat([judge.features(some) for some in pictures.split(BATCH)]).float().numpy()


def as_tensor(images: Sequence[Image.Image]) -> Tensor:
    """(N, 3, SIDE, SIDE) in [−1, 1]; images of any size and mode, each averaged down as a whole."""
    return torch.cat([_small(image) for image in images]) if images else torch.zeros(0, 3, SIDE, SIDE)


def _small(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float()
    return F.interpolate(pixels / 127.5 - 1, (SIDE, SIDE), mode="area")
