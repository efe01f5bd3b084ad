"""Transactions: launches, frames, memory and requests out of them; spans that measure none of these are let go."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from lopan.errors import Rejected
from lopan.event import AppLaunch, Event, FrameStats, Network
from lopan.ingest.sentry import error, fields, lenient, wire
from lopan.ingest.sentry.fields import Sending

Kind = Literal["cold", "warm", "hot", "prewarmed"]

_transaction = msgspec.json.Decoder(wire.Transaction)
_TO_MS = {"nanosecond": 1e-6, "microsecond": 1e-3, "millisecond": 1.0, "second": 1e3, "minute": 6e4}
_START = "app.vitals.start."
_LONGEST = 86_400.0
_MAX_SPANS = 1_000
_STATUS = ("http.response.status_code", "http.status_code", "status_code")
_ID = re.compile(r"\d+|[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def read(payload: bytes, sending: Sending, fallback: str) -> list[Event]:
    """Every figure of a transaction; none is no fault. Raises Rejected when it is no JSON or its times are none."""
    transaction = lenient.decode(_transaction, payload)
    identity = fields.event_id(transaction.event_id or fallback)
    end = fields.moment(transaction.timestamp, sending)
    start = fields.moment(transaction.start_timestamp, sending, default=end)
    trace = (transaction.contexts and transaction.contexts.trace) or wire.Trace()
    shared = fields.common(transaction, identity, end)
    shared["attributes"] = fields.attributes(transaction, op=fields.word(trace.op))
    if trace.op == "ui.load" and transaction.transaction:
        shared["screen"] = fields.word(transaction.transaction)
    data = trace.data or {}
    return [
        *_launch(transaction, data, shared),
        *_frames(transaction, data, shared, (end - start).total_seconds()),
        *error.memory(transaction, shared),
        *_requests(transaction, shared, sending),
    ]


def _launch(transaction: wire.Transaction, data: dict[str, Any], shared: dict[str, Any]) -> list[Event]:
    own = shared | {"event_id": fields.derive(shared["event_id"], "launch")}
    app = transaction.contexts.app if transaction.contexts else None
    told = fields.word(app.start_type) if app else ""
    kinds: tuple[Kind, Kind] = ("cold", "warm")
    for kind in kinds:
        value = _milliseconds(transaction, f"app_start_{kind}")
        if value is not None:
            return [AppLaunch(**own, kind="prewarmed" if "prewarmed" in told else kind, duration_ms=value)]
    for kind in kinds:
        value = _number(data.get(f"{_START}{kind}.value"))
        if value is None and data.get(f"{_START}type") == kind:
            value = _number(data.get(f"{_START}value"))
        if value is not None:
            own["screen"] = fields.word(data.get(f"{_START}screen")) or own["screen"]
            prewarmed = data.get(f"{_START}prewarmed") in (True, "true") or "prewarmed" in told
            return [AppLaunch(**own, kind="prewarmed" if prewarmed else kind, duration_ms=fields.amount(value))]
    return []


def _frames(
    transaction: wire.Transaction, data: dict[str, Any], shared: dict[str, Any], duration_s: float
) -> list[Event]:
    """Frames drawn while the transaction lasted, which need not be scrolling: they are kept apart from it."""
    total = _measured(transaction, "frames_total")
    if not total or not 0 < duration_s <= _LONGEST:
        return []
    own = shared | {"event_id": fields.derive(shared["event_id"], "frames")}
    return [
        FrameStats(
            **own,
            duration_s=duration_s,
            frames=fields.count(total),
            slow=fields.count(_measured(transaction, "frames_slow")),
            frozen=fields.count(_measured(transaction, "frames_frozen")),
            hitch_ms=fields.amount((_number(data.get("frames.delay")) or 0.0) * 1_000),
            scrolling=False,
        )
    ]


def _requests(transaction: wire.Transaction, shared: dict[str, Any], sending: Sending) -> list[Event]:
    events: list[Event] = []
    for index, span in enumerate((transaction.spans or [])[:_MAX_SPANS]):
        if span is not None and span.op == "http.client":
            request = _request(span, index, shared, sending)
            if request is not None:
                events.append(request)
    return events


def _request(span: wire.Span, index: int, shared: dict[str, Any], sending: Sending) -> Network | None:
    """None unless the span has a host, a status and two times: without a status nobody knows how it went."""
    data = span.data or {}
    method, _, address = (span.description or "").partition(" ")
    parts = _split(data.get("url") or data.get("http.url") or data.get("url.full") or address)
    host = fields.word(parts[0] or data.get("server.address"))
    status = _status(span, data)
    if not host or status is None or span.start_timestamp is None or span.timestamp is None:
        return None
    try:
        start, end = fields.moment(span.start_timestamp, sending), fields.moment(span.timestamp, sending)
    except Rejected:
        return None
    return Network(
        **_own(shared, span.span_id or str(index), end),
        host=host,
        route=parts[1],
        method=fields.word(data.get("http.request.method") or data.get("http.method") or method).upper(),
        status=status,
        duration_ms=fields.amount((end - start).total_seconds() * 1_000),
    )


def _own(shared: dict[str, Any], name: str, at: datetime) -> dict[str, Any]:
    return shared | {"event_id": fields.derive(shared["event_id"], f"span/{name}"), "time": at}


def _split(url: object) -> tuple[str, str]:
    """Host and route of a URL; numbers and ids in the path become ``{id}``, so that routes can be grouped."""
    try:
        parts = urlsplit(fields.word(url, 2_000))
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    route = "/".join("{id}" if _ID.fullmatch(step) else step for step in parts.path.split("/"))
    return fields.word(host), fields.word(route)


def _status(span: wire.Span, data: dict[str, Any]) -> int | None:
    tagged = dict(fields.tags(span.tags))
    for name in _STATUS:
        value = _number(data.get(name, tagged.get(name)))
        if value is not None and 0 <= value <= 999:
            return int(value)
    return None


def _measured(transaction: wire.Transaction, name: str) -> float | None:
    measurement = (transaction.measurements or {}).get(name)
    return measurement.value if measurement else None


def _milliseconds(transaction: wire.Transaction, name: str) -> float | None:
    measurement = (transaction.measurements or {}).get(name)
    if not measurement or measurement.value is None:
        return None
    return fields.amount(measurement.value * _TO_MS.get(measurement.unit or "", 1.0))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= fields.LARGEST_AMOUNT else None
