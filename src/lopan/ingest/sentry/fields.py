"""From Sentry's loose fields to the limits of our events: text, ids, times, and what all events share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from lopan.errors import Rejected
from lopan.ingest.sentry import wire

WORD = 200
TEXT = 8_000
LARGEST_COUNT = 4_294_967_295
LARGEST_AMOUNT = 1e12
MIN_SKEW = timedelta(seconds=60)
_VALUE = 1_000
_ATTRIBUTES = 64
_NAMESPACE = UUID("5e47c5f2-3f0e-5d0b-9a6c-3c1f0b7a9d11")


class Sending(NamedTuple):
    """When a request came (aware UTC), what its client's clock is behind by, and for which project."""

    received: datetime
    skew: timedelta = timedelta()
    project: int = 0


def word(value: object, limit: int = WORD) -> str:
    """Any scalar as text of at most ``limit`` characters; null and nested values are empty."""
    if isinstance(value, str):
        return value[:limit]
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower()[:limit] if isinstance(value, bool) else str(value)[:limit]


def amount(value: float | None) -> float:
    """A measured quantity, forced into 0 to 1e12; null is 0."""
    return min(max(float(value or 0.0), 0.0), LARGEST_AMOUNT)


def count(value: float | None) -> int:
    """A counter, forced into what 32 bits hold; null is 0."""
    return int(min(max(value or 0, 0), LARGEST_COUNT))


def event_id(text: str | None) -> str:
    """32 hex digits: a UUID in one spelling, other text hashed, nothing left empty."""
    if not text:
        return ""
    digits = text.replace("-", "")
    if len(digits) == 32 and digits.isalnum():
        try:
            return bytes.fromhex(digits).hex()
        except ValueError:
            pass
    return uuid5(_NAMESPACE, text).hex


def derive(parent: str, name: str) -> str:
    """The id of an event made from another: the same for every repeat of it; empty without a parent."""
    return uuid5(_NAMESPACE, f"{parent}/{name}").hex if parent else ""


def moment(value: wire.When, sending: Sending, default: datetime | None = None) -> datetime:
    """Unix seconds or RFC 3339 (UTC without a zone), corrected by the skew; ``default`` or the arrival when missing.

    Raises Rejected on text that is no time, and on times that no calendar has.
    """
    if value is None:
        return default or sending.received
    try:
        return _parse(value) + sending.skew
    except (ValueError, OverflowError, OSError):
        raise Rejected("timestamp", f"{str(value)[:50]!r} is neither Unix seconds nor RFC 3339") from None


def skew(sent_at: wire.When, received: datetime) -> timedelta:
    """What to add to the client's times: nothing up to a minute of difference, which is the network's."""
    if sent_at is None:
        return timedelta()
    try:
        behind = received - _parse(sent_at)
    except (ValueError, OverflowError, OSError):
        return timedelta()
    return behind if abs(behind) > MIN_SKEW else timedelta()


def _parse(value: str | float) -> datetime:
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            parsed = datetime.fromtimestamp(float(value), UTC)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return datetime.fromtimestamp(value, UTC)


def tags(pairs: wire.Tags) -> Iterator[tuple[str, wire.Scalar]]:
    """Tags, which come as an object or as a list of pairs."""
    if isinstance(pairs, dict):
        yield from pairs.items()
    elif pairs:
        yield from (pair for pair in pairs if pair is not None)


def common(event: wire.Common, identity: str, at: datetime) -> dict[str, Any]:
    """The fields of ``lopan.event.types.Base``, all but the attributes, as keyword arguments."""
    contexts = event.contexts or _NO_CONTEXTS
    app, device, os = contexts.app or _NO_APP, contexts.device, contexts.os
    user = event.user or _NO_USER
    own = user.data or {}
    tagged = dict(tags(event.tags)) if event.tags else {}
    return {
        "time": at,
        "event_id": identity,
        "release": word(event.release),
        "build": word(event.dist) or word(app.app_build) or _build(event.release),
        "environment": word(event.environment),
        "os": f"{os.name or ''} {os.version or ''}".strip()[:WORD] if os else "",
        "device": word(device.model or device.family) if device else "",
        "install": word(app.device_app_hash),
        "user": word(user.id) or word(user.email) or word(user.username),
        "customer": word(own.get("customer")) or word(tagged.get("customer")),
        "role": word(own.get("role")) or word(user.role) or word(tagged.get("role")),
        "screen": word(next(filter(None, app.view_names or ()), "")),
    }


def attributes(event: wire.Common, **more: str | int | float | bool | None) -> dict[str, Any] | None:
    """What has no field of its own: ``more`` without its empty values, sdk, platform, transaction, then ``tag.*``."""
    sdk = event.sdk
    pairs: dict[str, Any] = {name: value for name, value in more.items() if value not in (None, "")}
    if sdk and sdk.name:
        pairs["sdk"] = f"{sdk.name}/{sdk.version or ''}"[:WORD]
    if event.platform:
        pairs["platform"] = word(event.platform)
    if event.transaction:
        pairs["transaction"] = word(event.transaction)
    for name, value in tags(event.tags):
        if len(pairs) == _ATTRIBUTES:
            break
        pairs[f"tag.{name}"[:WORD]] = word(value, _VALUE)
    return pairs or None


def _build(release: str | None) -> str:
    """The build in ``package@version+build``."""
    return word((release or "").rpartition("@")[2].partition("+")[2])


_NO_CONTEXTS = wire.Contexts()
_NO_APP = wire.App()
_NO_USER = wire.User()
