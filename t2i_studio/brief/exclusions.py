"""What a description wants kept out of the picture."""

from collections.abc import Iterator, Sequence
from typing import Literal

from t2i_studio.brief.color_phrases import basic_colors
from t2i_studio.brief.lexicon import Meaning, lexicon
from t2i_studio.brief.scopes import Scope, is_end, is_mark
from t2i_studio.brief.segment import Word
from t2i_studio.brief.translation import dictionary_gloss, english_name
from t2i_studio.brief.vocabulary import function_words

Level = Literal["listed", "things", "any"]
"""How much a negation excludes: what the table of exclusions has, what the table of things or of products has too,
or whatever is named.
"""

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
_GRAMMAR: tuple[Meaning, ...] = (
    "backdrop", "function", "negator", "color", "claim", "place", "classifier", "gift", "purpose", "like", "want",
    "link", "stop",
)  # fmt: skip
_AFTERWARDS = frozenset(("去掉", "不要", "删掉", "删除", "移除", "去除", "除外", "不用", "不需要", "不必", "拿掉"))
_NOBODY = frozenset(("nobody", "no-one", "unoccupied", "unmanned"))
_GENERAL: dict[str, Level] = {
    **dict.fromkeys(("无", "没有", "没", "不含", "不加", "不带", "无需", "无须", "not", "never"), "listed"),
    **dict.fromkeys(("zero", "minus", "free of", "free from", "lacking", "clear of"), "things"),
}
"""Negations that mostly speak of the product: 无糖, 没有异味, "never"."""
_PICTURE = frozenset(
    {"画面", "画面里", "画面中", "图里", "图中", "图上", "镜头", "镜头里", "镜中", "旁边", "周围", "四周"}
    | {"frame", "shot", "picture", "image", "photo", "sight", "visible", "background", "scene", "anywhere"}
)
"""Beside one of these a negation speaks of the picture."""
_FREED = frozenset(("text", "logo", "people", "watermark", "shadow", "clutter", "distraction"))
"""What "-free" keeps out of a picture; wrinkle-free and dust-free are said of the product."""
_LOCATIVES = frozenset(("上", "里", "中", "下", "旁", "边", "旁边", "上面", "里面", "后面", "前面", "外", "内"))
_PORTIONS = frozenset(("cup", "glass", "loaf", "bottle", "piece", "slice", "bowl", "pair", "bunch", "ball"))
_NEAR = 12


def find_exclusions(words: Sequence[Word], scopes: Sequence[frozenset[Scope]]) -> Iterator[tuple[int, str]]:
    """(place, canonical English name) of each thing that is not wanted."""
    level: Level = "any"
    for place, word in enumerate(words):
        if word.says("negator"):
            level = _level(words, place, level)
        if word.text in _NOBODY:
            yield place, "people"
        elif "exclude" in scopes[place]:
            name = None if _qualifies(words, scopes, place) else _name(words, scopes, place, level)
            if name is not None:
                yield place, name
        elif _negated_after(words, place):
            yield place, word.value("exclusion" if word.says("exclusion") else "thing")
        elif word.script == "en" and word.text.endswith("-free"):
            freed = word.text.removesuffix("-free")
            yield from ((place, value) for value in lexicon().values(freed, "exclusion") if freed in _FREED)


def _level(words: Sequence[Word], place: int, before: Level) -> Level:
    """How much the negation at a place excludes. 画面里没有猫，没有猫毛: the second one as much as the first."""
    level = "listed" if _says_of_product(words, place) else _GENERAL.get(words[place].text, "any")
    if level == "any" or _is_pictured(words, place):
        return "any"
    earlier = [at for at in range(max(0, place - 5), place - 1) if words[at].text == words[place].text]
    return before if earlier else level


def _says_of_product(words: Sequence[Word], place: int) -> bool:
    """Is it the "without" of "a sofa without armrests", in the same clause as the thing that has none?"""
    if words[place].text not in ("without", "sans", "with no"):
        return False
    first = place
    while first > max(0, place - _NEAR) and not is_end(words, first - 1):
        first -= 1
    clause = words[first:place]
    asked = any(word.says("want", "meta", "backdrop", "setting", "stand") for word in clause)
    return not asked and any(word.says("product") or "n" in word.pos for word in clause)


def _is_pictured(words: Sequence[Word], place: int) -> bool:
    """Does the clause around words[place] speak of the picture?"""
    first, last = place, place
    while first > max(0, place - _NEAR) and not is_mark(words[first - 1]):
        first -= 1
    while last < min(len(words), place + _NEAR) and not is_mark(words[last]):
        last += 1
    return any(word.text in _PICTURE for word in words[first:last])


