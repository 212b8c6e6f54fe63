"""Where a product stands and how large it is, where the prompt leaves that open: read off the noise.

A network that predicts the clean latent would have to guess both from noise that says nothing of them, and answers with
the mean: every picture of a prompt then has the product in the middle, at medium size. So the noise of a lesson is
coupled with its scene: one standard normal number of it, along a direction of its own for each attribute, is drawn from
the part of the normal distribution that belongs to the scene's class. Over all scenes that leave it open the noise of
every prompt stays standard normal, which a coupling that depends on the prompt must keep (Cheng & Schwing 2025,
arXiv 2503.10636), and any sampler draws from it as ever.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene

FRAMING = ("position", "distance")
OPEN = {"position": (0.5, 0.5, 0.5), "distance": (0.15, 0.4, 0.5, 0.6, 0.5)}
"""Share of lessons in which each is left open, by its class. Captions alone would not do: they seldom state what is
usual, so that what they leave open is in the middle and of medium size in nearly nine of ten. A tiny product is seldom
what somebody wants who does not say so."""


def left_open(scene: Scene, facts: set[str], catalogue: Catalogue, rng: np.random.Generator) -> set[str]:
    """The stated attributes `facts`, with each of FRAMING among them or not by lot."""
    classes = attributes(scene, catalogue)
    return facts.difference(FRAMING) | {name for name in FRAMING if rng.random() >= OPEN[name][classes[name]]}


def coupled(
    noise: Tensor, scenes: Sequence[Scene], facts: Sequence[set[str]], catalogue: Catalogue, rng: np.random.Generator
) -> Tensor:
    """Standard normal noise (B, C, H, W) that tells the framing of its scene, where `facts` do not state it."""
    noise, seen = noise.clone(), [attributes(scene, catalogue) for scene in scenes]
    for number, name in enumerate(FRAMING):
        ends = np.concatenate([[0], np.cumsum(shares(name, catalogue))])
        classes = np.array([each[name] for each in seen])
        told = torch.from_numpy(ndtri(rng.uniform(ends[classes], ends[classes + 1]))).to(noise)
        unsaid = torch.tensor([name not in stated for stated in facts], device=noise.device)
        cells = noise[:, -1 - number]  # the finest components, of which pictures have least
        shift = (told - told_by(noise, name)) / cells[0].numel() ** 0.5
        cells += torch.where(unsaid, shift, 0)[:, None, None]
    return noise


def told_by(noise: Tensor, name: str) -> Tensor:
    """(B,), standard normal: the number of the noise (B, C, H, W) that an attribute of FRAMING is read off; the higher,
    the higher the class: to the right, closer.
    """
    cells = noise[:, -1 - FRAMING.index(name)].flatten(1)
    return cells.sum(1) / cells.shape[1] ** 0.5


def shares(name: str, catalogue: Catalogue) -> np.ndarray:
    """How often scenes that leave an attribute of FRAMING open have each class of it; they sum to 1."""
    if name == "position":
        weights = [place.weight for place in catalogue.positions.values()]
    else:
        weights = [catalogue.styles[name, level].weight for level in range(1, 6)]
    frequent = np.multiply(weights, OPEN[name])
    return frequent / frequent.sum()
