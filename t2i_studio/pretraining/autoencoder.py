"""The autoencoder: the linear latent code, written as an AutoencoderTiny so that plain diffusers can run it.

Encoder and decoder are computed, not trained. Both are linear: a latent cell is a projection of a patch, and a
patch is a weighted sum of basis pictures. The encoder is a chain of strided convolutions that rearrange pixels.

The decoder is harder. AutoencoderTiny enlarges by repeating cells and a 3×3 convolution, which treats the left
and the right child of a cell alike, so no kernel can give them different pictures. It can for summed-area tables
(Crow 1984). Let I(p, q) be the sum of y over all cells above and left of (p, q), itself included. If the children
of cell (i, j) are y'(2i+a, 2j+b) = M_ab·y(i, j), then the table of the children is the repeated table of the
parents convolved with a kernel of four taps:

    I'(p, q) = M_00·Î(p, q) + M_10·Î(p−1, q) + M_01·Î(p, q−1) + M_11·Î(p−1, q−1),   Î(p, q) = I(⌊p/2⌋, ⌊q/2⌋)

with zeros outside, which is what padding gives. The last convolution takes differences and has the picture. The
first table, over 8×8 cells, is 1 + S + … + S⁷ (S: shift by a cell) along each axis; its real factors

    (1 + S)(1 − √2·S + S²) · (1 + √2·S + S²) · (1 + S²)

are residual blocks, each a product of three convolutions beside the skip connection.

ReLUs must let everything through: signals travel raised by RAISE, and each convolution takes the rise out again
by means of a channel that holds 1 within the picture and 0 in the padding. A second such channel holds 2⁻¹¹,
so that weights in half precision cancel the rise to 22 bits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn
from torch.nn import functional as F

from t2i_studio.pretraining.latents import CELLS, PatchCode, to_tensor

FACTOR = 32  # pixels of the finished picture a cell and side
WIDTH = 104  # channels of every convolution; the last two hold the constants
SIGNALS = WIDTH - 2
ONE, FINE = WIDTH - 2, WIDTH - 1
RAISE = 2048.0  # above any value of a summed-area table, and a power of two, so that raising rounds nothing
NONE = 2.0  # value of the component that every cell has; with RAISE it is a number of half precision
LATENT_SCALE = 256.0  # the decoder begins with 3·tanh(x/3): small latents pass it unharmed
ROOT = 2**0.5
LATENT_NOISE = 0.02  # variance of the denoiser's error in a latent component that the enlargement allows for
SUMMING = (  # taps (of the cell, of its neighbour before) of three convolutions; path + 1 is a factor of 1 + … + S⁷
    ((0.0, 1.0), (-(ROOT - 1 + (3 - 2 * ROOT + 4 * (ROOT - 1)) ** 0.5) / 2, 1.0),
     (((3 - 2 * ROOT + 4 * (ROOT - 1)) ** 0.5 - (ROOT - 1)) / 2, 1.0)),
    ((0.0, 1.0), (ROOT, 1.0), (1.0, 0.0)),
    ((0.0, 1.0), (0.0, 1.0), (1.0, 0.0)),
)  # fmt: skip


@dataclass(frozen=True)
class Enlargement:
    """basis: (3, FACTOR, FACTOR, C + 1), the picture in [−1, 1] of each latent component and, last, of none."""

    basis: Tensor


def fit_enlargement(latents: Tensor, pictures: np.ndarray, noise: float = 0.0) -> Enlargement:
    """Least squares: from latents (N, C, 8, 8) of scenes at 128 px to the same scenes (N, 256, 256, 3) uint8.

    noise: variance of the error expected in each latent component; the fit trusts weak components less.
    """
    count, channels = latents.shape[:2]
    z = latents.permute(0, 2, 3, 1).reshape(-1, channels).double()
    z = torch.cat([z, torch.ones(len(z), 1)], 1)
    gram = z.T @ z + noise * len(z) * torch.diag(torch.tensor([1.0] * channels + [0.0])).double()
    mixed = torch.zeros(channels + 1, 3 * FACTOR**2, dtype=torch.double)
    for begin in range(0, count, 64):
        patches = F.unfold(to_tensor(pictures[begin : begin + 64]), FACTOR, stride=FACTOR).transpose(1, 2)
        rows = z[begin * CELLS**2 : (begin + 64) * CELLS**2]
        mixed += rows.T @ patches.reshape(len(rows), -1).double()
    basis = torch.linalg.solve(gram, mixed)
    return Enlargement(basis.T.reshape(3, FACTOR, FACTOR, channels + 1).float())


def autoencoder(code: PatchCode, enlargement: Enlargement, spread: Tensor) -> AutoencoderTiny:
    """The code as an AutoencoderTiny: 256 px pictures, 8×8 latents. spread: (C,) standard deviation of a latent."""
    model = AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 6, decoder_block_out_channels=(WIDTH,) * 6,
        num_encoder_blocks=(0,) * 6, num_decoder_blocks=(2 * len(SUMMING), 0, 0, 0, 0, 0),
        latent_channels=code.channels, scaling_factor=LATENT_SCALE,
    )  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        _write_encoder(model.encoder.layers, code)
        _write_decoder(model.decoder.layers, enlargement, spread)
    return model.eval()


def _write_encoder(layers: nn.Sequential, code: PatchCode) -> None:
    """Halve the picture by averaging, gather 8×8 px patches, keep what the code needs of them, project."""
    convolutions: list[Any] = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    start, halve, *gathers, project, finish = convolutions
    for colour in range(3):
        start.weight[colour, colour, 1, 1] = 2.0  # from [0, 1] back to [−1, 1] …
        halve.weight[colour, colour, 1:, 1:] = 0.25
    start.bias[:3] = -1.0
    for level, conv in enumerate(gathers[:2]):  # 2×2 children side by side: 3 → 12 → 48 channels
        for channel in range(3 * 4**level):
            for a in range(2):
                for b in range(2):
                    conv.weight[4 * channel + 2 * a + b, channel, 1 + a, 1 + b] = 1.0
    projections = code.basis.view(-1, 3, 16, 16).unflatten(2, (2, 8)).unflatten(4, (2, 8))  # C, 3, A, 8, B, 8
    quarters = projections.permute(2, 4, 0, 1, 3, 5).reshape(4, code.channels, -1)  # of the projection, by (A, B)
    weighted = (quarters / code.scale[None, :, None]).reshape(-1, quarters.shape[-1])
    kept = torch.linalg.svd(weighted, full_matrices=False).Vh[:SIGNALS]  # of an 8×8 px patch
    by_place = kept.view(-1, 3, 4, 2, 4, 2)  # patch row and column as (4×4 px patch, within: two gathers) …
    gather = gathers[2]
    order = by_place.unflatten(2, (2, 2)).unflatten(5, (2, 2))  # K, 3, a₃, a₂, a₁, b₃, b₂, b₁: coarse to fine
    order = order.permute(0, 2, 5, 1, 4, 7, 3, 6)  # K, a₃, b₃, colour, then (a₁, b₁) and (a₂, b₂) as gathered
    gather.weight[: len(kept), :48, 1:, 1:] = order.reshape(len(kept), 2, 2, 48).permute(0, 3, 1, 2)
    onto = (quarters / code.scale[None, :, None]) @ kept.T  # (A, B), C, K
    project.weight[: code.channels, : len(kept), 1:, 1:] = onto.view(2, 2, code.channels, -1).permute(2, 3, 0, 1)
    finish.weight[:, : code.channels, 1, 1] = torch.eye(code.channels) / LATENT_SCALE
    finish.bias[:] = -(code.basis @ code.mean) / code.scale / LATENT_SCALE


def _write_decoder(layers: nn.Sequential, enlargement: Enlargement, spread: Tensor) -> None:
    channels = enlargement.basis.shape[-1] - 1
    parts: list[Any] = [layer for layer in layers if not isinstance(layer, (nn.ReLU, nn.Upsample))]
    first, *rest = parts
    first.weight[:channels, :, 1, 1] = torch.eye(channels) * LATENT_SCALE
    first.bias[:channels] = RAISE
    first.bias[channels] = RAISE + NONE
    first.bias[channels + 1 : SIGNALS] = RAISE
    first.bias[ONE], first.bias[FINE] = 1.0, 2.0**-11
    identity = torch.eye(SIGNALS)
    blocks, enlarging, last = rest[: 2 * len(SUMMING)], rest[2 * len(SUMMING) : -1], rest[-1]
    for number, block in enumerate(blocks):
        convolutions = [block.conv[k] for k in (0, 2, 4)]
        for conv, (here, before) in zip(convolutions, SUMMING[number // 2], strict=True):
            kernel = torch.zeros(SIGNALS, SIGNALS, 3, 3)
            kernel[..., 1, 1] = here * identity
            kernel[..., *((0, 1) if number % 2 else (1, 0))] = before * identity
            within = conv is not convolutions[-1]  # the last one's result is added to what the block was given
            _write(conv, kernel, lower=RAISE, upper=RAISE if within else 0.0, constants=within)
    for conv, kernel, lower in zip(enlarging, _families(enlargement.basis, spread), (RAISE, 0, 0, 0, 0), strict=True):
        _write(conv, kernel, lower=lower)
    for colour in range(3):  # differences of the table, from [−1, 1] to [0, 1]
        last.weight[colour, colour, :2, :2] = torch.tensor([[0.5, -0.5], [-0.5, 0.5]])
    last.bias[:] = 0.5


def _write(conv: Any, kernel: Tensor, lower: float, upper: float = 0.0, constants: bool = False) -> None:
    """A kernel on signals raised by `lower`, the result raised by `upper`, all numbers those of half precision.

    constants: hand the two constants on, too.
    """
    out, into = kernel.shape[:2]
    kernel = kernel.half().float()
    conv.weight[:out, :into] = kernel
    fall = -lower * kernel.double().sum(1)
    coarse = fall.half()
    conv.weight[:out, ONE] = coarse.float()
    conv.weight[:out, FINE] = ((fall - coarse.double()) * 2**11).half().float()
    if upper:
        conv.bias[:out] += upper
    if constants:
        conv.bias[ONE], conv.bias[FINE] = 1.0, 2.0**-11


def _families(basis: Tensor, spread: Tensor) -> list[Tensor]:
    """Kernels (children, parents, 3, 3) of the five enlargements.

    Each level splits the pictures of all components into quarters and finds, by singular values, the few pictures
    whose sums they are; these are the components of the next level. spread weighs how much a component varies.
    """
    kernels = []
    weights = torch.cat([spread, torch.tensor([NONE])]).double()
    pictures = torch.cat([basis[..., :-1], basis[..., -1:] / NONE], -1).double()
    while pictures.shape[1] > 1:
        half, parents = pictures.shape[1] // 2, pictures.shape[-1]
        quarters = pictures.unflatten(1, (2, half)).unflatten(3, (2, half)).permute(0, 2, 4, 1, 3, 5)
        matrix = quarters.reshape(3 * half * half, 4 * parents)
        u, s, _ = torch.linalg.svd(matrix * weights.repeat(4), full_matrices=False)
        children = min(SIGNALS, 3 * half * half)
        u = u[:, :children] if half > 1 else torch.eye(3, dtype=torch.double)
        links = (u.T @ matrix).view(-1, 2, 2, parents)  # child component, a, b, parent component
        kernel = torch.zeros(u.shape[1], parents, 3, 3)
        kernel[..., :2, :2] = links.flip(1, 2).permute(0, 3, 1, 2).float()  # M_00 at the cell, M_11 before it
        kernels.append(kernel)
        pictures, weights = u.view(3, half, half, -1), s[: u.shape[1]]
    return kernels
