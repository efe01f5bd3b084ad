"""JSON to facts and facts to checked blocks: one object, an array, one a line, or ``{"facts": [...]}``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from types import GenericAlias
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa

from lopan.connect import check
from lopan.connect.stage import Refused, schema
from lopan.event import batch
from lopan.event.batch import BROKEN, items, split
from lopan.fact import Fact, Spec
from lopan.fact.check import times_trouble, trouble
from lopan.fact.types import Key, Time


class Gone(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A row that its source no longer has."""

    key: Key
    deleted: Literal[True]
    modified: Time | None = None
    recorded: Time | None = None


class Read(NamedTuple):
    """Outcome of a batch: the good rows in order, and a refusal (``row`` counts from 1) for every other one."""

    rows: list[Fact | Gone]
    refused: list[Refused]


class _Decoders(NamedTuple):
    many: msgspec.json.Decoder[list[Fact]]
    one: msgspec.json.Decoder[Fact]


_gone = msgspec.json.Decoder(Gone)


def read(spec: Spec, body: bytes) -> Read:
    """Rows of one fact; raises Rejected when the body as a whole is not JSON of one of these shapes."""
    return batch.read(body, partial(_batch, spec))


def block(spec: Spec, rows: Sequence[Fact | Gone]) -> pa.RecordBatch:
    """Rows in the columns of ``stage.schema``; those that are gone hold what a row without a value holds."""
    wanted = schema(spec)
    blanks = {column.name: check.blank(column).as_py() for column in spec.columns}
    flags = {column.name for column in spec.columns if column.kind == "flag"}
    columns = []
    for field in wanted:
        if field.name == "deleted":
            values: list[Any] = [isinstance(row, Gone) for row in rows]
        else:
            values = [getattr(row, field.name, blanks.get(field.name)) for row in rows]
        if field.name in flags:
            values = [None if value is None else int(value) for value in values]
        columns.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=wanted)


def _batch(spec: Spec, body: bytes) -> Read:
    if body.lstrip()[:1] == b"[":
        try:
            facts = _decoders(spec.type).many.decode(body)
        except BROKEN:
            pass
        else:
            found = [(number, fact, trouble(fact)) for number, fact in enumerate(facts, 1)]
            if not any(wrong for _, _, wrong in found):
                return Read(list(facts), [])
    return _each(spec, items(body, "facts", unless="key"))


def _each(spec: Spec, raws: Sequence[msgspec.Raw | bytes]) -> Read:
    rows: list[Fact | Gone] = []
    refused: list[Refused] = []
    for number, raw in enumerate(raws, 1):
        try:
            row = _one(spec, raw)
        except BROKEN as error:
            field, reason = split(str(error))
            column = spec.column(field)
            choices = f"; there are {', '.join(column.choices)}" if column and column.choices else ""
            refused.append(Refused(number, field or "row", reason + choices, _text(raw)))
            continue
        wrong = times_trouble(row) if isinstance(row, Gone) else trouble(row)
        if wrong is None:
            rows.append(row)
        else:
            refused.append(Refused(number, *wrong, _text(raw)))
    return Read(rows, refused)


def _one(spec: Spec, raw: msgspec.Raw | bytes) -> Fact | Gone:
    """Raises what decoding raises. ``deleted: false`` says nothing, and needs no place in every fact."""
    try:
        return _decoders(spec.type).one.decode(raw)
    except msgspec.ValidationError:
        marked: Any = msgspec.json.decode(raw)
        if not isinstance(marked, dict) or not isinstance(marked.get("deleted"), bool):
            raise
        if marked["deleted"]:
            return _gone.decode(raw)
        del marked["deleted"]
        return _decoders(spec.type).one.decode(msgspec.json.encode(marked))


def _text(raw: msgspec.Raw | bytes) -> str:
    return bytes(raw).decode("utf-8", "replace")


@cache
def _decoders(kind: type[Fact]) -> _Decoders:
    return _Decoders(msgspec.json.Decoder(GenericAlias(list, kind)), msgspec.json.Decoder(kind))
