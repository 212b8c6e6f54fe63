"""How long a prompt may be, and which words would be cut if it were longer. Needs no model, only its
tokenizer file.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2i_studio.errors import StudioError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNLIMITED = 100_000
"""Tokenizers without a limit name an absurd one."""


@lru_cache(maxsize=8)
def folder_tokenizer(folder: Path, limit: int | None) -> "tuple[Tokenizer, int] | None":
    """The tokenizer of a model's folder and its limit in tokens (of several, the one with most room); None
    without.
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
    return _plain(Tokenizer.from_file(path)), room


def pipeline_tokenizer(pipe: Any, limit: int | None) -> "tuple[Tokenizer, int] | None":
    """The same from a loaded pipeline, for models whose folder keeps its tokenizer in an older form."""
    from tokenizers import Tokenizer

    parts = [part for name, part in pipe.components.items() if name.startswith("tokenizer") and part is not None]
    fast = [part for part in parts if getattr(part, "backend_tokenizer", None) is not None]
    if not fast:
        return None
    roomy = max(fast, key=lambda part: part.model_max_length)
    return _plain(Tokenizer.from_str(roomy.backend_tokenizer.to_str())), limit or roomy.model_max_length


def check_length(text: str, model: str, tokenizer: "Tokenizer", limit: int) -> None:
    """StudioError prompt.too_long, naming the words beyond the limit."""
    if limit >= UNLIMITED:
        return
    coded = tokenizer.encode(text)
    if len(coded.ids) <= limit:
        return
    words = [place for place, special in zip(coded.offsets, coded.special_tokens_mask, strict=True) if not special]
    room = limit - (len(coded.ids) - len(words))
    raise StudioError(
        "prompt.too_long", tokens=len(coded.ids), limit=limit, model=model, cut=text[words[room][0] :].strip()
    )


def _own_limit(path: Path) -> int:
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["model_max_length"])
    except (OSError, ValueError, KeyError):
        return UNLIMITED


def _plain(tokenizer: "Tokenizer") -> "Tokenizer":
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
