"""Where clients put their ingest key: four places of the Sentry protocol, and Bearer for all others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

import msgspec

Headers = Iterable[tuple[bytes, bytes]]

_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")
_FIELD = re.compile(r"(?:^|[\s,])sentry_key\s*=\s*\"?([^\s,\"]+)", re.IGNORECASE)
_MAX_HEADER = 16_384


class _Header(msgspec.Struct):
    dsn: str | None = None


_header = msgspec.json.Decoder(_Header)


def find_key(headers: Headers, query: bytes = b"") -> str:
    """The key of an ASGI request: ``X-Sentry-Auth``, ``Authorization: Bearer`` or ``Sentry``, ``?sentry_key=``.

    Empty when there is none; what is found is not verified, only known to be short and plain.
    """
    found = {name.lower(): value for name, value in headers if name.lower() in (b"x-sentry-auth", b"authorization")}
    return (
        _plain(_sentry(found.get(b"x-sentry-auth", b"")))
        or _plain(_authorization(found.get(b"authorization", b"")))
        or _plain(_query(query))
    )


def envelope_key(body: bytes) -> str:
    """The key in the ``dsn`` of an envelope's header line, as tunnels send it; empty when there is none."""
    try:
        dsn = _header.decode(body[:_MAX_HEADER].split(b"\n", 1)[0]).dsn
        return _plain(urlsplit(dsn or "").username or "")
    except (ValueError, RecursionError):
        return ""


def _sentry(value: bytes) -> str:
    text = value.decode("latin-1").strip()
    match = _FIELD.search(text) if text[:7].lower() == "sentry " else None
    return match.group(1) if match else ""


def _authorization(value: bytes) -> str:
    scheme, _, rest = value.decode("latin-1").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else _sentry(value)


def _query(query: bytes) -> str:
    if b"sentry_key" not in query:
        return ""
    try:
        return dict(parse_qsl(query.decode("latin-1"), max_num_fields=50)).get("sentry_key", "")
    except ValueError:
        return ""


def _plain(text: str) -> str:
    return text if _KEY.fullmatch(text) else ""
