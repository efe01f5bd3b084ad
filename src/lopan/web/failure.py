"""Errors as answers: a page for people, place and reason for machines, and never more than they need to know."""

from __future__ import annotations

import logging
import math
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.errors import LopanError, Rejected, TryAgain
from lopan.web import auth, headers, render
from lopan.web.access import Forbidden, SignedOut
from lopan.web.api import NotFound, answer
from lopan.web.login import login_address

_LOG = logging.getLogger("lopan.web")
_TITLES: Final = {
    400: "That address does not work",
    401: "Please sign in",
    403: "Not part of your access level",
    404: "There is no such page",
    405: "That can't be done here",
    500: "Something went wrong here",
    503: "One moment, please",
}


def install(app: FastAPI) -> None:
    """Register a handler for every error that a request can end in."""
    app.add_exception_handler(LopanError, _lopan)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _lopan(request: Request, error: Exception) -> Response:
    if isinstance(error, SignedOut):
        if _machine(request):
            return await _show(request, 401, "Authorization", str(error), {"WWW-Authenticate": "Bearer"})
        return RedirectResponse(login_address(request), 303)
    if isinstance(error, Forbidden):
        return await _show(request, 403, "access", str(error))
    if isinstance(error, NotFound):
        return await _show(request, 404, error.place, str(error))
    if isinstance(error, Rejected):
        return await _show(request, 400, error.place, error.reason)
    if isinstance(error, TryAgain):
        wait = str(max(1, math.ceil(error.retry_after)))
        return await _show(request, 503, "server", error.reason, {"Retry-After": wait})
    return await _unexpected(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": str(error)}
    return await _show(request, 400, ".".join(str(part) for part in first["loc"][1:]), str(first["msg"]))


async def _http(request: Request, error: Exception) -> Response:
    status, detail, extra = 500, str(error), None
    if isinstance(error, HTTPException):
        status, detail, extra = error.status_code, error.detail, dict(error.headers or {})
    return await _show(request, status, "address", detail, extra)


async def _unexpected(request: Request, error: Exception) -> Response:
    if isinstance(error, LopanError):
        _LOG.error("%s %s: %s", request.method, request.url.path, error)
    # What nobody foresaw is answered outside of all middleware, and logged by the server with its traceback.
    reason = "the log of the server says what; please tell its operator the time"
    return await _show(request, 500, "server", reason, dict(headers.ALWAYS))


async def _show(
    request: Request, status: int, place: str, reason: str, extra: dict[str, str] | None = None
) -> Response:
    if _machine(request):
        return answer(request, {"place": place, "reason": reason}, status, extra)
    # The page of an error must not fail for the reason that it reports.
    principal = await auth.current(request) if status < 500 else None
    title = _TITLES.get(status, "That did not work")
    if status == 400 and request.method == "POST":
        title = "That could not be saved"
    context = {"status": status, "title": title, "place": place, "reason": reason, "posted": request.method == "POST"}
    return render.page(request, "failure.html", context, principal=principal, status=status, headers=extra)


def _machine(request: Request) -> bool:
    path = request.url.path
    return path.startswith(("/api/", "/live/")) or "text/html" not in request.headers.get("accept", "text/html")
