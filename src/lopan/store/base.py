"""What the rest of Lopan asks of a column store; ``chdb`` implements it in-process, a ClickHouse server can too."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

Param = str | int | float | bool | datetime | date | None | Sequence[str] | Sequence[int]
Params = Mapping[str, Param]


class Store(Protocol):
    """Blocking calls, safe from any thread but the main one (a query there would hold back signals)."""

    def query(self, sql: str, params: Params | None = None) -> pa.Table:
        """Rows of a SELECT with ``{name:Type}`` parameters.

        Raises TryAgain when the store is out of memory or closing, GiveUp when the statement can't ever work.
        """
        ...

    def stream(self, sql: str, params: Params | None = None) -> Generator[pa.RecordBatch, None, None]:
        """Rows of a SELECT, block by block in flat memory; the thread can do nothing else until the iterator is closed.

        Raises what ``query`` raises.
        """
        ...

    def execute(self, sql: str, params: Params | None = None) -> None:
        """Run a statement that returns nothing."""
        ...

    def insert(self, table: str, block: pa.Table, token: str) -> None:
        """Insert ``block`` as one part; a second call with the same token and rows changes nothing."""
        ...

    def close(self) -> None:
        """Finish what runs and let go of the data directory."""
        ...
