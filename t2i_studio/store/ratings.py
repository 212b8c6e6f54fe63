"""Judgements: append-only, committed before anybody is thanked, counted once however often they are sent."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from t2i_studio.domain import Noun, Rating, check_number, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database, get_row
from t2i_studio.store.faults import check_fault
from t2i_studio.store.models import (
    ComparisonPictureRow,
    ComparisonRow,
    RaterRow,
    RatingFaultRow,
    RatingRow,
    VariantFaultRow,
    VariantRow,
)

MAX_NONCE = 100


class Preference(Noun):
    """One comparison: the rater prefers the winner."""

    id: int
    winner: int
    loser: int
    rater: str
    created: datetime


def rate(
    db: Database,
    variant_id: int,
    rater: str,
    *,
    stars: int | None = None,
    faults: Collection[str] = (),
    note: str = "",
    nonce: str | None = None,
) -> Rating:
    """Add a judgement given in the studio; on the disk once returned. The newest one of a variant is what the gallery
    shows; what raters of a feedback session say stays in the session's own pages.

    A judgement is whole: one with faults only says nothing of stars, one with nothing takes the last back.
    nonce: the sender's own mark; sent again it returns the first rating instead of adding one.
    Raises StudioError number.range (stars 1–5), choice.unknown (fault), rater.unknown, variant.unknown,
    rating.no_picture, rating.nonce_used (by another judgement).
    """
    if stars is not None:
        check_number("stars", stars, 1, 5)
    for code in faults:
        check_fault(code)
    note = check_text(note, empty_ok=True)
    check_nonce(nonce)
    with db.write() as session:
        if nonce is not None:
            earlier = session.scalar(select(RatingRow).where(RatingRow.nonce == nonce))
            if earlier is not None:
                if (earlier.variant_id, earlier.rater_id, earlier.stars) != (variant_id, rater, stars):
                    raise StudioError("rating.nonce_used", nonce=nonce)
                return _to_rating(earlier)
        variant = check_judged(session, variant_id)
        check_judge(session, rater)
        rating = RatingRow(variant_id=variant_id, rater_id=rater, stars=stars, note=note, nonce=nonce)
        rating.faults = [RatingFaultRow(code=code) for code in sorted(set(faults))]
        session.add(rating)
        show_rating(variant, rating)
        session.flush()
        return _to_rating(rating)


def show_rating(variant: VariantRow, rating: RatingRow | None) -> None:
    """Repeat the newest rating (None: there is none) on the variant, for the gallery's filters."""
    variant.stars = (rating.stars if rating else None) or 0
    codes = {fault.code for fault in rating.faults} if rating else set()
    kept = [fault for fault in variant.faults if fault.code in codes]
    added = codes - {fault.code for fault in kept}
    variant.faults = kept + [VariantFaultRow(code=code) for code in sorted(added)]


def check_nonce(nonce: str | None) -> None:
    """Raises StudioError number.range."""
    if nonce is not None:
        check_number("nonce length", len(nonce), 1, MAX_NONCE)


def check_judged(session: Session, variant_id: int) -> VariantRow:
    """A variant that can be judged. Raises StudioError variant.unknown, rating.no_picture."""
    variant = get_row(session, VariantRow, variant_id, "variant.unknown")
    if variant.image is None:
        raise StudioError("rating.no_picture", id=variant_id)
    return variant


def check_judge(session: Session, rater: str) -> None:
    """Raises StudioError rater.unknown."""
    if session.get(RaterRow, rater) is None:
        raise StudioError("rater.unknown", rater=rater[:64])


def _to_rating(row: RatingRow) -> Rating:
    return Rating(
        id=row.id,
        variant=row.variant_id,
        rater=row.rater_id,
        stars=row.stars,
        faults=tuple(fault.code for fault in row.faults),
        note=row.note,
        created=row.created,
    )


def ratings_of(db: Database, variant_id: int) -> list[Rating]:
    """Every judgement of a variant given in the studio, oldest first. Raises StudioError variant.unknown."""
    with db.read() as session:
        get_row(session, VariantRow, variant_id, "variant.unknown")
        return [_to_rating(row) for row in session.scalars(studio_ratings(variant_id).order_by(RatingRow.id))]


def studio_ratings(variant_id: int) -> Select[RatingRow]:
    """Those the gallery shows: not given in a session, where they would tell the organiser half a result."""
    return select(RatingRow).where(RatingRow.variant_id == variant_id, RatingRow.assignment_id.is_(None))


def prefer(db: Database, winner: int, loser: int, rater: str, *, nonce: str | None = None) -> Preference:
    """Add a comparison of two variants; nonce as in `rate`.

    Raises StudioError preference.same, variant.unknown, rating.no_picture, rater.unknown, rating.nonce_used.
    """
    if winner == loser:
        raise StudioError("preference.same", id=winner)
    check_nonce(nonce)
    with db.write() as session:
        if nonce is not None:
            earlier = session.scalar(select(ComparisonRow).where(ComparisonRow.nonce == nonce))
            if earlier is not None:
                if (_pair(earlier), earlier.rater_id) != ((winner, loser), rater):
                    raise StudioError("rating.nonce_used", nonce=nonce)
                return _to_preference(earlier)
        check_judged(session, winner)
        check_judged(session, loser)
        check_judge(session, rater)
        row = ComparisonRow(winner_id=winner, rater_id=rater, nonce=nonce)
        # In which order the two stood is not known here; by their ids, no side is favoured.
        both = enumerate(sorted((winner, loser)))
        row.shown = [ComparisonPictureRow(place=place, variant_id=id) for place, id in both]
        session.add(row)
        session.flush()
        return _to_preference(row)


def _pair(row: ComparisonRow) -> tuple[int, ...]:
    """Its pictures, the winner first."""
    ids = [picture.variant_id for picture in row.shown]
    return tuple(sorted(ids, key=lambda id: id != row.winner_id))


def _to_preference(row: ComparisonRow) -> Preference:
    winner, loser = _pair(row)
    return Preference(id=row.id, winner=winner, loser=loser, rater=row.rater_id, created=row.created)
