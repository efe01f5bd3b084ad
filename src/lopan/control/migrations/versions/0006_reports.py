"""Reports by e-mail: who wants them when, and one row for every report that was due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of ``lopan.control.reports`` as they were on this day."""
    op.create_table(
        "report_subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("every", sa.String(8), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_subscriptions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_report_subscriptions_user_id_users", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("user_id", "every", name="uq_report_subscriptions_user_id_every"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "report_issues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("every", sa.String(8), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_issues"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_report_issues_user_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "every", "first", name="uq_report_issues_user_id_every_first"),
        sa.UniqueConstraint("key", name="uq_report_issues_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_report_issues_state_next_at", "report_issues", ["state", "next_at"])
