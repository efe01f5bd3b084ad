"""Users who turned out to be one person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of ``lopan.control.merges`` as it was on this day."""
    op.create_table(
        "merges",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", name="pk_merges"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_merges_person", "merges", ["kind", "person"])
