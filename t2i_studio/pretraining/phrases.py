"""Sentence patterns of the captions (phrases.toml) and the simplified-to-traditional table."""

import csv
import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from t2i_studio.errors import StudioError
from t2i_studio.pretraining.catalogue import FOLDER

Patterns = tuple[str, ...]


class Phrases(BaseModel):
    """Patterns of one language; a pattern's {name} is filled with a word or a list of words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Patterns
    colored: Patterns
    backdrop: Patterns
    podium: Patterns
    bare: Patterns
    props: Patterns
    position: Patterns
    style: Patterns
    filler: Patterns
    joints: Patterns
    white: str
    and_: str = Field(alias="and")


@cache
def load_phrases(folder: Path = FOLDER) -> dict[str, Phrases]:
    """Patterns for "en" and "zh". StudioError when the table is missing or wrong."""
    path = folder / "phrases.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {language: Phrases.model_validate(table[language]) for language in ("en", "zh")}
    except OSError as error:
        raise StudioError("catalogue.missing", path=path) from error
    except (KeyError, ValidationError, tomllib.TOMLDecodeError) as error:
        raise StudioError("catalogue.invalid", path=path, reason=str(error).splitlines()[0]) from error


@cache
def _traditional(folder: Path = FOLDER) -> dict[int, str]:
    path = folder / "traditional.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return str.maketrans({row["simplified"]: row["traditional"] for row in csv.DictReader(file)})
    except OSError as error:
        raise StudioError("catalogue.missing", path=path) from error


def traditional(text: str) -> str:
    """Simplified Chinese in traditional characters, one for one, for the characters of the tables."""
    return text.translate(_traditional())
