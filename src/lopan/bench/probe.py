"""One event at a time: post it, and know the moment of the acknowledgement."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec

from lopan.bench.bed import Bed
from lopan.bench.kept import Kept
from lopan.errors import GiveUp


class Probe:
    """Posts one event at a time over one kept connection."""

    def __init__(self, server: Bed) -> None:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        self._connection = Kept(server.host, server.port, headers)

    def launch(self, release: str, duration_ms: float) -> float:
        """Send a cold launch; the monotonic time at which the server had taken it."""
        return self.send({"type": "app_launch", "release": release, "kind": "cold", "duration_ms": duration_ms})

    def send(self, fields: dict[str, Any]) -> float:
        """Send an event of now with these fields; the monotonic time at which the server had taken it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"time": now, "event_id": uuid4().hex, **fields}
        status, body = self._connection.request("POST", "/v1/events", msgspec.json.encode(event))
        if status != HTTPStatus.ACCEPTED:
            raise GiveUp(f"the server answers {status}: {body[:200]!r}")
        return time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
