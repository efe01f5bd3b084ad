"""Forms that only Lopan's own pages can send: the sender's origin is checked, then a token bound to the cookie."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from lopan.errors import Rejected
from lopan.web.access import Forbidden

FIELD = "csrf"
_MAX_BODY = 16_384
_MAX_FIELDS = 100


class Forged(Forbidden):
    """A form that did not come from a page of ours, or from one of an older session: 403."""

    def __init__(self) -> None:
        super().__init__("forms of other pages")
        self.args = ("this form is too old, or another site sent it: reload the page and send it again",)


def token(secret: str) -> str:
    """The hidden field's value for pages shown to the holder of the cookie ``secret``; it does not reveal it."""
    return hmac.new(secret.encode(), b"lopan form", hashlib.sha256).hexdigest()


def check(request: Request, form: dict[str, str], secret: str, public_url: str = "") -> None:
    """Raise Forged unless the form came from this origin and carries the token of ``secret``."""
    given = form.get(FIELD, "")
    if (
        not secret
        or not _same_origin(request, public_url)
        or not hmac.compare_digest(given.encode(), token(secret).encode())
    ):
        raise Forged


async def form(request: Request) -> dict[str, str]:
    """Fields of a URL-encoded body of at most 16 KiB; the last of equal names counts. Raises Rejected."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Rejected("Content-Type", "a form is sent as application/x-www-form-urlencoded")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise Rejected("body", f"a form has at most {_MAX_BODY} bytes")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"))
    except ValueError as error:
        raise Rejected("body", f"not a form: {error}") from None


def _same_origin(request: Request, public_url: str) -> bool:
    # Browsers send Sec-Fetch-Site to trustworthy origins only, but where they do, no proxy can have confused it.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin") or request.headers.get("referer")
    return origin is None or _origin(origin) in {_origin(str(request.url)), _origin(public_url)}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
