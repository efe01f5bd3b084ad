"""Answers of the intake: small JSON, and the headers that let a web page on any origin send and ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from lopan.control.projects import ProjectRef
from lopan.errors import TryAgain

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Verify = Callable[[str], Awaitable[ProjectRef | None]]
Headers = list[tuple[bytes, bytes]]

CHALLENGE: Headers = [(b"www-authenticate", b"Bearer")]
NO_KEY = "no key: send Authorization: Bearer KEY, or use the DSN that `lopan keys create` printed"
UNKNOWN_KEY = "unknown or revoked key; `lopan keys create` makes a new one"

_JSON = (b"content-type", b"application/json")
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, content-encoding, if-none-match, x-sentry-auth, sentry-trace, baggage, "
        b"authentication",
    ),
    (b"access-control-expose-headers", b"etag, x-sentry-error, x-sentry-rate-limits, retry-after"),
    (b"access-control-max-age", b"3600"),
]


async def answer(send: Send, status: int, body: object, headers: Headers | None = None) -> None:
    """Send ``body`` as JSON; bytes are JSON already."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    length = (b"content-length", str(len(data)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [_JSON, length, *_CORS, *(headers or ())]})
    await send({"type": "http.response.body", "body": data})


async def unchanged(send: Send, headers: Headers) -> None:
    """304: what the client has is still true."""
    await send({"type": "http.response.start", "status": 304, "headers": [*_CORS, *headers]})
    await send({"type": "http.response.body", "body": b""})


def after(error: TryAgain) -> Headers:
    """The Retry-After of a 503."""
    return [(b"retry-after", str(max(1, round(error.retry_after))).encode())]
