"""From the acknowledgement of an event to the first answer of the API in which a figure of today has moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

from lopan.bench.bed import Bed
from lopan.bench.probe import Probe
from lopan.demo.product import CORE, WORKFLOWS
from lopan.errors import GiveUp

PATIENCE_S = 30.0
_FLOW = next(iter(WORKFLOWS))
_NUMBERS = count(1)


class Today(NamedTuple):
    """An event that moves a figure by one, and where that figure is read."""

    event: Callable[[int], dict[str, Any]]
    read: Callable[[Bed], int]


def _dau(server: Bed) -> int:
    days = server.ask("engagement", days="7")["days"]
    return int(days[-1]["dau"])


def _adopted(server: Bed) -> int:
    features = server.ask("features")["features"]
    return next((int(one["overall"]["done"]) for one in features if one["id"] == CORE[0]), 0)


def _started(server: Bed) -> int:
    """Runs begun: whether they get through is only judged when their window is over."""
    uses = server.ask("workflows", days="7")["workflows"]
    return next(int(one["started"]) for one in uses if one["id"] == _FLOW)


FIGURES: Mapping[str, Today] = {
    "DAU": Today(lambda n: {"type": "action", "feature": "orders", "action": "opened", "user": f"dau-{n}"}, _dau),
    "adoption": Today(
        lambda n: {
            "type": "action",
            "feature": CORE[0],
            "action": "complete",
            "user": f"adopted-{n}",
            "role": "administrator",
        },
        _adopted,
    ),
    "workflow": Today(
        lambda n: {
            "type": "workflow",
            "workflow": _FLOW,
            "instance": f"run-{n}",
            "step": WORKFLOWS[_FLOW][0].name,
            "status": "completed",
            "user": f"runs-{n}",
        },
        _started,
    ),
}


def latencies(server: Bed, name: str, probes: int, gap_s: float) -> list[float]:
    """Seconds of ``probes`` events that move one figure, ``gap_s`` apart; polls follow each other without a pause."""
    today, probe, began = FIGURES[name], Probe(server), datetime.now(UTC).date()
    found: list[float] = []
    try:
        for _ in range(probes):
            time.sleep(gap_s)
            found.append(_one(server, probe, today, name))
    finally:
        probe.close()
    if datetime.now(UTC).date() != began:
        raise GiveUp("midnight of UTC passed while figures of the day were measured; run it again")
    return found


def _one(server: Bed, probe: Probe, today: Today, name: str) -> float:
    before = today.read(server)
    taken = probe.send(today.event(next(_NUMBERS)))
    while today.read(server) <= before:
        if time.monotonic() - taken > PATIENCE_S:
            raise GiveUp(f"an event was acknowledged and {name} did not move within {PATIENCE_S:.0f} s")
    return time.monotonic() - taken
