"""PostgreSQL through the engine: types are asked first, so that no time is shifted and no number cut."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lopan.connect.sql import probe
from lopan.connect.sql.kind import Kind
from lopan.store import Store, remote
from lopan.store.remote import Remote

_KINDS: Final[dict[str, Kind]] = {
    "timestamp with time zone": "zoned",
    "timestamp without time zone": "naive",
    "date": "day",
    "smallint": "whole",
    "integer": "whole",
    "bigint": "whole",
    "text": "text",
    "character varying": "text",
    "character": "text",
    "name": "text",
}
_AS_THEY_ARE = frozenset({"boolean", "real", "double precision"}) | _KINDS.keys() - {"timestamp with time zone"}
_PROBE = "SELECT TIMESTAMPTZ '{0}' AS z, TIMESTAMP '{1}' AS n, EXTRACT(epoch FROM TIMESTAMPTZ '{0}')::float8 AS e"
_MICROSECONDS = pa.timestamp("us")
_UTC = pa.timestamp("us", "UTC")


class PostgreSql:
    """A ``Database``; ``name`` is that of its connection, for messages."""

    def __init__(self, store: Store, where: Remote, name: str) -> None:
        self._store, self._remote, self._name = store, where, name
        self._types: dict[str, dict[str, str]] = {}

    def check(self) -> None:
        """The engine drops the zone of a time: what counts is that a time put into UTC comes as it is."""
        query = _PROBE.format(probe.ZONED.isoformat(), probe.NAIVE.isoformat())
        for block in self.read(query, self.columns(query)):
            (row,) = block.to_pylist()
            probe.compare(self._name, row["z"], datetime.fromtimestamp(row["e"], UTC))
            probe.compare(self._name, row["n"], probe.NAIVE)

    def columns(self, query: str) -> dict[str, Kind]:
        """Asks for the types of a row that need not be there."""
        return {name: _KINDS.get(kind, "other") for name, kind in self._typed(query).items()}

    def read(self, query: str, columns: Mapping[str, Kind], where: str = "") -> Generator[pa.RecordBatch, None, None]:
        """Times with a zone are put into UTC by the database; what the engine has no type for comes as text."""
        types = self._typed(query)
        wanted = ", ".join(f"{_expression(name, types[name])} AS {_quoted(name)}" for name in columns)
        condition = f" WHERE {where}" if where else ""
        selected = f"SELECT {wanted} FROM ({query}\n) q{condition}"  # noqa: S608 - the query is a mapping's
        for block in remote.read(self._store, self._remote, selected):
            yield _zoned(block, columns)

    def since(self, column: str, kind: Kind, value: str) -> str:
        """Literals carry their type, so that an index on the column is used."""
        types = {"zoned": "TIMESTAMPTZ ", "naive": "TIMESTAMP ", "day": "DATE "}
        literal = value if kind == "whole" else types.get(kind, "") + "'" + value.replace("'", "''") + "'"
        return f"({_quoted(column)} >= {literal} OR {_quoted(column)} IS NULL)"

    def _typed(self, query: str) -> dict[str, str]:
        if query not in self._types:
            names = remote.columns(self._store, self._remote, query)
            asked = ", ".join(f"pg_typeof(q.{_quoted(name)})::text AS {_quoted(name)}" for name in names)
            one = f"SELECT {asked} FROM (SELECT 1) one LEFT JOIN ({query}\n) q ON true LIMIT 1"  # noqa: S608
            (block,) = remote.read(self._store, self._remote, one)
            self._types[query] = block.to_pylist()[0]
        return self._types[query]


def _expression(name: str, kind: str) -> str:
    if kind == "timestamp with time zone":
        return f"{_quoted(name)} AT TIME ZONE 'UTC'"
    return _quoted(name) if kind in _AS_THEY_ARE else f"{_quoted(name)}::text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _zoned(block: pa.RecordBatch, columns: Mapping[str, Kind]) -> pa.RecordBatch:
    """Times with the zone they have: the engine gives all of them one."""
    made = []
    for name, kind in columns.items():
        values = block.column(name)
        if kind in ("zoned", "naive"):
            values = pc.cast(values.cast(pa.int64()), _UTC if kind == "zoned" else _MICROSECONDS)
        made.append(values)
    return pa.RecordBatch.from_arrays(made, list(columns))
