"""One store with events and facts of a few customers, emptied for every example."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from tests.analytics.usage import TABLES, At
from tests.house import block
from tests.support import Pipeline

from lopan.analytics import usage
from lopan.analytics.customers.signals import Sources
from lopan.analytics.days import Days
from lopan.analytics.facts import Facts
from lopan.catalog.product import Feature, Product, Survey, Workflow
from lopan.connect.load import Loader
from lopan.control import merges
from lopan.event import Event
from lopan.store import Readers
from lopan.store.facts import prepare, table, versions

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACTS = ("contract", "account", "ticket_event", "survey_response", "fx_rate", "order_line")
PRODUCT = Product(
    features=[Feature(id="orders", core=True), Feature(id="stock", core=True), Feature(id="extras")],
    workflows=[Workflow(id="ship", steps=("pick", "pack"), window="1h")],
    surveys=[Survey(id="csat", scale="csat"), Survey(id="nps", scale="nps")],
)


class Asked(NamedTuple):
    """What a question is asked of."""

    sources: Sources
    readers: Readers
    days: Days
    facts: Facts


class Town:
    """Events go through the writer, facts through the loader."""

    def __init__(self, target: Pipeline) -> None:
        self.target = target
        target.run(prepare, target.store)
        for name in TABLES:
            target.run(
                target.store.execute,
                f"ALTER TABLE {name} MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0",
            )
        target.run(target.store.execute, "ALTER TABLE events REMOVE TTL")
        self.loader = Loader(target.engine, target.store, target.root / "facts", At(NOW), lambda fact: None)

    def fill(self, events: Sequence[Event] = (), **facts: Iterable[dict[str, Any]]) -> None:
        """Leave these events and facts, and nothing else."""
        for name in (*TABLES, *(one for fact in FACTS for one in (table(fact), versions(fact)))):
            self.target.run(self.target.store.execute, f"TRUNCATE TABLE {name}")
        if events:
            self.target.put(list(events), 1)
        for fact, rows in facts.items():
            self.load(fact, rows)

    def load(self, fact: str, rows: Iterable[dict[str, Any]], source: str = "test") -> str:
        """One batch of rows; a key is given to those without one. Returns the batch."""
        given = [{"key": f"{fact}-{index}"} | row for index, row in enumerate(rows)]

        def work() -> str:
            with self.loader.stage(fact, source, "a test", "nobody", None) as (batch, made):
                if made is not None and given:
                    made.write(block(fact, given))
                return batch.id

        return str(self.target.run(work))

    def ask(
        self, question: Callable[[Asked], Awaitable[T]], zone: str = "UTC", now: datetime = NOW, stored: int = 0
    ) -> T:
        """What ``question`` answers; ``stored`` of the closed days are computed before."""

        async def answer() -> T:
            persons = partial(merges.persons, self.target.engine, "user")
            days = Days(self.target.store, zone, At(now), usage.daily(PRODUCT), persons=persons)
            readers = Readers(self.target.store, 2, keep_s=0)
            facts = Facts(readers, self.target.store, zone, "EUR")
            try:
                await days.settle(most=stored)
                return await question(Asked(Sources(days, readers, facts, PRODUCT), readers, days, facts))
            finally:
                days.close()
                readers.close()

        return asyncio.run(answer())


def ago(days: float, hours: float = 0) -> datetime:
    """So long before NOW."""
    return NOW - timedelta(days=days, hours=hours)
