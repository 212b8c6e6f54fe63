"""The judge's folder: judge.json says what it knows, judge.safetensors holds its weights with 8 bits."""

import json
import os
import shutil
import threading
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from t2i_studio.domain import Noun
from t2i_studio.errors import StudioError
from t2i_studio.int8 import packed, unpacked
from t2i_studio.judge.network import Judge
from t2i_studio.settings import EMBEDDED_JUDGE

_LOADING = threading.Lock()


class Card(Noun):
    """What judge.json says of the weights beside it.

    classes: the ids of every attribute's classes, in order. taught: the objects there were lessons about. held_out:
    by attribute the share of classes it got right on `scenes` composed scenes that it never saw. steps: of training.
    """

    name: str = "judge"
    licence: str = "Apache-2.0; pictures it learned from: Fluent Emoji, MIT"
    parameters: int
    steps: int
    scenes: int
    held_out: dict[str, float]
    taught: tuple[str, ...]
    classes: dict[str, tuple[str, ...]] = Field(description="attribute → ids")


def load_judge(folder: Path = EMBEDDED_JUDGE) -> Judge:
    """The judge of the studio, ready to use; read once, also where several threads ask at the same time.

    Using it changes nothing of it, so threads may share it. StudioError judge.unreadable.
    """
    with _LOADING:
        return _read(folder)


def load_card(folder: Path = EMBEDDED_JUDGE) -> Card:
    """What the folder says of its judge. StudioError judge.unreadable."""
    try:
        return Card.model_validate_json((folder / "judge.json").read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise StudioError("judge.unreadable", path=folder) from error


@cache
def _read(folder: Path) -> Judge:
    card = load_card(folder)
    try:
        judge = Judge(card.classes, card.taught)
        judge.load_state_dict(unpacked(load_file(folder / "judge.safetensors")))
    except (OSError, RuntimeError, KeyError, SafetensorError) as error:
        raise StudioError("judge.unreadable", path=folder) from error
    return judge.eval().requires_grad_(False)


def save_judge(folder: Path, judge: Judge, card: Card) -> None:
    """Write the folder whole or not at all; an older one is replaced."""
    partial, old = (folder.with_name(f".{folder.name}.{state}") for state in ("part", "old"))
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(packed(judge.state_dict()), partial / "judge.safetensors")
    (partial / "judge.json").write_text(_readable(card.model_dump(mode="json")) + "\n", encoding="utf-8")
    if folder.exists():
        os.rename(folder, old)
    os.rename(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def _readable(content: dict[str, Any], indent: str = " ") -> str:
    """JSON with each entry, and each entry of an entry, on a line of its own."""
    entries = (
        f"{indent}{json.dumps(key)}: "
        + (_readable(value, indent + " ") if isinstance(value, dict) else json.dumps(value, ensure_ascii=False))
        for key, value in content.items()
    )
    return "{\n" + ",\n".join(entries) + f"\n{indent[1:]}}}"
