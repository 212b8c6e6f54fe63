"""Descriptions on which an old and a new model are compared: of products that no rating it learnt from was about."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import Field

from t2i_studio.brief import vocabulary
from t2i_studio.brief.lexicon import lexicon
from t2i_studio.brief.matching import match_product
from t2i_studio.brief.prompt import PromptModel
from t2i_studio.brief.reading import read
from t2i_studio.brief.requests import make_request
from t2i_studio.brief.vocabulary import Vocabulary
from t2i_studio.domain import Noun
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

TABLE = ASSETS / "learning" / "descriptions.csv"


class Description(Noun):
    """A row of descriptions.csv. product: what is sold, in English; text: as a marketer writes it."""

    product: str = Field(min_length=1, max_length=60)
    text: str = Field(min_length=4, max_length=200)


class HeldOut(Noun):
    """fresh: descriptions of products that no rating was about, on which a model is judged. known: others that no
    rating was about but whose product one was: for what only needs many pictures.
    """

    fresh: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """All, the fresh ones first."""
        return self.fresh + self.known


@cache
def descriptions(table: Path = TABLE) -> tuple[Description, ...]:
    """Every row in the order of the table. Raises pydantic's ValidationError for a table that is wrong."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader((line for line in file if not line.startswith("#")), strict=True)
        return tuple(Description.model_validate(row) for row in rows)


def product_of(text: str, model: PromptModel) -> str | None:
    """What a description is about: the model's own concept for it, else the product as the brief reads it, by one name
    for all its synonyms, also Chinese ones.

    None where no product is named, or the text cannot be read.
    """
    try:
        brief = read(text)
    except StudioError:
        return None
    if brief.product is None:
        return None
    known = vocabulary.load(Path(model.source))
    concept = match_product(brief, known).concept if known else None
    return concept or _usual_name(brief.product_en or brief.product.value)


def _usual_name(name: str) -> str:
    """One name for all that a product is called: of the catalogue's nearest picture, else its most usual one."""
    for form in (name, name.removesuffix("s"), name.removesuffix("es"), re.sub("ies$", "y", name)):
        if product := lexicon().products.get(form):
            return product.near[0] if product.near else product.en[0]
    return name


def names_of(text: str) -> tuple[str, str]:
    """The product of a description in English and Chinese, "" where it is not known."""
    brief = read(text)
    if brief.product is None:
        return "", ""
    return brief.product_en or "", brief.product_zh or ""


def held_out(model: PromptModel, trained: Iterable[str], seed: int = 0) -> HeldOut:
    """Every description that the model can draw, apart from `trained`: the descriptions of the ratings.

    A model with a closed vocabulary must know the product itself, not only one close to it. Deterministic; the order
    goes over all products before one comes again, Chinese and English mixed, so that any beginning is a fair sample.
    """
    used = {text.strip() for text in trained}
    products = {product_of(text, model) for text in used}
    by_product: dict[str, list[str]] = defaultdict(list)
    for text in drawable(model):
        if text not in used:
            by_product[product_of(text, model) or text].append(text)
    return HeldOut(
        fresh=_in_turn({name: texts for name, texts in by_product.items() if name not in products}, seed),
        known=_in_turn({name: texts for name, texts in by_product.items() if name in products}, seed),
    )


def drawable(model: PromptModel) -> list[str]:
    """The texts of the table whose product the model knows, in the order of the table."""
    known = vocabulary.load(Path(model.source))
    texts = [description.text for description in descriptions()]
    return texts if known is None else [text for text in texts if _draws(text, model, known)]


def _draws(text: str, model: PromptModel, known: Vocabulary) -> bool:
    brief = read(text)
    if brief.product is None or match_product(brief, known).how != "known":
        return False
    try:
        make_request(text, model, seed=0)
    except StudioError:
        return False
    return True


def _in_turn(by_product: dict[str, list[str]], seed: int) -> tuple[str, ...]:
    """One of each product, then a second of each, and so on; products and their texts in an order drawn by seed."""
    rng = np.random.default_rng(seed)
    names: Sequence[str] = sorted(by_product)
    shuffled = [list(rng.permutation(by_product[names[at]])) for at in rng.permutation(len(names))]
    longest = max(map(len, shuffled), default=0)
    return tuple(str(texts[turn]) for turn in range(longest) for texts in shuffled if turn < len(texts))
