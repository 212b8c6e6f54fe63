"""Judgements given outside sessions, on the pages and the command line, in the form of those of a session."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from t2i_studio.domain import STYLE_CONTROLS, Judgement, Noun, Purpose, StyleSettings, Vote
from t2i_studio.store.database import Database
from t2i_studio.store.models import ComparisonRow, JobRow, RatingRow, VariantRow

PART = 500
"""Variants that one statement asks for."""
NO_ITEM = 0


class _Made(Noun):
    """What a variant was made from: the description, and the levels of the style controls."""

    text: str
    style: dict[str, int]


def studio_votes(db: Database) -> list[Vote]:
    """Of each rater the newest rating of each variant, then every comparison, oldest first.

    They belong to no item and no assignment: item is 0, assignment counts downwards from -1. A rating that gives
    neither stars nor faults takes the one before back, and is no vote. The prompt is the description of the first.
    """
    with db.read() as session:
        ratings = session.scalars(_newest_ratings()).all()
        given = [rating for rating in ratings if rating.stars is not None or rating.faults]
        comparisons = session.scalars(
            select(ComparisonRow).where(ComparisonRow.assignment_id.is_(None)).order_by(ComparisonRow.id)
        ).all()
        shown: list[tuple[int, ...]] = [(rating.variant_id,) for rating in given]
        shown += [tuple(picture.variant_id for picture in comparison.shown) for comparison in comparisons]
        made = _made(session, sorted({variant for variants in shown for variant in variants}))
        rows: list[RatingRow | ComparisonRow] = [*given, *comparisons]
        return [
            _to_vote(-number, row, variants, made[variants[0]])
            for number, (row, variants) in enumerate(zip(rows, shown, strict=True), 1)
        ]


def _newest_ratings() -> Any:
    newest = (
        select(func.max(RatingRow.id))
        .where(RatingRow.assignment_id.is_(None))
        .group_by(RatingRow.variant_id, RatingRow.rater_id)
    )
    return select(RatingRow).where(RatingRow.id.in_(newest)).order_by(RatingRow.id)


def _made(session: Session, ids: Sequence[int]) -> dict[int, _Made]:
    made = {}
    for start in range(0, len(ids), PART):
        query = (
            select(VariantRow.id, JobRow.request)
            .join(JobRow, JobRow.id == VariantRow.job_id)
            .where(VariantRow.id.in_(ids[start : start + PART]))
        )
        for variant, request in session.execute(query):
            settings = StyleSettings.model_validate(request.get("style") or {})
            style = {control: getattr(settings, control) for control in STYLE_CONTROLS}
            made[variant] = _Made(text=request["text"], style=style)
    return made


def _to_vote(number: int, row: RatingRow | ComparisonRow, variants: tuple[int, ...], made: _Made) -> Vote:
    if isinstance(row, RatingRow):
        said: dict[str, Any] = {"stars": row.stars, "faults": tuple(fault.code for fault in row.faults)}
        said |= {"comment": row.note, "judgement": Judgement(rating=row.id)}
    else:
        chosen = None if row.winner_id is None else variants.index(row.winner_id)
        said = {"chosen": chosen, "bad": row.bad, "comment": row.comment, "judgement": Judgement(comparison=row.id)}
    return Vote(
        assignment=number,
        item=NO_ITEM,
        rater=row.rater_id,
        purpose=Purpose.JUDGED,
        position=0,
        prompt=made.text,
        sources=tuple(f"#{variant}" for variant in variants),
        variants=variants,
        style=made.style,
        created=row.created,
        **said,
    )
