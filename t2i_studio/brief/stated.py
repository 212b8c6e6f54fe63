"""What a request asks a picture to show, in the ids of the model's concepts: what adherence is measured against."""

from pathlib import Path

from t2i_studio.brief import vocabulary
from t2i_studio.brief.closed_prompt import first_known, product_color
from t2i_studio.brief.matching import match_product, own_product
from t2i_studio.brief.prompt import PromptModel
from t2i_studio.brief.reading import excluded, read
from t2i_studio.brief.vocabulary import Vocabulary
from t2i_studio.domain import NEUTRAL, STYLE_CONTROLS, Brief, GenerationRequest, Prompt, StyleSettings, check_text
from t2i_studio.errors import StudioError


def stated(request: GenerationRequest, model: PromptModel) -> dict[str, str]:
    """Attribute → id of what is asked for; what is not in it is left open.

    object, color, backdrop, podium, position: ids of the catalogue; prop.ID: "there"; a style control: its level "1"
    to "5". Read from the prompt, which is what the model gets: what was dropped from it nobody can see. The sliders
    come last and so win. Empty for a model without a vocabulary of its own, whose words have no ids.
    """
    known = vocabulary.load(Path(model.source))
    if known is None:
        return {}
    return {**_of_words(request.prompt, known), **_of_sliders(request.style)}


def _of_words(prompt: Prompt, known: Vocabulary) -> dict[str, str]:
    try:
        brief = read(prompt.text, own_product(check_text(prompt.text), known))
    except StudioError:  # an empty prompt asks for nothing
        return {}
    facts = _product(brief, known)
    ground, _ = first_known(brief, brief.backdrop, "backdrop", known)
    if ground:
        facts["backdrop"] = _last(ground)
    for prop in brief.props:
        if f"prop.{prop.value}" in known.concepts:
            facts[f"prop.{prop.value}"] = "there"
    hidden = {place for start, end in excluded(brief.text) for place in range(start, end)}
    for token in known.split(brief.text):
        named = _of_token(token.text, known) if token.kind == "known" else {}
        if hidden.isdisjoint(range(token.start, token.end)) or named.get("podium") == "none":
            facts |= named
    return facts


def _product(brief: Brief, known: Vocabulary) -> dict[str, str]:
    match = match_product(brief, known) if brief.product else None
    if match is None or match.concept is None:
        return {}
    color, _ = product_color(brief, match, known)
    return {"object": _last(match.concept)} | ({"color": _last(color)} if color else {})


def _of_token(word: str, known: Vocabulary) -> dict[str, str]:
    """Podium, position and style levels that a known word names."""
    facts = {}
    for id in known.ids(word):
        kind, *rest = id.split(".")
        if kind in ("podium", "position"):
            facts[kind] = rest[0]
        elif kind == "style":
            facts[rest[0]] = rest[1]
    return facts


def _of_sliders(style: StyleSettings) -> dict[str, str]:
    levels = {control: getattr(style, control) for control in STYLE_CONTROLS}
    moved = {control: str(level) for control, level in levels.items() if level != NEUTRAL}
    return moved | ({"position": style.position} if style.position != "auto" else {})


def _last(id: str) -> str:
    return id.rpartition(".")[2]
