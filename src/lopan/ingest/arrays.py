"""Python values to buffers in bulk, few calls a column: this is where intake spends its time.

Few of them let go of the interpreter's lock: while other threads wait for it, that costs as much as the work itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from struct import pack
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lopan.spool import SIZES, Texts

TIME = pa.timestamp("ms", "UTC")
ID = pa.binary(16)
CODES = {pa.float64(): "d", pa.uint32(): "I", pa.uint16(): "H", TIME: "q", ID: "u"}
"""How a spooled record names a type of fixed size."""

Pieces = list[tuple[int, Sequence[str]]]
"""(first row, values): where a column of text is not empty, in order."""

_SEPARATOR = "\0"
_HEAD = {0xDC: 3, 0xDD: 5}
_SECONDS, _NANOSECONDS = np.uint64((1 << 34) - 1), np.uint64(34)
# What a float of seconds is off by at most, in ms; far less than the microsecond that a datetime tells apart.
_ROUNDING = 5e-4


def texts(columns: Mapping[str, Pieces], rows: int) -> dict[str, Texts]:
    """Columns of ``rows`` strings each, empty where no piece fills them; all strings are measured in one scan."""
    values = list(chain.from_iterable(piece for pieces in columns.values() for _, piece in pieces))
    lengths, joined = _measured(values)
    counts = [sum(len(piece) for _, piece in pieces) for pieces in columns.values()]
    ends = np.cumsum(lengths, dtype=np.int64)[np.cumsum(counts) - 1].tolist()
    data = memoryview(joined)
    found, first, start = {}, 0, 0
    for (name, pieces), count, end in zip(columns.items(), counts, ends, strict=True):
        measured = lengths[first : first + count]
        found[name] = Texts(measured if count == rows else _placed(pieces, measured, rows), data[start:end])
        first, start = first + count, end
    return found


def _placed(pieces: Pieces, measured: npt.NDArray[np.uint32], rows: int) -> npt.NDArray[np.uint32]:
    lengths, first = np.zeros(rows, np.uint32), 0
    for at, piece in pieces:
        lengths[at : at + len(piece)] = measured[first : first + len(piece)]
        first += len(piece)
    return lengths


def _measured(values: list[str]) -> tuple[npt.NDArray[np.uint32], bytes]:
    """Length of each in bytes of utf8, and all of them joined."""
    marked = (_SEPARATOR.join(values) + _SEPARATOR).encode()
    ends = np.flatnonzero(np.frombuffer(marked, np.uint8) == 0)
    if len(ends) == len(values):
        return np.diff(ends, prepend=-1).astype(np.uint32) - np.uint32(1), "".join(values).encode()
    lengths = np.fromiter((len(value.encode()) for value in values), np.uint32, len(values))  # one holds the separator
    return lengths, "".join(values).encode()


def runs(code: str, counted: Iterable[tuple[int, int]]) -> bytes:
    """(count, number) to each number as often as its count says."""
    return b"".join(pack(code, number) * count for count, number in counted)


def filled(code: str, rows: int, default: int) -> bytearray:
    """A column that holds ``default`` in every row."""
    return bytearray(pack(code, default) * rows) if default else bytearray(rows * SIZES[code])


def write(code: str, column: bytearray, at: int, values: Sequence[Any]) -> None:
    """Overwrite the rows from ``at`` on."""
    first = at * SIZES[code]
    packed = array(code, values)
    column[first : first + len(packed) * packed.itemsize] = packed.tobytes()


def milliseconds(values: Sequence[datetime]) -> npt.NDArray[np.int64]:
    """Aware datetimes as milliseconds since 1970, cut and not rounded.

    MessagePack holds a time with a fraction in 10 bytes, of which 30 bits are nanoseconds and 34 seconds.
    """
    packed = msgspec.msgpack.encode(values)
    head = len(packed) - 10 * len(values)
    if head == _HEAD.get(packed[0]):
        pairs = np.frombuffer(packed, np.uint8, offset=head).reshape(-1, 10)
        both = pairs[:, 2:].copy().view(">u8").ravel()
        return ((both & _SECONDS) * 1_000 + (both >> _NANOSECONDS) // 1_000_000).astype(np.int64)
    seconds = np.fromiter(map(datetime.timestamp, values), np.float64, len(values))
    return np.floor(seconds * 1_000 + _ROUNDING).astype(np.int64)
