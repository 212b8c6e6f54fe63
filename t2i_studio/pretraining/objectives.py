"""Objective functions of the recipe and of examples/, in the symbols of the papers, free of any network.

Flow matching (Lipman et al. 2023, rectified flow of Liu et al. 2023): x_σ = (1 − σ)·x₀ + σ·ε, σ ∈ [0, 1].
docs/objectives.md derives what is here.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

LOGIT_MEAN, LOGIT_SPREAD = 1.2, 1.2  # of noise levels


def sample_sigmas(count: int, generator: torch.Generator, pure_noise: float = 0.2) -> Tensor:
    """Noise levels σ, shape (count,): logit-normal (Esser et al. 2024), a share of them pure noise (σ = 0.999).

    What the words say is decided at pure noise, in the first step of the sampler; a network that predicts the clean
    latent learns there to draw it, with nothing to copy from. What they leave open is decided by the noise in the
    steps after that, between 0.99 and 0.8: therefore LOGIT_MEAN is well above 0, so that these are a third of the rest.
    """
    on = generator.device
    sigmas = torch.sigmoid(LOGIT_MEAN + LOGIT_SPREAD * torch.randn(count, generator=generator, device=on))
    pure = torch.rand(count, generator=generator, device=on) < pure_noise
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


def elbo_terms(x: Tensor, decoded: Tensor, scale: float, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
    """log p(x|z) and KL(q(z|x) ‖ p(z)), each (B,), in nats; the first less the second estimates the ELBO ≤ log p(x).

    Kingma & Welling 2014 (arXiv 1312.6114), eq. 10, with p(x|z) = N(decoded, s²·1), q(z|x) = N(mean, diag(variance))
    and p(z) = N(0, 1). x, decoded: (B, …), decoded from one z drawn from q; scale: s > 0; mean, log_variance: (B, d).
    """
    squares = ((x - decoded) / scale).square() + math.log(2 * math.pi * scale**2)
    return -0.5 * squares.flatten(1).sum(1), kl_from_standard_normal(mean, log_variance)


def kl_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − log σ²), (B, d), (B, d) → (B,), in nats, ≥ 0.

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """−E log D(x) − E log(1 − D(G(z))), a scalar in nats: Goodfellow et al. 2014 (arXiv 1406.2661), eq. 1.

    real, fake: (B,), the discriminator's logits h of pictures and of generated ones, D = 1 / (1 + e^−h). At its best
    the loss is log 4 − 2·JS(p ‖ p_G): log 4 where the generator's pictures cannot be told from the real ones.
    """
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """−E log D(G(z)), a scalar in nats: the non-saturating loss of Goodfellow et al. 2014, section 3.

    Its gradient with respect to a logit is −(1 − D), which is largest where the discriminator is not deceived; that
    of the game's own log(1 − D) is −D, which vanishes there.
    """
    return softplus(-fake).mean()


def gradient_penalty(real: Tensor, pictures: Tensor) -> Tensor:
    """E ‖∇ₓ h(x)‖², a scalar ≥ 0: R1 without its factor γ/2 (Mescheder et al. 2018, arXiv 1801.04406, eq. 9).

    It keeps the discriminator from growing ever steeper around the pictures it knows, where the game then circles.
    real: (B,), the logits h of `pictures` (B, …), which must require gradients; so does what is returned.
    """
    (slope,) = torch.autograd.grad(real.sum(), pictures, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()
