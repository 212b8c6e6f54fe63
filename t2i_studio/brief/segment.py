"""A normalised description → its words: Chinese by jieba with our tables as user dictionary, English by the
same tables and a lexicon of parts of speech (LemmInflect).
"""

import logging
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from t2i_studio.brief.lexicon import BASIC, Lexicon, Meaning, lexicon
from t2i_studio.brief.normalise import is_han

_PIECE = re.compile(
    r"(?P<han>[㐀-鿿]+(?:t恤)?)|(?P<number>[$€£¥]?\d+(?:[.,:x×/-]\d+)*%?)"
    r"|(?P<word>w/o?(?=\s)|[^\W\d_㐀-鿿]+(?:['’&-][^\W_㐀-鿿]+|\d+)*)|(?P<space>[ \t]+)|(?P<mark>\n|\S)"
)
_LONGEST = 6
_LOADING = threading.Lock()
_FREQUENT = 500
"""Occurrences our words are given in jieba's 60 million: enough against any two words that could divide them, at a
tenth of the time that jieba takes to work out the least that would do."""
_TWO_WORDS = ("无人", "无字", "别有", "插花")
"""What jieba takes for one word, but is a negation and a thing: 无人，无字."""
_COLOURS = re.compile(rf"[{BASIC}]{{2,}}(?=[一二两三四五六七八九双多]?[色款]|配色|相间|撞色|拼色|可选|条纹|格|配|$)")
"""Basic colours in a row, 黑红蓝三色: jieba would find words across them."""
_HYPHENED_AND = re.compile(r"-(?=and-)|(?<=-and)-|(?<=-on)-(?=\w)|-(?=on-)")
_APART = frozenset("a-")
"""Marks the characters of 红橙黄绿, which are not 橙黄."""
_SENSES = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "d", "PROPN": "n", "AUX": "v"}

Script = Literal["zh", "en", "number", "mark"]


@dataclass(frozen=True)
class Word:
    """text[start:end] of the normalised description.

    lemma: what the tables know it as (the singular of an English noun). pos: possible parts of speech by jieba's
    first letters: n noun, v verb, a adjective, d adverb, m number, q measure word, p preposition, u particle …
    """

    text: str
    start: int
    end: int
    script: Script
    lemma: str
    pos: frozenset[str] = frozenset()
    meanings: tuple[tuple[Meaning, str], ...] = field(default=(), repr=False)

    def says(self, *meanings: Meaning) -> bool:
        """Has it one of these meanings?"""
        for meaning, _ in self.meanings:  # noqa: SIM110 - a loop, for this is what reading does most
            if meaning in meanings:
                return True
        return False

    def value(self, meaning: Meaning) -> str:
        """Its value as `meaning`, which it must have."""
        return next(value for kind, value in self.meanings if kind == meaning)


def segment(text: str) -> list[Word]:
    """All words and marks in order; a run that the tables know is one word, the longest first."""
    pieces = list(_pieces(text))
    words: list[Word] = []
    at = 0
    while at < len(pieces):
        word, count = _longest(text, pieces, at)
        words.append(word)
        at += count
    return words


def _longest(text: str, pieces: list[Word], at: int) -> tuple[Word, int]:
    """The longest known run of pieces from `at` on, and of how many pieces it is made."""
    known = lexicon()
    most = 1
    while most < _LONGEST and at + most < len(pieces) and "mark" not in (pieces[at].script, pieces[at + most].script):
        most += 1
    for count in range(most, 0, -1):
        first, last = pieces[at], pieces[at + count - 1]
        run = " ".join(text[first.start : last.end].split())
        if count > 1 and first.pos == last.pos == _APART:
            continue
        if (colored := _coloured(run)) is not None:
            return Word(run, first.start, last.end, "en", run, frozenset("a"), (("color", colored),)), count
        lemma = next((form for form in _forms(run, last) if form in known.meanings), None)
        if lemma is not None and not (count > 1 and _colours_another(text, pieces, at, count)):
            pos = frozenset("n") if count > 1 else last.pos
            return Word(run, first.start, last.end, first.script, lemma, pos, known.meanings[lemma]), count
    return pieces[at], 1


def _colours_another(text: str, pieces: list[Word], at: int, count: int) -> bool:
    """A white | rice cooker is no cooker of white rice: a name after the colour reaches further."""
    known = lexicon()
    if pieces[at].script != "en" or not known.values(pieces[at].text, "color") or at + count >= len(pieces):
        return False
    first, last = pieces[at + 1], pieces[at + count]
    run = " ".join(text[first.start : last.end].split())
    return last.script == "en" and any(known.values(form, "product") for form in _forms(run, last))


def _forms(run: str, last: Word) -> Iterator[str]:
    """A run of words as written, with its last word in the singular, joined or hyphenated otherwise."""
    yield run
    if last.script == "en":
        singular = run[: len(run) - len(last.text)] + last.lemma
        yield singular
        for form in (run, singular):
            if "-" in form:
                yield form.replace("-", " ")
                yield form.replace("-", "")


