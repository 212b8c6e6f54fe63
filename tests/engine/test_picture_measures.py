"""Each measure rises with what it names and with nothing else that is tried, on pictures drawn for it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from t2i_studio.engine.picture_measures import MEASURES
from t2i_studio.judge.cielab import SIDE, lab

BLUE, RED = (120, 150, 210), (200, 60, 60)


def still(size=90, at=(128, 150), shadow=2.0, props=0, slanted=0):
    """A red square with a shadow on a blue wall; props: green squares; slanted: yellow strokes."""
    picture = Image.new("RGB", (256, 256), BLUE)
    left, top = at[0] - size // 2, at[1] - size // 2
    shade = Image.new("L", picture.size)
    ImageDraw.Draw(shade).rectangle((left + 25, top + 10, left + size + 25, top + size + 10), fill=120)
    shade = shade.filter(ImageFilter.GaussianBlur(shadow))
    picture.paste((40, 55, 90), mask=shade)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + size, top + size), fill=RED)
    for number in range(props):
        draw.rectangle((8 + 30 * number, 8, 24 + 30 * number, 24), fill=(40, 140, 60))
    for number in range(slanted):
        draw.line((8 + 30 * number, 40, 28 + 30 * number, 20), fill=(250, 220, 40), width=5)
    return picture


def tinted(blue):
    red_band, green_band, blue_band = still().split()
    return Image.merge("RGB", (red_band, green_band, blue_band.point(lambda value: min(255, round(value * blue)))))


RISING = {
    "brightness": [ImageEnhance.Brightness(still()).enhance(x) for x in (0.5, 0.8, 1, 1.15)],
    "warmth": [tinted(x) for x in (1.2, 1, 0.8, 0.6)],
    "saturation": [ImageEnhance.Color(still()).enhance(x) for x in (0.2, 0.6, 1, 1.3)],
    "richness": [still(props=x) for x in (0, 2, 4, 6)],
    "distance": [still(size=x) for x in (40, 70, 100, 150)],
    "softness": [still(shadow=x) for x in (1, 4, 9, 16)],
    "contrast": [ImageEnhance.Contrast(still()).enhance(x) for x in (0.4, 0.8, 1, 1.3)],
    "playfulness": [still(slanted=x) for x in (0, 2, 4, 6)],
    "position": [still(at=(x, 150)) for x in (60, 110, 150, 200)],
}


@pytest.mark.parametrize("control", MEASURES)
def test_the_measure_rises_with_its_control(control):
    values = [MEASURES[control](lab(picture)) for picture in RISING[control]]
    assert values == sorted(values)
    assert len(set(values)) == len(values)


def test_large_pictures_are_measured_at_the_size_of_small_ones():
    small, large = still(props=3), still(props=3).resize((1024, 1024), Image.Resampling.NEAREST)
    assert lab(large).shape == (SIDE, SIDE, 3)
    for control, measure in MEASURES.items():
        assert measure(lab(large)) == pytest.approx(measure(lab(small))), control


@pytest.mark.parametrize("control", MEASURES)
def test_a_picture_of_nothing_has_a_finite_measure(control):
    for rgb in (BLUE, (0, 0, 0), (255, 255, 255)):
        assert np.isfinite(MEASURES[control](lab(Image.new("RGB", (40, 30), rgb))))


@pytest.mark.parametrize("control", ["richness", "distance", "playfulness", "position"])
def test_what_lies_in_the_picture_is_measured_in_dim_light_too(control):
    pictures = [ImageEnhance.Brightness(picture).enhance(0.8) for picture in RISING[control]]
    values = [MEASURES[control](lab(picture)) for picture in pictures]
    assert values == sorted(values)
