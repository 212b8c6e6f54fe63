"""Why a picture looks as it does, word by word, as plain data; kept with the home's other caches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from t2i_studio.brief.vocabulary import Token, Vocabulary, load
from t2i_studio.domain import Adapter, Variant
from t2i_studio.engine.kept import keep
from t2i_studio.engine.registry import ModelCard

MOST_WORDS = 32
"""Of a longer prompt, the first so many words are looked at."""
SILENT = 0.25
"""A word whose share is below this part of an even one did nothing that could be seen."""


class WordMap(BaseModel):
    """prompt[start:end] and the regions that answered to it.

    levels: 0–255, row by row; the same level means the same strength for every word of one picture. share: its
    part in all that the words did, 0–1; the shares of a picture add up to 1. silent: it did next to nothing.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    start: int
    end: int
    share: float
    silent: bool
    levels: tuple[int, ...]


class Explanation(BaseModel):
    """rows, columns: of every word's map; it covers the whole picture. words: in the order of the prompt."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    rows: int
    columns: int
    words: tuple[WordMap, ...]

    @classmethod
    def kept_at(cls, path: Path) -> Self | None:
        """What `keep_at` wrote; None where there is nothing or a damaged file."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def keep_at(self, path: Path) -> None:
        keep(path, self.model_dump_json())


def words_of(prompt: str, card: ModelCard, adapters: Sequence[Adapter]) -> list[Token]:
    """The words of a prompt that name something, at most MOST_WORDS; as the model's own vocabulary splits it, with the
    words that its adapters know.
    """
    vocabulary = load(card.folder, [adapter.folder for adapter in adapters]) if card.folder else None
    tokens = (vocabulary or Vocabulary({}, Path())).split(prompt)
    return [token for token in tokens if token.kind in ("known", "unknown")][:MOST_WORDS]


def explanation_path(home: Path, variant: Variant) -> Path:
    """Where the explanation of a finished variant is kept: by its picture, so that a copy of it needs no other."""
    return home / "cache" / "explanations" / f"{variant.image}.json"
