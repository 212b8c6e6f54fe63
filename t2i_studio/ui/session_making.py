"""From the form to a session: what it offers, what it will take, how it will look, and making it."""

import secrets
import threading
from collections import OrderedDict
from itertools import combinations
from math import ceil
from typing import Annotated, Any

from pydantic import Field

from t2i_studio.brief.presets import presets
from t2i_studio.domain import MAX_SEED, Entry, NewItem, Purpose, SessionKind
from t2i_studio.engine.registry import model_cards
from t2i_studio.errors import StudioError
from t2i_studio.feedback.power import SECONDS, effort, minutes
from t2i_studio.store.audit import ORGANISER, Attempt, refusals_kept
from t2i_studio.store.entrance import make_link
from t2i_studio.store.session_drafts import enqueue_draft
from t2i_studio.store.sessions import create_session
from t2i_studio.ui.desk import Answer, card
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.session_form import (
    MAX_CHOSEN,
    Form,
    axes_that_differ,
    chosen,
    form_items,
    offered,
    prompts_of,
    session_name,
    sources_of,
    standard_guideline,
    to_plan,
    to_requests,
)
from t2i_studio.ui.session_preview import preview_of
from t2i_studio.ui.session_watch import wake
from t2i_studio.ui.studio import Studio, Visitor

PER_RATER = 60
"""Answers that one rater gives with pleasure, some ten minutes."""
REMEMBERED = 200
"""Forms whose answer is known when it is asked for again."""
_made: OrderedDict[tuple[str, str], Answer] = OrderedDict()
_turn = threading.Lock()
Nonce = Annotated[str, Field(min_length=8, max_length=100)]
Ids = Annotated[list[int], Field(max_length=MAX_CHOSEN)]


def plan_session(studio: Studio, visitor: Visitor, *, ids: Ids) -> Answer:
    """The form for these pictures (none: for descriptions to generate), filled with what suits them."""
    pictures = chosen(studio, ids)
    return {
        "form": offered(studio, visitor, ids).model_dump(mode="json"),
        "cards": [card(picture) for picture in pictures],
        "axes": axes_that_differ(pictures) if ids else ["picture", "model", "adapter", "preset"],
        "models": [each.name for each in model_cards(studio.settings) if each.available],
        "model": studio.settings.model,
        "presets": [{"id": each.id, "name": each.name.said(visitor.language)} for each in presets()],
        "guidelines": {
            kind: {"zh": standard_guideline(kind, "zh"), "en": standard_guideline(kind, "en")} for kind in SessionKind
        },
    }


def estimate_session(studio: Studio, visitor: Visitor, *, form: Form) -> Answer:
    """What the session will take, and what it can tell. A form that is no session yet: {"not_yet": sentence}."""
    try:
        plan = to_plan(form, visitor.user, 0, "-")
        items = form_items(studio, form, plan)
    except StudioError as error:
        return {"not_yet": error.sentence(visitor.language)}
    judged = [item for item in items if item.purpose is Purpose.JUDGED]
    names = _compared(judged)
    took = effort(plan, len(judged), len(_meetings(judged)))
    raters = max(plan.overlap, ceil(took.answers / PER_RATER))
    own = ceil(took.answers / raters)
    return took.model_dump() | {
        "items": min(len(judged), plan.budget or len(judged)),
        "possible": len(judged),
        "known": sum(item.purpose is Purpose.KNOWN for item in items),
        "practice": min(plan.practice, sum(item.purpose is Purpose.PRACTICE for item in items)),
        "sources": len(names),
        "by_picture": form.axis == "picture",
        "pictures": 0 if form.ids else _to_generate(form),
        "raters": raters,
        "each": own,
        "minutes_each": minutes(own, plan.kind),
        "seconds": SECONDS[plan.kind],
    }


def _compared(judged: list[NewItem]) -> set[object]:
    return {shown.source or shown.variant for item in judged for shown in item.pictures}


def _meetings(judged: list[NewItem]) -> set[frozenset[object]]:
    """The pairs of sources that stand side by side in some item."""
    return {
        frozenset((one.source or one.variant, other.source or other.variant))
        for item in judged
        for one, other in combinations(item.pictures, 2)
    }


def _to_generate(form: Form) -> int:
    return len(prompts_of(form)) * len(sources_of(form)) * form.each


def preview_session(studio: Studio, visitor: Visitor, *, form: Form) -> Answer:
    """What a rater's page will be told, for the real page to show; nothing of it is kept."""
    plan = to_plan(form, visitor.user, 0, "-")
    return {"preview": preview_of(studio, plan, form_items(studio, form, plan), made=bool(form.ids))}


def make_session(studio: Studio, visitor: Visitor, *, form: Form, nonce: Nonce) -> Answer:
    """The session of chosen pictures with its link (none where links have names), or the draft of one whose pictures
    are generated first. nonce: the page's mark of this form; sent again after a lost reply, it brings the same answer.
    """
    key = (str(studio.db.engine.url), nonce)
    with _turn:
        if key not in _made:
            _made[key] = _make(studio, visitor, form)
            while len(_made) > REMEMBERED:
                _made.popitem(last=False)
        return _made[key]


def _make(studio: Studio, visitor: Visitor, form: Form) -> Answer:
    pictures = chosen(studio, form.ids) if form.ids else []
    texts = [picture.request.text for picture in pictures] or prompts_of(form)
    with refusals_kept(studio.db, Attempt("create", ORGANISER)):
        plan = to_plan(form, visitor.user, secrets.randbelow(MAX_SEED + 1), session_name(texts, visitor.language))
    if not form.ids:
        form_items(studio, form, plan)
        draft = enqueue_draft(studio.db, plan, form.axis, to_requests(studio, form, visitor.user))
        studio.engine.take(draft.jobs)
        wake(studio)
        return {"draft": draft.id}
    made = create_session(studio.db, plan, form_items(studio, form, plan))
    Copies(studio.db).prepare(made.id)  # so that the first rater does not wait for them
    token = None if plan.entry is Entry.NAMED else make_link(studio.db, made.id)
    return {"session": made.id, "token": token}


MAKING_ACTIONS: tuple[Any, ...] = (plan_session, estimate_session, preview_session, make_session)
