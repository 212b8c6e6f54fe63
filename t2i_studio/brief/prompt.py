"""Description and style sliders → the prompt that a model gets."""

import re
import unicodedata
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Protocol

from t2i_studio.brief import styles, vocabulary
from t2i_studio.brief.values import shown
from t2i_studio.brief.vocabulary import Token, Vocabulary
from t2i_studio.domain import Prompt, StyleSettings, check_text, language_of
from t2i_studio.errors import StudioError

_WIDE = re.compile("[^，。！？；：（）]+")


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


def compose(text: str, style: StyleSettings, model: PromptModel, negative: str = "") -> Prompt:
    """The prompt of `text` with the sliders in words, in the text's language where the model reads it.

    A model with a closed vocabulary gets only words it knows; the others are named in `Prompt.dropped`,
    and so are known words beyond its token budget. Raises StudioError for an empty or unusable text, for
    a text without one known word, and for a negative prompt that the model could not follow.
    """
    text, negative = tidy(text), checked_negative(negative, model)
    chinese = language_of(text) != "en" and (not model.languages or "zh" in model.languages)
    phrases = styles.phrases(style, "zh" if chinese else "en")
    comma = "，" if chinese else ", "
    known = vocabulary.load(Path(model.source))
    if known is None:
        return Prompt(text=comma.join([text, *phrases]), negative=negative)

    def fits(description: str) -> bool:
        return known.length(comma.join([description, *phrases])) <= (model.max_prompt_tokens or 10**9)

    kept, dropped = _known_part(text, known, fits, comma)
    return Prompt(text=comma.join([kept, *phrases]), negative=negative, dropped=dropped)


def _known_part(text: str, known: Vocabulary, fits: Callable[[str], bool], comma: str) -> tuple[str, tuple[str, ...]]:
    """What of `text` the model knows and has room for, and the words left out in the order of the text."""
    tokens = known.split(text)
    concepts = [token for token in tokens if token.kind == "known"]
    if not concepts:
        raise StudioError("brief.nothing_known", words=shown(text), examples=known.examples(6))
    dropped = [token for token in tokens if token.kind == "unknown"]
    kept = _known_clauses(tokens, comma)
    while not fits(kept) and concepts:
        kept = comma.join(token.text for token in concepts)
        if not fits(kept):
            dropped.append(concepts.pop())
    dropped.sort(key=lambda token: token.start)
    return kept, tuple(dict.fromkeys(token.text for token in dropped))


def _known_clauses(tokens: list[Token], comma: str) -> str:
    """The text again without its unknown words; a clause in which nothing is known goes as a whole."""
    clauses = []
    for is_mark, clause in groupby(tokens, key=lambda token: token.kind == "mark"):
        words = [] if is_mark else list(clause)
        if any(word.kind == "known" for word in words):
            clauses.append(_without_unknown(words))
    return comma.join(clauses)


def _without_unknown(words: list[Token]) -> str:
    """The words of one clause, minus the unknown ones and the particles (的) that hung on them."""
    kept, end, hanging = "", words[0].start, True
    for word in words:
        hanging = word.kind == "unknown" or (hanging and word.text in "的地得之")
        if not hanging:
            kept += " " * (word.start > end) + word.text
        end = word.end
    return kept.strip()
