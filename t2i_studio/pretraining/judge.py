"""How the judges learn: from composed scenes only, so that their verdict on the model is an outsider's."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.latents import PatchCode, to_tensor
from t2i_studio.pretraining.scenes import Scene
from t2i_studio.pretraining.trainer import Chance

BATCH = 32
LATENT_ERROR, NOISE = 0.18, 0.06
HARD = {"object": 2, "color": 1, "warmth": 3, "saturation": 4, "contrast": 2, "softness": 2}
"""What counts more than once, so often more: there are many objects, and neighbouring levels of these controls, and
colours in such light, look alike."""


def judging_loss(
    model: nn.Module, pictures: np.ndarray, scenes: Sequence[Scene], catalogue: Catalogue, code: PatchCode,
    device: torch.device,
) -> Callable[[int, Chance], dict[str, Tensor]]:  # fmt: skip
    """Cross-entropy of all attributes, those of HARD several times. Pictures are softened, see `soften`."""
    targets = torch.tensor([list(attributes(scene, catalogue).values()) for scene in scenes])

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        index = chance.numpy.integers(len(scenes), size=BATCH)
        x = soften(to_tensor(pictures[index]), code, chance).to(device)
        losses = {
            name: F.cross_entropy(logits.float(), targets[index, n].to(device))
            for n, (name, logits) in enumerate(model(x).items())
        }
        weighted = torch.stack([(1 + HARD.get(name, 0)) * each for name, each in losses.items()]).sum()
        told = {name: losses[name] for name in HARD}
        return {"loss": weighted / len(losses), **told}

    return loss


def soften(x: Tensor, code: PatchCode, chance: Chance) -> Tensor:
    """Pictures (B, 3, 128, 128) in [−1, 1] that look as generated ones do, so that soft edges do not deceive.

    A half goes through the latent code with errors of up to LATENT_ERROR in the latents, a quarter is blurred; all get
    a little noise.
    """
    lot = chance.numpy.random()
    if lot < 0.5:
        latents = code.encode(x)
        error = LATENT_ERROR * chance.numpy.random()
        x = code.decode(latents + error * torch.randn(latents.shape, generator=chance.torch))
    elif lot < 0.75:
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    strength = NOISE * chance.numpy.random()
    return (x + strength * torch.randn(x.shape, generator=chance.torch)).clamp(-1, 1)
