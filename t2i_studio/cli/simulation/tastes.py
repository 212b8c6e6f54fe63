"""Made-up raters with a taste that training cannot see: a function of pixels and of what a judge sees in a picture.

The measures are the simulation's own: colour values as they are stored, not CIELAB, from which rewards are learnt; and
the judge is the second one, of another architecture, wherever it was trained.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from scipy.optimize import brentq
from scipy.special import ndtr

from t2i_studio.judge.folder import load_judge
from t2i_studio.judge.seeing import Sees, as_tensor, verdicts
from t2i_studio.pretraining import judging

SIDE = 64
"""Pixels to which a picture is averaged down before it is measured."""
FOREIGN = 0.15
"""Distance in RGB (0–1 each) from the backdrop's colour above which a pixel is not backdrop."""
AGREED = 0.8
"""How often two raters of one taste agree."""
WIDEST = 1e3
"""Noise beyond which a choice is a coin's, in the differences' own unit."""

Taste = Literal["warm_rich", "minimal_small", "saturated_podium"]
TASTES: dict[Taste, dict[str, float]] = {
    "warm_rich": {"warm": 1.0, "seen.warmth": 0.5, "busy": 0.7, "seen.richness": 0.7},
    "minimal_small": {"busy": -0.7, "seen.richness": -0.7, "product": -0.7, "seen.distance": -0.7},
    "saturated_podium": {"saturated": 1.0, "seen.saturation": 0.5, "podium": 1.0},
}
"""What each taste likes (above 0) and dislikes: weights of the measures, each in standard deviations."""
Pixels = np.ndarray
"""(SIDE, SIDE, 3), sRGB values in 0–1."""


def warm(pixels: Pixels) -> float:
    """How much redder than blue the picture is on average."""
    return float((pixels[..., 0] - pixels[..., 2]).mean())


def busy(pixels: Pixels) -> float:
    """Mean change of grey (mean of the three values) from one pixel to the next, across and down."""
    grey = pixels.mean(-1)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def product(pixels: Pixels) -> float:
    """Share of pixels unlike the backdrop, whose colour is the median of the left, right and upper rim."""
    rim = np.concatenate([pixels[:3].reshape(-1, 3), pixels[:, :3].reshape(-1, 3), pixels[:, -3:].reshape(-1, 3)])
    return float((np.linalg.norm(pixels - np.median(rim, 0), axis=-1) > FOREIGN).mean())


def saturated(pixels: Pixels) -> float:
    """Mean distance between the largest and the smallest of a pixel's three values."""
    return float((pixels.max(-1) - pixels.min(-1)).mean())


OF_PIXELS: dict[str, Callable[[Pixels], float]] = {
    "warm": warm,
    "busy": busy,
    "product": product,
    "saturated": saturated,
}
LEVELS = ("warmth", "richness", "distance", "saturation")
MEASURES = (*OF_PIXELS, *(f"seen.{name}" for name in LEVELS), "podium")
"""Columns of `measures`. seen.X: the judge's expected level of X, 1–5 (of distance 5 is closest, so that the weight of
a small product is below 0). podium: likelihood that there is one.
"""


def measures(judge: Sees, pictures: Sequence[Image.Image]) -> np.ndarray:
    """(N, MEASURES) float."""
    seen = verdicts(judge, as_tensor(pictures))
    levels = [(seen[name].numpy() * np.arange(1, 6)).sum(-1) for name in LEVELS]
    podium = 1 - seen["podium"].numpy()[:, judge.classes["podium"].index("none")]
    small = [_small(picture) for picture in pictures]
    pixels = [np.array([measure(each) for each in small]) for measure in OF_PIXELS.values()]
    return np.stack([*pixels, *levels, podium], 1)


def _small(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), float) / 255


@dataclass(frozen=True)
class Eye:
    """What a picture is measured with. mean, spread: of each measure over pictures of the base model."""

    judge: Sees
    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def used_to(cls, judge: Sees, pictures: Sequence[Image.Image]) -> "Eye":
        """An eye for which `pictures` (at least two) are ordinary."""
        seen = measures(judge, pictures)
        return cls(judge, seen.mean(0), seen.std(0) + 1e-9)


def utility(taste: Taste, pictures: Sequence[Image.Image], eye: Eye) -> np.ndarray:
    """(N,) float: how much the taste likes each picture; what is ordinary gets about 0."""
    if not pictures:
        return np.zeros(0)
    standard = (measures(eye.judge, pictures) - eye.mean) / eye.spread
    return standard @ np.array([TASTES[taste].get(name, 0.0) for name in MEASURES])


def agreement(differences: np.ndarray, noise: float) -> float:
    """How often two raters choose alike between pictures whose utilities differ so, each with noise of his own."""
    first = ndtr(np.abs(differences) / noise)
    return float((first**2 + (1 - first) ** 2).mean())


def noise_for_agreement(differences: np.ndarray, agreed: float = AGREED) -> float:
    """The standard deviation of the noise on a difference with which two raters agree so often.

    differences: of the utilities of the two pictures of each pair, not all 0. agreed: in (0.5, 1).
    """
    scale = float(np.abs(differences).mean())
    least, most = 1e-3 * scale, WIDEST * scale
    return float(brentq(lambda noise: agreement(differences, noise) - agreed, least, most))


def prefer(rng: np.random.Generator, ua: np.ndarray, ub: np.ndarray, noise: float) -> np.ndarray:
    """Whether a rater takes a rather than b, bool: Thurstone's choice, P = Φ((ua − ub) / noise). Infinite noise is a
    rater whose labels were shuffled.
    """
    return rng.random(np.shape(ua)) < ndtr((np.asarray(ua) - np.asarray(ub)) / noise)


def taste_judge(work: Path) -> Sees:
    """The second judge where the recipe's work folder has one, else the one that is shipped."""
    return judging.second_critic(work) or load_judge()
