"""Which thing each colour of a description belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from t2i_studio.brief.lexicon import BASIC, Meaning
from t2i_studio.brief.scopes import Scope, is_mark
from t2i_studio.brief.segment import Word

Owner = Literal["product", "backdrop", "exclude", "other"]

_SKIPPED: tuple[Meaning, ...] = ("color", "material", "pattern", "season", "audience", "selling_point", "classifier")

_GRAPHICS = frozenset({"text", "logo", "border", "sticker", "label", "watermark"})


@dataclass(frozen=True)
class Colored:
    """words[place] says the basic colour `color` of `owner`."""

    place: int
    color: str
    owner: Owner


_NAMES = "red orange yellow green blue purple pink brown black white grey gold silver cyan"
_BASIC = dict(zip(BASIC, _NAMES.split(" "), strict=True))


def bind_colors(
    words: Sequence[Word], scopes: Sequence[frozenset[Scope]], product: tuple[int, int] | None
) -> list[Colored]:
    """Every colour with its owner. product: words[first:last] are what is sold."""
    name = words[product[1] - 1].lemma if product else None
    found = []
    for place, word in enumerate(words):
        if product and product[0] <= place < product[1] and word.says("product"):
            continue
        colors = basic_colors(word)
        if colors:
            owner = _owner(words, scopes, place, name)
            found += [Colored(place, color, owner) for color in colors]
    return found


def basic_colors(word: Word) -> list[str]:
    """The basic colours a word says: one, or those of 黑白; none for words like 红枣 that only contain one."""
    if word.says("not_color"):
        return []
    if word.says("color"):
        listed = word.says("product") and word.script == "zh" and len(word.text) > 1
        return [] if listed else [word.value("color")]
    if len(word.text) > 1 and not word.says("product") and all(character in _BASIC for character in word.text):
        return [_BASIC[character] for character in word.text]
    return []


def _owner(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int, product: str | None) -> Owner:
    if "metaphor" in scopes[place]:
        return "other"
    if "exclude" in scopes[place]:
        head = _head_after(words, place)
        return "exclude" if head is None or not words[head].says("product") or words[head].lemma == product else "other"
    if words[place].says("backdrop") or _of_backdrop_before(words, place):
        return "backdrop"
    head = _head_after(words, place)
    if head is None:
        if words[place].script == "en" and place and words[place - 1].text in ("on", "against", "over", "onto"):
            return "backdrop"
        head = _thing_before(words, scopes, place)
    if head is None:
        return "product"
    return _owner_of(words[head], scopes[head], product)


def _of_backdrop_before(words: Sequence[Word], place: int) -> bool:
    """背景紫色, 背景用浅灰, "background: pale pink": a backdrop that no colour stands before."""
    before = place - 1
    while before >= 0 and not words[before].says("backdrop") and _links(words[before]):
        before -= 1
    if before < 0 or not words[before].says("backdrop") or words[before].says("color"):
        return False
    earlier = words[before - 1] if before else None
    if earlier is not None and earlier.text in ("的", "色") and before > 1:
        earlier = words[before - 2]
    return earlier is None or not basic_colors(earlier)


def _links(word: Word) -> bool:
    """May it stand between a backdrop and its colour: 背景请用暗一点的金色?"""
    return word.says("link") or bool(word.pos & {"d", "v", "m"})


def _owner_of(word: Word, scopes: frozenset[Scope], product: str | None) -> Owner:
    if word.says("backdrop"):
        return "backdrop"
    if word.lemma == product or word.says("body"):
        return "product"
    if word.says("part", "setting", "stand") or _is_graphic(word):
        return "other"
    if word.says("prop") and not word.says("product"):
        return "other"
    if scopes & {"gift", "place", "metaphor", "purpose"}:
        return "other"
    return "product"


def _is_graphic(word: Word) -> bool:
    """Is it something printed, 黑字 on a white sign?"""
    return word.says("exclusion") and word.value("exclusion") in _GRAPHICS and not word.says("product")


def _head_after(words: Sequence[Word], place: int) -> int | None:
    """The noun that a colour stands before: over 的, other colours and materials to the end of the noun phrase."""
    head, script = None, words[place].script
    for after in range(place + 1, min(len(words), place + 9)):
        word = words[after]
        if is_mark(word) or word.says("place", "negator", "gift", "like", "purpose", "stop"):
            break
        if head is not None and (word.text in ("的", "and", "、", "和") or basic_colors(word) or word.script != script):
            break
        if head is not None and script == "zh" and word.start != words[after - 1].end:
            break
        if word.says("backdrop"):
            return head if _begins_anew(words, after) else after
        if word.says(*_SKIPPED) and not word.says("product"):
            continue
        if word.says("product", "part", "prop", "setting", "meta", "exclusion") or "n" in word.pos:
            if word.text not in ("色", "款", "color", "colour"):
                head = after
        elif head is not None or ("v" in word.pos and script == "en" and "a" not in word.pos):
            break
    return head


def _begins_anew(words: Sequence[Word], backdrop: int) -> bool:
    """Does the backdrop have its own colour after it: 霧黑 背景：純白?"""
    following = words[backdrop + 1] if backdrop + 1 < len(words) else None
    return following is not None and (following.says("link") or bool(basic_colors(following)))


def _thing_before(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> int | None:
    """The noun of the same clause that a colour stands after: "mug in navy", 手提包 红色, 瓶盖金色."""
    for before in range(place - 1, -1, -1):
        word = words[before]
        if is_mark(word) and word.text not in ":：":
            return None
        aside = scopes[before] & {"gift", "place", "metaphor", "purpose", "exclude"}
        if word.says("product", "part", "body") and not aside:
            return before
    return None
