"""The directives of now, in memory: what a client is told costs no query, and goes on when the database does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from lopan.clock import Clock
from lopan.control import directives
from lopan.control.directives import Directive
from lopan.control.targets import Client, matcher

POLL_SECONDS: Final = 2.0
"""How soon a directive that another process made or ended is known here; those of our own pages are at once."""

log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    """A directive made ready: ``body`` is its JSON, of equal ``about`` only the first is told."""

    starts: datetime
    ends: datetime | None
    about: tuple[str, str] | None
    matches: Callable[[Client], bool]
    body: bytes


class Current:
    """Belongs to one event loop. ``told`` is true as of the last ``reload`` that worked."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._known: list[Directive] = []
        self._by_project: dict[int, list[_Entry]] = {}
        self._turn = asyncio.Lock()
        self._failing = False

    async def reload(self) -> None:
        """Read again. A database that does not answer is written to the log once, and what is known stays."""
        async with self._turn:
            try:
                known = await asyncio.to_thread(directives.live, self._engine, self._clock.now())
            except SQLAlchemyError as error:
                if not self._failing:
                    log.warning("directives can't be read, clients are told the last known ones: %s", error)
                self._failing = True
                return
            self._failing = False
            if known != self._known:
                self._known, self._by_project = known, _ready(known)

    async def run(self) -> None:
        """Follow changes that other processes make, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.reload()

    def told(self, project: int, client: Client) -> bytes:
        """What ``client`` is to do now, as JSON: ``{"directives": [...]}`` in order of priority."""
        now = self._clock.now()
        taken = set[tuple[str, str]]()
        bodies = []
        for entry in self._by_project.get(project, ()):
            if entry.starts > now or (entry.ends is not None and entry.ends <= now):
                continue
            if entry.about in taken or not entry.matches(client):
                continue
            if entry.about is not None:
                taken.add(entry.about)
            bodies.append(entry.body)
        return b'{"directives":[' + b",".join(bodies) + b"]}"


def _ready(known: list[Directive]) -> dict[int, list[_Entry]]:
    by_project: dict[int, list[_Entry]] = {}
    for directive in known:
        about = (directive.kind, directive.content.about) if directive.content.about else None
        test = matcher(directive.targets, str(directive.id))
        entry = _Entry(directive.starts, directive.ends, about, test, _body(directive))
        by_project.setdefault(directive.project, []).append(entry)
    return by_project


def _body(directive: Directive) -> bytes:
    """Whom it is for stays here: one customer must not read the name of another."""
    own = msgspec.to_builtins(directive.content)
    head = {"id": str(directive.id), "kind": own.pop("kind"), "priority": directive.priority}
    return msgspec.json.encode(head | ({"ends": directive.ends} if directive.ends else {}) | own)
