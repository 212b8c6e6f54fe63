"""Which regions of a picture answered to which word of its prompt.

The picture is made again, and beside it, on the same latents, the network is asked what it would do if one word
were missing. In every attention that reads the prompt (cross-attention of U-Nets, PixArt and Sana; joint attention
of SD3, FLUX and Z-Image) the answers with and without the word are compared for each cell of the picture: the
length of the difference, summed over the sampler's steps and averaged over layers, is the word's map.

Why not the attention's weights themselves (Tang et al., What the DAAM, 2023): text encoders spread a word over the
whole sequence. In the embedded model nine tenths of the weight lie on the padding, which by then carries the
sentence, and the weights on the product's own tokens are as large beside the product as on it (1.04 times its share
of the area, measured on 20 composed scenes, 41 products). The answers include what the padding says of the word.

Which layers: those of the network's later half, and of them the finest. Looked at one by one, on 24 composed scenes
and asking each layer with the same queries, the answers' share inside the product over its share of the area was 0.9
to 1.1 in the encoder's layers and in the coarse ones of the decoder, 3.4 to 5.5 in its fine ones; all steps alike.
Only the embedded model could be measured; `bench attention` measures the whole.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from t2i_studio.engine import latents

IMAGE_FIRST = ("ZSingleStreamAttnProcessor",)
"""Processors of single-stream networks, where the text is no argument: picture and text are one sequence, the
picture first.
"""


class Answers:
    """What attention layers answer about each cell, for a first prompt and others that lack something.

    rows: how many prompts the network is run for at once. cells: (height, width) of the network's own cells.
    """

    def __init__(self, rows: int, cells: tuple[int, int]) -> None:
        self._rows, self._cells = rows, cells
        self._sums: dict[str, Tensor] = {}

    def __len__(self) -> int:
        """Of how many layers something was heard."""
        return len(self._sums)

    def add(self, layer: str, answer: Tensor) -> None:
        """answer: (groups × rows, cells, channels). A guided network has two groups; in the one without the
        prompt all rows are alike and add nothing, whichever of the two it is.
        """
        answer = answer.unflatten(0, (-1, self._rows)).float()
        away = (answer[:, 1:] - answer[:, :1]).norm(dim=-1).sum(0)
        self._sums[layer] = self._sums[layer] + away if layer in self._sums else away

    def maps(self) -> Tensor:
        """(rows - 1, height, width), float32 on the processor, ≥ 0; the unit is the network's own."""
        later = list(self._sums.values())[len(self._sums) // 2 :]
        finest = max(sums.shape[-1] for sums in later)
        mean = torch.stack([sums for sums in later if sums.shape[-1] == finest]).mean(0)
        rows, columns = latents.grid(mean[..., None], *self._cells)
        return mean.unflatten(-1, (rows, columns)).cpu()

    def picture_part(self, processor: Any, text: Tensor | None, output: Any) -> Tensor | None:
        """The cells of the picture in what a processor returned; None where it does not read the prompt."""
        if text is not None:
            return output[0] if isinstance(output, tuple) else output
        cells = self._cells[0] * self._cells[1]
        if type(processor).__name__ in IMAGE_FIRST and output.shape[1] > cells:
            return output[:, :cells]
        return None


@contextmanager
def listening(network: torch.nn.Module, answers: Answers) -> Iterator[None]:
    """Within, `answers` hears every attention of `network` that reads the prompt. What is computed stays the same:
    each processor is called as before, and its output passed on untouched.
    """
    layers = {name: part for name, part in network.named_modules() if hasattr(part, "set_processor")}
    processors = {name: part.processor for name, part in layers.items()}
    try:
        for name, part in layers.items():
            part.set_processor(_heard(name, processors[name], answers))
        yield
    finally:
        for name, part in layers.items():
            part.set_processor(processors[name])


def _heard(layer: str, processor: Any, answers: Answers) -> Any:
    """A processor that works as `processor` does and tells `answers`."""
    original: Callable[..., Any] = type(processor).__call__

    @functools.wraps(original)  # attention layers look at the signature for the arguments they may pass on
    def call(_self: Any, attn: Any, *args: Any, **kwargs: Any) -> Any:
        output = processor(attn, *args, **kwargs)
        text = kwargs.get("encoder_hidden_states", args[1] if len(args) > 1 else None)
        if (part := answers.picture_part(processor, text, output)) is not None:
            answers.add(layer, part)
        return output

    return type("Heard", (), {"__call__": call})()
