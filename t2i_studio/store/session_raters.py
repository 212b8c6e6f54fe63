"""The raters of a session as the organiser sees them, and the exclusion of one: always visible, never silent."""

from datetime import datetime

from sqlalchemy import select

from t2i_studio.domain import Noun, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.audit import ORGANISER, Attempt, note, refusals_kept
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.entrance import seat_of
from t2i_studio.store.models import SessionLinkRow, SessionRaterRow, SessionRow, now
from t2i_studio.store.places import release_leases_of


class SessionRater(Noun):
    """A rater in a session. label: of a named link. answered, skipped: practice apart.

    excluded: when and why the organiser took the rater out.
    """

    rater: str
    label: str | None
    language: str
    entered: datetime
    consented: datetime | None
    assigned: int
    answered: int
    skipped: int
    excluded: datetime | None
    reason: str | None


def exclude_rater(db: Database, session_id: int, rater: str, reason: str) -> None:
    """Take a rater out: they are shown nothing more, and their votes are marked.

    Their answers keep their places: the items are not judged again (raise the overlap for that), so that taking the
    rater in again changes nothing but the mark. Raises StudioError session.unknown, .no_rater, .reason_missing.
    """
    with refusals_kept(db, Attempt("exclude", ORGANISER, session_id, rater)) as attempt, db.write() as session:
        seat = seat_of(session, session_id, rater)
        reason = check_text(reason, empty_ok=True)
        if not reason:
            raise StudioError("session.reason_missing")
        seat.excluded_at, seat.excluded_reason = now(), reason
        release_leases_of(session, session_id, rater)
        note(session, attempt, reason=reason)


def readmit_rater(db: Database, session_id: int, rater: str) -> None:
    """Undo an exclusion; both stay in the log. Raises StudioError session.unknown, session.no_rater."""
    with refusals_kept(db, Attempt("readmit", ORGANISER, session_id, rater)) as attempt, db.write() as session:
        seat = seat_of(session, session_id, rater)
        seat.excluded_at = seat.excluded_reason = None
        note(session, attempt)


def raters_of(db: Database, session_id: int) -> list[SessionRater]:
    """Those who entered or have a link of their own, in order of coming. Raises StudioError session.unknown."""
    with db.read() as session:
        get_row(session, SessionRow, session_id, "session.unknown")
        label = select(SessionLinkRow.label).where(
            SessionLinkRow.session_id == session_id, SessionLinkRow.rater_id == SessionRaterRow.rater_id
        )
        query = (
            select(SessionRaterRow, label.limit(1).scalar_subquery())
            .where(SessionRaterRow.session_id == session_id)
            .order_by(SessionRaterRow.entered, SessionRaterRow.rater_id)
        )
        return [_to_rater(seat, name) for seat, name in session.execute(query).tuples()]


def _to_rater(seat: SessionRaterRow, label: str | None) -> SessionRater:
    return SessionRater(
        rater=seat.rater_id,
        label=label,
        language=seat.language,
        entered=seat.entered,
        consented=seat.consent_at,
        assigned=seat.assigned,
        answered=seat.answered,
        skipped=seat.skipped,
        excluded=seat.excluded_at,
        reason=seat.excluded_reason,
    )
