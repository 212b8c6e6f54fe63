"""What an organiser sees of sessions while they run, and may do with them; every step is in the session's record."""

from typing import Annotated, Any, Literal

from pydantic import Field

from t2i_studio.domain import AuditEntry, FeedbackSession, SessionState, State
from t2i_studio.errors import StudioError
from t2i_studio.feedback.drafts import draft_progress, settle
from t2i_studio.feedback.report import SessionReport
from t2i_studio.store import entrance, session_raters, sessions
from t2i_studio.store.audit import audit_of
from t2i_studio.store.jobs import OPEN, get_job
from t2i_studio.store.raters import is_rater
from t2i_studio.store.session_drafts import SessionDraft, discard_draft, get_draft, note_problem, waiting_drafts
from t2i_studio.store.session_progress import progress
from t2i_studio.ui.desk import Answer, sentence
from t2i_studio.ui.judging.copies import Copies
from t2i_studio.ui.session_figures import figures
from t2i_studio.ui.session_reports import pictures_of, report_of
from t2i_studio.ui.session_showing import Showing
from t2i_studio.ui.session_watch import resume_batches, wake
from t2i_studio.ui.studio import Studio, Visitor

LOG, STRAY = 200, 50
"""Entries of a session's record, and of refusals without a session, that are shown."""
_closed: dict[tuple[str, int], Answer] = {}
UNFINISHED = (State.INTERRUPTED, State.FAILED, State.CANCELLED)
Number = Annotated[int, Field(ge=1)]


def feedback_sessions(studio: Studio, visitor: Visitor) -> Answer:
    """Every session with how far it is, the newest first, those that wait for their pictures, and what was refused
    that belongs to no session.
    """
    drafts = [settle(studio.db, draft.id) for draft in waiting_drafts(studio.db)]
    waiting = [_draft(studio, visitor, draft) for draft in drafts if draft.state == "waiting"]
    if any(draft["running"] for draft in waiting):
        wake(studio)
    found = sessions.list_sessions(studio.db)
    makers = {user: _maker(studio, visitor, user) for user in {one.plan.user for one in found}}
    return {
        "sessions": [_told(studio, one, makers[one.plan.user]) for one in found],
        "drafts": waiting,
        "refused": [_entry(entry, visitor) for entry in audit_of(studio.db, None, STRAY)],
    }


def _told(studio: Studio, session: FeedbackSession, by: str | None) -> Answer:
    plan = session.plan
    return {
        "id": session.id,
        "name": plan.name,
        "kind": plan.kind,
        "state": session.state,
        "by": by,
        "created": session.created.isoformat(),
        "closed": session.closed.isoformat() if session.closed else None,
        "progress": _progress(studio, session),
    }


def _progress(studio: Studio, session: FeedbackSession) -> Answer:
    """Of a closed session it stays as it was, so that a long list costs little."""
    key = (str(studio.db.engine.url), session.id)
    if session.state is SessionState.CLOSED and key in _closed:
        return _closed[key]
    now = progress(studio.db, session.id).model_dump(mode="json")
    if session.state is SessionState.CLOSED:
        _closed[key] = now
    return now


def _maker(studio: Studio, visitor: Visitor, user: str) -> str | None:
    """Who made it, by log-in name: "" is the visitor, None somebody without a name."""
    if user == visitor.user:
        return ""
    return None if user == "local" or is_rater(studio.db, user) else user


def _draft(studio: Studio, visitor: Visitor, draft: SessionDraft) -> Answer:
    now = draft_progress(studio.db, draft)
    last = max((number for number in draft.jobs if get_job(studio.db, number).state in OPEN), default=None)
    return now.model_dump(exclude={"error"}) | {
        "id": draft.id,
        "name": draft.plan.name,
        "kind": draft.plan.kind,
        "by": _maker(studio, visitor, draft.user),
        "left": studio.engine.status(last).seconds_left if last else None,
        "error": sentence(now.error, visitor),
        "problem": sentence(draft.problem, visitor),
    }


