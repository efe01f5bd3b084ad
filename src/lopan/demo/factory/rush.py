"""What happens before the viewer's eyes while the demo runs: orders over the counter and tickets, over in minutes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from lopan.demo.factory.plant import PRODUCTS, SITES
from lopan.demo.factory.stories import ON_TIME
from lopan.demo.factory.support import DUE_H, PRIORITIES
from lopan.demo.factory.troubles import COUNTER, LATE_DELIVERIES, TICKET_FLOOD
from lopan.demo.factory.world import HOUR_MS, MIN_MS, PRICES, REGIONS, World

FILE = "factory.waiting"
ORDERS_S, TICKETS_S, FLOOD_S = 120.0, 240.0, 6.0
"""Seconds between two orders, two tickets, and two tickets of a flood, in the mean."""
_LONGEST_MS = 10 * MIN_MS


class Row(msgspec.Struct):
    """One row of a fact that is to be sent at ``at``, ms since 1970; fields are as in JSON."""

    at: int
    fact: str
    fields: dict[str, Any]


class Rush:
    """Seeded by when it began; ``due`` is asked with a time that only grows. What is not over survives a restart."""

    def __init__(self, world: World, root: Path, now: int) -> None:
        self._world, self._path, self._upto = world, root / FILE, now
        self._began = now
        self._rng = world.rng("rush", now)
        self._count = 0
        self._waiting = self._read()

    def due(self, now: int, troubles: Collection[str] = ()) -> list[Row]:
        """Rows up to ``now``, the oldest first; after a pause of the machine those of ten minutes at most."""
        seconds = min(now - self._upto, _LONGEST_MS) / 1000
        self._upto = now
        for _ in range(self._rng.poisson(seconds / ORDERS_S)):
            self._waiting += self._order(now, LATE_DELIVERIES in troubles)
        flood = TICKET_FLOOD in troubles
        for _ in range(self._rng.poisson(seconds / (FLOOD_S if flood else TICKETS_S))):
            self._waiting += self._ticket(now, flood)
        sent = sorted((row for row in self._waiting if row.at <= now), key=attrgetter("at"))
        self._waiting = [row for row in self._waiting if row.at > now]
        return sent

    def keep(self) -> None:
        """Write down what is not over yet."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.msgpack.encode(self._waiting))
        fresh.replace(self._path)

    def _read(self) -> list[Row]:
        try:
            return msgspec.msgpack.decode(self._path.read_bytes(), type=list[Row])
        except (FileNotFoundError, msgspec.MsgspecError):
            return []

    def _named(self) -> str:
        self._count += 1
        return f"{self._began // 1000}-{self._count}"

    def _order(self, now: int, late: bool) -> list[Row]:
        """A few pieces that the customer waits for: placed now, promised soon, handed over."""
        rng, world = self._rng, self._world
        customer, product = int(rng.choice(len(world.names), p=world.share)), int(rng.integers(len(PRODUCTS)))
        promised = now + round(float(rng.uniform(15, 30)) * MIN_MS)
        missed = rng.random() < (0.8 if late else 1 - ON_TIME)
        delivered = promised + round(float(rng.uniform(5, 45) if missed else rng.uniform(-12, -1)) * MIN_MS)
        pieces = int(rng.integers(1, 30))
        currency = str(world.currency[customer])
        named = f"{COUNTER}{self._named()}"
        placed = {
            "key": named,
            "order": named,
            "line": "1",
            "customer": str(world.names[customer]),
            "product": PRODUCTS[product].name,
            "site": SITES[int(world.region[customer])].code,
            "region": REGIONS[int(world.region[customer])],
            "placed": moment(now),
            "requested": moment(promised),
            "first_promised": moment(promised),
            "promised": moment(promised),
            "ordered": pieces,
            "amount": round(pieces * PRODUCTS[product].price * PRICES[currency], 2),
            "currency": currency,
        }
        handed = {"shipped": moment(delivered), "delivered": moment(delivered), "delivered_quantity": pieces}
        return [
            Row(now, "order_line", placed | {"modified": moment(now)}),
            Row(delivered, "order_line", placed | handed | {"modified": moment(delivered)}),
        ]

    def _ticket(self, now: int, flood: bool) -> list[Row]:
        """Opened, answered, solved; in a flood nobody gets to answer."""
        rng, world = self._rng, self._world
        customer = int(rng.choice(len(world.names), p=world.share))
        priority = int(rng.integers(2, 4)) if flood else int(rng.integers(0, 3))
        named = f"TC-{self._named()}"
        common = {
            "ticket": named,
            "customer": str(world.names[customer]),
            "priority": PRIORITIES[priority],
            "category": "delivery" if flood else "how to",
            "channel": "portal",
            "due": moment(now + int(DUE_H[priority]) * HOUR_MS),
        }
        responded = now + round(float(rng.uniform(2, 9)) * MIN_MS)
        resolved = responded + round(float(rng.uniform(5, 40)) * MIN_MS)
        steps = [("opened", now)] if flood else [("opened", now), ("responded", responded), ("resolved", resolved)]
        return [
            Row(
                at,
                "ticket_event",
                common | {"key": f"{named}-{event}", "event": event, "at": moment(at), "modified": moment(at)},
            )
            for event, at in steps
        ]


def moment(ms: int) -> str:
    """Ms since 1970 as the time that facts take."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
