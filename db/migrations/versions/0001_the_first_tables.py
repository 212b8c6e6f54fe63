"""The first tables.

Revision: 0001. 2026-11-25 04:42:29.461748
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = {
    "rating": "OLD.rater_id",
    "preference": "OLD.rater_id",
    "rating_fault": "(SELECT rater_id FROM rating WHERE id = OLD.rating_id)",
}


def _make_append_only() -> None:
    """A judgement is never changed or deleted, except those of a rater who is being forgotten."""
    create = {"sqlite": _sqlite_trigger, "postgresql": _postgresql_trigger}[op.get_bind().dialect.name]
    for table, rater in APPEND_ONLY.items():
        create(table, f"{rater} NOT IN (SELECT rater_id FROM forgetting)")


def _sqlite_trigger(table: str, forbidden: str) -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} WHEN {forbidden}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _postgresql_trigger(table: str, forbidden: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {forbidden} THEN"
        f" RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        f" IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )


def upgrade() -> None:
    op.create_table(
        "brief",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brief")),
        sa.UniqueConstraint("digest", name=op.f("uq_brief_digest")),
    )
    op.create_table(
        "forgetting",
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("rater_id", name=op.f("pk_forgetting")),
    )
    op.create_table(
        "rater",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rater")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("init_image", sa.String(length=64), nullable=True),
        sa.Column("mask", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("touched", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["brief_id"], ["brief.id"], name=op.f("fk_job_brief_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_brief_id"), ["brief_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_state"), ["state"], unique=False)

    op.create_table(
        "rater_identity",
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_rater_identity_rater_id")),
        sa.PrimaryKeyConstraint("rater_id", name=op.f("pk_rater_identity")),
        sa.UniqueConstraint("name", name=op.f("uq_rater_identity_name")),
    )
    op.create_table(
        "job_word",
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_word_job_id")),
        sa.PrimaryKeyConstraint("word", "job_id", name=op.f("pk_job_word")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=False),
        sa.Column("derivation", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("origin", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(state = 'done') = (image IS NOT NULL)", name=op.f("ck_variant_done_has_image")),
        sa.CheckConstraint("stars BETWEEN 0 AND 5", name=op.f("ck_variant_stars")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_variant_job_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["variant.id"], name=op.f("fk_variant_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("job_id", "position", name=op.f("uq_variant_job_id_position")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.create_index(
            "ix_variant_deleted",
            ["id", "stars", "favourite", "model", "created", "job_id"],
            unique=False,
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NOT NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_variant_newest",
            ["id", "stars", "favourite", "model", "created", "job_id"],
            unique=False,
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_variant_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            "ix_variant_stars",
            ["stars", "id", "favourite", "model", "created", "job_id"],
            unique=False,
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
        )

    op.create_table(
        "preference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=False),
        sa.Column("loser_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=100), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("winner_id <> loser_id", name=op.f("ck_preference_two_variants")),
        sa.ForeignKeyConstraint(["loser_id"], ["variant.id"], name=op.f("fk_preference_loser_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_preference_rater_id")),
        sa.ForeignKeyConstraint(["winner_id"], ["variant.id"], name=op.f("fk_preference_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference")),
        sa.UniqueConstraint("nonce", name=op.f("uq_preference_nonce")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("preference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preference_loser_id"), ["loser_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_preference_rater_id"), ["rater_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_preference_winner_id"), ["winner_id"], unique=False)

    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=100), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_rating_stars")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_rating_rater_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_rating_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint("nonce", name=op.f("uq_rating_nonce")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("rating", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rating_rater_id"), ["rater_id"], unique=False)
        batch_op.create_index("ix_rating_variant_id_id", ["variant_id", "id"], unique=False)

    op.create_table(
        "variant_fault",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_variant_fault_variant_id")),
        sa.PrimaryKeyConstraint("code", "variant_id", name=op.f("pk_variant_fault")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("variant_fault", schema=None) as batch_op:
        batch_op.create_index("ix_variant_fault_variant_id", ["variant_id"], unique=False)

    op.create_table(
        "rating_fault",
        sa.Column("rating_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["rating_id"], ["rating.id"], name=op.f("fk_rating_fault_rating_id")),
        sa.PrimaryKeyConstraint("rating_id", "code", name=op.f("pk_rating_fault")),
        sqlite_with_rowid=False,
    )
    _make_append_only()


def downgrade() -> None:
    op.drop_table("rating_fault")
    with op.batch_alter_table("variant_fault", schema=None) as batch_op:
        batch_op.drop_index("ix_variant_fault_variant_id")

    op.drop_table("variant_fault")
    with op.batch_alter_table("rating", schema=None) as batch_op:
        batch_op.drop_index("ix_rating_variant_id_id")
        batch_op.drop_index(batch_op.f("ix_rating_rater_id"))

    op.drop_table("rating")
    with op.batch_alter_table("preference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_preference_winner_id"))
        batch_op.drop_index(batch_op.f("ix_preference_rater_id"))
        batch_op.drop_index(batch_op.f("ix_preference_loser_id"))

    op.drop_table("preference")
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_variant_stars",
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_variant_parent_id"))
        batch_op.drop_index(
            "ix_variant_newest",
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_variant_deleted",
            sqlite_where=sa.text("image IS NOT NULL AND deleted_at IS NOT NULL"),
            postgresql_where=sa.text("image IS NOT NULL AND deleted_at IS NOT NULL"),
        )

    op.drop_table("variant")
    op.drop_table("job_word")
    op.drop_table("rater_identity")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_state"))
        batch_op.drop_index(batch_op.f("ix_job_brief_id"))

    op.drop_table("job")
    op.drop_table("rater")
    op.drop_table("forgetting")
    op.drop_table("brief")
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_append_only()")
