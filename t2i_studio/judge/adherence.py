"""Does a picture show what was asked for?"""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS
from t2i_studio.judge.network import Judge
from t2i_studio.judge.seeing import most_likely, see

Facts = Mapping[str, str]
"""Attribute → id of the class that was asked for, as in judge.json: {"object": "handbag", "color": "red",
"backdrop": "pink", "podium": "round", "position": "left", "prop.leaves": "there", "brightness": "4"}. What is not in
it was left open.
"""


def hits(judge: Judge, images: Sequence[Image.Image], facts: Sequence[Facts]) -> list[dict[str, bool]]:
    """For each image, attribute → whether the judge sees what its facts ask for.

    A style control is right at the wanted level or its neighbour, but on the wanted side of neutral. Left out is what
    the judge cannot tell: an attribute or class it does not know, an object there were no lessons about.
    """
    return [
        {name: _same(name, wanted, best[name]) for name, wanted in asked.items() if knows(judge, name, wanted)}
        for asked, best in zip(facts, map(most_likely, see(judge, images)), strict=True)
    ]


def adherence(judge: Judge, images: Sequence[Image.Image], facts: Sequence[Facts]) -> np.ndarray:
    """(N,) float: the share of what each image's facts ask for that the judge sees in it, 0–1.

    Not a number where they ask for nothing that the judge can tell.
    """
    return np.array([np.mean(list(each.values())) if each else np.nan for each in hits(judge, images, facts)])


def adherence_by_attribute(
    judge: Judge, images: Sequence[Image.Image], facts: Sequence[Facts]
) -> dict[str, tuple[float, int]]:
    """Attribute → (share of the images that were asked for one and show it, how many were asked).

    All props count as "props".
    """
    marks: dict[str, list[bool]] = {}
    for each in hits(judge, images, facts):
        for name, right in each.items():
            marks.setdefault("props" if name.startswith("prop.") else name, []).append(right)
    return {name: (float(np.mean(right)), len(right)) for name, right in marks.items()}


def knows(judge: Judge, attribute: str, wanted: str) -> bool:
    """Can the judge tell whether a picture shows this?"""
    known = wanted in judge.classes.get(attribute, ())
    return known and (attribute != "object" or wanted in judge.taught)


def _same(attribute: str, wanted: str, seen: str) -> bool:
    if attribute not in STYLE_CONTROLS:
        return wanted == seen
    asked, found = int(wanted), int(seen)
    return abs(asked - found) <= 1 and (asked - NEUTRAL) * (found - NEUTRAL) >= (asked != NEUTRAL)
