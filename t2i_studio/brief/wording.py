"""What a language model may answer when it was asked to word a prompt anew: prompt text, and nothing that the
description does not allow.
"""

import re
import unicodedata

from t2i_studio.brief.normalise import normalise
from t2i_studio.brief.prompt import tidy
from t2i_studio.brief.reading import read
from t2i_studio.brief.segment import segment
from t2i_studio.domain import Brief, Found
from t2i_studio.errors import StudioError

MAX_CHARACTERS = 1200
_QUOTES = {'"': '"', "'": "'", "“": "”", "「": "」", "『": "』", "`": "`"}


def accept(answer: str, brief: Brief, composed: str) -> str:
    """`answer` as prompt text, tidied, without quotation marks around it. composed: the prompt it is to replace.

    Raises StudioError: writer.form (empty, several lines, too long, control or invisible characters), writer.lost
    (the product or a colour of it is not named any more), writer.excluded (a thing to leave out is named).
    """
    text = answer.strip()
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    if not text or len(text) > MAX_CHARACTERS or any(_unseen(character) for character in text):
        raise StudioError("writer.form", limit=MAX_CHARACTERS)
    text = tidy(text)
    for lost in _lost(brief, text):
        raise StudioError("writer.lost", word=lost)
    for found in brief.exclude:
        if _shows(text, found, brief) and not _shows(composed, found, brief):
            raise StudioError("writer.excluded", word=_written(found, brief))
    return text


def _unseen(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")


def _lost(brief: Brief, text: str) -> list[str]:
    """What must be named and is not, as it was written."""
    lost = []
    if brief.product:
        names = (_written(brief.product, brief), brief.product.value, brief.product_en, brief.product_zh)
        if not any(_names(text, name) for name in names if name):
            lost.append(_written(brief.product, brief))
    if brief.colors:
        said = {found.value for found in read(text).colors}
        lost += [
            _written(found, brief)
            for found in brief.colors
            if found.value not in said and not _names(text, _written(found, brief))
        ]
    return lost


def _shows(text: str, found: Found, brief: Brief) -> bool:
    """Does a text name what was excluded, by this or another word of the tables?"""
    words = segment(normalise(text).text)
    listed = {word.value("exclusion") for word in words if word.says("exclusion")}
    return found.value in listed or _names(text, found.value) or _names(text, _written(found, brief))


def _names(text: str, name: str) -> bool:
    """Is `name` in a text, as a word or its plural where it is written in letters with spaces between words?"""
    name = normalise(name).text.strip()
    return bool(name) and re.search(rf"(?<![a-z]){re.escape(name)}(?:e?s)?(?![a-z])", normalise(text).text) is not None


def _written(found: Found, brief: Brief) -> str:
    return brief.text[found.start : found.end]
