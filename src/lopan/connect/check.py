"""The limits of a fact, for whole columns: the same verdict that its type gives on one row, and why.

Beyond the types: times and days lie where the store can keep them, and ``SPANS`` are in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.fact import KEY, MODIFIED, RECORDED, Column, Spec
from lopan.fact.check import EARLIEST, LATEST, NO_ZONE, is_zone
from lopan.fact.types import Site
from lopan.store.facts import arrow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Problem(NamedTuple):
    """Which rows break a limit, of which field, and the reason; ``"is " + reason`` need not be a sentence."""

    rows: NDArray[np.bool_]
    field: str
    reason: str


def complete(columns: Mapping[str, pa.Array], spec: Spec, count: int) -> dict[str, pa.Array]:
    """The columns of ``connect.stage.schema`` without ``deleted``: what is not given or null gets its default."""
    found = {}
    for column in (KEY, MODIFIED, RECORDED, *spec.columns):
        values = columns.get(column.name)
        if values is None:
            values = pa.nulls(count, arrow(column))
        if column.default is not None and not column.required and values.null_count:
            values = pc.fill_null(values, pa.scalar(column.default).cast(arrow(column)))
        found[column.name] = values
    return found


def check(columns: Mapping[str, pa.Array], spec: Spec) -> list[Problem]:
    """What breaks a limit in complete columns, field by field in order; spans come last, and the zone of a site."""
    found = []
    for column in (KEY, MODIFIED, RECORDED, *spec.columns):
        found += [Problem(mask, column.name, said) for mask, said in limits(columns[column.name], column)]
    for earlier, later in spec.spans:
        before = _true(pc.less(columns[later], columns[earlier]))
        found.append(Problem(before, later, f"lies before {earlier}"))
    if spec.type is Site:
        found.append(Problem(_unlike(columns["timezone"], is_zone), "timezone", NO_ZONE))
    return [one for one in found if one.rows.any()]


def blank(column: Column) -> pa.Scalar:
    """What a deleted row holds where nothing is known: null, the default, or the least value of its kind."""
    kind = arrow(column)
    if column.optional:
        return pa.scalar(None, kind)
    if column.default is not None:
        return pa.scalar(column.default).cast(kind)
    if column.kind == "choice":
        return pa.scalar(column.choices[0], kind)
    stand_ins = {"text": "", "time": _EPOCH, "day": date(1970, 1, 1), "money": Decimal(0)}
    return pa.scalar(stand_ins.get(column.kind, 0)).cast(kind)


def limits(values: pa.Array, column: Column) -> Iterator[tuple[NDArray[np.bool_], str]]:
    """Rows of one column that break a limit, with the reason; a mask may be of no row."""
    if not column.optional and values.null_count:
        yield np.asarray(values.is_null()), "is missing"
    if len(values) == values.null_count:
        return
    if column.kind in ("number", "money", "whole"):
        yield from _bounds(values, column)
    elif column.kind in ("text", "choice"):
        yield from _texts(values, column)
    elif column.kind in ("time", "day"):
        yield from _moments(values, column)


def _bounds(values: pa.Array, column: Column) -> Iterator[tuple[NDArray[np.bool_], str]]:
    # A number that is none (NaN) is within no bound.
    for limit, test, said in (
        (column.ge, pc.greater_equal, "less than"),
        (column.gt, pc.greater, "not more than"),
        (column.le, pc.less_equal, "more than"),
        (column.lt, pc.less, "not less than"),
    ):
        if limit is not None:
            yield ~_true(pc.fill_null(test(values, pa.scalar(limit)), True)), f"is {said} {limit:,}"


def _texts(values: pa.Array, column: Column) -> Iterator[tuple[NDArray[np.bool_], str]]:
    if column.choices:
        known = pc.or_(pc.is_null(values), pc.is_in(values, pa.array(column.choices)))
        yield ~_true(known), "is not one of " + ", ".join(choice or '""' for choice in column.choices)
        return
    if column.longest and pc.max(pc.binary_length(values)).as_py() > column.longest:
        yield _true(pc.greater(pc.utf8_length(values), column.longest)), f"is longer than {column.longest:,} signs"
    if column.shortest:
        yield _true(pc.less(pc.utf8_length(values), column.shortest)), "is empty"
    if column.pattern:
        said = "is no currency of three letters" if "A-Z" in column.pattern else f"does not match {column.pattern}"
        yield _unlike(values, re.compile(column.pattern).search), said


def _moments(values: pa.Array, column: Column) -> Iterator[tuple[NDArray[np.bool_], str]]:
    first = _EPOCH.date() if column.name == MODIFIED.name else EARLIEST
    days = values.cast(pa.date32(), safe=False) if column.kind == "time" else values
    yield _true(pc.less(days, pa.scalar(first))), f"lies before {first.year}"
    yield _true(pc.greater(days, pa.scalar(LATEST))), f"lies after {LATEST.year}"


def _unlike(values: pa.Array, fine: Callable[[str], object]) -> NDArray[np.bool_]:
    """Which texts are not fine; each is asked about once, however many rows have it."""
    coded = values.dictionary_encode()
    found = pa.array([bool(fine(word)) for word in coded.dictionary.to_pylist()], pa.bool_())
    return ~_true(pc.fill_null(found.take(coded.indices), True))


def _true(mask: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), bool)
