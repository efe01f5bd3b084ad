"""A store, a control database and a loader of business facts, as tests of facts and of their figures use them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import Engine
from tests.conftest import ManualClock

from lopan.analytics.facts import Facts
from lopan.analytics.keptfacts import KeptFacts
from lopan.connect import stage
from lopan.connect.load import Loader
from lopan.control.database import open_database
from lopan.fact import SPECS
from lopan.store import Chdb, Readers
from lopan.store.facts import prepare, table, versions
from lopan.store.migrations import migrate

SUPPORT = "Desk"
"""The site whose shifts are the working hours of support."""

Outcome = TypeVar("Outcome")


class House:
    """The store is used on a thread of its own, as everywhere."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = ManualClock()
        self.thread = ThreadPoolExecutor(1)
        self.engine: Engine = open_database(root)
        self.store = self.run(Chdb, root / "store", 1_000_000_000)
        self.run(migrate, self.store)
        self.run(prepare, self.store)
        # One loop and its readers: a thread of the engine is not let go of before the store is closed.
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._readers: Readers | None = None
        self._kept: KeptFacts | None = None
        self.changed: list[str] = []
        self.loader = Loader(self.engine, self.store, root / "facts", self.clock, self.changed.append)

    def run(self, work: Any, *args: Any) -> Any:
        return self.thread.submit(work, *args).result()

    def close(self) -> None:
        self._stack.close()
        self.begin_anew()
        if self._readers is not None:
            self._readers.close()
        self.run(self.store.close)
        self.engine.dispose()
        self.thread.shutdown()

    def load(self, rows: list[dict[str, Any]], fact: str = "cost", source: str = "test", **more: Any) -> str:
        def work() -> str:
            with self.loader.stage(fact, source, "a test", "nobody", more.get("once")) as (batch, made):
                if made is not None:
                    made.write(block(fact, rows))
                    made.refuse(more.get("refused", []))
            return batch.id

        return str(self.run(work))

    def clear(self, *facts: str) -> None:
        """Leave no row of these facts."""
        for name in facts:
            for one in (table(name), versions(name)):
                self.run(self.store.execute, f"TRUNCATE TABLE {one}")
        self.run(self.store.execute, "TRUNCATE TABLE fact_undone")

    def ask(
        self, work: Callable[[Facts], Coroutine[Any, Any, Outcome]], zone: str = "UTC", *, kept: bool = True
    ) -> Outcome:
        """What ``work`` answers from the facts, on the house's event loop; no answer is given out twice."""

        async def asked() -> Outcome:
            if self._readers is None:
                self._readers = Readers(self.store, 2, keep_s=0)
            if self._kept is None:
                self._kept = KeptFacts(self.store)
            return await work(Facts(self._readers, self.store, zone, "EUR", SUPPORT, self._kept if kept else None))

        if self._portal is None:
            self._portal = self._stack.enter_context(start_blocking_portal())
        return self._portal.call(asked)

    def begin_anew(self) -> None:
        """As after a start: nobody knows what was kept."""
        if self._kept is not None:
            self._kept.close()
        self._kept = None

    def rows(self, view: str, columns: str = "key, toFloat64(amount) AS amount") -> list[dict[str, Any]]:
        table = self.run(self.store.query, f"SELECT {columns} FROM {view} ORDER BY source, key")
        return list(table.to_pylist()) if table.num_columns else []


def block(fact: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    columns = stage.schema(SPECS[fact])
    blank = {"deleted": False, "day": date(2026, 1, 1), "amount": Decimal(0)}
    for column in SPECS[fact].columns:
        if not column.optional:
            blank.setdefault(column.name, "" if column.kind in ("text", "choice") else 0)
    return pa.RecordBatch.from_pylist([blank | row for row in rows], schema=columns)
