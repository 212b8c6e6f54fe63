"""What a model with a closed vocabulary draws for a product, a colour or a prop that a description names."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Literal

from t2i_studio.brief import nearness
from t2i_studio.brief.lexicon import WORDS, Product, lexicon
from t2i_studio.brief.translation import dictionary_gloss, ending
from t2i_studio.brief.vocabulary import Vocabulary, normal
from t2i_studio.domain import Brief, Mark

SUGGESTED = 5
SAME_CATEGORY = 0.15
"""What a shared category is worth beside a cosine of sentence vectors."""
How = Literal["known", "synonym", "dictionary"]


@dataclass(frozen=True)
class Match:
    """concept: id in the model's vocabulary, None where nothing comes close enough to be honest. how: by the model's
    own words, by the table of products, or by the Chinese–English dictionary. closest: up to five ids to choose from.
    """

    concept: str | None
    how: How | None = None
    closest: tuple[str, ...] = ()


def match_product(brief: Brief, known: Vocabulary) -> Match:
    """The object that comes closest to a brief's product, which must be there."""
    assert brief.product is not None
    written = normal(brief.text[brief.product.start : brief.product.end])
    names = [name for name in (written, brief.product_zh, brief.product_en) if name]
    for name in names:
        if concept := known.find(name, "object"):
            return Match(concept, "known")
    listed = [product for name in names if (product := lexicon().products.get(name))]
    for product in listed:
        if concept := _near(product, known):
            return Match(concept, "synonym")
    for gloss in (None if listed else dictionary_gloss(written), brief.product_en):  # 奖杯 is no cup of coffee
        if gloss and (concept := _by_head(gloss, known)):
            return Match(concept, "dictionary")
    return Match(None, closest=_closest(brief, known))


def own_product(text: str, known: Vocabulary) -> tuple[Mark, ...]:
    """A mark of the first name in `text` of a product that only this model knows, as a shop's own; none without one.

    text: as check_text returns it. Products that the table of products lists are found by reading.
    """
    listed = lexicon().products
    for token in known.split(text):
        concept = known.find(token.text, "object") if token.kind == "known" else None
        if concept and not {normal(known.concepts[concept][language]) for language in ("en", "zh")} <= listed.keys():
            return (Mark(field="product", start=token.start, end=token.end),)
    return ()


def match_color(color: str, kind: Literal["color", "backdrop"], known: Vocabulary) -> str | None:
    """The model's concept for a basic colour, or for its neighbour in assets/words/near_colors.csv."""
    concept = known.find(color, kind)
    near = _near_colors().get(color)
    return concept or (known.find(near, kind) if near else None)


def _near(product: Product, known: Vocabulary) -> str | None:
    return next((concept for name in product.near if (concept := f"object.{name}") in known.concepts), None)


def _by_head(name: str, known: Vocabulary) -> str | None:
    """The concept of the last word of an English name, as a whole or as the table of products knows it."""
    words = name.split()
    for count in (len(words), 2, 1):
        head = " ".join(words[-count:])
        if concept := known.find(head, "object"):
            return concept
        product = lexicon().products.get(head)
        if product is not None and (concept := _near(product, known)) and _is_kind_of(head, known, concept):
            return concept
    return None


def _is_kind_of(head: str, known: Vocabulary, concept: str) -> bool:
    """Is a general word (hat, shoe) so near that any of its kind may be drawn as `concept`?"""
    row = known.concepts[concept]
    return head in (row.get("hypernym_en", ""), row["en"]) or ending(head) is not None


def _closest(brief: Brief, known: Vocabulary) -> tuple[str, ...]:
    """Objects most like the product, those of its category before others that are about as like it."""
    objects = [concept for concept, row in known.concepts.items() if row["kind"] == "object"]
    names = [known.concepts[concept]["en"] for concept in objects]
    likeness = nearness.likeness(brief.product_en or "", names)

    def order(at: int) -> float:
        product = lexicon().products.get(names[at])
        return likeness[at] + SAME_CATEGORY * (product is not None and product.category == brief.category)

    return tuple(objects[at] for at in sorted(range(len(objects)), key=order, reverse=True)[:SUGGESTED])


@cache
def _near_colors() -> dict[str, str]:
    with (WORDS / "near_colors.csv").open(encoding="utf-8", newline="") as file:
        return {row["color"]: row["near"] for row in csv.DictReader(file)}
