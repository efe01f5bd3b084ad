"""What a mapping makes of a table: the fact's own type is the judge of every row."""
# ruff: noqa: DTZ001 - times without a zone, a wall clock has none

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lopan.connect import check, stage
from lopan.connect.convert import Converted, Converter
from lopan.connect.mapping import build
from lopan.errors import Rejected
from lopan.fact import SPECS, Column
from lopan.fact.check import trouble
from lopan.fact.types import MOST_MONEY


def convert(table: dict[str, Any], fact: str, fields: dict[str, Any], **more: Any) -> Converted:
    return converter(table, fact, fields, **more)[1]


def converter(table: dict[str, Any], fact: str, fields: dict[str, Any], **more: Any) -> tuple[Converter, Converted]:
    whole = {name: more.pop(name) for name in ("zone", "dates", "decimal", "thousands", "null") if name in more}
    mapping = build({"facts": [{"fact": fact, "key": "row", "fields": fields} | more]} | whole, "m")
    block = pa.RecordBatch.from_pydict(table)
    made = Converter(mapping, mapping.facts[0], block.schema.names)
    return made, made(block, np.arange(1, block.num_rows + 1))


FIFTH = "has more than four places after the point; round = true in the mapping rounds it"
COST = {"day": "D", "type": {"constant": "labour"}, "amount": "A"}


@pytest.mark.parametrize(
    ("kind", "cells", "more", "expected"),
    [
        ("amount", ["1", "-12.3456", "1e3", ".5", "007"], {}, ["1", "-12.3456", "1000", "0.5", "7"]),
        ("amount", ["1.23456"], {}, [FIFTH]),
        ("amount", ["1.23456"], {"round": True}, ["1.2346"]),
        ("amount", ["1.200000", "10000000000000"], {}, ["1.2", "10000000000000"]),
        ("amount", ["10000000000001"], {}, ["is more than 10,000,000,000,000"]),
        ("amount", ["€ 1,234.50", "(12.00)", "5-", "USD 7", "7 EUR", "-$3"], {"thousands": ","},
         ["1234.5", "-12", "-5", "7", "7", "-3"]),
        ("amount", ["1.234,50", "1234,5", "1.234"], {"decimal": ",", "thousands": "."}, ["1234.5", "1234.5", "1234"]),
        ("amount", ["1.5"], {"decimal": ","}, ["is not a number"]),
        ("amount", ["1,5"], {"thousands": ","}, ["is not a number"]),
        ("amount", ["1,5"], {}, ["is not a number"]),
        ("amount", ["nan", "inf", "0x1", "1_0", "١"], {}, ["is not a number"] * 5),
        ("amount", ["12\u00a0345,5"], {"decimal": ",", "thousands": " "}, ["12345.5"]),
        ("amount", [0.1 + 0.2, 19.99], {}, ["0.3", "19.99"]),
        ("amount", [1 / 3], {}, [FIFTH]),
        ("amount", [Decimal("1.5"), Decimal("2")], {}, ["1.5", "2"]),
        ("amount", ["90"], {"factor": 0.01}, ["0.9"]),
        ("amount", ["", None, " "], {"default": 4}, ["4", "4", "4"]),
        ("amount", ["n/a", "7"], {"null": ["n/a"]}, ["is missing", "7"]),
        ("amount", ["free", "7"], {"values": {"free": 0}}, ["0", "7"]),
        ("day", ["2026-02-28", "2026-02-29"], {"format": "iso"}, [date(2026, 2, 28), "is not a date written iso"]),
        ("day", ["02-Jun-06"], {"format": "dd-mon-yy"}, [date(2006, 6, 2)]),
        ("day", ["3/4/2026", "31/12/1999"], {"format": "dd/mm/yyyy"}, [date(2026, 4, 3), date(1999, 12, 31)]),
        ("day", ["3/4/2026"], {"format": "mm/dd/yyyy"}, [date(2026, 3, 4)]),
        ("day", ["12/31/1999"], {"format": "dd/mm/yyyy"}, ["is not a date written dd/mm/yyyy"]),
        ("day", [46_000.0], {"format": "excel"}, [date(2025, 12, 9)]),
        ("day", [date(2026, 1, 2)], {}, [date(2026, 1, 2)]),
        ("day", ["1/2/2026"], {}, ["needs a format: say how dates are written (--dates, or format in the mapping)"]),
        ("day", ["1850-01-01"], {"format": "iso"}, ["lies before 1900"]),
    ],
)  # fmt: skip
def test_cells_are_read_as_the_mapping_says(
    kind: str, cells: list[Any], more: dict[str, Any], expected: list[Any]
) -> None:
    table = {"D": ["2026-01-01"] * len(cells), "A": ["1"] * len(cells)}
    fields = {"day": {"column": "D", "format": "iso"}, "type": {"constant": "labour"}, "amount": {"column": "A"}}
    table["D" if kind == "day" else "A"] = cells
    fields[kind] = {"column": fields[kind]["column"]} | more
    found = convert(table, "cost", fields)
    good = iter(found.block.column(kind).to_pylist())
    refused = {one.row: one.reason for one in found.refused}
    seen = [refused.get(row) or next(good) for row in range(1, len(cells) + 1)]
    assert seen == [Decimal(one) if kind == "amount" and one[:2] not in ("is", "ha") else one for one in expected]


