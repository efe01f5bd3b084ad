"""The intake's HTTP side, plain ASGI: route, authenticate, cap, read with an adapter, commit, answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec

from lopan.clock import Clock
from lopan.config import Ingest
from lopan.control.projects import ProjectRef
from lopan.errors import LopanError, Rejected, TryAgain
from lopan.event import Refusal
from lopan.ingest.adapters import native, sentry
from lopan.ingest.adapters.base import Payload, Reading
from lopan.ingest.answers import CHALLENGE, NO_KEY, UNKNOWN_KEY, Receive, Scope, Send, Verify, after, answer
from lopan.ingest.auth import envelope_key, find_key
from lopan.ingest.bodies import Disconnected, TooLarge, decompress, receive_body
from lopan.ingest.columns import Arrival
from lopan.ingest.intake import Intake
from lopan.ingest.quarantine import Held

log = logging.getLogger(__name__)
_SENTRY = re.compile(r"^/api/(\d{1,10})/(envelope|store)/?$")
_TUNNEL_BYTES = 1_000_000
_OVERLOADED = b"5:transaction;span;log_item;trace_metric;attachment:key"


class _Route(NamedTuple):
    protocol: str
    item: str
    number: int | None
    read: Callable[[Payload], Reading]


def route(path: str) -> _Route | None:
    """Which adapter serves a path; None = not an intake path."""
    if path == "/v1/events":
        return _Route("native", "events", None, native.read)
    match = _SENTRY.match(path)
    return _Route("sentry", match.group(2), int(match.group(1)), sentry.read) if match else None


class Endpoint:
    """An ASGI app for the paths that ``route`` knows; ``verify`` looks a key up."""

    def __init__(self, intake: Intake, verify: Verify, clock: Clock, caps: Ingest) -> None:
        self._intake = intake
        self._verify = verify
        self._clock = clock
        self._caps = caps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, the sender learns whether to send again."""
        found = route(scope["path"])
        if found is None:
            await answer(send, 404, {"error": "there is no such intake path"})
        elif scope["method"] == "OPTIONS":
            await answer(send, 200, {})
        elif scope["method"] != "POST":
            await answer(send, 405, {"error": "send events with POST"}, [(b"allow", b"POST, OPTIONS")])
        else:
            try:
                await self._post(found, scope, receive, send)
            except Disconnected:
                return
            except TooLarge as error:
                await answer(send, 413, {"error": str(error)})
            except Rejected as error:
                await answer(send, 400, {"error": str(error), "place": error.place, "reason": error.reason})
            except TryAgain as error:
                await _try_again(send, found.protocol, error)
            except LopanError as error:
                await _try_again(send, found.protocol, TryAgain(str(error), 10.0))
            except Exception:  # never a 500: clients drop what a 500 answers
                log.exception("intake failed on %s", scope["path"])
                await _try_again(send, found.protocol, TryAgain("internal error", 10.0))

    async def _post(self, found: _Route, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        sent = await receive_body(receive, self._caps.max_body)
        named = {name: value for name, value in headers if name in (b"content-encoding", b"content-type")}
        key = find_key(headers, scope["query_string"])
        if not key and found.item == "envelope" and len(sent) <= _TUNNEL_BYTES:
            key = envelope_key(self._unpack(sent, named))
        project = await self._verify(key) if key else None
        if project is None or (found.number is not None and found.number != project.id):
            await answer(send, 401, {"error": _unknown_key(key, found, project)}, CHALLENGE)
            return
        try:
            body = self._unpack(sent, named)
        except Rejected as error:
            if found.protocol != "sentry":
                raise
            await self._keep(found, project, sent, error, send)
            return
        payload = Payload(
            body=body,
            received=self._clock.now(),
            project=project.id,
            item=found.item,
            content_type=named.get(b"content-type", b"").decode("latin-1"),
        )
        await self._take(found, payload, scope["query_string"], send)

    def _unpack(self, sent: bytes, named: dict[bytes, bytes]) -> bytes:
        return decompress(sent, named.get(b"content-encoding", b"").decode("latin-1"), self._caps.max_decompressed)

    async def _keep(self, found: _Route, project: ProjectRef, sent: bytes, error: Rejected, send: Send) -> None:
        """A Sentry client never sends again: what can't even be unpacked is kept as it came."""
        now = self._clock.now()
        held = Held(now, project.id, found.protocol, "body", str(error), sent)
        await self._intake.accept(Arrival(project.id, now, []), [held])
        self._intake.count(project.id, found.protocol, quarantined=1)
        await answer(send, 200, {"id": ""})

    async def _take(self, found: _Route, payload: Payload, query: bytes, send: Send) -> None:
        reading = found.read(payload)
        events, late = reading.events, list[Refusal]()
        if b"backfill" not in query or parse_qs(query).get(b"backfill", [b"0"])[-1] in (b"0", b""):
            events, late = self._intake.in_time(reading.events, payload.received)
        held = [
            Held(payload.received, payload.project, found.protocol, unread.kind, unread.reason, unread.raw)
            for unread in reading.unread
        ]
        held += [
            Held(
                payload.received,
                payload.project,
                found.protocol,
                "event",
                f"{refusal.field} {refusal.reason}",
                msgspec.json.encode(reading.events[refusal.index]),
            )
            for refusal in late
        ]
        accepted = len(events)
        await self._intake.accept(Arrival(payload.project, payload.received, events), held)
        refused = _merge(reading.refused, late)
        self._intake.count(
            payload.project,
            found.protocol,
            accepted=accepted,
            refused=len(refused),
            quarantined=len(held),
            lost=sum(reading.lost.values()),
        )
        if found.protocol == "sentry":
            await answer(send, 200, {"id": reading.event_id})
        else:
            await answer(send, 202, {"accepted": accepted, "rejected": refused})


def _merge(refused: list[Refusal], late: list[Refusal]) -> list[Refusal]:
    """Positions of late events are among the good ones; give them their positions in the batch."""
    if not late:
        return refused
    taken = {refusal.index for refusal in refused}
    total = len(taken) + max(refusal.index for refusal in late) + 1
    good = [index for index in range(total) if index not in taken]
    moved = [Refusal(good[refusal.index], refusal.field, refusal.reason) for refusal in late]
    return sorted([*refused, *moved], key=lambda refusal: refusal.index)


def _unknown_key(key: str, found: _Route, project: ProjectRef | None) -> str:
    if not key:
        return NO_KEY
    if project is not None:
        return f"this key belongs to project {project.id}, not {found.number}; use the DSN as it was printed"
    return UNKNOWN_KEY


async def _try_again(send: Send, protocol: str, error: TryAgain) -> None:
    """503 with Retry-After; Sentry clients drop what a 5xx answers, so they get the one refusal that spares errors."""
    if protocol == "sentry":
        await answer(send, 429, {"error": str(error)}, [(b"x-sentry-rate-limits", _OVERLOADED)])
    else:
        await answer(send, 503, {"error": str(error)}, after(error))
