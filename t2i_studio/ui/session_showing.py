"""How figures are written: in the reader's language, with names that people use, as HTML whose texts are escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

from t2i_studio.brief.presets import presets
from t2i_studio.errors import Language
from t2i_studio.feedback.estimates import Estimate
from t2i_studio.store.faults import FAULTS
from t2i_studio.ui.i18n import words

FIRST = 20
"""Rows that are in sight at once; the others unfold."""


@dataclass(frozen=True)
class Showing:
    """For whom the figures are written. pictures: {source: address} of sources that are single pictures."""

    language: Language
    pictures: dict[str, str]

    def say(self, key: str, **values: object) -> str:
        """Words of assets/words/ui.json."""
        return words(self.language)[key].format(**values)

    @cached_property
    def _presets(self) -> dict[str, str]:
        return {each.id: each.name.said(self.language) for each in presets()}

    def source(self, name: str) -> str:
        """A source as people call it: a preset by its name."""
        if name == "–":
            return self.say("fs_without")
        return self._presets.get(name, name)

    def fault(self, code: str) -> str:
        """A fault tag's name."""
        return getattr(FAULTS[code].name, self.language) if code in FAULTS else code


def percent(value: float | None) -> str:
    """A share in whole percent."""
    return "–" if value is None else f"{100 * value:.0f} %"


def told(estimate: Estimate, *, stars: bool = False) -> str:
    """A share in percent, or a mean of stars (1–5), with its interval as far as it lies on the scale."""
    show = (lambda value: f"{min(5, max(1, value)):.2f}") if stars else (lambda value: f"{100 * value:.0f}")
    unit = "" if stars else " %"
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{show(estimate.value)}{unit}"
    return f"{show(estimate.value)}{unit} ({show(estimate.low)}–{show(estimate.high)})"


def section(title: str, *parts: str) -> str:
    """Nothing where no part has anything to say."""
    return f"<section><h3>{escape(title)}</h3>{''.join(parts)}</section>" if any(parts) else ""


def quiet(text: str) -> str:
    """A line in small print."""
    return f'<p class="quiet">{escape(text)}</p>'


def folded(rows: Sequence[str], wrap: tuple[str, str], showing: Showing) -> str:
    """The first rows, and the others behind a fold."""
    open_, close = wrap
    first = open_ + "".join(rows[:FIRST]) + close
    if len(rows) <= FIRST:
        return first
    more = escape(showing.say("fs_more_rows", n=len(rows) - FIRST))
    return f"{first}<details><summary>{more}</summary>{open_}{''.join(rows[FIRST:])}{close}</details>"


def table(head: Sequence[str]) -> tuple[str, str]:
    """What goes before and after the rows."""
    cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>', "</tbody></table></div>"


def cells(first: str, *others: object) -> str:
    """A row of a table, its name first."""
    rest = "".join(f"<td>{escape(str(each))}</td>" for each in others)
    return f'<tr><th scope="row">{escape(first)}</th>{rest}</tr>'
