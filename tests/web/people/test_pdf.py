"""The text of the PDF, as a reader's search finds it; and that the server never loads what draws it."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import pypdf
import pytest
from tests.web.people.paper import report

from lopan.analytics.calendar import Dates
from lopan.analytics.report import Report
from lopan.web.printer import Printer, PrintError

GOLDEN = """\
Engagement report
Week 47 of 2026: 16 to 22 Nov 2026
Compared with Week 46 of 2026: 09 to 15 Nov 2026
Local days of Europe/Berlin; made 23 Nov 2026 08:30 Europe/Berlin; access level operational
Total users
1,204
+2.0 %, n 1,204
Satisfaction (CSAT)
4.31 of 5
below target, n 57
Active users by day
Line: Week 47 of 2026. Dashed: Week 46 of 2026, day by day from its begin.
0
71
142
16 Nov 17 Nov 18 Nov 19 Nov 20 Nov 21 Nov 22 Nov
Users
What users means.
Figure Value 95 % interval Before Change n, users
Total users 1,204 1,180 +2.0 % 1,204
Feature adoption
What feature adoption means.
Feature Value 95 % interval Before Change
n, entitled
users
Замовлення
meeting ≥ 80 % 83.3 % 69.4 to 91.7 80.0 % +3.3 pp 42
Rarely used
too few ≥ 80 % 50.0 % 15.0 to 85.0 – 4
Замовлення 83.3 %
Rarely used 50.0 %
Satisfaction
What satisfaction means.
Survey Value 95 % interval Before Change n, answers
Satisfaction (CSAT)
below target ≥ 4.5 of 5 4.31 of 5 4.10 to 4.50 – 57
Lopan engagement report, Week 47 of 2026, 16 to 22 Nov 2026 (Europe/Berlin) Page 1 of 2
Workflow completion
What workflow completion means.
Nothing came in about this in either period.
Definitions
n is what stands behind a figure. An interval holds the true share with 95 % confidence.
Total users
distinct users ever
Замовлення
100 x people with success / people active
Satisfaction (CSAT)
mean of scores 1-5
Lopan engagement report, Week 47 of 2026, 16 to 22 Nov 2026 (Europe/Berlin) Page 2 of 2
"""


async def printed(about: Report) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(await Printer().pdf(about)))


def text(paper: pypdf.PdfReader) -> str:
    lines = [" ".join(line.split()) for page in paper.pages for line in page.extract_text().splitlines()]
    return "\n".join(line for line in lines if line) + "\n"


async def test_the_text_is_real_and_complete() -> None:
    paper = await printed(report())
    assert text(paper) == GOLDEN
    assert paper.metadata is not None
    assert paper.metadata.title == "Engagement report, Week 47 of 2026"
    # Charts are drawn, not photographed.
    assert not any(page.images for page in paper.pages)


async def test_a_period_without_a_day_says_so() -> None:
    dates = Dates(report().dates.last, report().dates.first)
    found = text(await printed(report(sections=[], course=[], dates=dates, whole=False)))
    assert "Week 47 of 2026, so far: no day yet" in found
    assert "No day of Week 47 of 2026 is over yet, so there is nothing to report." in found


async def test_many_lines_and_long_names_stay_on_their_pages() -> None:
    section = report().sections[1]
    many = [
        type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | {"title": f"{'long ' * 30}{number}"})
        for number, one in enumerate(section.figures * 40)
    ]
    crowded = type(section)(id="features", title="Feature adoption", subject="F", samples="n", about="A.", figures=many)
    paper = await printed(report(sections=[crowded]))
    assert len(paper.pages) > 5
    for number, page in enumerate(paper.pages, start=1):
        assert f"Page {number} of {len(paper.pages)}" in page.extract_text()


async def test_what_can_not_be_drawn_is_an_error_and_not_a_file() -> None:
    with pytest.raises(PrintError, match="could not be drawn"):
        await Printer().pdf(report(zone="Nowhere/Land"))


def test_the_server_loads_nothing_of_it() -> None:
    asked = "import lopan.server, sys; print([name for name in ('fpdf', 'PIL', 'fontTools') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
