"""The U-Net's weights as a model folder holds them: in 8 bits, half the size of half precision.

FP8's E4M3 (Micikevicius et al. 2022, arXiv 2209.05433) needs no scales. So any loader of safetensors reads them, and
diffusers makes them what precision it is asked for; integers with scales only the studio could read.
"""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from t2i_studio.pretraining.denoiser import Denoiser

EIGHT_BITS = torch.float8_e4m3fn


def rounded(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """The same U-Net, its matrices and kernels as near as 8 bits come; vectors, which are few, need more."""
    with torch.no_grad():
        for weight in unet.parameters():
            if weight.dim() > 1:
                weight.copy_(weight.to(EIGHT_BITS).to(weight.dtype))
    return unet


def straight_through(model: Denoiser) -> dict[str, Tensor]:
    """A denoiser's weights, those of its U-Net rounded, by name, to be called with (torch.func.functional_call).

    Gradients pass the rounding as if it were none: the straight-through estimator (Bengio et al. 2013, arXiv
    1308.3432).
    """
    return {
        name: weight + (weight.to(EIGHT_BITS).to(weight.dtype) - weight).detach()
        for name, weight in model.named_parameters()
        if name.startswith("unet.") and weight.dim() > 1
    }


def write(path: Path) -> None:
    """Round the matrices and kernels in a file of weights (safetensors)."""
    weights = {name: value.to(EIGHT_BITS) if value.dim() > 1 else value for name, value in load_file(path).items()}
    save_file(weights, path, {"format": "pt"})
