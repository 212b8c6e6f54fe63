"""Votes in a line each, for the tests of the statistics."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from t2i_studio.domain import Purpose, Vote

_NUMBERS = count(1)


def vote(sources: tuple[str, ...], chosen: int | None = None, *, rater: str = "r1", **more: Any) -> Vote:
    """A vote of an item of its own, unless `item` is given; variants are numbers of their own."""
    number = next(_NUMBERS)
    item = more.pop("item", number)
    values: dict[str, Any] = {
        "assignment": number,
        "item": item,
        "rater": rater,
        "purpose": Purpose.JUDGED,
        "position": number,
        "prompt": "a cup",
        "sources": sources,
        "variants": tuple(item * 10 + place for place in range(len(sources))),
        "chosen": chosen,
        "created": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Vote(**(values | more))


def stars(source: str, number: int, rater: str = "r1", **more: Any) -> Vote:
    """A judgement of a single picture."""
    return vote((source,), rater=rater, stars=number, **more)


def beats(better: str, worse: str, times: int, raters: Iterable[str] = ("r1",)) -> Iterator[Vote]:
    """`times` votes for `better`, sides and raters in turn."""
    names = list(raters)
    for turn in range(times):
        shown = (better, worse) if turn % 2 == 0 else (worse, better)
        yield vote(shown, turn % 2, rater=names[turn // 2 % len(names)])
