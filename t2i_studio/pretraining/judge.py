"""How the judge learns: from composed scenes only, so that its verdict on the model is an outsider's."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from t2i_studio.judge.network import Judge
from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

BATCH = 32


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
