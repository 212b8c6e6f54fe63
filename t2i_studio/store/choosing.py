"""Which item a rater gets next, found by index however large the session is."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from t2i_studio.domain import Outcome, Purpose
from t2i_studio.store.models import (
    CHECKS,
    FREE,
    UNDONE,
    UNOPENED,
    AssignmentRow,
    SessionItemRow,
    SessionRow,
)
from t2i_studio.store.schedule import REPEAT_DISTANCE, dice

PART = 500


def _unseen(rater: str, purpose: Purpose, *outcomes: Outcome) -> ColumnElement[bool]:
    """The item has no assignment of this purpose (and of one of these outcomes, if any) to the rater."""
    seen = select(AssignmentRow.id).where(
        AssignmentRow.item_id == SessionItemRow.id,
        AssignmentRow.rater_id == rater,
        AssignmentRow.purpose == purpose,
    )
    return ~(seen.where(AssignmentRow.outcome.in_(outcomes)) if outcomes else seen).exists()


def _from(session: Session, query: Select[int], start: int) -> int | None:
    """The query's first item in the shuffled order from `start` on, going around."""
    for part in (SessionItemRow.shuffle >= start, SessionItemRow.shuffle < start):
        found = session.scalar(query.where(part).order_by(SessionItemRow.shuffle).limit(1))
        if found is not None:
            return found
    return None


def order_size(session: Session, row: SessionRow, purpose: Purpose) -> int:
    """How far the shuffled order of the items of this purpose goes."""
    if purpose in (Purpose.JUDGED, Purpose.REPEAT):
        return row.judged
    mine = (SessionItemRow.session_id == row.id, CHECKS, SessionItemRow.purpose == purpose)
    return (session.scalar(select(func.max(SessionItemRow.shuffle)).where(*mine)) or 0) + 1


def check_item(session: Session, session_id: int, rater: str, purpose: Purpose, start: int) -> int | None:
    """An item for practice or with a known answer that the rater has not seen."""
    mine = (SessionItemRow.session_id == session_id, CHECKS, SessionItemRow.purpose == purpose)
    return _from(session, select(SessionItemRow.id).where(*mine, _unseen(rater, purpose)), start)


def free_item(session: Session, session_id: int, rater: str, start: int) -> int | None:
    """An open item with a free place that the rater never had: the next in the shuffled order from the rater's
    `start` on, so that every rater has an order of their own and no item is always early or late.
    """
    free = select(SessionItemRow.id).where(SessionItemRow.session_id == session_id, FREE)
    return _from(session, free.where(_unseen(rater, Purpose.JUDGED)), start)


def lacks_judgement(session: Session, session_id: int, rater: str) -> bool:
    """Is there an open item that still lacks a judgement and that the rater neither judged nor skipped?"""
    ended = _unseen(rater, Purpose.JUDGED, Outcome.ANSWERED, Outcome.SKIPPED)
    query = select(SessionItemRow.id).where(SessionItemRow.session_id == session_id, UNDONE, ended)
    return session.scalar(query.limit(1)) is not None


def has_work(session: Session, row: SessionRow, rater: str) -> bool:
    """Is there, or will there be, an item for the rater to judge?"""
    budget = row.judged if row.budget is None else min(row.judged, row.budget)
    return (row.choice == "active" and row.opened < budget) or lacks_judgement(session, row.id, rater)


def repeatable(session: Session, row: SessionRow, rater: str, position: int) -> int | None:
    """An assignment that the rater answered a while ago, whose item was not repeated yet."""
    first, again = aliased(AssignmentRow), aliased(AssignmentRow)
    repeated = select(again.id).where(
        again.item_id == first.item_id, again.rater_id == rater, again.purpose == Purpose.REPEAT
    )
    answered = (
        first.rater_id == rater,
        first.session_id == row.id,
        first.purpose == Purpose.JUDGED,
        first.outcome == Outcome.ANSWERED,
        first.position <= position - REPEAT_DISTANCE,
    )
    ids = session.scalars(select(first.id).where(*answered, ~repeated.exists()).order_by(first.id)).all()
    return dice(row.seed, rater, "repeat of", position).choice(ids) if ids else None


def open_one(session: Session, row: SessionRow, rater: str, prefer: Sequence[int]) -> int | None:
    """Open one more item, if the budget allows: the first of `prefer` that is not open yet, or else one of the matchup
    with the fewest judgements.
    """
    if row.choice != "active" or (row.budget is not None and row.opened >= row.budget):
        return None
    item_id = _first_unopened(session, row.id, prefer) or _of_rarest_matchup(session, row, rater)
    if item_id is not None:
        opened = update(SessionItemRow).where(SessionItemRow.id == item_id).values(opened=True)
        session.execute(opened.execution_options(synchronize_session=False))
        row.opened += 1
    return item_id


def _first_unopened(session: Session, session_id: int, prefer: Sequence[int]) -> int | None:
    mine = (SessionItemRow.session_id == session_id, UNOPENED)
    for start in range(0, len(prefer), PART):
        part = prefer[start : start + PART]
        waiting = set(session.scalars(select(SessionItemRow.id).where(*mine, SessionItemRow.id.in_(part))))
        for item_id in part:
            if item_id in waiting:
                return item_id
    return None


def _of_rarest_matchup(session: Session, row: SessionRow, rater: str) -> int | None:
    mine = (SessionItemRow.session_id == row.id, UNOPENED)
    waiting = _waiting_matchups(session, row.id)
    if not waiting:
        return None
    taken = _taken_by_matchup(session, row.id)
    tied = dice(row.seed, rater, "matchup", row.opened)
    rarest = min(waiting, key=lambda matchup: (taken[matchup], tied.random()))
    query = select(SessionItemRow.id).where(*mine, SessionItemRow.matchup == rarest)
    return session.scalar(query.order_by(SessionItemRow.shuffle).limit(1))


def _waiting_matchups(session: Session, session_id: int) -> list[int]:
    """Matchups that have an item to open. From one to the next by index: there are few of them, of many items."""
    least = select(func.min(SessionItemRow.matchup).label("matchup"))
    line = least.where(SessionItemRow.session_id == session_id, UNOPENED).cte(recursive=True)
    later = least.where(SessionItemRow.session_id == session_id, UNOPENED, SessionItemRow.matchup > line.c.matchup)
    line = line.union_all(select(later.scalar_subquery()).where(line.c.matchup.is_not(None)))
    return [*session.scalars(select(line.c.matchup).where(line.c.matchup.is_not(None)))]


def _taken_by_matchup(session: Session, session_id: int) -> Counter[int]:
    opened = (SessionItemRow.session_id == session_id, SessionItemRow.purpose == Purpose.JUDGED, SessionItemRow.opened)
    query = select(SessionItemRow.matchup, func.sum(SessionItemRow.taken)).where(*opened)
    return Counter(dict(session.execute(query.group_by(SessionItemRow.matchup)).tuples().all()))
