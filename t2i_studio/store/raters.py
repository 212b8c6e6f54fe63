"""Who judges: random ids; names sit in a table of their own and can be forgotten."""

import secrets
from typing import Literal

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from t2i_studio.domain import Noun, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.learning_forgetting import forget_in_learning
from t2i_studio.store.models import (
    ComparisonPictureRow,
    ComparisonRow,
    ForgettingRow,
    RaterIdentityRow,
    RaterRow,
    RatingFaultRow,
    RatingRow,
    VariantRow,
)
from t2i_studio.store.ratings import show_rating, studio_ratings
from t2i_studio.store.session_forgetting import forget_in_sessions

MAX_NAME = 200


def new_rater(db: Database, name: str | None = None) -> str:
    """A new rater's random id. Raises StudioError rater.name_taken, rater.name_too_long."""
    with db.write() as session:
        if name is not None and _named(session, name := _check_name(name)):
            raise StudioError("rater.name_taken", name=name)
        return _add(session, name)


def rater_named(db: Database, name: str) -> str:
    """Id of the rater with this name, made when there is none. Raises StudioError rater.name_too_long."""
    name = _check_name(name)
    with db.read() as session:
        if known := _named(session, name):
            return known
    with db.write() as session:
        return _named(session, name) or _add(session, name)


def is_rater(db: Database, rater: str) -> bool:
    """Whether there is a rater with this id."""
    with db.read() as session:
        return session.get(RaterRow, rater) is not None


def withdrawn_raters(db: Database) -> frozenset[str]:
    """Ids under which judgements of forgotten raters are kept: they teach no model."""
    with db.read() as session:
        return frozenset(session.scalars(select(RaterRow.id).where(RaterRow.withdrawn)))


def _check_name(name: str) -> str:
    name = check_text(name)
    if len(name) > MAX_NAME:
        raise StudioError("rater.name_too_long", length=len(name), limit=MAX_NAME)
    return name


def _named(session: Session, name: str) -> str | None:
    return session.scalar(select(RaterIdentityRow.rater_id).where(RaterIdentityRow.name == name))


def _add(session: Session, name: str | None) -> str:
    rater = RaterRow(id=secrets.token_hex(8))
    session.add(rater)
    session.flush()
    if name is not None:
        session.add(RaterIdentityRow(rater_id=rater.id, name=name))
    return rater.id


class Forgotten(Noun):
    """What forgetting a rater did. kept_as: the new id of its judgements, None when they are deleted. adapters: how
    many had learnt from them, and are marked.
    """

    names: int
    ratings: int
    preferences: int
    kept_as: str | None
    adapters: int = 0


def forget_rater(db: Database, rater: str, judgements: Literal["keep", "delete"] = "keep") -> Forgotten:
    """Delete a rater's name and id (`rater` is either), in the file itself too.

    keep: the judgements stay under a new id that nothing leads to, without notes and nonces. delete: they go, and
    the items of sessions that lose a judgement get a place for another. In both cases the keys and links that lead to
    the rater are gone, what was learnt from them is marked, and nothing more is learnt from them.
    Raises StudioError rater.unknown.
    """
    with db.write() as session:
        old = _named(session, rater) or rater
        if session.get(RaterRow, old) is None:
            raise StudioError("rater.unknown", rater=rater[:64])
        counts = [
            session.scalar(select(func.count()).select_from(table).where(table.rater_id == old)) or 0
            for table in (RaterIdentityRow, RatingRow, ComparisonRow)
        ]
        session.add(ForgettingRow(rater_id=old))
        session.flush()
        kept_as = _add(session, None) if judgements == "keep" else None
        adapters = forget_in_learning(session, old, kept_as)
        forget_in_sessions(session, old, kept_as)
        if kept_as is not None:
            _rename_judgements(session, old, kept_as)
        else:
            _delete_judgements(session, old)
        session.execute(delete(RaterIdentityRow).where(RaterIdentityRow.rater_id == old))
        session.execute(delete(RaterRow).where(RaterRow.id == old))
        session.execute(delete(ForgettingRow))
    _empty_log(db)
    return Forgotten(names=counts[0], ratings=counts[1], preferences=counts[2], kept_as=kept_as, adapters=adapters)


def _rename_judgements(session: Session, old: str, new: str) -> None:
    session.execute(update(RatingRow).where(RatingRow.rater_id == old).values(rater_id=new, note="", nonce=None))
    nameless = {"rater_id": new, "comment": "", "nonce": None}
    session.execute(update(ComparisonRow).where(ComparisonRow.rater_id == old).values(nameless))


def _delete_judgements(session: Session, old: str) -> None:
    judged = session.scalars(select(RatingRow.variant_id).where(RatingRow.rater_id == old).distinct()).all()
    ratings = select(RatingRow.id).where(RatingRow.rater_id == old)
    comparisons = select(ComparisonRow.id).where(ComparisonRow.rater_id == old)
    session.execute(delete(RatingFaultRow).where(RatingFaultRow.rating_id.in_(ratings)))
    session.execute(delete(ComparisonPictureRow).where(ComparisonPictureRow.comparison_id.in_(comparisons)))
    for table in (RatingRow, ComparisonRow):
        session.execute(update(table).where(table.rater_id == old).values(revision_of=None))
        session.execute(delete(table).where(table.rater_id == old))
    for variant_id in judged:
        newest = session.scalar(studio_ratings(variant_id).order_by(RatingRow.id.desc()).limit(1))
        show_rating(session.get_one(VariantRow, variant_id), newest)


def _empty_log(db: Database) -> None:
    """Fold SQLite's write-ahead log into the file, so that no old page with the name stays in it."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
