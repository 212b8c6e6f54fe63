from pathlib import Path

import numpy as np
import pytest
import torch

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.latents import PatchCode, fit_patch_code, psnr, to_pictures, to_tensor


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Soft random surfaces (12, 128, 128, 3)."""
    coarse = torch.rand(12, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return to_pictures(torch.nn.functional.interpolate(coarse, 128, mode="bicubic"))


@pytest.fixture(scope="module")
def code(pictures: np.ndarray) -> PatchCode:
    return fit_patch_code(pictures, 48)


def test_a_picture_survives_its_code(code: PatchCode, pictures: np.ndarray) -> None:
    x = to_tensor(pictures)
    latents = code.encode(x)
    assert latents.shape == (12, 48, 8, 8)
    assert psnr(code.decode(latents), x) > 35


def test_latents_survive_decoding_exactly(code: PatchCode) -> None:
    latents = torch.randn(3, 48, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(code.encode(code.decode(latents)), latents, atol=1e-3)


def test_more_components_keep_more(code: PatchCode, pictures: np.ndarray) -> None:
    x = to_tensor(pictures)
    fewer = fit_patch_code(pictures, 12)
    assert psnr(code.decode(code.encode(x)), x) > psnr(fewer.decode(fewer.encode(x)), x)


def test_a_cell_of_the_latents_is_a_patch_of_the_picture(code: PatchCode) -> None:
    latents = torch.zeros(1, 48, 8, 8)
    latents[..., 2, 5] = 1
    changed = (code.decode(latents) - code.decode(torch.zeros(1, 48, 8, 8))).abs().amax((0, 1)) > 1e-6
    rows, columns = changed.nonzero(as_tuple=True)
    assert (int(rows.min()), int(rows.max())) == (32, 47)
    assert (int(columns.min()), int(columns.max())) == (80, 95)


def test_components_are_orthonormal_and_whitened_by_half(code: PatchCode, pictures: np.ndarray) -> None:
    assert torch.allclose(code.basis @ code.basis.T, torch.eye(48), atol=1e-4)
    latents = code.encode(to_tensor(pictures))
    variance = latents.transpose(0, 1).flatten(1).var(1)
    assert float(variance.mean()) == pytest.approx(1, rel=0.02)
    plain = variance * code.scale.square()
    strong = plain > 1e-4  # the last ones are rounding of eight bits
    ratio = variance[strong] / plain[strong].sqrt()
    assert float(ratio.max() / ratio.min()) == pytest.approx(1, rel=0.05)


def test_a_saved_code_is_the_same_code(code: PatchCode, tmp_path: Path) -> None:
    code.save(tmp_path / "code.safetensors")
    loaded = PatchCode.load(tmp_path / "code.safetensors")
    assert torch.equal(loaded.basis, code.basis)
    assert [path.name for path in tmp_path.iterdir()] == ["code.safetensors"]


def test_without_a_code_the_scenes_are_missing(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        PatchCode.load(tmp_path / "code.safetensors")
    assert caught.value.key == "recipe.no_corpus"


def test_pictures_and_tensors_are_the_same_pixels() -> None:
    pixels = np.random.default_rng(0).integers(256, size=(2, 5, 7, 3), dtype=np.uint8)
    assert np.array_equal(to_pictures(to_tensor(pixels)), pixels)


def test_psnr_is_in_decibels() -> None:
    assert psnr(torch.zeros(4), torch.full((4,), 0.2)) == pytest.approx(20)
