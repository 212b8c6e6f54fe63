"""What a prompt leaves open of the framing is drawn by lot for each seed and told to the model.

A network that is not told where the product stands and how large it is has nothing to guess them by, and draws what
is usual, or a picture of two framings. A model folder may therefore hold the vectors with which its text encoder says
them: where an encoded prompt has the vector of "left open", one of the others takes its place.
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
TURNS = (0.7548776662466927, 0.5698402909980532)
"""How far from one seed to the next, of a full turn: 1/g and 1/g², g the plastic number. So seeds in a row are spread
evenly over all lots (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences")."""
WHOLE = 2**64


@dataclass(frozen=True)
class Choice:
    """One attribute. place: of its vector in an encoded prompt. vectors (1 + classes, D): of "left open", then of each
    class. shares (classes,): how often each is drawn; they sum to 1.
    """

    place: int
    vectors: Tensor
    shares: Tensor


Framing = Mapping[str, Choice]
"""Attribute → Choice, two at most."""


def load_framing(folder: Path) -> Framing | None:
    """That of a model's folder; None where there is none. StudioError model.corrupt when it cannot be read."""
    if not (folder / FILE).exists():
        return None
    try:
        parts = load_file(folder / FILE)
        names = sorted({name.rpartition(".")[0] for name in parts})
        return {
            name: Choice(int(parts[f"{name}.place"]), parts[f"{name}.vectors"], parts[f"{name}.shares"])
            for name in names
        }
    except (OSError, KeyError, SafetensorError) as error:
        raise StudioError("model.corrupt", model=folder.name, file=str(FILE)) from error


def save_framing(folder: Path, framing: Framing) -> None:
    """Write it into a model's folder."""
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    parts = {
        f"{name}.{part}": torch.as_tensor(value) for name, one in framing.items() for part, value in vars(one).items()
    }
    save_file({name: value.detach().clone() for name, value in parts.items()}, folder / FILE)


def lots(seeds: Sequence[int], number: int) -> Tensor:
    """(B,) in [0, 1): the lots that seeds draw for the attribute of that number."""
    turn = int(TURNS[number] * WHOLE)
    return torch.tensor([seed * turn % WHOLE / WHOLE for seed in seeds], dtype=torch.float64)


def framed(encoded: Tensor, seeds: Sequence[int], framing: Framing) -> Tensor:
    """Encoded prompts (B, positions, D), prompt k for seed k, with the framing told that they leave open."""
    told = encoded.clone()
    for number, (_, choice) in enumerate(sorted(framing.items())):
        vectors = choice.vectors.to(told.device, torch.float32)
        said = told[:, choice.place]
        left_open = torch.cdist(said.float(), vectors).argmin(1) == 0
        drawn = torch.searchsorted(choice.shares.double().cumsum(0)[:-1], lots(seeds, number), right=True)
        lot = vectors[1 + drawn.to(told.device)].to(told.dtype)
        told[:, choice.place] = torch.where(left_open[:, None], lot, said)
    return told


def telling(encode: Callable[..., Any], seeds: Sequence[int], framing: Framing) -> Callable[..., Any]:
    """A pipeline's encode_prompt that draws lots for `seeds`, one for each prompt it is asked for."""

    @functools.wraps(encode)
    def encoded(*args: Any, **kwargs: Any) -> Any:
        prompts, *others = encode(*args, **kwargs)
        return framed(prompts, seeds, framing), *others

    return encoded
