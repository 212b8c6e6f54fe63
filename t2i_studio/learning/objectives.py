"""What training on ratings minimises. Pure functions of errors; nothing here knows a network.

An *error* ℓ is the mean squared difference of what the network said and what it should have said, one number a
picture: shape (B,), ≥ 0. Both pictures of a pair get the same noise at the same level. The *reference* is the same
network without its adapter; its errors carry no gradient. w is the picture preferred ("winner"), l the other one.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

LEVELS = 1000


def errors(said: Tensor, target: Tensor) -> Tensor:
    """ℓ of each picture, in full precision: (B, …), (B, …) → (B,)."""
    return (_exact(said) - _exact(target)).square().flatten(1).mean(1)


def _exact(value: Tensor) -> Tensor:
    """In single precision at least: differences of errors are small beside bf16's steps."""
    return value if value.dtype is torch.float64 else value.float()


def supervised(error: Tensor, weight: Tensor) -> Tensor:
    """Σ w·ℓ / Σ w: draw more of what was liked. weight: (B,) ≥ 0, not all 0."""
    return (weight * error).sum() / weight.sum()


def preference_margin(winner: Tensor, loser: Tensor, reference_winner: Tensor, reference_loser: Tensor) -> Tensor:
    """(ℓ_l − ℓ_ref,l) − (ℓ_w − ℓ_ref,w), (B,): above 0 where the adapter leans to the preferred picture."""
    return (loser - reference_loser) - (winner - reference_winner)


def dpo(margin: Tensor, weight: Tensor, beta: float) -> Tensor:
    """−log σ(½β·margin), weighted mean: Diffusion-DPO (Wallace et al., CVPR 2024, arXiv 2311.12908, eq. 14) with the
    constants of its time weighting in β. weight: (B,) ≥ 0.
    """
    return (weight * -F.logsigmoid(0.5 * beta * margin)).sum() / weight.sum()


def loser_scale(said: Tensor, target: Tensor, keep: float = 0.9) -> Tensor:
    """λ in [0, 1], a scalar: how much of the loser's gradient may pass without the winner's error growing.

    With g the gradients of both errors with respect to what the network said, λ = min(1, (1 − keep)·‖g_w‖² / g_l·g_w)
    where g_l·g_w > 0, else 1: Diffusion-SDPO (arXiv 2511.03317), which scales the loser's branch by it.
    said, target: (2B, …), winners first. keep: share of the winner's descent that must stay, in [0, 1].
    """
    winner, loser = (_exact(said.detach()) - _exact(target)).chunk(2)
    own, shared = winner.square().sum(), (winner * loser).sum()
    cap = (1 - keep) * own / shared.clamp(min=1e-12)
    return torch.where(shared > 0, cap.clamp(0, 1), torch.ones_like(cap))


def scaled_gradient(value: Tensor, scale: Tensor) -> Tensor:
    """`value` as it is, of whose gradient only the share `scale` passes."""
    return scale * value + (1 - scale) * value.detach()


def divergence(said: Tensor, reference: Tensor) -> Tensor:
    """Mean over pictures of ‖f_θ − f_ref‖²: (B, …), (B, …) → scalar. What the divergence KL(p_θ ‖ p_ref) of one step's
    Gaussians is in proportion to, and summed over steps a bound of that of the pictures (Fan et al., DPOK, NeurIPS
    2023, arXiv 2305.16381).
    """
    return errors(said, reference).mean()


def kto(gain: Tensor, good: Tensor, weight: Tensor, beta: float) -> Tensor:
    """Σ w·(1 − σ(±β(g − z))) / Σ w with z = max(0, mean g) held fixed: Diffusion-KTO (Li et al., NeurIPS 2024, arXiv
    2404.04465, with the sigmoid as utility). Good pictures +, bad ones −.

    gain: (B,) g = ℓ_ref − ℓ, above 0 where the adapter draws the picture better than the reference. good: (B,) bool.
    """
    baseline = gain.mean().clamp(min=0).detach()
    sign = torch.where(good, 1.0, -1.0).to(gain)
    return (weight * (1 - torch.sigmoid(sign * beta * (gain - baseline)))).sum() / weight.sum()


def mapo(winner: Tensor, loser: Tensor, weight: Tensor, beta: float, sharpness: float = 0.5) -> Tensor:
    """ℓ_w − β·log σ(T·(φ(ℓ_w) − φ(ℓ_l))), φ(ℓ) = s·ℓ/(e^{s·ℓ} − 1), weighted mean: MaPO (Hong et al., arXiv
    2406.06424), which needs no reference. T = 1000 levels of noise, over which the margin adds up. sharpness: s > 0.
    """
    ratio = LEVELS * (_likelihood(winner, sharpness) - _likelihood(loser, sharpness))
    return (weight * (winner - beta * F.logsigmoid(ratio))).sum() / weight.sum()


def _likelihood(error: Tensor, sharpness: float) -> Tensor:
    """φ, which falls from 1 at ℓ = 0; written with expm1, exact near 0."""
    scaled = (sharpness * error).clamp(min=1e-12)
    return scaled / torch.expm1(scaled)
