"""What of a picture a taste may turn on, as numbers with names, and the columns a reward is fitted to.

A *trait* has a name that people understand and may have two sources, a measure of pixels and what the judge sees;
*details* are single things (a prop, the colour of the backdrop); *deep* columns are nameless. All are compared within
a description: a picture of a red bag is not warm because the bag is red.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from t2i_studio.learning.features import Look

DEEP = 24
"""Principal components kept of nameless features."""
CLIP = 4.0
"""Standard deviations beyond which a value counts no further: one strange picture must not carry a taste."""
FEW = 12
"""Pictures that share a description with another, below which columns are scaled over all pictures."""

Facts = Mapping[str, str]
"""What a description asks for: attribute → class id (judge.adherence.Facts)."""
Source = Callable[[Look, Facts], float]


class Trait(NamedTuple):
    """sources: each one number of a picture; floor: its spread below which differences are noise."""

    name: str
    sources: tuple[tuple[Source, float], ...]


def _measure(name: str) -> Source:
    return lambda look, _: look.measures[name]


def _level(control: str) -> Source:
    """The level 1–5 of a style control that the judge expects."""
    return lambda look, _: sum(int(level) * share for level, share in look.seen.get(control, {}).items())


def _likely(attribute: str, id: str) -> Source:
    return lambda look, _: look.seen.get(attribute, {}).get(id, 0.0)


def _podium(look: Look, _: Facts) -> float:
    return 1 - look.seen.get("podium", {}).get("none", 0.0)


def _props(look: Look, _: Facts) -> float:
    """How many kinds of props the judge expects."""
    return sum(seen.get("there", 0.0) for name, seen in look.seen.items() if name.startswith("prop."))


def adherence(look: Look, facts: Facts) -> float:
    """Mean likelihood of what was asked for, 0–1; 1 where nothing was that the judge knows."""
    shares = [look.seen[name].get(wanted, 0.0) for name, wanted in facts.items() if name in look.seen]
    return float(np.mean(shares)) if shares else 1.0


def _both(measure: str, control: str, floor: float) -> tuple[tuple[Source, float], ...]:
    return (_measure(measure), floor), (_level(control), 0.1)


TRAITS = (
    Trait("brightness", _both("brightness", "brightness", 1.0)),
    Trait("warmth", _both("warmth", "warmth", 1.0)),
    Trait("saturation", _both("saturation", "saturation", 1.0)),
    Trait("richness", _both("richness", "richness", 0.005)),
    Trait("size", _both("distance", "distance", 0.01)),
    Trait("softness", _both("softness", "softness", 0.01)),
    Trait("contrast", _both("contrast", "contrast", 1.0)),
    Trait("playfulness", _both("playfulness", "playfulness", 0.003)),
    Trait("podium", ((_podium, 0.05),)),
    Trait("props", ((_props, 0.1),)),
    Trait("centred", ((_likely("position", "centre"), 0.05),)),
    Trait("light_backdrop", ((_measure("rim_lightness"), 1.0),)),
    Trait("adherence", ((adherence, 0.02),)),
)

PODIUMS = ("round", "square", "rounded", "tiered")
PROPS = (
    "leaves", "blossoms", "stars", "hearts", "bubbles", "snowflakes", "balloons", "lanterns", "gifts", "coins", "bows",
    "red_envelopes",
)  # fmt: skip
BACKDROPS = (
    "white", "grey", "black", "red", "orange", "yellow", "green", "cyan", "blue", "navy", "purple", "pink",
)  # fmt: skip
DETAILS = (
    *(Trait(f"podium.{id}", ((_likely("podium", id), 0.05),)) for id in PODIUMS),
    *(Trait(f"prop.{id}", ((_likely(f"prop.{id}", "there"), 0.05),)) for id in PROPS),
    *(Trait(f"backdrop.{id}", ((_likely("backdrop", id), 0.05),)) for id in BACKDROPS),
    Trait("position.left", ((_likely("position", "left"), 0.05),)),
    Trait("position.right", ((_likely("position", "right"), 0.05),)),
    Trait("rim.green_red", ((_measure("rim_green_red"), 1.0),)),
    Trait("rim.blue_yellow", ((_measure("rim_blue_yellow"), 1.0),)),
)


class Columns(NamedTuple):
    """names: of all columns. groups: their group's number, 0 traits, 1 details, 2 nameless."""

    names: tuple[str, ...]
    groups: np.ndarray


