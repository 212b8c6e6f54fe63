"""Colours in CIELAB."""

import numpy as np
from PIL import Image

from t2i_studio.judge.cielab import lab


def test_known_colours_have_their_published_values() -> None:
    colours = {(255, 255, 255): (100, 0, 0), (0, 0, 0): (0, 0, 0), (255, 0, 0): (53.24, 80.09, 67.2)}
    for rgb, expected in colours.items():
        assert np.allclose(lab(Image.new("RGB", (4, 4), rgb))[0, 0], expected, atol=0.02)
