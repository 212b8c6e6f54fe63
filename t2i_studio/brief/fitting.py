"""Fits the weights of `heads` and `colors` on labelled descriptions: `python -m t2i_studio.brief.fitting FILE.jsonl …`

The format of the files: cli/bench/brief.py.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from t2i_studio.brief import colors, heads, logit
from t2i_studio.brief.normalise import normalise
from t2i_studio.brief.scopes import clauses, scopes
from t2i_studio.brief.segment import segment
from t2i_studio.brief.shades import settle

Label = dict[str, Any]


def product_examples(labels: Sequence[Label]) -> Iterator[logit.Example]:
    """The nouns of each text, and which of them its label accepts; texts where none is are left out."""
    for label in labels:
        normal = normalise(label["text"])
        words = settle(segment(normal.text))
        found = heads.candidates(words, scopes(words))
        right = [_is_named(normal.text[words[c.first].start : words[c.last - 1].end], label) for c in found]
        if any(right):
            yield [candidate.features for candidate in found], right


def _is_named(written: str, label: Label) -> bool:
    named = [normalise(name).text.strip() for name in label["product"]]
    return any(written.endswith(name) or name.endswith(written) for name in named)


def color_examples(labels: Sequence[Label]) -> Iterator[logit.Example]:
    """The owners of each colour, and which of them the label allows: it does not say where a colour stands."""
    for label in labels:
        words = settle(segment(normalise(label["text"]).text))
        around, numbers = scopes(words), clauses(words)
        thing = heads.find_product(words, around)
        product = (thing.first, thing.last) if thing else None
        for place, color in colors.mentions(words, product):
            if "exclude" in around[place] or "metaphor" in around[place]:
                continue
            right = [_may_own(owner, color, label) for owner in colors.OWNERS]
            if not all(right):
                yield colors.options(words, around, numbers, place, product), right


def _may_own(owner: colors.Owner, color: str, label: Label) -> bool:
    """Does the label allow this owner of a colour?"""
    neighbours = label.get("colors_alt", {})
    own = color in label["colors"] or any(color in neighbours.get(wanted, ()) for wanted in label["colors"])
    ground = color in (label["backdrop"], *label.get("backdrop_any", ()))
    if owner == "product":
        return own or color in label.get("colors_optional", ())
    if owner == "backdrop":
        return ground
    return not ((color in label["colors"]) or color == label["backdrop"])


def main(paths: Sequence[str]) -> None:
    """Fit on all lines of the files, tell how good it is, keep the weights."""
    labels = [json.loads(line) for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines()]
    for name, path, examples in (
        ("product", heads.WEIGHTS, product_examples),
        ("owners of colours", colors.WEIGHTS, color_examples),
    ):
        data = list(examples(labels))
        weights = logit.fit(data)
        fitted, held_out = logit.accuracy(data, weights), logit.cross_validated(data)
        print(f"{name}: {len(data)} choices, right: {fitted:.1%} fitted, {held_out:.1%} cross-validated")
        note = f"Weights of the features in brief/{path.stem.split('_')[0]}.py, fitted by brief/fitting.py."
        logit.save_weights(path, weights, note)
        logit.load_weights.cache_clear()


if __name__ == "__main__":
    main(sys.argv[1:])
