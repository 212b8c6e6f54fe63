"""What a rater is shown: one item after another, each held by a lease that the page renews while it is in sight."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from t2i_studio.domain import Assignment, Noun, Outcome, Purpose, SessionKind, SessionState
from t2i_studio.errors import StudioError
from t2i_studio.store import choosing
from t2i_studio.store.audit import Attempt, refusals_kept
from t2i_studio.store.database import MAX_KEY, Database, get_row
from t2i_studio.store.entrance import seat_of
from t2i_studio.store.models import UNENDED, AssignmentRow, SessionRaterRow, SessionRow
from t2i_studio.store.models import now as clock
from t2i_studio.store.places import move, release_expired, take_place
from t2i_studio.store.schedule import checks_due, picture_order, starting_place
from t2i_studio.store.session_items import pictures_of

Why = Literal["done", "wait", "paused", "closed", "excluded"]
"""Why there is nothing to show: the rater has judged all there is for them; others hold the last places and may give
them up; the session rests, or is over; or the organiser took the rater out."""


class Next(Noun):
    """What to show now, or why nothing."""

    assignment: Assignment | None = None
    why: Why | None = None


class InHand(Noun):
    """What a rater's page has in hand: `next_assignment`, the one that follows, and how many the rater has answered."""

    now: Next
    then: Assignment | None = None
    answered: int


def next_assignment(
    db: Database,
    session_id: int,
    rater: str,
    now: datetime | None = None,
    *,
    after: int | None = None,
    prefer: Sequence[int] = (),
) -> Next:
    """What the rater is to see: the item that they have open, else a new one, leased to them.

    now: for tests; the time is the server's. after: an assignment that the page shows already; the one that follows is
    returned, for loading ahead. prefer: with active choice, items in the order in which they are best opened; without
    it the matchup with the fewest judgements is next.
    Raises StudioError session.unknown, session.no_rater.
    """
    when = now or clock()
    with refusals_kept(db, Attempt("next", rater, session_id, rater)), db.write() as session:
        row = get_row(session, SessionRow, session_id, "session.unknown")
        seat = seat_of(session, session_id, rater)
        release_expired(session, session_id, when)
        return _next(session, row, seat, when, after, prefer)


def next_two(
    db: Database, session_id: int, rater: str, now: datetime | None = None, *, prefer: Sequence[int] = ()
) -> InHand:
    """`next_assignment` and, for loading ahead, the one after it, both leased in one transaction. Raises as it does."""
    when = now or clock()
    with refusals_kept(db, Attempt("next", rater, session_id, rater)), db.write() as session:
        row = get_row(session, SessionRow, session_id, "session.unknown")
        seat = seat_of(session, session_id, rater)
        release_expired(session, session_id, when)
        first = _next(session, row, seat, when, None, prefer)
        then = _next(session, row, seat, when, first.assignment.id, prefer).assignment if first.assignment else None
        return InHand(now=first, then=then, answered=seat.answered)


def _next(
    session: Session,
    row: SessionRow,
    seat: SessionRaterRow,
    when: datetime,
    after: int | None,
    prefer: Sequence[int],
) -> Next:
    if why := _barred(row, seat):
        return Next(why=why)
    found = _held(session, row, seat.rater_id, when, after) or _new(session, row, seat, when, prefer)
    if found is not None:
        session.flush()
        return Next(assignment=to_assignment(session, found))
    return Next(why="wait" if choosing.lacks_judgement(session, row.id, seat.rater_id) else "done")


def _barred(row: SessionRow, seat: SessionRaterRow) -> Why | None:
    if row.state == SessionState.CLOSED:
        return "closed"
    if seat.excluded_at is not None:
        return "excluded"
    return "paused" if row.state == SessionState.PAUSED else None


def _held(session: Session, row: SessionRow, rater: str, when: datetime, after: int | None) -> AssignmentRow | None:
    """What the rater had begun: an open assignment, or one whose lease ran out but whose place is free again."""
    theirs = (AssignmentRow.session_id == row.id, AssignmentRow.rater_id == rater, UNENDED)
    begun = session.scalars(select(AssignmentRow).where(*theirs).order_by(AssignmentRow.position)).all()
    begun = [each for each in begun if each.id != after]
    until = when + timedelta(seconds=row.lease)
    for each in sorted(begun, key=lambda each: each.outcome != Outcome.OPEN):
        half_over = until - each.lease_until > timedelta(seconds=row.lease / 2)
        if each.outcome == Outcome.OPEN or move(session, each, Outcome.OPEN):
            each.lease_until = until if half_over else each.lease_until  # a young lease is not worth a write
            return each
    return None


def _new(
    session: Session, row: SessionRow, seat: SessionRaterRow, when: datetime, prefer: Sequence[int]
) -> AssignmentRow | None:
    """A new assignment: practice first, then checks where they are due, else an item to judge."""
    given = _given(session, row.id, seat.rater_id)
    position = seat.assigned
    for purpose in _purposes(row, seat, given):
        repeat_of = None
        start = starting_place(row.seed, seat.rater_id, position, choosing.order_size(session, row, purpose))
        if purpose is Purpose.PRACTICE and not choosing.has_work(session, row, seat.rater_id):
            return None  # nobody learns a task that is done
        if purpose is Purpose.REPEAT:
            repeat_of = choosing.repeatable(session, row, seat.rater_id, position)
            item_id = session.get_one(AssignmentRow, repeat_of).item_id if repeat_of else None
        elif purpose is Purpose.JUDGED:
            item_id = choosing.free_item(session, row.id, seat.rater_id, start) or choosing.open_one(
                session, row, seat.rater_id, prefer
            )
        else:
            item_id = choosing.check_item(session, row.id, seat.rater_id, purpose, start)
        if item_id is not None:
            return _give(session, row, seat, when, item_id, purpose, given[purpose], repeat_of)
    return None


