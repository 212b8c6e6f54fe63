"""Tables of feedback sessions: what is shown to whom, what they answered, and what was done or refused.

The overlap is exact because an item counts its places: `taken` (answered or leased) can never exceed `places`, by a
rule of the database itself. Partial indexes hold just the items that still have a place, so that the next picture
costs the same in a session of 20 items and of 20,000.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from t2i_studio.store.models.base import Base, now, partial_index

FREE = text("purpose = 'judged' AND opened AND taken < places")
"""Items with a place for another judgement."""
UNDONE = text("purpose = 'judged' AND opened AND answers < places")
"""Items that lack a judgement, though their places may all be leased."""
UNOPENED = text("purpose = 'judged' AND NOT opened")
CHECKS = text("purpose <> 'judged'")
LEASED = text("outcome = 'open'")
UNENDED = text("outcome IN ('open', 'expired')")


class SessionRow(Base):
    """A session. code_hash: argon2 of the code. judged: how many of its items are there to be judged; opened: how many
    of these may be by now.
    """

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'paused', 'closed')", name="state"),
        CheckConstraint("kind IN ('stars', 'pairs', 'best-of-four')", name="kind"),
        CheckConstraint("overlap BETWEEN 1 AND 100", name="overlap"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    user: Mapped[str] = mapped_column(String(200))
    guideline: Mapped[dict[str, Any]]
    overlap: Mapped[int]
    budget: Mapped[int | None]
    choice: Mapped[str] = mapped_column(String(16))
    known_share: Mapped[float]
    repeat_share: Mapped[float]
    practice: Mapped[int]
    entry: Mapped[str] = mapped_column(String(16))
    code_hash: Mapped[str | None] = mapped_column(String(200))
    lease: Mapped[int]
    seed: Mapped[int] = mapped_column(BigInteger)
    judged: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]


class SessionItemRow(Base):
    """An item. places: how many judgements it is to have (0 unless it is to be judged). taken: judgements and leases.

    shuffle: its place in a random order of the session's items of its purpose. matchup: number of the combination of
    sources that it compares.
    """

    __tablename__ = "session_item"
    __table_args__ = (
        CheckConstraint("purpose IN ('judged', 'known', 'practice')", name="purpose"),
        CheckConstraint("0 <= answers AND answers <= taken AND taken <= places", name="places"),
        CheckConstraint("(purpose = 'judged') = (expected IS NULL)", name="expected"),
        partial_index("ix_session_item_free", FREE, "session_id", "shuffle"),
        partial_index("ix_session_item_undone", UNDONE, "session_id", "id"),
        partial_index("ix_session_item_unopened", UNOPENED, "session_id", "matchup", "shuffle"),
        partial_index("ix_session_item_checks", CHECKS, "session_id", "purpose", "shuffle"),
        Index("ix_session_item_matchups", "session_id", "purpose", "opened", "matchup", "taken", "answers"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    purpose: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    expected: Mapped[int | None]
    opened: Mapped[bool]
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    answers: Mapped[int] = mapped_column(default=0)
    shuffle: Mapped[int]
    matchup: Mapped[int]


class SessionPictureRow(Base):
    """A picture of an item, as `domain.Shown`."""

    __tablename__ = "session_picture"
    __table_args__ = (UniqueConstraint("item_id", "variant_id"), {"sqlite_with_rowid": False})

    item_id: Mapped[int] = mapped_column(ForeignKey("session_item.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    source: Mapped[str | None] = mapped_column(String(300))
    damaged: Mapped[bool] = mapped_column(default=False)


class SessionLinkRow(Base):
    """A way in; of its token only the sha256 is kept. rater: whose link it is, if it is a person's own."""

    __tablename__ = "session_link"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str | None] = mapped_column(String(200))
    rater_id: Mapped[str | None] = mapped_column(ForeignKey("rater.id"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]


class SessionRaterRow(Base):
    """A rater in a session. assigned: how many items they were handed. answered, skipped: how many of those they
    answered and skipped, practice apart.
    """

    __tablename__ = "session_rater"
    __table_args__ = (
        CheckConstraint("excluded_at IS NULL OR excluded_reason IS NOT NULL", name="excluded_reason"),
        {"sqlite_with_rowid": False},
    )

    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), primary_key=True)
    rater_id: Mapped[str] = mapped_column(ForeignKey("rater.id"), primary_key=True, index=True)
    language: Mapped[str] = mapped_column(String(16))
    entered: Mapped[datetime] = mapped_column(default=now)
    consent_at: Mapped[datetime | None]
    excluded_at: Mapped[datetime | None]
    excluded_reason: Mapped[str | None] = mapped_column(Text)
    assigned: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)


