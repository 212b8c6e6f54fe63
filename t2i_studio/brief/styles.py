"""The style sliders as a model understands them: words or phrases of its family, or slider adapters.

Tables: assets/catalogue for the embedded model's words, assets/styles for the phrases of others and for adapters.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from t2i_studio.brief.values import shown
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, Adapter, Noun, Position, StyleControl, StyleSettings
from t2i_studio.errors import Language, StudioError
from t2i_studio.settings import ASSETS, ROOT

CATALOGUE = ASSETS / "catalogue"
PHRASES = ASSETS / "styles" / "phrases.csv"
SLIDER_ADAPTERS = ASSETS / "styles" / "slider_adapters.csv"

Family = Literal["words", "tags", "sentence"]
"""How a model is spoken to: in the embedded model's own words, in comma-separated tags, or in sentences."""
Scale = Field(ge=-4, le=4)


class _Said(Noun):
    """A row of phrases.csv."""

    control: StyleControl | Literal["position"]
    level: Literal["1", "2", "4", "5"] | Position
    family: Family
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class SliderAdapter(Noun):
    """A row of slider_adapters.csv: a LoRA folder that moves a control of one model; scales of the levels."""

    model: str = Field(min_length=1)
    control: StyleControl
    folder: str = Field(min_length=1)
    scale_1: float = Scale
    scale_2: float = Scale
    scale_4: float = Scale
    scale_5: float = Scale

    @property
    def path(self) -> str:
        return str(ROOT / self.folder)

    def at(self, level: int) -> Adapter | None:
        """What is loaded at a level; None at the neutral one and where the scale is 0."""
        scale = 0.0 if level == NEUTRAL else getattr(self, f"scale_{level}")
        return Adapter(path=self.path, scale=scale) if scale else None


def phrases(style: StyleSettings, language: Language, family: Family = "words") -> list[str]:
    """What the sliders say; neutral levels and an automatic position say nothing."""
    said = _words(family)
    levels = [(control, str(getattr(style, control))) for control in STYLE_CONTROLS]
    place = [] if style.position == "auto" else [("position", style.position)]
    return [said[row][language] for row in (*levels, *place) if row[1] != str(NEUTRAL)]


def adapters_for(style: StyleSettings, model: str) -> tuple[Adapter, ...]:
    """The slider adapters that the levels ask for on the model of this name, in the order of the table."""
    found = [row.at(getattr(style, row.control)) for row in _slider_adapters(SLIDER_ADAPTERS) if row.model == model]
    return tuple(adapter for adapter in found if adapter)


def own_adapters(adapters: Sequence[Adapter], model: str) -> tuple[Adapter, ...]:
    """`adapters` without those that the sliders bring along: what the user chose."""
    brought = {row.path for row in _slider_adapters(SLIDER_ADAPTERS) if row.model == model}
    return tuple(adapter for adapter in adapters if adapter.path not in brought)


@cache
def _words(family: Family) -> dict[tuple[str, str], dict[Language, str]]:
    """(control, level) or ("position", place) → its phrase in each language. ValidationError for a wrong table."""
    if family == "words":
        levels = [(row["control"], row["level"], row) for row in _rows(CATALOGUE / "styles.csv")]
        places = [("position", row["id"], row) for row in _rows(CATALOGUE / "positions.csv")]
        return {(control, level): {"en": row["en"], "zh": row["zh"]} for control, level, row in (*levels, *places)}
    rows = (_Said.model_validate(row) for row in _rows(PHRASES))
    return {(row.control, row.level): {"en": row.en, "zh": row.zh} for row in rows if row.family == family}


@cache
def _slider_adapters(table: Path) -> tuple[SliderAdapter, ...]:
    """The rows of the table. StudioError naming the first that is wrong: teams write it themselves."""
    rows = []
    for number, row in enumerate(_rows(table), 1):
        try:
            rows.append(SliderAdapter.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            value = shown(first["input"])
            raise StudioError("style.slider_row", path=table, row=number, name=name, value=value) from error
    return tuple(rows)


def _rows(table: Path) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file; lines that begin with # are remarks."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))
