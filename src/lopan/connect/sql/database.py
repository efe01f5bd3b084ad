"""What a pull asks of a database, whichever it is, and the three there are."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Protocol

import pyarrow as pa

from lopan import config
from lopan.config import SqlConnection
from lopan.connect.sql.kind import Kind
from lopan.connect.sql.mysql import MySql
from lopan.connect.sql.postgresql import PostgreSql
from lopan.connect.sql.sqlite import Sqlite
from lopan.errors import ConfigError
from lopan.store import Store
from lopan.store.remote import Remote

_PORTS = {"postgresql": 5432, "mysql": 3306}


class Database(Protocol):
    """Blocking, on one thread; every call raises TryAgain when the database can't be reached or does not answer."""

    def check(self) -> None:
        """Compare a moment as the database sees it with how it comes out here; raises GiveUp when they differ."""
        ...

    def columns(self, query: str) -> dict[str, Kind]:
        """The columns of a SELECT in order."""
        ...

    def read(self, query: str, columns: Mapping[str, Kind], where: str = "") -> Generator[pa.RecordBatch, None, None]:
        """Those ``columns`` of a SELECT; a time with a zone comes as UTC, one without as a timestamp without one."""
        ...

    def since(self, column: str, kind: Kind, value: str) -> str:
        """A condition for rows whose ``column`` is ``value`` or later, or not known."""
        ...


def database(store: Store, connection: SqlConnection) -> Database:
    """The database of a connection; it is not asked yet. Raises ConfigError for settings that can't be."""
    if connection.kind == "sqlite":
        return Sqlite(connection.database)
    if connection.tls and connection.kind != "postgresql":
        raise ConfigError(f"connect.sql {connection.name}: tls is there for PostgreSQL only")
    remote = Remote(
        kind=connection.kind,
        host=connection.host,
        port=connection.port or _PORTS[connection.kind],
        database=connection.database,
        user=connection.user,
        password=config.secret(connection.password),
        tls=connection.tls,
    )
    return (PostgreSql if connection.kind == "postgresql" else MySql)(store, remote, connection.name)
