"""Tables of what is made: what was asked for on the job, what made the pixels on the variant.

A variant is *shown* once it has a picture and is not deleted; partial covering indexes over the shown and the
deleted ones answer every page of the gallery without touching the rows themselves. `stars` and
`variant_fault` repeat the newest rating of a variant that was given in the studio itself (not in a feedback
session: what blind raters say stays in the session), written in the transaction of that rating.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from t2i_studio.store.models.base import Base, now, partial_index


class BriefRow(Base):
    """A description as typed; jobs of the same text share it. digest: sha256 of the text."""

    __tablename__ = "brief"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)


class JobRow(Base):
    """A batch. owner: the process that answers for it. touched: when it last moved."""

    __tablename__ = "job"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    brief_id: Mapped[int] = mapped_column(ForeignKey("brief.id"), index=True)
    user: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), index=True)
    request: Mapped[dict[str, Any]]
    init_image: Mapped[str | None] = mapped_column(String(64))
    mask: Mapped[str | None] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(300))
    cancel: Mapped[bool] = mapped_column(default=False)
    error: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=now)
    touched: Mapped[datetime] = mapped_column(default=now)

    variants: Mapped[list["VariantRow"]] = relationship(back_populates="job", order_by="VariantRow.index")


class JobWordRow(Base):
    """An inverted index over the words of each job's description and prompt (words.py)."""

    __tablename__ = "job_word"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    word: Mapped[str] = mapped_column(String(64), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)


class GridRow(Base):
    """Batches that belong together as the cells of a grid. axes: what is varied, [{name, values}]."""

    __tablename__ = "grid"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(String(200))
    axes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(default=now)


class GridCellRow(Base):
    """The batch of one cell; cells count row by row, sheet by sheet."""

    __tablename__ = "grid_cell"
    __table_args__ = (UniqueConstraint("job_id"), {"sqlite_with_rowid": False})

    grid_id: Mapped[int] = mapped_column(ForeignKey("grid.id"), primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))


SHOWN = text("image IS NOT NULL AND deleted_at IS NULL")
FILTERS = ("favourite", "model", "created", "job_id")
DELETED = text("image IS NOT NULL AND deleted_at IS NOT NULL")
KEPT = text("deleted_at IS NULL")


class VariantRow(Base):
    """A picture, made or to be made. stars 0: the newest rating in the studio gives none, or there is none."""

    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("job_id", "position"),
        CheckConstraint("stars BETWEEN 0 AND 5", name="stars"),
        CheckConstraint("(state = 'done') = (image IS NOT NULL)", name="done_has_image"),
        partial_index("ix_variant_newest", SHOWN, "id", "stars", *FILTERS),
        partial_index("ix_variant_stars", SHOWN, "stars", "id", *FILTERS),
        partial_index("ix_variant_deleted", DELETED, "id", "stars", *FILTERS),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    index: Mapped[int] = mapped_column("position")
    state: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int] = mapped_column(BigInteger)
    model: Mapped[str] = mapped_column(String(300))
    derivation: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    image: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[dict[str, Any] | None]
    favourite: Mapped[bool] = mapped_column(default=False)
    stars: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]

    job: Mapped[JobRow] = relationship(back_populates="variants", lazy="joined", innerjoin=True)
    faults: Mapped[list["VariantFaultRow"]] = relationship(
        lazy="selectin", order_by="VariantFaultRow.code", cascade="all, delete-orphan"
    )


class VariantFaultRow(Base):
    """A fault of a variant by its newest rating in the studio."""

    __tablename__ = "variant_fault"
    __table_args__ = (Index("ix_variant_fault_variant_id", "variant_id"), {"sqlite_with_rowid": False})

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)


class PresetRow(Base):
    """A look that a user saved. based_on: the preset of the table whose phrases go with it, if any."""

    __tablename__ = "preset"
    __table_args__ = (
        partial_index("uq_preset_name", KEPT, "name", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    style: Mapped[dict[str, Any]]
    based_on: Mapped[str | None] = mapped_column(String(40))
    created: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]
