"""A workbook as spreadsheet programs write it, with no more than what is needed: shared texts, numbers, dates."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from xml.sax.saxutils import escape

_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_DATE, _TIME = 1, 2
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_STYLES = (
    f"<styleSheet {_MAIN}>"
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/>'
    '<xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="20" applyNumberFormat="1"/></cellXfs></styleSheet>'
)

Cell = str | float | datetime | time | None


def write(path: Path, sheets: dict[str, Iterable[Sequence[Cell]]]) -> None:
    """Write the sheets in order; a datetime is shown as day and time, a time as the time of day alone."""
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for number, rows in enumerate(sheets.values(), 1):
            with book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                part.write(f"<worksheet {_MAIN}><sheetData>".encode())
                for place, row in enumerate(rows, 1):
                    cells = "".join(_cell(cell, _name(column) + str(place), texts) for column, cell in enumerate(row))
                    part.write(f'<row r="{place}">{cells}</row>'.encode())
                part.write(b"</sheetData></worksheet>")
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        book.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{items}</sst>")
        book.writestr("xl/styles.xml", _STYLES)
        _frame(book, list(sheets))


def _frame(book: zipfile.ZipFile, names: list[str]) -> None:
    parts = {f"worksheets/sheet{n}.xml": "worksheet" for n in range(1, len(names) + 1)}
    parts |= {"styles.xml": "styles", "sharedStrings.xml": "sharedStrings"}
    kinds = "".join(
        f'<Override PartName="/xl/{part}" ContentType="{_KIND}{kind}+xml"/>' for part, kind in parts.items()
    )
    kinds += f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}sheet.main+xml"/>'
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_REL}/{kind}" Target="{part}"/>'
        for n, (part, kind) in enumerate(parts.items(), 1)
    )
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    root = f'<Relationship Id="r1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
    book.writestr("[Content_Types].xml", _TYPES.format(kinds))
    book.writestr("_rels/.rels", f"<Relationships {package}>{root}</Relationships>")
    book.writestr("xl/_rels/workbook.xml.rels", f"<Relationships {package}>{links}</Relationships>")
    book.writestr("xl/workbook.xml", f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>')


def _cell(value: Cell, at: str, texts: dict[str, int]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{at}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
    if isinstance(value, datetime):
        return f'<c r="{at}" s="{_DATE}"><v>{(value.replace(tzinfo=UTC) - _EPOCH).total_seconds() / 86_400!r}</v></c>'
    if isinstance(value, time):
        seconds = value.hour * 3_600 + value.minute * 60 + value.second
        return f'<c r="{at}" s="{_TIME}"><v>{seconds / 86_400!r}</v></c>'
    return f'<c r="{at}"><v>{value!r}</v></c>'


def _name(column: int) -> str:
    """A, B, ... Z, AA."""
    return (_name(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)
