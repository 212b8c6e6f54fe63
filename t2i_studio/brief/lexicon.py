"""The words of assets/words that a description is read with: what each may mean, in Chinese and English."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from t2i_studio.brief.normalise import is_han
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

WORDS = ASSETS / "words"
CATALOGUE = ASSETS / "catalogue"

BASIC = "红橙黄绿蓝紫粉棕黑白灰金银青"
Meaning = Literal[
    "product", "part", "color", "not_color", "backdrop", "material", "pattern", "setting", "prop", "season",
    "campaign", "audience", "selling_point", "exclusion",
    "negator", "gift", "like", "likeness", "place", "purpose", "meta", "classifier", "label", "want", "container",
    "stop", "body", "function", "stand", "link", "thing", "claim",
]  # fmt: skip
"""What a word may be; the last two lines are its part in a sentence (grammar.csv); a thing may be named as
unwanted, a claim (无糖, "no drill") is said of the product."""
TERMS: dict[str, Meaning] = {
    "colors": "color",
    "materials": "material",
    "patterns": "pattern",
    "settings": "setting",
    "props": "prop",
    "seasons": "season",
    "campaigns": "campaign",
    "audiences": "audience",
    "selling_points": "selling_point",
    "exclusions": "exclusion",
    "things": "thing",
}


@dataclass(frozen=True)
class Product:
    """A kind of product. zh, en: its names, most usual first; near: ids of catalogue objects that come closest."""

    category: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    near: tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """How the names of products of a kind end, for products that no table lists."""

    category: str
    en: str


@dataclass(frozen=True)
class Lexicon:
    """meanings: normal form of a word → its meanings with their values. products: by any of their names. generals:
    words for many kinds of product (toy, 包) → the categories of these.
    shades: words that may stand for a colour. shade_cues: words that show that they do, by what they are.
    """

    meanings: dict[str, tuple[tuple[Meaning, str], ...]]
    products: dict[str, Product]
    generals: dict[str, frozenset[str]]
    heads: dict[str, Head]
    shades: dict[str, str]
    shade_cues: dict[str, frozenset[str]]

    def values(self, word: str, meaning: Meaning) -> list[str]:
        """What `word` says as a `meaning`; empty when it is none."""
        return [value for kind, value in self.meanings.get(word, ()) if kind == meaning]


@cache
def lexicon() -> Lexicon:
    """Read once. Raises StudioError words.unreadable when a table is damaged."""
    meanings: dict[str, list[tuple[Meaning, str]]] = defaultdict(list)
    products: dict[str, Product] = {}
    for product in [*_objects(), *_products()]:
        for name in (*product.zh, *product.en):
            kept = products.setdefault(name.lower(), product)
            if kept is product:
                meanings[name.lower()].append(("product", product.en[0] if product.en else name))
    for meaning, value, word in _terms():
        meanings[word].append((meaning, value))
    _add_compounds(meanings)
    heads = {row["head"]: Head(row["category"], row["en"]) for row in _rows(WORDS / "product_heads.csv")}
    shades = {word: row["value"] for row in _rows(WORDS / "terms" / "shades.csv") for word in _both(row)}
    cues = {row["cue"]: frozenset(_both(row)) for row in _rows(WORDS / "shade_cues.csv")}
    known = {word: tuple(dict.fromkeys(found)) for word, found in meanings.items()}
    return Lexicon(known, products, _generals(), heads, shades, cues)


def _add_compounds(meanings: dict[str, list[tuple[Meaning, str]]]) -> None:
    """纯灰: a shade of a basic colour. 白底, 浅灰底图: colour and backdrop in one word, unless it is another (粉底)."""
    for character in BASIC:
        for shade in "纯深浅淡暗亮正全":
            if shade + character not in meanings:
                meanings[shade + character] = list(meanings[character])
    for word, found in list(meanings.items()):
        value = next((value for meaning, value in found if meaning == "color"), None)
        if value is not None and is_han(word[0]) and len(word) < 5:
            for ground in ("底", "底图"):
                if word + ground not in meanings:
                    meanings[word + ground] = [("color", value), ("backdrop", word + ground)]


def _objects() -> Iterator[Product]:
    for row in _rows(CATALOGUE / "objects.csv"):
        zh = (row["zh"], row["zh_hant"], *_split(row["synonyms_zh"]))
        yield Product(row["category"], zh, (row["en"], *_split(row["synonyms_en"])), (row["id"],))


def _generals() -> dict[str, frozenset[str]]:
    categories: dict[str, set[str]] = defaultdict(set)
    for row in _rows(CATALOGUE / "objects.csv"):
        for word in (row["hypernym_en"], f"{row['hypernym_en']}s", row["hypernym_zh"]):
            categories[word].add(row["category"])
    return {word: frozenset(some) for word, some in categories.items()}


def _products() -> Iterator[Product]:
    for row in _rows(WORDS / "products.csv"):
        yield Product(row["category"], _split(row["zh"]), _split(row["en"]), _split(row["near"]))


def _terms() -> Iterator[tuple[Meaning, str, str]]:
    for table, meaning in TERMS.items():
        for row in _rows(WORDS / "terms" / f"{table}.csv"):
            for word in _both(row):
                yield meaning, row["value"], word.lower()
                if meaning == "thing" and word.isascii() and not word.endswith("s"):
                    yield meaning, row["value"], f"{word}s"  # another table may know the plural alone
    others: dict[str, Meaning] = {"parts.csv": "part", "terms/not_colors.csv": "not_color", "backdrops.csv": "backdrop"}
    for table, meaning in others.items():
        for row in _rows(WORDS / table):
            for word in _both(row):
                yield meaning, word, word.lower()
    for row in _rows(WORDS / "grammar.csv"):
        for word in _both(row):
            yield cast(Meaning, row["role"]), row["role"], word


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split("|") if name.strip())


def _both(row: dict[str, str]) -> tuple[str, ...]:
    """The words of both languages."""
    return (*_split(row["zh"]), *_split(row["en"]))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise StudioError("words.unreadable", path=path) from error
