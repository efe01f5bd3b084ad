"""All connections of a running Lopan: each on its own task, one pull at a time, none held up by one that is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.config import Config
from lopan.connect import mapping
from lopan.connect.load import Loader
from lopan.connect.sql.follow import Follow
from lopan.control import pulls
from lopan.control.pulls import Pull
from lopan.errors import ConfigError, LopanError
from lopan.store import Store

if TYPE_CHECKING:
    from lopan.connect.mqtt.listen import Listen

_PATIENCE_SECONDS = 600
_STOP_SECONDS = 5
_LATE = 3
_LOOK_SECONDS = 60
log = logging.getLogger(__name__)


class Connected(msgspec.Struct, frozen=True):
    """One part of a connection as pages show it; ``stale_since`` is when it was last known to be well, if it is not."""

    connection: str
    kind: str
    where: str
    part: str
    succeeded_at: datetime | None
    stale_since: datetime | None
    failures: int
    error: str
    taken: int
    refused: int


class Connections:
    """Follows what ``[connect]`` names. Raises ConfigError at once for a connection that can't ever work."""

    def __init__(self, config: Config, engine: Engine, store: Store, loader: Loader, clock: Clock) -> None:
        self._config, self._engine, self._clock = config, engine, clock
        self._began = clock.now()
        _refuse_same([*(one.name for one in config.connect.sql), *(one.name for one in config.connect.mqtt)])
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="known")
        mappings = mapping.load(config.root / "lopan.d") if config.connect.sql else {}
        self.databases = [
            Follow(engine, store, loader, clock, one, mappings, config.timezone, self._asking)
            for one in config.connect.sql
        ]
        self.brokers = _brokers(config, engine, loader, clock) if config.connect.mqtt else []
        self._turn = asyncio.Semaphore(1)
        self._pulling: set[asyncio.Future[None]] = set()

    async def run(self) -> None:
        """Follow all of them until cancelled; what runs then stops between two blocks and leaves nothing behind."""
        try:
            async with asyncio.TaskGroup() as group:
                for one in self.databases:
                    group.create_task(self._follow(one), name=one.connection.name)
                for broker in self.brokers:
                    group.create_task(broker.run(), name=broker.connection.name)
        finally:
            await self._stop()

    async def states(self) -> list[Connected]:
        """Every part of every connection in the order of the settings."""
        known = {(one.connection, one.part): one for one in await asyncio.to_thread(pulls.listing, self._engine)}
        found = []
        for follow in self.databases:
            one = follow.connection
            where = Path(one.database).name if one.kind == "sqlite" else f"{one.host}/{one.database}"
            for part in follow.parts:
                pull = known.get((one.name, part), Pull(connection=one.name, part=part))
                found.append(_shown(pull, one.kind, where, self._stale(pull, _LATE * timedelta(minutes=one.every))))
        for broker in self.brokers:
            name = broker.connection.name
            pull = known.get((name, broker.PART), Pull(connection=name, part=broker.PART))
            found.append(_shown(pull, "mqtt", broker.connection.host, self._stale(pull, broker.LATE)))
        return found

    async def _follow(self, follow: Follow) -> None:
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"pull {follow.connection.name}")
        loop = asyncio.get_running_loop()
        try:
            while True:
                wait = await asyncio.to_thread(follow.due)
                await asyncio.sleep(min(wait.total_seconds(), _LOOK_SECONDS))
                if wait.total_seconds() > _LOOK_SECONDS:
                    continue
                async with self._turn:
                    pulling = loop.run_in_executor(thread, self._round, follow)
                    self._pulling.add(pulling)
                    pulling.add_done_callback(self._pulling.discard)
                    # One that hangs gives up its turn, not its thread: the others go on.
                    await asyncio.wait([pulling], timeout=_PATIENCE_SECONDS)
                await pulling
        finally:
            follow.stopped.set()
            thread.shutdown(wait=False)

    def _round(self, follow: Follow) -> None:
        try:
            outcomes = follow.round()
        except Exception:  # a defect in one connection must not end the others, nor be hidden
            log.exception("pulling from %s", follow.connection.name)
            follow.fail("an error inside Lopan, see its log")
            return
        for part, outcome in outcomes.items():
            if isinstance(outcome, LopanError):
                log.warning("%s/%s: %s", follow.connection.name, part, outcome)

    async def _stop(self) -> None:
        for one in self.databases:
            one.stopped.set()
        if self._pulling:
            await asyncio.wait(self._pulling, timeout=_STOP_SECONDS)
        await asyncio.to_thread(self._asking.shutdown)

    def _stale(self, pull: Pull, late: timedelta) -> datetime | None:
        """None while it is well: its last round went well and is not long ago."""
        if pull.failing_since is not None:
            return pull.succeeded_at or pull.failing_since
        last = pull.succeeded_at or self._began
        return last if self._clock.now() - last > late + timedelta(minutes=1) else None


def _brokers(config: Config, engine: Engine, loader: Loader, clock: Clock) -> list[Listen]:
    # 4 MB of code, for those alone who name a broker.
    from lopan.connect.mqtt.listen import Listen

    return [Listen(engine, loader, clock, one, config.root / "lopan.d") for one in config.connect.mqtt]


def _shown(pull: Pull, kind: str, where: str, stale: datetime | None) -> Connected:
    return Connected(
        pull.connection, kind, where, pull.part, pull.succeeded_at, stale, pull.failures, pull.error, pull.taken,
        pull.refused,
    )  # fmt: skip


def _refuse_same(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"connect: two connections are named {name!r}; the name tells their rows apart")
