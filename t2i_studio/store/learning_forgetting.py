"""What forgetting a rater does to what was learnt from them.

Whoever withdraws expects that nothing goes on learning from them, whether their judgements are deleted or kept as
nobody's. So in both cases the runs that used them are marked (and with these their adapters, which stay in use until
the team has trained anew: the pictures made with them need them), and kept judgements go on counting in statistics
but teach no further model (`RaterRow.withdrawn`).
"""

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from t2i_studio.store.models import (
    ComparisonRow,
    LearningExampleRow,
    LearningRunRow,
    LearntAdapterRow,
    RaterRow,
    RatingRow,
)


def forget_in_learning(session: Session, old: str, kept_as: str | None) -> int:
    """Mark the runs that used judgements of the rater `old`; the examples go where these are deleted (kept_as None).

    Returns how many adapters these runs have made.
    To be called while `old` stands in the table of those being forgotten, before their judgements are changed.
    """
    runs = select(LearningExampleRow.run_id).where(_of(old))
    adapters = select(func.count()).select_from(LearntAdapterRow).where(LearntAdapterRow.run_id.in_(runs))
    marked = session.scalar(adapters) or 0
    session.execute(update(LearningRunRow).where(LearningRunRow.id.in_(runs)).values(forgotten=True))
    if kept_as is None:
        session.execute(delete(LearningExampleRow).where(_of(old)))
    else:
        session.execute(update(RaterRow).where(RaterRow.id == kept_as).values(withdrawn=True))
    return marked


def _of(rater: str) -> ColumnElement[bool]:
    ratings = select(RatingRow.id).where(RatingRow.rater_id == rater)
    comparisons = select(ComparisonRow.id).where(ComparisonRow.rater_id == rater)
    return or_(LearningExampleRow.rating_id.in_(ratings), LearningExampleRow.comparison_id.in_(comparisons))