def test_choices_and_flags_by_meaning() -> None:
    table = {"T": ["Lohn", "MACHINE", "Scrap ", "?"], "D": ["2026-01-01"] * 4, "A": [1] * 4}
    fields = {
        "type": {"column": "T", "values": {"lohn": "labour"}},
        "day": {"column": "D", "format": "iso"},
        "amount": "A",
    }
    found = convert(table, "cost", fields)
    assert found.block.column("type").to_pylist() == ["labour", "machine", "scrap"]
    assert [(one.row, one.field) for one in found.refused] == [(4, "type")]
    assert found.refused[0].raw == "?; 2026-01-01; 1"
    lines = {"O": list("abcd"), "C": ["ja", "No", "1", None]}
    found = convert(lines, "order_line", {"order": "O", "cancelled": {"column": "C", "values": {"ja": True}}})
    assert found.block.column("cancelled").to_pylist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("zone", "text", "expected", "counted"),
    [
        ("UTC", "2026-07-01 10:00", "2026-07-01T10:00:00+00:00", (0, 0)),
        ("Europe/Berlin", "2026-07-01 10:00", "2026-07-01T08:00:00+00:00", (0, 0)),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00+00:00", (1, 0)),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:30:00+00:00", (0, 1)),
        ("Europe/Berlin", "2026-07-01T10:00:00-05:00", "2026-07-01T15:00:00+00:00", (0, 0)),
    ],
)
def test_times_without_a_zone_belong_to_that_of_the_mapping(
    zone: str, text: str, expected: str, counted: tuple[int, int]
) -> None:
    made, found = converter(
        {"O": ["a"], "P": [text]}, "order_line", {"order": "O", "promised": "P"}, zone=zone, dates="iso"
    )
    assert found.block.column("promised").to_pylist() == [datetime.fromisoformat(expected)]
    assert (made.twice["promised"], made.never["promised"]) == counted


@given(st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1), st.sampled_from(
    ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
))  # fmt: skip
def test_local_times_are_those_of_python(times: list[datetime], zone: str) -> None:
    from zoneinfo import ZoneInfo

    found = convert({"O": ["a"] * len(times), "P": times}, "order_line", {"order": "O", "promised": "P"}, zone=zone)
    expected = [at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for at in times]
    assert found.block.column("promised").to_pylist() == [
        at.replace(microsecond=at.microsecond // 1000 * 1000) for at in expected
    ]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (["08:30", "25:10", "2:05 PM", "99:00"], ["2026-01-05T08:30", "2026-01-06T01:10", "2026-01-05T14:05", None]),
        ([datetime(1899, 12, 31, 8, 30), datetime(1900, 1, 1, 0, 30)], ["2026-01-05T08:30", "2026-01-06T00:30"]),
        (["1899-12-31 08:30:00", "1900-01-01 00:30:00"], ["2026-01-05T08:30", "2026-01-06T00:30"]),
        ([0.5, 1.25], ["2026-01-05T12:00", "2026-01-06T06:00"]),
        ([timedelta(hours=26)], ["2026-01-06T02:00"]),
    ],
)
def test_a_day_and_a_time_of_day_make_a_moment(clock: list[Any], expected: list[str | None]) -> None:
    table = {"O": ["a"] * len(clock), "D": ["05.01.2026"] * len(clock), "T": clock}
    promised = {"column": ["D", "T"], "format": "dd.mm.yyyy"}
    found = convert(table, "order_line", {"order": "O", "promised": promised})
    assert found.block.column("promised").to_pylist() == [
        datetime.fromisoformat(one).replace(tzinfo=UTC) for one in expected if one
    ]
    assert len(found.refused) == expected.count(None)


