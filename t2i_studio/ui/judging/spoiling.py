"""Spoilt pictures: the wrong choice of an item whose answer is known."""

import random

from PIL import Image

CELLS = 6
SHIFT = 0.75
"""How far, in cells, the corners inside the picture are moved at most."""
SPOILT_FAULT = "warped_shape"
"""Fault tag of what `spoil` does, for whoever explains it."""


def spoil(picture: Image.Image, seed: int) -> Image.Image:
    """The picture with what is in its middle bent and melted, as a weak model draws it; the same for the same seed.

    A grid of CELLS × CELLS is laid over it whose inner corners are moved at random, the picture between them following
    (bilinear). The rim stays, so that size and backdrop tell nothing. A picture of fewer pixels than corners is
    returned as it is.
    """
    if min(picture.size) < CELLS:
        return picture.convert("RGB")
    dice = random.Random(seed)
    width, height = picture.size
    corners = [
        [_moved(column, row, dice) if 0 < column < CELLS and 0 < row < CELLS else (column, row)
         for column in range(CELLS + 1)] for row in range(CELLS + 1)
    ]  # fmt: skip
    mesh = []
    for row in range(CELLS):
        for column in range(CELLS):
            box = (_at(column, width), _at(row, height), _at(column + 1, width), _at(row + 1, height))
            around = [corners[row][column], corners[row + 1][column], corners[row + 1][column + 1],
                      corners[row][column + 1]]  # fmt: skip
            mesh.append((box, tuple(v for x, y in around for v in (x * width / CELLS, y * height / CELLS))))
    return picture.convert("RGB").transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _moved(column: int, row: int, dice: random.Random) -> tuple[float, float]:
    """A corner pushed away by at least half of SHIFT, in any direction along both axes."""
    return tuple(at + dice.choice((-1, 1)) * SHIFT * dice.uniform(0.5, 1) for at in (column, row))  # type: ignore[return-value]


def _at(cell: int, length: int) -> int:
    return round(cell * length / CELLS)
