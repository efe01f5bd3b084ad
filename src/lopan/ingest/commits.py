"""News of committed segments, fanned out: a slow listener gets the sum of what it missed, never a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime

import msgspec


class Commit(msgspec.Struct, frozen=True):
    """Rows that have become queryable: up to segment ``number``, ``types`` of events among them, ``at`` aware UTC.

    ``days``: project and local day of every row; ``begun``: of the begin of sessions that lies far from their report.
    """

    number: int
    rows: int
    types: frozenset[str]
    at: datetime
    days: frozenset[tuple[int, date]] = frozenset()
    begun: frozenset[tuple[int, date]] = frozenset()


class _Listener:
    def __init__(self) -> None:
        self.latest: Commit | None = None
        self.woken = asyncio.Event()

    def hear(self, commit: Commit) -> None:
        if self.latest is not None:
            missed = self.latest
            rows, types, days = missed.rows + commit.rows, missed.types | commit.types, missed.days | commit.days
            commit = Commit(commit.number, rows, types, commit.at, days, missed.begun | commit.begun)
        self.latest = commit
        self.woken.set()


class Commits:
    """Belongs to one event loop; only ``publish`` may be called from another thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[_Listener] = set()
        self.rows = 0
        self.last: Commit | None = None

    def publish(self, commit: Commit) -> None:
        """Tell every listener; returns at once."""
        self._loop.call_soon_threadsafe(self._spread, commit)

    async def subscribe(self) -> AsyncIterator[Commit]:
        """Commits from now on; what happened while the listener was busy comes as one."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while True:
                await listener.woken.wait()
                listener.woken.clear()
                commit, listener.latest = listener.latest, None
                if commit is not None:
                    yield commit
        finally:
            self._listeners.discard(listener)

    def _spread(self, commit: Commit) -> None:
        self.rows += commit.rows
        self.last = commit
        for listener in self._listeners:
            listener.hear(commit)