def test_a_time_of_day_alone_is_no_moment() -> None:
    found = convert({"O": ["a"], "P": [datetime(1899, 12, 31, 8)]}, "order_line", {"order": "O", "promised": "P"})
    assert found.refused[0].reason == "is a time of day without a day; name the column of the day too"


def test_a_site_in_a_zone_that_is_none_is_refused() -> None:
    table = {"S": ["A", "B", "C"], "Z": ["Europe/Berlin", "Mars/Olympus", None]}
    found = convert(table, "site", {"site": "S", "timezone": "Z"})
    assert [(one.row, one.field, one.reason) for one in found.refused] == [
        (2, "timezone", "is no time zone; write it as in Europe/Berlin"),
        (3, "timezone", "is missing"),
    ]


def test_an_end_before_its_start_is_refused() -> None:
    table = {"S": ["2026-01-02", "2026-01-01"], "E": ["2026-01-01", "2026-01-01"]}
    found = convert(table, "labour", {"started": "S", "ended": "E", "paid_hours": {"constant": 8}}, dates="iso")
    assert [(one.row, one.field, one.reason) for one in found.refused] == [(1, "ended", "lies before started")]


def test_rows_that_are_none_are_left_out_and_deleted_ones_need_only_their_key() -> None:
    table = {"K": ["1", "2", "3", ""], "N": ["a", "Total", "", "x"], "S": ["", "", "gone", "gone"]}
    found = convert(
        table, "order_line", {"order": "N"}, key="K", skip=[{"column": "N", "pattern": "^Total"}],
        deleted={"column": "S", "values": ["gone"]},
    )  # fmt: skip
    assert found.skipped == 1
    assert found.block.to_pydict()["key"] == ["1", "3"]
    assert found.block.to_pydict()["deleted"] == [False, True]
    assert [(one.row, one.field, one.reason) for one in found.refused] == [(4, "key", "is missing")]


def test_keys_of_several_columns_never_collide_and_repeats_are_counted() -> None:
    table = {"A": ["a/", "a", "a", "a"], "B": ["b", "/b", "c", "c"]}
    made, found = converter(table, "order_line", {"order": "A"}, key=["A", "B"])
    assert found.block.column("key").to_pylist() == [r"a\//b", r"a/\/b", "a/c", "a/c"]
    assert made.repeated == 1


def test_rows_without_a_key_have_the_same_one_in_any_order() -> None:
    rows = ["a", "b", "a", "c", "a"]
    first = convert({"O": rows}, "order_line", {"order": "O"}).block.column("key").to_pylist()
    again = convert({"O": rows[::-1]}, "order_line", {"order": "O"}).block.column("key").to_pylist()
    assert len(set(first)) == 5
    assert sorted(first) == sorted(again)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "missing required field `facts`"),
        ({"facts": []}, "no [[facts]]"),
        ({"facts": [{"fact": "nope", "key": "row", "fields": {}}]}, "there is no fact 'nope'; there are site"),
        ({"facts": [{"fact": "cost", "key": "row", "fields": {"x": "A"}}]}, "m: cost.fields.x: there is no such field"),
        ({"facts": [{"fact": "cost", "key": "row", "fields": {"day": "A"}}]}, "nothing fills type, amount"),
        ({"facts": [{"fact": "cost", "key": "row", "fields": {"day": {"colum": "A"}}}]}, "unknown field `colum`"),
        ({"zone": "Mars", "facts": [{"fact": "cost", "key": "row", "fields": COST}]}, "m.zone: 'Mars' is no time zone"),
        ({"dates": "dd", "facts": [{"fact": "cost", "key": "row", "fields": COST}]}, "m.dates: 'dd' is no format"),
        (
            {"decimal": ",", "thousands": ",", "facts": [{"fact": "cost", "key": "row", "fields": COST}]},
            "can't be both",
        ),
        (
            {"facts": [{"fact": "cost", "key": "row", "fields": COST, "skip": [{"column": "A"}]}]},
            "needs values, pattern or empty",
        ),
    ],
)
def test_a_wrong_mapping_says_where_and_why(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(Rejected) as caught:
        build(raw, "m")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("table", "fields", "said"),
    [
        ({"D": ["x"]}, COST, "there is no column 'A', which amount is made of; there are 'D'"),
        (
            {"D": ["x"], "A (1)": ["1"], "A (2)": ["1"]},
            COST,
            "several columns are called 'A'; name one of 'A (1)', 'A (2)'",
        ),
        ({"D": ["x"], "A": ["1"]}, COST | {"type": {"constant": "nope"}}, "m: type: 'nope' is not one of cogs"),
    ],
)
def test_a_mapping_that_does_not_fit_the_table(table: dict[str, Any], fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Rejected) as caught:
        convert(table, "cost", fields)
    assert said in str(caught.value)


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """Values on both sides of every limit, in the type that a table would have them in."""
    edges = [float(one) for one in (column.ge, column.gt, column.le, column.lt) if one is not None]
    near = sorted({edge + shift for edge in edges for shift in (-1, 0, 1)})
    words = st.sampled_from(["", "a", "EUR", "eur", "EURO", *column.choices, "x" * 200, "ü" * 201, "y" * 8_001])
    found: dict[str, st.SearchStrategy[Any]] = {
        "text": words,
        "choice": words,
        "number": st.sampled_from([*near, 0.5, float("nan"), float("inf")]),
        "money": st.decimals(-MOST_MONEY * 2, MOST_MONEY * 2, places=4),
        "whole": st.sampled_from([int(one) for one in near] or [0]),
        "flag": st.booleans(),
        "time": st.datetimes(datetime(1890, 1, 1), datetime(2310, 1, 1), timezones=st.just(UTC)),
        "day": st.dates(date(1890, 1, 1), date(2310, 1, 1)),
    }
    values = found[column.kind]
    return values | st.none()


