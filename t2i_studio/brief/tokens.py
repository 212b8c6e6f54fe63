"""How long a prompt may be, measured with the model's own tokenizer, from its files on this machine."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    found = []
    for part in sorted(folder.glob("tokenizer*")):
        config = _config(part)
        read = _reader(part, config)
        if read is not None:
            found.append((_own_limit(config), part, read))
    if not found:
        return None
    own, part, read = max(found, key=lambda each: each[0])
    try:
        return plain(read(part)), limit or own
    except Exception as error:  # the library knows no other kind
        raise StudioError("model.corrupt", model=folder.name, file=f"{part.name}/tokenizer.json") from error


def plain(tokenizer: "Tokenizer") -> "Tokenizer":
    """`tokenizer` without its own cutting and filling, so that it tells true lengths."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _config(part: Path) -> dict[str, Any]:
    try:
        config = json.loads((part / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _own_limit(config: dict[str, Any]) -> int:
    own = config.get("model_max_length")
    return int(min(own, UNLIMITED)) if isinstance(own, int | float) else UNLIMITED


def _reader(part: Path, config: dict[str, Any]) -> "Callable[[Path], Tokenizer] | None":
    """How the tokenizer in a folder is read; None where its form is unknown."""
    if (part / "tokenizer.json").is_file():
        return _from_json
    if (part / "merges.txt").is_file() and str(config.get("tokenizer_class", "")).startswith("CLIPTokenizer"):
        return _clip
    return None


def _from_json(part: Path) -> "Tokenizer":
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(part / "tokenizer.json"))


def _clip(part: Path) -> "Tokenizer":
    """CLIP's byte pairs in their older form, vocab.json and merges.txt, as Stable Diffusion's folders keep them.

    Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", and its code.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    begin, end = "<|startoftext|>", "<|endoftext|>"
    pairs = models.BPE.from_file(
        str(part / "vocab.json"), str(part / "merges.txt"), unk_token=end, end_of_word_suffix="</w>"
    )
    tokenizer = Tokenizer(pairs)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (begin, end)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=marks)
    return tokenizer
