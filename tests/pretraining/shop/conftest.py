"""A shop's pictures, drawn: products of plain shapes, cut out already or photographed on a plain background."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

SIDE = 320
Shape = Callable[[ImageDraw.ImageDraw], None]


def lamp(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(110, 60), (210, 60), (250, 150), (70, 150)], fill=(214, 60, 40, 255))
    draw.rectangle((150, 150, 170, 250), fill=(70, 60, 120, 255))
    draw.ellipse((100, 240, 220, 270), fill=(70, 60, 120, 255))


def basket(draw: ImageDraw.ImageDraw) -> None:
    """With a handle, through which the background is seen."""
    draw.ellipse((90, 40, 230, 240), fill=(120, 80, 40, 255))
    draw.ellipse((115, 65, 205, 215), fill=(0, 0, 0, 0))
    draw.polygon([(60, 150), (260, 150), (230, 270), (90, 270)], fill=(170, 110, 50, 255))


def bottle(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((110, 110, 210, 280), 24, fill=(20, 120, 70, 255))
    draw.rectangle((140, 50, 180, 110), fill=(20, 90, 60, 255))
    draw.rectangle((125, 160, 195, 220), fill=(240, 220, 120, 255))


def boots(draw: ImageDraw.ImageDraw) -> None:
    """A pair, apart from each other."""
    for left in (50, 190):
        draw.rectangle((left, 90, left + 60, 240), fill=(60, 70, 160, 255))
        draw.rectangle((left, 210, left + 90, 250), fill=(40, 50, 120, 255))


def cut(shape: Shape) -> Image.Image:
    """The product with a transparent background, shaded from left to right."""
    large = Image.new("RGBA", (2 * SIDE, 2 * SIDE))
    flat = Image.new("RGBA", (SIDE, SIDE))
    shape(ImageDraw.Draw(flat))
    large = flat.resize(large.size, Image.Resampling.LANCZOS).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(large, np.float32).copy()
    pixels[..., :3] *= np.linspace(1.1, 0.85, SIDE)[None, :, None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


def photo(product: Image.Image, ground: tuple[int, int, int] = (236, 236, 238)) -> Image.Image:
    """The product on a plain background that gets darker downwards, with noise, a soft shadow and JPEG's own marks."""
    height = np.linspace(1.0, 0.93, SIDE)[:, None, None]
    noise = np.random.default_rng(0).normal(0, 1.5, (SIDE, SIDE, 3))
    behind = Image.fromarray(np.clip(np.array(ground) * height + noise, 0, 255).astype(np.uint8))
    shadow = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(shadow).ellipse((60, 245, 260, 290), fill=60)
    shadow = shadow.filter(ImageFilter.GaussianBlur(9))
    behind = Image.composite(Image.new("RGB", (SIDE, SIDE)), behind, shadow)
    behind.paste(product, (0, 0), product)
    data = io.BytesIO()
    behind.save(data, "JPEG", quality=92)
    return Image.open(io.BytesIO(data.getvalue())).convert("RGB")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """lamp.png and boots.png cut out, basket.jpg and bottle.jpg photographed, and some that are of no use."""
    folder = tmp_path_factory.mktemp("pictures")
    cut(lamp).save(folder / "lamp.png")
    cut(boots).save(folder / "boots.png")
    photo(cut(basket)).save(folder / "basket.jpg", quality=92)
    photo(cut(bottle), (200, 214, 236)).save(folder / "bottle.jpg", quality=92)
    cut(lamp).resize((200, 200), Image.Resampling.LANCZOS).save(folder / "lamp-again.png")
    cut(lamp).resize((80, 80)).save(folder / "small.png")
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)).save(folder / "street.png")
    (folder / "broken.png").write_bytes((folder / "lamp.png").read_bytes()[:900])
    return folder


def write_table(path: Path, header: str, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path
