"""What becomes of product names that the embedded model was never taught, against what a person would accept.

A line of tests/brief/unknown_words.csv: word, lang, accepted (ids of objects divided by |; none: an honest refusal).
Where no accepted object is among those the model offers, a refusal is right too.
"""

import csv

from t2i_studio.brief import vocabulary
from t2i_studio.brief.matching import match_product
from t2i_studio.brief.reading import read
from t2i_studio.cli.bench.figures import Figure
from t2i_studio.errors import StudioError
from t2i_studio.settings import EMBEDDED_MODEL, ROOT

WORDS = ROOT / "tests" / "brief" / "unknown_words.csv"
BAR = 80


def measure() -> list[Figure]:
    """The share that is mapped or refused as a person would. Raises StudioError file.missing."""
    if not WORDS.is_file():
        raise StudioError("file.missing", path=WORDS)
    known = vocabulary.load(EMBEDDED_MODEL)
    assert known is not None
    with WORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = [row["word"] for row in rows if is_right(row["word"], row["accepted"].split("|"), known)]
    return [Figure("unknown words: mapped or refused rightly", 100 * len(right) / len(rows), "%", BAR, at_least=True)]


def is_right(word: str, accepted: list[str], known: vocabulary.Vocabulary) -> bool:
    """Whether the model's object for `word` is accepted, or its refusal is."""
    brief = read(word)
    concept = match_product(brief, known).concept if brief.product else None
    offered = {f"object.{name}" for name in accepted} & set(known.concepts)
    if concept is None:
        return "none" in accepted or not offered
    return concept in offered
