"""Stack traces as lines of text, innermost frame first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lopan.errors import Rejected
from lopan.ingest.sentry import lenient, wire

_MAX_FRAMES = 512
_MAX_LINE = 1_000

_threads = msgspec.json.Decoder(wire.Threads | list[wire.Thread | None] | None)


def lines(event: wire.Event, raised: wire.Raised | None) -> list[str]:
    """``function (file:line)`` a frame: of the exception, else of the thread that crashed, else of the event."""
    trace = raised.stacktrace if raised else None
    if not (trace and trace.frames):
        trace = _of_threads(event.threads) or event.stacktrace
    if not (trace and trace.frames):
        return []
    return [_line(frame) for frame in reversed(trace.frames[-_MAX_FRAMES:]) if frame is not None]


def _of_threads(raw: msgspec.Raw) -> wire.Stacktrace | None:
    if not len(memoryview(raw)):
        return None
    try:
        threads = lenient.decode(_threads, bytes(raw))
    except Rejected:
        return None
    found: Sequence[wire.Thread | None] = (threads.values if isinstance(threads, wire.Threads) else threads) or []
    traced = [thread for thread in found if thread and thread.stacktrace and thread.stacktrace.frames]
    marked = [thread for thread in traced if thread.crashed] or [thread for thread in traced if thread.current]
    if marked:
        return marked[0].stacktrace
    return traced[0].stacktrace if len(traced) == 1 else None


def _line(frame: wire.Frame) -> str:
    name = frame.function or frame.instruction_addr or "?"
    place = frame.filename or frame.module or (frame.package or "").rpartition("/")[2]
    if not place:
        return str(name)[:_MAX_LINE]
    at = f"{place}:{frame.lineno}" if frame.lineno is not None else place
    return f"{name} ({at})"[:_MAX_LINE]
