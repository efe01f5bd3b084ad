"""The business over the wire: what came to be or changed goes to ``/v1/facts``, and again when it was not taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import httpx
import msgspec

from lopan.demo.factory.rush import Rush, moment
from lopan.demo.factory.telling import SOURCE, TELLERS, told
from lopan.demo.factory.troubles import Troubles
from lopan.demo.factory.world import World
from lopan.errors import GiveUp
from lopan.fact import SPECS

TICK_S = 15.0
_BATCH = 500
_RETRY_S = 5.0
_RARE = ("site", "account", "market_account", "rollout_cost", "saving", "cost", "contract", "fx_rate", "shift")
"""Told once an hour: whether there is anything costs more to find out than it changes."""
_RARE_MS = 3_600_000

Rows = dict[str, list[dict[str, Any]]]


async def live(
    url: str,
    token: str,
    world: World,
    root: Path,
    since: int,
    on: Callable[[], Collection[str]],
    sent: Callable[[int], None],
) -> None:
    """Send for ever what happens after ``since`` (ms since 1970); ``sent`` hears up to when all of it was taken.

    ``on`` names the troubles of the moment. Raises GiveUp when the server refuses the token or a row.
    """
    rush, troubles, rarely = Rush(world, root, time.time_ns() // 1_000_000), Troubles(root), since
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30.0) as client:
        while True:
            now = time.time_ns() // 1_000_000
            rare = now - rarely >= _RARE_MS
            rows = await asyncio.to_thread(_told, world, since, now, rarely if rare else None)
            current = on()
            for row in rush.due(now, current):
                rows.setdefault(row.fact, []).append(row.fields)
            rows = troubles.altered(rows, current, moment(now))
            for fact, found in rows.items():
                await _post(client, fact, found)
            since, rarely = now, now if rare else rarely
            rush.keep()
            troubles.keep()
            sent(rarely)
            await asyncio.sleep(TICK_S)


def _told(world: World, since: int, now: int, rarely: int | None) -> Rows:
    rows: Rows = {}
    for fact in TELLERS:
        start = rarely if fact in _RARE else since
        if start is not None:
            found = [plain(fact, row) for block in told(world, fact, start, now) for row in block.to_pylist()]
            if found:
                rows[fact] = found
    return rows


def plain(fact: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a block as JSON has it: what is unknown is left out, times are text, flags true or false."""
    kept = {name: value for name, value in row.items() if value is not None and name != "deleted"}
    kept |= {one.name: bool(kept[one.name]) for one in SPECS[fact].columns if one.kind == "flag" and one.name in kept}
    made: dict[str, Any] = msgspec.to_builtins(kept)
    return made


async def _post(client: httpx.AsyncClient, fact: str, rows: list[dict[str, Any]]) -> None:
    """Until all were taken; rows have keys and versions, so that a repeat is harmless."""
    for first in range(0, len(rows), _BATCH):
        body = msgspec.json.encode(rows[first : first + _BATCH])
        while True:
            if await _taken(client, fact, body):
                break
            await asyncio.sleep(_RETRY_S)


async def _taken(client: httpx.AsyncClient, fact: str, body: bytes) -> bool:
    try:
        answer = await client.post(f"/v1/facts/{fact}", params={"source": SOURCE}, content=body)
    except httpx.TransportError:
        return False
    if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return False
    if answer.status_code != httpx.codes.OK or answer.json()["rejected"]:
        raise GiveUp(f"the server answers {answer.status_code} to the demo's {fact}: {answer.text[:300]}")
    return True
