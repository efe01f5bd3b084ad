"""A Sparkplug B encoder for tests, written from the specification's table of fields, apart from the code under test."""

from __future__ import annotations

import struct
from typing import Any

INT8, INT32, INT64, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING = 1, 3, 4, 8, 9, 10, 11, 12


def varint(number: int) -> bytes:
    out = b""
    while True:
        byte, number = number % 128, number // 128
        out += bytes([byte + (128 if number else 0)])
        if not number:
            return out


def whole(field: int, number: int) -> bytes:
    return varint(field * 8) + varint(number)


def text(field: int, data: bytes) -> bytes:
    return varint(field * 8 + 2) + varint(len(data)) + data


def metric(
    name: str = "", value: Any = None, kind: int = STRING, *, alias: int | None = None, at: int | None = None,
    historical: bool = False,
) -> bytes:  # fmt: skip
    out = text(1, name.encode()) if name else b""
    out += whole(2, alias) if alias is not None else b""
    out += whole(3, at) if at is not None else b""
    out += whole(4, kind) + (whole(5, 1) if historical else b"")
    if value is None:
        return out + whole(7, 1)
    if kind in (INT8, INT32):
        return out + whole(10, value % 2**32)
    if kind in (INT64, UINT64):
        return out + whole(11, value % 2**64)
    if kind == FLOAT:
        return out + varint(12 * 8 + 5) + struct.pack("<f", value)
    if kind == DOUBLE:
        return out + varint(13 * 8 + 1) + struct.pack("<d", value)
    return out + (whole(14, int(value)) if kind == BOOLEAN else text(15, str(value).encode()))


def payload(*metrics: bytes, seq: int | None = None, at: int | None = None) -> bytes:
    out = whole(1, at) if at is not None else b""
    out += b"".join(text(2, one) for one in metrics)
    return out + (whole(3, seq) if seq is not None else b"")
