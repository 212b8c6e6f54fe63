"""How long a prompt may be, measured with the model's own tokenizer, from its files on this machine."""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from t2i_studio.errors import StudioError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNLIMITED = 100_000
"""Tokenizers without a limit name an absurd one."""


def local_folder(source: str) -> Path | None:
    """The folder of a model: `source` itself, or what the hub's local cache has of a hub id; None for neither."""
    from huggingface_hub import try_to_load_from_cache

    if Path(source).is_dir():
        return Path(source)
    try:
        index = try_to_load_from_cache(source, "model_index.json")
    except ValueError:  # neither a folder nor a hub id
        return None
    return Path(index).parent if isinstance(index, str) else None


@lru_cache(maxsize=8)
def folder_tokenizer(folder: Path, limit: int | None) -> "tuple[Tokenizer, int] | None":
    """The tokenizer of a model's folder and its limit in tokens (of several, the one with most room); None
    without. StudioError model.corrupt when its file cannot be read.
    """
    from tokenizers import Tokenizer

    found = []
    for part in sorted(folder.glob("tokenizer*")):
        if (part / "tokenizer.json").is_file():
            own = _own_limit(part / "tokenizer_config.json")
            found.append((limit or own, str(part / "tokenizer.json")))
    if not found:
        return None
    room, path = max(found, key=lambda pair: pair[0])
    try:
        return plain(Tokenizer.from_file(path)), room
    except Exception as error:  # the library knows no other kind
        raise StudioError("model.corrupt", model=folder.name, file="tokenizer.json") from error


def plain(tokenizer: "Tokenizer") -> "Tokenizer":
    """`tokenizer` without its own cutting and filling, so that it tells true lengths."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _own_limit(path: Path) -> int:
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["model_max_length"])
    except (OSError, ValueError, KeyError):
        return UNLIMITED
