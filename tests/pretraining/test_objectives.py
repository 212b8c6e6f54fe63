import math

import numpy as np
import pytest
import torch

from t2i_studio.pretraining import objectives
from t2i_studio.pretraining.denoiser import scheduler
from t2i_studio.pretraining.latents import fit_patch_code


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed))


@pytest.mark.parametrize("steps", [1, 4, 10, 30])
def test_the_sampler_follows_a_perfect_predictor_along_the_straight_path_to_the_picture(steps: int) -> None:
    sampler = scheduler()
    sampler.set_timesteps(steps)
    x0, noise = picture(2, 3, 8, 8), picture(2, 3, 8, 8, seed=1)
    x = objectives.diffuse(x0, noise, sampler.sigmas[:1].repeat(2))
    for t, sigma in zip(sampler.timesteps, sampler.sigmas[1:], strict=True):
        x = sampler.step(x0, t, x).prev_sample
        assert torch.allclose(x, objectives.diffuse(x0, noise, sigma.repeat(2)), atol=1e-4)
    assert torch.equal(x, x0)


def test_training_and_sampler_mean_the_same_noise_level_by_a_timestep() -> None:
    sampler = scheduler()
    sampler.set_timesteps(10)
    x0, noise = picture(10, 3, 8, 8), picture(10, 3, 8, 8, seed=1)
    by_sampler = sampler.add_noise(x0, noise, sampler.timesteps)
    assert torch.allclose(objectives.diffuse(x0, noise, sampler.timesteps / 1000), by_sampler, atol=0.01)
    assert torch.allclose(objectives.diffuse(x0, noise, sampler.sigmas[:-1]), by_sampler, atol=1e-6)


def test_the_noise_of_the_sampler_s_first_step_is_what_a_fifth_of_training_sees() -> None:
    sigmas = objectives.sample_sigmas(20_000, generator())
    pure = sigmas == 0.999
    sampler = scheduler()
    sampler.set_timesteps(10)
    assert float(sampler.sigmas[0]) == pytest.approx(0.999, abs=1e-3)
    assert float(pure.float().mean()) == pytest.approx(0.2, abs=0.02)
    logits = torch.logit(sigmas[~pure])
    assert float(logits.mean()) == pytest.approx(objectives.LOGIT_MEAN, abs=0.03)
    assert float(logits.std()) == pytest.approx(objectives.LOGIT_SPREAD, abs=0.03)


def test_diffusion_goes_from_the_picture_to_noise() -> None:
    x0, noise = picture(3, 2, 4, 4), picture(3, 2, 4, 4, seed=1)
    x = objectives.diffuse(x0, noise, torch.tensor([0.0, 0.25, 1.0]))
    assert torch.equal(x[0], x0[0])
    assert torch.allclose(x[1], 0.75 * x0[1] + 0.25 * noise[1])
    assert torch.equal(x[2], noise[2])


def test_a_cell_counts_as_much_as_its_weight() -> None:
    x0 = torch.zeros(1, 4, 2, 2)
    prediction = torch.zeros(1, 4, 2, 2)
    prediction[..., 0, 0], prediction[..., 1, 1] = 1.0, 2.0
    weights = torch.tensor([[[4.0, 1.0], [1.0, 2.0]]])
    assert float(objectives.clean_latent_loss(prediction, x0, weights)) == pytest.approx((4 * 1 + 2 * 4) / 8)
    assert float(objectives.clean_latent_loss(prediction, x0, 5 * weights)) == pytest.approx(1.5)


def test_an_error_shared_by_both_sides_of_a_border_makes_no_seam() -> None:
    code = fit_patch_code(np.random.default_rng(0).integers(0, 256, (24, 128, 128, 3), dtype=np.uint8), 768)
    z = code.encode(torch.zeros(1, 3, 128, 128))
    brighter = code.encode(torch.full((1, 3, 128, 128), 0.25))
    assert float(objectives.seam_loss(brighter - z, code.edges())) == pytest.approx(0, abs=1e-6)
    one = torch.zeros(1, 3, 128, 128)
    one[..., 16:32, 16:32] = 0.5  # a jump at 4 of the 112 borders
    error = code.encode(one) - z
    assert float(objectives.seam_loss(error, code.edges())) == pytest.approx(0.25 * 4 / 112, rel=1e-3)


def test_contrast_of_rows_that_tell_nothing_is_the_logarithm_of_their_number() -> None:
    same = torch.ones(7, 4) / 2
    assert float(objectives.contrastive_loss(same, same, torch.tensor(20.0))) == pytest.approx(math.log(7), abs=1e-5)
    apart = torch.eye(7)
    expected = math.log(1 + 6 * math.exp(-3))
    assert float(objectives.contrastive_loss(apart, apart, torch.tensor(3.0))) == pytest.approx(expected, abs=1e-5)


