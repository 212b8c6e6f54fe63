"""How a description was read, piece by piece for the page, and what a visitor corrected of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from t2i_studio.brief.grids import MAX_CELLS
from t2i_studio.brief.marks import moved
from t2i_studio.brief.normalise import normalise
from t2i_studio.brief.reading import read
from t2i_studio.brief.requests import make_request
from t2i_studio.brief.segment import segment
from t2i_studio.brief.variations import expand
from t2i_studio.domain import BRIEF_FIELDS, MAX_MARKS, Brief, BriefField, Found, Mark, check_text
from t2i_studio.errors import Language, StudioError

_LIST = re.compile("、|, ")
PieceField = BriefField | Literal["unknown", "none"]
"""What a piece of the text was taken for; "none": a visitor said that it is nothing of the kind."""


class Corrections(BaseModel):
    """What the page sends: marks, and the text they are places of (a description in its first alternative).

    version: counted by the page, which tells by it whether a reading knows of the newest corrections.
    """

    text: str = ""
    marks: Annotated[tuple[Mark, ...], Field(max_length=MAX_MARKS)] = ()
    version: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Piece:
    """text[start:end] of a brief. field: None for plain text; word: can be chosen; marked: a visitor said so."""

    text: str
    start: int
    end: int
    field: PieceField | None = None
    value: str | None = None
    word: bool = False
    marked: bool = False


def first_text(description: str) -> str:
    """The text that is read of a description: its first alternative, as `check_text` returns it.

    Raises StudioError of `expand` and `check_text`.
    """
    return check_text(expand(description, MAX_CELLS)[0])


def marks_for(value: Any, description: str) -> tuple[Mark, ...]:
    """The marks the page sent, moved to where they are in the description now.

    Raises StudioError page.payload, and those of `first_text`.
    """
    sent = _sent(value)
    return moved(sent.marks, sent.text, first_text(description)) if sent.marks else ()


def _sent(value: Any) -> Corrections:
    try:
        return Corrections.model_validate(value or {})
    except ValidationError as error:
        raise StudioError("page.payload", name="marks") from error


def corrections(description: str, marks: Sequence[Mark]) -> dict[str, Any]:
    """The page's value for marks of a stored description; without braces, so that it is its own first text."""
    return Corrections(text=check_text(description), marks=tuple(marks)).model_dump()


def told(brief: Brief, marks: Sequence[Mark], value: Any = None) -> dict[str, Any]:
    """A brief as its part of the page shows it; value: what the page sent, of which it was read."""
    return {
        "text": brief.text,
        "version": _sent(value).version,
        "marks": [mark.model_dump() for mark in marks],
        "pieces": [_said(piece) for piece in pieces(brief, marks)],
    }


def _said(piece: Piece) -> dict[str, Any]:
    """What a piece says; a long text has hundreds."""
    return {name: value for name, value in vars(piece).items() if value is not None and value is not False}


def told_prompt(options: dict[str, Any], language: Language) -> dict[str, Any]:
    """The prompt of a request, given as arguments of `make_request`, as its part of the page shows it.

    Where there is none: why, with products to choose from if the model cannot draw the one in the text.
    """
    try:
        return make_request(**options).prompt.model_dump(mode="json")
    except StudioError as error:
        told: dict[str, Any] = {"problem": error.sentence(language)}
        brief = read(options["text"], options["marks"])
        if error.key == "brief.product_unknown" and brief.product:
            told["choices"] = [name for name in _LIST.split(str(error.params["closest"])) if name]
            told["product"] = {"start": brief.product.start, "end": brief.product.end, "text": brief.text}
        return told


def pieces(brief: Brief, marks: Sequence[Mark]) -> list[Piece]:
    """The whole text of a brief in order, cut where something was found and, between that, at its words."""
    words = list(_words(brief.text))
    cut: list[Piece] = []
    at = 0
    for piece in sorted(_found(brief, marks), key=lambda piece: (piece.start, -piece.end)):
        if piece.start >= at:
            cut += [*_between(brief.text, at, piece.start, words), piece]
            at = piece.end
    return [*cut, *_between(brief.text, at, len(brief.text), words)]


def _found(brief: Brief, marks: Sequence[Mark]) -> Iterator[Piece]:
    fields: dict[PieceField, tuple[Found, ...]] = {
        "product": (brief.product,) if brief.product else (),
        **{field: getattr(brief, field) for field in BRIEF_FIELDS if field != "product"},
        "unknown": brief.unknown,
        "none": tuple(Found(value="", start=mark.start, end=mark.end) for mark in marks if mark.field is None),
    }
    for of, again in brief.repeated:
        fields[of] = (*fields[of], again)
    for field, values in fields.items():
        for found in values:
            marked = any(mark.start < found.end and found.start < mark.end for mark in marks)
            said = brief.text[found.start : found.end]
            yield Piece(said, found.start, found.end, field, found.value, word=True, marked=marked)


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where the words are that could mean something."""
    normal = normalise(text)
    for word in segment(normal.text):
        if word.script != "mark":
            yield normal.original(word.start, word.end)


def _between(text: str, start: int, end: int, words: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """text[start:end], of which nothing was made, word by word."""
    at = start
    for first, last in words:
        if at <= first < last <= end:
            if at < first:
                yield Piece(text[at:first], at, first)
            yield Piece(text[first:last], first, last, word=True)
            at = last
    if at < end:
        yield Piece(text[at:end], at, end)
