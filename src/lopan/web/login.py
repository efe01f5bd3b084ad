"""Signing in and out: the only pages that are shown to everybody."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import anyio
import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.control import users
from lopan.control.principal import Principal
from lopan.control.secret import digest
from lopan.web import csrf
from lopan.web.auth import Auth
from lopan.web.throttle import Throttle, network

Render = Callable[[Request, str, Mapping[str, object], int], Response]
"""Makes a page of a request, a template's name, its context and the HTTP status."""

_WINDOW = 900.0
_PER_EMAIL = 10
_PER_ADDRESS = 50
_WRONG = "That e-mail and password do not belong together."
_STALE = "This form was too old. Please try again."


class Login:
    """The routes ``/login`` and ``/logout``; ``login.html`` gets ``error``, ``next``, ``email`` and ``csrf``.

    Ten wrong passwords for one e-mail, or fifty from one address, close the door to it for 15 minutes.
    """

    def __init__(self, auth: Auth, render: Render) -> None:
        self._auth = auth
        self._render = render
        self._emails = Throttle(_PER_EMAIL, _WINDOW, auth.clock)
        self._addresses = Throttle(_PER_ADDRESS, _WINDOW, auth.clock)
        # Argon2 takes 64 MB and 50 ms of a core each: a queue, so that a flood can't take the machine.
        self._hashing = anyio.CapacityLimiter(2)

    def router(self) -> APIRouter:
        """To be included in the app, which holds the same Auth."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/login", self.show, methods=["GET"], response_model=None)
        router.add_api_route("/login", self.sign_in, methods=["POST"], response_model=None)
        router.add_api_route("/logout", self.sign_out, methods=["POST"], response_model=None)
        return router

    async def show(self, request: Request) -> Response:
        """The form, or straight on to where ``next`` says for those who are signed in already."""
        after = safe_next(request.query_params.get("next", ""))
        if await self._auth.principal(request) is not None:
            return RedirectResponse(after, 303)
        return self._form(request, after)

    async def sign_in(self, request: Request) -> Response:
        """A session and 303 to ``next``; the form again with 403 (wrong or stale) or 429 (too often, Retry-After)."""
        fields = await csrf.form(request)
        after, email = safe_next(fields.get("next", "")), fields.get("email", "")
        try:
            csrf.check(request, fields, self._auth.visit(request), self._auth.public_url)
        except csrf.Forged:
            return self._form(request, after, email, _STALE, 403)
        keys = digest(email.strip().lower()), network(request.client.host if request.client else "")
        if (wait := max(self._emails.wait(keys[0]), self._addresses.wait(keys[1]))) > 0:
            return self._closed(request, after, email, wait)
        principal = await self._check(keys, email, fields.get("password", ""))
        if principal is None:
            return self._form(request, after, email, _WRONG, 403)
        response = RedirectResponse(after, 303)
        await self._auth.begin(principal, request, response)
        self._auth.set_visit(request, response, "")
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session and show the form; raises Forged for a form that was not ours."""
        await self._auth.check_form(request)
        response = RedirectResponse("/login", 303)
        await self._auth.end(request, response)
        return response

    async def _check(self, keys: tuple[str, str], email: str, password: str) -> Principal | None:
        # Counted before the answer is known: parallel guesses must not all pass the door while it is open.
        self._emails.fail(keys[0])
        self._addresses.fail(keys[1])
        principal = await anyio.to_thread.run_sync(
            users.check, self._auth.engine, email, password, limiter=self._hashing
        )
        if principal is not None:
            self._emails.clear(keys[0])
            self._addresses.forgive(keys[1])
        return principal

    def _closed(self, request: Request, after: str, email: str, wait: float) -> Response:
        minutes = math.ceil(wait / 60)
        error = f"Too many wrong passwords. Please try again in {minutes} minute{'s' if minutes > 1 else ''}."
        response = self._form(request, after, email, error, 429)
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response

    def _form(self, request: Request, after: str, email: str = "", error: str = "", status: int = 200) -> Response:
        visit = self._auth.visit(request) or secrets.token_urlsafe(32)
        context = {"error": error, "next": after, "email": email, "csrf": csrf.token(visit)}
        response = self._render(request, "login.html", context, status)
        self._auth.set_visit(request, response, visit)
        return response


def safe_next(target: str) -> str:
    """``target`` when it is a path of this site, else ``/``: a log-in link must not lead elsewhere."""
    printable = target.isprintable() and "\\" not in target and len(target) <= 2_000
    if not printable or not target.startswith("/") or target.startswith("//"):
        return "/"
    return "/" if urlsplit(target).path in {"/login", "/logout"} else target


def login_address(request: Request) -> str:
    """Where to send a signed-out visitor of a page, so that they come back to it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/login?" + urlencode({"next": request.url.path + query}) if request.method == "GET" else "/login"
