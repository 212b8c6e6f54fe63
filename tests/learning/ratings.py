"""Judgements in a line each, for the tests of what is learnt from them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from t2i_studio.domain import Judgement, Purpose, Scope, Vote
from t2i_studio.learning.evidence import Rated

SCOPE = Scope(model="podium")
START = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = count(1)


def judged(variants: tuple[int, ...], rater: str = "r1", text: str = "a red bag", **said: Any) -> Vote:
    """A vote of the studio, of a row of its own; each later than the one before."""
    number = next(_numbers)
    row = Judgement(rating=number) if len(variants) == 1 else Judgement(comparison=number)
    values: dict[str, Any] = {
        "assignment": -number,
        "item": 0,
        "rater": rater,
        "purpose": Purpose.JUDGED,
        "position": 0,
        "prompt": text,
        "sources": tuple(f"#{variant}" for variant in variants),
        "variants": variants,
        "created": START + timedelta(seconds=number),
        "judgement": row,
    }
    return Vote(**(values | said))


def pair(better: int, worse: int, rater: str = "r1", text: str = "a red bag", **said: Any) -> Vote:
    """A choice of one of two pictures; sides in turn."""
    shown = (better, worse) if better < worse else (worse, better)
    return judged(shown, rater, text, chosen=shown.index(better), **said)


def starred(variant: int, stars: int, rater: str = "r1", text: str = "a red bag", **said: Any) -> Vote:
    """A rating of one picture."""
    return judged((variant,), rater, text, stars=stars, **said)


def rated(votes: Iterable[Vote], **left_out: int) -> Rated:
    """As the store would tell these, all of which can be learnt from."""
    given = tuple(votes)
    return Rated(SCOPE, given, given, left_out)
