"""Lopan's own JSON: one event, an array, one a line, or ``{"events": [...]}``."""

from __future__ import annotations

from lopan.event import decode_batch
from lopan.ingest.adapters.base import Payload, Reading


def read(payload: Payload) -> Reading:
    """Every good event and a refusal for every other one; raises Rejected when the body is not JSON of these shapes."""
    events, refused = decode_batch(payload.body)
    return Reading(events=events, refused=refused)
