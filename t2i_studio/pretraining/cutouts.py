"""Cut-outs: the renders of products and props, recoloured and resized, ready to lay over a picture."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from t2i_studio.errors import StudioError

FILL = 0.96  # share of its box that a cut-out fills

DARK, PALE = 0.36, 0.87  # Oklab lightness; beyond, a colour is black or white
SHADES = 0.28  # from dark to light parts of what is black or white: with the shades of a colour it would look flat
MOST = 2.2  # how much shades are stretched for that, so that a render's grain does not show
BLACKEST, WHITEST = 0.08, 0.985

# Oklab (Björn Ottosson, 2020, https://bottosson.github.io/posts/oklab/): equal steps look equally large, and
# hue does not drift when lightness changes, which HSV cannot promise.
_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929],
     [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], np.float32,
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468],
     [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], np.float32,
)  # fmt: skip


def to_oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB in 0–1 (…, 3) to Oklab (lightness 0–1, a, b)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """Oklab (…, 3) to sRGB in 0–1, clipped to what a screen can show."""
    lms = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(_TO_LMS).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def parse_rgb(code: str) -> np.ndarray:
    """#rrggbb to float32 (3,) in 0–1."""
    return np.frombuffer(bytes.fromhex(code[1:]), np.uint8).astype(np.float32) / 255


def recolor(picture: np.ndarray, rgb: str, mode: str) -> np.ndarray:
    """RGBA float (h, w, 4) in 0–1 with its material in another colour, light and shade kept.

    mode "hue": only what has the picture's main hue, so that trimmings keep their own colour;
    "all": everything but near-black, near-white highlights and strongly coloured other hues.
    """
    lab = to_oklab(picture[..., :3])
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.arctan2(lab[..., 2], lab[..., 1])
    weight = picture[..., 3] * chroma
    main = np.angle((weight * np.exp(1j * hue)).sum())
    away = np.abs(np.angle(np.exp(1j * (hue - main))))
    share = _smooth(chroma, 0.03, 0.08) * (1 - _smooth(away, 0.9, 1.3))
    if mode == "all":
        share = np.maximum(share, _smooth(lightness, 0.30, 0.42) * (1 - _smooth(chroma, 0.10, 0.16)))
    target = to_oklab(parse_rgb(rgb))
    shaded = _shaded(lightness, share * picture[..., 3], float(target[0]))
    strength = np.clip(shaded / max(target[0], 0.2), 0.6, 1.15) * np.clip((1.04 - shaded) / 0.14, 0, 1)
    painted = np.stack([shaded, target[1] * strength, target[2] * strength], -1)
    colored = from_oklab(lab + share[..., None] * (painted - lab))
    return np.concatenate([colored, picture[..., 3:]], -1).astype(np.float32)


def _shaded(lightness: np.ndarray, material: np.ndarray, middle: float) -> np.ndarray:
    """Lightness with its shades around another middle; material: how much each pixel counts."""
    total = material.sum() + 1e-6
    shades = lightness - (material * lightness).sum() / total
    if DARK < middle < PALE:
        depth = min(1.0, (1.08 - middle) / 0.22, middle / 0.45)
        return np.clip(middle + shades * depth, BLACKEST, 0.99)
    dark, light = np.quantile(lightness, (0.05, 0.95), weights=material + 1e-9, method="inverted_cdf")
    shades = shades * np.clip(SHADES / (light - dark + 1e-6), 0.6, MOST)
    room = WHITEST - middle  # lights come near white and stay apart, where clipping would make them one
    return np.maximum(middle + np.where(shades > 0, room * np.tanh(shades / room), shades), BLACKEST)


def _smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below low, 1 above high, with a soft step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


class Cutouts:
    """The renders of a folder, at most `largest` px wide and high.

    StudioError when one that is asked for is missing or damaged.
    """

    def __init__(self, folder: Path, largest: int) -> None:
        self.folder = folder
        self.largest = largest
        self.get = lru_cache(maxsize=12_000)(self._get)
        self._colored = lru_cache(maxsize=600)(self._recolored)

    def _get(self, code: str, side: int, rgb: str | None = None, mode: str = "hue") -> np.ndarray:
        """uint8 (side, side, 4), premultiplied, standing on the lower edge; rgb None: as rendered."""
        picture = self._colored(code, rgb, mode)
        scale = side * FILL / max(picture.size)
        width, height = (max(1, round(length * scale)) for length in picture.size)
        small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS).convert("RGBa"))
        canvas = np.zeros((side, side, 4), np.uint8)
        left = (side - width) // 2
        canvas[side - height :, left : left + width] = small
        return canvas

    def _recolored(self, code: str, rgb: str | None, mode: str) -> Image.Image:
        """The render cropped to what it shows, in its own or another colour."""
        path = self.folder / f"{code}.webp"
        try:
            with Image.open(path) as file:
                picture = file.convert("RGBA")
        except (OSError, UnidentifiedImageError) as error:
            raise StudioError("recipe.render_missing", path=path) from error
        picture = picture.crop(picture.getchannel("A").point(lambda alpha: 255 * (alpha > 16)).getbbox())
        picture.thumbnail((self.largest, self.largest), Image.Resampling.LANCZOS)
        pixels = np.asarray(picture, np.float32) / 255
        if rgb is not None:
            pixels = recolor(pixels, rgb, mode)
        return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")
