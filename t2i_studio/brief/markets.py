"""Markets: their languages and campaigns, and hints on what to prefer and to avoid (assets/markets).

Hints are for people to read. Nothing here changes a brief or a prompt.
"""

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field

from t2i_studio.brief import festivals
from t2i_studio.brief.presets import Words
from t2i_studio.brief.values import shown
from t2i_studio.domain import Noun
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

FOLDER = ASSETS / "markets"
AHEAD = dt.timedelta(days=45)
"""How long before it begins a campaign is worth a hint."""

Confidence = Literal["A", "B", "C"]
"""A: read in a standard or agreeing sources; B: one source or common practice; C: check before relying on it."""
Said = tuple[tuple[str, ...], ...]
Row = TypeVar("Row", bound=Noun)


def _alternatives(words: Any) -> Any:
    """ "a|b & c" → (("a", "b"), ("c",)): one word of each group must be said."""
    groups = [group.split("|") for group in str(words).split("&")] if str(words).strip() else []
    return tuple(tuple(normal(word) for word in group) for group in groups)


class _Sourced(Noun):
    """What every row of a table carries."""

    source: str = Field(min_length=1)
    date: dt.date
    confidence: Confidence


class Festival(_Sourced):
    """A campaign of a market. rule: see `festivals`; days: how long it lasts; preset: a look that suits it."""

    market: str
    id: str
    rule: Annotated[str, BeforeValidator(lambda rule: festivals.parse(rule) and rule)]
    days: int = Field(ge=1, le=60)
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    preset: str

    def next(self, today: dt.date) -> dt.date | None:
        """First day of the one that is on or comes next, None where the rule does not reach that far."""
        begins = festivals.parse(self.rule)
        years = (today.year - 1, today.year, today.year + 1)
        days = sorted(day for year in years for day in begins(year))
        return next((day for day in days if day + dt.timedelta(self.days) > today), None)


class Advice(_Sourced):
    """What to prefer, or what to avoid once the brief says it. said: one word of every group must be said."""

    market: str
    kind: Literal["prefer", "avoid"]
    said: Annotated[Said, BeforeValidator(_alternatives)]
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def applies(self, text: str) -> bool:
        """Does `text`, in normal form, say what this is about?"""
        return all(any(_says(text, word) for word in group) for group in self.said)


class Market(Noun):
    """Where a creative is to run. languages: BCP 47 codes, the usual one first."""

    id: str
    name: Words
    languages: tuple[str, ...] = Field(min_length=1)
    festivals: tuple[Festival, ...]
    advice: tuple[Advice, ...]


class Hint(Noun):
    """One line for the reader. begins: a festival's first day; preset: a look that suits it."""

    kind: Literal["prefer", "avoid", "festival"]
    text: Words
    begins: dt.date | None = None
    preset: str | None = None


@cache
def markets() -> tuple[Market, ...]:
    """Every market in the order of the table. Raises pydantic's ValidationError for a table that is wrong."""
    all_festivals, all_advice = _read("festivals", Festival), _read("advice", Advice)
    return tuple(
        Market(
            id=row["id"],
            name=Words(en=row["en"], zh=row["zh"]),
            languages=tuple(row["languages"].split()),
            festivals=tuple(festival for festival in all_festivals if festival.market == row["id"]),
            advice=tuple(advice for advice in all_advice if advice.market == row["id"]),
        )
        for row in _rows("markets")
    )


def _rows(table: str) -> list[dict[str, str]]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _read(table: str, noun: type[Row]) -> list[Row]:
    return [noun.model_validate(row) for row in _rows(table)]


def find_market(id: str) -> Market:
    """The market of this id. Raises StudioError market.unknown."""
    for market in markets():
        if market.id == id:
            return market
    raise StudioError("market.unknown", id=shown(id), markets=", ".join(market.id for market in markets()))


def hints(market: str, words: Sequence[str], today: dt.date) -> list[Hint]:
    """What is worth knowing before a picture is made for `market`: first what to avoid, then what to prefer, then
    the campaigns that are on or begin within `AHEAD`, the nearest first.

    words: what the brief says: its words, its colours, or the whole text. A thing to avoid is named only if said.
    Raises StudioError market.unknown.
    """
    found = find_market(market)
    text = normal(" \n ".join(words))
    told = [
        Hint(kind=advice.kind, text=Words(en=advice.en, zh=advice.zh))
        for kind in ("avoid", "prefer")
        for advice in found.advice
        if advice.kind == kind and advice.applies(text)
    ]
    return told + _coming(found, today)


def _coming(market: Market, today: dt.date) -> list[Hint]:
    begins = [(festival.next(today), festival) for festival in market.festivals]
    soon = [(day, festival) for day, festival in begins if day and day <= today + AHEAD]
    return [
        Hint(
            kind="festival",
            text=Words(en=festival.en, zh=festival.zh),
            begins=day,
            preset=festival.preset or None,
        )
        for day, festival in sorted(soon, key=lambda pair: pair[0])
    ]


def normal(text: str) -> str:
    """The form under which words are compared: NFKC, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _says(text: str, word: str) -> bool:
    """Chinese words as they stand; others only as a whole word or number, with or without a plural s."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9.]){re.escape(word)}(?:s|es)?(?![a-z0-9]|\.\d)", text) is not None
