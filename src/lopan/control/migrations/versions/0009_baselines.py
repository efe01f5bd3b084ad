"""Baselines: frozen windows that savings are measured against."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of ``lopan.control.baselines`` as it was on this day."""
    op.create_table(
        "baselines",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("last", sa.String(10), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("frozen", sa.Text(), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("frozen_by", sa.String(254), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(254)),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("replaced_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("version", name="pk_baselines"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_baselines_state", "baselines", ["state"])
