"""Places of an item: as many as its judgements are to be. An open lease holds one, an answer keeps it.

All changes of an assignment's outcome go through `move`, in the transaction that holds the write lock, and the
database's own rule taken ≤ places stands behind it: that is why the overlap is exact.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from t2i_studio.domain import Outcome, Purpose
from t2i_studio.store.models import LEASED, AssignmentRow, SessionItemRow

HOLDS = {Outcome.OPEN: (1, 0), Outcome.ANSWERED: (1, 1), Outcome.SKIPPED: (0, 0), Outcome.EXPIRED: (0, 0)}
"""What an assignment of this outcome takes of its item: places, and judgements among them."""


def move(session: Session, row: AssignmentRow, outcome: Outcome) -> bool:
    """Give the assignment this outcome; False, and nothing is changed, when it needs a place and none is free."""
    before, after = HOLDS[Outcome(row.outcome)], HOLDS[outcome]
    taken, answers = after[0] - before[0], after[1] - before[1]
    if (taken or answers) and row.purpose == Purpose.JUDGED and not _take(session, row.item_id, taken, answers):
        return False
    row.outcome = outcome
    return True


def take_place(session: Session, item_id: int) -> bool:
    """For a new lease; False when none is free."""
    return _take(session, item_id, 1, 0)


def _take(session: Session, item_id: int, taken: int, answers: int) -> bool:
    change = (
        update(SessionItemRow)
        .where(SessionItemRow.id == item_id, SessionItemRow.taken + taken <= SessionItemRow.places)
        .values(taken=SessionItemRow.taken + taken, answers=SessionItemRow.answers + answers)
        .execution_options(synchronize_session=False)
    )
    return session.execute(change.returning(SessionItemRow.id)).first() is not None


def release_expired(session: Session, session_id: int, when: datetime) -> None:
    """Free the places whose leases ran out by `when`."""
    run_out = (AssignmentRow.session_id == session_id, LEASED, AssignmentRow.lease_until <= when)
    for row in session.scalars(select(AssignmentRow).where(*run_out)).all():
        move(session, row, Outcome.EXPIRED)
    session.flush()


def release_leases_of(session: Session, session_id: int, rater: str) -> None:
    """Free the places that a rater holds without having answered."""
    theirs = (AssignmentRow.session_id == session_id, AssignmentRow.rater_id == rater, LEASED)
    for row in session.scalars(select(AssignmentRow).where(*theirs)).all():
        move(session, row, Outcome.EXPIRED)
    session.flush()
