"""Feedback sessions: made, found, paused, extended, closed. Every step of the organiser is in the session's log.

Judgements given in a session are rows beside those given in the studio and feed the learning like them, but the
gallery's stars stay what was said in the studio: half a result there would tell the organiser what blind raters think
while they are still asked, and afterwards one rater of many would speak for all. The session's report has the result.
"""

from collections.abc import Sequence

from argon2 import PasswordHasher
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from t2i_studio.domain import (
    MAX_ITEMS,
    MAX_OVERLAP,
    Entry,
    FeedbackSession,
    Guideline,
    NewItem,
    Purpose,
    SessionKind,
    SessionPlan,
    SessionState,
    check_number,
    check_text,
)
from t2i_studio.errors import StudioError
from t2i_studio.store.audit import ORGANISER, Attempt, note, refusals_kept
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.models import SessionItemRow, SessionRow, now
from t2i_studio.store.session_items import add_items, check_items, check_pictures, open_evenly

CODE_LENGTH = (4, 64)
"""Characters of the code that opens a session, fewest and most."""


def create_session(db: Database, plan: SessionPlan, items: Sequence[NewItem]) -> FeedbackSession:
    """Keep a session with its items; it is open, and nobody can enter before there is a link.

    The plan's code is kept as a hash only and is not in what is returned. Items of practice beyond the plan's number
    are shown to some raters each.
    Raises StudioError session.no_items, .item_pictures, .item_same, .item_twice, .item_expected, .code_missing,
    variant.unknown, rating.no_picture; a refusal is in the log of no session.
    """
    with refusals_kept(db, Attempt("create", ORGANISER)) as attempt:
        check_items(plan.kind, items)
        code_hash = hash_of_code(plan)
        with db.write() as session:
            return to_session(add_session(session, attempt, plan, code_hash, items))


def add_session(
    session: Session, attempt: Attempt, plan: SessionPlan, code_hash: str | None, items: Sequence[NewItem]
) -> SessionRow:
    """Keep a session in a transaction of the caller's. items: checked by `check_items`. Raises StudioError
    variant.unknown, rating.no_picture.
    """
    check_pictures(session, items, [example.variant for example in plan.guideline.examples])
    row = _to_row(plan, code_hash)
    session.add(row)
    session.flush()
    add_items(session, row, items)
    attempt.session = row.id
    note(session, attempt, items=len(items), overlap=plan.overlap, budget=plan.budget)
    session.flush()
    return row


def hash_of_code(plan: SessionPlan) -> str | None:
    """What is kept of the plan's code; None where none is asked for. Takes some 50 ms. Raises StudioError
    session.code_missing.
    """
    if plan.entry is not Entry.CODE:
        return None
    if not plan.code or not CODE_LENGTH[0] <= len(check_text(plan.code)) <= CODE_LENGTH[1]:
        raise StudioError("session.code_missing", low=CODE_LENGTH[0], high=CODE_LENGTH[1])
    return PasswordHasher().hash(check_text(plan.code))


def _to_row(plan: SessionPlan, code_hash: str | None) -> SessionRow:
    same = plan.model_dump(mode="json", exclude={"code"}) | {"name": check_text(plan.name)}
    return SessionRow(**same, code_hash=code_hash, state=SessionState.OPEN, judged=0, opened=0)


def to_session(row: SessionRow) -> FeedbackSession:
    plan = SessionPlan(
        name=row.name,
        kind=SessionKind(row.kind),
        guideline=Guideline.model_validate(row.guideline),
        overlap=row.overlap,
        budget=row.budget,
        choice="active" if row.choice == "active" else "even",
        known_share=row.known_share,
        repeat_share=row.repeat_share,
        practice=row.practice,
        entry=Entry(row.entry),
        lease=row.lease,
        seed=row.seed,
        user=row.user,
    )
    return FeedbackSession(
        id=row.id, plan=plan, state=SessionState(row.state), created=row.created, closed=row.closed_at
    )


def get_session(db: Database, session_id: int) -> FeedbackSession:
    """Raises StudioError session.unknown."""
    with db.read() as session:
        return to_session(get_row(session, SessionRow, session_id, "session.unknown"))


def list_sessions(db: Database, limit: int = 200) -> list[FeedbackSession]:
    """The newest first. limit: 1–1000."""
    check_number("limit", limit, 1, 1000)
    with db.read() as session:
        return [
            to_session(row) for row in session.scalars(select(SessionRow).order_by(SessionRow.id.desc()).limit(limit))
        ]


def living_session(session: Session, session_id: int) -> SessionRow:
    """A session that is not closed. Raises StudioError session.unknown, session.closed."""
    row = get_row(session, SessionRow, session_id, "session.unknown")
    if row.state == SessionState.CLOSED:
        raise StudioError("session.closed")
    return row


def set_state(db: Database, session_id: int, state: SessionState) -> FeedbackSession:
    """Pause a session, open it again, or close it for good. Raises StudioError session.unknown, session.closed."""
    with (
        refusals_kept(db, Attempt(f"set {SessionState(state)}", ORGANISER, session_id)) as attempt,
        db.write() as session,
    ):
        row = living_session(session, session_id)
        row.state = SessionState(state)
        row.closed_at = now() if state == SessionState.CLOSED else None
        note(session, attempt)
        return to_session(row)


def extend(db: Database, session_id: int, *, overlap: int | None = None, budget: int | None = None) -> FeedbackSession:
    """Ask for more judgements of each item, or for more items; never for fewer, which would void work done.

    Raises StudioError session.unknown, .closed, .only_more, number.range.
    """
    with refusals_kept(db, Attempt("extend", ORGANISER, session_id)) as attempt, db.write() as session:
        row = living_session(session, session_id)
        if overlap is not None:
            check_number("overlap", overlap, 1, MAX_OVERLAP)
            _only_more("overlap", row.overlap, overlap)
            judged = (SessionItemRow.session_id == row.id, SessionItemRow.purpose == Purpose.JUDGED)
            session.execute(update(SessionItemRow).where(*judged).values(places=overlap))
            row.overlap = overlap
        if budget is not None:
            check_number("budget", budget, 1, MAX_ITEMS)
            _only_more("budget", row.budget or MAX_ITEMS, budget)
            row.budget = budget
            if row.choice == "even":
                open_evenly(session, row)
        note(session, attempt, overlap=overlap, budget=budget)
        session.flush()
        return to_session(row)


def _only_more(name: str, old: int, new: int) -> None:
    if new < old:
        raise StudioError("session.only_more", name=name, old=old, new=new)
