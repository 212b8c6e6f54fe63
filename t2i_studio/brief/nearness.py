"""How alike two products are: by sentence vectors of their English names, computed once and kept as a table.

assets/words/vectors.npz has a row for each English name of assets/words/products.csv, written by
`python -m t2i_studio.cli.word_vectors`; so no sentence model is loaded when a description is read.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from t2i_studio.brief.lexicon import WORDS

TABLE = WORDS / "vectors.npz"
DIMENSIONS = 96
_STEPS = 127  # of a value in −1…1, as whole numbers of a byte


def likeness(name: str, others: Sequence[str]) -> list[float]:
    """Cosine of the vectors of `name` and of each other name, in −1…1; 0 where one of them has no vector."""
    own = _vector(name)
    rows = [_vector(other) for other in others]
    return [float(own @ row) if own is not None and row is not None else 0.0 for row in rows]


def save(path: Path, names: Sequence[str], vectors: np.ndarray) -> None:
    """Keep the vectors (N, d) of `names` by their DIMENSIONS principal components, a byte each."""
    axes = np.linalg.svd(vectors, full_matrices=False)[2][:DIMENSIONS]
    short = vectors @ axes.T
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    np.savez_compressed(path, names=np.array("\n".join(names)), vectors=np.round(short * _STEPS).astype(np.int8))


def _vector(name: str) -> np.ndarray | None:
    """Of the whole name, or of the last words of it that have one: their head says what it is."""
    rows, vectors = _table()
    return next((vectors[rows[part]] for part in _endings(name.lower()) if part in rows), None)


def _endings(name: str) -> Iterator[str]:
    words = name.split()
    return (" ".join(words[at:]) for at in range(len(words)))


@cache
def _table() -> tuple[dict[str, int], np.ndarray]:
    with np.load(TABLE) as file:
        names = str(file["names"]).split("\n")
        vectors = file["vectors"].astype(np.float32)
    return {name: row for row, name in enumerate(names)}, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
