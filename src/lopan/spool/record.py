"""Records: columns of values as plain buffers, and as bytes on disk: one frame of LZ4, about 80 bytes an event.

The bytes are the length of a header, the header, then the buffers in its order: fixed columns, the lengths of all
text columns, their data. A reader can join the buffers of many records column by column without looking into them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

Buffer = Any
"""Anything that has a buffer of contiguous bytes."""

SIZES = {"H": 2, "I": 4, "d": 8, "q": 8, "u": 16}
"""Bytes of one value of each kind of fixed column."""

_LENGTH = 4
_codec = pa.Codec("lz4_raw")


class Fixed(NamedTuple):
    """Values of one size: ``kind`` is H, I (unsigned 16, 32 bits), d (float), q (milliseconds) or u (16 bytes)."""

    kind: str
    values: Buffer


class Texts(NamedTuple):
    """Strings as utf8: the length of each in bytes (unsigned 32 bits), and all of them end to end."""

    lengths: Buffer
    data: Buffer


class Record(NamedTuple):
    """``rows`` values in every column; what no row has is not there."""

    rows: int
    fixed: dict[str, Fixed]
    texts: dict[str, Texts]


class _Header(msgspec.Struct, array_like=True):
    rows: int
    fixed: list[tuple[str, str]]
    texts: list[tuple[str, int]]


_decode = msgspec.msgpack.Decoder(_Header)


def encode(record: Record) -> bytes:
    """One self-describing record."""
    texts = [(name, memoryview(text.data).nbytes) for name, text in record.texts.items()]
    header = msgspec.msgpack.encode(_Header(record.rows, [(n, f.kind) for n, f in record.fixed.items()], texts))
    pieces = [len(header).to_bytes(4, "little"), header]
    pieces += [fixed.values for fixed in record.fixed.values()]
    pieces += [text.lengths for text in record.texts.values()]
    pieces += [text.data for text in record.texts.values()]
    plain = b"".join(pieces)
    packed: bytes = _codec.compress(plain, asbytes=True)
    return len(plain).to_bytes(4, "little") + packed


def decode(payload: bytes) -> Record:
    """The columns of one record; raises ValueError or OSError on bytes that ``encode`` did not make."""
    plain = memoryview(_codec.decompress(payload[4:], int.from_bytes(payload[:4], "little")))
    at = 4 + int.from_bytes(plain[:4], "little")
    header = _decode.decode(plain[4:at])
    rows = header.rows
    fixed: dict[str, Fixed] = {}
    for name, kind in header.fixed:
        fixed[name] = Fixed(kind, plain[at : (at := at + rows * SIZES[kind])])
    data = at + rows * _LENGTH * len(header.texts)
    texts: dict[str, Texts] = {}
    for name, size in header.texts:
        lengths = plain[at : (at := at + rows * _LENGTH)]
        texts[name] = Texts(lengths, plain[data : (data := data + size)])
    if data != len(plain):
        raise ValueError(f"a record of {len(plain)} bytes says it has {data}")
    return Record(rows, fixed, texts)
