"""Which thing each colour of a description belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from t2i_studio.brief.lexicon import BASIC, WORDS, Meaning
from t2i_studio.brief.logit import Features, load_weights, score
from t2i_studio.brief.scopes import Scope, clauses, is_mark
from t2i_studio.brief.segment import Word

WEIGHTS = WORDS / "colors_weights.json"
Owner = Literal["product", "backdrop", "exclude", "other"]
OWNERS: tuple[Owner, ...] = ("product", "backdrop", "other")
"""What a colour may belong to where nothing is negated or compared."""

_SKIPPED: tuple[Meaning, ...] = ("color", "material", "pattern", "season", "audience", "selling_point", "classifier")

_SORTS: tuple[Meaning, ...] = ("body", "stand", "part", "setting", "product", "prop", "container", "meta", "audience")
_GRAPHICS = frozenset({"text", "logo", "border", "sticker", "label", "watermark"})


_NEAR = 30
"""Words that are looked at to either side, so that reading takes time in proportion to the text."""


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
    numbers = clauses(words)
    found = mentions(words, product)
    return [Colored(place, color, _owner(words, scopes, numbers, place, product)) for place, color in found]


def mentions(words: Sequence[Word], product: tuple[int, int] | None) -> Iterator[tuple[int, str]]:
    """(place, basic colour) of each colour that is said, but not in the product's own name (红酒)."""
    for place, word in enumerate(words):
        named = product and product[0] <= place < product[1] and word.says("product")
        if not named:
            yield from ((place, color) for color in basic_colors(word))


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


def _owner(
    words: Sequence[Word],
    scopes: Sequence[frozenset[Scope]],
    numbers: Sequence[int],
    place: int,
    product: tuple[int, int] | None,
) -> Owner:
    if "metaphor" in scopes[place]:
        return "other"
    if "exclude" in scopes[place]:
        name = words[product[1] - 1].lemma if product else None
        head = _head_after(words, place)
        return "exclude" if head is None or not words[head].says("product") or words[head].lemma == name else "other"
    after = _head_after(words, place)
    if words[place].says("backdrop") or (after is not None and words[after].says("backdrop")):
        return "backdrop"
    if after is not None and _is_stand(words[after]):
        return "other"
    weights = load_weights(WEIGHTS)
    scores = [score(option, weights) for option in options(words, scopes, numbers, place, product)]
    return OWNERS[scores.index(max(scores))]


def options(
    words: Sequence[Word],
    scopes: Sequence[frozenset[Scope]],
    numbers: Sequence[int],
    place: int,
    product: tuple[int, int] | None,
) -> list[Features]:
    """For each of OWNERS the features of a colour, as that owner weighs them. numbers: `clauses` of the words."""
    names = [*_features(words, scopes, place, product), *_around(words, numbers, place, product)]
    features = dict.fromkeys(names, 1.0)
    return [{f"{owner}.{name}": value for name, value in features.items()} for owner in OWNERS]


def _features(
    words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int, product: tuple[int, int] | None
) -> Iterator[str]:
    word, name = words[place], words[product[1] - 1].lemma if product else None
    after, before = _head_after(words, place), _thing_before(words, scopes, place)
    head = "none" if after is None else _sort(words[after], scopes[after], name)
    thing = "none" if before is None else _sort(words[before], scopes[before], name)
    yield "always"
    yield f"script.{word.script}"
    yield f"head.{head}"
    yield f"before.{thing}"
    if head == "none":
        yield f"alone.{thing}"
    if word.says("backdrop"):
        yield "ground.word"
    if _of_backdrop_before(words, place):
        yield "of.backdrop"
    yield from (f"in.{scope}" for scope in scopes[place])
    yield from _beside(words, place)


def _sort(word: Word, scopes: frozenset[Scope], product: str | None) -> str:
    """What kind of thing a word is, as far as it matters for whose colour one is."""
    if word.says("backdrop"):
        return "backdrop"
    if word.lemma == product:
        return "product"
    sort = next((meaning for meaning in _SORTS if word.says(meaning)), "noun")
    if sort == "noun" and _is_graphic(word):
        sort = "graphic"
    return f"{sort}.aside" if scopes & {"gift", "place", "purpose"} else sort


def _beside(words: Sequence[Word], place: int) -> Iterator[str]:
    """The words directly before and after."""
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    if before is None or is_mark(before):
        yield "begins.clause"
    elif before.script == "en" and (
        before.says("place", "gift", "purpose") or before.text in ("of", "and", "or", "is")
    ):
        yield f"word.before.{before.text}"
    elif basic_colors(before) or before.text in ("、", "/", "+"):
        yield "in.a.list"
    elif before.says("link"):
        yield "after.link"
    if after is None or is_mark(after):
        yield "ends.clause"
    elif after.text in ("的", "色", "底", "款", "and", "or", "、", "/", "+"):
        yield f"word.after.{after.text}"


def _around(
    words: Sequence[Word], numbers: Sequence[int], place: int, product: tuple[int, int] | None
) -> Iterator[str]:
    """The clause it stands in, and where the product is from there."""
    near = range(max(0, place - _NEAR), min(len(words), place + _NEAR))
    mates = [at for at in near if numbers[at] == numbers[place] and at != place]
    if product is not None:
        there = numbers[product[0]]
        side = "same" if there == numbers[place] else "before" if there < numbers[place] else "after"
        yield f"product.{side}"
        if there == numbers[place]:
            yield "product.follows" if place < product[0] else "product.precedes"
    for meaning in ("backdrop", "body", "part", "setting", "stand", "prop", "label"):
        if any(words[at].says(meaning) for at in mates):  # type: ignore[arg-type]
            yield f"clause.{meaning}"
    if not any("n" in words[at].pos and not words[at].says("color") for at in mates):
        yield "clause.bare"
    yield f"clause.{'first' if numbers[place] == numbers[0] else 'later'}"


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


def _is_stand(word: Word) -> bool:
    """Is it what the product stands on?"""
    return word.says("stand") or (word.says("setting") and "podium" in word.value("setting"))


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
    if following is None:
        return False
    return following.says("link") or (bool(basic_colors(following)) and _head_after(words, backdrop + 1) is None)


def _thing_before(words: Sequence[Word], scopes: Sequence[frozenset[Scope]], place: int) -> int | None:
    """The noun of the same clause that a colour stands after: "mug in navy", 手提包 红色, 瓶盖金色."""
    for before in range(place - 1, max(-1, place - _NEAR), -1):
        word = words[before]
        if is_mark(word) and word.text not in ":：":
            return None
        aside = scopes[before] & {"gift", "place", "metaphor", "purpose", "exclude"}
        if word.says("product", "part", "body") and not aside:
            return before
    return None
