"""How well descriptions are understood: the labelled sets beside the tests, and any in their format.

A line is a JSON object: text; product, product_en: accepted names; colors: required (or what colors_alt gives for
one), colors_optional: allowed; exclude, exclude_optional: the same of what must not be seen; backdrop, season:
one value or null, *_any: also accepted.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2i_studio.brief.reading import read
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.domain import Brief
from t2i_studio.errors import StudioError
from t2i_studio.settings import ROOT

SETS = {"labelled.jsonl": (95, 95, 95, 90), "held_out.jsonl": (90, 90, 90, 85)}
"""File → bars in per cent: product, colour precision, colour recall, F1 of backdrop (exclusions, season)."""


@dataclass
class Counts:
    """Right, given and wanted answers of one kind."""

    right: int = 0
    given: int = 0
    wanted: int = 0

    @property
    def precision(self) -> float:
        return 100 * self.right / self.given if self.given else 100.0

    @property
    def recall(self) -> float:
        return 100 * self.right / self.wanted if self.wanted else 100.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass
class Score:
    """Of a labelled set. wrong: (what, label) of each line with a fault."""

    products: Counts = field(default_factory=Counts)
    colors: Counts = field(default_factory=Counts)
    backdrop: Counts = field(default_factory=Counts)
    exclude: Counts = field(default_factory=Counts)
    season: Counts = field(default_factory=Counts)
    wrong: list[tuple[str, Any, Any, str]] = field(default_factory=list)


def measure() -> list[Figure]:
    """Over every set that is there."""
    figures = []
    for name, (product, precision, recall, f1) in SETS.items():
        path = ROOT / "tests" / "brief" / name
        if not path.is_file():
            raise StudioError("file.missing", path=path)
        score = score_set(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        figures += [
            Figure(f"{name}: product", score.products.recall, "%", product, at_least=True),
            Figure(f"{name}: colours, precision", score.colors.precision, "%", precision, at_least=True),
            Figure(f"{name}: colours, recall", score.colors.recall, "%", recall, at_least=True),
            Figure(f"{name}: backdrop, F1", score.backdrop.f1, "%", f1, at_least=True),
            Figure(f"{name}: exclusions, F1", score.exclude.f1, "%", 90, at_least=True),
            Figure(f"{name}: season, F1", score.season.f1, "%", 90, at_least=True),
        ]
    return figures


def score_set(labels: Iterable[dict[str, Any]]) -> Score:
    """Read each text and compare."""
    score = Score()
    for label in labels:
        brief = read(label["text"])
        for kind, (right, given, wanted, got) in _compared(brief, label).items():
            counts: Counts = getattr(score, kind)
            counts.right += right
            counts.given += given
            counts.wanted += wanted
            if not right == given == wanted:
                score.wrong.append(
                    (kind, got, {k: v for k, v in label.items() if k.startswith(kind[:5])}, label["text"])
                )
    return score


def _compared(brief: Brief, label: dict[str, Any]) -> dict[str, tuple[int, int, int, Any]]:
    """For each kind (right, given, wanted, what was read)."""
    named = _product_is(brief, label)
    colors = {found.value for found in brief.colors}
    excluded = {_one_form(found.value) for found in brief.exclude}
    unwanted = {_one_form(name) for name in label["exclude"]}
    spare = {_one_form(name) for name in label.get("exclude_optional", ())}
    return {
        "products": (named, 1, 1, (brief.product and _written(brief), brief.product_en)),
        "colors": _colors(colors, label),
        "exclude": (len(excluded & unwanted), len(excluded - (spare - unwanted)), len(unwanted), excluded),
        "backdrop": _one([found.value for found in brief.backdrop], label, "backdrop"),
        "season": _one([found.value for found in brief.season], label, "season"),
    }


def _colors(found: set[str], label: dict[str, Any]) -> tuple[int, int, int, Any]:
    """A neighbour that the label accepts stands for the colour it neighbours; optional ones count as nothing."""
    wanted, neighbours = set(label["colors"]), label.get("colors_alt", {})
    met = {color for color in wanted if color in found or found & set(neighbours.get(color, ()))}
    spare = set(label.get("colors_optional", ())) | {each for group in neighbours.values() for each in group}
    return len(met), len(met) + len(found - wanted - spare), len(wanted), found


def _one_form(name: str) -> str:
    """Singular and plural are one thing."""
    return name[:-2] if name.endswith(("shes", "xes", "ches")) else name.removesuffix("s")


def _one(found: list[str], label: dict[str, Any], name: str) -> tuple[int, int, int, Any]:
    """At most one value is wanted; an accepted alternative counts as it, and saying nothing where null is
    accepted counts as nothing.
    """
    value = found[0] if found else None
    accepted = {label[name], *label.get(f"{name}_any", ())}
    if value is None:
        return 0, 0, int(None not in accepted), value
    return int(value in accepted), 1, int(label[name] is not None or value in accepted), value


def _product_is(brief: Brief, label: dict[str, Any]) -> bool:
    """The name as written or its English one is accepted; more or fewer words before the same head are too."""
    if brief.product is None:
        return False
    written = _written(brief)
    english = (brief.product_en or "").lower()
    return any(_same(written, name.lower()) for name in label["product"]) or english in label["product_en"]


def _same(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def _written(brief: Brief) -> str:
    assert brief.product is not None
    return brief.text[brief.product.start : brief.product.end].lower()


def failures(path: Path) -> list[tuple[str, Any, Any, str]]:
    """Every fault in a set, for a person to look at."""
    return score_set(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()).wrong
