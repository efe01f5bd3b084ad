"""The cohort triangle: weeks or months of first days against those that followed, as rows of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates, monday

Unit = Literal["week", "month"]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """``back`` of the cohort's people were active in the ``index``-th period after theirs (0 = their own).

    ``value`` in 0-1, None for an empty cohort; ``partial`` = the period, or the cohort's own, is not over.
    """

    index: int
    period: date
    back: int
    value: float | None
    partial: bool


class CohortRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cohort by the first day of its week or month; ``cells`` from index 0 on."""

    cohort: date
    size: int
    cells: list[Cell]


class Triangle(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in order, periods without new people too; ``average``: sum/sum by index over cells that are not partial."""

    unit: Unit
    dates: Dates
    audience: Audience
    rows: list[CohortRow]
    average: list[Cell]
    late: list[date]
    zone: str
    definition: str = (
        "cohort: week or month of the first local day ever with a foreground event; a cell: the share of the cohort"
        " with a foreground event in that week or month"
    )


def period(unit: Unit, first: date) -> Dates:
    """The days of the week or month that begins with ``first``."""
    return Dates(first, _next(first, unit) - DAY)


def nth(unit: Unit, day: date, index: int) -> date:
    """The first day of the ``index``-th week or month after the one of ``day``."""
    if unit == "week":
        return monday(day) + timedelta(weeks=index)
    months = day.year * 12 + day.month - 1 + index
    return date(months // 12, months % 12 + 1, 1)


def periods(dates: Dates, unit: Unit) -> Iterable[date]:
    """First days of every week or month that the days touch."""
    if not len(dates):
        return
    first = monday(dates.first) if unit == "week" else dates.first.replace(day=1)
    while first <= dates.last:
        yield first
        first = _next(first, unit)


def _next(first: date, unit: Unit) -> date:
    if unit == "week":
        return first + timedelta(days=7)
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def cell(index: int, begun: date, size: int, back: int, partial: bool) -> Cell:
    """A cell with its share."""
    return Cell(index=index, period=begun, back=back, value=back / size if size else None, partial=partial)


def average(rows: Sequence[CohortRow]) -> list[Cell]:
    """Sum/sum by index over the cells that are not partial."""
    longest = max((len(row.cells) for row in rows), default=0)
    found = []
    for index in range(longest):
        whole = [row for row in rows if len(row.cells) > index and not row.cells[index].partial]
        size, back = sum(row.size for row in whole), sum(row.cells[index].back for row in whole)
        if whole:
            found.append(cell(index, whole[0].cells[index].period, size, back, False))
    return found
