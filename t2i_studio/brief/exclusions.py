"""What a description wants kept out of the picture."""

from collections.abc import Iterator, Sequence

from t2i_studio.brief.colors import basic_colors
from t2i_studio.brief.lexicon import Meaning, lexicon
from t2i_studio.brief.scopes import Scope, is_mark
from t2i_studio.brief.segment import Word
from t2i_studio.brief.translation import dictionary_gloss, english_name
from t2i_studio.brief.vocabulary import function_words

_NOT_THINGS: tuple[Meaning, ...] = (
    "backdrop",
    "meta",
    "want",
    "classifier",
    "place",
    "body",
    "function",
    "selling_point",
    "audience",
    "not_color",
)
_AFTERWARDS = frozenset(("去掉", "不要", "删掉", "删除", "移除", "去除", "除外", "不用", "不需要", "不必"))
_NOBODY = frozenset(("nobody", "no-one", "unoccupied"))
_GENERAL = frozenset(
    ("无", "没有", "没", "不含", "不加", "不带", "zero", "not", "never", "lose", "drop", "minus", "free of")
)
"""Negations that mostly speak of the product (无糖, 没有异味): only things of the table are excluded by them."""


def find_exclusions(words: Sequence[Word], scopes: Sequence[frozenset[Scope]]) -> Iterator[tuple[int, str]]:
    """(place, canonical English name) of each thing that is not wanted."""
    negator = ""
    for place, word in enumerate(words):
        if word.says("negator"):
            negator = word.text
        if word.text in _NOBODY:
            yield place, "people"
        elif "exclude" in scopes[place] or _negated_after(words, place):
            name = _name(word, listed_only=negator in _GENERAL)
            if name is not None:
                yield place, name
        elif word.script == "en" and word.text.endswith("-free"):
            yield from ((place, value) for value in lexicon().values(word.text.removesuffix("-free"), "exclusion"))


def _negated_after(words: Sequence[Word], place: int) -> bool:
    """水印去掉, "logo 不要", 模特不用出镜: the negation comes after the thing, nothing else is negated by it."""
    if not words[place].says("exclusion") or place + 1 >= len(words):
        return False
    for after in (place + 1, place + 2):
        if words[after - 1].text in ":：" and after < len(words) and words[after].text in ("none", "无", "no"):
            return True
        if after < len(words) and words[after].text in _AFTERWARDS:
            rest = words[after + 1 : after + 3]
            return not rest or any(is_mark(word) for word in rest)
    return False


def _name(word: Word, *, listed_only: bool) -> str | None:
    """What an unwanted thing is called: as the table says, else by its own name."""
    if word.says("exclusion"):
        return word.value("exclusion")
    if colors := basic_colors(word):
        return colors[0]
    if listed_only or word.says(*_NOT_THINGS):
        return None
    if word.script == "en":
        named = word.says("product", "prop") or ("n" in word.pos and not word.pos & {"a", "d"})
        return word.lemma if named and word.lemma not in function_words() else None
    if word.says("product"):
        return english_name(word.text)
    if "n" not in word.pos or word.text.startswith(("别", "不")):
        return None
    return dictionary_gloss(word.text) or (word.text if len(word.text) > 1 else None)
