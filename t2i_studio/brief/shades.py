"""Words that are a colour only where a colour stands: honey, oatmeal, 焦糖, 燕麦 (assets/words/terms/shades.csv).

What shows it stands in assets/words/shade_cues.csv.
"""

from collections.abc import Sequence
from dataclasses import replace

from t2i_studio.brief.lexicon import Meaning, lexicon
from t2i_studio.brief.scopes import is_end
from t2i_studio.brief.segment import Word

_BETWEEN = frozenset(("、", "/", "|", "+", "&", ",", "，", "and", "or", "和", "或", "与", "及", "-"))
_SURFACES: tuple[Meaning, ...] = ("material", "body", "backdrop")
_FARTHEST = 12


def settle(words: Sequence[Word]) -> list[Word]:
    """`words`, with those that stand for a colour known as one and as nothing else."""
    settled = list(words)
    unsure = [at for at, word in enumerate(words) if _value(word) and (not word.says("color") or word.says("product"))]
    for order in (unsure, unsure[::-1]):  # a list is settled from both of its ends
        for place in order:
            word = settled[place]
            if word.meanings != (("color", _value(word)),) and _is_color(settled, place):
                settled[place] = replace(word, meanings=(("color", _value(word)),), pos=frozenset("a"))
    return settled


def _cue(name: str) -> frozenset[str]:
    return lexicon().shade_cues[name]


def _value(word: Word) -> str:
    """The colour that a word may stand for, empty for most words."""
    shades = lexicon().shades
    return shades.get(word.text) or shades.get(word.lemma, "")


def _is_color(words: Sequence[Word], place: int) -> bool:
    chinese = words[place].script == "zh"
    if _in_a_list(words, place):
        return True
    return _named_zh(words, place) if chinese else _named_en(words, place)


def _named_en(words: Sequence[Word], place: int) -> bool:
    """In navy, "matte sand", "cognac leather", "raspberry cover", ", oyster" and "colour: honey"."""
    word = words[place]
    before, after = _at(words, place - 1), _at(words, place + 1)
    bare = _is_bare(words, place)
    if before is not None and bare:
        if before.text in _cue("named") | _cue("tint") or before.says("link") or _is_labelled(words, place):
            return True
        if is_end(words, place - 1) and place > 1 and not _is_eaten(words, place):
            return True
    if after is None or is_end(words, place + 1) or after.script != "en":
        return False
    if after.text in _cue("after"):
        return True
    if after.says("product"):
        listed = lexicon().products.get(after.lemma)
        return listed is not None and listed.category in _cue("dyed") and not word.says("material")
    if word.says("material"):
        return before is not None and before.text in _cue("tint") and after.says("part")
    return after.says(*_SURFACES) or (after.says("part") and not after.says("container"))


def _named_zh(words: Sequence[Word], place: int) -> bool:
    """颜色：燕麦, 鞋面米杏, 焦糖三色."""
    before, after = _at(words, place - 1), _at(words, place + 1)
    if after is not None and after.start == words[place].end and after.text in _cue("after"):
        return True
    if not _is_bare(words, place) or before is None:
        return False
    return before.text in _cue("named") or before.says("body") or _is_labelled(words, place)


def _is_labelled(words: Sequence[Word], place: int) -> bool:
    """Does "Backdrop:" or 颜色： stand before it?"""
    label = _at(words, place - 2)
    if label is None or words[place - 1].text not in ":：=":
        return False
    return label.says("backdrop", "body") or label.text in _cue("named")


def _in_a_list(words: Sequence[Word], place: int) -> bool:
    """Is it bare, and a colour bare beside it: "ecru, moss and ink", 雾蓝, 燕麦, 炭黑?"""
    if not _is_bare(words, place):
        return False
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(words) and abs(at - place) < 3 and words[at].text in _BETWEEN:
            at += step
        spaced = abs(at - place) > 1
        if 0 <= at < len(words) and spaced and words[at].says("color") and (step < 0 or _is_bare(words, at)):
            return True
    return False


def _is_bare(words: Sequence[Word], place: int) -> bool:
    """Does no noun follow it?"""
    after = _at(words, place + 1)
    if after is None or is_end(words, place + 1) or after.text in _BETWEEN:
        return True
    gap = words[place].end < after.start
    if words[place].script == "zh":
        return gap or after.text in _cue("after")
    return after.script == "zh" or after.says("place", "purpose", "gift", "like") or after.script == "number"


def _is_eaten(words: Sequence[Word], place: int) -> bool:
    """Is food or a scent spoken of near it, so that it may be an ingredient?"""
    for word in (*words[max(0, place - _FARTHEST) : place], *words[place + 1 : place + 4]):
        product = lexicon().products.get(word.lemma) if word.says("product") else None
        if product is not None and product.category in _cue("eaten") and not _value(word):
            return True
    alike = [word for word in words[max(0, place - 3) : place + 4] if _value(word) and word.says("product")]
    return len(alike) > 1 or any(word.says("prop") and not _value(word) for word in words[max(0, place - 2) : place])


def _at(words: Sequence[Word], place: int) -> Word | None:
    return words[place] if 0 <= place < len(words) else None
