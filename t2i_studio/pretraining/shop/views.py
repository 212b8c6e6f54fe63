"""Views of a product: its cut-outs, and the same a little turned, lit otherwise, mirrored where that is allowed.

Scale needs none: scenes show every product at five sizes.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

EACH = 4  # views of a picture, the first as it is
TURN = 3.0  # degrees to either side
LIGHT, SLOPE = 0.06, 0.08  # by how much a view may be brighter or darker, as a whole and from one side to the other


def views(cuts: Sequence[Image.Image], mirror: bool, rng: np.random.Generator) -> list[Image.Image]:
    """EACH views of every cut-out (RGBA), first all of them as they are."""
    return [*cuts, *(_varied(cut, mirror, rng) for _ in range(EACH - 1) for cut in cuts)]


def _varied(cut: Image.Image, mirror: bool, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(cut, np.float32)
    if mirror and rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    across = np.linspace(-1, 1, cut.width, dtype=np.float32)[None, :, None]
    light = 1 + LIGHT * rng.uniform(-1, 1) + SLOPE * rng.uniform(-1, 1) * across
    lit = np.concatenate([np.clip(pixels[..., :3] * light, 0, 255), pixels[..., 3:]], -1)
    picture = Image.fromarray((lit + 0.5).astype(np.uint8), "RGBA").convert("RGBa")  # premultiplied: no dark fringe
    turned = picture.rotate(TURN * rng.uniform(-1, 1), Image.Resampling.BICUBIC, expand=True)
    return turned.convert("RGBA")
