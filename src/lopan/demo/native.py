"""Simulated rows as a client would send them: native JSON events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

Event = dict[str, Any]

_SERVER_ONLY = {"project", "received"}
_IDS = {"event_id", "session"}
_MOMENTS = {"time", "started"}
_IN_MS = {"app_launch", "hang", "network"}


_HOUR_MS = 3_600_000


class Timed(msgspec.Struct, frozen=True, order=True):
    """An event and when its client sends it, in ms since 1970: at once, or whole hours later when it was offline."""

    at: int
    number: int
    event: Event


def timed(table: pa.Table, first: int = 0) -> list[Timed]:
    """Events of a table whose types come one after the other; ``first`` begins the numbers that order equal times."""
    runs = pc.run_end_encode(table.column("type").combine_chunks())
    events: list[Timed] = []
    start = 0
    for end in runs.run_ends.to_pylist():
        events.extend(_timed(table.slice(start, end - start), first + start))
        start = end
    return events


def _timed(table: pa.Table, first: int) -> list[Timed]:
    names = [name for name in table.column_names if name not in _SERVER_ONLY]
    filled = table.select([name for name in names if table.column(name).null_count < len(table)])
    for i, field in enumerate(filled.schema):
        if pa.types.is_timestamp(field.type):
            filled = filled.set_column(i, field.name, filled.column(i).cast(pa.int64()))
    sent = pc.add(table.column("time").cast(pa.int64()), _waited(table)).to_pylist()
    return [Timed(at, first + i, native(row)) for i, (at, row) in enumerate(zip(sent, filled.to_pylist(), strict=True))]


def _waited(table: pa.Table) -> pa.Array:
    took = pc.subtract(table.column("received").cast(pa.int64()), table.column("time").cast(pa.int64()))
    return pc.multiply(pc.divide(took, _HOUR_MS), _HOUR_MS)


def native(row: dict[str, Any]) -> Event:
    """One row under the names, units and texts of the native protocol; times in ``row`` are ms since 1970."""
    kind = row["type"]
    event: Event = {name: value for name, value in row.items() if value is not None}
    for name in _IDS & event.keys():
        event[name] = str(UUID(bytes=event[name]))
    for name in _MOMENTS & event.keys():
        event[name] = moment(event[name])
    if kind in _IN_MS:
        event["duration_ms"] = round(event.pop("duration_s") * 1000, 3)
    if kind == "frame_stats":
        event["scrolling"] = event.pop("kind") == "scrolling"
    if kind == "network":
        event["status"] = event.pop("status_code")
    if "stack" in event:
        event["frames"] = event.pop("stack").splitlines()
    return event


def moment(at: int) -> str:
    """RFC 3339 in UTC with milliseconds, of ms since 1970."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at % 1000:03d}Z"
