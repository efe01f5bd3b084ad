"""The payload of Sparkplug B: the ten fields of its protobuf message that say something about a machine.

Numbers of fields and data types are those of the Sparkplug specification 3.0, chapter 6.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from lopan.errors import Rejected

Value = int | float | bool | str | None

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TIMESTAMP, _METRICS, _SEQ = 1, 2, 3
_NAME, _ALIAS, _AT, _TYPE, _HISTORICAL, _NULL = 1, 2, 3, 4, 5, 7
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = 10, 11, 12, 13, 14, 15
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
BOOLEAN = 11
_MOST_METRICS = 20_000

Field = tuple[int, int, int | bytes]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is empty where only the ``alias`` of a birth is given; ``at`` is in milliseconds since 1970.

    ``value`` is None for null, and for kinds of values that no machine state is made of (data sets, templates).
    """

    name: str = ""
    alias: int | None = None
    at: int | None = None
    historical: bool = False
    value: Value = None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """``seq`` goes from 0 to 255 and round again; a death has none."""

    at: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()


def decode(data: bytes) -> Payload:
    """A payload from its bytes; fields that are not known are passed over. Raises Rejected when it is none."""
    at = seq = None
    metrics: list[Metric] = []
    try:
        for number, kind, value in _fields(data):
            if number == _TIMESTAMP and kind == _VARINT:
                at = value
            elif number == _SEQ and kind == _VARINT:
                seq = value
            elif number == _METRICS and isinstance(value, bytes):
                metrics.append(_metric(value))
                if len(metrics) > _MOST_METRICS:
                    raise Rejected("payload", f"more than {_MOST_METRICS:,} metrics")
    except (IndexError, struct.error, UnicodeDecodeError):
        raise Rejected("payload", "is no Sparkplug B payload, or only part of one") from None
    assert not isinstance(at, bytes)
    assert not isinstance(seq, bytes)
    return Payload(at=at, seq=seq, metrics=tuple(metrics))


def rebirth(at: int) -> bytes:
    """The command by which a node is asked to tell everything anew."""
    name = b"Node Control/Rebirth"
    metric = _tag(_NAME, _BYTES) + _length(name) + _tag(_TYPE, _VARINT) + _varint(BOOLEAN)
    metric += _tag(_BOOLEAN, _VARINT) + b"\x01"
    return _tag(_TIMESTAMP, _VARINT) + _varint(at) + _tag(_METRICS, _BYTES) + _length(metric)


def _metric(data: bytes) -> Metric:
    found: dict[int, int | bytes] = {number: value for number, _, value in _fields(data)}
    name = found.get(_NAME, b"")
    return Metric(
        name=name.decode() if isinstance(name, bytes) else "",
        alias=_whole(found.get(_ALIAS)),
        at=_whole(found.get(_AT)),
        historical=bool(found.get(_HISTORICAL, 0)),
        value=None if found.get(_NULL) else _value(found, _whole(found.get(_TYPE)) or 0),
    )


def _value(found: dict[int, int | bytes], kind: int) -> Value:
    for number in (_INT, _LONG):
        if (whole := _whole(found.get(number))) is not None:
            return _signed(whole, _SIGNED[kind]) if kind in _SIGNED else whole
    for number, form in ((_FLOAT, "<f"), (_DOUBLE, "<d")):
        if isinstance(packed := found.get(number), bytes):
            return float(struct.unpack(form, packed)[0])
    if (flag := found.get(_BOOLEAN)) is not None:
        return bool(flag)
    text = found.get(_STRING)
    return text.decode() if isinstance(text, bytes) else None


def _whole(value: int | bytes | None) -> int | None:
    return value if isinstance(value, int) else None


def _signed(whole: int, bits: int) -> int:
    """Two's complement: some send 32 bits of an 8-bit number, some 8."""
    whole &= (1 << bits) - 1
    return whole - (1 << bits) if whole >> (bits - 1) else whole


def _fields(data: bytes) -> Iterator[Field]:
    """Number, wire type and value of each field; IndexError where the data end in the middle of one."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, kind, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise IndexError
        if at + size > len(data):
            raise IndexError
        yield number, kind, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift > 63:
            raise IndexError


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _length(data: bytes) -> bytes:
    return _varint(len(data)) + data
