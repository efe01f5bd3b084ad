"""Pulls from databases and brokers: how far each has got; what is known of each machine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of ``lopan.control.pulls`` as they were on this day."""
    op.create_table(
        "pulls",
        sa.Column("connection", sa.String(24), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.Column("watermark", sa.String(200), nullable=False, server_default=""),
        sa.Column("tried_at", sa.BigInteger()),
        sa.Column("succeeded_at", sa.BigInteger()),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("compared_at", sa.BigInteger()),
        sa.Column("taken", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("refused", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("connection", "part", name="pk_pulls"),
    )
    op.create_table(
        "machine_states",
        sa.Column("connection", sa.String(24), nullable=False),
        sa.Column("work_unit", sa.String(200), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "work_unit", name="pk_machine_states"),
    )
