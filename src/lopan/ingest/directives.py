"""``GET /v1/directives``: what an installation of the app is to show or do now, with an ETag to ask again cheaply."""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qsl

from lopan.control.targets import Client
from lopan.errors import Rejected, TryAgain
from lopan.ingest.answers import (
    CHALLENGE,
    NO_KEY,
    UNKNOWN_KEY,
    Receive,
    Scope,
    Send,
    Verify,
    after,
    answer,
    unchanged,
)
from lopan.ingest.auth import find_key
from lopan.ingest.current import Current

PATH: Final = "/v1/directives"

log = logging.getLogger(__name__)
_LONGEST: Final = 200
_PARAMETERS: Final = frozenset(Client.__struct_fields__)
# A kill switch must not wait behind a cache: clients keep the answer, and ask whether it still holds.
_CACHE = [(b"cache-control", b"private, no-cache"), (b"vary", b"authorization, x-sentry-auth")]


class Directives:
    """An ASGI app for ``PATH``; ``verify`` looks a key up."""

    def __init__(self, current: Current, verify: Verify) -> None:
        self._current = current
        self._verify = verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; 401 and 400 say what to send instead, 503 when."""
        try:
            if scope["method"] == "OPTIONS":
                await answer(send, 200, {})
            elif scope["method"] != "GET":
                await answer(send, 405, {"error": "ask for directives with GET"}, [(b"allow", b"GET, OPTIONS")])
            else:
                await self._get(scope, send)
        except Rejected as error:
            await answer(send, 400, {"error": str(error), "place": error.place, "reason": error.reason})
        except TryAgain as error:
            await answer(send, 503, {"error": str(error)}, after(error))
        except Exception:
            log.exception("directives can't be told")
            await answer(send, 503, {"error": "internal error"}, after(TryAgain("", 10.0)))

    async def _get(self, scope: Scope, send: Send) -> None:
        key = find_key(scope["headers"], scope["query_string"])
        project = await self._verify(key) if key else None
        if project is None:
            await answer(send, 401, {"error": UNKNOWN_KEY if key else NO_KEY}, CHALLENGE)
            return
        body = self._current.told(project.id, read_client(scope["query_string"]))
        tag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        headers = [(b"etag", tag), *_CACHE]
        if _knows(scope["headers"], tag):
            await unchanged(send, headers)
        else:
            await answer(send, 200, body, headers)


def read_client(query: bytes) -> Client:
    """What a query string says of the asker; names that are not known are ignored, of equal ones the last counts.

    Raises Rejected naming the parameter.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Rejected("query", "is not URL-encoded UTF-8 of at most 50 parameters") from None
    said = {name: value for name, value in pairs if name in _PARAMETERS}
    for name, value in said.items():
        if len(value) > _LONGEST:
            raise Rejected(name, f"has at most {_LONGEST} characters, not {len(value):,}")
    return Client(**said)


def _knows(headers: list[tuple[bytes, bytes]], tag: bytes) -> bool:
    """Whether ``If-None-Match`` names the tag; a proxy that compresses makes it weak, which is fine here (RFC 9110)."""
    for name, value in headers:
        if name == b"if-none-match":
            tags = [one.strip().removeprefix(b"W/") for one in value.split(b",")]
            if tag in tags or tags == [b"*"]:
                return True
    return False
