"""Learning from ratings: runs, their examples, the adapters made, and which of them is in use.

Revision: 0006. 2026-11-28 03:40:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RATER = (
    "COALESCE((SELECT rater_id FROM rating WHERE id = OLD.rating_id),"
    " (SELECT rater_id FROM comparison WHERE id = OLD.comparison_id))"
)
OF_A_RUN_BEGUN = "(SELECT stage FROM learning_run WHERE id = OLD.run_id) <> 'preflight'"
EXAMPLE_STAYS = f"{OF_A_RUN_BEGUN} AND {RATER} NOT IN (SELECT rater_id FROM forgetting)"
ALWAYS = {"sqlite": "1", "postgresql": "TRUE"}
TABLES = ("adoption", "learnt_adapter", "learning_example", "learning_run")


def _make_append_only(table: str, deleting_forbidden: str) -> None:
    """No row is changed, ever; one is deleted only where this is not forbidden."""
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        for action, forbidden in (("UPDATE", ALWAYS[dialect]), ("DELETE", deleting_forbidden)):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} WHEN {forbidden}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF TG_OP = 'UPDATE' OR {deleting_forbidden} THEN"
            f" RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            f" RETURN OLD; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
        )


def upgrade() -> None:
    # Not as a batch: that would make SQLite's table anew, which others refer to.
    op.execute("ALTER TABLE rater ADD COLUMN withdrawn BOOLEAN NOT NULL DEFAULT FALSE")
    op.create_table(
        "learning_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("team", sa.String(length=200), nullable=False),
        sa.Column("length", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("stopped_at", sa.String(length=16), nullable=True),
        sa.Column("owner", sa.String(length=300), nullable=True),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("preflight", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("progress", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.Column("asked_id", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("touched", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('preflight', 'training', 'evaluating', 'asking', 'decided', 'refused', 'cancelled', 'failed')",
            name=op.f("ck_learning_run_stage"),
        ),
        sa.CheckConstraint("length IN ('quick', 'usual', 'long')", name=op.f("ck_learning_run_length")),
        sa.CheckConstraint(
            "(stage IN ('cancelled', 'failed')) = (stopped_at IS NOT NULL)", name=op.f("ck_learning_run_stopped_at")
        ),
        sa.ForeignKeyConstraint(["asked_id"], ["session.id"], name=op.f("fk_learning_run_asked_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_learning_run_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_learning_run_model_id", "learning_run", ["model", "id"], unique=False)
    op.create_table(
        "learning_example",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("rating_id", sa.Integer(), nullable=True),
        sa.Column("comparison_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("part IN ('train', 'check')", name=op.f("ck_learning_example_part")),
        sa.CheckConstraint(
            "(rating_id IS NULL) <> (comparison_id IS NULL)", name=op.f("ck_learning_example_one_judgement")
        ),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparison.id"], name=op.f("fk_learning_example_comparison_id")),
        sa.ForeignKeyConstraint(["rating_id"], ["rating.id"], name=op.f("fk_learning_example_rating_id")),
        sa.ForeignKeyConstraint(["run_id"], ["learning_run.id"], name=op.f("fk_learning_example_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_example")),
        sa.UniqueConstraint("run_id", "comparison_id", name=op.f("uq_learning_example_run_id_comparison_id")),
        sa.UniqueConstraint("run_id", "rating_id", name=op.f("uq_learning_example_run_id_rating_id")),
        sqlite_autoincrement=True,
    )
    for column in ("comparison_id", "rating_id"):
        op.create_index(op.f(f"ix_learning_example_{column}"), "learning_example", [column], unique=False)
    op.create_table(
        "learnt_adapter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=False),
        sa.Column("model_hash", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["learning_run.id"], name=op.f("fk_learnt_adapter_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learnt_adapter")),
        sa.UniqueConstraint("model", "team", "version", name=op.f("uq_learnt_adapter_model_team_version")),
        sa.UniqueConstraint("run_id", name=op.f("uq_learnt_adapter_run_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "adoption",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=False),
        sa.Column("team", sa.String(length=200), nullable=False),
        sa.Column("adapter_id", sa.Integer(), nullable=True),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("back OR adapter_id IS NOT NULL", name=op.f("ck_adoption_adapter")),
        sa.ForeignKeyConstraint(["adapter_id"], ["learnt_adapter.id"], name=op.f("fk_adoption_adapter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adoption")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_adoption_adapter_id"), "adoption", ["adapter_id"], unique=False)
    op.create_index("ix_adoption_model_team_id", "adoption", ["model", "team", "id"], unique=False)
    always = ALWAYS[op.get_bind().dialect.name]
    for table, forbidden in (("learning_example", EXAMPLE_STAYS), ("learnt_adapter", always), ("adoption", always)):
        _make_append_only(table, forbidden)


def downgrade() -> None:
    """What was learnt is lost to the studio; the files of its adapters and all ratings stay."""
    for table in TABLES:
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
    op.execute("ALTER TABLE rater DROP COLUMN withdrawn")