def accepted(fact: str, row: dict[str, Any]) -> bool:
    """The verdict that the fact gives on one row, as it comes in as JSON."""
    spec = SPECS[fact]
    given = {"key": "k"} | {name: value for name, value in row.items() if value not in (None, "")}
    try:
        made = msgspec.convert(given, spec.type)
    except msgspec.ValidationError:
        return False
    return trouble(made) is None


@pytest.mark.parametrize("fact", SPECS)
@settings(max_examples=12)
@given(data=st.data())
def test_a_row_is_taken_exactly_when_its_type_takes_it(fact: str, data: st.DataObject) -> None:
    spec = SPECS[fact]
    usual = {one.name: _usual(one) for one in spec.columns}
    rows = []
    for _ in range(data.draw(st.integers(1, 6))):
        changed = data.draw(st.lists(st.sampled_from(spec.columns), max_size=3, unique_by=lambda one: one.name))
        rows.append(usual | {one.name: data.draw(values_of(one)) for one in changed})
    block = {name: pa.array([row[name] for row in rows], _raw_type(spec.column(name))) for name in usual}
    found = convert(block, fact, {name: name for name in usual})
    refused = {one.row for one in found.refused}
    assert [row not in refused for row in range(1, len(rows) + 1)] == [accepted(fact, row) for row in rows]
    assert found.block.schema == stage.schema(spec)


def _usual(column: Column) -> Any:
    if column.choices:
        return column.choices[0]
    text = "EUR" if "A-Z" in column.pattern else "UTC" if column.name == "timezone" else "a"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return {"text": text, "money": Decimal(1), "flag": True, "time": at, "day": at.date(), "number": 1.0}.get(
        column.kind, 1
    )


def _raw_type(column: Column | None) -> pa.DataType:
    assert column is not None
    kinds = {"money": pa.decimal128(30, 4), "time": pa.timestamp("us", "UTC"), "day": pa.date32(), "flag": pa.bool_()}
    return kinds.get(column.kind) or {"number": pa.float64(), "whole": pa.int64()}.get(column.kind, pa.utf8())


def test_a_deleted_row_can_be_kept_by_every_fact() -> None:
    for spec in SPECS.values():
        for column in spec.columns:
            assert check.blank(column).is_valid or column.optional


@given(st.lists(st.sampled_from(["1", "-2.5", "1e3", ".5", "+7", "007", "1.20000", "1e-3", "12345678901234.5", "-0"])))
def test_a_strange_cell_beside_them_changes_no_amount(texts: list[str]) -> None:
    table = {"D": ["2026-01-01"] * (len(texts) + 1), "A": [*texts, "9 EUR"]}
    fields = COST | {"day": {"column": "D", "format": "iso"}}
    alone = convert({name: cells[:-1] for name, cells in table.items()}, "cost", fields) if texts else None
    beside = convert(table, "cost", fields)
    assert beside.block.column("amount").to_pylist()[:-1] == (alone.block.column("amount").to_pylist() if alone else [])
    assert [one.row for one in beside.refused] == ([one.row for one in alone.refused] if alone else [])
