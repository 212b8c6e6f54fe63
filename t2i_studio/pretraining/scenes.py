"""A scene: all that a picture shows, as plain data; how scenes are drawn by lot, and where things stand.

Lengths are in cells: the picture is CELLS × CELLS of them, and products, props and podiums keep to that grid.
The denoiser's latent has one position a cell, so a product of one size has the same latents wherever it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from t2i_studio.domain import STYLE_CONTROLS
from t2i_studio.pretraining.catalogue import Catalogue

CELLS = 8
BASELINE = 6  # the row line on which every product stands
SIDE = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}  # cells of the product's square box for each level of distance
OFFSET = {
    2: 2,
    3: 2,
    4: 1,
    5: 1,
    6: 1,
}  # cells from the middle, for a product of that side on the left or right
PROPS = {1: 0, 2: 2, 3: 4, 4: 6, 5: 9}  # how many props for each level of richness
CONFETTI = {1: 0, 2: 0, 3: 0, 4: 3, 5: 8}  # cells with confetti for each level of playfulness
NATURAL_SHARE = 0.35


class Box(NamedTuple):
    """A square in cells, from the top left corner of the picture."""

    left: float
    top: float
    side: float


@dataclass(frozen=True)
class Scene:
    """ids of the catalogue's rows; color None: as the product looks by nature. props: the kinds there are.

    style: level 1–5 of every style control. layout: seeds where the props and the confetti are.
    """

    object: str
    color: str | None
    backdrop: str
    podium: str
    props: tuple[str, ...]
    position: str
    style: dict[str, int]
    layout: int


def sample_scene(rng: np.random.Generator, catalogue: Catalogue, objects: Sequence[str] | None = None) -> Scene:
    """Draw a scene: every product of `objects` (default: all) equally often, levels and places by weight.

    StudioError when `objects` is empty or names an unknown product.
    """
    names = list(catalogue.objects) if objects is None else catalogue.checked(objects)
    name = names[rng.integers(len(names))]
    style: dict[str, int] = {control: _level(rng, catalogue, control) for control in STYLE_CONTROLS}
    return Scene(
        object=name,
        color=_color(rng, catalogue.suitable[name]),
        backdrop=_pick(rng, catalogue.backdrops),
        podium=_pick(rng, catalogue.podiums),
        props=_prop_kinds(rng, catalogue, PROPS[style["richness"]]),
        position=_weighted(rng, catalogue.positions, [place.weight for place in catalogue.positions.values()]),
        style=style,
        layout=int(rng.integers(2**31)),
    )


def shown_color(scene: Scene, catalogue: Catalogue) -> str:
    """Colour id the product has in the picture, "" for none in particular."""
    return scene.color or catalogue.objects[scene.object].natural


def box(scene: Scene) -> Box:
    """Where the product is."""
    side = SIDE[scene.style["distance"]]
    return Box(centre(scene) - side / 2, BASELINE - side, side)


def centre(scene: Scene) -> float:
    """The cell line through the middle of product and podium."""
    shift = OFFSET[SIDE[scene.style["distance"]]]
    return CELLS / 2 + {"left": -shift, "centre": 0, "right": shift}[scene.position]


def prop_boxes(scene: Scene, catalogue: Catalogue) -> tuple[list[tuple[str, Box]], list[Box]]:
    """Boxes of the props (with their ids) and of the confetti, none of them over the product or each other.

    Where the product leaves too little room, props get smaller, then fewer.
    """
    rng = np.random.default_rng(scene.layout)
    room = _Room(box(scene))
    placed = []
    for number in range(PROPS[scene.style["richness"]] if scene.props else 0):
        prop = catalogue.props[scene.props[number % len(scene.props)]]
        spot = room.take(rng, prop.cells, prop.place) or room.take(rng, 1, prop.place)
        if spot:
            placed.append((prop.id, spot))
    confetti = (room.take(rng, 1, "air") for _ in range(CONFETTI[scene.style["playfulness"]]))
    return placed, [spot for spot in confetti if spot]


class _Room:
    """The cells that are still free around a product."""

    def __init__(self, product: Box) -> None:
        self.taken = np.zeros((CELLS, CELLS), bool)
        left, right = int(np.floor(product.left)), int(np.ceil(product.left + product.side))
        self.taken[int(product.top) : BASELINE, max(left, 0) : right] = True
        self.crowded = self.taken.copy()

    def take(self, rng: np.random.Generator, cells: int, place: str) -> Box | None:
        """A free square in the air or at the bottom edge, apart from others while there is room for that."""
        rows = range(BASELINE - cells) if place == "air" else (CELLS - cells,)
        corners = [(row, column) for row in rows for column in range(CELLS - cells + 1)]
        for full in (self.crowded, self.taken):
            free = [(r, c) for r, c in corners if not full[r : r + cells, c : c + cells].any()]
            if free:
                row, column = free[rng.integers(len(free))]
                self.taken[row : row + cells, column : column + cells] = True
                self.crowded[max(row - 1, 0) : row + cells + 1, max(column - 1, 0) : column + cells + 1] = True
                return Box(column, row, cells)
        return None


def _level(rng: np.random.Generator, catalogue: Catalogue, control: str) -> int:
    levels = range(1, 6)
    return int(_weighted(rng, levels, [catalogue.styles[control, level].weight for level in levels]))


def _color(rng: np.random.Generator, suitable: Sequence[str]) -> str | None:
    if not suitable or rng.random() < NATURAL_SHARE:
        return None
    return suitable[int(rng.integers(len(suitable)))]


def _prop_kinds(rng: np.random.Generator, catalogue: Catalogue, count: int) -> tuple[str, ...]:
    if count == 0:
        return ()
    kinds = rng.choice(list(catalogue.props), size=1 + int(rng.random() < 0.35), replace=False)
    return tuple(sorted(map(str, kinds)))


def _pick(rng: np.random.Generator, table: dict) -> str:
    return list(table)[rng.integers(len(table))]


def _weighted(rng: np.random.Generator, names: Sequence | dict, weights: Sequence[float]):
    share = np.asarray(weights, float)
    return list(names)[rng.choice(len(share), p=share / share.sum())]
