"""The fleet over the wire: what falls due goes to ``/v1/events`` in small requests, and again when it was not taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

from lopan.demo import scenarios
from lopan.demo.native import Event
from lopan.demo.traffic import Traffic
from lopan.errors import GiveUp

TICK_S = 0.5
_BATCH = 500
_MOST = 50_000
_RETRY_S = 1.0


async def live(url: str, key: str, traffic: Traffic, root: Path, sent: Callable[[int], None]) -> None:
    """Send for ever; ``sent`` hears the time (ms since 1970) up to which everything has been taken.

    Raises GiveUp when the server refuses the key or an event: the simulator and the server would not fit together.
    """
    waiting: list[Event] = []
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=10.0) as client:
        while True:
            now = time.time_ns() // 1_000_000
            waiting = (waiting + traffic.due(now, scenarios.active(root) & scenarios.SCENARIOS.keys()))[-_MOST:]
            if await _post(client, waiting):
                waiting = []
                sent(now)
                await asyncio.sleep(TICK_S)
            else:
                await asyncio.sleep(_RETRY_S)


async def _post(client: httpx.AsyncClient, events: list[Event]) -> bool:
    """Whether all were taken; a server that is away or full is not an error, repeats of an event are harmless."""
    for first in range(0, len(events), _BATCH):
        try:
            answer = await client.post("/v1/events", content=msgspec.json.encode(events[first : first + _BATCH]))
        except httpx.TransportError:
            return False
        if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return False
        if answer.status_code != httpx.codes.ACCEPTED:
            raise GiveUp(f"the server answers {answer.status_code} to the demo's events: {answer.text[:200]}")
        refused = msgspec.json.decode(answer.content)["rejected"]
        if refused:
            raise GiveUp(f"the server refuses a simulated event: {refused[0]}")
    return True
