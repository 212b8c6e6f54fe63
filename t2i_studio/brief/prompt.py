"""A brief, the style sliders and a preset → the prompt that a model gets.

A model with a closed vocabulary gets its own words for what it knows of the brief; any other gets the description
itself, without what is to be left out. What the page shows is what the model gets.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from t2i_studio.brief import styles, vocabulary
from t2i_studio.brief.closed_prompt import closed_prompt
from t2i_studio.brief.presets import Kind, Preset, phrases_for
from t2i_studio.brief.reading import excluded, read
from t2i_studio.domain import Brief, Mark, Prompt, StyleSettings, check_text, language_of
from t2i_studio.errors import Language, StudioError

_WIDE = re.compile("[^，。！？；：（）]+")
_MARKS = "，。！？；：、,.;:!? \n"


class PromptModel(Protocol):
    """What a prompt depends on; the registry's model cards have it."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...] | list[str]: ...
    @property
    def max_prompt_tokens(self) -> int | None: ...
    @property
    def negative_prompt(self) -> bool: ...
    @property
    def style(self) -> styles.Family: ...


def tidy(text: str, *, empty_ok: bool = False) -> str:
    """NFKC (but Chinese punctuation stays), one space between words, one line."""
    return " ".join(
        _WIDE.sub(lambda run: unicodedata.normalize("NFKC", run[0]), check_text(text, empty_ok=empty_ok)).split()
    )


def checked_negative(negative: str, model: PromptModel) -> str:
    """`negative` tidied; StudioError when the model takes none."""
    negative = tidy(negative, empty_ok=True)
    if negative and not model.negative_prompt:
        raise StudioError("brief.no_negative", model=model.name)
    return negative


def compose(
    text: str,
    style: StyleSettings,
    model: PromptModel,
    negative: str = "",
    *,
    marks: Sequence[Mark] = (),
    preset: Preset | None = None,
) -> Prompt:
    """The prompt of `text` with the sliders and the preset in words, in the text's language where the model reads it.

    What the text excludes goes to the negative prompt of a model that takes one. For a closed vocabulary,
    `Prompt.dropped` names the words that were left out, unknown or beyond the token budget, and `Prompt.replaced`
    those that the closest known one stands for. Raises StudioError for an empty or unusable text, for a product the
    model cannot draw, for a text without one known word, and for a negative prompt that the model could not follow.
    """
    negative = checked_negative(negative, model)
    brief = read(text, marks)
    chinese = language_of(text) != "en" and (not model.languages or "zh" in model.languages)
    language: Language = "zh" if chinese else "en"
    sliders = styles.phrases(style, language, model.style)
    known = vocabulary.load(Path(model.source))
    if known is not None:
        added = phrases_for(preset, language, {*_said(brief), "other"}) if preset else []
        return closed_prompt(brief, known, language, [*added, *sliders], style, model.max_prompt_tokens)
    added = phrases_for(preset, language, _said(brief)) if preset else []
    comma = "，" if chinese else ", "
    unwanted = [found.value for found in brief.exclude] if model.negative_prompt else []
    return Prompt(
        text=comma.join([_without_exclusions(brief), *added, *sliders]),
        negative=", ".join(dict.fromkeys([*([negative] if negative else []), *unwanted])),
    )


def _said(brief: Brief) -> Collection[Kind]:
    """Which kinds of a preset's phrases the description settles itself."""
    said: set[Kind] = set()
    if brief.backdrop or brief.setting:
        said.add("backdrop")
    if brief.props or any(found.value in ("props", "decoration") for found in brief.exclude):
        said.add("props")
    if re.search("展台|底座|台面|podium|pedestal|plinth", brief.text, re.IGNORECASE):
        said.add("podium")
    return said


def _without_exclusions(brief: Brief) -> str:
    """The text as it is, but for the parts that say what must not be seen: naming a thing would draw it."""
    kept, at = "", 0
    for start, end in excluded(brief.text):
        kept += brief.text[at:start]
        at = end
    kept = tidy(kept + brief.text[at:], empty_ok=True)
    kept = re.sub(r"([，。；、,;])\s*(?=[，。；、,;])", "", kept).strip(_MARKS) if at else kept
    return kept or tidy(brief.text)
