"""Which words of a description stand under a negation, a comparison, a gift, a place or a purpose."""

from collections.abc import Iterator, Sequence
from typing import Literal

from t2i_studio.brief.normalise import EMOJI_MARK
from t2i_studio.brief.segment import Word

Scope = Literal["exclude", "gift", "metaphor", "place", "purpose"]
HARD_MARKS = frozenset('，。！？；：,.;:!?\n()（）【】[]|•·✓★—–…~～<>《》「」『』"“”' + EMOJI_MARK)

_OPENERS: dict[str, Scope] = {
    "negator": "exclude",
    "gift": "gift",
    "like": "metaphor",
    "place": "place",
    "purpose": "purpose",
}
_LOCATIVES = frozenset("上里中旁边前下内间")
_WISHING = frozenset({"would", "i'd", "we'd", "i", "we", "'d"})
_NEEDED = frozenset(("needed", "required", "necessary"))
_AND = frozenset(("and", "or", "nor", "&", "和", "或", "及", "与", "、"))
_LITTLE = _AND | {"a", "an", "the", "any", "of", "other", "even", "visible", "please"}
"""Words that do not lengthen an item of a list."""
_FARTHEST = 60
"""Words that a scope reaches over at most."""


def is_mark(word: Word) -> bool:
    """Does a clause end here?"""
    return word.script == "mark" and word.text in HARD_MARKS


def is_end(words: Sequence[Word], place: int) -> bool:
    """Does a clause end here, or a dash stand between spaces?"""
    return is_mark(words[place]) or _is_dash(words, place)


def _is_dash(words: Sequence[Word], place: int) -> bool:
    return words[place].text == "-" and 0 < place < len(words) - 1 and words[place - 1].end < words[place].start


def clauses(words: Sequence[Word]) -> list[int]:
    """The number of the clause that each word stands in."""
    numbers, number = [], 0
    for place, word in enumerate(words):
        dash = word.text in "-/" and 0 < place < len(words) - 1 and words[place - 1].end < word.start
        number += is_mark(word) or dash
        numbers.append(number)
    return numbers


def scopes(words: Sequence[Word]) -> list[frozenset[Scope]]:
    """For each word the scopes that it stands in."""
    found: list[set[Scope]] = [set() for _ in words]
    for place in range(len(words)):
        scope = _opened(words, place)
        if scope is None:
            continue
        for inside in _reach(words, place, scope):
            found[inside].add(scope)
    for inside in _kept_out(words):
        found[inside].add("exclude")
    for place, word in enumerate(words):  # 如雪般 without 如: 雪般
        if word.says("likeness") and word.script == "zh" and place and not is_mark(words[place - 1]):
            found[place - 1].add("metaphor")
    return [frozenset(each) for each in found]


def _opened(words: Sequence[Word], place: int) -> Scope | None:
    word = words[place]
    role = next((meaning for meaning, _ in word.meanings if meaning in _OPENERS), None)
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    if role is None or after is None:
        return None
    if word.text == "as" and place + 2 < len(words) and words[place + 2].text.startswith("as"):
        return None  # "as white as snow" is white
    if word.text == "like" and before and before.text in _WISHING:
        return None
    if word.text == "no" and any(other.text in _NEEDED for other in _rest_of_clause(words, place)):
        return None  # "no battery needed"
    if word.text == "negative" and after.text not in ":：":
        return None  # "negative space"
    if word.text == "not" and after.text in ("only", "just"):
        return None
    if word.text == "free" and before is not None and before.text == "-":
        return None
    return _OPENERS[role]


def _kept_out(words: Sequence[Word]) -> Iterator[int]:
    """Keep quills, inkwells and candles | out of it."""
    for place, word in enumerate(words):
        if word.text not in ("keep", "leave", "crop", "edit"):
            continue
        for after in range(place + 2, min(len(words), place + 16)):
            if words[after].text == "out":
                yield from range(place + 1, after)
            if words[after].text == "out" or (is_mark(words[after]) and words[after].text != ","):
                break


