"""Which thing each colour of a description belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from t2i_studio.brief.color_phrases import (
    NEAR,
    basic_colors,
    head_after,
    is_graphic,
    is_own_ground,
    is_prop,
    is_stand,
    of_backdrop_before,
    serves_as_backdrop,
    thing_before,
)
from t2i_studio.brief.lexicon import WORDS, Meaning
from t2i_studio.brief.logit import Features, load_weights, score
from t2i_studio.brief.scopes import Scope, clauses, is_mark
from t2i_studio.brief.segment import Word

WEIGHTS = WORDS / "colors_weights.json"
Owner = Literal["product", "backdrop", "exclude", "other"]
OWNERS: tuple[Owner, ...] = ("product", "backdrop", "other")
"""What a colour may belong to where nothing is negated or compared."""

_SORTS: tuple[Meaning, ...] = ("body", "stand", "part", "setting", "product", "prop", "container", "meta", "audience")
_LISTING = frozenset(("、", "/", "+", "&", "|", "and", "or", "和", "与", "或", "及", "拼", "配", "x", "×"))
_FESTIVE = frozenset((
    "balloons", "bubbles", "coins", "confetti", "fireworks", "gifts", "lanterns", "leaves", "red_envelopes",
    "snowflakes", "stars", "streamers",
))  # fmt: skip
"""Props that products are not made of, as they are of pearls, roses or rope."""
_KINDS = frozenset(["款", "型", "版", "色", "图案", "印花", "纹", "花纹", "style", "print", "pattern"])
"""Words after a thing that make it what the product looks like."""
_ARTICLES = frozenset(("a", "an", "the", "some", "几", "一", "两"))


@dataclass(frozen=True)
class Colored:
    """words[place] says the basic colour `color` of `owner`."""

    place: int
    color: str
    owner: Owner


def bind_colors(
    words: Sequence[Word], scopes: Sequence[frozenset[Scope]], product: tuple[int, int] | None
) -> list[Colored]:
    """Every colour with its owner. product: words[first:last] are what is sold. Colours of a list (红、蓝两色,
    "ecru, moss and ink") have one owner.
    """
    numbers = clauses(words)
    found = list(mentions(words, product))
    bound: list[Colored] = []
    for group in _groups(words, found):
        owners = [_certain_owner(words, scopes, numbers, place, product) for place, _ in group]
        open_ones = [place for (place, _), owner in zip(group, owners, strict=True) if owner is None]
        shared = _likeliest(words, scopes, numbers, open_ones, product) if open_ones else "other"
        bound += [Colored(place, color, owner or shared) for (place, color), owner in zip(group, owners, strict=True)]
    return bound


def _groups(words: Sequence[Word], found: Sequence[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """`found` in lists of colours."""
    group: list[tuple[int, str]] = []
    for each in found:
        if group and not _listed_together(words, group[-1][0], each[0]):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _listed_together(words: Sequence[Word], one: int, other: int) -> bool:
    between = [word.text for word in words[one + 1 : other]]
    if "," in between or "，" in between:
        return len(between) == 1 and other + 1 < len(words) and words[other + 1].text in ("and", "or", "和")
    return len(between) < 3 and all(text in _LISTING for text in between)


def mentions(words: Sequence[Word], product: tuple[int, int] | None) -> Iterator[tuple[int, str]]:
    """(place, basic colour) of each colour that is said, but not in the product's own name (红酒)."""
    for place, word in enumerate(words):
        named = product and product[0] <= place < product[1] and word.says("product")
        if not named:
            yield from ((place, color) for color in basic_colors(word))


def _certain_owner(
    words: Sequence[Word],
    scopes: Sequence[frozenset[Scope]],
    numbers: Sequence[int],
    place: int,
    product: tuple[int, int] | None,
) -> Owner | None:
    """The owner of a colour where the grammar leaves no doubt."""
    if "metaphor" in scopes[place]:
        return "other"
    after = head_after(words, place)
    if "exclude" in scopes[place]:
        name = words[product[1] - 1].lemma if product else None
        excluded = after is None or not words[after].says("product") or words[after].lemma == name
        return "exclude" if excluded else "other"
    if is_own_ground(words, place):
        return "product"
    if words[place].says("backdrop") or (after is not None and words[after].says("backdrop")):
        return "backdrop"
    if serves_as_backdrop(words, place):
        return "backdrop"
    if after is None:
        return "backdrop" if product and _stands_on(words, place, product) else None
    if _ends(words, place) and of_backdrop_before(words, place):
        return "backdrop"
    return "other" if is_stand(words[after]) or _is_of_a_prop(words, numbers, place, product) else None


def _stands_on(words: Sequence[Word], place: int, product: tuple[int, int]) -> bool:
    """Lipstick on *pink*, but neither a print on cobalt nor a shoe on a white something."""
    near = product[1] < place <= product[1] + 3 and words[product[1]].says("place")
    return near and _ends(words, place) and _opener(words, place) == "on"


