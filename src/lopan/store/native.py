"""An Arrow table as one block of the engine's own format ``Native``: it goes in with next to no parsing.

The layout, all numbers little-endian: count of columns, count of rows, then for each column its name, its type and
its values. Lengths and counts are LEB128. A dictionary column carries its distinct values once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lopan.errors import GiveUp

Bytes = npt.NDArray[np.uint8]
Buffer = bytes | bytearray | memoryview

_NUMBERS = {
    pa.uint8(): "UInt8",
    pa.uint16(): "UInt16",
    pa.uint32(): "UInt32",
    pa.uint64(): "UInt64",
    pa.int64(): "Int64",
    pa.float64(): "Float64",
    pa.timestamp("ms", "UTC"): "DateTime64(3, 'UTC')",
    pa.date32(): "Date32",
}
_MONEY = pa.decimal128(18, 4)
_ID = pa.binary(16)
_SHARED_DICTIONARIES = 1
_OWN_KEYS = 1 << 9
_ONE_BYTE = 1 << 7
_PIECE = 1 << 18
_WIDTHS = (np.uint8, np.uint16, np.uint32)


def encode(block: pa.Table) -> Iterator[bytes]:
    """``block`` in pieces; raises GiveUp for a type that none of Lopan's tables has.

    Strings become ``String``, dictionaries of strings ``LowCardinality(String)``, 16 bytes a ``UUID``. Numbers, money
    and times of a nullable field may hold nulls; no other column may.
    """
    pieces: list[Buffer] = [_count(block.num_columns), _count(block.num_rows)]
    for field, column in zip(block.schema, block.columns, strict=True):
        values = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        coded = _nullable(values) if field.nullable and _may_be_null(values.type) else _column(values)
        pieces += (_text(field.name.encode()), *coded)
        if sum(map(len, pieces)) > _PIECE:
            yield b"".join(pieces)
            pieces = []
    yield b"".join(pieces)


def _may_be_null(kind: pa.DataType) -> bool:
    return kind in _NUMBERS or kind == _MONEY


def _nullable(values: pa.Array) -> Iterator[Buffer]:
    """Which are null comes before the values; those of nulls are 0."""
    kind, size = ("Decimal(18, 4)", 8) if values.type == _MONEY else (_NUMBERS[values.type], values.type.bit_width // 8)
    yield _text(f"Nullable({kind})".encode())
    missing = values.is_null().to_numpy(zero_copy_only=False)
    yield missing.astype(np.uint8).tobytes()
    plain = bytearray(_money(values) if values.type == _MONEY else _plain(values, size))
    np.frombuffer(plain, np.uint8).reshape(len(values), size)[missing] = 0
    yield plain


def _column(values: pa.Array) -> Iterator[Buffer]:
    kind = values.type
    if values.null_count:
        raise GiveUp(f"a column of {kind} holds nulls, and the store has no place for them")
    if kind in _NUMBERS:
        yield _text(_NUMBERS[kind].encode())
        yield _plain(values, kind.bit_width // 8)
    elif kind == _MONEY:
        yield _text(b"Decimal(18, 4)")
        yield _money(values)
    elif kind == pa.utf8():
        yield _text(b"String")
        yield _strings(values)
    elif kind == _ID:
        yield _text(b"UUID")
        halves = np.frombuffer(_plain(values, 16), np.uint64)
        yield halves.byteswap().view(np.uint8).data
    elif pa.types.is_dictionary(kind):
        yield _text(b"LowCardinality(String)")
        yield from _dictionary(values)
    else:
        raise GiveUp(f"the store has no column of {kind}")


def _plain(values: pa.Array, size: int) -> memoryview:
    return memoryview(values.buffers()[1])[values.offset * size : (values.offset + len(values)) * size]


def _money(values: pa.Array) -> bytes:
    """18 digits fit into the lower of the two halves."""
    return np.frombuffer(_plain(values, 16), np.int64)[::2].tobytes()


def _dictionary(values: pa.DictionaryArray) -> Iterator[Buffer]:
    """Keys begin with the empty text, which the engine takes for the default."""
    indices = values.indices.to_numpy(zero_copy_only=False)
    keys = pa.concat_arrays([pa.array([""]), values.dictionary])
    width = int(np.searchsorted([1 << 8, 1 << 16], len(keys), side="left"))
    yield np.array([_SHARED_DICTIONARIES, width | _OWN_KEYS, len(keys)], np.uint64).tobytes()
    yield _strings(keys)
    yield np.uint64(len(indices)).tobytes()
    yield (indices + 1).astype(_WIDTHS[width]).tobytes()


def _strings(values: pa.Array) -> Buffer:
    """Each with its length before it, all of them at once."""
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    if not len(values) or offsets[-1] == offsets[0]:
        return bytes(len(values))
    data = np.frombuffer(values.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    lengths = np.diff(offsets)
    starts = offsets[:-1] - offsets[0] + np.arange(len(lengths))
    if lengths.max() < _ONE_BYTE:
        return _spread(data, starts, lengths.astype(np.uint8))
    wide = [np.flatnonzero(lengths >= 1 << bits) for bits in (7, 14, 21, 28)]
    sizes = np.ones(len(lengths), np.int64)
    for rows in wide:
        sizes[rows] += 1
    starts += np.cumsum(sizes - 1) - (sizes - 1)
    at, numbers = [starts], [lengths & 0x7F | (sizes > 1) << 7]
    for place, rows in enumerate(wide, 1):
        at.append(starts[rows] + place)
        numbers.append(lengths[rows] >> (7 * place) & 0x7F | (sizes[rows] > place + 1) << 7)
    return _spread(data, np.concatenate(at), np.concatenate(numbers).astype(np.uint8))


def _spread(data: Bytes, starts: npt.NDArray[np.int64], numbers: Bytes) -> memoryview:
    """``data`` with ``numbers`` put in so that they come to lie at ``starts``."""
    out = np.empty(len(data) + len(numbers), np.uint8)
    theirs = np.ones(len(out), bool)
    theirs[starts] = False
    out[starts] = numbers
    out[theirs] = data
    return out.data


def _text(data: bytes) -> bytes:
    return _count(len(data)) + data


def _count(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
