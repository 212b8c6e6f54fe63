"""Step previews: a linear map from latent cells to colours, so that no autoencoder runs between steps."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from t2i_studio.engine import latents as latent
from t2i_studio.engine.kept import keep
from t2i_studio.engine.registry import PreviewMap

FIT_PICTURES = 6
FIT_CELLS = 16
"""Latent cells a side of the pictures the map is fitted on."""


@dataclass(frozen=True)
class Colours:
    """A PreviewMap as tensors: matrix (C, patch·patch·3), bias (patch·patch·3,)."""

    matrix: Tensor
    bias: Tensor
    patch: int

    @classmethod
    def of(cls, given: PreviewMap) -> "Colours":
        return cls(torch.tensor(given.matrix), torch.tensor(given.bias), given.patch)


def preview(latents: Tensor, colours: Colours, height: int, width: int) -> bytes:
    """JPEG of one variant's latents (1, …) in a pipeline's layout; `patch` pixels a cell."""
    cells = latent.as_map(latents.float().cpu(), height, width)[0]
    _, rows, columns = cells.shape
    pixels = cells.permute(1, 2, 0) @ colours.matrix + colours.bias
    patch = colours.patch
    pixels = pixels.reshape(rows, columns, patch, patch, 3).permute(0, 2, 1, 3, 4)
    pixels = pixels.reshape(rows * patch, columns * patch, 3)
    image = Image.fromarray((pixels.clamp(0, 1) * 255).round().to(torch.uint8).numpy())
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def fitted(vae: Any, sample: Tensor, kept: Path) -> PreviewMap:
    """The map for a model that brings none: least squares from its own latents of smooth coloured pictures
    to their colours, made once and kept in the file `kept`. sample: latents in the pipeline's layout.
    """
    if kept.is_file():
        return PreviewMap.model_validate_json(kept.read_text())
    like, side = _square_like(sample, vae)
    cells, colours = [], []
    for picture in _smooth_pictures(side):
        coded = latent.as_map(latent.encode(vae, picture, like).float().cpu(), side, side)
        cells.append(coded[0].flatten(1).T)
        colours.append(F.adaptive_avg_pool2d(picture, FIT_CELLS)[0].flatten(1).T / 2 + 0.5)
    rows = torch.cat(cells)
    design = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    ridge = 1e-3 * len(rows) * torch.eye(design.shape[1])
    solution = torch.linalg.solve(design.T @ design + ridge, design.T @ torch.cat(colours))
    found = PreviewMap(matrix=solution[:-1].tolist(), bias=solution[-1].tolist(), patch=1)
    keep(kept, found.model_dump_json())
    return found


def _smooth_pictures(side: int) -> list[Tensor]:
    """Random colour fields (1, 3, side, side) in [-1, 1], coarse to fine."""
    generator = torch.Generator().manual_seed(0)
    counts = [2 + 3 * number for number in range(FIT_PICTURES)]
    fields = [torch.rand(1, 3, count, count, generator=generator) * 2 - 1 for count in counts]
    return [F.interpolate(field, side, mode="bicubic", align_corners=False).clamp(-1, 1) for field in fields]


def _square_like(sample: Tensor, vae: Any) -> tuple[Tensor, int]:
    """An empty tensor of FIT_CELLS × FIT_CELLS cells with layout, device and dtype of `sample`; its
    picture's side.
    """
    channels = sample.shape[1] if sample.ndim == 4 else sample.shape[2]
    own = vae.config.get("latent_channels") or vae.config.get("z_dim")
    fold = max(1, round((channels / own) ** 0.5))
    levels = vae.config.get("block_out_channels") or vae.config.get("dim_mult")
    map_shape, row_shape = (1, channels, FIT_CELLS, FIT_CELLS), (1, FIT_CELLS**2, channels)
    like = torch.empty(map_shape if sample.ndim == 4 else row_shape, device=sample.device, dtype=sample.dtype)
    return like, FIT_CELLS * fold * 2 ** (len(levels) - 1)
