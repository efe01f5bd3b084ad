"""Group commit: requests that arrive together share one record and one fdatasync, and are answered after it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec

from lopan.clock import Clock
from lopan.errors import LopanError, TryAgain
from lopan.event import Event, Refusal
from lopan.ingest.columns import Arrival, record
from lopan.ingest.quarantine import Held, Quarantine
from lopan.spool import Record, Spool

GROUP_EVENTS = 20_000
WAITING_EVENTS = 200_000
RECORD_ROWS = 50_000
OWN_RECORD = 100
"""From so many events on a request is a record of its own."""

log = logging.getLogger(__name__)
_time = attrgetter("time")


class _Waiting(NamedTuple):
    """One request: few events wait for others to share a record with, many are one by themselves."""

    arrival: Arrival | None
    records: Sequence[Record]
    rows: int
    held: Sequence[Held]
    done: asyncio.Future[None]


class Counts(msgspec.Struct):
    """What one project sent over one protocol since the server started; ``last`` is when, aware UTC."""

    accepted: int = 0
    refused: int = 0
    quarantined: int = 0
    lost: int = 0
    last: datetime | None = None


class Intake:
    """``accept`` on the event loop, the work on one thread. Nothing is answered before it is on disk."""

    def __init__(self, spool: Spool, quarantine: Quarantine, clock: Clock, oldest_days: int, ahead_hours: int) -> None:
        self._spool = spool
        self._quarantine = quarantine
        self._clock = clock
        self._oldest = timedelta(days=oldest_days)
        self._ahead = timedelta(hours=ahead_hours)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._events = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="intake")
        self.counts: dict[tuple[int, str], Counts] = {}

    def start(self) -> None:
        """Begin to commit."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    async def accept(self, arrival: Arrival, held: Sequence[Held] = ()) -> None:
        """Return when the events and what goes to quarantine are durable; raises TryAgain when they can't be.

        The list of events is emptied: they are columns by then, and their memory serves the next request.
        """
        rows = len(arrival.events)
        if not rows and not held:
            return
        if self._stopping or self._events > WAITING_EVENTS:
            raise TryAgain("more events arrive than the disk takes", 1.0)
        waiting = self._prepare(arrival, rows, held)
        with self._changed:
            self._waiting.append(waiting)
            self._events += rows
            self._changed.notify()
        await waiting.done

    def _prepare(self, arrival: Arrival, rows: int, held: Sequence[Held]) -> _Waiting:
        done = self._loop.create_future()
        if rows < OWN_RECORD:
            return _Waiting(arrival if rows else None, (), rows, held, done)
        records = _records([arrival])  # at once: twice as fast while the events are in the cache
        arrival.events.clear()
        return _Waiting(None, records, rows, held, done)

    def in_time(self, events: list[Event], received: datetime) -> tuple[list[Event], list[Refusal]]:
        """Split off events too old or too far ahead to be true; their refusals carry the position in ``events``."""
        first, last = received - self._oldest, received + self._ahead
        times = list(map(_time, events))
        if not times or (first <= min(times) and max(times) <= last):
            return events, []
        reason = (
            f"is more than {self._oldest.days} days old or {self._ahead // timedelta(hours=1)} h ahead; "
            "kept in quarantine. Send history with ?backfill=1"
        )
        good = [event for event in events if first <= event.time <= last]
        refused = [
            Refusal(index, "time", reason) for index, event in enumerate(events) if not first <= event.time <= last
        ]
        return good, refused

    def count(self, project: int, protocol: str, **more: int) -> None:
        """Add to the project's counts for the sources page."""
        counts = self.counts.setdefault((project, protocol), Counts())
        for name, number in more.items():
            setattr(counts, name, getattr(counts, name) + number)
        counts.last = self._clock.now()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._stopping)
                group = self._take()
                if not group and self._stopping:
                    return
            trouble = self._commit(group)
            self._loop.call_soon_threadsafe(_resolve, group, trouble)

    def _take(self) -> list[_Waiting]:
        count = taken = 0
        while count < len(self._waiting) and taken < GROUP_EVENTS:
            taken += self._waiting[count].rows
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._events -= sum(waiting.rows for waiting in group)
        return group

    def _commit(self, group: list[_Waiting]) -> Exception | None:
        try:
            held = [held for waiting in group for held in waiting.held]
            for one in held:
                self._quarantine.put(one)
            if held:
                self._quarantine.sync()
            records = [record for waiting in group for record in waiting.records]
            arrivals = [waiting.arrival for waiting in group if waiting.arrival is not None]
            for made in records + _records(arrivals):
                self._spool.append(made)
            self._spool.sync()
        except LopanError as error:
            return error
        except OSError as error:
            return TryAgain(f"the disk refuses: {error.strerror}", 10.0)
        except Exception as error:  # one bad group must not end intake for good; the senders are told to try again
            log.exception("a commit group failed")
            return TryAgain(f"internal error: {type(error).__name__}", 10.0)
        return None


def _records(arrivals: list[Arrival]) -> list[Record]:
    """One record of all, or several of a request with very many events."""
    if not arrivals:
        return []
    if len(arrivals) > 1 or len(arrivals[0].events) <= RECORD_ROWS:
        return [record(arrivals)]
    project, received, events = arrivals[0]
    starts = range(0, len(events), RECORD_ROWS)
    return [record([Arrival(project, received, events[start : start + RECORD_ROWS])]) for start in starts]


def _resolve(group: list[_Waiting], trouble: Exception | None) -> None:
    for waiting in group:
        if waiting.done.done():
            continue
        if trouble is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(trouble)