SCALE = 0.7
WEIGHTS = torch.tensor([[1.0, 2.0], [2.0, -1.0], [0.0, 0.0]], dtype=torch.float64)  # x = W·z + s·ε, columns orthogonal


def posterior(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance of p(z|x) of the linear model, each (1, 2): diagonal, since W's columns are orthogonal."""
    variance = SCALE**2 / (SCALE**2 + WEIGHTS.square().sum(0))
    return (variance * (x @ WEIGHTS) / SCALE**2)[None], variance[None]


def expected_elbo(x: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> float:
    """The ELBO, its expectation taken exactly: four points have the mean of any quadratic under q."""
    axes = torch.eye(2, dtype=torch.float64)
    steps = torch.cat([axes, -axes]) * (2 * variance).sqrt()
    decoded = (mean + steps) @ WEIGHTS.T
    terms = objectives.elbo_terms(x.expand(4, 3), decoded, SCALE, mean.expand(4, 2), variance.log().expand(4, 2))
    return float((terms[0] - terms[1]).mean())


def test_the_evidence_is_the_elbo_and_the_divergence_from_the_true_posterior() -> None:
    x = torch.tensor([0.3, -1.2, 0.8], dtype=torch.float64)
    covariance = WEIGHTS @ WEIGHTS.T + SCALE**2 * torch.eye(3, dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(torch.zeros(3).double(), covariance)
    evidence = float(normal.log_prob(x))
    mean, variance = posterior(x)
    assert expected_elbo(x, mean, variance) == pytest.approx(evidence, abs=1e-9)
    other_mean, other_variance = mean + torch.tensor([0.4, -0.1]), variance * torch.tensor([2.0, 0.5])
    gap = torch.distributions.kl_divergence(
        torch.distributions.Normal(other_mean, other_variance.sqrt()),
        torch.distributions.Normal(mean, variance.sqrt()),
    ).sum()
    assert expected_elbo(x, other_mean, other_variance) + float(gap) == pytest.approx(evidence, abs=1e-9)


def test_the_divergence_from_the_standard_normal_is_that_of_its_integral() -> None:
    mean, deviation = 0.8, 0.5
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    log_q = -0.5 * ((z - mean) / deviation) ** 2 - math.log(deviation * math.sqrt(2 * math.pi))
    log_p = -0.5 * z**2 - math.log(math.sqrt(2 * math.pi))
    integral = float(torch.trapezoid(log_q.exp() * (log_q - log_p), z))
    moments = torch.tensor([[mean, 0.0]]), torch.tensor([[2 * math.log(deviation), 0.0]])  # the second adds nothing
    assert objectives.kl_from_standard_normal(*moments).tolist() == pytest.approx([integral], abs=1e-6)


def test_the_best_discriminator_s_loss_tells_the_jensen_shannon_divergence() -> None:
    real_share, fake_share = torch.tensor([0.75, 0.25]), torch.tensor([0.25, 0.75])  # of two kinds of picture
    middle = (real_share + fake_share) / 2
    divergence = sum(0.5 * float((p * (p / middle).log()).sum()) for p in (real_share, fake_share))
    best = (real_share / fake_share).log()  # logits of D = p / (p + p_G)
    real, fake = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 1, 1])

    def loss(logits: torch.Tensor) -> float:
        return float(objectives.discriminator_loss(logits[real], logits[fake]))

    assert loss(best) == pytest.approx(math.log(4) - 2 * divergence, abs=1e-6)
    assert loss(torch.zeros(2)) == pytest.approx(math.log(4), abs=1e-6)
    assert all(loss(best + other) > loss(best) for other in 0.1 * picture(50, 2))


def test_the_generator_learns_most_where_the_discriminator_is_not_deceived() -> None:
    logits = torch.tensor([-8.0, 0.0, 3.0], requires_grad=True)
    objectives.generator_loss(logits).backward()
    assert logits.grad is not None
    deceived = torch.sigmoid(logits.detach())
    assert torch.allclose(logits.grad, -(1 - deceived) / 3)
    assert objectives.generator_loss(logits).item() == pytest.approx(float(-deceived.log().mean()), rel=1e-5)


def test_the_gradient_penalty_is_the_squared_slope_of_the_discriminator() -> None:
    pictures = picture(5, 1, 2, 2).requires_grad_()
    weight = torch.tensor([1.0, -2.0, 0.5, 0.0], requires_grad=True)
    logits = pictures.flatten(1).square() @ weight / 2  # slope w·x
    penalty = objectives.gradient_penalty(logits, pictures)
    expected = (weight * pictures.flatten(1)).square().sum(1).mean().item()
    assert penalty.item() == pytest.approx(expected, rel=1e-5)
    penalty.backward()
    assert weight.grad is not None
    assert torch.allclose(weight.grad, (2 * weight * pictures.flatten(1).square()).mean(0))
