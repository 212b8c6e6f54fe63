"""What forgetting a rater does to the sessions they were in."""

from sqlalchemy import Update, case, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from t2i_studio.domain import Outcome, Purpose
from t2i_studio.store.models import (
    AnswerRow,
    AssignmentRow,
    ComparisonRow,
    RatingRow,
    SessionAuditRow,
    SessionItemRow,
    SessionKeyRow,
    SessionLinkRow,
    SessionRaterRow,
    now,
)


def forget_in_sessions(session: Session, old: str, kept_as: str | None) -> None:
    """Cut every way that leads to the rater `old`; what they did goes to `kept_as`, or away (None).

    To be called while `old` stands in the table of those being forgotten, before their judgements are changed.
    """
    session.execute(delete(SessionKeyRow).where(SessionKeyRow.rater_id == old))
    link = update(SessionLinkRow).where(SessionLinkRow.rater_id == old)
    session.execute(link.values(rater_id=None, label=None, revoked_at=func.coalesce(SessionLinkRow.revoked_at, now())))
    _free_leases(session, old)
    session.execute(
        update(SessionAuditRow)
        .where(SessionAuditRow.rater_id == old)
        .values(
            rater_id=kept_as,
            actor=case((SessionAuditRow.actor == old, kept_as or ""), else_=SessionAuditRow.actor),
            details={},
        )
    )
    if kept_as is None:
        _delete_all(session, old)
    else:
        _rename_all(session, old, kept_as)


def _free_leases(session: Session, old: str) -> None:
    leased = (AssignmentRow.rater_id == old, AssignmentRow.outcome == Outcome.OPEN)
    session.execute(_fewer(old, Outcome.OPEN).values(taken=SessionItemRow.taken - 1))
    session.execute(update(AssignmentRow).where(*leased).values(outcome=Outcome.EXPIRED))


def _fewer(old: str, outcome: Outcome) -> Update:
    """The items of which the rater holds a place by an assignment of this outcome."""
    mine = select(AssignmentRow.item_id).where(
        AssignmentRow.rater_id == old, AssignmentRow.purpose == Purpose.JUDGED, AssignmentRow.outcome == outcome
    )
    return update(SessionItemRow).where(SessionItemRow.id.in_(mine))


def _delete_all(session: Session, old: str) -> None:
    fewer = {"taken": SessionItemRow.taken - 1, "answers": SessionItemRow.answers - 1}
    session.execute(_fewer(old, Outcome.ANSWERED).values(fewer))
    session.execute(delete(AnswerRow).where(AnswerRow.rater_id == old))
    # Judgements name the assignment they were given for; they are deleted right after this.
    for table in (RatingRow, ComparisonRow):
        session.execute(update(table).where(table.rater_id == old).values(assignment_id=None))
    repeats = AssignmentRow.purpose == Purpose.REPEAT
    for which in (repeats, ~repeats):
        session.execute(delete(AssignmentRow).where(AssignmentRow.rater_id == old, which))
    session.execute(delete(SessionRaterRow).where(SessionRaterRow.rater_id == old))


def _rename_all(session: Session, old: str, new: str) -> None:
    columns = [column for column in SessionRaterRow.__table__.columns if column.name != "rater_id"]
    session.execute(
        insert(SessionRaterRow).from_select(
            [column.name for column in columns] + ["rater_id"],
            select(*columns, literal(new)).where(SessionRaterRow.rater_id == old),
        )
    )
    session.execute(
        update(SessionRaterRow)
        .where(SessionRaterRow.rater_id == new)
        .values(language="", excluded_reason=case((SessionRaterRow.excluded_at.is_not(None), "")))
    )
    unsaid = {"rater_id": new, "skip_reason": case((AssignmentRow.skip_reason.is_not(None), ""))}
    session.execute(update(AssignmentRow).where(AssignmentRow.rater_id == old).values(unsaid))
    unsaid = {"rater_id": new, "skip_reason": case((AnswerRow.skip_reason.is_not(None), ""))}
    session.execute(update(AnswerRow).where(AnswerRow.rater_id == old).values(unsaid | {"nonce": None, "digest": None}))
    session.execute(delete(SessionRaterRow).where(SessionRaterRow.rater_id == old))
