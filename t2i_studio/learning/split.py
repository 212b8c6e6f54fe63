"""Which ratings train and which only check: apart by product, so that what is checked was never seen."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from t2i_studio.domain import Evidence, Judgement, Opinion, Part, Preference

CHECKED = 0.2
"""Share of the products that only check."""
MOST = 0.35
"""Share of the judgements that may at most go to checking: where few products are rated, training needs them."""
Naming = Callable[[str], str | None]
"""The product that a description is about (held_out.product_of); None where it names none."""


@dataclass(frozen=True)
class Split:
    """parts: of every judgement that says something. by: what no two parts share; descriptions, where all are about one
    product. products: how many judgements are about each; a description that names none stands for itself.
    """

    parts: dict[Judgement, Part]
    by: Literal["product", "description"]
    products: dict[str, int]

    def count(self, part: Part) -> int:
        return sum(each is part for each in self.parts.values())


def split(evidence: Evidence, product: Naming) -> Split:
    """The same for the same ratings; which products check is drawn by their names, whatever else is rated.

    No product is on both sides; where there is only one, no description is. With two products, or where one has nearly
    all ratings, none may check.
    """
    texts = descriptions(evidence)
    names = {text: product(text) or text for text in set(texts.values())}
    by_product = len(set(names.values())) > 1
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for judgement, text in texts.items():
        groups[names[text] if by_product else text].append(judgement)
    checking = _checking({name: len(members) for name, members in groups.items()})
    counts: dict[str, int] = defaultdict(int)
    for text in texts.values():
        counts[names[text]] += 1
    return Split(
        parts={each: Part.CHECK if name in checking else Part.TRAIN for name, of in groups.items() for each in of},
        by="product" if by_product else "description",
        products=dict(sorted(counts.items(), key=lambda row: (-row[1], row[0]))),
    )


def _checking(sizes: Mapping[str, int]) -> set[str]:
    wanted = max(1, round(CHECKED * len(sizes)))
    left = MOST * sum(sizes.values())
    chosen: set[str] = set()
    for name in sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest()):
        if len(chosen) < wanted and sizes[name] <= left:
            chosen.add(name)
            left -= sizes[name]
    return chosen


def descriptions(evidence: Evidence) -> dict[Judgement, str]:
    """The description that each judgement is about."""
    rows: tuple[Preference | Opinion, ...] = (*evidence.preferences, *evidence.opinions)
    return {judgement: each.description for each in rows for judgement in each.judgements}


def only(evidence: Evidence, judgements: Collection[Judgement]) -> Evidence:
    """What these judgements say alone: a preference of two ratings needs both."""
    wanted = frozenset(judgements)
    return evidence.model_copy(
        update={
            "preferences": tuple(each for each in evidence.preferences if wanted.issuperset(each.judgements)),
            "opinions": tuple(each for each in evidence.opinions if wanted.issuperset(each.judgements)),
        }
    )
