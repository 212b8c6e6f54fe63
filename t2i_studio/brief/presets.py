"""Looks to begin with (assets/styles/presets.toml): style levels and phrases by name, and how they meet a text."""

import tomllib
from collections.abc import Collection
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from t2i_studio.brief.values import shown
from t2i_studio.domain import Noun, StyleSettings
from t2i_studio.errors import Language, StudioError
from t2i_studio.settings import ASSETS

FOLDER = ASSETS / "styles"
TABLE = FOLDER / "presets.toml"
PICTURES = FOLDER / "pictures"
PICTURE_TEXT = "brown handbag"
"""What every preset's picture shows, so that only the look differs."""
PICTURE_SEED = 20

Kind = Literal["backdrop", "podium", "props", "other"]


class Words(Noun):
    """The same text in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def said(self, language: Language) -> str:
        """The text in `language`."""
        return self.zh if language == "zh" else self.en


class Phrase(Words):
    """What a preset adds to a prompt. kind: what it settles; `other` is for models that read free text."""

    kind: Kind


class Preset(Noun):
    """A look: its name, the levels its sliders take, and at most one phrase of a kind."""

    id: str = Field(pattern="^[a-z][a-z0-9_]{1,39}$")
    name: Words
    style: StyleSettings
    phrases: tuple[Phrase, ...]

    @field_validator("phrases")
    @classmethod
    def _one_of_a_kind(cls, phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
        kinds = [phrase.kind for phrase in phrases]
        if len(set(kinds)) < len(kinds):
            raise ValueError("two phrases of one kind")
        return phrases

    @property
    def picture(self) -> Path:
        """Its picture, as the embedded model draws it."""
        return PICTURES / f"{self.id}.webp"


class _Table(Noun):
    source: str = Field(min_length=1)
    date: date
    presets: tuple[Preset, ...]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if len({preset.id for preset in self.presets}) < len(self.presets):
            raise ValueError("two presets have the same id")
        return self


@cache
def presets() -> tuple[Preset, ...]:
    """Every preset in the order of the table. Raises pydantic's ValidationError for a table that is wrong."""
    return _Table.model_validate(tomllib.loads(TABLE.read_text(encoding="utf-8"))).presets


def find_preset(id: str) -> Preset:
    """The preset of this id. Raises StudioError preset.unknown, naming the nearest ones."""
    known = {preset.id: preset for preset in presets()}
    if id not in known:
        names = {preset.name.said(language): preset.id for preset in presets() for language in ("en", "zh")}
        near = get_close_matches(id[:80].lower(), [*known, *names], n=3, cutoff=0.5) or list(known)[:5]
        suggestions = ", ".join(dict.fromkeys(names.get(name, name) for name in near))
        raise StudioError("preset.unknown", id=shown(id), suggestions=suggestions)
    return known[id]


def phrases_for(preset: Preset, language: Language, said: Collection[Kind]) -> list[str]:
    """The preset's phrases in `language`, without those whose kind the description already settles.

    said: kinds that the description says itself. Its own words win: a text with a blue background keeps it under
    any preset. For a model with a closed vocabulary it also holds "other", whose words no such model knows.
    """
    return [phrase.said(language) for phrase in preset.phrases if phrase.kind not in said]
