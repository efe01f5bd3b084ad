"""The control database's tables, in portable SQL: SQLite today, PostgreSQL with the same statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    false,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """Aware UTC time in Python, whole milliseconds since 1970 in the database; a naive time raises TypeError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Milliseconds since 1970, cut and not rounded."""
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Aware UTC time."""
        return None if value is None else _EPOCH + value * _MILLISECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

ingest_keys = Table(
    "ingest_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    sqlite_autoincrement=True,
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("annotates", Boolean, nullable=False, server_default=false()),
    Column("feeds", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)

token_levels = Table(
    "token_levels",
    metadata,
    Column("token_id", ForeignKey("api_tokens.id", ondelete="CASCADE"), nullable=False),
    Column("level", String(32), nullable=False),
    PrimaryKeyConstraint("token_id", "level"),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("password", String(255), nullable=False),
    Column("admin", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

user_levels = Table(
    "user_levels",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("level", String(32), nullable=False),
    PrimaryKeyConstraint("user_id", "level"),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("actor", String(254), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(254), nullable=False),
    Column("detail", String(1000), nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

identities = Table(
    "identities",
    metadata,
    Column("kind", String(32), nullable=False),
    Column("name", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "name"),
    Index("ix_identities_number", "kind", "number", unique=True),
    sqlite_with_rowid=False,
)

views = Table(
    "views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(254), nullable=False),
    Column("page", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("query", String(2000), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("owner", "page", "name"),
    sqlite_autoincrement=True,
)

chart_annotations = Table(
    "annotations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("text", String(200), nullable=False),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), index=True),
    Column("release", String(200), nullable=False),
    Column("author", String(254), nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