def change_draft(
    studio: Studio, visitor: Visitor, *, id: Number, how: Literal["make", "again", "cancel", "discard"]
) -> Answer:
    """Make the session of the pictures there are, begin the missing ones again, stop, or give it up; pictures stay."""
    draft = get_draft(studio.db, id)
    if how == "make":
        made = settle(studio.db, id, partial=True).session
        if made is not None:
            Copies(studio.db).prepare(made)
        return {"session": made}
    if how == "again":
        note_problem(studio.db, id, None)
        resume_batches(studio, draft, UNFINISHED)
        wake(studio)
    else:
        if how == "discard":
            discard_draft(studio.db, id)
        for number in draft.jobs:
            studio.engine.cancel(number)
    return {"session": None}


def session_now(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """A session as it is: how far, who, by which links, and its record. mark: changes with what figures are made of."""
    session = sessions.get_session(studio.db, id)
    plan, now = session.plan, progress(studio.db, id)
    raters = [each.model_dump(mode="json") for each in session_raters.raters_of(studio.db, id)]
    excluded = sorted(each["rater"] for each in raters if each["excluded"])
    return {
        "session": _told(studio, session, _maker(studio, visitor, plan.user))
        | {
            "overlap": plan.overlap,
            "budget": plan.budget,
            "choice": plan.choice,
            "known_share": plan.known_share,
            "repeat_share": plan.repeat_share,
            "entry": plan.entry,
        },
        "raters": raters,
        "links": [each.model_dump(mode="json") for each in entrance.links_of(studio.db, id)],
        "log": [_entry(entry, visitor) for entry in audit_of(studio.db, id, LOG)],
        "mark": f"{now.last}{sum(each['answered'] for each in raters)}{excluded}",
    }


def _entry(entry: AuditEntry, visitor: Visitor) -> Answer:
    """refused: the sentence that was said, of what was not done."""
    details = dict(entry.details)
    refused = details.pop("refused", None)
    told = entry.model_dump(mode="json", include={"id", "actor", "action", "created"}) | {"refused": None}
    if refused is not None:
        told["refused"] = _sentence(str(refused), details, visitor)
        details = {}
    rater = details.pop("rater", None)
    return told | {"rater": rater, "details": {name: value for name, value in details.items() if value is not None}}


def _sentence(key: str, params: dict[str, Any], visitor: Visitor) -> str:
    try:
        return StudioError(key, **params).sentence(visitor.language)
    except KeyError:  # a sentence of an older version
        return key


def session_figures(studio: Studio, visitor: Visitor, *, id: Number) -> Answer:
    """The figures as they are now: drawn (HTML, escaped), and of each rater."""
    plan = sessions.get_session(studio.db, id).plan
    report: SessionReport = report_of(studio.db, id)
    showing = Showing(visitor.language, pictures_of(studio, report, "/thumbs/{}.webp"))
    return {
        "html": figures(report, plan, showing),
        "raters": [each.model_dump(mode="json") for each in report.raters],
        "answers": report.answers,
    }


def set_session_state(studio: Studio, visitor: Visitor, *, id: Number, state: SessionState) -> Answer:
    sessions.set_state(studio.db, id, state)
    if state == SessionState.CLOSED:
        Copies(studio.db).drop_closed()
    return {"id": id}


def extend_session(
    studio: Studio, visitor: Visitor, *, id: Number, overlap: int | None = None, budget: int | None = None
) -> Answer:
    sessions.extend(studio.db, id, overlap=overlap, budget=budget)
    return {"id": id}


def exclude_rater(studio: Studio, visitor: Visitor, *, id: Number, rater: str, reason: str) -> Answer:
    session_raters.exclude_rater(studio.db, id, rater, reason)
    return {"id": id}


def readmit_rater(studio: Studio, visitor: Visitor, *, id: Number, rater: str) -> Answer:
    session_raters.readmit_rater(studio.db, id, rater)
    return {"id": id}


def new_link(studio: Studio, visitor: Visitor, *, id: Number, label: str = "") -> Answer:
    """The token is told once: only its hash is kept."""
    token = entrance.make_link(studio.db, id, label or None)
    return {"token": token, "link": entrance.links_of(studio.db, id)[-1].id}


def revoke_link(studio: Studio, visitor: Visitor, *, link: Number) -> Answer:
    entrance.revoke_link(studio.db, link)
    return {"link": link}


LIST_ACTIONS: tuple[Any, ...] = (feedback_sessions, change_draft)
LIVE_ACTIONS: tuple[Any, ...] = (
    session_now,
    session_figures,
    set_session_state,
    extend_session,
    exclude_rater,
    readmit_rater,
    new_link,
    revoke_link,
)
