"""Pictures → the latents a pipeline steps through, for any autoencoder and any arrangement of latents.

Pipelines differ in how they scale latents (factors, means, or a batch norm kept with the autoencoder) and
in how they lay them out: a map of cells, 2×2 cells folded into one, or a row of such tokens. The scaling is
read from the autoencoder, the layout from the tensor the pipeline hands to its sampler.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def grid(sample: Tensor, height: int, width: int) -> tuple[int, int]:
    """(rows, columns) of latent cells in `sample` (N, C, h, w) or (N, h·w, C) for a picture of height ×
    width.
    """
    if sample.ndim == 4:
        return sample.shape[-2], sample.shape[-1]
    rows = round((sample.shape[1] * height / width) ** 0.5)
    return rows, sample.shape[1] // rows


def as_map(sample: Tensor, height: int, width: int) -> Tensor:
    """Latents as (N, C, rows, columns), whatever their layout."""
    if sample.ndim == 4:
        return sample
    rows, columns = grid(sample, height, width)
    return sample.transpose(1, 2).reshape(len(sample), -1, rows, columns)


def as_layout(cells: Tensor, sample: Tensor) -> Tensor:
    """A map (N, C, rows, columns) in the layout of `sample`."""
    return cells if sample.ndim == 4 else cells.flatten(2).transpose(1, 2)


def encode(vae: Any, picture: Tensor, sample: Tensor) -> Tensor:
    """Latents of `picture` (1, 3, H, W) in [-1, 1], scaled and laid out like `sample`: shape (1, …), its
    dtype.
    """
    height, width = picture.shape[-2:]
    cells = _mode(vae, picture.to(sample.device, vae.dtype))
    rows, _ = grid(sample, height, width)
    fold = cells.shape[-2] // rows
    if hasattr(vae, "bn"):
        cells = F.pixel_unshuffle(cells, fold)
        mean, variance = (value.view(1, -1, 1, 1) for value in (vae.bn.running_mean, vae.bn.running_var))
        cells = (cells - mean) / torch.sqrt(variance + vae.config.batch_norm_eps)
    else:
        cells = F.pixel_unshuffle(_scaled(vae, cells), fold)
    return as_layout(cells, sample).to(sample.dtype)


def _mode(vae: Any, picture: Tensor) -> Tensor:
    """The most likely latents (N, C, h, w); autoencoders made for video see a film of one frame."""
    film = vae.config.get("temperal_downsample") is not None  # spelt so in their configurations
    coded = vae.encode(picture.unsqueeze(2) if film else picture)
    cells = coded.latent_dist.mode() if hasattr(coded, "latent_dist") else coded.latents
    return cells.squeeze(2) if film else cells


def _scaled(vae: Any, cells: Tensor) -> Tensor:
    config = vae.config
    scale = config.get("scaling_factor") or 1.0
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is None or std is None:
        return (cells - (config.get("shift_factor") or 0.0)) * scale
    mean, std = (torch.tensor(value).view(1, -1, 1, 1).to(cells) for value in (mean, std))
    return (cells - mean) / std * scale
