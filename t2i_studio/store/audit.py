"""The log of a session: what the organiser did, and what was refused to whom. Append-only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from t2i_studio.domain import AuditEntry, check_number
from t2i_studio.errors import StudioError
from t2i_studio.store.database import MAX_KEY, Database
from t2i_studio.store.models import SessionAuditRow, SessionRow

ORGANISER = "organiser"
STRANGER = "stranger"
"""Who came by a link and has no rater's id yet."""
MAX_ENTRIES = 10_000
MAX_DETAIL = 200
"""Characters kept of a detail that somebody sent."""


@dataclass
class Attempt:
    """What is being tried, as far as it is known. session: None until it is found which one is meant."""

    action: str
    actor: str
    session: int | None = None
    rater: str | None = None


def note(db_session: Session, attempt: Attempt, **details: str | int | float | bool | None) -> None:
    """Add an entry, in the transaction of what it tells of."""
    kept = {name: value[:MAX_DETAIL] if isinstance(value, str) else value for name, value in details.items()}
    db_session.add(
        SessionAuditRow(
            session_id=attempt.session,
            actor=attempt.actor[:32],
            rater_id=attempt.rater[:32] if attempt.rater else None,
            action=attempt.action,
            details=kept,
        )
    )


@contextmanager
def refusals_kept(db: Database, attempt: Attempt) -> Iterator[Attempt]:
    """A StudioError that leaves the block is written down, committed, and raised on.

    To be entered before `db.write()`: what the block changed is undone, the entry is not. Faults of the disk are no
    refusals. Nothing that was sent is kept but the error's own values.
    """
    try:
        yield attempt
    except StudioError as error:
        if not error.key.startswith("store."):
            with db.write() as session:
                if attempt.session is not None and session.get(SessionRow, _possible(attempt.session)) is None:
                    attempt.session = None
                details = {name: value for name, value in error.params.items() if name != "nonce"}
                note(session, attempt, refused=error.key, **details)  # type: ignore[arg-type]
        raise


def _possible(key: int) -> int:
    return key if 0 < key <= MAX_KEY else 0


def audit_of(db: Database, session_id: int | None, limit: int = 1000) -> list[AuditEntry]:
    """The newest entries of a session (None: of links that led to none), the newest first. limit: 1–10,000."""
    check_number("limit", limit, 1, MAX_ENTRIES)
    of_session = (
        SessionAuditRow.session_id.is_(None)
        if session_id is None
        else SessionAuditRow.session_id == _possible(session_id)
    )
    query = select(SessionAuditRow).where(of_session).order_by(SessionAuditRow.id.desc()).limit(limit)
    with db.read() as session:
        return [_to_entry(row) for row in session.scalars(query)]


def _to_entry(row: SessionAuditRow) -> AuditEntry:
    about = {"rater": row.rater_id} if row.rater_id and row.rater_id != row.actor else {}
    return AuditEntry(
        id=row.id,
        session=row.session_id,
        actor=row.actor,
        action=row.action,
        details=about | row.details,
        created=row.created,
    )
