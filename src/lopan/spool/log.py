"""One append-only log file and the seals beside it: a seal ends a segment at a byte of the log."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("<II")
_SEAL = struct.Struct("<QQI")
_CHECKED = struct.Struct("<QQII")


class Seal(NamedTuple):
    """Segment ``number`` ends before byte ``end`` of the log."""

    number: int
    end: int
    rows: int


class Record(NamedTuple):
    """A whole record found in a log, from byte ``offset`` up to byte ``end``."""

    offset: int
    end: int
    payload: bytes


class Log:
    """Files ``NNN.log`` and ``NNN.seals``; ``size`` is where the next record goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT
        self._file = os.open(path, flags, 0o600)
        self._seals = os.open(path.with_suffix(".seals"), flags | os.O_APPEND, 0o600)
        self.size = os.fstat(self._file).st_size

    def append(self, payload: bytes) -> int:
        """Write one record and return its offset; a failed write leaves the log as it was and raises OSError."""
        offset = self.size
        data = HEADER.pack(len(payload), zlib.crc32(payload)) + payload
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, memoryview(data)[written:], offset + written)
        except OSError:
            os.ftruncate(self._file, offset)
            raise
        self.size = offset + len(data)
        return offset

    def sync(self) -> None:
        """Make the records durable; raises OSError."""
        os.fdatasync(self._file)

    def truncate(self, size: int) -> None:
        """Forget what lies after byte ``size``."""
        os.ftruncate(self._file, size)
        self.size = size

    def seal(self, seal: Seal) -> None:
        """Write a seal and make it durable; raises OSError."""
        os.write(self._seals, _CHECKED.pack(*seal, zlib.crc32(_SEAL.pack(*seal))))
        os.fdatasync(self._seals)

    def seals(self) -> list[Seal]:
        """All whole seals, in order; a torn last one is as good as never written and is cut off."""
        data = self.path.with_suffix(".seals").read_bytes()
        found: list[Seal] = []
        for at in range(0, len(data) - _CHECKED.size + 1, _CHECKED.size):
            *parts, checksum = _CHECKED.unpack_from(data, at)
            if zlib.crc32(_SEAL.pack(*parts)) != checksum:
                break
            found.append(Seal(*parts))
        os.ftruncate(self._seals, len(found) * _CHECKED.size)
        return found

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._file)
        os.close(self._seals)

    def remove(self) -> None:
        """Delete the files; the seals go last, so that a log never lies there without them."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".seals").unlink(missing_ok=True)


def records(path: Path, start: int = 0, stop: int | None = None) -> Iterator[Record]:
    """Whole records of a log from byte ``start``; ends at ``stop`` or at the first torn or damaged one."""
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        while (stop is None or offset < stop) and len(head := file.read(HEADER.size)) == HEADER.size:
            length, checksum = HEADER.unpack(head)
            payload = file.read(length)
            if len(payload) != length or zlib.crc32(payload) != checksum:
                return
            end = offset + HEADER.size + length
            yield Record(offset, end, payload)
            offset = end
