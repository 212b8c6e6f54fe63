"""Feedback sessions; a preference becomes a comparison, which also knows ties and how the pictures stood.

Revision: 0004. 2026-11-28 00:08:40.512034
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_NOBODY_FORGOTTEN = "NOT IN (SELECT rater_id FROM forgetting)"
APPEND_ONLY = {
    "comparison": f"OLD.rater_id {OF_NOBODY_FORGOTTEN}",
    "comparison_picture": f"(SELECT rater_id FROM comparison WHERE id = OLD.comparison_id) {OF_NOBODY_FORGOTTEN}",
    "answer": f"OLD.rater_id {OF_NOBODY_FORGOTTEN}",
    "session_audit": f"(OLD.rater_id IS NULL OR OLD.rater_id {OF_NOBODY_FORGOTTEN})",
}
TABLES = (
    *("answer", "comparison_picture", "comparison", "assignment", "session_key", "session_rater", "session_link"),
    *("session_picture", "session_item", "session_audit", "session"),
)


def _make_append_only(table: str, forbidden: str) -> None:
    {"sqlite": _sqlite_trigger, "postgresql": _postgresql_trigger}[op.get_bind().dialect.name](table, forbidden)


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


def _drop_with_function(table: str) -> None:
    op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("guideline", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.Column("choice", sa.String(length=16), nullable=False),
        sa.Column("known_share", sa.Double(), nullable=False),
        sa.Column("repeat_share", sa.Double(), nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(length=16), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=True),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_session_closed_at")),
        sa.CheckConstraint("kind IN ('stars', 'pairs', 'best-of-four')", name=op.f("ck_session_kind")),
        sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name=op.f("ck_session_state")),
        sa.CheckConstraint("overlap BETWEEN 1 AND 100", name=op.f("ck_session_overlap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "session_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_session_audit_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_session_audit_rater_id"), "session_audit", ["rater_id"], unique=False)
    op.create_index("ix_session_audit_session_id_id", "session_audit", ["session_id", "id"], unique=False)

    op.create_table(
        "session_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("shuffle", sa.Integer(), nullable=False),
        sa.Column("matchup", sa.Integer(), nullable=False),
        sa.CheckConstraint("(purpose = 'judged') = (expected IS NULL)", name=op.f("ck_session_item_expected")),
        sa.CheckConstraint("purpose IN ('judged', 'known', 'practice')", name=op.f("ck_session_item_purpose")),
        sa.CheckConstraint(
            "0 <= answers AND answers <= taken AND taken <= places", name=op.f("ck_session_item_places")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_session_item_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_item")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_session_item_checks",
        "session_item",
        ["session_id", "purpose", "shuffle"],
        unique=False,
        sqlite_where=sa.text("purpose <> 'judged'"),
        postgresql_where=sa.text("purpose <> 'judged'"),
    )
    op.create_index(
        "ix_session_item_free",
        "session_item",
        ["session_id", "shuffle"],
        unique=False,
        sqlite_where=sa.text("purpose = 'judged' AND opened AND taken < places"),
        postgresql_where=sa.text("purpose = 'judged' AND opened AND taken < places"),
    )
    op.create_index(
        "ix_session_item_matchups",
        "session_item",
        ["session_id", "purpose", "opened", "matchup", "taken", "answers"],
        unique=False,
    )
    op.create_index(
        "ix_session_item_undone",
        "session_item",
        ["session_id", "id"],
        unique=False,
        sqlite_where=sa.text("purpose = 'judged' AND opened AND answers < places"),
        postgresql_where=sa.text("purpose = 'judged' AND opened AND answers < places"),
    )
    op.create_index(
        "ix_session_item_unopened",
        "session_item",
        ["session_id", "matchup", "shuffle"],
        unique=False,
        sqlite_where=sa.text("purpose = 'judged' AND NOT opened"),
        postgresql_where=sa.text("purpose = 'judged' AND NOT opened"),
    )

    op.create_table(
        "session_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("rater_id", sa.String(length=32), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_session_link_rater_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_session_link_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_link_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_session_link_rater_id"), "session_link", ["rater_id"], unique=False)
    op.create_index(op.f("ix_session_link_session_id"), "session_link", ["session_id"], unique=False)

    op.create_table(
        "session_rater",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("entered", sa.DateTime(), nullable=False),
        sa.Column("consent_at", sa.DateTime(), nullable=True),
        sa.Column("excluded_at", sa.DateTime(), nullable=True),
        sa.Column("excluded_reason", sa.Text(), nullable=True),
        sa.Column("assigned", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "excluded_at IS NULL OR excluded_reason IS NOT NULL", name=op.f("ck_session_rater_excluded_reason")
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_session_rater_rater_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_session_rater_session_id")),
        sa.PrimaryKeyConstraint("session_id", "rater_id", name=op.f("pk_session_rater")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_session_rater_rater_id"), "session_rater", ["rater_id"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("repeat_of", sa.Integer(), nullable=True),
        sa.Column("picture_order", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=False),
        sa.Column("shown", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime(), nullable=True),
        sa.Column("skip_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(outcome = 'skipped') = (skip_reason IS NOT NULL)", name=op.f("ck_assignment_skip_reason")),
        sa.CheckConstraint("(purpose = 'repeat') = (repeat_of IS NOT NULL)", name=op.f("ck_assignment_repeat_of")),
        sa.CheckConstraint("outcome IN ('open', 'answered', 'skipped', 'expired')", name=op.f("ck_assignment_outcome")),
        sa.CheckConstraint("purpose IN ('judged', 'known', 'practice', 'repeat')", name=op.f("ck_assignment_purpose")),
        sa.ForeignKeyConstraint(["item_id"], ["session_item.id"], name=op.f("fk_assignment_item_id")),
        sa.ForeignKeyConstraint(["repeat_of"], ["assignment.id"], name=op.f("fk_assignment_repeat_of")),
        sa.ForeignKeyConstraint(
            ["session_id", "rater_id"],
            ["session_rater.session_id", "session_rater.rater_id"],
            name=op.f("fk_assignment_session_id_rater_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("item_id", "rater_id", "purpose", name=op.f("uq_assignment_item_id_rater_id_purpose")),
        sa.UniqueConstraint(
            "session_id", "rater_id", "position", name=op.f("uq_assignment_session_id_rater_id_position")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_assignment_pace", "assignment", ["session_id", "ended"], unique=False)
    op.create_index("ix_assignment_ended", "assignment", ["session_id", "rater_id", "ended"], unique=False)
    op.create_index(
        "ix_assignment_given", "assignment", ["rater_id", "session_id", "purpose", "outcome", "position"], unique=False
    )
    op.create_index(
        "ix_assignment_leased",
        "assignment",
        ["session_id", "lease_until"],
        unique=False,
        sqlite_where=sa.text("outcome = 'open'"),
        postgresql_where=sa.text("outcome = 'open'"),
    )
    op.create_index(op.f("ix_assignment_repeat_of"), "assignment", ["repeat_of"], unique=False)
    op.create_index(
        "ix_assignment_unended",
        "assignment",
        ["session_id", "rater_id", "position"],
        unique=False,
        sqlite_where=sa.text("outcome IN ('open', 'expired')"),
        postgresql_where=sa.text("outcome IN ('open', 'expired')"),
    )

    op.create_table(
        "session_key",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id", "rater_id"],
            ["session_rater.session_id", "session_rater.rater_id"],
            name=op.f("fk_session_key_session_id_rater_id"),
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_session_key")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_session_key_rater_id", "session_key", ["rater_id"], unique=False)

    op.create_table(
        "comparison",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("bad", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=100), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("revision_of", sa.Integer(), nullable=True),
        sa.CheckConstraint("NOT bad OR winner_id IS NULL", name=op.f("ck_comparison_bad_has_no_winner")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_comparison_assignment_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_comparison_rater_id")),
        sa.ForeignKeyConstraint(["revision_of"], ["comparison.id"], name=op.f("fk_comparison_revision_of")),
        sa.ForeignKeyConstraint(["winner_id"], ["variant.id"], name=op.f("fk_comparison_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison")),
        sa.UniqueConstraint("nonce", name=op.f("uq_comparison_nonce")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_comparison_assignment_id"), "comparison", ["assignment_id"], unique=False)
    op.create_index(op.f("ix_comparison_rater_id"), "comparison", ["rater_id"], unique=False)
    op.create_index(op.f("ix_comparison_revision_of"), "comparison", ["revision_of"], unique=False)
    op.create_index(op.f("ix_comparison_winner_id"), "comparison", ["winner_id"], unique=False)

    op.create_table(
        "session_picture",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("damaged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["session_item.id"], name=op.f("fk_session_picture_item_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_session_picture_variant_id")),
        sa.PrimaryKeyConstraint("item_id", "place", name=op.f("pk_session_picture")),
        sa.UniqueConstraint("item_id", "variant_id", name=op.f("uq_session_picture_item_id_variant_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_session_picture_variant_id"), "session_picture", ["variant_id"], unique=False)

    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=100), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("rating_id", sa.Integer(), nullable=True),
        sa.Column("comparison_id", sa.Integer(), nullable=True),
        sa.Column("skip_reason", sa.String(length=200), nullable=True),
        sa.Column("active_ms", sa.Integer(), nullable=True),
        sa.Column("wall_ms", sa.Integer(), nullable=True),
        sa.Column("zoomed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.CheckConstraint("(verdict = 'skip') = (skip_reason IS NOT NULL)", name=op.f("ck_answer_skip_reason")),
        sa.CheckConstraint("(verdict = 'stars') = (rating_id IS NOT NULL)", name=op.f("ck_answer_rating")),
        sa.CheckConstraint(
            "(verdict IN ('chosen', 'tie', 'bad')) = (comparison_id IS NOT NULL)", name=op.f("ck_answer_comparison")
        ),
        sa.CheckConstraint("verdict IN ('chosen', 'tie', 'bad', 'stars', 'skip')", name=op.f("ck_answer_verdict")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_answer_assignment_id")),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparison.id"], name=op.f("fk_answer_comparison_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_answer_rater_id")),
        sa.ForeignKeyConstraint(["rating_id"], ["rating.id"], name=op.f("fk_answer_rating_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("comparison_id", name=op.f("uq_answer_comparison_id")),
        sa.UniqueConstraint("nonce", name=op.f("uq_answer_nonce")),
        sa.UniqueConstraint("rating_id", name=op.f("uq_answer_rating_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answer_assignment_id_id", "answer", ["assignment_id", "id"], unique=False)
    op.create_index(op.f("ix_answer_rater_id"), "answer", ["rater_id"], unique=False)

    op.create_table(
        "comparison_picture",
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparison.id"], name=op.f("fk_comparison_picture_comparison_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_comparison_picture_variant_id")),
        sa.PrimaryKeyConstraint("comparison_id", "place", name=op.f("pk_comparison_picture")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_comparison_picture_variant_id", "comparison_picture", ["variant_id", "comparison_id"], unique=True
    )

    # Not as a batch: that would make SQLite's table anew, without its triggers.
    op.execute(
        "ALTER TABLE rating ADD COLUMN assignment_id INTEGER CONSTRAINT fk_rating_assignment_id"
        " REFERENCES assignment (id)"
    )
    op.execute(
        "ALTER TABLE rating ADD COLUMN revision_of INTEGER CONSTRAINT fk_rating_revision_of REFERENCES rating (id)"
    )
    op.create_index(op.f("ix_rating_assignment_id"), "rating", ["assignment_id"], unique=False)
    op.create_index(op.f("ix_rating_revision_of"), "rating", ["revision_of"], unique=False)
    _preferences_to_comparisons()
    for table, forbidden in APPEND_ONLY.items():
        _make_append_only(table, forbidden)


def _preferences_to_comparisons() -> None:
    """How the two stood is not known; by their ids, no side is favoured."""
    op.execute(
        "INSERT INTO comparison (id, rater_id, winner_id, bad, comment, nonce, created)"
        " SELECT id, rater_id, winner_id, false, '', nonce, created FROM preference ORDER BY id"
    )
    for place, least in ((0, "winner_id < loser_id"), (1, "winner_id > loser_id")):
        op.execute(
            "INSERT INTO comparison_picture (comparison_id, place, variant_id)"
            f" SELECT id, {place}, CASE WHEN {least} THEN winner_id ELSE loser_id END FROM preference"
        )
    _drop_with_function("preference")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval('comparison_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM comparison), false)")


def downgrade() -> None:
    """What sessions have beyond the older tables (ties, skips, leases) is lost; their ratings and choices of one
    picture from two stay.
    """
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
    for column in ("loser_id", "rater_id", "winner_id"):
        op.create_index(op.f(f"ix_preference_{column}"), "preference", [column], unique=False)
    op.execute(
        "INSERT INTO preference (id, winner_id, loser_id, rater_id, nonce, created)"
        " SELECT comparison.id, winner_id, min(variant_id), rater_id, nonce, created FROM comparison"
        " JOIN comparison_picture ON comparison_id = comparison.id AND variant_id <> winner_id"
        " GROUP BY comparison.id, winner_id, rater_id, nonce, created HAVING count(*) = 1"
    )
    _make_append_only("preference", f"OLD.rater_id {OF_NOBODY_FORGOTTEN}")
    _forget_assignments_of_ratings()
    for table in TABLES:
        _drop_with_function(table)


def _forget_assignments_of_ratings() -> None:
    for column in ("revision_of", "assignment_id"):
        op.drop_index(op.f(f"ix_rating_{column}"), "rating")
        op.execute(f"ALTER TABLE rating DROP COLUMN {column}")
