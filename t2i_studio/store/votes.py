"""What a session has found so far: the votes that statistics are made of."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from t2i_studio.domain import STYLE_CONTROLS, Judgement, Outcome, Purpose, Shown, StyleSettings, Vote
from t2i_studio.store.answers import expected_as_shown
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.models import (
    AnswerRow,
    AssignmentRow,
    ComparisonRow,
    JobRow,
    RatingFaultRow,
    RatingRow,
    SessionItemRow,
    SessionPictureRow,
    SessionRaterRow,
    SessionRow,
    VariantRow,
)
from t2i_studio.store.session_items import pictures_of


def votes(db: Database, session_id: int) -> list[Vote]:
    """Every answered assignment by its newest revision, in the order in which they were given out; skips have none.

    A source of None is called `#` and the variant's number: the picture stands for itself. style: of a single picture.
    Raises StudioError session.unknown.
    """
    with db.read() as session:
        get_row(session, SessionRow, session_id, "session.unknown")
        rows = session.execute(_answered(session_id)).all()
        pictures = _pictures(session, session_id)
        faults = _faults(session, session_id)
        styles = _styles(session, session_id) if any(row.AnswerRow.rating_id for row in rows) else {}
        return [_to_vote(row, pictures[row.AssignmentRow.item_id], faults, styles) for row in rows]


def judged_sessions(db: Database) -> list[int]:
    """Numbers of the sessions that have an answer, oldest first."""
    query = select(AssignmentRow.session_id).where(AssignmentRow.outcome == Outcome.ANSWERED).distinct()
    with db.read() as session:
        return sorted(session.scalars(query))


def _answered(session_id: int) -> Any:
    any_answer = aliased(AnswerRow)
    newest = select(func.max(any_answer.id)).where(any_answer.assignment_id == AssignmentRow.id).scalar_subquery()
    return (
        select(
            AssignmentRow,
            AnswerRow,
            SessionItemRow.text,
            SessionItemRow.expected,
            SessionRaterRow.excluded_at,
            RatingRow.stars,
            func.coalesce(RatingRow.note, ComparisonRow.comment).label("comment"),
            ComparisonRow.winner_id,
        )
        .select_from(AssignmentRow)
        .join(AnswerRow, AnswerRow.id == newest)
        .join(SessionItemRow, SessionItemRow.id == AssignmentRow.item_id)
        .join(
            SessionRaterRow,
            (SessionRaterRow.session_id == AssignmentRow.session_id)
            & (SessionRaterRow.rater_id == AssignmentRow.rater_id),
        )
        .outerjoin(RatingRow, RatingRow.id == AnswerRow.rating_id)
        .outerjoin(ComparisonRow, ComparisonRow.id == AnswerRow.comparison_id)
        .where(AssignmentRow.session_id == session_id, AssignmentRow.outcome == Outcome.ANSWERED)
        .order_by(AssignmentRow.id)
    )


def _pictures(session: Session, session_id: int) -> dict[int, tuple[Shown, ...]]:
    shown = select(AssignmentRow.item_id).where(AssignmentRow.session_id == session_id).distinct()
    return pictures_of(session, session.scalars(shown).all())


def _faults(session: Session, session_id: int) -> dict[int, tuple[str, ...]]:
    """{rating: codes of its faults}."""
    query = (
        select(RatingFaultRow.rating_id, RatingFaultRow.code)
        .join(RatingRow, RatingRow.id == RatingFaultRow.rating_id)
        .join(AssignmentRow, AssignmentRow.id == RatingRow.assignment_id)
        .where(AssignmentRow.session_id == session_id)
        .order_by(RatingFaultRow.rating_id, RatingFaultRow.code)
    )
    faults: dict[int, tuple[str, ...]] = {}
    for rating, code in session.execute(query):
        faults[rating] = (*faults.get(rating, ()), code)
    return faults


def _styles(session: Session, session_id: int) -> dict[int, dict[str, int]]:
    """{variant: levels of the style controls that it was asked for with}."""
    query = (
        select(VariantRow.id, JobRow.request["style"])
        .join(JobRow, JobRow.id == VariantRow.job_id)
        .where(
            VariantRow.id.in_(
                select(SessionPictureRow.variant_id)
                .join(SessionItemRow, SessionItemRow.id == SessionPictureRow.item_id)
                .where(SessionItemRow.session_id == session_id)
            )
        )
    )
    levels: dict[int, dict[str, int]] = {}
    for variant, style in session.execute(query):
        settings = StyleSettings.model_validate(style or {})
        levels[variant] = {control: getattr(settings, control) for control in STYLE_CONTROLS}
    return levels


def _to_vote(
    row: Row[Any],
    pictures: Sequence[Shown],
    faults: dict[int, tuple[str, ...]],
    styles: dict[int, dict[str, int]],
) -> Vote:
    given, said = row.AssignmentRow, row.AnswerRow
    shown = [pictures[int(place)] for place in given.order]
    variants = tuple(each.variant for each in shown)
    return Vote(
        assignment=given.id,
        item=given.item_id,
        rater=given.rater_id,
        purpose=Purpose(given.purpose),
        position=given.position,
        prompt=row.text,
        sources=tuple(each.source if each.source is not None else f"#{each.variant}" for each in shown),
        variants=variants,
        chosen=variants.index(row.winner_id) if row.winner_id is not None else None,
        bad=said.verdict == "bad",
        stars=row.stars,
        faults=faults.get(said.rating_id, ()),
        comment=row.comment,
        expected=expected_as_shown(row.expected, given.order),
        repeat_of=given.repeat_of,
        active_ms=said.active_ms,
        wall_ms=said.wall_ms,
        style=styles.get(variants[0], {}),
        created=said.created,
        excluded=row.excluded_at is not None,
        judgement=Judgement(rating=said.rating_id, comparison=said.comparison_id),
    )
