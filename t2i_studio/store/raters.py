"""Who judges: random ids; names sit in a table of their own and can be forgotten."""

import secrets
from typing import Literal

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from t2i_studio.domain import Noun, check_text
from t2i_studio.errors import StudioError
from t2i_studio.store.database import Database
from t2i_studio.store.models import (
    ForgettingRow,
    PreferenceRow,
    RaterIdentityRow,
    RaterRow,
    RatingFaultRow,
    RatingRow,
    VariantRow,
)
from t2i_studio.store.ratings import show_rating

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
    """What forgetting a rater did. kept_as: the new id of its judgements, None when they are deleted."""

    names: int
    ratings: int
    preferences: int
    kept_as: str | None


def forget_rater(db: Database, rater: str, judgements: Literal["keep", "delete"] = "keep") -> Forgotten:
    """Delete a rater's name and id (`rater` is either), in the file itself too.

    keep: the judgements stay under a new id that nothing leads to, without notes and nonces. delete: they go.
    Raises StudioError rater.unknown.
    """
    with db.write() as session:
        old = _named(session, rater) or rater
        if session.get(RaterRow, old) is None:
            raise StudioError("rater.unknown", rater=rater[:64])
        counts = [
            session.scalar(select(func.count()).select_from(table).where(table.rater_id == old)) or 0
            for table in (RaterIdentityRow, RatingRow, PreferenceRow)
        ]
        session.add(ForgettingRow(rater_id=old))
        session.flush()
        kept_as = None
        if judgements == "keep":
            kept_as = _rename_judgements(session, old)
        else:
            _delete_judgements(session, old)
        session.execute(delete(RaterIdentityRow).where(RaterIdentityRow.rater_id == old))
        session.execute(delete(RaterRow).where(RaterRow.id == old))
        session.execute(delete(ForgettingRow))
    _empty_log(db)
    return Forgotten(names=counts[0], ratings=counts[1], preferences=counts[2], kept_as=kept_as)


def _rename_judgements(session: Session, old: str) -> str:
    new = _add(session, None)
    session.execute(update(RatingRow).where(RatingRow.rater_id == old).values(rater_id=new, note="", nonce=None))
    session.execute(update(PreferenceRow).where(PreferenceRow.rater_id == old).values(rater_id=new, nonce=None))
    return new


def _delete_judgements(session: Session, old: str) -> None:
    judged = session.scalars(select(RatingRow.variant_id).where(RatingRow.rater_id == old).distinct()).all()
    mine = select(RatingRow.id).where(RatingRow.rater_id == old)
    session.execute(delete(RatingFaultRow).where(RatingFaultRow.rating_id.in_(mine)))
    session.execute(delete(RatingRow).where(RatingRow.rater_id == old))
    session.execute(delete(PreferenceRow).where(PreferenceRow.rater_id == old))
    for variant_id in judged:
        newest = session.scalar(
            select(RatingRow).where(RatingRow.variant_id == variant_id).order_by(RatingRow.id.desc()).limit(1)
        )
        show_rating(session.get_one(VariantRow, variant_id), newest)


def _empty_log(db: Database) -> None:
    """Fold SQLite's write-ahead log into the file, so that no old page with the name stays in it."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
