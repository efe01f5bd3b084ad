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
    """Posts cold launches of a named release over one kept connection."""

    def __init__(self, server: Bed) -> None:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        self._connection = Kept(server.host, server.port, headers)

    def launch(self, release: str, duration_ms: float) -> float:
        """Send one; the monotonic time at which the server had taken it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event: dict[str, Any] = {"type": "app_launch", "time": now, "event_id": uuid4().hex, "release": release}
        event |= {"kind": "cold", "duration_ms": duration_ms}
        status, body = self._connection.request("POST", "/v1/events", msgspec.json.encode(event))
        if status != HTTPStatus.ACCEPTED:
            raise GiveUp(f"the server answers {status}: {body[:200]!r}")
        return time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
