"""What an adapter could not read: kept raw with the reason, capped, to be looked at and read again after a fix."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from lopan.spool.log import Log, records

MAX_BYTES = 100_000_000
"""One file; when it is full it becomes the older one of two, and the one before that is deleted."""

SHOWN = 200


class Held(msgspec.Struct, frozen=True):
    """One thing in quarantine; ``kind`` is what the adapter took it for, ``raw`` its bytes as sent."""

    at: datetime
    project: int
    protocol: str
    kind: str
    reason: str
    raw: bytes


class Quarantine:
    """Append-only; ``sync`` makes what was put durable. Safe from any thread."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._path = root / "quarantine.log"
        self._older = root / "quarantine.older.log"
        self._lock = threading.Lock()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Held)
        whole = max((record.end for record in records(self._path)), default=0) if self._path.exists() else 0
        self._log = Log(self._path)
        self._log.truncate(whole)
        self._recent = deque(self.all(), maxlen=SHOWN)

    def put(self, held: Held) -> None:
        """Append one; raises OSError when the disk is full."""
        with self._lock:
            if self._log.size > MAX_BYTES:
                self._log.sync()
                self._log.close()
                self._path.replace(self._older)
                self._log = Log(self._path)
            self._log.append(self._encoder.encode(held))
            self._recent.append(held)

    def sync(self) -> None:
        """Make what was put durable."""
        with self._lock:
            self._log.sync()

    def recent(self) -> list[Held]:
        """The last 200, newest first."""
        with self._lock:
            return list(reversed(self._recent))

    def all(self) -> Iterator[Held]:
        """Everything held, oldest first."""
        for path in (self._older, self._path):
            if path.exists():
                for record in records(path):
                    yield self._decoder.decode(record.payload)

    def close(self) -> None:
        """Sync and close."""
        with self._lock:
            self._log.sync()
            self._log.close()
