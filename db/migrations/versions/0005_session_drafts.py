"""Sessions that wait for their pictures.

Revision: 0005. 2026-11-28 00:20:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=True),
        sa.Column("axis", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("problem", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("resumed", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'made', 'discarded')", name=op.f("ck_session_draft_state")),
        sa.CheckConstraint("(state = 'made') = (session_id IS NOT NULL)", name=op.f("ck_session_draft_session")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_session_draft_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_draft")),
        sa.UniqueConstraint("session_id", name=op.f("uq_session_draft_session_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_session_draft_waiting",
        "session_draft",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "session_draft_job",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["session_draft.id"], name=op.f("fk_session_draft_job_draft_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_session_draft_job_job_id")),
        sa.PrimaryKeyConstraint("draft_id", "place", name=op.f("pk_session_draft_job")),
        sa.UniqueConstraint("job_id", name=op.f("uq_session_draft_job_job_id")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drafts that wait are lost; their pictures stay."""
    op.drop_table("session_draft_job")
    op.drop_table("session_draft")
