"""Cutting a product out of its picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.shop.cutting import (
    background,
    cut_out,
    faintness,
    fingerprint,
    same_picture,
    without_background,
)
from tests.pretraining.shop.conftest import Shape, basket, bottle, cut, lamp, photo


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), np.float32) / 255


def refusal(path: Path, pieces: int = 1) -> str:
    with pytest.raises(StudioError) as caught:
        cut_out(path, pieces)
    assert path.name in caught.value.sentence("en")
    return caught.value.key


@pytest.mark.parametrize("ground", [(255, 255, 255), (236, 236, 238), (244, 208, 214), (120, 150, 190)])
@pytest.mark.parametrize("shape", [lamp, basket, bottle])
def test_a_plain_background_goes_with_its_shadow_and_the_product_stays(
    shape: Shape, ground: tuple[int, int, int]
) -> None:
    product = cut(shape)
    picture = pixels(photo(product, ground))
    found = without_background(picture, background(picture))[..., 3]
    true = np.asarray(product.getchannel("A"), np.float32) / 255
    assert np.minimum(found, true).sum() / np.maximum(found, true).sum() > 0.95
    assert np.minimum(found, true).sum() / true.sum() > 0.98


def test_the_outline_keeps_nothing_of_the_background() -> None:
    product = cut(lamp)
    picture = pixels(photo(product, (30, 200, 60)))
    found = without_background(picture, background(picture))
    seam = found[(found[..., 3] > 0.1) & (found[..., 3] < 0.9)]
    assert len(seam)
    assert seam[:, 1].mean() < 0.4  # of the lamp and its foot, not the 0.78 behind them
    assert (seam[:, 1] < 0.6).all()


def test_a_cut_out_is_taken_as_it_is_and_cropped_to_the_product(pictures: Path) -> None:
    found = cut_out(pictures / "lamp.png")
    assert found.faint == 0
    assert found.picture.size == (180, 210) or np.allclose(found.picture.size, (181, 211), atol=2)
    assert np.asarray(found.picture)[0, 0, 3] == 0


def test_a_photograph_is_cropped_to_the_product(pictures: Path) -> None:
    assert np.allclose(cut_out(pictures / "bottle.jpg").picture.size, (101, 231), atol=4)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("nothing.png", "shop.picture_missing"),
        ("broken.png", "shop.picture_broken"),
        ("street.png", "shop.not_plain"),
        ("small.png", "shop.too_small"),
        ("boots.png", "shop.several"),
    ],
)
def test_a_picture_that_is_of_no_use_is_refused_by_name(pictures: Path, name: str, key: str) -> None:
    assert refusal(pictures / name) == key


def test_an_empty_picture_shows_no_product(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), (250, 250, 250)).save(tmp_path / "wall.png")
    assert refusal(tmp_path / "wall.png") == "shop.too_small"


def test_a_pair_may_be_apart_where_it_is_said_to_be_one(pictures: Path) -> None:
    assert cut_out(pictures / "boots.png", pieces=2).picture.width > 200


def test_a_product_like_its_background_is_told() -> None:
    pale = cut(bottle)
    pale = Image.merge("RGBA", [*Image.new("RGB", pale.size, (228, 228, 232)).split(), pale.getchannel("A")])
    for product, faint in ((pale, True), (cut(bottle), False)):
        picture = pixels(photo(product, (250, 250, 250)))
        solid = np.asarray(product.getchannel("A")) > 128
        assert (faintness(picture, background(picture), solid) > 0.5) == faint


def test_the_same_picture_is_known_again_at_another_size_and_quality(pictures: Path) -> None:
    names = ("lamp.png", "lamp-again.png", "basket.jpg")
    lamp_, again, other = (fingerprint(cut_out(pictures / name).picture) for name in names)
    assert same_picture(lamp_, again)
    assert not same_picture(lamp_, other)


def test_the_same_product_in_another_colour_is_another_picture() -> None:
    red = cut(lamp)
    blue = Image.merge("RGBA", [red.getchannel(channel) for channel in "BGRA"])
    assert not same_picture(fingerprint(red), fingerprint(blue))
