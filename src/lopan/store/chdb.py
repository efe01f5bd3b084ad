"""Embedded ClickHouse. One connection a thread; never the main thread, never across a fork."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lopan.errors import GiveUp, TryAgain
from lopan.store.base import Param, Params
from lopan.store.native import encode

_MARK_CACHE = 67_108_864
_SHARES = 8
_BLOCK_ROWS = 32_768
_ONE_BLOCK = {
    "max_insert_block_size": 4_194_304,
    "min_insert_block_size_rows": 4_194_304,
    "min_insert_block_size_bytes": 4_000_000_000,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_insert_threads": 1,
}
_TRANSIENT = ("MEMORY_LIMIT_EXCEEDED", "NOT_ENOUGH_SPACE", "TOO_MANY_PARTS", "TIMEOUT_EXCEEDED", "QUERY_WAS_CANCELLED")


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "'": "\\'"})


class Chdb:
    """A ``Store`` in this process; ``max_memory`` in bytes caps the engine, not the process (some 300 MB more)."""

    def __init__(self, root: Path, max_memory: int) -> None:
        import chdb  # half a second and 260 MB: only a process that owns the data pays for it

        root.mkdir(parents=True, exist_ok=True)
        options = {
            "max_server_memory_usage": max_memory,
            "mark_cache_size": _MARK_CACHE,
            "background_pool_size": 2,
            "background_schedule_pool_size": 2,
            # One heavy question goes to disk before it takes the room of the others.
            "max_bytes_before_external_group_by": max_memory // _SHARES,
            "max_bytes_before_external_sort": max_memory // _SHARES,
        }
        self._target = f"{root}?" + "&".join(f"{name}={value}" for name, value in options.items())
        self._connect: Callable[[str], Any] = chdb.connect
        self._local = threading.local()
        self._opened: list[_Line] = []
        self._opening = threading.Lock()
        self._closed = False

    def query(self, sql: str, params: Params | None = None) -> pa.Table:
        """Rows as Arrow; DateTime columns come as timestamps only when they are DateTime64."""
        data = self._run(sql, "ArrowStream", params).bytes()
        return pa.ipc.open_stream(data).read_all() if data else pa.table({})

    def stream(self, sql: str, params: Params | None = None) -> Generator[pa.RecordBatch, None, None]:
        """Blocks as the engine makes them, some 65,000 rows each; closing the iterator early cancels the query."""
        with self._line() as connection, connection.send_query(sql, "Arrow", params=_bound(params)) as answer:
            yield from answer.record_batch(_BLOCK_ROWS)

    def execute(self, sql: str, params: Params | None = None) -> None:
        """Run a statement for its effect."""
        self._run(sql, "Null", params)

    def insert(self, table: str, block: pa.Table, token: str) -> None:
        """One block, one part, one token; the caller names the table, never a client."""
        settings = ", ".join(f"{name} = {value}" for name, value in _ONE_BLOCK.items())
        columns = ", ".join(f"`{name}`" for name in block.schema.names)
        statement = f"INSERT INTO {table} ({columns}) SETTINGS insert_deduplication_token = '{token}', {settings}"
        with self._line() as connection, connection.send_insert(statement, "Native") as inserter:
            for piece in encode(block):
                inserter.append(piece)
            inserter.finish()

    def close(self) -> None:
        """Close every connection once the query that it runs has ended; the next one raises TryAgain."""
        self._closed = True
        with self._opening:
            lines, self._opened = self._opened, []
        for line in lines:
            with line.busy:  # the engine hangs or crashes when a connection is closed under its query (chdb 26.9)
                line.close()

    def _run(self, sql: str, output: str, params: Params | None) -> Any:
        with self._line() as connection:
            return connection.query(sql, output, params=_bound(params))

    @contextmanager
    def _line(self) -> Iterator[Any]:
        """This thread's connection; after an error a new one, as the old may prefix its next answer with the rest of
        the failed one (chdb 26.9).
        """
        line = self._connection()
        with line.busy:
            if self._closed:
                raise TryAgain("the store is closing")
            try:
                yield line.connection
            except RuntimeError as error:
                self._local.line = None
                with self._opening:
                    self._opened = [other for other in self._opened if other is not line]
                line.close()
                raise _translate(error) from None

    def _connection(self) -> _Line:
        if threading.current_thread() is threading.main_thread():
            raise GiveUp("the store must not be used on the main thread: signals would wait for the query")
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            with self._opening:
                if self._closed:
                    raise TryAgain("the store is closing")
                line = self._local.line = _Line(self._connect(self._target))
                self._opened.append(line)
        return line


class _Line:
    """A connection, and the lock that is held while it is used."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.busy = threading.Lock()
        self._open = True

    def close(self) -> None:
        """Close it; a second time changes nothing."""
        if self._open:
            self._open = False
            self.connection.close()


def _translate(error: Exception) -> Exception:
    message = str(error)
    if any(name in message for name in _TRANSIENT):
        return TryAgain(f"the store can't do this now: {message}", 2.0)
    return GiveUp(f"the store refused a statement: {message}")


def _bound(params: Params | None) -> dict[str, Any]:
    return {name: _text(value) for name, value in (params or {}).items()}


def _text(value: Param) -> Any:
    """Parameters go over as escaped text; the engine parses them by the type named in the statement."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, Sequence):
        return "[" + ",".join(f"'{_text(item)}'" if isinstance(item, str) else str(item) for item in value) + "]"
    return value
