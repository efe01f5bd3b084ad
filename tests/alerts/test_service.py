"""The whole of alerting but the figures: rules, database, outbox and a real receiver, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select

from lopan.alerts import history, leader, rule
from lopan.alerts.channel import channels
from lopan.alerts.history import AlertView
from lopan.alerts.playbook import Playbook
from lopan.alerts.service import Alerts
from lopan.analytics.metric import Filters, Measure, Span
from lopan.catalog.loader import load
from lopan.clock import SystemClock
from lopan.config import Notify, Slack, Webhook
from lopan.control.alerting import outbox
from lopan.control.database import reading
from lopan.errors import GiveUp

if TYPE_CHECKING:
    from tests.alerts.conftest import Receiver


class Committed:
    """News of launches."""

    types = frozenset({"app_launch"})


class Commits:
    """A fan-out to one listener."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Committed] = asyncio.Queue()

    async def subscribe(self) -> AsyncIterator[Committed]:
        while True:
            yield await self.queue.get()


class Launches:
    """Launch times by hand; nothing else is measured."""

    value = 1.2

    async def measure(self, name: str, _span: Span, _filters: Filters) -> Measure:
        return Measure(self.value, 500) if name == "app_launch_time" else Measure(None, 0)

    async def measures(self, _name: str, _span: Span, _by: str) -> dict[str, Measure]:
        return {}


class Site:
    """Running alerting with one Slack channel and one webhook, both at the receiver."""

    def __init__(self, engine: Engine, playbooks: dict[str, Playbook], url: str) -> None:
        self.engine = engine
        self.launches = Launches()
        self.commits = Commits()
        kpis = load().kpis
        notify = Notify(slack=Slack(f"{url}/slack"), slack_allow_private=True, webhook=[Webhook("ops", url, "s", True)])
        self.alerts = Alerts(
            engine,
            self.launches,
            rule.load(kpis, playbooks),
            channels(notify),
            SystemClock(),
            self.commits,
            kpis=kpis,
            playbooks=playbooks,
            url="https://lopan.example",
        )

    def launch(self, value: float) -> None:
        self.launches.value = value
        self.commits.queue.put_nowait(Committed())

    async def until(self, holds: Callable[[AlertView], bool]) -> AlertView:
        """The first alert, once it is as asked; looks again whenever alerting says that something has changed."""
        async with asyncio.timeout(30):
            news = self.alerts.changes()
            waiting = asyncio.ensure_future(anext(news))
            while not (views := history.active(self.engine, ["performance"])) or not holds(history.one(self.engine, 1)):
                await asyncio.wait([waiting], timeout=0.5)
                if waiting.done():
                    waiting = asyncio.ensure_future(anext(news))
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return history.one(self.engine, views[0].id)


def states(alert: AlertView) -> dict[str, str]:
    return {one.channel: one.state for one in alert.deliveries}


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(site.alerts.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def site(engine: Engine, playbooks: dict[str, Playbook], receiver: Receiver) -> Site:
    return Site(engine, playbooks, receiver.url)


async def test_a_breach_reaches_every_channel_and_the_listeners(site: Site, receiver: Receiver) -> None:
    async with running(site):
        site.launch(3.5)
        alert = await site.until(lambda one: set(states(one).values()) == {"sent"})
    assert sorted(request.path for request in receiver.requests) == ["/hook", "/hook/slack"]
    assert [event.kind for event in alert.events] == ["pending", "firing"]
    told = next(request.json for request in receiver.requests if request.path == "/hook")
    assert (told["link"], told["response_minutes"]) == ("https://lopan.example/alerts/1", 15)
    assert told["playbook_link"] == "https://lopan.example/playbooks/app-launch-time"


@pytest.mark.parametrize(
    ("script", "outcomes"),
    [
        pytest.param([(429, "Retry-After: 1\r\n")] * 2, {"retry", "sent"}, id="429-with-retry-after"),
        pytest.param([503] * 5, {"retry", "sent"}, id="burst-of-503"),
        pytest.param(["reset"] * 2, {"uncertain", "sent"}, id="reset-after-the-body"),
    ],
)
async def test_a_receiver_in_trouble_gets_its_message_in_the_end(
    site: Site, receiver: Receiver, script: list[int | tuple[int, str] | str], outcomes: set[str]
) -> None:
    receiver.script.extend(script)
    async with running(site):
        site.launch(3.5)
        alert = await site.until(lambda one: set(states(one).values()) == {"sent"})
    assert {attempt.outcome for one in alert.deliveries for attempt in one.attempts} == outcomes
    keys = [request.headers["idempotency-key"] for request in receiver.requests if request.path == "/hook"]
    assert len(set(keys)) == 1


async def test_a_slow_channel_delays_only_itself(site: Site, receiver: Receiver) -> None:
    receiver.script.append("hang")
    async with running(site):
        site.launch(3.5)
        alert = await site.until(lambda one: "sent" in states(one).values())
        assert sorted(states(alert).values()) == ["claimed", "sent"]


async def test_a_dead_channel_is_shown(site: Site, receiver: Receiver) -> None:
    receiver.script.extend([404, 410])
    async with running(site):
        site.launch(3.5)
        alert = await site.until(lambda one: set(states(one).values()) == {"failed"})
    assert {one.note for one in alert.deliveries} == {"answered 404: ok", "answered 410: ok"}
    assert [one.name for one in history.channels(site.engine) if one.dead_since] == ["slack", "webhook ops"]


async def test_messages_left_by_the_process_before_are_sent(
    site: Site, receiver: Receiver, playbooks: dict[str, Playbook]
) -> None:
    receiver.script.extend(["hang", "hang"])
    async with running(site):
        site.launch(3.5)
        await receiver.wait(2)
    async with running(Site(site.engine, playbooks, receiver.url)):
        await receiver.wait(4)
    keys = [request.headers.get("idempotency-key") for request in receiver.requests if request.path == "/hook"]
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_process_that_was_replaced_stops(site: Site) -> None:
    async with running(site) as task:
        site.launch(3.5)
        await site.until(lambda one: set(states(one).values()) == {"sent"})
        leader.take(site.engine, SystemClock().now())
        site.launch(1.0)
        with pytest.raises(ExceptionGroup) as raised:
            await task
    assert raised.group_contains(GiveUp, match="another Lopan")
    with reading(site.engine) as connection:
        assert set(connection.execute(select(outbox.c.kind)).scalars()) == {"firing"}