class SessionKeyRow(Base):
    """A browser's way back to its rater: the sha256 of the key that it keeps."""

    __tablename__ = "session_key"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "rater_id"], ["session_rater.session_id", "session_rater.rater_id"]),
        Index("ix_session_key_rater_id", "rater_id"),
        {"sqlite_with_rowid": False},
    )

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[int]
    rater_id: Mapped[str] = mapped_column(String(32))
    created: Mapped[datetime] = mapped_column(default=now)


class AssignmentRow(Base):
    """An item handed to a rater. order: places of the item's pictures as shown, left to right, a digit each."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("item_id", "rater_id", "purpose"),
        UniqueConstraint("session_id", "rater_id", "position"),
        ForeignKeyConstraint(["session_id", "rater_id"], ["session_rater.session_id", "session_rater.rater_id"]),
        CheckConstraint("purpose IN ('judged', 'known', 'practice', 'repeat')", name="purpose"),
        CheckConstraint("outcome IN ('open', 'answered', 'skipped', 'expired')", name="outcome"),
        CheckConstraint("(outcome = 'skipped') = (skip_reason IS NOT NULL)", name="skip_reason"),
        CheckConstraint("(purpose = 'repeat') = (repeat_of IS NOT NULL)", name="repeat_of"),
        partial_index("ix_assignment_leased", LEASED, "session_id", "lease_until"),
        partial_index("ix_assignment_unended", UNENDED, "session_id", "rater_id", "position"),
        Index("ix_assignment_ended", "session_id", "rater_id", "ended"),
        Index("ix_assignment_pace", "session_id", "ended"),
        Index("ix_assignment_given", "rater_id", "session_id", "purpose", "outcome", "position"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int]
    item_id: Mapped[int] = mapped_column(ForeignKey("session_item.id"))
    rater_id: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(16))
    repeat_of: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    order: Mapped[str] = mapped_column("picture_order", String(8))
    outcome: Mapped[str] = mapped_column(String(16))
    lease_until: Mapped[datetime]
    shown: Mapped[datetime]
    ended: Mapped[datetime | None]
    skip_reason: Mapped[str | None] = mapped_column(String(200))


class AnswerRow(Base):
    """What a rater sent for an assignment, with the judgement that it became; the newest counts. Append-only.

    digest: sha256 of what was said, to know a nonce used twice for different things. counted: how many the rater had
    answered then, for the same receipt when the same answer comes again.
    """

    __tablename__ = "answer"
    __table_args__ = (
        CheckConstraint("verdict IN ('chosen', 'tie', 'bad', 'stars', 'skip')", name="verdict"),
        CheckConstraint("(verdict = 'stars') = (rating_id IS NOT NULL)", name="rating"),
        CheckConstraint("(verdict IN ('chosen', 'tie', 'bad')) = (comparison_id IS NOT NULL)", name="comparison"),
        CheckConstraint("(verdict = 'skip') = (skip_reason IS NOT NULL)", name="skip_reason"),
        Index("ix_answer_assignment_id_id", "assignment_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    rater_id: Mapped[str] = mapped_column(ForeignKey("rater.id"), index=True)
    nonce: Mapped[str | None] = mapped_column(String(100), unique=True)
    digest: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(16))
    rating_id: Mapped[int | None] = mapped_column(ForeignKey("rating.id"), unique=True)
    comparison_id: Mapped[int | None] = mapped_column(ForeignKey("comparison.id"), unique=True)
    skip_reason: Mapped[str | None] = mapped_column(String(200))
    active_ms: Mapped[int | None]
    wall_ms: Mapped[int | None]
    zoomed: Mapped[bool]
    revision: Mapped[bool]
    counted: Mapped[int]
    created: Mapped[datetime] = mapped_column(default=now)


class SessionAuditRow(Base):
    """Something done to a session, or refused. rater: whom it is about, if anyone. Append-only.

    session NULL: the link led to none. No foreign keys on raters: a forgotten one's rows stay, under a new id or none.
    """

    __tablename__ = "session_audit"
    __table_args__ = (
        Index("ix_session_audit_session_id_id", "session_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))
    actor: Mapped[str] = mapped_column(String(32))
    rater_id: Mapped[str | None] = mapped_column(String(32), index=True)
    action: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(default=now)
