"""Files as people have them: how each is read is found out and said, and what is no table is refused in one line."""
# ruff: noqa: DTZ001 - times without a zone, as sheets have them

from __future__ import annotations

import gzip
import struct
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from lopan.bench import workbook
from lopan.connect.files import excel, sniff
from lopan.connect.files.registry import open_table
from lopan.connect.files.table import Block, Options, Table
from lopan.connect.stage import Refused
from lopan.errors import Rejected

GERMAN = "Größe;Preis\nklein;1\ngroß;2\n"


def put(path: Path, content: bytes | str, name: str = "t.csv") -> Path:
    (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path / name


def rows(table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for block in table.blocks() for row in block.rows.to_pylist()]


def refused(table: Table) -> list[Refused]:
    return [one for block in table.blocks() for one in block.refused]


@pytest.mark.parametrize(
    ("content", "encoding", "evidence"),
    [
        (GERMAN.encode(), "", "utf-8 (every byte fits)"),
        (GERMAN.encode("utf-8-sig"), "", "utf-8-sig (its first bytes are the mark of UTF-8)"),
        (GERMAN.encode("utf-16"), "", "utf-16 (its first bytes are the mark of UTF-16)"),
        (GERMAN.encode("utf-16-le"), "", "utf-16-le (every second byte is zero)"),
        (GERMAN.encode("cp1252"), "", "cp1252 (byte 0xf6 in line 1 is not UTF-8, but a letter in cp1252)"),
        (GERMAN.encode("cp1252"), "latin-1", "iso8859-1 (as given)"),
    ],
)
def test_the_encoding_is_found_and_proven(tmp_path: Path, content: bytes, encoding: str, evidence: str) -> None:
    table = open_table(put(tmp_path, content), Options(encoding=encoding))
    assert table.found["encoding"] == evidence
    assert table.columns == ["Größe", "Preis"]
    assert rows(table) == [("klein", "1"), ("groß", "2")]


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("a,b\n1,2\n", ["a", "b"], [("1", "2")]),
        ("a\tb\n1,5\t2\n", ["a", "b"], [("1,5", "2")]),
        ("a|b\n1|2\n", ["a", "b"], [("1", "2")]),
        ("only\nx\ny\n", ["only"], [("x",), ("y",)]),
        ('a;b\n"x\ny";"say ""hi"""\n', ["a", "b"], [("x\ny", 'say "hi"')]),
        ("Report of May\n\nName;Amount\nx;1\n", ["Name", "Amount"], [("x", "1")]),
        ("Name;Amount\nx;1\ny;2\nTotal;3\n", ["Name", "Amount"], [("x", "1"), ("y", "2")]),
        ("Name;Amount\nx;1\ny;2\nSumme\n", ["Name", "Amount"], [("x", "1"), ("y", "2")]),
        ("Name;Amount\nTotal Q;1\n" + "y;2\n" * 9, ["Name", "Amount"], [("Total Q", "1"), *[("y", "2")] * 9]),
        ("a;a;\n1;2;3\n", ["a (1)", "a (2)", "column 3"], [("1", "2", "3")]),
        ("a,b\r\n1,2\r\n", ["a", "b"], [("1", "2")]),
        ("a,b\r1,2\r", ["a", "b"], [("1", "2")]),
    ],
)  # fmt: skip
def test_signs_titles_totals_and_twins(tmp_path: Path, content: str, columns: list[str], expected: list[Any]) -> None:
    table = open_table(put(tmp_path, content))
    assert table.columns == columns
    assert rows(table) == expected


def test_a_total_that_was_left_out_is_named(tmp_path: Path) -> None:
    table = open_table(put(tmp_path, "Name;Amount\nx;1\nGrand total;1\n"))
    rows(table)
    assert table.found["totals left out"] == "Grand total; 1"


def test_ragged_lines_are_refused_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    table = open_table(put(tmp_path, "a,b\n1,2\n\n3\n4,5\n6,7,8\n9,10\n"))
    assert refused(table) == [
        Refused(2, "", "has 1 cells instead of 2", "3"),
        Refused(4, "", "has 3 cells instead of 2", "6,7,8"),
    ]
    assert [int(number) for block in table.blocks() for number in block.numbers] == [1, 3, 5]


