"""How the dates of a table are written: told by the values, and asked for where two ways fit."""

from __future__ import annotations

from collections.abc import Mapping as Keyed

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from lopan.connect import cells, moments
from lopan.connect.mapping import Field, Mapping, Target
from lopan.errors import Rejected
from lopan.fact import Column


def ways(values: pa.Array) -> list[str]:
    """The formats that read every text of a column; none where it holds no texts."""
    found = cells.plain(values)
    if not pa.types.is_string(found.type):
        return []
    distinct = pc.unique(found.drop_null())
    return [one for one in moments.CANDIDATES if len(distinct) and moments.fits(distinct, one)]


def settle(mapping: Mapping, rows: pa.RecordBatch) -> tuple[Mapping, dict[str, str]]:
    """The mapping with a format for every column of dates in text, and those that were told by ``rows``.

    Raises Rejected where two formats fit all of ``rows``, or none does: dates are never guessed.
    """
    told: dict[str, str] = {}
    facts = tuple(_settled(one, mapping, rows, told) for one in mapping.facts)
    return msgspec.structs.replace(mapping, facts=facts), told


def _settled(target: Target, mapping: Mapping, rows: pa.RecordBatch, told: dict[str, str]) -> Target:
    found: dict[str, Field] = {}
    for column, field in target.all_fields():
        if column.kind in ("time", "day") and field.columns and not (field.format or mapping.dates):
            written = _format(column, field, mapping, rows)
            if written:
                told[field.columns[0]] = written
                found[column.name] = msgspec.structs.replace(field, format=written)
    common: Keyed[str, Field] = {name: found.pop(name) for name in ("modified", "recorded") if name in found}
    return msgspec.structs.replace(target, fields={**target.fields, **found}, **common)


def _format(column: Column, field: Field, mapping: Mapping, rows: pa.RecordBatch) -> str:
    name = field.columns[0]
    if name not in rows.schema.names:
        return ""
    values = cells.plain(rows.column(name), (*mapping.null, *field.null))
    if not pa.types.is_string(values.type) or values.null_count == len(values):
        return ""
    fits = ways(values)
    example = next(text for text in values.to_pylist() if text)[:40]
    if not fits:
        raise Rejected(
            f"column {name!r}",
            f"dates like {example!r} are written in no way that fits all of them; give --dates, as dd/mm/yyyy, or"
            " format in a mapping",
        )
    if len(fits) > 1:
        raise Rejected(
            f"column {name!r}", f"dates like {example!r} can be {' or '.join(fits)}; say which with --dates {fits[0]}"
        )
    return fits[0]
