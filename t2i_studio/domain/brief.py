"""What a description says, and a reader's corrections of how it was read."""

import re
import unicodedata
from typing import Any, Literal, Self

from t2i_studio.domain.noun import Noun, check_number
from t2i_studio.errors import StudioError

MAX_MARKS = 500


class Found(Noun):
    """Something a description says. value: its canonical English name or code; text[start:end] is where it says so."""

    value: str
    start: int
    end: int


BriefField = Literal[
    "product", "colors", "backdrop", "materials", "pattern", "setting", "props", "season", "campaign", "audience",
    "selling_points", "price", "sizes", "exclude",
]  # fmt: skip
BRIEF_FIELDS: tuple[BriefField, ...] = BriefField.__args__  # type: ignore[attr-defined]


_LETTER = re.compile("[a-zA-Z0-9]")


def _as_word(said: str) -> str:
    """A pattern of `said` that letters beside it do not make part of another word: no "red" in "hundred"."""
    before = "(?<![a-zA-Z0-9])" if _LETTER.match(said) else ""
    return f"{before}{re.escape(said)}" + ("(?![a-zA-Z0-9])" if _LETTER.match(said[-1:]) else "")


class Mark(Noun):
    """A reader's correction: text[start:end] is `field`, or with None is nothing of the kind."""

    field: BriefField | None
    start: int
    end: int

    @classmethod
    def parse(cls, words: list[str], text: str) -> tuple[Self, ...]:
        """From `field=what text says` words, as on the command line; text: as `check_text` returns it.

        Every place that says so is marked, of a product the first; of marks that overlap the last counts.
        StudioError on an unknown field, on what the text does not say and on more than MAX_MARKS places.
        """
        marks: list[Self] = []
        for word in words:
            new = cls._of(word, text)
            marks = [old for old in marks if not any(mark._replaces(old) for mark in new)] + new
            check_number("corrections", len(marks), 0, MAX_MARKS)
        return tuple(marks)

    @classmethod
    def _of(cls, word: str, text: str) -> list[Self]:
        name, _, said = (part.strip() for part in unicodedata.normalize("NFC", word).partition("="))
        if name not in (*BRIEF_FIELDS, "none"):
            raise StudioError("mark.unknown", name=name[:60], names=", ".join((*BRIEF_FIELDS, "none")))
        if not said:
            raise StudioError("mark.empty", word=word[:60])
        places = list(re.finditer(_as_word(said), text, re.IGNORECASE))
        if not places:
            raise StudioError("mark.absent", said=said[:60])
        field: Any = None if name == "none" else name
        marks = [cls(field=field, start=place.start(), end=place.end()) for place in places]
        return marks[:1] if name == "product" else marks

    def _replaces(self, other: Self) -> bool:
        return (self.start < other.end and other.start < self.end) or self.field == other.field == "product"

    def said(self, text: str) -> str:
        """As `parse` takes it, for the text it is a place of."""
        return f"{self.field or 'none'}={text[self.start : self.end]}"


class Brief(Noun):
    """What a description says, each thing with its place in `text`. Made by `brief.reading.read`.

    product: what is sold; its value is the head noun as a name (English where a dictionary has one), product_zh
    and product_en name it in both languages where known. colors: of the product; basic English names. backdrop:
    basic colour names. other_colors: of what else has one (a podium, a strap, balloons). setting: where it stands
    (beach, kitchen). campaign: a festival or sale. exclude: what must not be in the picture. repeated: (field, what was
    found) of a value that was said before; the fields have each value once. unknown: words nothing was made of. scenes:
    the parts of a text that tells of several pictures, at most 6, one for most texts.
    """

    text: str
    language: Literal["en", "zh", "mixed"]
    product: Found | None = None
    product_en: str | None = None
    product_zh: str | None = None
    category: str | None = None
    colors: tuple[Found, ...] = ()
    backdrop: tuple[Found, ...] = ()
    other_colors: tuple[Found, ...] = ()
    materials: tuple[Found, ...] = ()
    pattern: tuple[Found, ...] = ()
    setting: tuple[Found, ...] = ()
    props: tuple[Found, ...] = ()
    season: tuple[Found, ...] = ()
    campaign: tuple[Found, ...] = ()
    audience: tuple[Found, ...] = ()
    selling_points: tuple[Found, ...] = ()
    price: tuple[Found, ...] = ()
    sizes: tuple[Found, ...] = ()
    exclude: tuple[Found, ...] = ()
    repeated: tuple[tuple[BriefField, Found], ...] = ()
    unknown: tuple[Found, ...] = ()
    scenes: tuple[tuple[int, int], ...] = ()
