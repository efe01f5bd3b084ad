"""The report as files: JSON as the API gives it, and one row a figure for CSV and Parquet."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec

from lopan.analytics.report import Report
from lopan.web import export


def view(report: Report) -> dict[str, Any]:
    """The report as the API gives it."""
    told: dict[str, Any] = msgspec.to_builtins(report, builtin_types=(date,))
    for section, plain in zip(report.sections, told["sections"], strict=True):
        for figure, line in zip(section.figures, plain["figures"], strict=True):
            del line["head"]
            line["enough"] = figure.enough
    return told


_COLUMNS: Final[dict[str, export.Kind]] = {
    "period": "text",
    "first_day": "text",
    "last_day": "text",
    "before_first_day": "text",
    "before_last_day": "text",
    "zone": "text",
    "level": "text",
    "made_at": "time",
    "section": "text",
    "id": "text",
    "key": "text",
    "title": "text",
    "value": "number",
    "unit": "text",
    "n": "count",
    "low": "number",
    "high": "number",
    "enough": "flag",
    "previous": "number",
    "n_previous": "count",
    "target": "number",
    "status": "text",
    "trend": "text",
    "definition": "text",
}


def table(report: Report) -> export.Sheet:
    """One row a figure; each says of what period, zone and level it is."""
    days = [day.isoformat() for dates in (report.dates, report.before) for day in (dates.first, dates.last)]
    shared: list[export.Cell] = [report.name, *days, report.zone, report.level, report.made_at]
    rows: list[list[export.Cell]] = []
    for section in report.sections:
        for one in section.figures:
            name: list[export.Cell] = [section.id, one.id, one.key, one.title, one.value, one.unit, one.n]
            bounds: list[export.Cell] = [one.low, one.high, one.enough, one.previous, one.n_previous, one.target]
            rows.append([*shared, *name, *bounds, one.status, one.trend, one.definition])
    return export.sheet(filename(report), report.zone, _COLUMNS, rows)


def filename(report: Report) -> str:
    """``report-week-2026-11-16``, without ending."""
    return f"report-{report.kind}-{report.dates.first.isoformat()}"
