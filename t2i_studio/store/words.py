"""Splits text into the words of the search index, for scripts with and without spaces.

Latin and other spaced scripts: whole words, found by their beginning. Chinese, Japanese and Korean run on
without spaces, so every character and every pair of neighbours is a word (n-gram indexing, n ≤ 2): 手提包 is
found by 包, 手提, 提包 and 手提包. Width and case are folded (NFKC, casefold).
"""

import re
import unicodedata

MAX_WORD = 64
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_RUNS = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w)+)")


def _runs(text: str) -> list[tuple[str, str]]:
    """(unspaced run, spaced word), one of them empty, in order."""
    return _RUNS.findall(unicodedata.normalize("NFKC", text).casefold())


def _pairs(run: str) -> set[str]:
    return {run[i : i + 2] for i in range(len(run) - 1)}


def index_words(text: str) -> set[str]:
    """The words under which `text` is found."""
    words: set[str] = set()
    for unspaced, word in _runs(text):
        words |= {*unspaced, *_pairs(unspaced)} if unspaced else {word[:MAX_WORD]}
    return words


def search_terms(text: str) -> tuple[set[str], set[str]]:
    """What a text must hold to be found by `text`: (words to match whole, beginnings of words)."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for unspaced, word in _runs(text):
        if unspaced:
            whole |= _pairs(unspaced) or {unspaced}
        else:
            beginnings.add(word[:MAX_WORD])
    return whole, beginnings
