"""Attributes as the denoiser sees them: a sequence of vectors, one for each attribute, each class with its own.

The denoiser is trained on this table, which it shapes as it learns to draw. The text encoder is trained
afterwards to write the same vectors from words (text_encoder.py), in the last positions of its output.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from t2i_studio.pretraining.attributes import attributes
from t2i_studio.pretraining.catalogue import Catalogue
from t2i_studio.pretraining.scenes import Scene

WORDS = 48  # positions of a prompt; the attributes' positions follow
UNSAID = 0  # class number of an attribute that the prompt leaves open; class c of attributes.py is 1 + c
ROOM = {"object": 400}  # rows kept for classes, so that a catalogue can grow within a run
ROOM_ELSE = 32


class ConceptTable(nn.Module):
    """Vectors of all classes of all attributes, normalised like a text encoder's output.

    sizes: the number of classes of each attribute, in the order of their positions.
    """

    offsets: Tensor

    def __init__(self, sizes: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        rooms = torch.tensor([1 + ROOM.get(name, ROOM_ELSE) for name in sizes])
        self.register_buffer("offsets", rooms.cumsum(0) - rooms, persistent=False)
        self.rows = nn.Embedding(int(rooms.sum()), width)
        self.blank = nn.Parameter(torch.randn(width))

    def forward(self, said: Tensor) -> Tensor:
        """said: (B, attributes) class numbers → (B, WORDS + attributes, width); the words' positions are blank."""
        stated = self.rows(said + self.offsets)
        blank = self.blank.expand(len(said), WORDS, -1)
        context = torch.cat([blank, stated], 1)
        return nn.functional.layer_norm(context, context.shape[-1:])

    def classes(self, attribute: str) -> Tensor:
        """The vectors of one attribute: of UNSAID, then of each class."""
        begin = int(self.offsets[list(self.sizes).index(attribute)])
        rows = self.rows.weight[begin : begin + 1 + self.sizes[attribute]]
        return nn.functional.layer_norm(rows, rows.shape[-1:])


def stated_classes(scene: Scene, facts: set[str], catalogue: Catalogue) -> np.ndarray:
    """Class numbers of a scene's attributes as far as a caption states them (`facts`), else UNSAID.

    A caption that names props names all of them, so it also says which are not there.
    """
    props_said = any(fact.startswith("prop.") for fact in facts)
    return np.array([
        1 + value if name in facts or (props_said and name.startswith("prop.")) else UNSAID
        for name, value in attributes(scene, catalogue).items()
    ])  # fmt: skip
