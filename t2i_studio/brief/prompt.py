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
from t2i_studio.brief.matching import own_product
from t2i_studio.brief.presets import Kind, Preset, phrases_for
from t2i_studio.brief.reading import excluded, read
from t2i_studio.brief.summary import Span, summarise
from t2i_studio.brief.tokens import folder_tokenizer, local_folder
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
    adapters: Sequence[Path] = (),
) -> Prompt:
    """The prompt of `text` with the sliders and the preset in words, in the text's language where the model reads it.

    adapters: folders of those it is drawn with, which may know words of their own.
    What the text excludes goes to the negative prompt of a model that takes one. For a closed vocabulary,
    `Prompt.dropped` names the words that were left out, unknown or beyond the token budget, and `Prompt.replaced`
    those that the closest known one stands for. For any other model `Prompt.dropped` names the clauses beyond its
    token limit, as far as its tokenizer is on this machine. Raises StudioError for an empty or unusable text, for a
    product the model cannot draw, for a text without one known word, and for a negative prompt that the model could
    not follow.
    """
    negative = checked_negative(negative, model)
    brief = read(text, marks)
    chinese = language_of(text) != "en" and (not model.languages or "zh" in model.languages)
    language: Language = "zh" if chinese else "en"
    sliders = styles.phrases(style, language, model.style)
    known = vocabulary.load(Path(model.source), adapters)
    if known is not None:
        if all(mark.field != "product" for mark in marks):
            brief = read(text, [*marks, *own_product(brief.text, known)])
        added = phrases_for(preset, language, {*_said(brief), "other"}) if preset else []
        return closed_prompt(brief, known, language, [*added, *sliders], style, model.max_prompt_tokens)
    added = phrases_for(preset, language, _said(brief)) if preset else []
    unwanted = [found.value for found in brief.exclude] if model.negative_prompt else []
    prompt = _open_prompt(brief, [*added, *sliders], "，" if chinese else ", ", model)
    return prompt.model_copy(update={"negative": ", ".join(dict.fromkeys([*filter(None, [negative]), *unwanted]))})


def _open_prompt(brief: Brief, added: Sequence[str], comma: str, model: PromptModel) -> Prompt:
    """The description in its own words, then `added`; shortened to the model's limit where its tokenizer is here."""

    def joined(kept: Sequence[Span]) -> str:
        return comma.join([_said_in(brief.text, kept), *added])

    visible = _visible(brief)
    folder = local_folder(model.source)
    measured = folder_tokenizer(folder, model.max_prompt_tokens) if folder else None
    if measured is None:
        return Prompt(text=joined(visible))
    tokenizer, limit = measured
    kept, left = summarise(brief, visible, lambda spans: len(tokenizer.encode(joined(spans)).ids), limit)
    dropped = (tidy(brief.text[start:end], empty_ok=True).strip(_MARKS) for start, end in left)
    return Prompt(text=joined(kept), dropped=tuple(dict.fromkeys(filter(None, dropped))))


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


def _visible(brief: Brief) -> list[Span]:
    """The text but for the parts that say what must not be seen: naming a thing would draw it."""
    edges = [0, *(edge for span in excluded(brief.text) for edge in span), len(brief.text)]
    spans = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    return spans if _said_in(brief.text, spans) else [(0, len(brief.text))]


def _said_in(text: str, kept: Sequence[Span]) -> str:
    """These spans of a text, tidied, without the marks that stood around what is not kept."""
    said = tidy("".join(text[start:end] for start, end in kept), empty_ok=True)
    if list(kept) == [(0, len(text))]:
        return said
    return re.sub(r"([，。；、,;])\s*(?=[，。；、,;])", "", said).strip(_MARKS)
