"""What stands around a colour: the noun it is said of, and whether that is what the product stands before."""

from collections.abc import Sequence

from t2i_studio.brief.lexicon import BASIC, Meaning
from t2i_studio.brief.scopes import Scope, is_mark
from t2i_studio.brief.segment import Word

NEAR = 30
"""Words that are looked at to either side, so that reading takes time in proportion to the text."""
_LINKS = 7
"""Words between a backdrop and its colour at most."""
_SKIPPED: tuple[Meaning, ...] = ("color", "material", "pattern", "season", "audience", "selling_point", "classifier")
_GRAPHICS = frozenset({"text", "logo", "border", "sticker", "label", "watermark"})
_NAMES = "red orange yellow green blue purple pink brown black white grey gold silver cyan"
_BASIC = dict(zip(BASIC, _NAMES.split(" "), strict=True))


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


def head_after(words: Sequence[Word], place: int) -> int | None:
    """The noun that a colour stands before: over 的, other colours and materials to the end of the noun phrase."""
    head, script = None, words[place].script
    for after in range(place + 1, min(len(words), place + 9)):
        word = words[after]
        if is_mark(word) or word.says("place", "negator", "gift", "like", "purpose", "stop"):
            break
        if head is not None and (word.text in ("的", "and", "、", "和") or basic_colors(word) or word.script != script):
            break
        if (head is not None or after > place + 1) and script == "zh" and word.start != words[after - 1].end:
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
    if following is None:
        return False
    if following.text in ":：=" and backdrop and words[backdrop - 1].end < words[backdrop].start:
        return True
    return following.says("link") or (bool(basic_colors(following)) and head_after(words, backdrop + 1) is None)


def thing_before(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> int | None:
    """The noun of the same clause that a colour stands after: "mug in navy", 手提包 红色, 瓶盖金色."""
    for before in range(place - 1, max(-1, place - NEAR), -1):
        word = words[before]
        if is_mark(word) and word.text not in ":：":
            return None
        aside = scopes[before] & {"gift", "place", "metaphor", "purpose", "exclude"}
        if word.says("product", "part", "body") and not aside:
            return before
    return None


def is_own_ground(words: Sequence[Word], place: int) -> bool:
    """黑底荧光绿条纹, 白底黑字, 湖蓝打底, 黑面白底: the ground that the product's own pattern stands on."""
    word, after = words[place], words[place + 1] if place + 1 < len(words) else None
    if word.script != "zh" or not word.says("backdrop") or not word.says("color"):
        return False
    if after is not None and after.start == word.end:
        printed = after.text[0] in "绣印纹字" or after.says("pattern") or bool(basic_colors(after))
        return (printed and not _begins_a_name(words, place + 1)) or _has_backdrop_apart(words, place)
    return place > 1 and words[place - 1].text == "面" and bool(basic_colors(words[place - 2]))


def _has_backdrop_apart(words: Sequence[Word], place: int) -> bool:
    """Is a backdrop named elsewhere, so that 红底 in 红底高跟鞋 is none?"""
    near = range(max(0, place - NEAR), min(len(words), place + NEAR))
    return any(words[at].says("backdrop") and "背景" in words[at].text and at != place for at in near)


def _begins_a_name(words: Sequence[Word], place: int) -> bool:
    """Does a product come right after these colours: 白底红色杯子?"""
    head = head_after(words, place - 1) if place else None
    return head is not None and words[head].says("product") and not is_graphic(words[head])


def serves_as_backdrop(words: Sequence[Word], place: int) -> bool:
    """深红幕布作背景, "black velvet behind it": the thing that has this colour is behind the product."""
    for after in range(place + 1, min(len(words), place + 5)):
        word, rest = words[after], words[after + 1 : after + 3]
        if word.text in ("作", "做", "当", "作为", "为", "as"):
            return any(each.says("backdrop") for each in rest)
        if word.text == "behind":
            return not rest or is_mark(rest[0]) or rest[0].text == "it"
        if is_mark(word) or not (word.says("material", "product", "backdrop", "color") or "n" in word.pos):
            return False
    return False


def of_backdrop_before(words: Sequence[Word], place: int) -> bool:
    """背景紫色, 背景用浅灰, "background: pale pink": a backdrop that no colour stands before."""
    before = place - 1
    while before >= max(0, place - _LINKS) and not words[before].says("backdrop") and _links(words[before]):
        before -= 1
    if before < 0 or not words[before].says("backdrop") or words[before].says("color"):
        return False
    earlier = words[before - 1] if before else None
    if words[before + 1].text in ":：=" or earlier is None or earlier.end < words[before].start:
        return True
    if earlier.text in ("的", "色") and before > 1:
        earlier = words[before - 2]
    return not basic_colors(earlier)


def _links(word: Word) -> bool:
    """May it stand between a backdrop and its colour: 背景请用暗一点的金色, "the background plain grey"?"""
    if word.says("product", "part", "body"):
        return False
    return word.says("link", "want", "classifier") or word.text in "的#" or bool(word.pos & {"a", "d", "v", "m", "r"})


def is_stand(word: Word) -> bool:
    """Is it what the product stands on?"""
    return word.says("stand") or (word.says("setting") and "podium" in word.value("setting"))


def is_prop(word: Word) -> bool:
    """Is it a thing that may stand beside a product, and no pattern of one: 礼盒, a ribbon (which may be its part)?"""
    return word.says("prop") and not word.says("body", "pattern", "container", "setting")


def is_graphic(word: Word) -> bool:
    """Is it something printed, 黑字 on a white sign?"""
    return word.says("exclusion") and word.value("exclusion") in _GRAPHICS and not word.says("product")
