"""Grids.

Revision: 0002. 2026-11-25 13:14:10.418223
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grid",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.Column("axes", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "grid_cell",
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grid.id"], name=op.f("fk_grid_cell_grid_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_grid_cell_job_id")),
        sa.PrimaryKeyConstraint("grid_id", "cell", name=op.f("pk_grid_cell")),
        sa.UniqueConstraint("job_id", name=op.f("uq_grid_cell_job_id")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("grid_cell")
    op.drop_table("grid")
