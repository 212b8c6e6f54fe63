"""Conditional logit (McFadden 1974): which of several options, by a weighted sum of their features.

P(option) = exp(w·f(option)) / Σ exp(w·f(other)). Used to find the product among the nouns of a description, and the
owner of each of its colours.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

Features = dict[str, float]
Example = tuple[Sequence[Features], Sequence[bool]]
"""The options of one choice, and which of them are right."""

PENALTY = 0.0015
FOLDS = 10


def score(features: Features, weights: dict[str, float]) -> float:
    """w·f: the log-odds of an option, up to a constant of the choice."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


@cache
def load_weights(path: Path) -> dict[str, float]:
    """Weights as `save_weights` writes them."""
    weights: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["weights"]
    return weights


def save_weights(path: Path, weights: dict[str, float], note: str) -> None:
    """A readable file: a note and one line a weight."""
    kept = {name: weight for name, weight in weights.items() if weight}
    path.write_text(json.dumps({"note": note, "weights": kept}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def fit(data: Sequence[Example]) -> dict[str, float]:
    """The weights that make what is right likeliest: −log of its probability plus an L2 penalty, by L-BFGS."""
    from scipy.optimize import minimize

    names = sorted({name for options, _ in data for features in options for name in features})
    index = {name: at for at, name in enumerate(names)}
    tables = []
    for options, right in data:
        table = np.zeros((len(options), len(names)))
        for row, features in enumerate(options):
            for name, value in features.items():
                table[row, index[name]] = value
        tables.append((table, np.array(right)))
    found = minimize(_loss(tables), np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return {name: round(float(found.x[at]), 3) for name, at in index.items()}


def _loss(tables: Sequence[tuple[np.ndarray, np.ndarray]]) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(weights)
        for table, right in tables:
            scores = table @ weights
            odds = np.exp(scores - scores.max())
            chance, among = odds / odds.sum(), odds * right / (odds * right).sum()
            total -= float(np.log(chance[right].sum()))
            slope += table.T @ (chance - among)
        strength = PENALTY * len(tables)
        return total + strength * float(weights @ weights) / 2, slope + strength * weights

    return loss


def accuracy(data: Sequence[Example], weights: dict[str, float]) -> float:
    """Share of choices whose likeliest option is right."""
    best = [max(range(len(options)), key=lambda at: (score(options[at], weights), -at)) for options, _ in data]
    return sum(right[at] for at, (_, right) in zip(best, data, strict=True)) / len(data)


def cross_validated(data: Sequence[Example]) -> float:
    """Accuracy on choices that the weights were not fitted on, over FOLDS folds."""
    parts = [data[fold::FOLDS] for fold in range(FOLDS)]
    rests = [[each for other in parts[:fold] + parts[fold + 1 :] for each in other] for fold in range(FOLDS)]
    right = sum(accuracy(part, fit(rest)) * len(part) for part, rest in zip(parts, rests, strict=True))
    return right / len(data)
