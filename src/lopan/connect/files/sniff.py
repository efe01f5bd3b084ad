"""How a text file is written: its encoding, sign between cells and heading, each with the evidence for it."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lopan.connect.files.table import header, headings
from lopan.errors import Rejected

LONGEST = 1_000_000
"""Bytes that a line may have."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_CHUNK = 1 << 20
_HEAD_LINES = 100
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_KNOWN = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1", "iso-8859-15")


class Encoding(NamedTuple):
    """``name`` is Python's; ``evidence`` is for people."""

    name: str
    evidence: str


class Layout(NamedTuple):
    """``skip`` lines come before the rows: titles and heading."""

    delimiter: str
    names: list[str]
    skip: int
    evidence: str
    header_row: int


def encoding(path: Path, wanted: str = "") -> Encoding:
    """Read the whole file once and say how it is encoded; raises Rejected naming the line that is not.

    Also refuses what is no table of lines: an empty file, bytes of zero, a line of more than ``LONGEST`` bytes.
    """
    with path.open("rb") as file:
        head = file.read(4_096)
    if not head:
        raise Rejected(path.name, "is empty")
    name, evidence = _named(path, wanted) if wanted else _guessed(head)
    bad = _survey(path, name)
    if bad is None:
        return Encoding(name, evidence)
    if wanted or name != "utf-8":
        raise Rejected(path.name, f"line {bad.line:,} is not {name}: byte {bad.byte:#04x}; give another --encoding")
    if _survey(path, "cp1252") is None:
        return Encoding("cp1252", f"byte {bad.byte:#04x} in line {bad.line:,} is not UTF-8, but a letter in cp1252")
    raise Rejected(path.name, f"line {bad.line:,} is neither UTF-8 nor cp1252: byte {bad.byte:#04x}; give --encoding")


def layout(path: Path, encoded: str, delimiter: str = "", header_row: int | None = None) -> Layout:
    """Sign between cells and heading from the first lines; raises Rejected when there is no heading there."""
    lines = list(_head(path, encoded))
    sign, evidence = (delimiter, "as given") if delimiter else _delimiter(lines)
    rows, ends = [], []
    reader = csv.reader(lines, delimiter=sign)
    for row in reader:
        rows.append(row)
        ends.append(reader.line_num)
    if header_row is None:
        index = header(rows)
    else:
        index = next((index for index, end in enumerate(ends) if end >= header_row), len(rows))
    if index >= len(rows):
        raise Rejected(path.name, f"has no heading in line {header_row}")
    begin = ends[index - 1] + 1 if index else 1
    return Layout(sign, headings(rows, index), ends[index], evidence, begin)


class _Bad(NamedTuple):
    line: int
    byte: int


def _named(path: Path, wanted: str) -> tuple[str, str]:
    try:
        return codecs.lookup(wanted).name, "as given"
    except LookupError:
        raise Rejected(path.name, f"{wanted!r} is no encoding; there are {', '.join(_KNOWN)} and more") from None


def _guessed(head: bytes) -> tuple[str, str]:
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name, "its first bytes are the mark of " + name.removesuffix("-sig").upper()
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(head) > 3 and max(even, odd) > len(head) // 4:
        return ("utf-16-le" if odd > even else "utf-16-be"), "every second byte is zero"
    return "utf-8", "every byte fits"


def _survey(path: Path, name: str) -> _Bad | None:
    """Where the file stops being of this encoding; None when it never does."""
    decoder = codecs.getincrementaldecoder(name)()
    wide = name.startswith("utf-16")
    line, length = 1, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if not wide and (at := chunk.find(0)) >= 0:
                where = line + chunk.count(b"\n", 0, at)
                raise Rejected(path.name, f"line {where:,} holds a byte of zero: no text file, or give --encoding")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                place = max(0, error.start - (len(error.object) - len(chunk)))
                return _Bad(line + chunk.count(b"\n", 0, place), error.object[error.start])
            except UnicodeError as error:
                raise Rejected(path.name, f"is not {name}: {error}") from None
            length = _longest(path, chunk, line, length)
            line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return _Bad(line, error.object[error.start])
    return None


def _longest(path: Path, chunk: bytes, line: int, length: int) -> int:
    """Bytes of the line that ``chunk`` ends in; raises Rejected as soon as a line is too long."""
    first = max(chunk.find(b"\n"), chunk.find(b"\r") if b"\n" not in chunk else -1)
    if length + (first if first >= 0 else len(chunk)) > LONGEST:
        raise Rejected(path.name, f"line {line:,} is longer than {LONGEST:,} bytes: this is no table of lines")
    last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
    return length + len(chunk) if last < 0 else len(chunk) - last - 1


def _head(path: Path, encoded: str) -> Iterator[str]:
    with path.open(encoding=encoded, newline="") as file:
        for _ in range(_HEAD_LINES):
            text = file.readline(LONGEST)
            if not text:
                return
            yield text


def _delimiter(lines: list[str]) -> tuple[str, str]:
    """The sign that cuts most lines into the same number of cells."""
    best = (0.0, 0, ",")
    for sign in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if row)
        width, count = max(widths.items(), key=lambda one: one[1] if one[0] > 1 else 0, default=(1, 0))
        if width > 1:
            best = max(best, (count / sum(widths.values()), width, sign))
    if best[1] == 0:
        return ",", "one column only"
    return best[2], f"a {DELIMITERS[best[2]]} cuts {best[0]:.0%} of the first lines into {best[1]} cells"
