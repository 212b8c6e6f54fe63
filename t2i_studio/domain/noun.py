"""The base of the nouns, and the checks of numbers and text that hold everywhere."""

import re
import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict

from t2i_studio.errors import StudioError

MAX_TEXT = 10_000


class Noun(BaseModel):
    """Base of the frozen nouns; unknown fields are refused so that a misspelt one never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Raise StudioError unless low ≤ value ≤ high (NaN fails)."""
    if not low <= value <= high:
        raise StudioError("number.range", name=name, value=value, low=low, high=high)


def check_text(text: str, *, empty_ok: bool = False) -> str:
    """NFC text without surrounding space; StudioError when empty, over MAX_TEXT or holding control characters."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not clean and not empty_ok:
        raise StudioError("text.empty")
    if len(clean) > MAX_TEXT:
        raise StudioError("text.too_long", length=len(clean), limit=MAX_TEXT)
    for character in clean:
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise StudioError("text.control", character=f"U+{ord(character):04X}")
    return clean


_HAN = re.compile("[㐀-䶿一-鿿豈-﫿]")
_LATIN = re.compile(r"[^\W\d_㐀-䶿一-鿿豈-﫿]")


def language_of(text: str) -> Literal["en", "zh", "mixed"]:
    """By script: Chinese characters, letters of an alphabet, or both."""
    chinese, latin = bool(_HAN.search(text)), bool(_LATIN.search(text))
    return "mixed" if chinese and latin else "zh" if chinese else "en"
