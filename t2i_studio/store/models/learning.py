"""Tables of learning from ratings: runs, the very judgements each used, the adapters made, and which is in use.

Examples and adapters are append-only (triggers), as is the log of adoptions; of examples those of a rater who is being
forgotten may go, and all while their run is still at its preflight.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from t2i_studio.store.models.base import Base, now


class LearningRunRow(Base):
    """A run, as `domain.LearningRun`. owner: the process that works on it, NULL for none. touched: when it last moved.

    stopped_at: the stage in which a cancelled or failed run stopped. examples: how many judgements were kept with it;
    the number stays when a judgement is deleted. forgotten: a rater behind them has withdrawn since. anyway: wanted
    although no taste can be told from the ratings.
    """

    __tablename__ = "learning_run"
    __table_args__ = (
        CheckConstraint(
            "stage IN ('preflight', 'training', 'evaluating', 'asking', 'decided', 'refused', 'cancelled', 'failed')",
            name="stage",
        ),
        CheckConstraint("length IN ('quick', 'usual', 'long')", name="length"),
        CheckConstraint("(stage IN ('cancelled', 'failed')) = (stopped_at IS NOT NULL)", name="stopped_at"),
        Index("ix_learning_run_model_id", "model", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(300))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))
    team: Mapped[str] = mapped_column(String(200))
    length: Mapped[str] = mapped_column(String(16))
    user: Mapped[str] = mapped_column(String(200))
    stage: Mapped[str] = mapped_column(String(16))
    stopped_at: Mapped[str | None] = mapped_column(String(16))
    owner: Mapped[str | None] = mapped_column(String(300))
    cancel: Mapped[bool] = mapped_column(default=False)
    preflight: Mapped[dict[str, Any] | None]
    plan: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    examples: Mapped[int] = mapped_column(default=0)
    forgotten: Mapped[bool] = mapped_column(default=False)
    anyway: Mapped[bool] = mapped_column(default=False)
    asked_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))
    verdict: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=now)
    touched: Mapped[datetime] = mapped_column(default=now)


class LearningExampleRow(Base):
    """A judgement that a run uses, to train or to check."""

    __tablename__ = "learning_example"
    __table_args__ = (
        CheckConstraint("part IN ('train', 'check')", name="part"),
        CheckConstraint("(rating_id IS NULL) <> (comparison_id IS NULL)", name="one_judgement"),
        UniqueConstraint("run_id", "rating_id"),
        UniqueConstraint("run_id", "comparison_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("learning_run.id"))
    part: Mapped[str] = mapped_column(String(8))
    rating_id: Mapped[int | None] = mapped_column(ForeignKey("rating.id"), index=True)
    comparison_id: Mapped[int | None] = mapped_column(ForeignKey("comparison.id"), index=True)


class LearntAdapterRow(Base):
    """An adapter whose file is there. path: relative to the home, or a whole one. hash: sha256 of its weights."""

    __tablename__ = "learnt_adapter"
    __table_args__ = (UniqueConstraint("model", "team", "version"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("learning_run.id"), unique=True)
    model: Mapped[str] = mapped_column(String(300))
    model_hash: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(default=now)


class AdoptionRow(Base):
    """From when on which adapter is in use by a model and team. adapter NULL: none. back: it was a step back."""

    __tablename__ = "adoption"
    __table_args__ = (
        CheckConstraint("back OR adapter_id IS NOT NULL", name="adapter"),
        Index("ix_adoption_model_team_id", "model", "team", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(300))
    team: Mapped[str] = mapped_column(String(200))
    adapter_id: Mapped[int | None] = mapped_column(ForeignKey("learnt_adapter.id"), index=True)
    back: Mapped[bool] = mapped_column(default=False)
    user: Mapped[str] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(default=now)
