from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from t2i_studio.pretraining.catalogue import DRAWN, Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """Small drawn cut-outs in place of the renders, which are fetched and never committed."""
    folder = tmp_path_factory.mktemp("renders")
    things = [*catalogue.objects.values(), *catalogue.props.values()]
    for number, thing in enumerate(things):
        if thing.code != DRAWN:
            _drawn(number).save(folder / f"{thing.code}.webp", lossless=True)
    return folder


def _drawn(number: int) -> Image.Image:
    """A shaded egg in one of many hues, a bit of it grey."""
    picture = Image.new("RGBA", (96, 96))
    draw = ImageDraw.Draw(picture)
    for ring in range(20):
        inset = 8 + ring
        color = Image.new("HSV", (1, 1), (number * 41 % 256, 190 - 4 * ring, 120 + 6 * ring)).convert("RGB")
        draw.ellipse((inset, inset - 4, 95 - inset, 91), fill=(*color.getpixel((0, 0)), 255))
    draw.rectangle((40, 4, 56, 16), fill=(120, 120, 120, 255))
    return picture