def _coloured(run: str) -> str | None:
    """The colour of plum-coloured, "sand colored", all-navy: of any word that may stand for one."""
    known = lexicon()
    if run.endswith(("-colored", "-coloured", " colored", " coloured")):
        name = run[: run.rindex("col") - 1]
    elif run.startswith("all-"):
        name = run.removeprefix("all-")
    else:
        return None
    return next(iter(known.values(name, "color")), known.shades.get(name))


def _parted(piece: str) -> Iterator[str]:
    """navy-and-white and navy-white as the words they are made of; what has a name of its own (rose-gold) whole."""
    known = lexicon()
    for part in _HYPHENED_AND.split(piece):
        tones = part.split("-")
        named = part in known.meanings or part.replace("-", " ") in known.meanings
        yield from tones if not named and all(known.values(tone, "color") for tone in tones) else [part]


def _pieces(text: str) -> Iterator[Word]:
    for match in _PIECE.finditer(text):
        start, kind, piece = match.start(), match.lastgroup, match[0]
        if kind == "han":
            for part, letters in _chinese(piece):
                yield Word(part, start, start + len(part), "zh", part, frozenset(letters))
                start += len(part)
        elif kind == "word":
            for part in _parted(piece):
                lemma, pos = _english(part)
                yield Word(part, start, start + len(part), "en", lemma, pos)
                start += len(part) + 1
        elif kind == "number":
            yield Word(piece, start, match.end(), "number", piece, frozenset("m"))
        elif kind == "mark":
            yield Word(piece, start, match.end(), "mark", piece)


def _chinese(run: str) -> Iterator[tuple[str, str]]:
    """(word, possible parts of speech) of a run of Chinese characters."""
    at = 0
    for colours in [*_COLOURS.finditer(run), None]:
        end = len(run) if colours is None else colours.start()
        for word, flag in _posseg().cut(run[at:end], HMM=False):
            if word:
                yield from _with_color_apart(word, flag)
        if colours is not None:
            if colours[0] in lexicon().meanings:
                yield colours[0], "n"
            else:
                yield from ((character, "a-") for character in colours[0])
            at = colours.end()


def _with_color_apart(word: str, flag: str) -> Iterator[tuple[str, str]]:
    """白衬衫, 蓝丝绒 and 白底黑字, which only jieba knows, are colours and things that our tables know."""
    known = lexicon().meanings
    ground = 2 if len(word) > 1 and word[1] in "底面" else 1
    rest = word[ground:]
    if word[:1] not in BASIC or word in known or not (rest in known or rest[:1] in BASIC or ground == 2):
        yield word, _zh_pos(word, flag)
    elif len(word) > 2 or rest in ("字", ""):
        yield from ((part, "a") for part in ([word[:2]] if word[:2] in known else word[:ground]))
        if rest in known or not rest:
            yield from [(rest, "n")] * bool(rest)
        else:
            for part, other in _posseg().cut(rest, HMM=False):
                yield from _with_color_apart(part, other)
    else:
        yield word, _zh_pos(word, flag)


def _zh_pos(word: str, flag: str) -> str:
    """jieba's letter; a verbal noun (vn), a name or a word of our tables may be a noun as well."""
    return flag[:1] + ("n" if flag in ("vn", "an", "nr", "j", "l", "i", "x") or flag.startswith("eng") else "")


@lru_cache(maxsize=20_000)
def _english(word: str) -> tuple[str, frozenset[str]]:
    """(singular or base form, possible parts of speech); a word no lexicon has counts as a noun."""
    from lemminflect import getAllLemmas

    found = getAllLemmas(word)
    if not found:
        return word, frozenset("n")
    noun = found.get("NOUN")
    return (noun[0] if noun else word), frozenset(_SENSES.get(tag, "x") for tag in found)


def _posseg() -> Any:
    with _LOADING:  # who comes while it is being loaded waits, and does not load it a second time
        return _load_posseg()


def jieba_with(words: Iterable[str]) -> Any:
    """A jieba of its own that also knows `words`; it costs a copy of the dictionary, not another load."""
    import jieba

    known = _posseg().tokenizer
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = dict(known.FREQ), known.total, True
    for word in words:
        tokenizer.add_word(word)
    return tokenizer


@cache
def _load_posseg() -> Any:
    """jieba with our words and its parts of speech. The dictionary takes about a second the first time."""
    import jieba
    from jieba import posseg

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    for word in _user_words(lexicon()):
        if not tokenizer.FREQ.get(word):  # what jieba knows it keeps together
            tokenizer.add_word(word, _FREQUENT)
    for word in _TWO_WORDS:
        tokenizer.del_word(word)
    return posseg.POSTokenizer(tokenizer)


def _user_words(known: Lexicon) -> Iterator[str]:
    for word in (*known.meanings, *known.shades):
        if len(word) > 1 and any(is_han(character) for character in word):
            yield word


def warm() -> None:
    """Load the dictionaries, so that nobody waits for them at the first description."""
    segment("预热 words")
