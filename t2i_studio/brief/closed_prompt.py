"""The prompt for a model with a closed vocabulary: what it knows of a brief, said in the words it was taught."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from t2i_studio.brief.matching import Match, match_color, match_product
from t2i_studio.brief.reading import excluded
from t2i_studio.brief.values import shown
from t2i_studio.brief.vocabulary import Token, Vocabulary
from t2i_studio.domain import NEUTRAL, Brief, Found, Prompt, StyleSettings
from t2i_studio.errors import Language, StudioError

_USUAL_STAND, _NO_STAND = "podium.round", "podium.none"
_OF_STANDS = "color.white"
"""The only colour of the podiums that such a model was taught (pretraining/captions.py)."""
_SEEN = (
    "colors", "backdrop", "other_colors", "materials", "pattern", "setting", "props", "season", "campaign", "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """A part of the prompt; said: the word of the text it stands for, None for what the sliders say."""

    text: str
    said: str | None = None


def closed_prompt(
    brief: Brief,
    known: Vocabulary,
    language: Language,
    added: Sequence[str],
    style: StyleSettings,
    budget: int | None,
) -> Prompt:
    """Product with its colour, backdrop, props and whatever else of the text the model knows, then `added`.

    Beyond the budget (tokens of the model's own tokenizer) the last of the text's own words are left out first. Raises
    StudioError brief.product_unknown, brief.nothing_known.
    """
    match = match_product(brief, known) if brief.product else Match(None)
    if brief.product and match.concept is None:
        raise _unknown(brief, brief.product, match, known, language)
    said, spans = _said(brief, match, known, language, style)
    if not said:
        raise StudioError("brief.nothing_known", words=shown(brief.text), examples=known.examples(6))
    comma = "，" if language == "zh" else ", "

    def joined() -> str:
        return comma.join([*(phrase.text for phrase in said), *added])

    over: list[str] = []
    while len(said) > 1 and budget is not None and known.length(joined()) > budget:
        last = said.pop()
        over.append(last.said or last.text)
    dropped = _unused(brief, spans)
    return Prompt(
        text=joined(),
        dropped=tuple(dict.fromkeys([*dropped, *reversed(over)])),
        replaced=tuple(_replaced(brief, match, known, language, said)),
    )


def _said(
    brief: Brief, match: Match, known: Vocabulary, language: Language, style: StyleSettings
) -> tuple[list[Phrase], list[tuple[int, int]]]:
    """The phrases of the text in the order of the model's captions, and the spans they come from."""
    phrases: list[Phrase] = []
    spans: list[tuple[int, int]] = []
    if brief.product and match.concept:
        color, found = product_color(brief, match, known)
        name = known.concepts[match.concept][language]
        phrases.append(Phrase(_joined(color, name, known, language), _text(brief, brief.product)))
        spans += [(each.start, each.end) for each in (brief.product, found) if each]
    ground, found = first_known(brief, brief.backdrop, "backdrop", known)
    if ground and found:
        word = known.concepts[ground][language]
        phrases.append(Phrase(f"{word}背景" if language == "zh" else f"{word} background", _text(brief, found)))
        spans.append((found.start, found.end))
    tokens = known.split(brief.text)
    for prop in brief.props:
        if concept := known.concepts.get(f"prop.{prop.value}"):
            phrases.append(Phrase(concept[language], _text(brief, prop)))
            spans.append((prop.start, prop.end))
            spans += [(each.start, each.end) for each in tokens if _names(each, prop, known)]
    taken = _covered([*spans, *excluded(brief.text)])
    for before, token in pairwise([Token("", 0, "mark"), *tokens]):
        kinds = known.kinds(token.text)
        if token.kind == "known" and kinds & {"podium", "position", "style"} and not _inside(token, taken):
            along = _may_be(before, kinds, known) and not _inside(before, taken)
            first = before if along else token
            words = brief.text[first.start : token.end]
            spans.append((first.start, token.end))
            if not _moved_by_slider(token.text, known, style) and words not in {each.text for each in phrases}:
                phrases.append(Phrase(words, words))
    for phrase, of_stand in _stands_apart(brief, tokens, known):
        phrases.append(phrase)
        spans += of_stand
    stand = _bare_stand(brief, known, spans)
    if _NO_STAND in known.concepts and any(found.value == "podium" for found in brief.exclude):
        phrases.append(Phrase(known.concepts[_NO_STAND][language]))
    elif stand:
        phrases.append(Phrase(known.concepts[_USUAL_STAND][language], _text(brief, stand)))
        spans.append((stand.start, stand.end))
        spans += [(each.start, each.end) for each in tokens if _OF_STANDS in known.ids(each.text) and
                  not brief.text[each.end : stand.start].strip()]  # fmt: skip
    return phrases, spans


def _names(token: Token, prop: Found, known: Vocabulary) -> bool:
    """Is this a name the model knows for a prop in its place, with all its words: red lanterns?"""
    return f"prop.{prop.value}" in known.ids(token.text) and token.start <= prop.start < token.end


def _may_be(color: Token, kinds: set[str], known: Vocabulary) -> bool:
    """Is it a colour that comes along with the word after it, of these kinds: 白色圆形展台? Podiums have but one."""
    return _OF_STANDS in known.ids(color.text) if "podium" in kinds else "color" in known.kinds(color.text)


def _stands_apart(
    brief: Brief, tokens: Sequence[Token], known: Vocabulary
) -> Iterator[tuple[Phrase, list[tuple[int, int]]]]:
    """Podiums whose colour stands after their shape, in the order of the model's captions ("square white podium" →
    "white square podium"), each with the spans it comes from.
    """
    for shape, color, noun in zip(tokens, tokens[1:], tokens[2:], strict=False):
        name = f"{shape.text} {noun.text}"
        between = brief.text[shape.end : color.start] + brief.text[color.end : noun.start]
        if "color" in known.kinds(color.text) and not between.strip() and known.find(name, "podium"):
            white = _OF_STANDS in known.ids(color.text)
            parts = (shape, color, noun) if white else (shape, noun)
            yield Phrase(f"{color.text} {name}" if white else name, name), [(one.start, one.end) for one in parts]


def _bare_stand(brief: Brief, known: Vocabulary, spans: Sequence[tuple[int, int]]) -> Found | None:
    """A podium that the text says no shape of: none of the model's podiums (among `spans`) is meant by it."""
    if _USUAL_STAND not in known.concepts:
        return None
    said = _covered(spans)
    stands = [found for found in brief.setting if found.value == "podium"]
    return next((found for found in stands if said.isdisjoint(range(found.start, found.end))), None)


def first_known(brief: Brief, colors: Sequence[Found], kind: str, known: Vocabulary) -> tuple[str | None, Found | None]:
    """The first colour that the model has a concept for: its own word for the shade (深蓝色), or the basic one."""
    for found in colors:
        shade = known.find(_text(brief, found), kind)
        if concept := shade or match_color(found.value, "color" if kind == "color" else "backdrop", known):
            return concept, found
    return None, None


def product_color(brief: Brief, match: Match, known: Vocabulary) -> tuple[str | None, Found | None]:
    """The product's colour that the model has a concept for, and where the text says it; else one in the name of a
    product that another stands for: an apple stands for a green apple, and may be green.
    """
    color, found = first_known(brief, brief.colors, "color", known)
    if color or brief.product is None or match.how == "known":
        return color, found
    for token in known.split(_text(brief, brief.product)):
        if own := known.find(token.text, "color"):
            start = brief.product.start + token.start
            return own, Found(value=token.text.lower(), start=start, end=start + len(token.text))
    return None, None


def _joined(color: str | None, name: str, known: Vocabulary, language: Language) -> str:
    if color is None:
        return name
    word = known.concepts[color][language]
    return f"{word}{name}" if language == "zh" else f"{word} {name}"


def _moved_by_slider(word: str, known: Vocabulary, style: StyleSettings) -> bool:
    """Does a slider that is not neutral speak of the same thing as this word? The slider is the later decision."""
    ids = [id.split(".") for id in known.ids(word)]
    return any(id[0] == "style" and getattr(style, id[1], NEUTRAL) != NEUTRAL for id in ids if len(id) > 2) or any(
        id[0] == "position" and style.position != "auto" for id in ids
    )


def _unused(brief: Brief, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What one would see of the text, but not in this prompt. What is excluded is not missing; prices, praise and for
    whom it is are no pictures.
    """
    hidden = _covered([*spans, *excluded(brief.text)])
    fields = [getattr(brief, name) for name in _SEEN]
    for found in sorted((each for values in fields for each in values), key=lambda each: each.start):
        if hidden.isdisjoint(range(found.start, found.end)):
            yield _text(brief, found)


def _covered(spans: Sequence[tuple[int, int]]) -> set[int]:
    """Every place of the text that lies in one of the spans."""
    return {place for start, end in spans for place in range(start, end)}


def _inside(token: Token, places: set[int]) -> bool:
    return not places.isdisjoint(range(token.start, token.end))


def _replaced(
    brief: Brief, match: Match, known: Vocabulary, language: Language, said: Sequence[Phrase]
) -> Iterator[tuple[str, str]]:
    """(word, what is drawn for it) where that is another thing."""
    if brief.product and match.concept and match.how != "known":
        drawn = known.concepts[match.concept][language]
        if not brief.colors:
            drawn = _joined(product_color(brief, match, known)[0], drawn, known, language)
        if drawn != _text(brief, brief.product).lower():
            yield _text(brief, brief.product), drawn
    for colors, kind in ((brief.colors, "color"), (brief.backdrop, "backdrop")):
        concept, found = first_known(brief, colors, kind, known)
        if concept and found and known.find(_text(brief, found), kind) != concept:  # navy is drawn as blue
            yield _text(brief, found), known.concepts[concept][language]
    for phrase in said:
        usual = known.concepts.get(_USUAL_STAND, {}).get(language)
        if phrase.text == usual and phrase.said and not known.kinds(phrase.said):
            yield phrase.said, phrase.text


def _unknown(brief: Brief, product: Found, match: Match, known: Vocabulary, language: Language) -> StudioError:
    names = [known.concepts[concept][language] for concept in match.closest]
    comma = "、" if language == "zh" else ", "
    word = shown(_text(brief, product))
    return StudioError("brief.product_unknown", word=word, closest=comma.join(names))


def _text(brief: Brief, found: Found) -> str:
    return brief.text[found.start : found.end]
