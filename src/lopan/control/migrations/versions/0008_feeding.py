"""Tokens that may write business facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tokens so far may not."""
    op.add_column("api_tokens", sa.Column("feeds", sa.Boolean(), server_default=sa.false(), nullable=False))