def _ends(words: Sequence[Word], place: int) -> bool:
    """Does a clause end with this word, or a Chinese one with a space: 背景为*粉色* 圆角展台, 背景是*蓝*、方台?"""
    if place + 1 == len(words):
        return True
    word, after = words[place], words[place + 1]
    return is_mark(after) or after.text == "、" or (word.script == "zh" and word.end < after.start)


def _is_of_a_prop(words: Sequence[Word], numbers: Sequence[int], place: int, product: tuple[int, int] | None) -> bool:
    """Handbag, pink backdrop, *red* gift box; watch with *blue* balloons: of a thing beside the product, which another
    clause names or a word that joins the two.
    """
    head = head_after(words, place)
    if product is None or head is None or words[head].lemma == words[product[1] - 1].lemma:
        return False
    if not is_prop(words[head]) or product[0] <= head < product[1]:
        return False
    if numbers[place] == numbers[product[0]]:
        return head >= product[1] and _joins(words, place, head)
    near = range(max(0, product[0] - NEAR), min(len(words), product[1] + NEAR))
    colored = any(numbers[at] == numbers[product[0]] and basic_colors(words[at]) for at in near)
    return (colored and not words[head].says("part")) or words[head].value("prop") in _FESTIVE


def _joins(words: Sequence[Word], place: int, head: int) -> bool:
    """Is words[place:head + 1], a coloured thing, joined to what stands before it (手表配一只蓝色气球), and a thing
    itself: no 粉色兔子款?
    """
    after = words[head + 1].text if head + 1 < len(words) else ""
    if after in _KINDS or any(word.text != "的" for word in words[place + 1 : head]):
        return False
    for before in range(place - 1, max(-1, place - 4), -1):
        word = words[before]
        if word.text in _LISTING or word.says("gift"):
            return True
        if not word.says("classifier") and word.text not in _ARTICLES:
            return word.script == "zh" and word.end < words[place].start  # a space joins as a comma does
    return False


def _likeliest(
    words: Sequence[Word],
    scopes: Sequence[frozenset[Scope]],
    numbers: Sequence[int],
    places: Sequence[int],
    product: tuple[int, int] | None,
) -> Owner:
    """The owner that the weights give the colours of a list together."""
    weights = load_weights(WEIGHTS)
    scores = [
        sum(score(option, weights) for option in each)
        for each in zip(*(options(words, scopes, numbers, place, product) for place in places), strict=True)
    ]
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
    after, before = head_after(words, place), thing_before(words, scopes, place)
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
    if of_backdrop_before(words, place):
        yield "of.backdrop"
    if (opener := _opener(words, place)) is not None:
        yield f"after.{opener}"
        yield f"after.{opener}.{head}"
    if (subject := _subject(words, place)) is not None:
        yield f"subject.{_sort(words[subject], scopes[subject], name)}"
    yield from (f"in.{scope}" for scope in scopes[place])
    yield from _beside(words, place)


def _opener(words: Sequence[Word], place: int) -> str | None:
    """The preposition that a colour stands after with nothing but adjectives between: in navy, "on a soft grey"."""
    for before in range(place - 1, max(-1, place - 5), -1):
        word = words[before]
        if word.says("place", "gift", "purpose"):
            within = "in" if word.text == "in" else "on"
            return within if word.says("place") else "with"
        if is_mark(word) or not (word.says("classifier", "color", "material", "pattern") or "a" in word.pos):
            return None
    return None


def _subject(words: Sequence[Word], place: int) -> int | None:
    """The noun that a colour is said of: "Surface: white", 台面用米色, "backing card is kraft brown"."""
    linked = False
    for before in range(place - 1, max(-1, place - 6), -1):
        word = words[before]
        if word.says("link") or word.text in ":：=":
            linked = True
        elif is_mark(word):
            return None
        elif "n" in word.pos or word.says(*_SORTS):
            return before if linked else None
        elif not word.pos & {"a", "d", "v", "m", "u"}:
            return None
    return None


def _sort(word: Word, scopes: frozenset[Scope], product: str | None) -> str:
    """What kind of thing a word is, as far as it matters for whose colour one is."""
    if word.says("backdrop"):
        return "backdrop"
    if word.lemma == product:
        return "product"
    sort = next((meaning for meaning in _SORTS if word.says(meaning)), "noun")
    if sort == "noun" and is_graphic(word):
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
    near = range(max(0, place - NEAR), min(len(words), place + NEAR))
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
    if any(words[at].says("color") and numbers[at] < numbers[place] for at in range(near.start, place)):
        yield "earlier.color"
    if not any("n" in words[at].pos and not words[at].says("color") for at in mates):
        yield "clause.bare"
    yield f"clause.{'first' if numbers[place] == numbers[0] else 'later'}"
