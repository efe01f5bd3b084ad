"""MySQL and MariaDB through the engine. A DATETIME has no zone; a TIMESTAMP comes in the zone of the server."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lopan.connect.sql import probe
from lopan.connect.sql.kind import Kind
from lopan.errors import GiveUp
from lopan.store import Store, remote
from lopan.store.remote import Remote

_MICROSECONDS = pa.timestamp("us")
_STAMPS = (
    "SELECT DISTINCT table_name AS t, column_name AS c FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND data_type = 'timestamp'"
)
_OFFSET = "SELECT CAST(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS SIGNED) AS seconds"


class MySql:
    """A ``Database``; ``name`` is that of its connection, for messages."""

    def __init__(self, store: Store, where: Remote, name: str) -> None:
        self._store, self._remote, self._name = store, where, name
        self._kinds: dict[str, dict[str, Kind]] = {}

    def check(self) -> None:
        """A time without a zone must come as it is written."""
        query = f"SELECT TIMESTAMP '{probe.NAIVE:%Y-%m-%d %H:%M:%S.%f}' AS n"
        for block in self.read(query, {"n": "naive"}):
            probe.compare(self._name, block.to_pylist()[0]["n"], probe.NAIVE)

    def columns(self, query: str) -> dict[str, Kind]:
        """Raises GiveUp for a column of type TIMESTAMP on a server whose zone is not UTC: it would come shifted."""
        if query not in self._kinds:
            types = remote.types(self._store, self._remote, query)
            self._refuse_stamps(query, types)
            self._kinds[query] = {name: _kind(found) for name, found in types.items()}
        return self._kinds[query]

    def read(self, query: str, columns: Mapping[str, Kind], where: str = "") -> Generator[pa.RecordBatch, None, None]:
        """Times come without a zone, as they are written."""
        condition = f" WHERE {where}" if where else ""
        wanted = ", ".join(map(_quoted, columns))
        for block in remote.read(
            self._store,
            self._remote,
            f"SELECT {wanted} FROM ({query}\n) q{condition}",  # noqa: S608 - the query is a mapping's
        ):
            yield pa.RecordBatch.from_arrays([_naive(values) for values in block.columns], list(columns))

    def since(self, column: str, kind: Kind, value: str) -> str:
        """Texts are compared by the rules of the column."""
        literal = value if kind == "whole" else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        return f"({_quoted(column)} >= {literal} OR {_quoted(column)} IS NULL)"

    def _refuse_stamps(self, query: str, names: Collection[str]) -> None:
        (offset,) = (row["seconds"] for row in self._rows(_OFFSET))
        if not offset:
            return
        for row in self._rows(_STAMPS):
            if row["c"] in names and row["t"] in query:
                raise GiveUp(
                    f"{self._name}: {row['t']}.{row['c']} is a TIMESTAMP, which MySQL gives in the server's zone (now"
                    f" {offset / 3600:+g} h): select CONVERT_TZ({row['c']}, @@session.time_zone, '+00:00') under"
                    " another name"
                )

    def _rows(self, query: str) -> list[dict[str, Any]]:
        return [row for block in remote.read(self._store, self._remote, query) for row in block.to_pylist()]


def _kind(engine: str) -> Kind:
    bare = engine.removeprefix("Nullable(")
    if bare.startswith("DateTime"):
        return "naive"
    if bare.startswith("Date"):
        return "day"
    if bare.startswith(("Int", "UInt")):
        return "whole"
    return "text" if bare.startswith("String") else "other"


def _naive(values: pa.Array) -> pa.Array:
    """As microseconds without the zone that the engine gives every time."""
    if not pa.types.is_timestamp(values.type):
        return values
    return pc.cast(values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64()), _MICROSECONDS)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