def _negated_after(words: Sequence[Word], place: int) -> bool:
    """水印去掉, "logo 不要", 模特不用出镜: the negation comes after the thing, nothing else is negated by it."""
    if not words[place].says("exclusion", "thing") or place + 1 >= len(words):
        return False
    for after in (place + 1, place + 2):
        if words[after - 1].text in ":：" and after < len(words) and words[after].text in ("none", "无", "no"):
            return True
        if is_mark(words[after - 1]):
            return False
        if after < len(words) and words[after].text in _AFTERWARDS:
            rest = words[after + 1 : after + 3]
            return not rest or any(is_mark(word) for word in rest)
    return False


def _name(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int, level: Level) -> str | None:
    """What an unwanted thing is called: as the tables say, else by its own name."""
    word = words[place]
    if word.says("claim") and (level != "any" or not word.says("exclusion")) and not _is_pictured(words, place):
        return None
    if word.text == "frame" and words[place - 1].text in ("in", "of", "the"):
        return None
    if word.says("exclusion"):
        return word.value("exclusion")
    if colors := basic_colors(word):
        return colors[0] if not word.says("backdrop") or len(word.text) > 1 else None
    if level == "listed" or _is_somewhere(word):
        return None
    if word.script == "en" and (compound := _compound(words, scopes, place)):
        return compound
    if word.says("thing"):
        return word.value("thing")
    if word.says(*_NOT_THINGS) or (level == "things" and not word.says("product", "prop")):
        return None
    return _own_name(word)


def _is_somewhere(word: Word) -> bool:
    """Is it where a thing is, "on the desk", in one?"""
    return word.says("setting") and word.script == "en" and " " in word.text


def _own_name(word: Word) -> str | None:
    """A name for a thing of no table of unwanted ones."""
    if word.script == "en":
        named = word.says("product", "prop") or _may_name(word)
        return word.lemma if named and word.lemma not in function_words() else None
    if len(word.text) < 2:
        return None
    if word.says("product"):
        return english_name(word.text)
    if "n" not in word.pos or word.text.startswith(("别", "不")):
        return None
    gloss = dictionary_gloss(word.text)
    if gloss and gloss.replace(" ", "").replace("-", "").isalpha():
        portion, of, rest = gloss.partition(" of ")
        return rest if of and portion in _PORTIONS else gloss
    return _by_ending(word.text) or word.text


def _by_ending(name: str) -> str | None:
    """祥云图案: what the tables call a thing whose name ends so."""
    known = lexicon()
    ends = (name[at:] for at in range(1, len(name) - 1))
    values = (value for end in ends for value in known.values(end, "exclusion") + known.values(end, "thing"))
    return next(values, None)


def _qualifies(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> bool:
    """Does a noun only say what kind the next one is, or where it is: "shaker bottle", 瓶上的标签?"""
    if words[place].script != "en":
        rest = [word.text for word in words[place + 1 : place + 3]]
        return len(rest) == 2 and rest[0] in _LOCATIVES and rest[1] == "的"  # 墙上的挂画
    if place + 1 >= len(words):
        return False
    chinese_head = words[place + 1].script == "zh" and words[place + 1].says("exclusion", "thing", "product")
    own = words[place].says("exclusion", "thing", "product")
    return _is_joined(words, scopes, place) or (chinese_head and not own)


def _is_joined(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> bool:
    """Do words[place] and the next one make one name?"""
    word, head = words[place], words[place + 1]
    if is_end(words, place + 1) or "exclude" not in scopes[place + 1] or word.script != "en" or head.script != "en":
        return False
    return _is_noun(word) and _is_noun(head)


def _is_noun(word: Word) -> bool:
    """May an English word be a noun of a compound?"""
    if word.says("exclusion", "thing", "product", "prop"):
        return True
    if word.says(*_GRAMMAR) or _is_somewhere(word) or word.lemma in function_words():
        return False
    return _may_name(word) and not word.text.endswith(("ing", "ed"))


def _may_name(word: Word) -> bool:
    """May an English word of no table name a thing?"""
    return "n" in word.pos and not word.pos & {"a", "d"} and "-" not in word.text and len(word.text) > 1


def _compound(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> str | None:
    """The nouns before an English one that make one name with it, and it; None when there are none."""
    first = place
    while first and place - first < 2 and "exclude" in scopes[first - 1] and _is_joined(words, scopes, first - 1):
        first -= 1
    if first == place:
        return None
    return " ".join([*(word.text for word in words[first:place]), words[place].lemma])
