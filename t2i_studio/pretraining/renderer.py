"""From a scene to its picture: cached layers laid over each other, then light and colour of the whole."""

from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from t2i_studio.pretraining import scenes, stage
from t2i_studio.pretraining.catalogue import DRAWN, Catalogue
from t2i_studio.pretraining.cutouts import Cutouts, parse_rgb
from t2i_studio.pretraining.scenes import CELLS, SIDE, Box, Scene

CONFETTI_KINDS = 6

# Light by level of softness, hard to soft: darkness and blur (cells) of the product's shadow on the wall;
# how dark the corners are.
SHADOW = {1: 0.62, 2: 0.46, 3: 0.32, 4: 0.2, 5: 0.1}
BLUR = {1: 0.03, 2: 0.12, 3: 0.28, 4: 0.45, 5: 0.7}
VIGNETTE = {1: 0.45, 2: 0.30, 3: 0.16, 4: 0.08, 5: 0.0}

# Colour of the whole picture, each an affine map of RGB in 0–1, by level.
BRIGHTNESS = {1: (0.55, 0.0), 2: (0.78, 0.0), 3: (1.0, 0.0), 4: (0.86, 0.14), 5: (0.70, 0.30)}  # gain, lift
CONTRAST = {1: 0.55, 2: 0.78, 3: 1.0, 4: 1.22, 5: 1.5}  # around PIVOT
SATURATION = {1: 0.22, 2: 0.62, 3: 1.0, 4: 1.3, 5: 1.65}
WARMTH = {
    1: (0.80, 0.95, 1.12),
    2: (0.91, 0.98, 1.06),
    3: (1, 1, 1),
    4: (1.06, 0.99, 0.87),
    5: (1.12, 0.97, 0.72),
}
PIVOT = 0.55
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def grading(style: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The levels of brightness, contrast, saturation and warmth as one affine map: rgb @ matrix + shift."""
    amount = SATURATION[style["saturation"]]
    matrix = amount * np.eye(3, dtype=np.float32) + (1 - amount) * LUMA[:, None]
    gain, lift = BRIGHTNESS[style["brightness"]]
    contrast = CONTRAST[style["contrast"]]
    matrix = matrix * np.asarray(WARMTH[style["warmth"]], np.float32) * (contrast * gain)
    shift = np.full(3, PIVOT * (1 - contrast) * gain + lift, np.float32)
    return matrix.astype(np.float32), shift


class Renderer:
    """Draws scenes of `catalogue` at `size` px (a multiple of 8) from the renders in `renders` (CODE.webp).

    The first scenes are slow, since layers are made when they are first needed and then kept.
    """

    def __init__(self, catalogue: Catalogue, renders: Path, size: int) -> None:
        self.catalogue = catalogue
        self.size = size
        self.cell = size // CELLS
        self.cutouts = Cutouts(renders, max(SIDE.values()) * self.cell)
        self._backdrop = cache(self._draw_backdrop)
        self._panel = cache(self._draw_panel)
        self._podium = cache(self._draw_podium)
        self._shadow = lru_cache(maxsize=4096)(self._draw_shadow)
        self._vignette = cache(self._draw_vignette)
        self._drawn = cache(self._draw_small)

    def render(self, scene: Scene) -> np.ndarray:
        """The picture, uint8 (size, size, 3)."""
        style, middle = scene.style, scenes.centre(scene)
        picture = self._backdrop(scene.backdrop, style["playfulness"], middle).astype(np.float32)
        place = scenes.box(scene)
        self._darken(picture, self._shadow(self._code(scene), int(place.side), style["softness"]), place)
        props, confetti = scenes.prop_boxes(scene, self.catalogue)
        for number, spot in enumerate(confetti):
            self._lay(picture, self._drawn("confetti", (scene.layout + number) % CONFETTI_KINDS), spot)
        corners = style["playfulness"] if scene.podium == "square" else 1  # only these have corners to round
        podium = self._podium(scene.podium, int(place.side), corners, middle)
        self._lay(picture, podium, Box(0, stage.PODIUM_ROW, CELLS), self._reflected(scene.backdrop))
        self._lay(picture, self._contact(int(place.side)), Box(place.left, scenes.BASELINE - 0.5, place.side))
        self._lay(picture, self._product(scene), place)
        for name, spot in props:
            self._lay(picture, self._prop(name, int(spot.side)), spot)
        picture *= self._vignette(style["softness"])
        matrix, shift = grading(style)
        graded = picture.reshape(-1, 3) @ matrix + shift * 255
        return np.clip(graded, 0, 255).astype(np.uint8).reshape(picture.shape)

    def object_mask(self, scene: Scene) -> np.ndarray:
        """Share of each cell that the product covers, float32 (8, 8)."""
        alpha = np.zeros((self.size, self.size), np.float32)
        for rows, columns, layer in self._cropped(self._product(scene), scenes.box(scene)):
            alpha[rows, columns] = layer[..., 3] / 255
        return alpha.reshape(CELLS, self.cell, CELLS, self.cell).mean((1, 3))

    def box(self, scene: Scene) -> Box:
        """The product's box in cells."""
        return scenes.box(scene)

    def _code(self, scene: Scene) -> str:
        """The render of the product; where there are several, the layout chooses."""
        return self.catalogue.objects[scene.object].view(scene.layout)

    def _product(self, scene: Scene) -> np.ndarray:
        product = self.catalogue.objects[scene.object]
        natural = scene.color in (None, product.natural)
        rgb = None if natural else self.catalogue.colors[str(scene.color)].rgb
        return self.cutouts.get(self._code(scene), round(scenes.box(scene).side * self.cell), rgb, product.recolor)

    def _prop(self, name: str, cells: int) -> np.ndarray:
        code = self.catalogue.props[name].code
        return self._drawn(code, cells) if code == DRAWN else self.cutouts.get(code, cells * self.cell)

    def _reflected(self, backdrop: str) -> np.ndarray:
        """What the backdrop's colour leaves of white light on the podium, (3,)."""
        return 1 - 0.16 * (1 - parse_rgb(self.catalogue.backdrops[backdrop].rgb))

    def _lay(self, picture: np.ndarray, layer: np.ndarray, spot: Box, light: np.ndarray | float = 1.0) -> None:
        """Lay a premultiplied uint8 layer over the picture, in place, under coloured light."""
        for rows, columns, part in self._cropped(layer, spot):
            color = part[..., :3] * np.float32(light)
            picture[rows, columns] *= 1 - part[..., 3:].astype(np.float32) / 255
            picture[rows, columns] += color

    def _darken(self, picture: np.ndarray, shadow: np.ndarray, spot: Box) -> None:
        margin = (shadow.shape[0] / self.cell - spot.side) / 2
        for rows, columns, part in self._cropped(shadow, Box(spot.left - margin, spot.top - margin, 0)):
            picture[rows, columns] *= part[..., None]

    def _cropped(self, layer: np.ndarray, spot: Box) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Where in the picture a layer lies, and its part that is inside; nothing when none is."""
        top, left = round(spot.top * self.cell), round(spot.left * self.cell)
        bottom, right = min(top + layer.shape[0], self.size), min(left + layer.shape[1], self.size)
        if bottom > max(top, 0) and right > max(left, 0):
            part = layer[max(-top, 0) : bottom - top, max(-left, 0) : right - left]
            yield slice(max(top, 0), bottom), slice(max(left, 0), right), part

    def _draw_backdrop(self, name: str, playfulness: int, middle: float) -> np.ndarray:
        return _bytes(stage.backdrop(self.catalogue.backdrops[name].rgb, self._panel(playfulness, middle), middle))

    def _draw_panel(self, playfulness: int, middle: float) -> np.ndarray:
        return stage.panel(playfulness, middle, self.size)

    def _draw_podium(self, shape: str, side: int, playfulness: int, middle: float) -> np.ndarray:
        return _bytes(stage.podium(shape, side, playfulness, middle, self.size))

    def _draw_shadow(self, code: str, side: int, softness: int) -> np.ndarray:
        """Light (0–1) that the product leaves on the wall behind it; one margin of blur around its box."""
        cut = self.cutouts.get(code, side * self.cell)
        margin = round(1.2 * self.cell)
        alpha = np.pad(cut[..., 3], margin)
        offset = round((0.18 + 0.05 * side) * self.cell)
        alpha = np.roll(alpha, (offset // 3, offset), (0, 1))
        blurred = Image.fromarray(alpha).filter(ImageFilter.GaussianBlur(BLUR[softness] * self.cell))
        return 1 - SHADOW[softness] * np.asarray(blurred, np.float32) / 255

    def _draw_vignette(self, softness: int) -> np.ndarray:
        line = (np.arange(self.size, dtype=np.float32) + 0.5) / self.cell
        x, y = np.meshgrid(line, line)
        away = np.hypot(x - 3.4, (y - 3.2) * 1.05)
        return (1.02 - VIGNETTE[softness] * stage.smooth(away, 1.8, 7.0))[..., None]

    def _contact(self, side: int) -> np.ndarray:
        """The dark line where the product touches the podium."""
        return self._drawn("contact", side)

    def _draw_small(self, kind: str, number: int) -> np.ndarray:
        if kind == "contact":
            return _bytes(stage.contact(number, self.cell))
        if kind == "confetti":
            return _bytes(stage.confetti(number, self.cell))
        return _bytes(stage.bubble(number * self.cell))


def _bytes(layer: np.ndarray) -> np.ndarray:
    return (np.clip(layer, 0, 1) * 255 + 0.5).astype(np.uint8)