def test_numbers_of_rows_go_on_from_block_to_block(tmp_path: Path) -> None:
    lines = [f"{number},{'x' * 60}" if number % 1_000 else "bad" for number in range(1, 60_001)]
    table = open_table(put(tmp_path, "n,t\n" + "\n".join(lines)))
    blocks: list[Block] = list(table.blocks())
    assert len(blocks) > 2
    assert [int(n) for block in blocks for n in block.numbers] == [int(row[0]) for row in rows(table)]
    assert sorted(one.row for block in blocks for one in block.refused) == list(range(1_000, 60_001, 1_000))
    assert blocks[-1].share == 1.0


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", Options(), "t.csv: is empty"),
        (b"a,b\n\x811,2\n", Options(), "line 2 is neither UTF-8 nor cp1252: byte 0x81; give --encoding"),
        (b"a,b\n\xe41,2\n", Options(encoding="utf-8"), "line 2 is not utf-8: byte 0xe4; give another --encoding"),
        (b"a,b\n1,2\n", Options(encoding="klingon"), "'klingon' is no encoding; there are utf-8"),
        (b"a,b\n1,\x002\n", Options(), "line 2 holds a byte of zero: no text file"),
        (b"a" * (sniff.LONGEST + 1), Options(), "line 1 is longer than 1,000,000 bytes: this is no table of lines"),
        (b"a,b\n1,2\n", Options(header_row=9), "has no heading in line 9"),
        (b"a,b\n1,2\n", Options(format="lotus"), "there is no format 'lotus'; there are csv, parquet, excel, xes"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, content: bytes, options: Options, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        rows(open_table(put(tmp_path, content), options))
    assert said in str(caught.value)


def test_a_quoted_cell_that_does_not_end(tmp_path: Path) -> None:
    path = put(tmp_path, 'a,b\n1,2\n3,"' + "x\n" * 2_000_000)
    with pytest.raises(Rejected, match=r"a quoted cell that begins after row .* does not end"):
        rows(open_table(path))


def test_files_that_are_not_there_or_of_no_known_name(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="there is no such file"):
        open_table(tmp_path / "no.csv")
    with pytest.raises(Rejected, match="has no ending that is known"):
        open_table(put(tmp_path, "x", "t.docx"))


def test_parquet_keeps_its_types_and_leaves_nested_columns_out(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": [1, 2], "d": [date(2026, 1, 1), None], "l": [[1], [2]]}), path)
    table = open_table(path)
    assert table.columns == ["a", "d"]
    assert table.found == {"rows": "2", "nested columns left out": "l"}
    assert rows(table) == [(1, date(2026, 1, 1)), (2, None)]
    with pytest.raises(Rejected, match="is no Parquet file"):
        open_table(put(tmp_path, b"PAR1 no", "bad.parquet"))


def test_a_sheet_with_a_title_merged_headings_blank_rows_and_a_total(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet: list[list[workbook.Cell]] = [
        ["Deliveries of May"],
        ["Order", None, None, "Amount"],
        [None, "Day", "Start", None],
        ["A-1", datetime(2026, 5, 1), time(8, 30), 12.5],
        [],
        ["A-2", datetime(2026, 5, 2, 14, 0), time(22, 15), 3.0],
        ["Total", None, None, 15.5],
    ]
    workbook.write(path, {"empty": [], "May": sheet})
    table = open_table(path, Options(header_row=3))
    assert table.columns == ["Order", "Day", "Start", "Amount"]
    found = rows(table)
    assert [row[0] for row in found] == ["A-1", "A-2"]
    assert [row[1] for row in found] == [datetime(2026, 5, 1), datetime(2026, 5, 2, 14)]
    assert [int(number) for block in table.blocks() for number in block.numbers] == [1, 3]
    assert table.found["sheet"] == "May"
    assert table.choices == {"sheet": ["empty", "May"]}
    with pytest.raises(Rejected, match="has no sheet 'June'; there are 'empty', 'May'"):
        open_table(path, Options(sheet="June"))


def test_a_title_above_a_sheet_is_not_its_heading(tmp_path: Path) -> None:
    workbook.write(tmp_path / "t.xlsx", {"one": [["Deliveries"], ["Order", "Amount"], ["A", 1.0], ["B", 2.0]]})
    table = open_table(tmp_path / "t.xlsx")
    assert table.columns == ["Order", "Amount"]
    assert table.found["heading"] == "row 2"


def bomb(path: Path) -> Path:
    """A workbook whose sheet is small until it is decompressed."""
    workbook.write(path, {"one": [["a"], ["b"]]})
    packed = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "a", packed) as book, book.open("xl/more.xml", "w", force_zip64=True) as part:
        for _ in range(excel.MOST_BYTES // (1 << 22) + 2):
            part.write(bytes(1 << 22))
    return path


def test_a_workbook_that_would_be_huge_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="is larger than 400 MB once decompressed; export it as CSV"):
        open_table(bomb(tmp_path / "t.xlsx"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", struct.pack("<Q", 0xE11AB1A1E011CFD0) + bytes(600)])
def test_broken_workbooks(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Rejected):
        open_table(put(tmp_path, content, "t.xlsx"))


LOG = """<log><trace><string key="concept:name" value="C1"/>
<event><string key="concept:name" value="cut"/><string key="org:resource" value="W1"/>
<string key="lifecycle:transition" value="start"/><date key="time:timestamp" value="2026-01-05T08:00:00+01:00"/></event>
<event><string key="concept:name" value="cut"/><string key="org:resource" value="W1"/>
<string key="lifecycle:transition" value="complete"/><date key="time:timestamp" value="2026-01-05T09:30:00+01:00"/>
<int key="pieces" value="7"/></event>
<event><string key="concept:name" value="pack"/><date key="time:timestamp" value="2026-01-06T09:00:00+01:00"/>
<int key="pieces" value="5"/></event></trace></log>"""


@pytest.mark.parametrize("packed", [False, True])
def test_an_event_log_becomes_activities_and_cases(tmp_path: Path, packed: bool) -> None:
    content = gzip.compress(LOG.encode()) if packed else LOG.encode()
    table = open_table(put(tmp_path, content, "t.xes.gz" if packed else "t.xes"))
    found = [row for block in table.blocks() for row in block.rows.to_pylist()]
    told = [(row["row"], row["case"], row["activity"], row["hours"], row["pieces"]) for row in found]
    assert told == [
        ("activity", "C1", "cut", "1.5", "7"),
        ("activity", "C1", "pack", "0.0", "5"),
        ("case", "C1", None, "25.0", "5"),
    ]
    assert found[2]["sum:pieces"] == "12"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<log><trace>", "is no event log"),
        (b"<log/>", "is an event log without a case"),
        (b'<!DOCTYPE l [<!ENTITY a "aaaa">]><log><trace><id key="&a;" value="x"/></trace></log>', "declares entities"),
    ],
)
def test_broken_event_logs(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        open_table(put(tmp_path, content, "t.xes"))
