"""Figures as tables for export: every row says what it is, so that rows of several files can be put together."""

from __future__ import annotations

from collections.abc import Sequence

from lopan.alerts.history import AlertView
from lopan.analytics.metric import Metric, Point
from lopan.web.export import Cell, Kind, Sheet, sheet
from lopan.web.parts import Source
from lopan.web.query import Query

_WHAT: dict[str, Kind] = {
    "metric": "text",
    "title": "text",
    "unit": "text",
    "definition": "text",
    "filters": "text",
    "time_zone": "text",
}
_RANGE: dict[str, Kind] = {
    "range_start": "time",
    "range_end": "time",
    "range_value": "number",
    "range_n": "count",
    "range_low": "number",
    "range_high": "number",
}
_SERIES: dict[str, Kind] = {
    **_WHAT,
    "side": "text",
    **_RANGE,
    "difference": "number",
    "verdict": "text",
    "p": "number",
    "bucket_start": "time",
    "bucket_seconds": "count",
    "value": "number",
    "n": "count",
    "partial": "flag",
}
_GROUPS: dict[str, Kind] = {
    **_WHAT,
    **_RANGE,
    "by": "text",
    "key": "text",
    "value": "number",
    "n": "count",
    "low": "number",
    "high": "number",
    "status": "text",
}
_ALERTS: dict[str, Kind] = {
    "id": "count",
    **dict.fromkeys(("title", "labels", "metric", "definition", "severity", "state", "time_zone"), "text"),
    **dict.fromkeys(("value", "low", "high"), "number"),
    "n": "count",
    "unit": "text",
    "op": "text",
    "threshold": "number",
    "window_seconds": "count",
    **dict.fromkeys(("started", "fired", "resolved"), "time"),
    "sent_to": "text",
}
_SOURCES: dict[str, Kind] = {
    "project": "count",
    "name": "text",
    **dict.fromkeys(("accepted", "rejected", "quarantined"), "count"),
    "last": "time",
    "time_zone": "text",
}


def series(name: str, metrics: Sequence[Metric], asked: Query, zone: str) -> Sheet:
    """One row a bucket and side: ``this`` range, then what it is compared with; a figure without series has one row."""
    rows: list[list[Cell]] = []
    for metric in metrics:
        what = _what(metric, asked, zone)
        this: list[Cell] = [*what, "this", *_range(metric), None, None, None]
        rows += [[*this, *bucket] for bucket in _buckets(metric.series, metric.step)]
        if metric.versus is None:
            continue
        other = metric.versus
        sides: list[Cell] = [other.start, other.end, other.value, other.n, other.low, other.high]
        tested: list[Cell] = [other.difference, other.verdict, other.p]
        that = [*what, other.label, *sides, *tested]
        rows += [[*that, *bucket] for bucket in _buckets(other.series, metric.step)]
    return sheet(name, zone, _SERIES, rows)


def groups(name: str, metrics: Sequence[Metric], asked: Query, zone: str) -> Sheet:
    """One row a figure and value of the dimension that was asked for."""
    rows: list[list[Cell]] = []
    for metric in metrics:
        shared = [*_what(metric, asked, zone), *_range(metric), asked.by]
        rows += [[*shared, one.key, one.value, one.n, one.low, one.high, one.status] for one in metric.groups]
    return sheet(name, zone, _GROUPS, rows)


def alerts(found: Sequence[AlertView], zone: str) -> Sheet:
    """One row an alert; ``value``, bounds and ``threshold`` in ``unit``."""
    rows: list[list[Cell]] = []
    for one in found:
        labels = ", ".join(f"{name} {value}" for name, value in one.labels.items())
        sent = ", ".join(sorted({delivery.channel for delivery in one.deliveries if delivery.state == "sent"}))
        what: list[Cell] = [one.id, one.title, labels, one.kpi, one.definition, one.severity, one.state, zone]
        figure: list[Cell] = [one.value, one.low, one.high, one.n, one.unit, one.op, one.threshold, one.window_s]
        rows.append([*what, *figure, one.started_at, one.fired_at, one.resolved_at, sent])
    return sheet("alerts", zone, _ALERTS, rows)


def sources(found: Sequence[Source], zone: str) -> Sheet:
    """One row a project, counted since the process was started."""
    rows = [[one.project, one.name, one.accepted, one.rejected, one.quarantined, one.last, zone] for one in found]
    return sheet("sources", zone, _SOURCES, rows)


def _what(metric: Metric, asked: Query, zone: str) -> list[Cell]:
    return [metric.id, metric.title, metric.unit, metric.definition, asked.filters.named, zone]


def _range(metric: Metric) -> list[Cell]:
    return [metric.start, metric.end, metric.value, metric.n, metric.low, metric.high]


def _buckets(points: Sequence[Point], step: int) -> list[list[Cell]]:
    """At least one, so that a figure that has no course is still told."""
    return [[point.t, step, point.value, point.n, point.partial] for point in points] or [[None] * 5]
