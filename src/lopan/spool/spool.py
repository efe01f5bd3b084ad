"""Append, sync, seal, replay: what is acknowledged is in a log, what goes to the store is a sealed segment of it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from lopan.errors import GiveUp, TryAgain
from lopan.spool.log import Log, Seal, records
from lopan.spool.record import Record, decode, encode

LOG_BYTES = 64_000_000
HELD_ROWS = 150_000
_ROOM_SECONDS = 0.25


@dataclass(slots=True)
class Piece:
    """A synced record: bytes [offset, end) of its log; ``record`` is let go when too much is waiting."""

    log: Log
    offset: int
    end: int
    rows: int
    record: Record | None


@dataclass(slots=True)
class Segment:
    """A sealed byte range of one log: always the same rows under the same token, however often it is read."""

    number: int
    token: str
    path: Path
    start: int
    end: int
    rows: int
    held: list[Record] | None = None

    def records(self) -> list[Record]:
        """Its records in order; raises OSError when the log is damaged."""
        if self.held is not None:
            return self.held
        found = [decode(record.payload) for record in records(self.path, self.start, self.end)]
        rows = sum(record.rows for record in found)
        if rows != self.rows:
            raise OSError(f"{self.path}: segment {self.number} has {rows} of {self.rows} rows")
        return found


class Spool:
    """A directory of logs. One thread calls ``append`` and ``sync``, one other ``wait``, ``seal`` and ``done``.

    ``max_bytes`` caps what waits for the store, ``min_free_bytes`` is left free on the disk; logs that are done
    are kept for ``keep_hours`` so that they can be replayed.
    """

    def __init__(self, root: Path, max_bytes: int, min_free_bytes: int, keep_hours: float = 0.0) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._min_free = min_free_bytes
        self._keep_seconds = keep_hours * 3600
        root.mkdir(parents=True, exist_ok=True)
        self._id = _identity(root / "id")
        self._changed = threading.Condition()
        self._open: deque[Piece] = deque()
        self._open_rows = 0
        self._unsynced: list[Piece] = []
        self._sealed: deque[Segment] = deque()
        self._held = 0
        self._waiting = 0
        self._room_checked = float("-inf")
        self._done_file = os.open(root / "done", os.O_RDWR | os.O_CREAT, 0o600)
        self._done = int.from_bytes(os.pread(self._done_file, 8, 0), "little")
        self._needed = self._done + 1
        self._next = self._done + 1
        self._logs: list[Log] = [Log(path) for path in sorted(root.glob("*.log"))]
        for log in self._logs:
            self._recover(log)
        if not self._logs:
            self._rotate()

    @property
    def waiting(self) -> int:
        """Rows acknowledged and not yet in the store."""
        with self._changed:
            return self._open_rows + sum(segment.rows for segment in self._sealed)

    @property
    def last_done(self) -> int:
        """Number of the last segment that the store has; 0 = none."""
        return self._done

    def append(self, record: Record) -> None:
        """Write one record, durable only after ``sync``. Raises TryAgain, with nothing kept, when there is no room."""
        payload = encode(record)
        self._check_room(len(payload))
        if self._logs[-1].size > LOG_BYTES:
            self.sync()
            self._rotate()
        log = self._logs[-1]
        try:
            offset = log.append(payload)
        except OSError as error:
            raise TryAgain(f"the spool can't be written: {error.strerror}; free some disk space", 10.0) from None
        self._unsynced.append(Piece(log, offset, log.size, record.rows, record))

    def sync(self) -> None:
        """Make what was appended durable and ready to be sealed. Raises TryAgain, with all of it dropped."""
        pieces, self._unsynced = self._unsynced, []
        if not pieces:
            return
        log = pieces[0].log
        try:
            log.sync()
        except OSError as error:
            log.truncate(pieces[0].offset)
            raise TryAgain(f"the spool can't be synced: {error.strerror}", 10.0) from None
        with self._changed:
            for piece in pieces:
                self._hold(piece)
                self._open.append(piece)
                self._open_rows += piece.rows
                self._waiting += piece.end - piece.offset
            self._changed.notify_all()

    def wait(self, rows: int, seconds: float) -> bool:
        """Wait until ``rows`` can be sealed or a sealed segment is not done yet; False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._sealed) or self._open_rows >= rows, seconds)

    def seal(self, most: int) -> Segment | None:
        """The oldest segment that is not done; else cut one of at most ``most`` rows (but one record at least)."""
        with self._changed:
            if self._sealed:
                return self._sealed[0]
            pieces = self._take(most)
            if not pieces:
                return None
        segment = self._cut(pieces)
        with self._changed:
            self._sealed.append(segment)
        return segment

    def done(self, number: int) -> None:
        """The store has segment ``number``. Not synced: doing a segment twice changes nothing, thanks to its token."""
        with self._changed:
            segment = self._sealed.popleft()
            if segment.number != number:
                raise GiveUp(f"segment {number} was finished before segment {segment.number}")
            self._held -= sum(record.rows for record in segment.held or ())
            self._waiting -= segment.end - segment.start
            self._done = number
        os.pwrite(self._done_file, number.to_bytes(8, "little"), 0)

    def keep(self, first: int) -> None:
        """Segments from ``first`` on are still needed; logs of earlier ones may go when they are old enough."""
        self._needed = min(first, self._done + 1)
        oldest = time.time() - self._keep_seconds
        while len(self._logs) > 1 and self._is_over(self._logs[0], oldest):
            log = self._logs.pop(0)
            log.close()
            log.remove()

    def segments(self, first: int = 1) -> Iterator[Segment]:
        """Sealed segments on disk from number ``first`` on, in order."""
        for log in list(self._logs):
            start = 0
            for seal in log.seals():
                if seal.number >= first:
                    yield self._segment(log, start, seal)
                start = seal.end

    def close(self) -> None:
        """Sync what was appended and close the files."""
        self.sync()
        os.fsync(self._done_file)
        os.close(self._done_file)
        for log in self._logs:
            log.close()

    def _recover(self, log: Log) -> None:
        """Find what is sealed but not done, and what is not sealed; cut a torn tail, which was never acknowledged."""
        start = 0
        for seal in log.seals():
            self._next = seal.number + 1
            if seal.number > self._done:
                self._sealed.append(self._segment(log, start, seal))
                self._waiting += seal.end - start
            start = seal.end
        end = start
        for record in records(log.path, start):
            self._open.append(Piece(log, record.offset, record.end, decode(record.payload).rows, None))
            self._open_rows += self._open[-1].rows
            self._waiting += record.end - record.offset
            end = record.end
        log.truncate(end)

    def _segment(self, log: Log, start: int, seal: Seal) -> Segment:
        return Segment(seal.number, f"{self._id}-{seal.number}", log.path, start, seal.end, seal.rows)

    def _take(self, most: int) -> list[Piece]:
        """Leave the open pieces that fit one segment: of one log, ``most`` rows together."""
        pieces: list[Piece] = []
        rows = 0
        while self._open and (not pieces or rows + self._open[0].rows <= most):
            if pieces and self._open[0].log is not pieces[0].log:
                break
            pieces.append(self._open.popleft())
            rows += pieces[-1].rows
        self._open_rows -= rows
        return pieces

    def _cut(self, pieces: list[Piece]) -> Segment:
        log, rows = pieces[0].log, sum(piece.rows for piece in pieces)
        seal = Seal(self._next, pieces[-1].end, rows)
        try:
            log.seal(seal)
        except OSError as error:
            with self._changed:
                self._open.extendleft(reversed(pieces))
                self._open_rows += rows
            raise TryAgain(f"the spool can't be sealed: {error.strerror}; free some disk space", 1.0) from None
        self._next += 1
        segment = self._segment(log, pieces[0].offset, seal)
        held = [piece.record for piece in pieces if piece.record is not None]
        if len(held) == len(pieces):
            segment.held = held
        else:
            self._held -= sum(record.rows for record in held)
        return segment

    def _hold(self, piece: Piece) -> None:
        if self._held + piece.rows > HELD_ROWS:
            piece.record = None
        else:
            self._held += piece.rows

    def _check_room(self, size: int) -> None:
        if self._waiting + size > self._max_bytes:
            raise TryAgain("the spool is full: the store can't keep up; events are refused until it has caught up", 5.0)
        now = time.monotonic()
        if now - self._room_checked > _ROOM_SECONDS:
            if shutil.disk_usage(self._root).free < self._min_free + size:
                raise TryAgain("the disk is nearly full; free some space or lower spool.min_free_bytes", 10.0)
            self._room_checked = now

    def _rotate(self) -> None:
        last = int(self._logs[-1].path.stem) if self._logs else 0
        self._logs.append(Log(self._root / f"{last + 1:012d}.log"))
        directory = os.open(self._root, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def _is_over(self, log: Log, oldest: float) -> bool:
        seals = log.seals()
        everything_sealed = (seals[-1].end if seals else 0) == log.size
        unneeded = not seals or seals[-1].number < self._needed
        return everything_sealed and unneeded and log.path.stat().st_mtime < oldest


def _identity(path: Path) -> str:
    """A name for this spool that no other has: tokens of a replaced data directory must not collide."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(uuid4().hex, encoding="ascii")
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.rename(path)
    return path.read_text(encoding="ascii")
