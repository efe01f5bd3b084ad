"""Other databases read through the engine: PostgreSQL and MySQL, read-only, in flat memory.

Host and password go over as parameters, never as text of a statement; and not as a named collection of the engine,
which would write them to disk in the clear. What may come back in an error is looked through for the password.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import closing
from typing import Literal

import msgspec
import pyarrow as pa

from lopan.errors import GiveUp, TryAgain
from lopan.store.base import Params, Store

_TABLES = {
    "postgresql": "postgresql({address:String}, {database:String}, query({query:String}), {user:String},"
    " {password:String}, sslmode={sslmode:String})",
    "mysql": "mysql({address:String}, {database:String}, query({query:String}), {user:String}, {password:String},"
    " SETTINGS connect_timeout=5, connection_max_tries=1)",
}
# Times without a zone must come as they are written, whatever the zone of this process.
_SETTINGS = (
    "SETTINGS session_timezone='UTC', postgresql_connection_pool_retries=1, postgresql_connection_attempt_timeout=5,"
    " external_table_strict_query=1, max_block_size=32768, max_threads=1"
)
_NOISE = re.compile(
    r"the store (?:refused a statement|can't do this now): |Streaming query failed: |Code: \d+\. |DB::Exception: |"
    r"Try \d+\. |\s*\([A-Z_]{6,}\)\.?\s*$|pqxx::\w+: |mysqlxx::\w+: |Failure during '[^']*': "
)
_LONGEST = 500


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database is and who reads it; ``repr`` shows no password. ``tls`` is for PostgreSQL alone."""

    kind: Literal["postgresql", "mysql"]
    host: str
    port: int
    database: str
    user: str
    password: str
    tls: bool = False

    def __repr__(self) -> str:
        return f"{self.kind}://{self.user}@{self.host}:{self.port}/{self.database}"


def read(store: Store, remote: Remote, query: str) -> Generator[pa.RecordBatch, None, None]:
    """Rows of a SELECT in the other database's own SQL, block by block.

    Times without a zone and times with one both come as UTC. Raises TryAgain with what the database said.
    """
    statement = f"SELECT * FROM {_TABLES[remote.kind]} {_SETTINGS}"  # noqa: S608 - values are parameters
    try:
        with closing(store.stream(statement, _params(remote, query))) as blocks:
            yield from blocks
    except (GiveUp, TryAgain) as error:
        raise TryAgain(told(str(error), remote.password), 60) from None


def columns(store: Store, remote: Remote, query: str) -> list[str]:
    """The names of the columns that ``query`` gives, in order. Raises TryAgain with what the database said."""
    return list(types(store, remote, query))


def types(store: Store, remote: Remote, query: str) -> dict[str, str]:
    """The columns that ``query`` gives in order, with the engine's types. Raises TryAgain as ``read`` does."""
    try:
        found = store.query(f"DESCRIBE {_TABLES[remote.kind]} {_SETTINGS}", _params(remote, query))
    except (GiveUp, TryAgain) as error:
        raise TryAgain(told(str(error), remote.password), 60) from None
    return {str(row["name"]): str(row["type"]) for row in found.to_pylist()}


def told(message: str, password: str) -> str:
    """What a database said, in one line, without the engine's own words and without the password."""
    cleared = message.replace(password, "***") if password else message
    return " ".join(_NOISE.sub("", cleared).split())[:_LONGEST]


def _params(remote: Remote, query: str) -> Params:
    found = {
        "address": f"{remote.host}:{remote.port}",
        "database": remote.database,
        "user": remote.user,
        "password": remote.password,
        "query": query,
    }
    return found | {"sslmode": "require" if remote.tls else "prefer"} if remote.kind == "postgresql" else found
