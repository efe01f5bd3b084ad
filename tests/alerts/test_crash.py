"""Kill -9 at every commit of the path of a page, and around the sending, then start again and count."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lopan.alerts import history
from lopan.control.database import open_database

if TYPE_CHECKING:
    from tests.alerts.conftest import Receiver

CHILD = Path(__file__).with_name("crashing.py")
# The commits of one page: take-over, retire, release, then transition, claim and done. Up to the third nothing but
# commits happens, so dying before one is dying after its predecessor.
POINTS = [
    "after:1",
    "after:2",
    "after:3",
    *(f"{side}:{n}" for n in range(4, 8) for side in ("before", "after")),
    "sent",
]


async def start(root: Path, url: str, point: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, str(CHILD), str(root), url, point)


async def stop(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def settled(root: Path) -> None:
    """Wait until the page is on record as sent, looking from another process's side."""
    engine = open_database(root)
    try:
        async with asyncio.timeout(20):
            while True:
                views = history.active(engine, ["performance"])
                if [one.state for view in views for one in view.deliveries] == ["sent"]:
                    return
                await asyncio.sleep(0.02)
    finally:
        engine.dispose()


@pytest.mark.parametrize("point", POINTS)
async def test_no_page_is_lost_and_at_most_the_one_in_flight_repeats(
    tmp_path: Path, receiver: Receiver, point: str
) -> None:
    first = await start(tmp_path, receiver.url, point)
    async with asyncio.timeout(30):
        assert await first.wait() == -signal.SIGKILL
    before = len(receiver.requests)
    second = await start(tmp_path, receiver.url, "never")
    try:
        await settled(tmp_path)
    finally:
        await stop(second)
    assert 1 <= len(receiver.requests) <= 2
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 1 or before == 1


async def test_death_while_the_receiver_holds_the_answer_back(tmp_path: Path, receiver: Receiver) -> None:
    receiver.script.append("hang")
    first = await start(tmp_path, receiver.url, "never")
    await receiver.wait(1)
    await stop(first)
    second = await start(tmp_path, receiver.url, "never")
    try:
        await settled(tmp_path)
    finally:
        await stop(second)
    assert [request.headers["idempotency-key"] for request in receiver.requests[1:]] == [
        receiver.requests[0].headers["idempotency-key"]
    ]
