"""Content coding: brotli or gzip, whichever the reader takes."""

from __future__ import annotations

import cramjam
from starlette.datastructures import Headers

SMALLEST = 600


def choose(headers: Headers) -> str:
    """The coding to answer with: ``br``, ``gzip`` or an empty string for none."""
    offered = {}
    for item in headers.get("accept-encoding", "").split(","):
        name, _, weight = item.strip().partition(";")
        offered[name.strip().lower()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((coding for coding in ("br", "gzip") if offered.get(coding)), "")


def encode(body: bytes, coding: str, *, best: bool = False) -> bytes:
    """Compress ``body``; ``best`` spends ten times the time and is for what is kept."""
    if coding == "br":
        return bytes(cramjam.brotli.compress(body, level=11 if best else 4))
    if coding == "gzip":
        return bytes(cramjam.gzip.compress(body, level=9 if best else 5))
    return body


def answer(body: bytes, request_headers: Headers) -> tuple[bytes, dict[str, str]]:
    """``body`` as the reader takes it, with the headers that say so."""
    headers = {"Vary": "Accept-Encoding"}
    coding = choose(request_headers) if len(body) >= SMALLEST else ""
    if coding:
        headers["Content-Encoding"] = coding
    return encode(body, coding), headers
