"""Which of the things in a description is sold.

Each noun is a candidate; what it is and where it stands are its features, and the likeliest candidate of a
log-linear model over them (`logit`) wins. The weights (assets/words/heads_weights.json) are fitted on labelled
descriptions by `fitting`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from t2i_studio.brief.lexicon import WORDS, Meaning, lexicon
from t2i_studio.brief.logit import load_weights, score
from t2i_studio.brief.normalise import EMOJI_MARK
from t2i_studio.brief.scopes import Scope, clauses, is_mark
from t2i_studio.brief.segment import Word
from t2i_studio.brief.vocabulary import function_words

WEIGHTS = WORDS / "heads_weights.json"

_ATTRIBUTES: tuple[Meaning, ...] = (
    "color", "material", "pattern", "season", "campaign", "audience", "selling_point", "setting", "backdrop",
    "function", "meta", "classifier", "want", "label", "negator", "gift", "like", "likeness", "place", "purpose",
    "stop",
)  # fmt: skip

_BOUNDARIES: tuple[Meaning, ...] = ("place", "gift", "purpose", "negator", "like", "stop")
_SHORT = 6
"""Words of a name at most; longer runs are titles stuffed with search words."""


@dataclass(frozen=True)
class Candidate:
    """words[first:last] may be what is sold. name: as the tables know its head."""

    first: int
    last: int
    name: str
    features: dict[str, float]


def find_product(words: Sequence[Word], scopes: Sequence[frozenset[Scope]]) -> Candidate | None:
    """The likeliest thing; None when there is no noun at all."""
    weights = load_weights(WEIGHTS)
    found = candidates(words, scopes)
    likeliest = max(found, key=lambda each: (score(each.features, weights), -each.first), default=None)
    return likeliest and next((each for each in found if _is_summed_up(words, each, likeliest)), likeliest)


def _is_summed_up(words: Sequence[Word], thing: Candidate, general: Candidate) -> bool:
    """Does a general word only say again what kind of thing that is: 机器人玩具, "robot toy"?"""
    name, kind = words[thing.last - 1], words[general.last - 1]
    adjoins = thing.last == general.first and name.script == kind.script
    if not adjoins or (kind.script == "zh" and name.end < kind.start) or general.last - general.first > 1:
        return False
    product, generals = lexicon().products.get(name.lemma), lexicon().generals
    return product is not None and name.lemma not in generals and product.category in generals.get(kind.lemma, ())


def candidates(words: Sequence[Word], scopes: Sequence[frozenset[Scope]]) -> list[Candidate]:
    """Every thing that is named, with its features. Those of English things are there a second time as en.…, so
    that they can weigh otherwise.
    """
    numbers = clauses(words)
    gaps = _gaps(words)
    places = _sold([place for place in range(len(words)) if _is_thing(words, place)], words)
    times = Counter(words[place].lemma for place in places)
    of_clause: dict[int, list[int]] = {}
    for place in places:
        of_clause.setdefault(numbers[place], []).append(place)
    found = []
    for place in places:
        first, word = _beginning(words, place), words[place]
        features: dict[str, float] = {
            **dict.fromkeys(_kind(words, first, place), 1.0),
            **dict.fromkeys(scopes[place], 1.0),
            **dict.fromkeys(_before(words, first), 1.0),
            **dict.fromkeys(_after(words, place), 1.0),
            "clause": min(6, numbers[place]) / 6,
            "clause.first": float(numbers[place] == numbers[0]),
            "clause.opening": float(of_clause[numbers[place]][0] == place),
            "clause.closing": float(of_clause[numbers[place]][-1] == place),
            "place": min(30, place) / 30,
            "gaps": min(6, gaps[place]) / 6,
            "thing.first": float(places[0] == place),
            "thing.only": float(len(places) == 1),
            "aside": float(_is_aside(scopes, of_clause[numbers[place]], place)),
            "again": min(2.0, times[word.lemma] - 1),
        }
        if word.script == "en":
            features |= {f"en.{name}": value for name, value in features.items()}
        found.append(Candidate(first, place + 1, word.lemma, features))
    return found


def _sold(places: Sequence[int], words: Sequence[Word]) -> Sequence[int]:
    """Without the picture that is asked for, and without English colours: a poster, or cream, is what is sold only
    where no other product is named. A colour that has a colour of its own is a thing: "green peach, red envelopes".
    """
    others = [place for place in places if not words[place].says("meta") and not _is_a_color(words, place)]
    return others if any(words[place].says("product") for place in others) else places


def _is_a_color(words: Sequence[Word], place: int) -> bool:
    word = words[place]
    if word.script != "en" or not word.says("color"):
        return False
    return not (place and words[place - 1].says("color") and _is_closed(words, place))


def _is_aside(scopes: Sequence[frozenset[Scope]], mates: Sequence[int], place: int) -> bool:
    """Does it come with another thing of its clause: "a bottle with a cap"? mates: the things of the clause."""
    first = next((at for at in mates if not scopes[at]), place)
    return bool(scopes[place] & {"gift", "place", "purpose"}) and first < place


def _kind(words: Sequence[Word], first: int, place: int) -> Iterator[str]:
    """What speaks for a word being a product at all."""
    word = words[place]
    if word.says("product"):
        yield "listed"
        if len(word.text) > (3 if word.script == "zh" else 12):
            yield "listed.long"
    elif _ends_like_a_product(word) is not None:
        yield "ending"
    elif not word.says("prop"):
        yield "plain"
    if _ends_a_name(words, place):
        yield "ends.name"
    for meaning in ("prop", "part", "container", "exclusion", "material", "setting"):
        if word.says(meaning):  # type: ignore[arg-type]
            yield meaning
    if word.script == "zh" and len(word.text) == 1 and first == place:
        yield "character"
    if first < place:
        yield "joined"
        if words[place - 1].says("product"):
            yield "joined.listed"
            if _is_closed(words, place):
                yield "joined.listed.closed"
    if "v" in word.pos or "a" in word.pos:
        yield "maybe.verb"


def _is_closed(words: Sequence[Word], place: int) -> bool:
    """Does a mark, a space after Chinese or the end follow it?"""
    following = words[place + 1] if place + 1 < len(words) else None
    return (
        following is None or is_mark(following) or (words[place].script == "zh" and words[place].end < following.start)
    )


def _gaps(words: Sequence[Word]) -> list[int]:
    """For each word the spaces after Chinese words before it: what divides the parts of a title."""
    count, found = 0, []
    for at, word in enumerate(words):
        found.append(count)
        count += word.script == "zh" and at + 1 < len(words) and word.end < words[at + 1].start
    return found


def _is_thing(words: Sequence[Word], place: int) -> bool:
    word = words[place]
    if word.script not in ("zh", "en") or (place and words[place - 1].text == EMOJI_MARK):
        return False
    if word.says("product"):
        return True
    if place and words[place - 1].script == "number" and words[place - 1].end == word.start and word.script == "en":
        return False  # 10000mAh
    if word.says(*_ATTRIBUTES) or "m" in word.pos:
        return False
    if "n" in word.pos and _ends_like_a_product(word) is not None:
        return True
    return word.lemma not in function_words() and "n" in word.pos and len(word.text) > 1 and "-" not in word.text


def _ends_like_a_product(word: Word) -> str | None:
    """The listed ending of a word, the longest first."""
    heads = lexicon().heads
    if word.script == "en":
        last = word.lemma.split()[-1].split("-")[-1]
        return last if last in heads else None
    return next((word.text[-size:] for size in (3, 2, 1) if word.text[-size:] in heads), None)


def _ends_a_name(words: Sequence[Word], place: int) -> bool:
    """Is it the last noun of a short name: "guitar capo", "a rust corduroy overshirt with …", 秋葵脆片?

    Such a name begins its clause or follows a measure word, and a mark, a preposition or the end follows it.
    """
    script = words[place].script
    following = words[place + 1] if place + 1 < len(words) else None
    adjoins = following is not None and (script == "en" or following.start == words[place].end)
    if following is not None and adjoins and following.script == script and not following.says(*_BOUNDARIES):
        return False
    beginning = place
    while beginning and place - beginning <= _SHORT and _belongs(words, beginning - 1, script):
        beginning -= 1
    opening = (
        beginning == 0 or is_mark(words[beginning - 1]) or words[beginning - 1].says("classifier", "want", "label")
    )
    return opening and 1 < place - beginning + 1 <= _SHORT


def _belongs(words: Sequence[Word], place: int, script: str) -> bool:
    word = words[place]
    near = script == "en" or word.end == words[place + 1].start
    return (
        word.script == script
        and near
        and not word.says(*_BOUNDARIES, "classifier", "want")
        and "v" not in word.pos - {"n"}
    )


def _beginning(words: Sequence[Word], place: int) -> int:
    """Where the name of a thing begins that the tables do not know as a whole: 扫地 | 机器人, espresso | machine."""
    word, first = words[place], place
    if word.says("product") and len(word.text) > 1:
        return place
    while first and place - first < 2:
        before = words[first - 1]
        adjacent = before.end == words[first].start if word.script == "zh" else before.script == "en"
        plain = not before.says(*_ATTRIBUTES) and before.lemma not in function_words()
        noun = "n" in before.pos and (word.script == "zh" or not before.pos & {"a", "v", "d"})
        if not (
            adjacent
            and plain
            and before.script == word.script
            and (noun or (len(word.text) == 1 and "v" in before.pos))
        ):
            break
        first -= 1
    return first


def _before(words: Sequence[Word], first: int) -> Iterator[str]:
    """The words before a thing: a measure word, a colour, "photo of", 产品：, 展示."""
    place, farthest = first - 1, first - 2 - _SHORT
    while place > max(-1, farthest) and words[place].says(
        "color", "material", "pattern", "season", "audience", "selling_point"
    ):
        if place == first - 1:
            yield "after.attribute"
        place -= 1
    while place > max(-1, farthest) and (words[place].text in ("的", ":", "：") or "a" in words[place].pos):
        if words[place].text in ":：" and place and words[place - 1].says("label"):
            yield "labelled"
        place -= 1
    if place < 0 or is_mark(words[place]):
        yield "begins.clause"
        return
    word = words[place]
    if words[place + 1].text == "的":
        yield "after.的"
    before = words[place - 1] if place else None
    if word.text == "of":
        yield "of.container" if before is not None and before.says("container", "meta") else "of"
    elif word.text in ("for", "featuring", "with") and before is not None and before.says("meta"):
        yield "for.picture"
    for role in ("label", "classifier", "want"):
        if word.says(role):  # type: ignore[arg-type]
            yield f"after.{role}"


def _after(words: Sequence[Word], place: int) -> Iterator[str]:
    """The words after a thing, which it may only qualify: 手机支架, 手机的支架, "watch strap"."""
    word = words[place]
    if place + 1 >= len(words) or is_mark(words[place + 1]):
        yield "ends.clause"
        return
    after = words[place + 1]
    beyond = words[place + 2] if place + 2 < len(words) else None
    adjoining = after.start == word.end if word.script == "zh" else after.script == "en"
    if after.text == "的" and beyond is not None and _is_thing(words, place + 2):
        yield "genitive.part" if beyond.says("part", "body") else "genitive"
    elif after.says("meta"):
        yield "before.meta" if adjoining else "before.meta.gap"
    elif adjoining and after.script == word.script and _is_thing(words, place + 1):
        if _is_closed(words, place + 1):
            yield "compound.closed"
        if after.says("part") and not after.says("product"):
            yield "compound.part"
        elif after.says("product") or _ends_like_a_product(after):
            yield "compound"
        else:
            yield "compound.named" if _ends_a_name(words, place + 1) else "compound.loose"
    elif adjoining and after.says("backdrop"):
        yield "before.backdrop"
    elif after.text == "of":
        yield "before.of.container" if word.says("container") else "before.of"
    for role in ("place", "gift", "purpose", "negator", "color", "audience", "selling_point"):
        if after.says(role):  # type: ignore[arg-type]
            yield f"before.{role}"
