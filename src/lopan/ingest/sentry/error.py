"""Error events: what ended the app, what it survived, what blocked it, and the memory it had at that moment."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from lopan.event import Crash, Error, Event, Hang, Memory
from lopan.ingest.sentry import fields, lenient, stack, wire
from lopan.ingest.sentry.fields import Sending

_event = msgspec.json.Decoder(wire.Event)

_HANGS = frozenset({"AppHang", "ANR", "anr"})
_KILLED_FOR_MEMORY = frozenset({"watchdog_termination", "out_of_memory"})
_NATIVE = frozenset({"mach", "signal", "signalhandler", "nsexception", "cpp_exception"})
_NATIVE_PLATFORMS = frozenset({"cocoa", "native", "objc", "c"})
_METRICKIT = ("mx", "MX")
_NO_MECHANISM = wire.Mechanism()
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(?:\s+and\s+(\d+(?:\.\d+)?))?\s*(ms|milliseconds?|s|secs?|seconds?)\b")


def decode(payload: bytes) -> wire.Event:
    """The event item; raises Rejected when it is no JSON object."""
    return lenient.decode(_event, payload)


def read(event: wire.Event, sending: Sending, fallback: str) -> list[Event]:
    """One Crash, Error or Hang, and a Memory where the client measured it; ``fallback`` is the envelope's event id.

    Raises Rejected when the time is none.
    """
    identity = fields.event_id(event.event_id or fallback)
    at = fields.moment(event.timestamp, sending)
    shared = fields.common(event, identity, at)
    return [_main(event, shared), *memory(event, shared)]


def memory(event: wire.Common, shared: dict[str, Any]) -> list[Event]:
    """The physical footprint at the time of an error or transaction, when ``contexts.app.app_memory`` is there."""
    app = event.contexts.app if event.contexts else None
    if not app or not app.app_memory or app.app_memory < 0:
        return []
    own = shared | {"event_id": fields.derive(shared["event_id"], "memory")}
    return [Memory(**own, footprint_mb=fields.amount(app.app_memory / 1e6))]


def _main(event: wire.Event, shared: dict[str, Any]) -> Event:
    chain = _chain(event)
    raised = chain[-1] if chain else None
    mechanism = next((one.mechanism for one in reversed(chain) if one.mechanism), _NO_MECHANISM)
    kind = fields.word(mechanism.type)
    unhandled = _unhandled(event, chain)
    shared["attributes"] = fields.attributes(
        event, mechanism=kind, level=fields.word(event.level), handled=not unhandled if chain else None
    )
    hang = _hang_ms(raised) if raised and kind in _HANGS else None
    if raised and hang is not None:
        return _hang(raised, hang, shared)
    told: dict[str, Any] = shared | {
        "exception": fields.word(raised.type) if raised else "",
        "message": _message(event, raised),
        "frames": stack.lines(event, raised),
    }
    if kind in _KILLED_FOR_MEMORY:
        return Crash(**told, signal="OOM")
    if unhandled and not kind.startswith(_METRICKIT):
        return Crash(**told, signal=_signal(mechanism))
    return Error(**told, level=fields.word(event.level) or "error")


def _chain(event: wire.Event) -> list[wire.Raised]:
    """Exceptions, cause first; some clients leave the ``values`` around them out."""
    holder = event.exception or event.old_exception
    values = holder.values if isinstance(holder, wire.Exceptions) else holder
    return [one for one in values or () if one is not None]


def _unhandled(event: wire.Event, chain: list[wire.Raised]) -> bool:
    mechanisms = [one.mechanism for one in chain if one.mechanism]
    told = {mechanism.handled for mechanism in mechanisms}
    if False in told:
        return True
    if True in told:
        return False
    native = any(one.type in _NATIVE or one.posix_signal or one.mach_exception for one in mechanisms)
    return native or (bool(chain) and event.level == "fatal" and event.platform in _NATIVE_PLATFORMS)


def _signal(mechanism: wire.Mechanism) -> str:
    meta = mechanism.meta
    named = (
        (meta and meta.signal) or mechanism.posix_signal or (meta and meta.mach_exception) or mechanism.mach_exception
    )
    return fields.word(named.name or named.exception_name) if named else ""


def _message(event: wire.Event, raised: wire.Raised | None) -> str:
    if raised and raised.value is not None:
        return fields.word(raised.value, fields.TEXT)
    for holder in (event.logentry, event.message):
        text = (holder.formatted or holder.message) if isinstance(holder, wire.Message) else holder
        if text:
            return text[: fields.TEXT]
    return ""


def _hang_ms(raised: wire.Raised) -> float | None:
    """Milliseconds in "App hanging between 2.1 and 3.4 seconds." (their middle) or "for at least 2000 ms."."""
    match = _SPAN.search(fields.word(raised.value, fields.TEXT))
    if not match:
        return None
    low = float(match.group(1))
    high = float(match.group(2) or low)
    return fields.amount((low + high) / 2 * (1.0 if match.group(3).startswith("m") else 1_000.0))


def _hang(raised: wire.Raised, duration_ms: float, shared: dict[str, Any]) -> Hang:
    own = {"exception": fields.word(raised.type), "detail": fields.word(raised.value)}
    if "fatal" in own["exception"].lower().replace("non fatal", ""):
        own["fatal"] = "true"
    shared["attributes"] = own | (shared["attributes"] or {})
    return Hang(**shared, duration_ms=duration_ms)
