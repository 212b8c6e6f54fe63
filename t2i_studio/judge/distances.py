"""How far pictures are from each other: two of them, as people might tell them apart, and two sets of them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from PIL import Image

from t2i_studio.judge.cielab import lab
from t2i_studio.judge.seeing import Sees, features

SIDE = 32


def squared_distances(judge: Sees, images: Sequence[Image.Image]) -> np.ndarray:
    """(N·(N − 1)/2, 2) float: of each two images the squared distance of their pixels and that of their features.

    Pixels: CIELAB at SIDE × SIDE. Features: seeing.features. The units differ; see `mean_distance`.
    """
    small = [each.resize((SIDE, SIDE), Image.Resampling.BOX) for each in images]
    spaces = (np.stack([lab(each).ravel() for each in small]), features(judge, images))
    couples = list(combinations(range(len(images)), 2))
    return np.array([[float(((space[a] - space[b]) ** 2).sum()) for space in spaces] for a, b in couples]) + 1e-12


def mean_distance(squared: np.ndarray, scale: np.ndarray) -> float:
    """The mean over couples of the root of half the one and half the other squared distance, each in units of `scale`.

    squared: (couples, 2). scale: (2,), the mean squared distances among the pictures that serve as the measure.
    """
    return float(np.sqrt((squared / scale).mean(1)).mean())


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two sets of features (N, F) and (M, F), as if both were Gaussian; N, M ≥ 2.

    |μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½): Heusel et al., NeurIPS 2017, equation 6, where it is called FID. Between
    samples of one and the same distribution it is above zero, and the more so the fewer there are.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    of_a, of_b = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (a, b))
    values, vectors = np.linalg.eigh(of_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    # Σa Σb and Σa^½ Σb Σa^½ have the same eigenvalues; the latter is symmetric, which also few samples do not upset
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ of_b @ root), 0, None)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(of_a) + np.trace(of_b) - 2 * shared)
