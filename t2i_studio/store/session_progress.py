"""How far a session is: counts for the page that watches it, cheap enough to be asked for every second."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from t2i_studio.domain import Noun, Outcome, Purpose
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.models import UNDONE, AssignmentRow, SessionItemRow, SessionRaterRow, SessionRow
from t2i_studio.store.models import now as clock

PACE_MINUTES = 10


class Progress(Noun):
    """How far a session is. items: those that are judged in the end; opened, done: of these, may be judged, and have
    all their judgements. answers: judgements that count for the overlap; wanted: of these, in the end. leased: places
    held by raters who are looking now. raters: who answered more than practice; who merely came in or has a link of
    their own is not one. excluded: of these, taken out. per_minute: answers of any purpose over the last PACE_MINUTES.
    last: when the last one came.
    """

    items: int
    opened: int
    done: int
    answers: int
    wanted: int
    leased: int
    skips: int
    raters: int
    excluded: int
    per_minute: float
    last: datetime | None

    @property
    def complete(self) -> bool:
        """Whether every judgement that was asked for is there, those of excluded raters among them."""
        return self.answers >= self.wanted


def progress(db: Database, session_id: int, now: datetime | None = None) -> Progress:
    """Of each rater, `session_raters.raters_of` has the counts. Raises StudioError session.unknown."""
    when = now or clock()
    with db.read() as session:
        row = get_row(session, SessionRow, session_id, "session.unknown")
        answers, undone = _places(session, row.id)
        raters, excluded, skips = _raters(session, row.id)
        items = row.judged if row.budget is None else min(row.judged, row.budget)
        return Progress(
            items=items,
            opened=row.opened,
            done=row.opened - undone,
            answers=answers,
            wanted=items * row.overlap,
            leased=_looked_at(session, row.id, when),
            skips=skips,
            raters=raters,
            excluded=excluded,
            per_minute=_answered_since(session, row.id, when - timedelta(minutes=PACE_MINUTES)) / PACE_MINUTES,
            last=session.scalar(select(func.max(AssignmentRow.ended)).where(AssignmentRow.session_id == row.id)),
        )


def _places(session: Session, session_id: int) -> tuple[int, int]:
    """Judgements, and how many of the open items lack one."""
    opened = (SessionItemRow.session_id == session_id, SessionItemRow.purpose == Purpose.JUDGED, SessionItemRow.opened)
    answers = session.scalar(select(func.sum(SessionItemRow.answers)).where(*opened))
    undone = select(func.count()).select_from(SessionItemRow).where(SessionItemRow.session_id == session_id, UNDONE)
    return answers or 0, session.scalar(undone) or 0


def _raters(session: Session, session_id: int) -> tuple[int, int, int]:
    """Raters who answered, excluded ones among them, and skips by all."""
    answered = SessionRaterRow.answered > 0
    sums = select(
        func.count().filter(answered),
        func.count(SessionRaterRow.excluded_at).filter(answered),
        func.sum(SessionRaterRow.skipped),
    )
    raters, excluded, skips = session.execute(sums.where(SessionRaterRow.session_id == session_id)).one()
    return raters, excluded, skips or 0


def _looked_at(session: Session, session_id: int, when: datetime) -> int:
    """Places held by leases that run."""
    query = select(func.count()).where(
        AssignmentRow.session_id == session_id,
        AssignmentRow.outcome == Outcome.OPEN,
        AssignmentRow.purpose == Purpose.JUDGED,
        AssignmentRow.lease_until > when,
    )
    return session.scalar(query) or 0


def _answered_since(session: Session, session_id: int, since: datetime) -> int:
    query = select(func.count()).where(
        AssignmentRow.session_id == session_id,
        AssignmentRow.outcome == Outcome.ANSWERED,
        AssignmentRow.ended > since,
    )
    return session.scalar(query) or 0
