"""The computed autoencoder does what the linear code says, in plain diffusers, in half-precision weights."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from t2i_studio.pretraining import autoencoder
from t2i_studio.pretraining.latents import PatchCode, fit_patch_code, psnr, to_tensor


def scenes(count: int, size: int, seed: int) -> np.ndarray:
    """Smooth colour fields with an edge: (count, size, size, 3) uint8, the same pictures at every size."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size + 0.5 / size
    pictures = []
    for _ in range(count):
        a, b, c = rng.uniform(-1, 1, (3, 3))
        edge, at = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.7, 2)
        side = 1 / (1 + np.exp(-((x - at[0]) * np.cos(edge) + (y - at[1]) * np.sin(edge)) * 40))
        pictures.append((a * x[..., None] + b * y[..., None] + c * side[..., None]).clip(-1, 1) * 127 + 128)
    return np.stack(pictures).round().astype(np.uint8)


@pytest.fixture(scope="module")
def fitted() -> tuple[PatchCode, autoencoder.Enlargement, torch.Tensor]:
    small, large = scenes(96, 128, 0), scenes(96, 256, 0)
    code = fit_patch_code(small)
    latents = code.encode(to_tensor(small))
    return code, autoencoder.fit_enlargement(latents, large, noise=1e-4), latents


@torch.no_grad()
def test_the_decoder_draws_the_weighted_sum_of_basis_pictures(fitted: tuple) -> None:
    code, enlargement, latents = fitted
    model = autoencoder.autoencoder(code, enlargement, latents.std((0, 2, 3)))
    z = latents[:4]
    drawn = model.decode(z / autoencoder.LATENT_SCALE).sample
    withall = torch.cat([z, torch.ones(4, 1, 8, 8)], 1)
    told = torch.einsum("nchw,kpqc->nkhpwq", withall, enlargement.basis).reshape(4, 3, 256, 256)
    assert psnr(drawn, told) > 40


@torch.no_grad()
def test_half_precision_weights_change_nothing(fitted: tuple) -> None:
    code, enlargement, latents = fitted
    model = autoencoder.autoencoder(code, enlargement, latents.std((0, 2, 3)))
    z = latents[:2] / autoencoder.LATENT_SCALE
    before = model.decode(z).sample
    assert torch.equal(model.half().float().decode(z).sample, before)


@torch.no_grad()
def test_unseen_pictures_come_back(fitted: tuple) -> None:
    code, enlargement, latents = fitted
    model = autoencoder.autoencoder(code, enlargement, latents.std((0, 2, 3)))
    x = to_tensor(scenes(4, 256, 1))
    drawn = model.decode(model.encode(x).latents).sample
    assert psnr(drawn, x) > 35
    assert psnr(drawn, model.decode(code.encode(F.avg_pool2d(x, 2)) / autoencoder.LATENT_SCALE).sample) > 40


def test_the_factors_make_a_sum_of_eight_cells() -> None:
    product = np.ones(1)
    for steps in autoencoder.SUMMING:
        path = np.ones(1)
        for here, before in steps:
            path = np.convolve(path, (here, before))
        path[0] += 1
        product = np.convolve(product, path)
    assert np.allclose(np.trim_zeros(product.round(9), "b"), np.ones(8))
