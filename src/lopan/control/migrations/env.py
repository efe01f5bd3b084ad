"""Alembic's entry: migrates on the connection, and in the transaction, that ``database`` hands over."""

from __future__ import annotations

from alembic import context

from lopan.control.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
