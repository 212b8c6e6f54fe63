"""Tables of who judges and what they said. Judgements are append-only (triggers): a changed mind is a new row.

A rating or comparison with an assignment was given in a feedback session, one without in the studio itself.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from t2i_studio.store.models.base import Base, now


class RaterRow(Base):
    """Who judges: a random id. withdrawn: nobody, whose judgements are left of a rater who is forgotten; they count
    in statistics, and no model is to learn from them.
    """

    __tablename__ = "rater"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now)
    withdrawn: Mapped[bool] = mapped_column(default=False)


class RaterIdentityRow(Base):
    """The one place with a rater's name; forgetting a rater deletes the row."""

    __tablename__ = "rater_identity"

    rater_id: Mapped[str] = mapped_column(ForeignKey("rater.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class ForgettingRow(Base):
    """Raters being forgotten in the running transaction: the append-only triggers yield for their rows."""

    __tablename__ = "forgetting"

    rater_id: Mapped[str] = mapped_column(String(32), primary_key=True)


class RatingRow(Base):
    """One whole judgement of a picture. nonce: the sender's mark, for which a repeat is known (in a session the
    answer has it). revision_of: the rating of the same assignment that this one replaces.
    """

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        Index("ix_rating_variant_id_id", "variant_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    rater_id: Mapped[str] = mapped_column(ForeignKey("rater.id"), index=True)
    stars: Mapped[int | None]
    note: Mapped[str] = mapped_column(Text, default="")
    nonce: Mapped[str | None] = mapped_column(String(100), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    revision_of: Mapped[int | None] = mapped_column(ForeignKey("rating.id"), index=True)

    faults: Mapped[list["RatingFaultRow"]] = relationship(lazy="selectin", order_by="RatingFaultRow.code")


class RatingFaultRow(Base):
    """A fault named by a rating; append-only like it."""

    __tablename__ = "rating_fault"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)


class ComparisonRow(Base):
    """Pictures compared by a rater. winner NULL: a tie, or with `bad` all of them are; nonce and revision_of as of a
    rating.
    """

    __tablename__ = "comparison"
    __table_args__ = (
        CheckConstraint("NOT bad OR winner_id IS NULL", name="bad_has_no_winner"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rater_id: Mapped[str] = mapped_column(ForeignKey("rater.id"), index=True)
    winner_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    bad: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(Text, default="")
    nonce: Mapped[str | None] = mapped_column(String(100), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    revision_of: Mapped[int | None] = mapped_column(ForeignKey("comparison.id"), index=True)

    shown: Mapped[list["ComparisonPictureRow"]] = relationship(lazy="selectin", order_by="ComparisonPictureRow.place")


class ComparisonPictureRow(Base):
    """A picture of a comparison; place: as shown, from the left, from 0. Append-only."""

    __tablename__ = "comparison_picture"
    __table_args__ = (
        Index("uq_comparison_picture_variant_id", "variant_id", "comparison_id", unique=True),
        {"sqlite_with_rowid": False},
    )

    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparison.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
