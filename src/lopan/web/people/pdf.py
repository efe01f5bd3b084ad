"""The engagement report as a PDF: real text in an embedded font, charts as vectors.

``python -m lopan.web.people.pdf`` reads a Report as JSON and writes the file. It is a process of its own because what
it imports costs 55 MB that the server would never give back; the server itself must not import this module.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from lopan.analytics.report import DayUsers, Figure, Report, Section
from lopan.web import figures
from lopan.web.people import words

INK: Final = (18, 22, 29)
QUIET: Final = (98, 107, 122)
LINE: Final = (225, 228, 234)
SUNKEN: Final = (245, 246, 248)
ACCENT: Final = (36, 80, 200)
PALE: Final = (176, 190, 232)
TONES: Final[dict[str, tuple[int, int, int]]] = {
    "exceeding": (11, 107, 102),
    "meeting": (26, 107, 60),
    "below target": (89, 96, 108),
    "warning": (138, 82, 0),
    "critical": (179, 22, 31),
}
_FONT: Final = "DejaVu"
_FILES: Final = {"": "DejaVuSansCondensed.ttf", "B": "DejaVuSansCondensed-Bold.ttf"}
_MARGIN: Final = 16.0
_WIDTH: Final = 210 - 2 * _MARGIN
_COLUMNS: Final = (56, 24, 34, 22, 20, 22)
"""Widths in mm: title, value, interval, before, change, n; the status stands under the title."""


class _Paper(FPDF):
    """A4 with the name of the report and the page number at the foot of every page."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        folder = files("lopan.web") / "static" / "dist"
        for style, name in _FILES.items():
            self.add_font(_FONT, style, str(folder / name))
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, 18)
        self.alias_nb_pages("{n}")

    def footer(self) -> None:
        self.set_y(-13)
        self.write_in(7.5, QUIET)
        self.cell(_WIDTH - 30, 4, self._foot)
        self.cell(30, 4, f"Page {self.page_no()} of {{n}}", align="R")

    def write_in(self, size: float, colour: tuple[int, int, int] = INK, style: str = "") -> None:
        """Font size in points, and colour, of what is written next."""
        self.set_font(_FONT, style, size)
        self.set_text_color(*colour)

    def line_of(self, text: str, height: float = 5) -> None:
        """A paragraph over the whole width."""
        self.multi_cell(_WIDTH, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def heading(self, text: str, room: float = 30) -> None:
        """A heading that keeps ``room`` mm of what follows on its page."""
        if self.will_page_break(room):
            self.add_page()
        self.ln(5)
        self.start_section(text)
        self.write_in(11.5, INK, "B")
        self.line_of(text, 6)


def draw(report: Report) -> bytes:
    """The file. Its time is the report's, so equal reports are equal files but for the identifier inside."""
    paper = _Paper(f"Lopan engagement report, {report.name}, {words.days(report.dates)} ({report.zone})")
    paper.set_title(f"Engagement report, {report.name}")
    paper.set_author("Lopan")
    paper.set_lang("en")
    paper.set_creation_date(report.made_at)
    paper.add_page()
    _head(paper, report)
    if not report.sections:
        paper.write_in(9.5)
        paper.ln(4)
        paper.line_of(f"No day of {report.name} is over yet, so there is nothing to report.")
    if report.heads:
        _heads(paper, report.heads)
    if len(report.course) > 1:
        _course(paper, report)
    for section in report.sections:
        _section(paper, section)
    _definitions(paper, report)
    return bytes(paper.output())


def _head(paper: _Paper, report: Report) -> None:
    paper.write_in(18, INK, "B")
    paper.line_of("Engagement report", 9)
    paper.write_in(11, INK)
    so_far = "" if report.whole else ", so far"
    paper.line_of(f"{report.name}{so_far}: {words.days(report.dates)}", 6)
    zone = ZoneInfo(report.zone)
    made = f"{figures.stamp(report.made_at, zone)} {report.zone}"
    facts = [
        f"Compared with {report.before_name}: {words.days(report.before)}",
        f"Local days of {report.zone}; made {made}; {words.level(report)}",
    ]
    if report.project:
        facts.append(f"Only project {report.project}")
    if report.late:
        facts.append(f"The latest events of {len(report.late)} days are not counted yet")
    paper.write_in(8.5, QUIET)
    for fact in facts:
        paper.line_of(fact, 4.5)


def _heads(paper: _Paper, heads: Sequence[Figure]) -> None:
    paper.ln(3)
    across, gap, height = 4, 3.0, 21.0
    width = (_WIDTH - gap * (across - 1)) / across
    top = paper.get_y()
    for index, figure in enumerate(heads):
        x = _MARGIN + index % across * (width + gap)
        y = top + index // across * (height + gap)
        paper.set_draw_color(*LINE)
        paper.rect(x, y, width, height, round_corners=True, corner_radius=1.5)
        paper.set_xy(x + 2.5, y + 2)
        paper.write_in(7.5, QUIET)
        paper.cell(width - 5, 4, _cut(paper, figure.title, width - 5))
        paper.set_xy(x + 2.5, y + 6.5)
        paper.write_in(14, INK if figure.enough else QUIET, "B")
        paper.cell(width - 5, 7, words.value(figure))
        paper.set_xy(x + 2.5, y + 14.5)
        paper.write_in(7, QUIET)
        told = [words.change(figure), words.verdict(figure), f"n {figures.count(figure.n)}"]
        paper.cell(width - 5, 4, _cut(paper, ", ".join(filter(None, told)), width - 5))
    rows = -(-len(heads) // across)
    paper.set_xy(_MARGIN, top + rows * (height + gap))


def _course(paper: _Paper, report: Report) -> None:
    paper.heading("Active users by day", 62)
    paper.write_in(8, QUIET)
    paper.line_of(f"Line: {report.name}. Dashed: {report.before_name}, day by day from its begin.", 4.5)
    left, top, width, height = _MARGIN + 12, paper.get_y() + 3, _WIDTH - 14, 38.0
    most = max(1, *(max(day.users, day.before or 0) for day in report.course))
    step = width / (len(report.course) - 1)

    def points(values: Sequence[int | None]) -> list[tuple[float, float]]:
        return [
            (left + index * step, top + height * (1 - value / most))
            for index, value in enumerate(values)
            if value is not None
        ]

    paper.set_draw_color(*LINE)
    paper.set_line_width(0.2)
    paper.write_in(7, QUIET)
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        paper.line(left, y, left + width, y)
        paper.set_xy(_MARGIN, y - 2)
        paper.cell(10, 4, figures.number(most * share), align="R")
    with paper.local_context():
        paper.set_draw_color(*PALE)
        paper.set_line_width(0.4)
        paper.set_dash_pattern(dash=1.2, gap=1)
        paper.polyline(points([day.before for day in report.course]))
    paper.set_draw_color(*ACCENT)
    paper.set_line_width(0.6)
    paper.polyline(points([day.users for day in report.course]))
    paper.set_line_width(0.2)
    for day, x in _labelled(report.course, left, step):
        paper.set_xy(x - 10, top + height + 1)
        paper.cell(20, 4, f"{day.day:%d %b}", align="C")
    paper.set_xy(_MARGIN, top + height + 6)


def _labelled(course: Sequence[DayUsers], left: float, step: float) -> list[tuple[DayUsers, float]]:
    """At most eight days with the place of their label, the first and the last among them."""
    every = max(1, -(-(len(course) - 1) // 7))
    found = [index for index in range(0, len(course), every) if len(course) - 1 - index >= every]
    return [(course[index], left + index * step) for index in [*found, len(course) - 1]]


def _section(paper: _Paper, section: Section) -> None:
    paper.heading(section.title, 40)
    paper.write_in(8, QUIET)
    paper.line_of(section.about, 4.5)
    paper.ln(1)
    if not section.figures:
        paper.write_in(9)
        paper.line_of("Nothing came in about this in either period.")
        return
    paper.write_in(8.5)
    paper.set_draw_color(*LINE)
    # Cells of a table take the colour that was filled with last.
    paper.set_fill_color(255)
    heads = (section.subject, "Value", "95 % interval", "Before", "Change", f"n, {section.samples}")
    with paper.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=_COLUMNS,
        text_align=("LEFT", "RIGHT", "CENTER", "RIGHT", "RIGHT", "RIGHT"),
        line_height=4.6,
        padding=(0.8, 1.2),
        headings_style=FontFace(emphasis="BOLD", color=QUIET, fill_color=SUNKEN, size_pt=7.5),
        width=_WIDTH,
        align="LEFT",
    ) as table:
        table.row(heads)
        for figure in section.figures:
            _line(table.row(), figure)
    if len(section.bars) > 1:
        _bars(paper, section.bars)


def _line(row: object, figure: Figure) -> None:
    """One line; what has too few samples is grey."""
    faint = FontFace(color=QUIET) if not figure.enough else None
    told = "  ".join(filter(None, (words.verdict(figure), words.target(figure))))
    cells = (
        f"{figure.title}\n{told}" if told else figure.title,
        words.value(figure),
        words.bounds(figure),
        words.previous(figure),
        words.change(figure),
        f"{figure.n:,}",
    )
    for cell in cells:
        row.cell(cell, style=faint)  # type: ignore[attr-defined]


def _bars(paper: _Paper, shares: Sequence[Figure]) -> None:
    """One bar a share with its interval as a whisker and its target as an upright, on a scale to 100 %."""
    height, name = 5.0, 52.0
    length = _WIDTH - name - 22
    paper.ln(3)
    for figure in shares:
        if paper.will_page_break(height):
            paper.add_page()
        assert figure.value is not None
        y, x = paper.get_y(), _MARGIN + name
        paper.write_in(7.5, INK if figure.enough else QUIET)
        paper.set_xy(_MARGIN, y)
        paper.cell(name - 2, height, _cut(paper, figure.title, name - 3))
        paper.set_fill_color(*SUNKEN)
        paper.rect(x, y + 1, length, height - 2, style="F")
        paper.set_fill_color(*_tone(figure))
        paper.rect(x, y + 1, length * min(1.0, figure.value / 100), height - 2, style="F")
        if figure.low is not None and figure.high is not None:
            paper.set_draw_color(*INK)
            paper.line(x + length * figure.low / 100, y + height / 2, x + length * figure.high / 100, y + height / 2)
        if figure.target is not None:
            paper.set_draw_color(*INK)
            paper.line(x + length * figure.target / 100, y + 0.3, x + length * figure.target / 100, y + height - 0.3)
        paper.set_xy(x + length + 2, y)
        paper.cell(20, height, words.value(figure), align="R")
        paper.set_xy(_MARGIN, y + height)
    paper.set_draw_color(*LINE)


def _tone(figure: Figure) -> tuple[int, int, int]:
    if not figure.enough:
        return PALE
    return TONES.get(figure.status, ACCENT) if figure.judged else ACCENT


def _definitions(paper: _Paper, report: Report) -> None:
    known: dict[str, str] = {}
    for section in report.sections:
        for figure in section.figures:
            if figure.definition:
                known.setdefault(figure.definition, figure.title)
    if not known:
        return
    paper.heading("Definitions")
    paper.write_in(8, QUIET)
    paper.line_of("n is what stands behind a figure. An interval holds the true share with 95 % confidence.", 4.5)
    for definition, title in known.items():
        paper.ln(1)
        paper.write_in(8, INK, "B")
        paper.line_of(title, 4.2)
        paper.write_in(8)
        paper.line_of(definition, 4.2)


def _cut(paper: _Paper, text: str, width: float) -> str:
    """``text`` on one line of ``width`` mm, with an ellipsis where it was longer."""
    if paper.get_string_width(text) <= width:
        return text
    while text and paper.get_string_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def main() -> None:
    """A Report as JSON from standard input, the PDF to standard output."""
    report = msgspec.json.decode(sys.stdin.buffer.read(), type=Report)
    sys.stdout.buffer.write(draw(report))


if __name__ == "__main__":
    main()
