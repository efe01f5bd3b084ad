"""Directives: what the users of an app are told, to whom and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of ``lopan.control.directives`` as it was on this day."""
    op.create_table(
        "directives",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer()),
        sa.Column("playbook", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(254), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_directives"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_directives_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_directives_alert_id_alerts", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_directives_ends_at", "directives", ["ends_at"])
