"""What stands where in a picture, and what is around the product: often left unsaid in captions.

The studio tells the model by lot what a description leaves open of it (`t2i_studio.framing`). Where a product stands
and how large it is are also said in most lessons, since captions state them too seldom: what is usual goes unsaid in
nearly nine of ten.
"""

import numpy as np
import torch

from t2i_studio.framing import BACKDROP, COLOR, PROP, RICHNESS, Choice, Framing
from t2i_studio.pretraining.attributes import attribute_classes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.concepts import WORDS, ConceptTable

FRAMING = ("position", "distance")
OPEN = 0.15  # share of lessons in which each is left open
READILY = {
    "position": (1, 1, 1),
    "distance": (0, 0.3, 1, 1.5, 1.6),
    RICHNESS: (2.5, 1.4, 0.85, 0, 0),
    "playfulness": (0, 0, 1, 0, 0),
}
"""How readily the lot falls on each class, against how often scenes have it: who sells a product wants to see it, and a
model of so few cells draws it the better the larger it is. A tiny product, many props and confetti are drawn where they
are asked for; three pictures in ten have no prop."""
EVENLY = (BACKDROP, "podium")
"""The lot falls on each class as often as on any other, as scenes have them."""
EMPHASIS = {"playfulness": 0.3, RICHNESS: 0.15, PROP: 0.1}
"""How much more strongly what is stated is told (framing.emphasised). More takes from other attributes what it gives to
one: an emphasis of 0.3 on the product cost 9 points of its colour, one of 0.3 on props 7 of playfulness.
"""


def left_open(facts: set[str], rng: np.random.Generator) -> set[str]:
    """The stated attributes `facts`, with each of FRAMING among them or not by lot."""
    return facts.difference(FRAMING) | {name for name in FRAMING if rng.random() >= OPEN}


def shares(name: str, catalogue: Catalogue) -> np.ndarray:
    """How often the lot falls on each class of an attribute of READILY or EVENLY, they sum to 1; of a prop: absent,
    there.
    """
    if name in EVENLY:
        count = len(catalogue.backdrops if name == BACKDROP else catalogue.podiums)
        return np.full(count, 1 / count)
    if name.startswith(PROP):
        weights = [prop.weight for prop in catalogue.props.values()]
        there = catalogue.props[name.removeprefix(PROP)].weight / sum(weights)
        return np.array([1 - there, there])
    if name == "position":
        weights = [place.weight for place in catalogue.positions.values()]
    else:
        weights = [catalogue.styles[name, level].weight for level in range(1, 6)]
    frequent = np.multiply(weights, READILY[name])
    return frequent / frequent.sum()


def framing_of(table: ConceptTable, catalogue: Catalogue) -> Framing:
    """The lots of a model whose text encoder writes the vectors of this table."""
    places = {name: WORDS + number for number, name in enumerate(table.sizes)}
    framing = {
        name: Choice(
            places[name], table.classes(name).detach(), torch.from_numpy(shares(name, catalogue)),
            EMPHASIS.get(PROP if name.startswith(PROP) else name, 0.0),
        )
        for name in table.sizes
        if name in READILY or name in EVENLY or name.startswith(PROP)
    }  # fmt: skip
    grounds, colors = (attribute_classes(catalogue)[name] for name in (BACKDROP, COLOR))
    same = torch.tensor([0, *(1 + grounds.index(name) if name in grounds else 0 for name in colors)])
    vectors = table.classes(COLOR).detach()
    return {**framing, COLOR: Choice(places[COLOR], vectors, torch.zeros(len(colors)), backdrops=same)}
