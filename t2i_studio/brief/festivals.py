"""When a festival or campaign begins: the rules of assets/markets/festivals.csv, from words to a date of a year.

    11-11                             month and day
    11 thu 4 +1                       the day after the fourth Thursday of November
    05 mon last                       the last Monday of May
    easter -21                        days from Easter Sunday
    calendar CN Mid-Autumn Festival   by the public holidays of a country, for calendars of the moon
    table 2026-08-19 2027-08-08       written out, where no calendar is at hand

Any rule may end with days to add (+1, -28).
"""

import re
import warnings
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"(.+?)(?:\s+([+-]\d{1,3}))?")
_DAY = re.compile(r"(\d\d)-(\d\d)")
_NTH = re.compile(rf"(\d\d) ({'|'.join(WEEKDAYS)}) ([1-5]|last)")
_CALENDAR = re.compile(r"calendar ([A-Z]{2}) (.+)")
_TABLE = re.compile(r"table((?: \d{4}-\d\d-\d\d)+)")
_ESTIMATED = " (estimated)"
"""What the library adds to a date that depends on sighting the moon."""

_APART = timedelta(20)
"""Days of one name nearer than this belong to the same festival."""

Days = Callable[[int], list[date]]
"""Year → the days in it on which the festival begins: mostly one; none where the rule does not reach, two where a
year of the moon ends twice."""


def parse(rule: str) -> Days:
    """The rule as a function of the year. Raises ValueError when it is none of the forms above."""
    shifted = _SHIFT.fullmatch(rule.strip())
    days = _parse(shifted[1]) if shifted else None
    if shifted is None or days is None:
        raise ValueError(f"no rule for a date: {rule!r}")
    shift = timedelta(int(shifted[2] or 0))

    return lambda year: [day + shift for day in days(year)]


def _parse(rule: str) -> Days | None:
    if match := _NTH.fullmatch(rule):
        month, weekday, nth = int(match[1]), WEEKDAYS.index(match[2]), match[3]
        return lambda year: _nth(year, month, weekday, nth)
    if match := _DAY.fullmatch(rule):
        month, day = int(match[1]), int(match[2])
        date(2000, month, day)
        return lambda year: [date(year, month, day)]
    if rule == "easter":
        return lambda year: [easter(year)]
    if match := _CALENDAR.fullmatch(rule):
        country, name = match[1], match[2]
        return lambda year: _public_holidays(country, year).get(name, [])
    if match := _TABLE.fullmatch(rule):
        dates = [date.fromisoformat(day) for day in match[1].split()]
        return lambda year: [day for day in dates if day.year == year]
    return None


def _nth(year: int, month: int, weekday: int, nth: str) -> list[date]:
    """The nth ("1" to "5", "last") weekday of a month; none in a month without a fifth."""
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    fitting = [day for day in days if day.weekday() == weekday]
    return fitting[-1:] if nth == "last" else fitting[int(nth) - 1 : int(nth)]


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    from dateutil import easter as algorithm

    return algorithm.easter(year)


@cache
def _public_holidays(country: str, year: int) -> dict[str, list[date]]:
    """English name → the days on which it begins; empty for years the library does not reach."""
    from holidays import country_holidays  # 0.1 s, and only a market with such a festival needs it

    days: dict[str, list[date]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of those years
        found = country_holidays(country, years=year, language="en_US")
    for day, names in sorted(found.items()):
        for name in names.split("; "):
            days.setdefault(name.removesuffix(_ESTIMATED), []).append(day)
    return {
        name: [day for before, day in zip([None, *all_], all_, strict=False) if before is None or day - before > _APART]
        for name, all_ in days.items()
    }
