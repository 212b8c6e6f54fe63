"""Objective functions of the recipe, in the symbols of the papers, free of any network.

Flow matching (Lipman et al. 2023, rectified flow of Liu et al. 2023): x_σ = (1 − σ)·x₀ + σ·ε, σ ∈ [0, 1].
"""

import torch
from torch import Tensor


def sample_sigmas(count: int, generator: torch.Generator, pure_noise: float = 0.25) -> Tensor:
    """Noise levels σ, shape (count,): logit-normal (Esser et al. 2024), a share of them pure noise (σ = 0.999).

    The picture's content is decided at pure noise, in the first step of the sampler; a network that
    predicts the clean latent learns there to draw what the words say, with nothing to copy from.
    """
    sigmas = torch.sigmoid(torch.randn(count, generator=generator))
    pure = torch.rand(count, generator=generator) < pure_noise
    return torch.where(pure, torch.full_like(sigmas, 0.999), sigmas)


def diffuse(x0: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    """x_σ = (1 − σ)·x₀ + σ·ε for (B, …) latents and (B,) noise levels."""
    sigmas = sigmas.view(-1, *[1] * (x0.ndim - 1))
    return (1 - sigmas) * x0 + sigmas * noise


def clean_latent_loss(prediction: Tensor, x0: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean squared error of the predicted clean latents (B, C, H, W); weights: (B, H, W), mean kept out."""
    error = (prediction - x0).square().mean(1)
    return (weights * error).sum() / weights.sum()


def seam_loss(error: Tensor, edges: Tensor) -> Tensor:
    """Mean squared jump of an error at the borders between cells, where the eye finds it first.

    error: (B, C, H, W), of latents. edges: (4, K, C), the colours along the left, right, upper and lower edge of a
    cell as linear maps of its latent. An error that both sides of a border share makes no jump and costs nothing.
    """
    left, right, upper, lower = (torch.einsum("kc,bchw->bkhw", edge, error) for edge in edges)
    across, down = right[..., :-1] - left[..., 1:], lower[..., :-1, :] - upper[..., 1:, :]
    return (across.square().mean() + down.square().mean()) / 2


def contrastive_loss(a: Tensor, b: Tensor, temperature: Tensor) -> Tensor:
    """Symmetric InfoNCE of CLIP (Radford et al. 2021): row i of a (B, d) belongs to row i of b, both normalised."""
    logits = a @ b.T * temperature
    target = torch.arange(len(a), device=a.device)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
