"""Decoding that gives up a wrong field before it gives up the event: these clients send once and never again."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeVar

import msgspec

from lopan.errors import Rejected

T = TypeVar("T")

_BROKEN = (ValueError, RecursionError)  # msgspec's errors and UnicodeDecodeError are ValueErrors
_PATH = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_MAX_WRONG = 16


def decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """What ``decoder`` makes of ``raw``, without the fields of a wrong type and with NaN as null.

    Raises Rejected when it is not JSON at all, or wrong in more than 16 places.
    """
    try:
        return decoder.decode(raw)
    except _BROKEN:
        pass
    try:
        return _without_wrong(decoder, _plain(raw))
    except _BROKEN as error:
        raise Rejected("payload", f"is not the JSON expected: {error}"[:300]) from None


def _plain(raw: bytes) -> Any:
    """JSON as Python's parser takes it: NaN becomes null; bytes and surrogates that are no text become ``?``."""
    parsed = json.loads(raw.decode("utf-8-sig", "replace"), parse_constant=lambda _: None, parse_float=_finite)
    return json.loads(json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace"))


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _without_wrong(decoder: msgspec.json.Decoder[T], parsed: Any) -> T:
    for _ in range(_MAX_WRONG):
        try:
            return decoder.decode(json.dumps(parsed))
        except msgspec.ValidationError as error:
            if not _prune(parsed, str(error)):
                raise
    return decoder.decode(json.dumps(parsed))


def _prune(parsed: Any, message: str) -> bool:
    """Set what ``message`` complains about to null; False when it names no place that can be missed."""
    match = _PATH.search(message)
    steps = _STEP.findall(match.group(1)) if match else []
    holder: Any = None
    place: str | int = ""
    for name, index in steps:
        if index == "...":
            break
        step: str | int = int(index) if index else name
        inner = parsed if holder is None else holder[place]
        if not _has(inner, step):
            break
        holder, place = inner, step
    if holder is None or holder[place] is None:
        return False
    holder[place] = None
    return True


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)
