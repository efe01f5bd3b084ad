"""Requests made beforehand, so that sending costs next to nothing: only ids change from one round to the next."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pyarrow as pa

from lopan.demo import history
from lopan.demo.fleet import fleet
from lopan.demo.native import Event, moment, timed

BATCH = 500
TEMPLATES = 80
ENVELOPE_BYTES = 4_800
_ROUND = b"RRRRRRRR"
_DROPPED = ("install", "environment", "build", "customer")
_SPREAD_MS = 60_000
_DAY = datetime(2026, 11, 19, tzinfo=UTC)

KPIS = ("app_launch_time", "scroll_frame_rate", "memory_usage")
"""What is counted to know that everything is queryable: each event type with a KPI of its own."""


class Body(NamedTuple):
    """A request body with room for a round number in each id, and how many samples it adds to each KPI."""

    text: bytes
    events: int
    counts: Counter[str]

    def round(self, number: int) -> bytes:
        """The body with ids that no other round has."""
        return self.text.replace(_ROUND, b"%08x" % number)


def native(count: int = TEMPLATES, batch: int = BATCH) -> list[Body]:
    """Batches of a realistic fleet's mixed events, about 300 bytes each, from the last minute."""
    events = _fleet_events(count * batch)
    now = time.time_ns() // 1_000_000
    random = Random(5)  # noqa: S311
    for event in events:
        for name in _DROPPED:
            event.pop(name, None)
        for name in ("event_id", "session"):
            event[name] = _ROUND.decode() + UUID(event[name]).hex[8:]
        event["time"] = moment(now - random.randrange(_SPREAD_MS))
        if "started" in event:
            event["started"] = event["time"]
    return [_body(events[first : first + batch]) for first in range(0, len(events), batch)]


def expected(bodies: list[Body]) -> dict[str, int]:
    """Samples that the bodies add to each KPI of ``KPIS``."""
    total = sum((body.counts for body in bodies), Counter[str]())
    return {kpi: total[kpi] for kpi in KPIS}


def envelope(random: Random, now: float) -> bytes:
    """A gzipped Sentry envelope with one error of 4.8 KB; its memory context makes it countable as a sample."""
    event_id = f"{random.getrandbits(128):032x}"
    event = _error(random, event_id, now)
    short = ENVELOPE_BYTES - len(msgspec.json.encode(event)) - 180
    event["breadcrumbs"]["values"][0]["message"] = "x" * max(short, 1)
    payload = msgspec.json.encode(event)
    sent = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    head = msgspec.json.encode(
        {"event_id": event_id, "sent_at": sent, "sdk": {"name": "sentry.cocoa", "version": "8.57.0"}}
    )
    item = msgspec.json.encode({"type": "event", "content_type": "application/json", "length": len(payload)})
    packer = zlib.compressobj(1, wbits=31)
    return packer.compress(b"\n".join((head, item, payload))) + packer.flush()


def _fleet_events(count: int) -> list[Event]:
    """A day's events in the order of their time: types mixed as they come."""
    people = fleet(5, _DAY.date(), history.people_for(history.EVENTS))
    records = history.records(people, _DAY, _DAY + timedelta(days=1), density=2.0)
    table = pa.concat_tables([pa.Table.from_batches([record]) for record in records], promote_options="default")
    events = sorted(timed(table))
    return [drawn.event for drawn in islice(events, len(events) // 3, len(events) // 3 + count)]


def _body(events: list[Event]) -> Body:
    counts = Counter(kpi for event in events if (kpi := _kpi(event)))
    return Body(msgspec.json.encode(events), len(events), counts)


def _kpi(event: Event) -> str:
    match event["type"]:
        case "app_launch" if event["kind"] == "cold":
            return "app_launch_time"
        case "frame_stats" if event["scrolling"]:
            return "scroll_frame_rate"
        case "memory":
            return "memory_usage"
    return ""


def _error(random: Random, event_id: str, now: float) -> dict[str, Any]:
    frames = [
        {
            "function": f"OrderStore.apply(_:step{i}:)",
            "filename": f"Orders/Store/OrderStore+Step{i}.swift",
            "module": "Fleet",
            "lineno": 40 + 7 * i,
            "in_app": i % 3 != 0,
            "instruction_addr": f"0x{0x100000000 + 64 * i:x}",
        }
        for i in range(14)
    ]
    mechanism = {"type": "NSException", "handled": False}
    value = {"type": "NSRangeException", "value": "index 7 beyond bounds [0 .. 6]", "mechanism": mechanism}
    crumbs = [
        {"timestamp": now - i, "category": "ui.click", "type": "user", "level": "info", "message": f"Order row {i}"}
        for i in range(10)
    ]
    return {
        "event_id": event_id,
        "timestamp": now,
        "platform": "cocoa",
        "level": "fatal",
        "release": "fleet@2.3.0+341",
        "environment": "production",
        "user": {"id": f"u{random.randrange(1, 3600):05d}"},
        "tags": {"role": "salesperson"},
        "contexts": {
            "app": {
                "app_memory": 128_000_000 + random.randrange(20_000_000),
                "app_version": "2.3.0",
                "app_build": "341",
            },
            "device": {"model": "iPhone15,2", "family": "iPhone", "arch": "arm64e"},
            "os": {"name": "iOS", "version": "19.1"},
        },
        "exception": {"values": [value | {"stacktrace": {"frames": frames}}]},
        "breadcrumbs": {"values": crumbs},
    }
