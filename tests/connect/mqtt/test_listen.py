"""Machines that publish to a real broker: their states become facts, also over lost connections and a restart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from tests import servers
from tests.connect.mqtt import sparkplug as sp
from tests.house import House

from lopan.clock import SystemClock
from lopan.config import MqttConnection
from lopan.connect.mqtt.keep import Taken
from lopan.connect.mqtt.listen import Listen
from lopan.connect.mqtt.session import Heard, Sample
from lopan.connect.mqtt.tracker import LOST
from lopan.control import pulls
from lopan.errors import TryAgain
from lopan.store.facts import now

MACHINES = """[[machine]]
device = "Plant/*"
work_unit = "{node}-{device}"
site = "P1"
state = "State"
states = { "1" = "production", "2" = "down" }
good = "Good"
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[int]:
    with servers.place() as root, servers.mosquitto(root) as port:
        yield port


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    (made.root / "lopan.d" / "machines").mkdir(parents=True)
    (made.root / "lopan.d" / "machines" / "floor.toml").write_text(MACHINES)
    yield made
    made.close()


@asynccontextmanager
async def listening(house: House, port: int, password: str = servers.PASSWORD) -> AsyncIterator[None]:
    connection = MqttConnection(name="floor", port=port, user="lopan", password=password, machines="floor")
    listen = Listen(house.engine, house.loader, SystemClock(), connection, Path(house.root / "lopan.d"))
    task = asyncio.create_task(listen.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def client(port: int, **more: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, username="lopan", password=servers.PASSWORD, **more)


async def until(asked: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            found = asked()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


def facts(house: House) -> list[tuple[str, str, str, float, bool]]:
    columns = "work_unit, state, reason, good, ended IS NULL AS open, started"
    rows = house.rows(now("work_unit_state"), f"key, source, {columns}")
    rows.sort(key=lambda row: row["started"])
    return [(row["work_unit"], row["state"], row["reason"], row["good"], bool(row["open"])) for row in rows]


async def rebirth_wished(commands: Any) -> bytes:
    async with asyncio.timeout(20):
        message = await anext(commands)
    return bytes(message.payload)


async def test_states_become_facts_over_a_death_a_gap_and_a_restart(house: House, broker: int) -> None:
    birth = sp.payload(sp.metric("bdSeq", 0, sp.UINT64), seq=0)
    # Times are said, so that it does not matter how soon after each other messages are heard.
    began = round(SystemClock().now().timestamp() * 1_000) - 5_000
    running = [sp.metric("State", 1, sp.INT32, alias=1), sp.metric("Good", 10, sp.UINT64, alias=2)]
    async with client(broker) as edge:
        await edge.subscribe("spBv1.0/Plant/NCMD/Line")
        commands = aiter(edge.messages)
        async with listening(house, broker):
            await until(lambda: pulls.get(house.engine, "floor", Listen.PART).succeeded_at is not None)
            await edge.publish("spBv1.0/Plant/NBIRTH/Line", birth)
            await edge.publish("spBv1.0/Plant/DBIRTH/Line/Press", sp.payload(*running, seq=1, at=began))
            counted = sp.payload(sp.metric("", 14, sp.UINT64, alias=2), seq=2, at=began + 1_000)
            await edge.publish("spBv1.0/Plant/DDATA/Line/Press", counted)
            await edge.publish("spBv1.0/Plant/DDATA/Line/Press", b"\xff\xff no payload")
            down = sp.payload(sp.metric("", 2, sp.INT32, alias=1), seq=4, at=began + 2_000)
            await edge.publish("spBv1.0/Plant/DDATA/Line/Press", down)
            assert b"Node Control/Rebirth" in await rebirth_wished(commands)
            await until(lambda: len(facts(house)) == 2)
            await edge.publish("spBv1.0/Plant/NDEATH/Line", sp.payload(sp.metric("bdSeq", 0, sp.UINT64)))
            await until(lambda: len(facts(house)) == 3)
        lost = ("Line-Press", "idle", LOST, 0, True)
        made = ("Line-Press", "production", "", 4, False)
        assert facts(house) == [made, ("Line-Press", "down", "", 0, False), lost]
        async with listening(house, broker):
            assert b"Node Control/Rebirth" in await rebirth_wished(commands)
            await edge.publish("spBv1.0/Plant/NBIRTH/Line", birth)
            again = [sp.metric("State", 1, sp.INT32), sp.metric("Good", 15, sp.UINT64)]
            await edge.publish("spBv1.0/Plant/DBIRTH/Line/Press", sp.payload(*again, seq=1))
            await until(lambda: len(facts(house)) == 4)
        assert facts(house)[2:] == [("Line-Press", "idle", LOST, 1, False), ("Line-Press", "production", "", 0, True)]
    assert pulls.get(house.engine, "floor", Listen.PART).refused == 0


async def test_what_was_being_loaded_when_listening_ended_is_still_to_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = MqttConnection(name="floor", machines="floor")
    listen = Listen(house.engine, house.loader, SystemClock(), connection, Path(house.root / "lopan.d"))
    listen._keep.hear(Heard(samples=[Sample("Plant/Line/Saw", "State", 1, 1_000)]), 1_000)
    begun, broken = threading.Event(), threading.Event()

    def load(taken: Taken) -> int:
        begun.set()
        broken.wait(20)
        raise TryAgain("the store is closing")

    monkeypatch.setattr(listen._keep, "load", load)
    bringing = asyncio.create_task(listen._bring())
    await asyncio.to_thread(begun.wait, 20)
    bringing.cancel()
    broken.set()
    await asyncio.gather(bringing, return_exceptions=True)
    assert [unit for unit, _, _ in listen._keep.take().rows.values()] == ["Line-Saw"]


async def test_a_broker_that_refuses_is_noted_without_the_password(
    house: House, broker: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(house, broker, "wrong-secret-9"):
        await until(lambda: pulls.get(house.engine, "floor", Listen.PART).failing_since is not None)
    noted = pulls.get(house.engine, "floor", Listen.PART).error
    assert noted
    assert "wrong-secret-9" not in noted + caplog.text
