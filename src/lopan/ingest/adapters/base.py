"""What every adapter is given and what it hands back; an adapter is a module with ``read(payload) -> Reading``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from lopan.event import Event, Refusal


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One request, authenticated, within its caps and decompressed.

    ``item`` is the last word of the path (``envelope``, ``store``, ``events``), ``headers`` the few that an
    adapter may need, names in lower case; ``received`` is aware UTC.
    """

    body: bytes
    received: datetime
    project: int = 0
    item: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = {}


class Unread(msgspec.Struct, frozen=True):
    """Bytes that the adapter could not turn into events: for the quarantine, to be read again after a fix."""

    kind: str
    raw: bytes
    reason: str


class Reading(msgspec.Struct):
    """What came out of one payload.

    ``refused`` goes back to the sender, ``unread`` to the quarantine. ``event_id`` (32 hex digits or empty) is what
    the answer names. ``lost`` counts what the client says it threw away, by ``category/reason``; ``dropped`` counts
    items that Lopan has no use for, by item type.
    """

    events: list[Event] = []
    refused: list[Refusal] = []
    unread: list[Unread] = []
    event_id: str = ""
    lost: dict[str, int] = {}
    dropped: dict[str, int] = {}
