"""What a model is told besides what its text encoder writes: what a prompt leaves open, and more of what it says.

A network that is not told where the product stands, how large it is, what is around and behind it has nothing to guess
them by, and draws what is usual, or a picture of two framings with a faint prop of each kind before a muddy backdrop. A
model folder may therefore hold the vectors with which its text encoder says them: where an encoded prompt has that of
"left open", one of the others takes its place, by lot for each seed. A prompt that names a prop gets no other.

Of what a network obeys too little, a prompt's vector is moved on, away from "left open": a lead that costs no step.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from t2i_studio.errors import StudioError

FILE = Path("framing", "framing.safetensors")
RICHNESS, PROP, COLOR, BACKDROP = "richness", "prop.", "color", "backdrop"
TURNS = {
    "distance": 0.7548776662466927,
    "position": 0.5698402909980532,
    RICHNESS: 0.6180339887498949,
    "playfulness": 0.7320508075688772,
    PROP: 0.4142135623730951,
    BACKDROP: 0.8191725133961645,
    "podium": 0.22474487139158905,
}
"""How far from one seed to the next, of a full turn, so that seeds in a row are spread evenly over all lots: 1/g and
1/g², g the plastic number, for the two together (Roberts 2018, "The unreasonable effectiveness of quasirandom
sequences"); for the next three the golden ratio's, √3's and √2's parts behind the point; then 1/g of that sequence in
three dimensions and half of √6, with which four seeds in a row get four of twelve backdrops, four of five podiums."""
WHOLE = 2**64


@dataclass(frozen=True)
class Choice:
    """One attribute. place: of its vector in an encoded prompt. vectors (1 + classes, D): of "left open", then of each
    class. shares (classes,): how often each is drawn; they sum to 1. A prop is absent or there; its second share is how
    often it is the one that is there, and those of all props sum to 1. emphasis ≥ 0: by how much of its way from "left
    open" what is stated is moved on. backdrops (1 + classes,): of the product's colour, of which no lot is drawn, the
    number of the backdrop that looks the same, 0 for none.
    """

    place: int
    vectors: Tensor
    shares: Tensor
    emphasis: float = 0.0
    backdrops: Tensor | None = None

    def said(self, told: Tensor) -> Tensor:
        """(B,): the number in `vectors` of what encoded prompts (B, positions, D) say; 0 for left open."""
        return torch.cdist(told[:, self.place].float(), self.vectors.to(told.device, torch.float32)).argmin(1)

    def tell(self, told: Tensor, numbers: Tensor, which: Tensor) -> None:
        """Have the prompts at `which` (B,) say vector `numbers` (B,) instead, in place."""
        vectors = self.vectors.to(told.device, told.dtype)[numbers.to(told.device)]
        told[:, self.place] = torch.where(which[:, None], vectors, told[:, self.place])


Framing = Mapping[str, Choice]
"""Attribute → Choice: of those in TURNS, prop.ID for each prop, and color."""


def load_framing(folder: Path) -> Framing | None:
    """That of a model's folder; None where there is none. StudioError model.corrupt when it cannot be read."""
    if not (folder / FILE).exists():
        return None
    try:
        parts = load_file(folder / FILE)
        names = sorted({name.rpartition(".")[0] for name in parts})
        return {
            name: Choice(
                int(parts[f"{name}.place"]), parts[f"{name}.vectors"], parts[f"{name}.shares"],
                float(parts.get(f"{name}.emphasis", 0)), parts.get(f"{name}.backdrops"),
            )
            for name in names
        }  # fmt: skip
    except (OSError, KeyError, SafetensorError) as error:
        raise StudioError("model.corrupt", model=folder.name, file=str(FILE)) from error


def save_framing(folder: Path, framing: Framing) -> None:
    """Write it into a model's folder."""
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    parts = {
        f"{name}.{part}": torch.as_tensor(value)
        for name, one in framing.items()
        for part, value in vars(one).items()
        if value is not None
    }
    save_file({name: value.detach().clone() for name, value in parts.items()}, folder / FILE)


def lots(seeds: Sequence[int], name: str) -> Tensor:
    """(B,) in [0, 1): the lots that seeds draw for what is named in TURNS."""
    turn = int(TURNS[name] * WHOLE)
    return torch.tensor([seed * turn % WHOLE / WHOLE for seed in seeds], dtype=torch.float64)


def framed(encoded: Tensor, seeds: Sequence[int], framing: Framing) -> Tensor:
    """Encoded prompts (B, positions, D), prompt k for seed k: emphasised, and with what they leave open told."""
    told = emphasised(encoded, framing)
    props = [choice for name, choice in sorted(framing.items()) if name.startswith(PROP)]
    bare = torch.stack([prop.said(encoded) == 0 for prop in props]).all(0) if props else None
    for name, choice in framing.items():
        if name in TURNS:
            left_open = choice.said(encoded) == 0
            if name == RICHNESS and bare is not None:
                left_open &= bare  # whoever names a prop wants to see it
            numbers = 1 + _drawn(choice.shares, seeds, name)
            if name == BACKDROP and COLOR in framing:
                numbers = _apart(numbers, framing[COLOR], encoded, len(choice.shares))
            choice.tell(told, numbers, left_open)
    if bare is not None:
        _decorate(told, seeds, framing[RICHNESS], props, bare)
    return told


def emphasised(encoded: Tensor, framing: Framing) -> Tensor:
    """Encoded prompts (B, positions, D), with what they state moved on by its emphasis; what is left open stays there.

    What guidance does to the network's answer (Ho & Salimans 2022, arXiv 2207.12598), done to what it is asked.
    """
    told = encoded.clone()
    for choice in framing.values():
        if choice.emphasis:
            left_open = choice.vectors[0].to(told.device, told.dtype)
            told[:, choice.place] += choice.emphasis * (told[:, choice.place] - left_open)
    return told


def _decorate(told: Tensor, seeds: Sequence[int], richness: Choice, props: Sequence[Choice], bare: Tensor) -> None:
    """Tell prompts that name no prop which kind there is, in place; of the lowest richness there is none."""
    kinds = _drawn(torch.stack([prop.shares[1] for prop in props]), seeds, PROP)
    decorated = bare & (richness.said(told) != 1)
    for number, prop in enumerate(props):
        prop.tell(told, 1 + (kinds == number).long(), decorated)


def _apart(numbers: Tensor, color: Choice, encoded: Tensor, count: int) -> Tensor:
    """Backdrops (B,) of `count`; the next one where a product's stated colour would be lost: no red on red."""
    if color.backdrops is None:
        return numbers
    same = color.backdrops[color.said(encoded).cpu()] == numbers
    return torch.where(same, numbers % count + 1, numbers)


def _drawn(shares: Tensor, seeds: Sequence[int], name: str) -> Tensor:
    """(B,): the class that each seed's lot falls on."""
    return torch.searchsorted(shares.double().cumsum(0)[:-1], lots(seeds, name), right=True)


def telling(encode: Callable[..., Any], seeds: Sequence[int], framing: Framing) -> Callable[..., Any]:
    """A pipeline's encode_prompt that draws lots for `seeds`, one for each prompt it is asked for."""
    return _changing(encode, lambda prompts: framed(prompts, seeds, framing))


def emphasising(encode: Callable[..., Any], framing: Framing) -> Callable[..., Any]:
    """A pipeline's encode_prompt that draws no lots."""
    return _changing(encode, lambda prompts: emphasised(prompts, framing))


def _changing(encode: Callable[..., Any], change: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    @functools.wraps(encode)
    def encoded(*args: Any, **kwargs: Any) -> Any:
        prompts, *others = encode(*args, **kwargs)
        return change(prompts), *others

    return encoded
