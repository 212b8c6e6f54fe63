"""Decoders that make each latent cell a patch of the picture, by itself and linearly: their pictures as sums."""

from typing import Any

import torch
from torch import Tensor


@torch.no_grad()
def cell_pictures(vae: Any) -> Tensor:
    """(C + 1, 3, side, side): what each latent component alone adds to a cell's patch, in [−1, 1]; last, the patch of a
    cell that has none. All there is to know of a decoder of this kind; of any other it says nothing.
    """
    channels = vae.config.latent_channels
    alone = torch.eye(channels + 1, channels, dtype=vae.dtype, device=vae.device)[:, :, None, None]
    pictures = vae.decode(alone / vae.config.scaling_factor).sample.float()
    return torch.cat([pictures[:-1] - pictures[-1:], pictures[-1:]])


def decoded(latents: Tensor, cells: Tensor) -> Tensor:
    """Latents (B, C, h, w) as a pipeline steps through them → pictures (B, 3, side·h, side·w)."""
    patches = torch.einsum("bchw,cdij->bdhiwj", latents, cells[:-1]) + cells[-1][None, :, None, :, None, :]
    return patches.flatten(4, 5).flatten(2, 3)
