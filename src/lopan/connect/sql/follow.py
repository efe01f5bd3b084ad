"""One database followed: checked once, then pulled from by each of its mappings in turn, each with its own state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping as Keyed
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.config import SqlConnection
from lopan.connect.load import Loader
from lopan.connect.mapping import Mapping
from lopan.connect.sql.database import database
from lopan.connect.sql.pull import Outcome, Puller
from lopan.control import pulls
from lopan.errors import ConfigError, LopanError
from lopan.store import Store

_FIRST_RETRY = timedelta(seconds=30)
_LAST_RETRY = timedelta(minutes=15)
_LONGEST = 63
"""Signs in the names of a connection and a mapping together: the source of a fact is made of both."""
log = logging.getLogger(__name__)


class Follow:
    """Blocking, used by one thread at a time. Raises ConfigError when the connection can't ever work."""

    def __init__(
        self, engine: Engine, store: Store, loader: Loader, clock: Clock, connection: SqlConnection,
        mappings: Keyed[str, Mapping], zone: str, asking: ThreadPoolExecutor,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.stopped = threading.Event()
        self._engine, self._clock = engine, clock
        self._database = database(store, connection)
        self._checked = False
        self._pullers = [
            Puller(engine, store, loader, clock, connection, one, zone, asking, self.stopped.is_set)
            for one in chosen(connection, mappings)
        ]

    @property
    def parts(self) -> list[str]:
        """The mappings it pulls by."""
        return [puller.part for puller in self._pullers]

    def due(self) -> timedelta:
        """Time until the next round; after a failure the first one comes soon, then ever later."""
        states = [pulls.get(self._engine, self.connection.name, part) for part in self.parts]
        every = timedelta(minutes=self.connection.every)
        waits = []
        for state in states:
            wait = every
            if state.failures:
                wait = min(_FIRST_RETRY * 2 ** min(state.failures - 1, 16), max(every, _LAST_RETRY))
            waits.append(wait - (self._clock.now() - state.tried_at) if state.tried_at else timedelta())
        return max(timedelta(), min(waits))

    def round(self, accept_deletes: bool = False) -> dict[str, Outcome | LopanError]:
        """Pull by every mapping; what fails is noted and stops none of the others. One that is down is asked once."""
        done: dict[str, Outcome | LopanError] = {}
        try:
            self.check()
        except LopanError as error:
            self.fail(str(error))
            return dict.fromkeys(self.parts, error)
        for puller in self._pullers:
            try:
                done[puller.part] = puller.pull(self._database, accept_deletes)
            except LopanError as error:
                self._checked = False
                done[puller.part] = error
            if self.stopped.is_set():
                break
        return done

    def check(self) -> None:
        """Reach the database and compare clocks, once until something fails."""
        if not self._checked:
            self._database.check()
            self._checked = True

    def fail(self, error: str) -> None:
        """Note that no part could be pulled."""
        self._checked = False
        for part in self.parts:
            known = pulls.get(self._engine, self.connection.name, part)
            pulls.keep(self._engine, pulls.failed(known, self._clock.now(), error))


def chosen(connection: SqlConnection, mappings: Keyed[str, Mapping]) -> list[Mapping]:
    """The mappings of a connection by name, those of its preset first; raises ConfigError naming what is wrong."""
    place = f"connect.sql {connection.name}"
    preset = [name for name in sorted(mappings) if connection.preset and name.startswith(f"{connection.preset}_")]
    names = list(dict.fromkeys([*preset, *connection.mappings]))
    if not names:
        raise ConfigError(f"{place}: give a preset or mappings, or nothing is pulled")
    for name in names:
        if name not in mappings:
            known = ", ".join(one for one, found in mappings.items() if found.sql) or "none"
            raise ConfigError(f"{place}: there is no mapping {name!r}; those for databases are {known}")
        if len(connection.name) + len(name) > _LONGEST:
            raise ConfigError(
                f"{place}: mapping {name!r} has a name of more than {_LONGEST - len(connection.name)} signs"
            )
    return [mappings[name] for name in names]
