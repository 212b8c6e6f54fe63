"""Alternatives written into a description: `{red|blue} bag` is two descriptions, `{1..3} candles` three.

Groups nest. A range has whole or decimal ends and may have a step: `{1-5}`, `{5..1}`, `{0..1..0.25}`. The full-width
｛｜｝ of Chinese keyboards mean the same. A backslash before a brace, or before a bar within braces, makes it literal.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product
from math import prod

from t2i_studio.errors import StudioError

MAX_EXPANSIONS = 64
_COUNTED = 10**6
"""Counts are told up to here; beyond, a text only says that it is far too much."""
_PIECE = re.compile(r"\\[{}|｛｝｜]|[{}|｛｝｜]|\\|[^\\{}|｛｝｜]+")
_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:\.\.({_NUMBER}))?|([0-9]{{1,9}})[-~]([0-9]{{1,9}})")
_BRACE = re.compile("[{}｛｝]")


@dataclass(frozen=True)
class _Choice:
    """What one place of a text can say: how many texts, and those texts unless there are more than the limit."""

    count: int
    texts: tuple[str, ...]


@dataclass
class _Group:
    """Braces being read: where they opened, and each alternative as the places it is made of so far."""

    opened: int
    alternatives: list[list[_Choice]]

    def say(self, text: str) -> None:
        self.alternatives[-1].append(_Choice(1, (text,)))


def expand(text: str, limit: int = MAX_EXPANSIONS) -> tuple[str, ...]:
    """Every text that `text` stands for, in reading order (the last group changes first); without braces, itself.

    Raises StudioError: variations.unclosed (a brace without its partner), variations.empty (an alternative that
    says nothing), variations.step (a step of 0), variations.too_many (more than `limit` texts).
    """
    if not _BRACE.search(text):
        return (text,)
    whole = _read(text, limit)
    if whole.count > limit:
        raise StudioError("variations.too_many", count=whole.count, limit=limit)
    return tuple(dict.fromkeys(whole.texts))


def numbers(words: str, limit: int = MAX_EXPANSIONS) -> tuple[str, ...] | None:
    """The numbers of a range such as "1-5" or "0..1..0.25"; None when `words` are none.

    Raises StudioError variations.step, variations.too_many.
    """
    found = _RANGE.fullmatch(unicodedata.normalize("NFKC", words).strip())
    if found is None:
        return None
    choice = _range(found, limit)
    if choice.count > limit:
        raise StudioError("variations.too_many", count=choice.count, limit=limit)
    return choice.texts


def escape(text: str) -> str:
    """`text` with its braces made literal: the only expansion of the result is `text`."""
    return _BRACE.sub(lambda brace: f"\\{brace[0]}", text)


def _read(text: str, limit: int) -> _Choice:
    groups = [_Group(0, [[]])]
    for piece in _PIECE.finditer(text):
        mark = unicodedata.normalize("NFKC", piece[0]) if len(piece[0]) == 1 else ""
        group = groups[-1]
        if mark == "{":
            groups.append(_Group(piece.start(), [[]]))
        elif mark == "}":
            if len(groups) == 1:
                raise _unclosed(text, piece.start())
            choice = _choice(groups.pop(), text[group.opened + 1 : piece.start()], limit)
            groups[-1].alternatives[-1].append(choice)
        elif mark == "|" and len(groups) > 1:
            group.alternatives.append([])
        else:
            group.say(_literal(piece[0], inside=len(groups) > 1))
    if len(groups) > 1:
        raise _unclosed(text, groups[-1].opened)
    return _sequence(groups[0].alternatives[0], limit)


def _literal(piece: str, inside: bool) -> str:
    escaped = len(piece) == 2 and piece[0] == "\\" and (inside or piece[1] not in "|｜")
    return piece[1] if escaped else piece


def _unclosed(text: str, place: int) -> StudioError:
    return StudioError("variations.unclosed", brace=text[place], place=place + 1)


def _sequence(places: list[_Choice], limit: int) -> _Choice:
    """Places one after another: every combination."""
    count = min(prod(place.count for place in places), _COUNTED)
    combinations = product(*(place.texts for place in places)) if count <= limit else ()
    return _Choice(count, tuple("".join(words) for words in combinations))


def _choice(group: _Group, inside: str, limit: int) -> _Choice:
    """The texts of a group that has closed: those of a range, or of its alternatives one after another."""
    if found := _RANGE.fullmatch(unicodedata.normalize("NFKC", inside).strip()):
        return _range(found, limit)
    choices = [_sequence(places, limit) for places in group.alternatives]
    texts = tuple(text.strip() for choice in choices for text in choice.texts)
    if not all(texts):
        raise StudioError("variations.empty", place=group.opened + 1)
    return _Choice(min(sum(choice.count for choice in choices), _COUNTED), texts)


def _range(found: re.Match[str], limit: int) -> _Choice:
    first, last = Decimal(found[1] or found[4]), Decimal(found[2] or found[5])
    step = abs(Decimal(found[3] or 1))
    if step == 0:
        raise StudioError("variations.step", range=found[0])
    count = min(int(abs(last - first) / step) + 1, _COUNTED)
    numbers = _numbers(first, step if last >= first else -step)
    return _Choice(count, tuple(islice(numbers, count)) if count <= limit else ())


def _numbers(first: Decimal, step: Decimal) -> Iterator[str]:
    number = first
    while True:
        yield f"{number.normalize():f}"
        number += step
