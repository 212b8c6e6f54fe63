"""The autoencoder: an AutoencoderKL between 256 px pictures and the fixed latents of the 128 px ones.

The latents are given (latents.py), so its two halves are learned by regression. The decoder adds the detail that
16×16 px patches of half the size cannot hold; noise on its input makes it forgive the denoiser's small errors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.latents import PatchCode, to_pictures, to_tensor
from t2i_studio.pretraining.trainer import Chance

BATCH, CROP = 8, 4  # three steps of four see crops of 4×4 cells, for pace; the fourth a quarter as many whole pictures
NOISE = 0.15  # largest standard deviation of the noise on the decoder's input
LOG_VARIANCE = -10.0  # of the encoder's posterior: a latent is as good as certain


def autoencoder(channels: int) -> AutoencoderKL:
    """An untrained autoencoder of factor 32: 8×8 latents, 256 px pictures."""
    model = AutoencoderKL(
        block_out_channels=(8, 16, 32, 64, 96, 112), layers_per_block=1, norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 6, up_block_types=("UpDecoderBlock2D",) * 6,
        latent_channels=channels, sample_size=256, scaling_factor=1.0, mid_block_add_attention=False,
    )  # fmt: skip
    with torch.no_grad():
        model.quant_conv.weight[channels:] = 0
        model.quant_conv.bias[channels:] = LOG_VARIANCE
    return model


@dataclass(frozen=True)
class Pairs:
    """latents (N, C, 8, 8) of scenes at 128 px, and the same scenes at 256 px (N, 256, 256, 3) uint8."""

    latents: Tensor
    pictures: np.ndarray


def pair_up(small: np.ndarray, large: np.ndarray, code: PatchCode) -> Pairs:
    """The same scenes at 128 px and at 256 px as pairs of latents and pictures."""
    return Pairs(code.encode(to_tensor(small)), large)


def reconstruction_loss(
    model: AutoencoderKL, pairs: Pairs, device: torch.device
) -> Callable[[int, Chance], dict[str, Tensor]]:
    """Decoder: pixels and edges at three sizes; encoder: squared distance to the latents."""
    channels, cells = pairs.latents.shape[1], pairs.latents.shape[-1]
    scale = pairs.pictures.shape[1] // cells

    def loss(step: int, chance: Chance) -> dict[str, Tensor]:
        side, count = (cells, BATCH // 4) if step % 4 == 0 else (CROP, BATCH)
        index = chance.numpy.integers(len(pairs.pictures), size=count)
        top, left = chance.numpy.integers(cells - side + 1, size=2)
        z = pairs.latents[index, :, top : top + side, left : left + side].to(device)
        rows, columns = (slice(begin * scale, (begin + side) * scale) for begin in (top, left))
        x = to_tensor(pairs.pictures[index, rows, columns]).to(device)
        strength = NOISE * torch.rand(count, 1, 1, 1, generator=chance.torch).to(device)
        noise = torch.randn(z.shape, generator=chance.torch).to(device)
        decoding = objectives.pyramid_l1(model.decode(z + strength * noise).sample, x)
        mean = model.quant_conv(model.encoder(x))[:, :channels]
        encoding = (mean - z).square().mean()
        return {"loss": decoding + 0.1 * encoding, "decoding": decoding, "encoding": encoding}

    return loss


def reconstruction_grid(model: AutoencoderKL, pairs: Pairs, device: torch.device) -> Callable[[], np.ndarray]:
    """Held-out scenes over what the decoder makes of their latents."""

    def draw() -> np.ndarray:
        decoded = to_pictures(model.decode(pairs.latents[:8].to(device)).sample)
        return np.concatenate([np.concatenate(list(rows), 1) for rows in (pairs.pictures[:8], decoded)])

    return draw
