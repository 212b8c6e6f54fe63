"""A Chinese description and its English translation: as often the right product in the right colour.

Each line of tests/brief/parallel.csv is filled with products, colours and backdrops of the catalogue; both texts go
the page's way to a prompt and are drawn from the same noise. The judge looks at the pictures: that of training/ where
`pretrain judge` made one, else the studio's.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from t2i_studio.brief.requests import make_request
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.cli.console import load_settings, report
from t2i_studio.engine.registry import ModelCard, find_model
from t2i_studio.errors import StudioError
from t2i_studio.pretraining import export, recipe
from t2i_studio.pretraining.catalogue import Catalogue, load_catalogue
from t2i_studio.settings import ROOT

PARALLEL = ROOT / "tests" / "brief" / "parallel.csv"
WORK = ROOT / "training"
ROUNDS, SEED = 8, 2026
"""How often each product is described; of which lines, colours and backdrops."""

Tongue = Literal["zh", "en"]
_WRONG_ARTICLE = re.compile(r"\ba (?=[aeiou])", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """Two descriptions that say the same, and the names of what they say in the catalogue."""

    zh: str
    en: str
    product: str
    color: str
    backdrop: str


def measure() -> list[Figure]:
    """The difference of the shares, in points; and the shares."""
    catalogue, model = load_catalogue(), find_model(load_settings(), "podium")
    assert model.folder is not None
    pairs = make_pairs(catalogue, export.known_objects(model.folder))
    shares: dict[Tongue, float] = {}
    for tongue in ("zh", "en"):
        report(f"  {len(pairs)} descriptions, {tongue}")
        prompts = [_prompt(getattr(pair, tongue), model) for pair in pairs]
        shares[tongue] = 100 * _right(pairs, model.folder, prompts, catalogue)
    return [
        Figure("right product and colour, Chinese description", shares["zh"], "%"),
        Figure("right product and colour, its English translation", shares["en"], "%"),
        Figure("difference", abs(shares["zh"] - shares["en"]), "points", 2),
    ]


def make_pairs(catalogue: Catalogue, products: Sequence[str]) -> list[Pair]:
    """ROUNDS descriptions of each product that has colours to ask for, every line about as often."""
    rng = np.random.default_rng(SEED)
    with PARALLEL.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    pairs: list[Pair] = []
    for name in [name for name in products if catalogue.suitable[name]] * ROUNDS:
        line = lines[len(pairs) % len(lines)]
        color = str(rng.choice(catalogue.suitable[name]))
        backdrop = str(rng.choice([other for other in catalogue.backdrops if other != color]))
        rows = {
            "product": catalogue.objects[name],
            "color": catalogue.colors[color],
            "backdrop": catalogue.backdrops[backdrop],
        }
        zh = line["zh"].format_map({key: row.zh for key, row in rows.items()})
        en = line["en"].format_map({key: row.en for key, row in rows.items()})
        pairs.append(Pair(zh, _WRONG_ARTICLE.sub("an ", en), name, color, backdrop))
    return pairs


def _prompt(text: str, model: ModelCard) -> str:
    """What the model would get; nothing for a description that is refused, so that its picture is wrong."""
    try:
        return make_request(text=text, model=model).prompt.text
    except StudioError:
        return ""


def _right(pairs: Sequence[Pair], folder: Path, prompts: Sequence[str], catalogue: Catalogue) -> float:
    """Share of the pictures in which the judge sees both the product and its colour."""
    seen = recipe.judged(WORK, folder, prompts)
    products, colors = list(catalogue.objects), list(catalogue.colors)
    right = [
        products[what] == pair.product and color == 1 + colors.index(pair.color)
        for what, color, pair in zip(seen["object"], seen["color"], pairs, strict=True)
    ]
    return float(np.mean(right))
