"""Charts of figures with their intervals, drawn as SVG inside rows of HTML: they fit a phone, print, and take the
colours of the page they stand on (static/figures.css).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

HEIGHT = 30
"""Pixels of a row."""


@dataclass(frozen=True)
class Line:
    """A row: its label, its picture's address if it has one, the interval drawn, and the figure in words."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    told: str
    picture: str | None = None
    rank: str = ""


@dataclass(frozen=True)
class Scale:
    """From where to where the rows go; marks: (value, words) along the foot; middle: where a line stands."""

    low: float
    high: float
    marks: Sequence[tuple[float, str]]
    middle: float | None = None

    def at(self, value: float) -> str:
        """A place along the row, in percent; what lies beyond stands at its end."""
        share = (value - self.low) / (self.high - self.low)
        return f"{100 * min(1, max(0, share)):.2f}%"


def intervals(lines: Sequence[Line], scale: Scale, name: str) -> str:
    """A dot and a bar for each line. name: what is drawn, for who cannot see it."""
    rows = "".join(_row(line, scale) for line in lines)
    marks = "".join(
        f'<text x="{scale.at(value)}" y="14" text-anchor="{_anchor(value, scale)}">{escape(words)}</text>'
        for value, words in scale.marks
    )
    foot = f'<svg class="foot" width="100%" height="18" aria-hidden="true">{marks}</svg>'
    return (
        f'<div class="chart" role="list" aria-label="{escape(name)}">{rows}'
        f'<div class="line last" aria-hidden="true"><span></span>{foot}<span></span></div></div>'
    )


def _anchor(value: float, scale: Scale) -> str:
    return "start" if value == scale.low else "end" if value == scale.high else "middle"


def _row(line: Line, scale: Scale) -> str:
    drawn = ""
    if scale.middle is not None:
        at = scale.at(scale.middle)
        drawn = f'<line class="middle" x1="{at}" x2="{at}" y1="0" y2="100%"/>'
    drawn += '<line class="rail" x1="0" x2="100%" y1="50%" y2="50%"/>'
    if line.low is not None and line.high is not None:
        drawn += f'<line class="interval" x1="{scale.at(line.low)}" x2="{scale.at(line.high)}" y1="50%" y2="50%"/>'
    if line.value is not None:
        drawn += f'<circle cx="{scale.at(line.value)}" cy="50%" r="6"/>'
    return (
        f'<div class="line" role="listitem">{label(line.label, line.picture, line.rank)}'
        f'<svg width="100%" height="{HEIGHT}" aria-hidden="true">{drawn}</svg>'
        f'<span class="told">{escape(line.told)}</span></div>'
    )


def label(text: str, picture: str | None, rank: str = "") -> str:
    """A row's name, with its picture where it has one."""
    image = f'<img src="{escape(picture)}" alt="" loading="lazy">' if picture else ""
    number = f"<b>{escape(rank)}</b>" if rank else ""
    return f'<span class="label">{number}{image}<span>{escape(text)}</span></span>'


@dataclass(frozen=True)
class Parts:
    """A row of a whole in parts: (class, count) from left to right."""

    label: str
    parts: Sequence[tuple[str, int]]
    told: str
    picture: str | None = None


def shares(rows: Sequence[Parts], legend: Sequence[tuple[str, str]], name: str) -> str:
    """Stacked bars. legend: (class, words)."""
    keys = "".join(f'<span><i class="{kind}"></i>{escape(words)}</span>' for kind, words in legend)
    drawn = "".join(_stack(row) for row in rows)
    return (
        f'<div class="chart-legend" aria-hidden="true">{keys}</div>'
        f'<div class="chart" role="list" aria-label="{escape(name)}">{drawn}</div>'
    )


def _stack(row: Parts) -> str:
    whole, at, drawn = max(1, sum(count for _, count in row.parts)), 0, ""
    for kind, count in row.parts:
        if count:
            start, width = 100 * at / whole, 100 * count / whole
            drawn += f'<rect class="{kind}" x="{start:.2f}%" width="{width:.2f}%" y="7" height="16"/>'
        at += count
    return (
        f'<div class="line" role="listitem">{label(row.label, row.picture)}'
        f'<svg width="100%" height="{HEIGHT}" aria-hidden="true">{drawn}</svg>'
        f'<span class="told">{escape(row.told)}</span></div>'
    )
