"""The words that a closed-vocabulary model knows (vocabulary.json), and how a text splits into them."""

import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from t2i_studio.brief.segment import jieba_with
from t2i_studio.errors import StudioError
from t2i_studio.settings import ASSETS

FILE = "vocabulary.json"
FUNCTION_WORDS = ASSETS / "words" / "function_words.json"
_HAN = "㐀-䶿一-鿿豈-﫿"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<word>[^\W_{_HAN}]+(?:['’-][^\W_{_HAN}]+)*)|(?P<mark>\S)")
_LONGEST = 6

Kind = Literal["known", "function", "mark", "unknown"]


class Token(NamedTuple):
    """A piece of a text and what it is to the model."""

    text: str
    start: int
    kind: Kind

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def normal(text: str) -> str:
    """The form under which words are compared: NFKC, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


@cache
def function_words() -> frozenset[str]:
    """Words that name nothing (articles, prepositions, particles): never reported as left out."""
    table = json.loads(FUNCTION_WORDS.read_text(encoding="utf-8"))
    return frozenset(normal(word) for language in ("en", "zh") for word in table[language])


class Vocabulary:
    """The concepts of one model; `load` makes it. Texts are split by jieba, which learns the model's words.

    concepts: id → {"kind": …, "en": name, "zh": name, other fields: more names (a text or a list of them)}.
    """

    def __init__(self, concepts: dict[str, dict[str, Any]], tokenizer: Path) -> None:
        self.concepts = concepts
        self._tokenizer_file = tokenizer
        self._ids: dict[str, list[str]] = defaultdict(list)
        for id, concept in concepts.items():
            for word in _names(concept):
                self._ids[normal(word)].append(id)
        self.words = frozenset(self._ids)

    def examples(self, count: int) -> str:
        """A few objects by both names, for a sentence: "手提包 handbag, 口红 lipstick"."""
        objects = [c for c in self.concepts.values() if c["kind"] == "object"] or list(self.concepts.values())
        step = max(1, len(objects) // count)
        return ", ".join(f"{c['zh']} {c['en']}" for c in objects[::step][:count])

    def find(self, word: str, kind: str) -> str | None:
        """The id of the concept of a kind ("object", "color", …) that has `word`, or its singular, for a name."""
        for form in (normal(word), *_singulars(normal(word))):
            for id in self._ids.get(form, ()):
                if self.concepts[id]["kind"] == kind:
                    return id
        return None

    def ids(self, word: str) -> list[str]:
        """The ids of all concepts that have `word` for a name."""
        return self._ids.get(normal(word), [])

    def kinds(self, word: str) -> set[str]:
        """The kinds of the concepts that have `word`, or its English singular, for a name."""
        forms = (normal(word), *_singulars(normal(word)))
        return {self.concepts[id]["kind"] for form in forms for id in self._ids.get(form, ())}

    def split(self, text: str) -> list[Token]:
        """`text` as tokens in order; a known word is as long as possible ("running shoes" is one token)."""
        pieces = list(self._pieces(text))
        tokens: list[Token] = []
        at = 0
        while at < len(pieces):
            for count in range(min(_LONGEST, len(pieces) - at), 0, -1):
                start, last = pieces[at][0], pieces[at + count - 1]
                run = text[start : last[0] + len(last[1])]
                if (kind := self._kind(run)) in ("known", "function") or count == 1:
                    tokens.append(Token(run, start, kind))
                    break
            at += count
        return tokens

    def knows(self, word: str) -> bool:
        """Is `word`, or its English singular, a name of a concept?"""
        word = normal(word)
        return word in self.words or any(stem in self.words for stem in _singulars(word))

    def _kind(self, piece: str) -> Kind:
        if self.knows(piece):
            return "known"
        if normal(piece) in function_words():
            return "function"
        return "unknown" if any(c.isalnum() for c in piece) else "mark"

    def length(self, text: str) -> int:
        """Tokens of `text` as the model's own tokenizer counts them, its start and end marks included."""
        return len(self._tokenizer.encode(text).ids)

    def _pieces(self, text: str) -> Iterator[tuple[int, str]]:
        for match in _RUN.finditer(text):
            start = match.start()
            if match.lastgroup == "han":
                for word in self._segmenter.cut(match[0], HMM=False):
                    yield start, word
                    start += len(word)
            else:
                yield start, match[0]

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._tokenizer_file))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _segmenter(self) -> Any:
        """jieba with the model's words; its dictionary takes about a second, so only once Chinese comes."""
        return jieba_with(self.words)


def load(folder: Path, adapters: Sequence[Path] = ()) -> Vocabulary | None:
    """The vocabulary of the model in `folder`, None when it takes any words; StudioError when unreadable.

    adapters: folders of adapters for it. One that taught it a shop's products has their words in a vocabulary.json too.
    """
    if not os.path.isfile(folder / FILE):
        return None
    files = [each / FILE for each in (folder, *adapters) if os.path.isfile(each / FILE)]  # False for any odd path
    try:
        return _read(folder, tuple((path, path.stat().st_mtime_ns) for path in files))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudioError("brief.vocabulary", path=files[-1]) from error


@lru_cache(maxsize=4)
def _read(folder: Path, files: tuple[tuple[Path, int], ...]) -> Vocabulary:
    concepts: dict[str, dict[str, Any]] = {}
    for path, _ in files:
        concepts |= json.loads(path.read_text(encoding="utf-8"))
    return Vocabulary(concepts, folder / "tokenizer" / "tokenizer.json")


def _names(concept: dict[str, Any]) -> Iterator[str]:
    for field, value in concept.items():
        if field != "kind":
            yield from [value] if isinstance(value, str) else value


def _singulars(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s"):
        yield word[:-1]
