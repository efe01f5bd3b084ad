"""A process with real alerting that kills itself at a numbered point; run by ``test_crash``.

Arguments: data directory, webhook address, point. A point is ``before:N`` or ``after:N`` the N-th commit,
``sending`` (the receiver has the message, its answer is not read), ``sent`` (before the row is marked), or ``never``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from lopan.alerts import playbook, rule
from lopan.alerts.channel import Channel, channels
from lopan.alerts.message import Message
from lopan.alerts.notifier import Notifier
from lopan.alerts.service import Alerts
from lopan.analytics.metric import Filters, Measure, Span
from lopan.catalog.loader import load
from lopan.clock import SystemClock
from lopan.config import Notify, Webhook
from lopan.control.database import open_database


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """The real notifier, and death right after it has delivered."""

    def __init__(self, inner: Notifier) -> None:
        self.inner = inner

    async def send(self, message: Message) -> None:
        await self.inner.send(message)
        die()

    async def close(self) -> None:
        await self.inner.close()


class Slow:
    """Launches that are far too slow, for ever."""

    async def measure(self, name: str, _span: Span, _filters: Filters) -> Measure:
        return Measure(9.0, 500) if name == "app_launch_time" else Measure(None, 0)

    async def measures(self, _name: str, _span: Span, _by: str) -> dict[str, Measure]:
        return {}


class Silence:
    """No commits: the first tick evaluates."""

    async def subscribe(self) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield


def die_at_commit(engine: Engine, point: str) -> None:
    """Count the commits of writing transactions, and die on the side of the one that ``point`` names."""
    side, _, number = point.partition(":")
    real, count = engine.dialect.do_commit, 0

    def commit(dbapi_connection: PoolProxiedConnection) -> None:
        nonlocal count
        count += 1
        if side == "before" and count == int(number):
            die()
        real(dbapi_connection)
        if side == "after" and count == int(number):
            die()

    engine.dialect.do_commit = commit  # type: ignore[method-assign]


async def main(root: Path, url: str, point: str) -> None:
    engine = open_database(root)
    if ":" in point:
        die_at_commit(engine, point)
    kpis, playbooks = load().kpis, playbook.load()
    (channel,) = channels(Notify(webhook=[Webhook("ops", url, "s3cret", True)]))
    if point == "sent":
        channel = Channel(channel.destination, Dying(channel.notifier))
    rules = rule.load(kpis, playbooks)
    alerts = Alerts(
        engine,
        Slow(),
        rules,
        [channel],
        SystemClock(),
        Silence(),
        kpis=kpis,
        playbooks=playbooks,
        url="http://localhost",
    )
    await alerts.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
