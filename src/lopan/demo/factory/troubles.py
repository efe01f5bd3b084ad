"""Troubles of the business that can be switched on while the demo runs."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import msgspec

from lopan.demo.factory.plant import SITES, unit

MACHINE_DOWN: Final = "machine_down"
LATE_DELIVERIES: Final = "late_deliveries"
TICKET_FLOOD: Final = "ticket_flood"
TROUBLES: Final = {
    MACHINE_DOWN: "JUR-M1 stands still, for a main drive that is broken, until the scenario ends.",
    LATE_DELIVERIES: "Nothing that is due leaves the sites, and four in five orders over the counter are late.",
    TICKET_FLOOD: "Ten tickets a minute, of high and critical priority, that nobody answers.",
}
"""What each does."""

FILE = "factory.troubles"
COUNTER: Final = "SC-"
"""How the keys of orders over the counter begin."""

_SITE = SITES[-1]
_UNIT, _REASON = unit(_SITE, 0), "main drive"

Fields = dict[str, Any]
Rows = dict[str, list[Fields]]


class Kept(msgspec.Struct):
    """What is to be put right when a trouble ends: since when the unit stands, and the lines held back by key."""

    down: str = ""
    held: dict[str, Fields] = {}


class Troubles:
    """Alters rows on their way out; rows are JSON objects by fact. What is to be put right survives a restart."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE
        self._kept = Kept()
        with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):
            self._kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)

    def altered(self, rows: Rows, on: Collection[str], now: str) -> Rows:
        """The rows to send at ``now`` (ISO 8601), of which some are held back until the trouble is over."""
        states = self._states(rows.get("work_unit_state", []), MACHINE_DOWN in on, now)
        lines = self._lines(rows.get("order_line", []), LATE_DELIVERIES in on, now)
        return rows | {"work_unit_state": states, "order_line": lines}

    def keep(self) -> None:
        """Write down what is to be put right."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._kept))
        fresh.replace(self._path)

    def _states(self, states: list[Fields], on: bool, now: str) -> list[Fields]:
        """One state without an end, which comes before whatever else the unit is said to do; later it has one."""
        began = self._kept.down
        self._kept.down = (began or now) if on else ""
        others = [row for row in states if row["work_unit"] != _UNIT] if on else states
        if on == bool(began):
            return others
        broken = {
            "key": f"{_UNIT}-{began or now}",
            "modified": now,
            "work_unit": _UNIT,
            "site": _SITE.code,
            "started": began or now,
            "state": "down",
            "reason": _REASON,
        }
        return [*others, broken if on else broken | {"ended": now}]

    def _lines(self, lines: list[Fields], on: bool, now: str) -> list[Fields]:
        """What would leave or arrive stays, and does so when it is over."""
        held = self._kept.held
        if on:
            held |= {row["key"]: row for row in lines if _leaves(row)}
            return [row for row in lines if row["key"] not in held]
        freed = [_now(row, now) for row in held.values()]
        held.clear()
        return [*lines, *freed]


def _leaves(row: Fields) -> bool:
    """Whether a line of the planned business is on its way or there; what is cancelled or not yet sent is not."""
    return bool(row.get("shipped")) and not row["key"].startswith(COUNTER)


def _now(row: Fields, now: str) -> Fields:
    """A line held back, with ``now`` in the place of the times that have passed."""
    return row | {"modified": now} | {name: now for name in ("shipped", "delivered", "claimed") if row.get(name)}
