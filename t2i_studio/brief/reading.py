"""A description → `Brief`: what it says, each thing with its place in the text."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from t2i_studio.brief import heads
from t2i_studio.brief.colors import Colored, bind_colors
from t2i_studio.brief.exclusions import find_exclusions
from t2i_studio.brief.lexicon import Meaning, lexicon
from t2i_studio.brief.normalise import Normal, normalise
from t2i_studio.brief.prices import find_prices, find_sizes
from t2i_studio.brief.scenes import split_scenes
from t2i_studio.brief.scopes import Scope, scopes
from t2i_studio.brief.segment import Word, segment
from t2i_studio.brief.shades import settle
from t2i_studio.brief.translation import chinese_name, ending, english_name
from t2i_studio.brief.vocabulary import function_words
from t2i_studio.domain import Brief, BriefField, Found, Mark, check_text, language_of

_TERMS: dict[BriefField, Meaning] = {
    "materials": "material",
    "pattern": "pattern",
    "setting": "setting",
    "props": "prop",
    "season": "season",
    "campaign": "campaign",
    "audience": "audience",
    "selling_points": "selling_point",
}


def read(text: str, marks: Sequence[Mark] = ()) -> Brief:
    """What `text` says, corrected by a reader's marks. Spans are of the text as `check_text` returns it.

    Raises StudioError for a text no model could get (empty, too long, control characters).
    """
    text = check_text(text)
    normal, words, around = _parsed(text)
    product = _marked_product(normal, words, marks) or heads.find_product(words, around)
    place = (product.first, product.last) if product else None
    colored = bind_colors(words, around, place)
    found: dict[str, list[Found]] = {
        "colors": _plain_first(_colored(normal, words, colored, "product")),
        "backdrop": _colored(normal, words, colored, "backdrop"),
        "exclude": [_found(normal, words[at], name) for at, name in find_exclusions(words, around)],
        "price": [Found(value=value, **_span(normal, a, b)) for a, b, value in find_prices(normal.text)],
        "sizes": [Found(value=value, **_span(normal, a, b)) for a, b, value in find_sizes(normal.text)],
    }
    for field, meaning in _TERMS.items():
        found[field] = list(_terms(normal, words, around, meaning, place))
    others = [each for each in _colored(normal, words, colored, "other") if not any(
        _overlaps((each.start, each.end), mark) for mark in marks
    )]  # fmt: skip
    corrected = _correct(text, found, marks)
    once = {field: tuple(_unique(values)) for field, values in corrected.items()}
    brief = Brief(
        text=text,
        language=language_of(text),
        other_colors=tuple(others),
        scenes=tuple(normal.original(a, b) for a, b in split_scenes(normal.text)),
        **_named(normal, words, place),
        repeated=tuple(
            (field, each) for field, values in corrected.items() for each in values if each not in once[field]
        ),
        **once,
    )
    return brief.model_copy(update={"unknown": tuple(_unknown(normal, words, brief))})


@lru_cache(maxsize=16)
def _parsed(text: str) -> tuple[Normal, Sequence[Word], Sequence[frozenset[Scope]]]:
    """A checked text, its words and their scopes; kept, because a page asks again with every slider."""
    normal = normalise(text)
    words = settle(segment(normal.text))
    return normal, words, scopes(words)


def _named(normal: Normal, words: Sequence[Word], place: tuple[int, int] | None) -> dict[str, object]:
    """The product by its names, and its category."""
    if place is None:
        return {}
    first, last = words[place[0]], words[place[1] - 1]
    name = normal.text[first.start : last.end]
    known = lexicon().products.get(last.lemma) if place[1] - place[0] == 1 else lexicon().products.get(name)
    end = ending(last.lemma)
    lemma = last.lemma if place[1] - place[0] == 1 else normal.text[first.start : last.start] + last.lemma
    english = known.en[0] if known and known.en else english_name(lemma)
    return {
        "product": Found(value=english or lemma, **_span(normal, first.start, last.end)),
        "product_en": english,
        "product_zh": known.zh[0] if known and known.zh else chinese_name(lemma),
        "category": known.category if known else end[1].category if end else None,
    }


def _marked_product(normal: Normal, words: Sequence[Word], marks: Sequence[Mark]) -> heads.Candidate | None:
    """The words under the last mark that says `product`."""
    for mark in reversed(marks):
        if mark.field == "product":
            inside = [at for at, word in enumerate(words) if _overlaps(normal.original(word.start, word.end), mark)]
            if inside:
                return heads.Candidate(inside[0], inside[-1] + 1, words[inside[-1]].lemma, {})
    return None


def _terms(
    normal: Normal,
    words: Sequence[Word],
    around: Sequence[frozenset[Scope]],
    meaning: Meaning,
    product: tuple[int, int] | None,
) -> Iterator[Found]:
    for at, word in enumerate(words):
        is_product = product is not None and product[0] <= at < product[1]
        if word.says(meaning) and not is_product and not around[at] & {"exclude", "metaphor"}:
            yield _found(normal, word, word.value(meaning))


def _colored(normal: Normal, words: Sequence[Word], colored: Sequence[Colored], owner: str) -> list[Found]:
    return [_found(normal, words[each.place], each.color) for each in colored if each.owner == owner]


def _plain_first(colors: list[Found]) -> list[Found]:
    """Beside named colours, words like 撞色 say nothing more."""
    named = [found for found in colors if found.value != "multicolor"]
    return named or colors


def _found(normal: Normal, word: Word, value: str) -> Found:
    return Found(value=value, **_span(normal, word.start, word.end))


def _span(normal: Normal, start: int, end: int) -> dict[str, int]:
    first, last = normal.original(start, end)
    return {"start": first, "end": last}


def _overlaps(span: tuple[int, int], mark: Mark) -> bool:
    return span[0] < mark.end and mark.start < span[1]


def _correct(text: str, found: dict[str, list[Found]], marks: Sequence[Mark]) -> dict[str, list[Found]]:
    """What was found, without what a mark says otherwise, and with what the marks add."""
    for mark in marks:
        for field, values in found.items():
            found[field] = [each for each in values if not _overlaps((each.start, each.end), mark)]
        if mark.field is not None and mark.field != "product":
            said = text[mark.start : mark.end]
            found[mark.field].append(Found(value=_value(mark.field, said), start=mark.start, end=mark.end))
    return found


def _value(field: BriefField, said: str) -> str:
    """The canonical name of what a user marked, or the words themselves."""
    meaning: Meaning | None = {"colors": "color", "backdrop": "color", "exclude": "exclusion"}.get(field)  # type: ignore[assignment]
    values = lexicon().values(normalise(said).text.strip(), meaning or _TERMS.get(field, "product"))
    return values[0] if values else said


def _unique(values: Sequence[Found]) -> list[Found]:
    """Each value once, in the order of the text."""
    first: dict[str, Found] = {}
    for each in sorted(values, key=lambda found: found.start):
        first.setdefault(each.value, each)
    return list(first.values())


def _unknown(normal: Normal, words: Sequence[Word], brief: Brief) -> Iterator[Found]:
    """Words that say something, but nothing that was understood."""
    known = {place for each in everything(brief) for place in range(each.start, each.end)}
    for word in words:
        meant = any(meaning not in ("thing", "claim") for meaning, _ in word.meanings)
        said = word.script in ("zh", "en") and not meant and word.lemma not in function_words()
        if said and not word.pos <= frozenset("dpucqrfyeo"):
            start, end = normal.original(word.start, word.end)
            if known.isdisjoint(range(start, end)):
                yield Found(value=word.text, start=start, end=end)


def excluded(text: str) -> list[tuple[int, int]]:
    """The parts of a checked text that say what must not be seen, each with its negation; in order, apart."""
    normal, words, around = _parsed(text)
    unwanted = {at for at, _ in find_exclusions(words, around)}
    spans: list[tuple[int, int]] = []
    first, wanted = 0, False
    for at in range(len(words) + 1):
        negated = at < len(words) and ("exclude" in around[at] or words[at].says("negator") or at in unwanted)
        if negated:
            wanted = wanted or at in unwanted
            continue
        if wanted:
            spans.append((normal.original(words[first].start, words[first].end)[0], normal.ends[words[at - 1].end - 1]))
        first, wanted = at + 1, False
    return spans


def everything(brief: Brief) -> list[Found]:
    """All that was understood, in no order."""
    fields = ("colors", "backdrop", *_TERMS, "price", "sizes", "exclude")
    found = [each for field in fields for each in getattr(brief, field)]
    return [brief.product, *found] if brief.product else found
