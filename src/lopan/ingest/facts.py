"""``POST /v1/facts/{fact}``: business facts as JSON, loaded before they are acknowledged, once for each key."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qs

from lopan.config import Ingest
from lopan.connect.load import Loader, spec_of
from lopan.connect.rows import Read, block, read
from lopan.control.batches import Batch
from lopan.control.principal import Principal
from lopan.errors import LopanError, Rejected, TryAgain
from lopan.fact import Spec
from lopan.ingest.answers import CHALLENGE, Receive, Scope, Send, after, answer
from lopan.ingest.bodies import Disconnected, TooLarge, decompress, receive_body

PREFIX: Final = "/v1/facts/"
WHO = "send Authorization: Bearer TOKEN; `lopan tokens create --facts` makes one that may write facts"
MAY_NOT = "this token may not write facts; `lopan tokens create --facts` makes one that may"
MOST_WAITING = 64
"""Requests that may wait for their turn; the next one is told to come back."""

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ONCE = re.compile(r"[\x21-\x7e]{1,200}")
log = logging.getLogger(__name__)


class Conflict(LopanError):
    """The idempotency key was used before for something else, or for a batch that is still being read."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Facts:
    """An ASGI app for the paths under ``PREFIX``; ``verify`` finds whom a token stands for, ``may`` says yes or no."""

    def __init__(
        self,
        loader: Loader,
        verify: Callable[[str], Awaitable[Principal | None]],
        may: Callable[[Principal | None], bool],
        caps: Ingest,
    ) -> None:
        self._loader, self._verify, self._may, self._caps = loader, verify, may, caps
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="facts")
        self._waiting = 0

    def close(self) -> None:
        """Finish what was begun and take no more."""
        self._thread.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, the sender learns whether to send again."""
        if scope["method"] == "OPTIONS":
            await answer(send, 200, {})
            return
        if scope["method"] != "POST":
            await answer(send, 405, {"error": "send facts with POST"}, [(b"allow", b"POST, OPTIONS")])
            return
        try:
            await self._post(scope, receive, send)
        except Disconnected:
            return
        except TooLarge as error:
            await answer(send, 413, {"error": str(error)})
        except Rejected as error:
            status = 404 if error.place == "fact" else 400
            await answer(send, status, {"error": str(error), "place": error.place, "reason": error.reason})
        except Conflict as error:
            await answer(send, error.status, {"error": str(error)})
        except TryAgain as error:
            await answer(send, 503, {"error": str(error)}, after(error))
        except Exception:
            log.exception("facts can't be taken")
            await answer(send, 503, {"error": "internal error"}, after(TryAgain("", 10.0)))

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        principal = await self._who(headers.get(b"authorization", b""))
        if principal is None:
            await answer(send, 401, {"error": WHO}, CHALLENGE)
            return
        if not self._may(principal):
            await answer(send, 403, {"error": MAY_NOT})
            return
        spec = spec_of(scope["path"].removeprefix(PREFIX).rstrip("/"))
        source, once = _source(scope["query_string"]), _once(headers.get(b"idempotency-key"))
        sent = await receive_body(receive, self._caps.max_body)
        body = decompress(sent, headers.get(b"content-encoding", b"").decode("latin-1"), self._caps.max_decompressed)
        await answer(send, 200, await self._take(spec, source, once, principal.name, body))

    async def _who(self, header: bytes) -> Principal | None:
        scheme, _, secret = header.decode("latin-1").strip().partition(" ")
        return await self._verify(secret.strip()) if scheme.lower() == "bearer" else None

    async def _take(self, spec: Spec, source: str, once: str | None, by: str, body: bytes) -> dict[str, object]:
        if self._waiting >= MOST_WAITING:
            raise TryAgain("too many batches of facts are waiting", 2.0)
        self._waiting += 1
        try:
            work = partial(self._load, spec, source, once, by, body)
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        finally:
            self._waiting -= 1

    def _load(self, spec: Spec, source: str, once: str | None, by: str, body: bytes) -> dict[str, object]:
        origin = f"request {blake2b(body, digest_size=16).hexdigest()}"
        found = read(spec, body)
        with self._loader.stage(spec.name, source, origin, by, once) as (batch, stage):
            if stage is not None:
                stage.write(block(spec, found.rows))
                stage.refuse(found.refused)
        if stage is None:
            _same(batch, origin)
        return _said(batch, found)


def _said(batch: Batch, found: Read) -> dict[str, object]:
    rejected = [{"index": one.row - 1, "field": one.field, "reason": one.reason} for one in found.refused]
    return {"batch": batch.id, "accepted": len(found.rows), "rejected": rejected}


def _same(batch: Batch, origin: str) -> None:
    """Sent again: the answer is the one that the first got, if it is the same and is safe by now."""
    if batch.origin != origin:
        raise Conflict(422, "this Idempotency-Key was used for another body; use a new one")
    if batch.state in ("staging", "staged"):
        raise Conflict(409, "the batch with this Idempotency-Key is still being loaded; ask again in a second")


def _source(query: bytes) -> str:
    source = parse_qs(query.decode("latin-1")).get("source", ["api"])[-1]
    if not _SOURCE.fullmatch(source):
        raise Rejected("source", "has 1 to 64 letters, digits, dots, dashes; it owns the keys of its rows")
    return source


def _once(header: bytes | None) -> str | None:
    if header is None:
        return None
    once = header.decode("latin-1").strip()
    if not _ONCE.fullmatch(once):
        raise Rejected("Idempotency-Key", "has 1 to 200 printable characters without spaces")
    return once
