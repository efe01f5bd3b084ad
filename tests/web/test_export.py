from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.web import export
from lopan.web.export import Kind

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
KINDS: dict[str, Kind] = {"text": "text", "number": "number", "count": "count", "time": "time", "flag": "flag"}
# A file holds UTF-8; what is no text can't be sent to Lopan in the first place.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def read(table: export.Sheet) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export.to_csv(table).removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        pytest.param("2.1.0", "2.1.0", id="plain"),
        pytest.param("=1+1", "'=1+1", id="formula"),
        pytest.param("+49 30 1", "'+49 30 1", id="plus"),
        pytest.param("-1", "'-1", id="text that looks like a number"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("  =1", "  '=1", id="behind spaces"),
        pytest.param("\t=1", "'\t'=1", id="tab"),
        pytest.param("\uff1d1", "'\uff1d1", id="full width"),
        pytest.param("a;=cmd|x", "a;'=cmd|x", id="behind the separator of other countries"),
        pytest.param("a\n=1", "a\n'=1", id="on a line of its own"),
        pytest.param("a-b, c=d", "a-b, c=d", id="inside a word"),
        pytest.param("sum(value) / sum(n)", "sum(value) / sum(n)", id="definition"),
        pytest.param("", "", id="empty"),
        pytest.param('say "x", then', 'say "x", then', id="quotes and commas"),
    ],
)
def test_text_that_a_spreadsheet_would_compute_is_made_neutral(cell: str, written: str) -> None:
    table = export.sheet("x", "UTC", {"text": "text", "more": "text"}, [[cell, "end"]])

    assert read(table) == [["text", "more"], [written, "end"]]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), ""),
        (float("-inf"), ""),
        (None, ""),
        (12, "12"),
        (True, "true"),
        (False, "false"),
        (AT, "2026-11-22T11:00:00+01:00"),
        (AT + timedelta(milliseconds=5), "2026-11-22T11:00:00.005+01:00"),
    ],
    ids=repr,
)
def test_what_is_no_text_stays_what_it_is(cell: Any, written: str) -> None:
    assert read(export.sheet("x", "Europe/Berlin", {"cell": "number", "end": "text"}, [[cell, "."]]))[1] == [
        written,
        ".",
    ]


@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=5))
def test_every_reader_finds_the_same_cells_and_no_formula(rows: list[list[str]]) -> None:
    found = read(export.sheet("x", "UTC", {"a": "text", "b": "text"}, rows))

    assert found[0] == ["a", "b"]
    for cells, row in zip(found[1:], rows, strict=True):
        assert [export.neutral(cell) for cell in row] == cells
        assert not any(cell.lstrip(" ")[:1] in tuple("=+-@\t\r") for cell in cells if cell)


@given(texts)
def test_neutral_text_stays_as_it_is(text: str) -> None:
    assert export.neutral(export.neutral(text)) == export.neutral(text)


def test_lines_end_as_the_standard_wants_and_the_mark_comes_first() -> None:
    assert export.to_csv(export.sheet("x", "UTC", {"a": "text"}, [["1"]])) == "\ufeffa\r\n1\r\n"


def test_parquet_has_the_same_columns_with_their_types() -> None:
    rows: list[list[Any]] = [["=1", 1.5, 2, AT, True], [None, None, None, None, None]]
    found = pq.read_table(pa.BufferReader(export.to_parquet(export.sheet("x", "Europe/Berlin", KINDS, rows))))

    assert found.schema.names == list(KINDS)
    assert [str(kind) for kind in found.schema.types] == [
        "string",
        "double",
        "int64",
        "timestamp[ms, tz=Europe/Berlin]",
        "bool",
    ]
    assert [list(row.values()) for row in found.to_pylist()] == rows


def test_table_without_rows_has_its_head() -> None:
    empty = export.sheet("x", "UTC", KINDS, [])

    assert read(empty) == [list(KINDS)]
    assert pq.read_table(pa.BufferReader(export.to_parquet(empty))).num_rows == 0