def _given(session: Session, session_id: int, rater: str) -> Counter[Purpose]:
    """How many assignments of each purpose the rater has had."""
    theirs = (AssignmentRow.rater_id == rater, AssignmentRow.session_id == session_id)
    query = select(AssignmentRow.purpose, func.count()).where(*theirs).group_by(AssignmentRow.purpose)
    return Counter({Purpose(purpose): count for purpose, count in session.execute(query)})


def _purposes(row: SessionRow, seat: SessionRaterRow, given: Counter[Purpose]) -> list[Purpose]:
    """What the next item may be for, the first choice first."""
    if given[Purpose.PRACTICE] < row.practice and given[Purpose.PRACTICE] == seat.assigned:
        first = [Purpose.PRACTICE]
    else:
        first = []
    position = seat.assigned - given[Purpose.PRACTICE]
    checks = ((Purpose.KNOWN, row.known_share), (Purpose.REPEAT, row.repeat_share))
    due = [
        purpose
        for purpose, share in checks
        if given[purpose] < checks_due(row.seed, seat.rater_id, purpose, share, position)
    ]
    return [*first, *due, Purpose.JUDGED]


def _give(
    session: Session,
    row: SessionRow,
    seat: SessionRaterRow,
    when: datetime,
    item_id: int,
    purpose: Purpose,
    count: int,
    repeat_of: int | None,
) -> AssignmentRow:
    if repeat_of is not None:
        order = session.get_one(AssignmentRow, repeat_of).order[::-1]
    else:
        pictures = SessionKind(row.kind).pictures
        order = "".join(map(str, picture_order(row.seed, seat.rater_id, purpose, count, pictures)))
    if purpose is Purpose.JUDGED:
        take_place(session, item_id)
    given = AssignmentRow(
        session_id=row.id,
        item_id=item_id,
        rater_id=seat.rater_id,
        position=seat.assigned,
        purpose=purpose,
        repeat_of=repeat_of,
        order=order,
        outcome=Outcome.OPEN,
        lease_until=when + timedelta(seconds=row.lease),
        shown=when,
    )
    session.add(given)
    seat.assigned += 1
    return given


def to_assignment(session: Session, row: AssignmentRow) -> Assignment:
    pictures = pictures_of(session, [row.item_id])[row.item_id]
    return Assignment(
        id=row.id,
        session=row.session_id,
        item=row.item_id,
        rater=row.rater_id,
        position=row.position,
        purpose=Purpose(row.purpose),
        repeat_of=row.repeat_of,
        order=tuple(pictures[int(place)].variant for place in row.order),
        outcome=Outcome(row.outcome),
        lease_until=row.lease_until,
        shown=row.shown,
        ended=row.ended,
        skip_reason=row.skip_reason,
    )


def assignment_of(session: Session, assignment_id: int, rater: str, attempt: Attempt) -> AssignmentRow:
    """Raises StudioError answer.unknown, answer.not_yours."""
    row = get_row(session, AssignmentRow, assignment_id, "answer.unknown")
    attempt.session = row.session_id
    if row.rater_id != rater:
        raise StudioError("answer.not_yours", id=assignment_id)
    return row


def may_answer(session: Session, given: AssignmentRow) -> tuple[SessionRow, SessionRaterRow]:
    """Session and seat of an assignment. Raises StudioError session.closed, .paused, .excluded."""
    row = session.get_one(SessionRow, given.session_id)
    seat = seat_of(session, given.session_id, given.rater_id)
    barred = _barred(row, seat)
    if barred is not None:
        raise StudioError(f"session.{barred}")
    return row, seat


def renew(db: Database, assignment_id: int, rater: str, now: datetime | None = None) -> Assignment:
    """Hold the place for another lease, while the page is in sight; also after the lease ran out, if it is still free.

    An assignment that has ended is returned as it is. Raises StudioError answer.unknown, .not_yours, .late,
    session.closed, .paused, .excluded.
    """
    when = now or clock()
    with refusals_kept(db, Attempt("renew", rater, None, rater)) as attempt, db.write() as session:
        given = assignment_of(session, assignment_id, rater, attempt)
        row, _ = may_answer(session, given)
        release_expired(session, row.id, when)
        if given.outcome == Outcome.EXPIRED and not move(session, given, Outcome.OPEN):
            raise StudioError("answer.late")
        if given.outcome == Outcome.OPEN:
            given.lease_until = when + timedelta(seconds=row.lease)
        session.flush()
        return to_assignment(session, given)


def get_assignment(db: Database, assignment_id: int, rater: str) -> Assignment:
    """Raises StudioError answer.unknown, answer.not_yours; what is merely looked at is not in the log."""
    with db.read() as session:
        return to_assignment(session, assignment_of(session, assignment_id, rater, Attempt("look", rater)))


def previous_assignment(db: Database, session_id: int, rater: str) -> Assignment | None:
    """The rater's last one that they answered or skipped, to take back: a new answer to it is a revision."""
    query = (
        select(AssignmentRow)
        .where(
            AssignmentRow.session_id == session_id, AssignmentRow.rater_id == rater, AssignmentRow.ended.is_not(None)
        )
        .order_by(AssignmentRow.ended.desc(), AssignmentRow.id.desc())
    )
    with db.read() as session:
        row = session.scalar(query.limit(1)) if 0 < session_id <= MAX_KEY else None
        return to_assignment(session, row) if row else None