@dataclass(frozen=True)
class Frame:
    """How looks become columns: what was found on the pictures of the ratings, and is kept for every other picture.

    centre, scale: of the raw values of traits and details. mean, axes: of the nameless features, (F,) and (F, K).
    """

    centre: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    axes: np.ndarray

    @property
    def columns(self) -> Columns:
        named = [trait.name for trait in (*TRAITS, *DETAILS)]
        nameless = [f"deep.{number}" for number in range(self.axes.shape[1])]
        groups = np.repeat([0, 1, 2], [len(TRAITS), len(DETAILS), len(nameless)])
        return Columns((*named, *nameless), groups)

    def table(self, looks: Sequence[Look], facts: Sequence[Facts]) -> np.ndarray:
        """(N, columns), about mean 0 and deviation 1 within a description, nowhere beyond CLIP."""
        raw = np.clip((_raw(looks, facts) - self.centre) / self.scale, -CLIP, CLIP)
        starts = np.cumsum([0, *(len(trait.sources) for trait in (*TRAITS, *DETAILS))])
        named = np.stack([raw[:, a:b].mean(1) for a, b in pairwise(starts)], 1)
        return np.hstack([named, np.clip((_nameless(looks) - self.mean) @ self.axes, -CLIP, CLIP)])


def frame(looks: Sequence[Look], facts: Sequence[Facts], descriptions: Sequence[Hashable]) -> Frame:
    """From the pictures that were rated (at least one) and the descriptions they were made for.

    Spread is taken within descriptions, as the root of the pooled variance; over all where hardly two share one. The
    nameless features are turned into their principal components within descriptions (Pearson 1901), DEEP of them, in
    units of the first one's deviation.
    """
    raw, deep = _raw(looks, facts), _nameless(looks)
    floors = np.array([floor for trait in (*TRAITS, *DETAILS) for _, floor in trait.sources])
    apart, degrees = within(np.hstack([raw, deep]), descriptions)
    scale = np.sqrt((apart[:, : raw.shape[1]] ** 2).sum(0) / degrees)
    _, sizes, axes = np.linalg.svd(apart[:, raw.shape[1] :], full_matrices=False)
    kept = axes[:DEEP].T / max(float(sizes[0]) / np.sqrt(degrees), 1e-6)
    return Frame(raw.mean(0), np.hypot(scale, floors), deep.mean(0), kept)


def _raw(looks: Sequence[Look], facts: Sequence[Facts]) -> np.ndarray:
    sources = [source for trait in (*TRAITS, *DETAILS) for source, _ in trait.sources]
    return np.array([[source(*each) for source in sources] for each in zip(looks, facts, strict=True)], float)


def _nameless(looks: Sequence[Look]) -> np.ndarray:
    """The judge's features and those of the user's model side by side, each of length 1."""
    deep = np.array([look.deep for look in looks], float)
    deep = deep / np.maximum(np.linalg.norm(deep, axis=1, keepdims=True), 1e-9)
    return np.hstack([deep, np.array([look.foreign for look in looks], float).reshape(len(looks), -1)])


def within(values: np.ndarray, descriptions: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """`values` less the mean of their description, and the degrees of freedom that are left."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, description in enumerate(descriptions):
        groups[description].append(place)
    shared = [places for places in groups.values() if len(places) > 1]
    if sum(map(len, shared)) < FEW:
        return values - values.mean(0), max(1, len(values) - 1)
    parts = [values[places] - values[places].mean(0) for places in shared]
    return np.vstack(parts), sum(len(places) - 1 for places in shared)
