"""Styles that differ as much as they can from one another, repeatable from a seed."""

import random

from t2i_studio.brief.grids import Axis
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, Position, StyleSettings

SAID = 3
"""Controls that a style moves: more would leave a short prompt no room for the product."""
CANDIDATES = 256
MILD = frozenset({"brightness", "contrast", "distance"})
"""Controls whose ends hide the product; a surprise moves them by one step."""
_PLACES: tuple[Position, ...] = ("auto", "left", "centre", "right")


def surprise(seed: int, count: int) -> Axis:
    """`count` styles as the axis of a grid; the same for the same seed, and a longer one begins with a shorter one."""
    return Axis(name="style", values=tuple(map(_words, spread(seed, count))))


def spread(seed: int, count: int) -> list[StyleSettings]:
    """`count` (1–100) different styles, each as far as possible from those before it.

    Farthest-point sampling (Gonzalez, Clustering to minimize the maximum intercluster distance, 1985) among random
    candidates. With so few points in so many dimensions it keeps twice the distance that a Sobol or Halton sequence
    does, whose points are even only in great numbers.
    """
    dice = random.Random(seed)
    pool = list(dict.fromkeys(_random_style(dice) for _ in range(CANDIDATES)))
    chosen = [pool[0]]
    room = [distance(pool[0], style) for style in pool]
    while len(chosen) < count:
        farthest = pool[room.index(max(room))]
        chosen.append(farthest)
        room = [min(old, distance(farthest, style)) for old, style in zip(room, pool, strict=True)]
    return chosen


def distance(one: StyleSettings, other: StyleSettings) -> int:
    """Steps of the sliders between two styles; another place counts as two."""
    levels = sum(abs(getattr(one, control) - getattr(other, control)) for control in STYLE_CONTROLS)
    return levels + 2 * (one.position != other.position)


def _random_style(dice: random.Random) -> StyleSettings:
    moved = dice.sample(STYLE_CONTROLS, SAID)
    levels = {control: dice.choice((2, 4) if control in MILD else (1, 2, 4, 5)) for control in moved}
    return StyleSettings(**levels, position=dice.choice(_PLACES))


def _words(style: StyleSettings) -> str:
    said = [f"{name}={level}" for name in STYLE_CONTROLS if (level := getattr(style, name)) != NEUTRAL]
    return " ".join([*said, f"position={style.position}"] if style.position != "auto" else said)
