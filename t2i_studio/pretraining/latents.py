"""The latent space: principal components of 16×16 px patches, one vector for each of 8×8 cells.

A linear code is fitted in seconds, so the denoiser can be trained at once; a decoder learned later turns
the same latents into a picture of twice the size (autoencoder.py).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.writing import writing

PATCH = 16
CELLS = 8
SIZE = PATCH * CELLS


@dataclass(frozen=True)
class PatchCode:
    """mean: (D,), basis: (C, D) with orthonormal rows, scale: (C,); D = 3·16·16, laid out channel, row, column.

    A latent is z = (basis · (patch − mean)) / scale, patches with values in [−1, 1].
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    @property
    def channels(self) -> int:
        return len(self.basis)

    def encode(self, pictures: Tensor) -> Tensor:
        """(B, 3, 128, 128) in [−1, 1] → (B, C, 8, 8)."""
        patches = F.unfold(pictures, PATCH, stride=PATCH).transpose(1, 2)
        z = (patches - self.mean) @ self.basis.T / self.scale
        return z.transpose(1, 2).unflatten(2, (CELLS, CELLS)).contiguous()

    def decode(self, latents: Tensor) -> Tensor:
        """(B, C, 8, 8) → (B, 3, 128, 128), about in [−1, 1]."""
        patches = (latents.flatten(2).transpose(1, 2) * self.scale) @ self.basis + self.mean
        return F.fold(patches.transpose(1, 2), SIZE, PATCH, stride=PATCH)

    def edges(self) -> Tensor:
        """(4, 3·16, C): colours along the left, right, upper and lower edge of a cell, as linear maps of its latent."""
        pixels = (self.basis * self.scale[:, None]).view(-1, 3, PATCH, PATCH)
        sides = pixels[..., 0], pixels[..., -1], pixels[..., 0, :], pixels[..., -1, :]
        return torch.stack([side.flatten(1).T for side in sides])

    def to(self, device: torch.device) -> "PatchCode":
        """The same code on a device."""
        return PatchCode(self.mean.to(device), self.basis.to(device), self.scale.to(device))

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        partial = path.with_suffix(".part")
        with writing(path):
            save_file({"mean": self.mean, "basis": self.basis, "scale": self.scale}, partial)
            partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PatchCode":
        """StudioError recipe.no_corpus when there is none: it is fitted when scenes are composed."""
        if not path.exists():
            raise StudioError("recipe.no_corpus", path=path.parent)
        return cls(**load_file(path))


def fit_patch_code(pictures: np.ndarray, channels: int = 96) -> PatchCode:
    """Principal components of the patches of (N, 128, 128, 3) uint8 pictures.

    The components are whitened by half (variance λ becomes √λ): plain components would give a loss that
    hardly sees fine detail, white ones a loss of mostly noise. The mean variance of a latent is 1.
    """
    patches = F.unfold(to_tensor(pictures), PATCH, stride=PATCH).transpose(1, 2).flatten(0, 1)
    mean = patches.mean(0)
    covariance = torch.cov((patches - mean).T)
    eigenvalues, vectors = torch.linalg.eigh(covariance.double())
    eigenvalues = eigenvalues.flip(0)[:channels].clamp(min=1e-8)
    scale = eigenvalues**0.25
    scale = scale * (eigenvalues / scale**2).mean().sqrt()
    basis = vectors.flip(1)[:, :channels].T
    return PatchCode(mean.float(), basis.float().contiguous(), scale.float())


def to_tensor(pictures: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float in [−1, 1]."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pictures(tensor: Tensor) -> np.ndarray:
    """(N, 3, H, W) in [−1, 1] → (N, H, W, 3) uint8."""
    return ((tensor.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def decibels(errors: Tensor) -> Tensor:
    """Peak signal-to-noise ratios in decibels of mean squared errors of what lies in [−1, 1]."""
    return 10 * torch.log10(4 / errors)


def psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels of tensors in [−1, 1]."""
    return float(decibels((a - b).square().mean()))
