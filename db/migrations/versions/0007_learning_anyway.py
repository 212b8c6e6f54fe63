"""Runs that are begun although no taste can be told from the ratings.

Revision: 0007. 2026-11-28 07:40:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("learning_run", sa.Column("anyway", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("learning_run", "anyway")
