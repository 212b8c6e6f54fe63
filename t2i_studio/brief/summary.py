"""A description too long for a model, shortened to what says most about the picture.

Extractive: whole clauses are kept or left out, nothing is reworded. A clause is worth what the brief found in it, and
`Found` names each thing where it is first said, so that repeating a thing is worth nothing.
"""

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from t2i_studio.brief.normalise import normalise
from t2i_studio.brief.segment import segment
from t2i_studio.domain import Brief, Found

Span = tuple[int, int]
Length = Callable[[Sequence[Span]], int]
"""Tokens of the whole prompt when these spans are what is kept of the text."""
_CLAUSE_END = re.compile(r"(?:[，。！？；\n;!?|]|,(?!\d)|\.(?=\s|$))+\s*")
_WORTH = (
    "product", "colors", "backdrop", "materials", "pattern", "setting", "props", "season", "campaign",
    "unknown", "selling_points", "audience", "price", "sizes",
)  # fmt: skip
"""What a picture needs first to what it needs least: one of an earlier kind outweighs any number of a later one."""
_CORE = 2
"""So many of these kinds are kept whatever else is not: the product and its colours."""


def summarise(brief: Brief, visible: Sequence[Span], length: Length, limit: int) -> tuple[list[Span], list[Span]]:
    """(kept, left out), both in the order of the text; together they are `visible`.

    visible: the parts of brief.text that may be kept, in order and apart. The kept ones have `length` ≤ limit, unless
    the one most valuable word alone is longer. Clauses with the product or its colours are taken word by word when
    they do not fit whole.
    """
    if length(visible) <= limit:
        return list(visible), []
    clauses = [clause for span in visible for clause in _clauses(brief.text, span)]
    worth = _worth(brief, clauses)
    kept = _fill(clauses, worth, length, limit)
    core = [clause for clause, has in zip(clauses, worth, strict=True) if any(has[:_CORE])]
    core = core or [clauses[_order(worth)[0]]]
    units = clauses
    if not set(core) <= set(kept):
        whole, inside = set(clauses) - set(core), _inside(brief)
        units = [unit for each in clauses for unit in ([each] if each in whole else _words(brief.text, each, inside))]
        worth = _worth(brief, units)
        kept = _fill(units, worth, length, limit) or [units[_order(worth)[0]]]
    return kept, _left_out(units, set(kept), {start for start, _ in clauses})


def _clauses(text: str, span: Span) -> Iterator[Span]:
    """A span cut after every mark that ends a clause."""
    start, end = span
    for mark in _CLAUSE_END.finditer(text, start, end):
        if mark.end() > start:
            yield start, mark.end()
            start = mark.end()
    if start < end:
        yield start, end


def _words(text: str, span: Span, inside: set[int]) -> Iterator[Span]:
    """A span cut before every word, but not inside of what was found."""
    start, end = span
    normal = normalise(text[start:end])
    words = (start + normal.starts[word.start] for word in segment(normal.text) if word.script != "mark")
    cuts = sorted({start, end, *words} - inside)
    yield from pairwise(cuts)


def _inside(brief: Brief) -> set[int]:
    """Places where what was found must not be cut."""
    return {place for kind in _WORTH for each in _of(brief, kind) for place in range(each.start + 1, each.end)}


def _of(brief: Brief, kind: str) -> Sequence[Found]:
    found = getattr(brief, kind)
    return found if isinstance(found, tuple) else [found] if found else []


def _worth(brief: Brief, units: Sequence[Span]) -> list[list[int]]:
    """How many things of each kind begin in each unit."""
    counts = [[0] * len(_WORTH) for _ in units]
    starts = [start for start, _ in units]
    for rank, kind in enumerate(_WORTH):
        for each in _of(brief, kind):
            at = bisect_right(starts, each.start) - 1
            if at >= 0 and each.start < units[at][1]:
                counts[at][rank] += 1
    return counts


def _order(worth: Sequence[Sequence[int]]) -> list[int]:
    """Numbers of the units, the most valuable first; of equals the earlier."""
    return sorted(range(len(worth)), key=lambda at: [-count for count in worth[at]])


def _fill(units: Sequence[Span], worth: Sequence[Sequence[int]], length: Length, limit: int) -> list[Span]:
    """As many of the most valuable units as fit, in the order of the text.

    A unit is first measured alone, which spares measuring the whole prompt for all that cannot fit anyway.
    """
    kept: list[Span] = []
    empty = used = length([])
    for at in _order(worth):
        if used >= limit:
            break
        if used + length([units[at]]) - empty > limit:
            continue
        more = list(kept)
        insort(more, units[at])
        if (total := length(more)) <= limit:
            kept, used = more, total
    return kept


def _left_out(units: Sequence[Span], kept: set[Span], begins: set[int]) -> list[Span]:
    """The units that are not kept; neighbours within a clause as one. begins: where clauses begin."""
    left: list[Span] = []
    for unit in units:
        if unit in kept:
            continue
        if left and left[-1][1] == unit[0] and unit[0] not in begins:
            left[-1] = (left[-1][0], unit[1])
        else:
            left.append(unit)
    return left
