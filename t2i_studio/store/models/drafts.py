"""Tables of sessions that wait for their pictures."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from t2i_studio.store.models.base import Base, now, partial_index

WAITING = text("state = 'waiting'")
"""Drafts whose session is still to be made."""


class SessionDraftRow(Base):
    """A session that is made once its batches have ended. plan: `domain.SessionPlan` without its code.

    problem: why the session cannot be made of what there is. resumed: how often its batches were begun again after the
    process that made them was gone.
    """

    __tablename__ = "session_draft"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'made', 'discarded')", name="state"),
        CheckConstraint("(state = 'made') = (session_id IS NOT NULL)", name="session"),
        partial_index("ix_session_draft_waiting", WAITING, "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan: Mapped[dict[str, Any]]
    code_hash: Mapped[str | None] = mapped_column(String(200))
    axis: Mapped[str] = mapped_column(String(16))
    user: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"), unique=True)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    resumed: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(default=now)


class SessionDraftJobRow(Base):
    """A batch of a draft."""

    __tablename__ = "session_draft_job"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    draft_id: Mapped[int] = mapped_column(ForeignKey("session_draft.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), unique=True)
