"""Saved views, annotations on charts, and tokens that may write annotations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create ``views`` and ``annotations`` as they were on this day; tokens so far may not annotate."""
    op.create_table(
        "views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(254), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_views"),
        sa.UniqueConstraint("owner", "page", "name", name="uq_views_owner_page_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("project_id", sa.Integer()),
        sa.Column("release", sa.String(200), nullable=False),
        sa.Column("author", sa.String(254), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_annotations_project_id_projects", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_annotations_at", "annotations", ["at"])
    op.create_index("ix_annotations_project_id", "annotations", ["project_id"])
    op.add_column("api_tokens", sa.Column("annotates", sa.Boolean(), server_default=sa.false(), nullable=False))
