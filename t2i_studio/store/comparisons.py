"""Comparisons of several pictures outside sessions; those of a session come in as answers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from t2i_studio.domain import Comparison, check_number, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.models import ComparisonPictureRow, ComparisonRow
from t2i_studio.store.ratings import check_judge, check_judged, check_nonce

MAX_COMPARED = 4


def compare(
    db: Database,
    shown: Sequence[int],
    rater: str,
    *,
    winner: int | None,
    bad: bool = False,
    comment: str = "",
    nonce: str | None = None,
) -> Comparison:
    """Add a comparison of two to four variants (`shown`, left to right); on the disk once returned.

    winner: the variant chosen; None for a tie or, with `bad`, when all are. nonce: the sender's own mark; sent again
    it returns the first comparison instead of adding one.
    Raises StudioError number.range, comparison.winner (not shown, or of bad ones), preference.same, variant.unknown,
    rating.no_picture, rater.unknown, rating.nonce_used (by another judgement).
    """
    check_number("pictures", len(shown), 2, MAX_COMPARED)
    if len(set(shown)) < len(shown):
        raise StudioError("preference.same", id=max(shown, key=list(shown).count))
    if winner is not None and (bad or winner not in shown):
        raise StudioError("comparison.winner", id=winner)
    comment = check_text(comment, empty_ok=True)
    check_nonce(nonce)
    with db.write() as session:
        earlier = session.scalar(select(ComparisonRow).where(ComparisonRow.nonce == nonce)) if nonce else None
        if earlier is None:
            earlier = _add(session, shown, rater, winner, bad, comment, nonce)
        found = _to_comparison(earlier)
        if (found.shown, found.winner, found.bad, found.rater) != (tuple(shown), winner, bad, rater):
            raise StudioError("rating.nonce_used", nonce=nonce)
        return found


def _add(
    session: Session,
    shown: Sequence[int],
    rater: str,
    winner: int | None,
    bad: bool,
    comment: str,
    nonce: str | None,
) -> ComparisonRow:
    for variant in shown:
        check_judged(session, variant)
    check_judge(session, rater)
    row = ComparisonRow(winner_id=winner, bad=bad, rater_id=rater, comment=comment, nonce=nonce)
    row.shown = [ComparisonPictureRow(place=place, variant_id=id) for place, id in enumerate(shown)]
    session.add(row)
    session.flush()
    return row


def _to_comparison(row: ComparisonRow) -> Comparison:
    return Comparison(
        id=row.id,
        rater=row.rater_id,
        assignment=row.assignment_id,
        shown=tuple(picture.variant_id for picture in row.shown),
        winner=row.winner_id,
        bad=row.bad,
        comment=row.comment,
        created=row.created,
    )
