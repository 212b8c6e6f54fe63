"""Fits the weights by which `heads` finds the product: `python -m t2i_studio.brief.fit_heads LABELLED.jsonl …`

Conditional logit over the candidates of each text (McFadden 1974): the loss is −log of the probability of all
candidates that the label accepts, plus an L2 penalty, minimised by L-BFGS.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from t2i_studio.brief.heads import WEIGHTS, Candidate, candidates, score
from t2i_studio.brief.normalise import normalise
from t2i_studio.brief.scopes import scopes
from t2i_studio.brief.segment import segment

PENALTY = 0.01
FOLDS = 10
Example = tuple[list[Candidate], list[bool]]


def examples(labels: Sequence[dict[str, Any]]) -> list[Example]:
    """The candidates of each text, and which of them its label accepts; texts where none is are left out."""
    found = []
    for label in labels:
        normal = normalise(label["text"])
        words = segment(normal.text)
        named = [normalise(name).text.strip() for name in label["product"]]
        offered = candidates(words, scopes(words))
        right = [_accepted(normal.text[words[c.first].start : words[c.last - 1].end], named) for c in offered]
        if any(right):
            found.append((offered, right))
    return found


def _accepted(written: str, named: Sequence[str]) -> bool:
    return any(written.endswith(name) or name.endswith(written) for name in named)


def fit(data: Sequence[Example]) -> dict[str, float]:
    """The weights that make what is accepted likeliest."""
    names = sorted({name for offered, _ in data for candidate in offered for name in candidate.features})
    index = {name: at for at, name in enumerate(names)}
    tables = []
    for offered, right in data:
        table = np.zeros((len(offered), len(names)))
        for row, candidate in enumerate(offered):
            for name, value in candidate.features.items():
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
        return total + PENALTY * float(weights @ weights) / 2 * len(tables), slope + PENALTY * len(tables) * weights

    return loss


def accuracy(data: Sequence[Example], weights: dict[str, float]) -> float:
    """Share of texts whose likeliest candidate is accepted."""
    best = [max(range(len(offered)), key=lambda at: (score(offered[at], weights), -at)) for offered, _ in data]
    return sum(right[at] for at, (_, right) in zip(best, data, strict=True)) / len(data)


def cross_validated(data: Sequence[Example]) -> float:
    """Accuracy on texts that the weights were not fitted on, over FOLDS folds."""
    parts = [data[fold::FOLDS] for fold in range(FOLDS)]
    held_in = [[e for other in parts[:fold] + parts[fold + 1 :] for e in other] for fold in range(FOLDS)]
    right = sum(accuracy(part, fit(rest)) * len(part) for part, rest in zip(parts, held_in, strict=True))
    return right / len(data)


def main(paths: Sequence[str]) -> None:
    """Fit on all lines of the files, tell how good it is, keep the weights."""
    labels = [json.loads(line) for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines()]
    data = examples(labels)
    weights = fit(data)
    print(f"{len(labels)} texts, a candidate is right in {len(data)}")
    print(f"right: {accuracy(data, weights):.1%} fitted, {cross_validated(data):.1%} cross-validated")
    note = "Weights of the features in brief/heads.py, fitted by brief/fit_heads.py."
    WEIGHTS.write_text(
        json.dumps({"note": note, "weights": weights}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
