"""What a style control should move, as one number of a picture: plain image statistics, no model.

Each measure takes a picture in CIELAB (judge.cielab.lab). They serve to compare pictures of one scene and seed at
different levels of one control; between different scenes their values mean little.
"""

from collections.abc import Callable

import numpy as np

from t2i_studio.engine.style_effects import Measured
from t2i_studio.judge.cielab import Lab

EDGE = 6.0
"""L* from one pixel to the next above which there is an edge."""
FOREIGN = 12.0
"""Distance in a*b* from the hue of the backdrop above which a pixel is not backdrop: some five times what one sees."""
AXIS = 15.0
"""Degrees around horizontal and vertical within which an edge is neither slanted nor curved."""


def lightness(pixels: Lab) -> float:
    """Of brightness: mean L* (ISO/CIE 11664-4)."""
    return float(pixels[..., 0].mean())


def yellowness(pixels: Lab) -> float:
    """Of warmth: mean b*, from blue to yellow (ISO/CIE 11664-4)."""
    return float(pixels[..., 2].mean())


def chroma(pixels: Lab) -> float:
    """Of saturation: mean C*ab = √(a*² + b*²) (ISO/CIE 11664-4)."""
    return float(np.hypot(pixels[..., 1], pixels[..., 2]).mean())


def edge_density(pixels: Lab) -> float:
    """Of richness: share of pixels on an edge, |∇L*| > EDGE; things that are laid out bring edges with them.

    Edge density as a measure of visual clutter: Rosenholtz, Li and Nakano, Journal of Vision 7(2), 2007.
    """
    return float((np.hypot(*_slopes(pixels)) > EDGE).mean())


def product_share(pixels: Lab) -> float:
    """Of distance: share of pixels that are not backdrop (see `_product`)."""
    return float(_product(pixels).mean())


def product_place(pixels: Lab) -> float:
    """Of position: mean x of the pixels that are not backdrop, 0 at the left edge and 1 at the right."""
    columns = _product(pixels).mean(0)
    return float(columns @ np.linspace(0, 1, len(columns)) / max(columns.sum(), 1e-9))


def smoothness(pixels: Lab) -> float:
    """Of light softness: minus the mean |∇L*| of the backdrop, whose slopes are the edges of shadows.

    Hard light casts dark shadows with narrow penumbrae, soft light faint ones with wide penumbrae. Squares of a
    32nd of the picture's side are averaged first, so that the grain of generated backdrops does not count.
    """
    size = max(1, max(pixels.shape) // 32)
    slope = np.hypot(*_slopes(_squares(pixels, size)))
    wall = _squares(_product(pixels)[..., None], size)[..., 0] == 0
    return -float((slope * wall).sum() / max(wall.sum(), 1))


def lightness_spread(pixels: Lab) -> float:
    """Of contrast: standard deviation of L*, the RMS contrast of Peli, JOSA A 7(10), 1990."""
    return float(pixels[..., 0].std())


def slanted_edges(pixels: Lab) -> float:
    """Of playfulness: share of the picture on an edge further than AXIS from horizontal and vertical.

    Squares of a 64th of the picture's side are averaged first, so that the grain of generated pictures, which slants
    every way, does not count; a step of EDGE between two squares has a slope of half of that.
    """
    down, right = _slopes(_squares(pixels, max(1, max(pixels.shape) // 64)))
    angle = np.degrees(np.arctan2(np.abs(down), np.abs(right)))
    slanted = (angle > AXIS) & (angle < 90 - AXIS)
    return float(((np.hypot(down, right) > EDGE / 2) & slanted).mean())


def _slopes(pixels: Lab) -> tuple[np.ndarray, np.ndarray]:
    """Change of L* per pixel downwards and to the right, by central differences."""
    down, right = np.gradient(pixels[..., 0])
    return down, right


def _squares(values: np.ndarray, size: int) -> np.ndarray:
    """Means over squares of `size` pixels of (height, width, channels); what is left at the edges is dropped."""
    height, width, channels = (values.shape[0] // size, values.shape[1] // size, values.shape[2])
    whole = values[: height * size, : width * size].astype(float)
    return whole.reshape(height, size, width, size, channels).mean((1, 3))


def _product(pixels: Lab) -> np.ndarray:
    """Pixels whose colour is no tint or shade of the backdrop's, bool (height, width).

    The backdrop's hue is the direction in a*b* of the median of the picture's left, right and upper rim; a colour
    is foreign when it lies more than FOREIGN off the ray from grey through that hue. White, grey and black
    are not told from light and shadow on the backdrop: the check's products have a hue of their own.
    """
    ab = pixels[..., 1:]
    rim = np.concatenate([ab[:, :8].reshape(-1, 2), ab[:, -8:].reshape(-1, 2), ab[:8].reshape(-1, 2)])
    hue = np.median(rim, 0)
    hue = hue / max(np.hypot(*hue), 1e-9)
    along = np.clip(ab @ hue, 0, None)
    return np.hypot(*np.moveaxis(ab - along[..., None] * hue, -1, 0)) > FOREIGN


MEASURES: dict[Measured, Callable[[Lab], float]] = {
    "brightness": lightness,
    "warmth": yellowness,
    "saturation": chroma,
    "richness": edge_density,
    "distance": product_share,
    "softness": smoothness,
    "contrast": lightness_spread,
    "playfulness": slanted_edges,
    "position": product_place,
}
