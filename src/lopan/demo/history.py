"""The fleet's past as Arrow records, a UTC day at a time; a day is the same whichever range asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lopan.demo import events, sessions
from lopan.demo.facts import OFFLINE_MOST_DAYS
from lopan.demo.fleet import DAY_MS, PEOPLE, Fleet
from lopan.ingest.arrays import TIME

ROWS = 50_000
EVENTS = 1_000_000
DAYS = 30


def people_for(events: int, days: int = DAYS) -> int:
    """How many people produce about ``events`` in so many days; never fewer than 1,200."""
    return max(1_200, round(PEOPLE * events / EVENTS * DAYS / days))


def records(
    fleet: Fleet, start: datetime, end: datetime, project: int = 1, density: float = 1.0, since: datetime | None = None
) -> Iterator[pa.RecordBatch]:
    """Events received from ``start`` to before ``end`` (aware), at most 50,000 a record, empty columns left out.

    None happened before ``since``, which is as long before ``start`` as an offline device may wait when not given.
    """
    since = since or start - timedelta(days=OFFLINE_MOST_DAYS + 1)
    low, high, oldest = (pa.scalar(moment, TIME) for moment in (start, end, since))
    for day in range(_day(since) - 1, _day(end) + 1):
        table = _of_day(fleet, day, project, density)
        if table is None:
            continue
        came, time = table.column("received"), table.column("time")
        within = pc.and_(pc.greater_equal(came, low), pc.less(came, high))
        table = table.filter(pc.and_(within, pc.greater_equal(time, oldest)))
        for batch in table.combine_chunks().to_batches(max_chunksize=ROWS):
            yield batch.select([field.name for field in batch.schema if batch[field.name].null_count < len(batch)])


def _of_day(fleet: Fleet, day: int, project: int, density: float) -> pa.Table | None:
    rng = np.random.default_rng([fleet.seed, 2, day])
    begun = sessions.of_day(fleet, day, rng)
    if not begun.n:
        return None
    told = events.of(fleet, begun, rng, density)
    return events.table(fleet, begun, told, rng, project)


def _day(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) // DAY_MS


def begin(end: datetime, days: int = DAYS) -> datetime:
    """Where a history of ``days`` that ends at ``end`` begins."""
    return end - timedelta(days=days)
