"""One event at a time: post it, and know the moment of the acknowledgement."""

from __future__ import annotations

import http.client
import time
from datetime import UTC, datetime

import msgspec

from lopan.bench.bed import Bed
from lopan.errors import GiveUp


class Probe:
    """Posts cold launches of a named release over one kept connection."""

    def __init__(self, server: Bed) -> None:
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}

    def launch(self, release: str, duration_ms: float) -> float:
        """Send one; the monotonic time at which the server had taken it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"type": "app_launch", "time": now, "release": release, "kind": "cold", "duration_ms": duration_ms}
        self._connection.request("POST", "/v1/events", msgspec.json.encode(event), self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.client.ACCEPTED:
            raise GiveUp(f"the server answers {answer.status}: {body[:200]!r}")
        return time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
