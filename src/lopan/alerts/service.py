"""Alerting as the server runs it: rules evaluated, changes stored, messages delivered, listeners told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, Protocol

from sqlalchemy import Engine

from lopan.alerts import leader
from lopan.alerts.channel import Channel
from lopan.alerts.delivery import Delivery
from lopan.alerts.dispatch import Dispatch
from lopan.alerts.evaluator import Evaluator, Measures
from lopan.alerts.outbox import Outbox
from lopan.alerts.playbook import Playbook
from lopan.alerts.registry import Observation, Registry
from lopan.alerts.rule import Rule
from lopan.catalog.kpi import Kpi
from lopan.clock import Clock


class Committed(Protocol):
    """Events that can be queried now."""

    @property
    def types(self) -> Collection[str]:
        """Their event types."""
        ...


class Commits(Protocol):
    """The writer's fan-out."""

    def subscribe(self) -> AsyncIterator[Committed]:
        """Commits from now on."""
        ...


class Alerts:
    """The alerting of one control database; ``run`` it once, beside the writer."""

    def __init__(
        self,
        engine: Engine,
        measures: Measures,
        rules: Sequence[Rule],
        channels: Sequence[Channel],
        clock: Clock,
        commits: Commits,
        *,
        kpis: Mapping[str, Kpi],
        playbooks: Mapping[str, Playbook],
        url: str,
    ) -> None:
        self.rules = tuple(rules)
        self._engine = engine
        self._measures = measures
        self._channels = channels
        self._clock = clock
        self._commits = commits
        self._kpis = kpis
        self._dispatch = Dispatch([channel.destination for channel in channels], url, playbooks)
        self._listeners: set[asyncio.Event] = set()
        self._deliveries: list[Delivery] = []
        # One thread: SQLite has one writer anyway, and queries elsewhere can't take its place in a pool.
        self._thread = ThreadPoolExecutor(1, "alerts")

    async def run(self) -> None:
        """Take over alerting, then evaluate and deliver until cancelled; raises GiveUp when another process does."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.to_thread, self._thread.shutdown)
            for channel in self._channels:
                stack.push_async_callback(channel.notifier.close)
            evaluator = await self._start()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(evaluator))
                tasks.create_task(evaluator.run())
                for delivery in self._deliveries:
                    tasks.create_task(delivery.run())

    async def changes(self) -> AsyncIterator[None]:
        """Yields after alerts or deliveries have changed; several changes in a row may come as one."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        try:
            while True:
                await changed.wait()
                changed.clear()
                yield
        finally:
            self._listeners.discard(changed)

    async def apply(self, seen: Sequence[Observation]) -> None:
        """Store what the evaluator saw; messages are on their way before this returns."""
        if await self._off(self._registry.apply, seen):
            self._changed()

    async def labels(self, rule: str) -> list[dict[str, str]]:
        """Labels of the rule's open alerts."""
        found: list[dict[str, str]] = await self._off(self._registry.labels, rule)
        return found

    async def _start(self) -> Evaluator:
        now = self._clock.now()
        epoch = await self._off(leader.take, self._engine, now)
        self._registry = Registry(self._engine, self._kpis, self._dispatch, epoch)
        outbox = Outbox(self._engine, self._dispatch, epoch)
        await self._off(self._registry.retire, self.rules, now)
        await self._off(outbox.release, now)
        self._deliveries = [
            Delivery(channel, outbox, self._clock, self._off, lambda _: self._tell()) for channel in self._channels
        ]
        return Evaluator(self.rules, self._measures, self, self._clock)

    async def _listen(self, evaluator: Evaluator) -> None:
        async for commit in self._commits.subscribe():
            evaluator.wake(commit.types)

    async def _off(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _changed(self) -> None:
        for delivery in self._deliveries:
            delivery.wake()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener.set()
