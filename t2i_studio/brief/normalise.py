"""One written form for what a description says, every character with its place in the text as typed."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import emoji

EMOJI_MARK = "\u2060"
"""Stands before a word that an emoji says: 🎄 decorates a text, it is rarely what is sold."""
_HAN = ("\u3400", "\u9fff")


@dataclass(frozen=True)
class Normal:
    """text: lower case, NFKC, simplified characters, emoji as words.

    Its character i was written at starts[i]:ends[i] in the original.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] (not empty) stands in the original."""
        return self.starts[start], max(self.ends[start:end])


def is_han(character: str) -> bool:
    """Is it a Chinese character of the basic block or extension A?"""
    return _HAN[0] <= character <= _HAN[1]


def normalise(original: str) -> Normal:
    """Full-width and compatibility forms by NFKC (Unicode Annex 15), traditional characters by OpenCC, emoji by
    their CLDR short names. Chinese punctuation stays as it is.
    """
    chinese = any(is_han(character) for character in original)
    pieces: list[tuple[str, int, int]] = []
    at = 0
    for found in emoji.analyze(original, non_emoji=False):
        match: Any = found.value
        pieces += [(_plain(original[place]), place, place + 1) for place in range(at, match.start)]
        pieces.append((_name(found.chars, chinese), match.start, match.end))
        at = match.end
    pieces += [(_plain(original[place]), place, place + 1) for place in range(at, len(original))]
    simplified = _simplified("".join(text for text, _, _ in pieces))
    starts = tuple(start for text, start, _ in pieces for _ in text)
    ends = tuple(end for text, _, end in pieces for _ in text)
    return Normal(simplified, starts, ends)


def _plain(character: str) -> str:
    if character in "，。！？；：（）、":
        return character
    return unicodedata.normalize("NFKC", character).lower()


def _name(symbol: str, chinese: bool) -> str:
    name = emoji.demojize(symbol, language="zh" if chinese else "en", delimiters=(" ", " "))
    return (
        " "
        if name.strip() == symbol
        else f" {EMOJI_MARK}" + name.strip().replace("_", " ").replace("-", " ").lower() + " "
    )


def _simplified(text: str) -> str:
    """OpenCC keeps the length but for a few phrases; where it does not, each character is converted alone."""
    converted: str = _converter().convert(text)
    if len(converted) == len(text):
        return converted
    alone = [_converter().convert(character) for character in text]
    return "".join(new if len(new) == len(old) else old for new, old in zip(alone, text, strict=True))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
