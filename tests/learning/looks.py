"""Looks of pictures that nobody made, for tests of what is learnt from looks."""

from collections.abc import Callable

import numpy as np

from t2i_studio.domain import Evidence, Judgement, Opinion, Preference, Scope
from t2i_studio.learning.features import Look
from t2i_studio.learning.reward import Seen
from t2i_studio.learning.traits import BACKDROPS, PODIUMS, PROPS

CONTROLS = ("brightness", "warmth", "saturation", "richness", "distance", "softness", "contrast", "playfulness")
SPREADS = {
    "brightness": 10, "warmth": 8, "saturation": 8, "richness": 0.05, "distance": 0.1, "softness": 0.1, "contrast": 5,
    "playfulness": 0.02, "position": 0.1, "rim_lightness": 15, "rim_green_red": 5, "rim_blue_yellow": 8,
}  # fmt: skip
OBJECTS = ("bag", "shoe", "cup", "lamp")


def look(rng: np.random.Generator, **fixed: float) -> Look:
    """measures of their usual spread, and what a judge could see of it. fixed: measures in standard deviations."""
    units = {name: fixed.get(name, float(rng.normal())) for name in SPREADS}
    seen = {name: _levels(3 + units[name] / 2 + 0.2 * rng.normal()) for name in CONTROLS}
    seen |= {f"prop.{name}": _two("there", "absent", rng.random()) for name in PROPS}
    seen["podium"] = dict(zip(("none", *PODIUMS), rng.dirichlet(np.full(5, 0.3)).tolist(), strict=True))
    seen["backdrop"] = dict(zip(BACKDROPS, rng.dirichlet(np.full(12, 0.1)).tolist(), strict=True))
    seen["position"] = dict(zip(("left", "centre", "right"), rng.dirichlet(np.full(3, 0.5)).tolist(), strict=True))
    seen["object"] = dict(zip(OBJECTS, rng.dirichlet(np.full(4, 0.2)).tolist(), strict=True))
    measures = {name: SPREADS[name] * unit for name, unit in units.items()}
    return Look(measures=measures, seen=seen, deep=tuple(rng.normal(size=6).tolist()))


def _levels(level: float) -> dict[str, float]:
    low = int(np.clip(np.floor(level), 1, 4))
    above = float(np.clip(level - low, 0, 1))
    return {str(low): 1 - above, str(low + 1): above}


def _two(one: str, other: str, share: float) -> dict[str, float]:
    return {one: share, other: 1 - share}


def scenes(
    seed: int, pairs: int, likes: Callable[[Look], float], products: int = 12
) -> tuple[dict[int, Seen], Evidence, np.ndarray]:
    """Two pictures a description, of which a rater prefers one by chance σ(likes(a) − likes(b)): the pictures by
    variant, what was said, and the log-odds of each pair as it was said.
    """
    rng = np.random.default_rng(seed)
    seen: dict[int, Seen] = {}
    said, odds = [], []
    for number in range(pairs):
        product = f"product {rng.integers(products)}"
        both = [Seen(look=look(rng), product=product), Seen(look=look(rng), product=product)]
        seen |= {2 * number: both[0], 2 * number + 1: both[1]}
        gap = likes(both[0].look) - likes(both[1].look)
        won = rng.random() < 1 / (1 + np.exp(-gap))
        better, worse = (2 * number, 2 * number + 1) if won else (2 * number + 1, 2 * number)
        odds.append(gap if won else -gap)
        row = Judgement(comparison=number + 1)
        said.append(
            Preference(description=f"{product}, {number}", better=better, worse=worse, rater="ann", judgements=(row,))
        )
    return seen, evidence(said), np.array(odds)


def evidence(preferences: list[Preference], opinions: list[Opinion] | None = None) -> Evidence:
    return Evidence(scope=Scope(model="podium"), preferences=tuple(preferences), opinions=tuple(opinions or ()))
