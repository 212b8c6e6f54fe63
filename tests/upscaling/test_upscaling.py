"""The upscaler: twice the size, plain enlargement while it knows nothing, and a file that tells when it is damaged."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from t2i_studio.errors import StudioError
from t2i_studio.settings import EMBEDDED_MODEL
from t2i_studio.upscaling.folder import FILE, load_upscaler, save_upscaler
from t2i_studio.upscaling.network import REACH, Upscaler, grown, widths_of


def taught(seed: int = 0) -> Upscaler:
    """One whose last layer is not zero."""
    torch.manual_seed(seed)
    upscaler = Upscaler()
    with torch.no_grad():
        upscaler.tail.weight.normal_(std=0.01)
    return upscaler.eval()


def ramp(width: int, height: int) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([rows * 255 // height, columns * 255 // width, rows * 0 + 90], -1).astype(np.uint8))


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (256, 256)])
def test_an_untrained_one_enlarges_bicubically(size: tuple[int, int]) -> None:
    made = Upscaler().enlarged(ramp(*size))
    assert made.size == (2 * size[0], 2 * size[1])
    plain = ramp(*size).resize(made.size, Image.Resampling.BICUBIC)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(np.asarray(made)[inner].astype(int) - np.asarray(plain)[inner]).max() <= 2


def test_a_pixel_is_made_from_its_neighbourhood_only() -> None:
    one, other = torch.rand(2, 1, 3, 32, 128, generator=torch.Generator().manual_seed(1))
    other = torch.where(torch.arange(128) < 64, one, other)
    with torch.no_grad():
        changed = (taught()(one) - taught()(other)).abs().amax((0, 1, 2))
    assert changed[: 2 * (64 - REACH)].max() == 0
    assert changed[128:].min() > 0


def test_it_comes_back_from_its_file_with_8_bit_weights(tmp_path: Path) -> None:
    save_upscaler(tmp_path, taught())
    again, picture = load_upscaler(tmp_path), ramp(64, 64)
    assert again is not None
    assert not any(weight.requires_grad for weight in again.parameters())
    assert np.abs(np.asarray(again.enlarged(picture), int) - np.asarray(taught().enlarged(picture))).max() <= 1
    assert (tmp_path / FILE).stat().st_size < 1_000_000


def test_an_upscaler_of_another_width_comes_back_too(tmp_path: Path) -> None:
    save_upscaler(tmp_path, Upscaler((8, 12)))
    again = load_upscaler(tmp_path)
    assert again is not None
    assert widths_of(again.state_dict()) == (8, 12)


def test_a_wider_one_begins_with_what_a_narrower_one_makes_and_learns_with_all_of_its_width() -> None:
    torch.manual_seed(0)
    small, picture = Upscaler((8, 12)), torch.rand(1, 3, 32, 32)
    torch.nn.init.normal_(small.tail.weight, std=0.05)
    large = grown(small, (12, 20))
    assert torch.allclose(large(picture), small(picture), atol=1e-5)
    assert not torch.allclose(small(picture), Upscaler((8, 12))(picture), atol=1e-2)
    large(picture).sum().backward()
    assert large.tail.weight.grad[:, 8:].abs().max() > 0
    with pytest.raises(ValueError, match="does not fit"):
        grown(large, (8, 12))


def test_a_folder_with_half_precision_weights_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    save_file({name: weight.half() for name, weight in Upscaler((8, 12)).state_dict().items()}, tmp_path / FILE)
    again = load_upscaler(tmp_path)
    assert again is not None
    assert again.head.weight.dtype == torch.float32


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert load_upscaler(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    save_upscaler(tmp_path, taught())
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:2000] if content is None else content)
    with pytest.raises(StudioError) as refusal:
        load_upscaler(tmp_path)
    assert refusal.value.key == "model.corrupt"
    assert str(FILE) in refusal.value.sentence("en")


def test_in_half_precision_it_draws_the_same_and_keeps_plain_areas_smooth() -> None:
    exact, half = load_upscaler(EMBEDDED_MODEL), load_upscaler(EMBEDDED_MODEL)
    assert exact is not None
    assert half is not None
    half.to(torch.bfloat16, memory_format=torch.channels_last)
    slope = torch.linspace(-0.5, 0.5, 64).expand(1, 3, 64, 64)
    with torch.inference_mode():
        drawn, told = half(slope), exact(slope)
    assert drawn.dtype == torch.float32
    assert (drawn - told).abs().max() < 0.02  # 2.5 of 255 levels
    assert (drawn - told).square().mean().sqrt() < 0.004
