"""Pictures in CIELAB, where equal steps look about equally large."""

import numpy as np
from PIL import Image

SIDE = 256
"""Pixels of the longer side at which everything is measured, so that an edge means the same in every picture."""
_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
_WHITE = _XYZ.sum(1)

Lab = np.ndarray


def lab(picture: Image.Image) -> Lab:
    """CIELAB under D65, float (height, width, 3): L* in 0–100, a*, b*; at SIDE pixels.

    sRGB by IEC 61966-2-1, CIELAB by ISO/CIE 11664-4.
    """
    small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    rgb = np.asarray(small, float) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = linear @ _XYZ.T / _WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)