def _reach(words: Sequence[Word], place: int, scope: Scope) -> Iterator[int]:
    """From an opener to the end of its clause, of its place, or of its relative clause (送杯垫的 | 咖啡机)."""
    chinese, paused = words[place].script == "zh", False
    for inside in range(place + 1, min(len(words), place + _FARTHEST)):
        word = words[inside]
        if scope == "exclude" and _goes_on(words, place, inside):
            paused = False
            continue
        if is_mark(word) or word.says("stop") or (scope == "exclude" and _is_dash(words, inside)):
            return
        if chinese and scope == "exclude" and _after_a_gap(words, place, inside):
            return
        if scope != "exclude" and word.says("negator"):
            return
        if chinese and word.text == "的" and inside > place + 1 and _noun_follows(words, inside):
            of_the_product = words[place].text in ("无", "没有", "不带", "不含", "没")  # 无盖的杯子
            if scope != "exclude" or of_the_product:
                return
        if not chinese and inside > place + 1 and word.says("place", "purpose", "gift", "like"):
            if scope != "exclude":
                return
            paused = _names_something(
                words[place + 1 : inside]
            )  # "no cables on the floor, logos or hands" goes on after the floor
        if scope == "exclude" and not chinese and _other_script(words, place, inside):
            return
        if not paused:
            yield inside
        if chinese and _is_over(scope, word):
            return


def _goes_on(words: Sequence[Word], place: int, mark: int) -> bool:
    """Is this a mark within a list of what is not wanted: "Avoid: text, logos", "no text, shadows and props"?"""
    if words[mark].text in ":：":
        return all(word.says("want", "function", "meta") for word in words[place + 1 : mark])
    if words[mark].text not in ",，":
        return False
    item = list(_rest_of_clause(words, mark))
    rest = [word for word in item if word.text not in _LITTLE]
    if not rest or any(word.says("backdrop", "color", "body", "negator", "want") for word in rest):
        return False
    if rest[0].says("exclusion") or all(word.says("exclusion", "thing") for word in rest):
        return True
    headed = any(word.text in ":：" for word in words[place + 1 : place + 4])
    joined = any(word.text in _AND for word in item)
    return words[place].script == "en" and len(rest) <= 4 and (headed or joined or _listed_on(words, mark, item))


def _listed_on(words: Sequence[Word], mark: int, item: Sequence[Word]) -> bool:
    """Does a list go on after this item and end with "or" or "and": "no chilies, chips or hands"?"""
    after = mark + 1 + len(item)
    while after < len(words) and words[after].text == ",":
        rest = list(_rest_of_clause(words, after))
        if any(word.text in _AND for word in rest):
            return True
        if not 0 < len(rest) <= 3:
            return False
        after += 1 + len(rest)
    return False


def _rest_of_clause(words: Sequence[Word], place: int) -> Iterator[Word]:
    """The words after one, up to the next mark."""
    for at in range(place + 1, min(len(words), place + 12)):
        if is_end(words, at):
            return
        yield words[at]


def _after_a_gap(words: Sequence[Word], place: int, inside: int) -> bool:
    """无添加 婴儿米粉: a space ends a Chinese negation, unless more of what one does not want comes."""
    gap = inside > place + 1 and words[inside - 1].end < words[inside].start
    mixed = "en" in (words[inside].script, words[inside - 1].script) and words[place].text not in ("无", "没有", "没")
    if mixed:  # 不要 logo 和人手: a space between scripts divides nothing, but before a list of words it does
        return gap and words[inside - 1].script == "zh" and not words[inside].says("exclusion", "thing")
    return gap and not words[inside].says("exclusion") and words[inside].text not in _AND


def _names_something(words: Sequence[Word]) -> bool:
    """Has a negation reached a thing? "Don't place it next to coffee" has not before the coffee."""
    named = (word for word in words if not word.says("function", "classifier", "want"))
    return any("n" in word.pos or word.says("exclusion", "thing", "product") for word in named)


def _other_script(words: Sequence[Word], place: int, inside: int) -> bool:
    """Does Chinese that names nothing unwanted follow an English negation: "no drill 免打孔 奶咖色"?"""
    word = words[inside]
    listed = inside == place + 1 or words[inside - 1].text in _AND or word.text in _AND
    return word.script == "zh" and not listed and not word.says("exclusion", "thing")


def _is_over(scope: Scope, word: Word) -> bool:
    """Does a Chinese scope end with this word? 在桌子上 |, 适用手机 |, 像苹果一样 |"""
    if scope == "place":
        return word.text in _LOCATIVES
    if scope == "purpose":
        return "n" in word.pos and len(word.text) > 1
    return scope == "metaphor" and word.says("likeness")


def _noun_follows(words: Sequence[Word], place: int) -> bool:
    """Does a thing come after words[place] in the same clause?"""
    for word in words[place + 1 : place + _FARTHEST]:
        if is_mark(word):
            return False
        if "n" in word.pos and not word.says("meta"):
            return True
    return False
