"""Sessions whose pictures are still to be made: a row before anything runs, a session once they are there.

A draft and all its batches are stored in one transaction, and so are the session and the draft's end: however often
and from wherever a draft is settled, and whenever the process dies, it becomes one session or none.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from t2i_studio.domain import GenerationRequest, NewItem, Noun, SessionPlan
from t2i_studio.errors import StudioError
from t2i_studio.store.audit import ORGANISER, Attempt, refusals_kept
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.jobs import add_job, check_pictures
from t2i_studio.store.models import SessionDraftJobRow, SessionDraftRow
from t2i_studio.store.session_items import check_items
from t2i_studio.store.sessions import add_session, hash_of_code

MAX_RESUMED = 3
"""A batch that takes its process down with it is not begun again for ever."""


class SessionDraft(Noun):
    """axis: what the session compares. jobs: its batches. problem: {key, params} of what keeps the session from being
    made of what there is.
    """

    id: int
    plan: SessionPlan
    axis: str
    jobs: tuple[int, ...]
    state: Literal["waiting", "made", "discarded"]
    session: int | None = None
    problem: dict[str, Any] | None = None
    user: str
    created: datetime


def enqueue_draft(db: Database, plan: SessionPlan, axis: str, requests: Sequence[GenerationRequest]) -> SessionDraft:
    """Store a draft and a waiting job of this process for each request (at least one), in one transaction.

    Raises StudioError as `jobs.enqueue` does, and session.code_missing; then nothing is stored.
    """
    code_hash = hash_of_code(plan)
    for request in requests:
        check_pictures(db, request)
    with db.write() as session:
        told = plan.model_dump(mode="json", exclude={"code"})
        row = SessionDraftRow(plan=told, code_hash=code_hash, axis=axis, user=plan.user, state="waiting")
        session.add(row)
        session.flush()
        for place, request in enumerate(requests):
            session.add(SessionDraftJobRow(draft_id=row.id, place=place, job_id=add_job(session, request).id))
        session.flush()
        return _to_draft(session, row)


def get_draft(db: Database, draft_id: int) -> SessionDraft:
    """Raises StudioError session.draft_unknown."""
    with db.read() as session:
        return _to_draft(session, get_row(session, SessionDraftRow, draft_id, "session.draft_unknown"))


def waiting_drafts(db: Database) -> list[SessionDraft]:
    """Drafts whose session is still to be made, the newest first."""
    query = select(SessionDraftRow).where(SessionDraftRow.state == "waiting").order_by(SessionDraftRow.id.desc())
    with db.read() as session:
        return [_to_draft(session, row) for row in session.scalars(query)]


def make_session(db: Database, draft_id: int, items: Sequence[NewItem]) -> SessionDraft:
    """Make the draft's session of `items`, unless it is made or discarded already: then the draft as it is.

    Raises StudioError session.draft_unknown, and those of `create_session`.
    """
    with refusals_kept(db, Attempt("create", ORGANISER)) as attempt:
        check_items(get_draft(db, draft_id).plan.kind, items)
        with db.write() as session:
            row = get_row(session, SessionDraftRow, draft_id, "session.draft_unknown")
            if row.state == "waiting":
                plan = SessionPlan.model_validate(row.plan)
                row.session_id = add_session(session, attempt, plan, row.code_hash, items).id
                row.state, row.problem = "made", None
            return _to_draft(session, row)


def discard_draft(db: Database, draft_id: int) -> SessionDraft:
    """Make no session of it; its pictures stay. A draft that is made or discarded stays so. Raises StudioError
    session.draft_unknown.
    """
    with db.write() as session:
        row = get_row(session, SessionDraftRow, draft_id, "session.draft_unknown")
        if row.state == "waiting":
            row.state, row.problem = "discarded", None
        return _to_draft(session, row)


def note_problem(db: Database, draft_id: int, error: StudioError | None) -> SessionDraft:
    """Keep why a waiting draft cannot become a session; None: nothing keeps it any more."""
    problem = {"key": error.key, "params": error.params} if error else None
    with db.write() as session:
        row = get_row(session, SessionDraftRow, draft_id, "session.draft_unknown")
        row.problem = problem if row.state == "waiting" else None
        return _to_draft(session, row)


def may_resume(db: Database, draft_id: int) -> bool:
    """Whether the interrupted batches of a draft are to be begun again by themselves; counted, at most MAX_RESUMED
    times.
    """
    with db.write() as session:
        row = get_row(session, SessionDraftRow, draft_id, "session.draft_unknown")
        if row.state != "waiting" or row.resumed >= MAX_RESUMED:
            return False
        row.resumed += 1
        return True


def _to_draft(session: Session, row: SessionDraftRow) -> SessionDraft:
    query = select(SessionDraftJobRow.job_id).where(SessionDraftJobRow.draft_id == row.id)
    return SessionDraft(
        id=row.id,
        plan=SessionPlan.model_validate(row.plan),
        axis=row.axis,
        jobs=tuple(session.scalars(query.order_by(SessionDraftJobRow.place))),
        state=row.state,
        session=row.session_id,
        problem=row.problem,
        user=row.user,
        created=row.created,
    )
