"""Authentication: from a request's cookie or bearer token to a Principal; what they may see is ``access``'s to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio.to_thread
from sqlalchemy import Engine
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from lopan.clock import SYSTEM, Clock
from lopan.control import sessions, tokens
from lopan.control.principal import Principal
from lopan.control.secret import digest
from lopan.web import csrf
from lopan.web.access import SignedOut

TRUSTED_FOR: Final = 5.0
"""Seconds that a verified secret is not looked up again: the longest that a revoked one can live on."""

_REMEMBERED = 10_000
# The database decides when a session ends; the cookie only has to outlive it. Browsers cap this at 400 days.
_COOKIE_AGE = 400 * 86_400


class Auth:
    """Who sends a request; one for the whole app, kept as ``app.state.auth``."""

    def __init__(self, engine: Engine, public_url: str = "", clock: Clock = SYSTEM) -> None:
        self.engine = engine
        self.public_url = public_url
        self.clock = clock
        self._known: dict[str, tuple[float, Principal]] = {}

    async def principal(self, request: HTTPConnection) -> Principal | None:
        """Who it is; a wrong ``Authorization`` header is nobody, even beside a good cookie."""
        header = request.headers.get("authorization")
        if header is None:
            secret = self.session(request)
            return await self._verified(secret, self._find) if secret else None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return await self.bearer(secret.strip())

    async def bearer(self, secret: str) -> Principal | None:
        """Whom an API token stands for."""
        return await self._verified(secret, self._verify)

    async def begin(self, principal: Principal, request: Request, response: Response) -> None:
        """Give ``response`` the cookie of a new session, and end the one that ``request`` came with."""
        await self._close(request)
        secret = await anyio.to_thread.run_sync(sessions.open, self.engine, principal, self.clock)
        self._set(request, response, "session", secret, _COOKIE_AGE)

    async def end(self, request: Request, response: Response) -> None:
        """End the session, here at once, and take the cookie away."""
        await self._close(request)
        self._set(request, response, "session", "", 0)

    def session(self, request: HTTPConnection) -> str:
        """The session's secret as the cookie has it, unverified; empty without one."""
        return request.cookies.get(self._cookie(request, "session"), "")

    def visit(self, request: HTTPConnection) -> str:
        """The secret that ties the log-in form to a browser that has no session yet; empty without one."""
        return request.cookies.get(self._cookie(request, "visit"), "")

    def set_visit(self, request: Request, response: Response, secret: str) -> None:
        """Remember ``secret`` in that browser for an hour; an empty one forgets it."""
        self._set(request, response, "visit", secret, 3_600 if secret else 0)

    def token(self, request: HTTPConnection) -> str:
        """The ``csrf`` field for forms on a page shown to this session; empty when signed out."""
        secret = self.session(request)
        return csrf.token(secret) if secret else ""

    async def check_form(self, request: Request) -> dict[str, str]:
        """The fields of a form posted from one of this session's own pages; raises Forged or Rejected."""
        fields = await csrf.form(request)
        csrf.check(request, fields, self.session(request), self.public_url)
        return fields

    async def _close(self, request: Request) -> None:
        if secret := self.session(request):
            await anyio.to_thread.run_sync(sessions.close, self.engine, secret)
            self._known.pop(digest(secret), None)

    async def _verified(self, secret: str, look_up: Callable[[str], Principal | None]) -> Principal | None:
        key, now = digest(secret), self.clock.monotonic()
        until, known = self._known.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        found = await anyio.to_thread.run_sync(look_up, secret)
        self._known.pop(key, None)
        if found is not None:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = (now + TRUSTED_FOR, found)
        return found

    def _find(self, secret: str) -> Principal | None:
        return sessions.find(self.engine, secret, self.clock)

    def _verify(self, secret: str) -> Principal | None:
        return tokens.verify(self.engine, secret)

    def _secure(self, request: HTTPConnection) -> bool:
        return request.url.scheme in {"https", "wss"} or self.public_url.startswith("https://")

    def _cookie(self, request: HTTPConnection, name: str) -> str:
        return f"__Host-lopan_{name}" if self._secure(request) else f"lopan_{name}"

    def _set(self, request: Request, response: Response, name: str, value: str, age: int) -> None:
        response.set_cookie(
            self._cookie(request, name),
            value,
            max_age=age,
            httponly=True,
            samesite="lax",
            secure=self._secure(request),
        )


def auth_of(request: HTTPConnection) -> Auth:
    """The one that this app was made with."""
    auth: Auth = request.app.state.auth
    return auth


async def current(request: Request) -> Principal | None:
    """FastAPI dependency: who asks, or None."""
    return await auth_of(request).principal(request)


async def signed_in(request: Request) -> Principal:
    """FastAPI dependency: who asks; raises SignedOut."""
    principal = await current(request)
    if principal is None:
        raise SignedOut
    return principal
