"""What a taste prefers, in words: the traits of which the ratings are sure. Words: assets/words/tastes.json."""

import json
from collections.abc import Sequence
from functools import cache
from math import sqrt

import numpy as np

from t2i_studio.domain import Noun
from t2i_studio.errors import Language
from t2i_studio.learning.reward import Reward
from t2i_studio.learning.traits import TRAITS
from t2i_studio.settings import ASSETS

TABLE = ASSETS / "words" / "tastes.json"
MOST = 4
"""Traits that are told; more would not be read."""
Z = 1.96
ALIKE = 0.84
"""Standard deviations that a trait's own weight must lie on the same side: a chance of four in five."""


class Leaning(Noun):
    """A trait that a taste prefers more of, or less. effect: log-odds for a picture with one standard deviation more
    of it, with its 95 % interval, which excludes 0.
    """

    trait: str
    more: bool
    effect: float
    low: float
    high: float


def leanings(reward: Reward) -> tuple[Leaning, ...]:
    """The MOST surest traits, the surest first; none where nothing is sure.

    The effect of trait j is the slope of the score on it among pictures as they are, Σ_k w_k·cov(x_k, x_j)/sd(x_j): two
    traits that come together share it, where their weights alone would each look unsure. So that none is told only
    because it comes with another, its own weight, all else equal, must point the same way.
    """
    mean, covariance = reward.posterior.mean, reward.posterior.covariance
    found: list[tuple[float, Leaning]] = []
    for place, trait in enumerate(TRAITS):
        spread = sqrt(reward.together[place, place])
        if spread <= 0:
            continue
        along = reward.together[:, place] / spread
        effect, error = float(along @ mean), sqrt(max(float(along @ covariance @ along), 1e-12))
        own = float(mean[place]) / sqrt(covariance[place, place]) * np.sign(effect)
        if abs(effect) > Z * error and own > ALIKE:
            low, high = effect - Z * error, effect + Z * error
            found.append((own, Leaning(trait=trait.name, more=effect > 0, effect=effect, low=low, high=high)))
    found.sort(key=lambda each: -each[0])
    return tuple(leaning for _, leaning in found[:MOST])


def told(leaning: Leaning, language: Language) -> str:
    """The trait as something one prefers: "warmer colours"."""
    return _words()[leaning.trait]["more" if leaning.more else "less"][language]


def reason(found: Sequence[Leaning], language: Language) -> str:
    """One sentence of what is preferred."""
    names = [told(leaning, language) for leaning in found]
    if language == "zh":
        return f"偏好：{'、'.join(names)}。" if names else "还说不清偏好的是哪些特点。"
    if not names:
        return "It cannot be said yet which traits are preferred."
    return f"Prefers {', '.join(names[:-1])} and {names[-1]}." if len(names) > 1 else f"Prefers {names[0]}."


def sureness(reward: Reward, language: Language) -> str:
    """One sentence of how sure the whole is."""
    accuracy, count = reward.check.accuracy, reward.judgements
    right, low = round(100 * (accuracy.value or 0)), round(100 * (accuracy.low or 0))
    if language == "zh":
        return f"来自 {count} 条评分；在留出的图片对中判断正确 {right}%（下限 {low}%）。"
    return f"From {count} ratings; right in {right} % of held-out pairs (at least {low} %)."


@cache
def _words() -> dict[str, dict[str, dict[Language, str]]]:
    words: dict[str, dict[str, dict[Language, str]]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return words
