"""SQLite by Python's own driver, opened for reading only: the engine reads its tables, but no SELECT with joins."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from lopan.connect.sql.kind import Kind
from lopan.errors import TryAgain

_BLOCK_ROWS = 65_536
_BUSY_SECONDS = 10


class Sqlite:
    """A ``Database`` in a file. Values are texts, as a column may hold any type; times have no zone unless written."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()

    def check(self) -> None:
        """Times are texts, which nothing shifts; that the file is a database is all there is to see."""
        with self._open() as connection:
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()

    def columns(self, query: str) -> dict[str, Kind]:
        """Every column is text; the watermark is compared as one, so it must be written year first."""
        with self._open() as connection:
            found = connection.execute(f"SELECT * FROM ({query}\n) LIMIT 0")  # noqa: S608 - a mapping's
            return {name: "text" for name, *_ in found.description}

    def read(self, query: str, columns: Mapping[str, Kind], where: str = "") -> Generator[pa.RecordBatch, None, None]:
        """Numbers are written with all their digits."""
        condition = f" WHERE {where}" if where else ""
        wanted = ", ".join(map(_quoted, columns))
        with self._open() as connection:
            rows = connection.execute(f"SELECT {wanted} FROM ({query}\n){condition}")  # noqa: S608 - a mapping's
            while block := rows.fetchmany(_BLOCK_ROWS):
                cells = [pa.array(map(_text, values), pa.utf8()) for values in zip(*block, strict=True)]
                yield pa.RecordBatch.from_arrays(cells, list(columns))

    def since(self, column: str, kind: Kind, value: str) -> str:
        """A number stays a number to SQLite when the column holds numbers."""
        literal = value if value.lstrip("-").isdecimal() else "'" + value.replace("'", "''") + "'"
        return f"({_quoted(column)} >= {literal} OR {_quoted(column)} IS NULL)"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Raises TryAgain with what SQLite says."""
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", _BUSY_SECONDS, uri=True)) as connection:
                connection.execute("PRAGMA query_only = ON")
                yield connection
        except sqlite3.Error as error:
            raise TryAgain(f"{self._path.name}: {error}", 60) from None


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
