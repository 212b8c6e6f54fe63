"""What an organiser decides, as the page sends it, and what becomes of it: a plan, items, requests."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from t2i_studio.brief import values
from t2i_studio.brief.presets import find_preset
from t2i_studio.brief.requests import make_request
from t2i_studio.domain import (
    MAX_SEED,
    Entry,
    Example,
    GenerationRequest,
    Guideline,
    NewItem,
    SessionKind,
    SessionPlan,
    StyleSettings,
    Variant,
    check_text,
)
from t2i_studio.engine.registry import find_model
from t2i_studio.errors import Language, StudioError
from t2i_studio.feedback.drafts import session_items
from t2i_studio.feedback.items import Axis, Candidate, candidate
from t2i_studio.store.variants import get_variants
from t2i_studio.ui.judging.page import words as judging_words
from t2i_studio.ui.learnt import AS_USUAL, with_taste
from t2i_studio.ui.studio import Studio, Visitor

MAX_CHOSEN = 500
MAX_PICTURES = 2000
"""Pictures that one draft may have generated."""
MANY = 200
"""Items from which on a budget is proposed: more than a handful of raters get through."""
NONE = "–"
"""Stands for no preset and no adapter, as in `feedback.items`."""


class Form(BaseModel):
    """The page's fields. ids: chosen pictures; without any, `prompts` (one a line) are generated, each `each` times for
    every one of `sources` (names of models, adapters as PATH:SCALE, or presets, by `axis`), with the same seeds.
    """

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[int], Field(max_length=MAX_CHOSEN)] = []
    prompts: Annotated[str, Field(max_length=20_000)] = ""
    sources: Annotated[list[str], Field(max_length=20)] = []
    each: Annotated[int, Field(ge=1, le=16)] = 1
    kind: SessionKind = SessionKind.PAIRS
    axis: Axis = "picture"
    name: str = ""
    zh: str = ""
    en: str = ""
    examples: list[Example] = []
    overlap: int = 3
    budget: int | None = None
    choice: Literal["even", "active"] = "even"
    known_share: float = 0.1
    repeat_share: float = 0.05
    entry: Entry = Entry.LINK
    code: str | None = None


def to_plan(form: Form, user: str, seed: int, otherwise: str) -> SessionPlan:
    """otherwise: name of a session that was given none. A guideline that is the studio's own is left to the studio, so
    that it reads well for this kind wherever it is changed.
    """
    texts = {language: _own(getattr(form, language), form.kind, language) for language in ("zh", "en")}
    return SessionPlan(
        name=form.name.strip() or otherwise,
        kind=form.kind,
        guideline=Guideline(**texts, examples=tuple(form.examples)),
        overlap=form.overlap,
        budget=form.budget,
        choice=form.choice,
        known_share=form.known_share,
        repeat_share=form.repeat_share,
        entry=form.entry,
        code=form.code if form.entry is Entry.CODE else None,
        seed=seed,
        user=user,
    )


def standard_guideline(kind: SessionKind, language: Language) -> str:
    """What raters are told to look for where the organiser says nothing else."""
    return judging_words()[f"guideline_{kind}"][language]


def _own(text: str, kind: SessionKind, language: Language) -> str:
    clean = check_text(text, empty_ok=True)
    return "" if clean == standard_guideline(kind, language) else clean


def session_name(texts: Sequence[str], language: Language) -> str:
    """A name for who gives none: what is shown, and the day."""
    now = datetime.now()
    day = f"{now.month}月{now.day}日" if language == "zh" else f"{now:%b} {now.day}"
    first = " ".join((texts[0] if texts else "").split())
    short = first if len(first) <= 40 else first[:39] + "…"
    return f"{short} · {day}" if short else day


def form_items(studio: Studio, form: Form, plan: SessionPlan) -> list[NewItem]:
    """The items of the session: of the chosen pictures, or of those that would be generated (numbered from 1).

    Raises StudioError session.nothing_to_compare, variant.unknown, rating.no_picture, and as `sources_of`.
    """
    if form.ids:
        return session_items(plan, [candidate(picture, form.axis) for picture in chosen(studio, form.ids)])
    candidates = [
        Candidate(variant=0, text=text, source=source if form.axis != "picture" else None)
        for text in prompts_of(form)
        for source in sources_of(form)
        for _ in range(form.each)
    ]
    numbered = [each.model_copy(update={"variant": number}) for number, each in enumerate(candidates, 1)]
    return session_items(plan, numbered)


def chosen(studio: Studio, ids: Sequence[int]) -> list[Variant]:
    """Raises StudioError variant.unknown, rating.no_picture."""
    found = get_variants(studio.db, list(dict.fromkeys(ids)))
    for one in found:
        if one.image is None or one.deleted:
            raise StudioError("rating.no_picture", id=one.id)
    return found


def prompts_of(form: Form) -> list[str]:
    """The descriptions, each once. Raises StudioError session.prompts_none."""
    lines = list(dict.fromkeys(line.strip() for line in form.prompts.splitlines() if line.strip()))
    if not lines:
        raise StudioError("session.prompts_none")
    return [check_text(line) for line in lines]


def sources_of(form: Form) -> list[str]:
    """What is compared; one nameless source where every picture stands for itself. StudioError session.sources_few,
    .too_many_pictures.
    """
    named = list(dict.fromkeys(source.strip() for source in form.sources if source.strip()))
    sources = named if form.axis != "picture" else [""]
    if form.axis == "adapter" and NONE not in sources:
        sources = [NONE, *sources]
    if form.axis != "picture" and len(sources) < 2:
        raise StudioError("session.sources_few")
    count = len(prompts_of(form)) * len(sources) * form.each
    if count > MAX_PICTURES:
        raise StudioError("session.too_many_pictures", pictures=count, limit=MAX_PICTURES)
    return sources


def to_requests(studio: Studio, form: Form, user: str) -> list[GenerationRequest]:
    """A batch for each description and source; those of a description have the same seeds, and what was learnt joins
    unless models or adapters are compared. Raises StudioError for what cannot be generated.
    """
    sources = sources_of(form)
    requests = []
    for text in prompts_of(form):
        seed = secrets.randbelow(MAX_SEED + 1)
        requests += [_request(studio, form, text, source, seed, user) for source in sources]
    if form.axis in ("picture", "preset"):
        requests = list(with_taste(studio, requests, AS_USUAL))
    return [studio.engine.check(request) for request in requests]


def _request(studio: Studio, form: Form, text: str, source: str, seed: int, user: str) -> GenerationRequest:
    model = source if form.axis == "model" else studio.settings.model
    preset = find_preset(source) if form.axis == "preset" and source != NONE else None
    adapters = (values.adapter(source),) if form.axis == "adapter" and source != NONE else ()
    return make_request(
        text,
        find_model(studio.settings, model),
        style=preset.style if preset else StyleSettings(),
        preset=preset.id if preset else None,
        adapters=adapters,
        seed=seed,
        variants=form.each,
        user=user,
    )


def axes_that_differ(pictures: Sequence[Variant]) -> list[Axis]:
    """What can be compared in these pictures: always each by itself, first what differs within a description."""
    axes: list[Axis] = []
    for axis in ("model", "adapter", "preset"):
        groups: dict[str, set[str | None]] = {}
        for each in (candidate(picture, axis) for picture in pictures):  # type: ignore[arg-type]
            groups.setdefault(each.text, set()).add(each.source)
        if any(len(sources) > 1 for sources in groups.values()):
            axes.append(axis)  # type: ignore[arg-type]
    return [*axes, "picture"]


def offered(studio: Studio, visitor: Visitor, ids: Sequence[int]) -> Form:
    """The form as it begins: what can be done at once with these pictures."""
    pictures = chosen(studio, ids)
    texts = [picture.request.text for picture in pictures]
    most = max((texts.count(text) for text in set(texts)), default=2)
    kind = SessionKind.PAIRS if most > 1 else SessionKind.STARS
    axis = axes_that_differ(pictures)[0] if pictures else "picture"
    form = Form(ids=list(ids), kind=kind, axis=axis, name=session_name(texts, visitor.language), each=2)
    if not pictures:
        return form.model_copy(update={"name": ""})
    judged = sum(item.expected is None for item in form_items(studio, form, to_plan(form, visitor.user, 0, "-")))
    if judged > MANY:
        form = form.model_copy(update={"budget": max(MANY, min(judged, 4 * len(pictures))), "choice": "active"})
    return form
