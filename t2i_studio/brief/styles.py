"""The style sliders in words, from the tables of assets/catalogue."""

import csv
from functools import cache

from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, StyleSettings
from t2i_studio.errors import Language
from t2i_studio.settings import ASSETS

CATALOGUE = ASSETS / "catalogue"


@cache
def _words() -> dict[tuple[str, int | str], dict[Language, str]]:
    """(control, level) or ("position", place) → its phrase in each language."""
    words: dict[tuple[str, int | str], dict[Language, str]] = {}
    for row in _rows("styles"):
        words[row["control"], int(row["level"])] = {"en": row["en"], "zh": row["zh"]}
    for row in _rows("positions"):
        words["position", row["id"]] = {"en": row["en"], "zh": row["zh"]}
    return words


def _rows(table: str) -> list[dict[str, str]]:
    with (CATALOGUE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def phrases(style: StyleSettings, language: Language) -> list[str]:
    """What the sliders say; neutral levels and an automatic position say nothing."""
    words = _words()
    said = [
        words[control, getattr(style, control)][language]
        for control in STYLE_CONTROLS
        if getattr(style, control) != NEUTRAL
    ]
    return said if style.position == "auto" else [*said, words["position", style.position][language]]
