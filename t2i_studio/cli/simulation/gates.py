"""The gate on adapters whose worth is planted: how often its decision is right."""

from collections.abc import Sequence

import numpy as np

from t2i_studio.domain import Noun
from t2i_studio.feedback.planted import FLATTENING
from t2i_studio.learning.compared import Outcome
from t2i_studio.learning.gate import COMPARISONS, DESCRIPTIONS, Drop, Measured, decide

Z = 1.96


class Planted(Noun):
    """An adapter and the people who judge it.

    win: mean chance that its picture is chosen. description, rater: sd over descriptions and raters of the log-odds of
    it. side: pull of the left place, log-odds. ties: share of ties. fell: true drop of adherence and of diversity,
    points; error: standard error of what is measured of them.
    """

    win: float
    description: float = 0.7
    rater: float = 0.2
    side: float = 0.2
    ties: float = 0.1
    fell: float = 0.0
    error: float = 0.8
    raters: int = 5
    descriptions: int = DESCRIPTIONS
    comparisons: int = COMPARISONS


def planted_outcomes(planted: Planted, rng: np.random.Generator) -> list[Outcome]:
    """The comparisons, each by one rater, in turn over descriptions and raters, sides at random."""
    steeper = np.sqrt(1 + FLATTENING * (planted.description**2 + planted.rater**2 + planted.side**2))
    of_description = rng.normal(steeper * np.log(planted.win / (1 - planted.win)), planted.description, 1000)
    of_rater = rng.normal(0, planted.rater, planted.raters)
    outcomes = []
    for number in range(planted.comparisons):
        description, rater = number % planted.descriptions, int(rng.integers(planted.raters))
        left = bool(rng.random() < 0.5)
        odds = of_description[description] + of_rater[rater] + (planted.side if left else -planted.side)
        won = float(rng.random() < 1 / (1 + np.exp(-odds)))
        outcomes.append(
            Outcome(
                description=f"description {description}",
                pair=str(number),
                rater=f"rater {rater}",
                result=0.5 if rng.random() < planted.ties else won,
                new_left=left,
            )
        )
    return outcomes


def planted_drop(planted: Planted, rng: np.random.Generator) -> Drop:
    """As it is measured."""
    value = rng.normal(planted.fell, planted.error)
    return Drop(value=value, low=value - Z * planted.error, high=value + Z * planted.error, pictures=128)


def adopted(planted: Planted, runs: int, seed: int = 0) -> float:
    """Share of `runs` in which people's comparisons lead to adoption."""
    rng = np.random.default_rng(seed)
    verdicts = [
        decide(
            Measured(adherence=planted_drop(planted, rng), diversity=planted_drop(planted, rng)),
            people=planted_outcomes(planted, rng),
        )
        for _ in range(runs)
    ]
    return float(np.mean([verdict.adopt for verdict in verdicts]))


def right(win_rates: Sequence[float] = (0.7, 0.5, 0.35), runs: int = 200, seed: int = 0) -> dict[float, float]:
    """Planted win rate → share of runs that were decided rightly: adopted over one half, refused else."""
    shares = {win: adopted(Planted(win=win), runs, seed) for win in win_rates}
    return {win: share if win > 0.5 else 1 - share for win, share in shares.items()}
