"""Geometry of the small charts that the server draws, and the data of the large ones that the browser draws."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from lopan.analytics import comparison
from lopan.analytics.metric import Group, Metric, Point, Span
from lopan.web import marks
from lopan.web.query import Query

WIDTH = 240.0
HEIGHT = 44.0
_PAD = 3.0
_LINES = ("target", "warning", "critical")


class Spark(msgspec.Struct, frozen=True):
    """Paths of one sparkline in a ``WIDTH`` x ``HEIGHT`` box; ``target`` is a height, None when out of sight."""

    line: str
    area: str
    dot: str
    target: float | None


def spark(points: Sequence[Point], target: float | None = None) -> Spark | None:
    """Scale a series into the box, with gaps where there is no data; None with fewer than two values."""
    values = [point.value for point in points if point.value is not None]
    if len(values) < 2:
        return None
    low, high = _bounds(_weighty(points), target)
    step = (WIDTH - _PAD) / max(1, len(points) - 1)

    def height(value: float) -> float:
        inside = min(1.0, max(0.0, (value - low) / (high - low)))
        return _PAD + (HEIGHT - 2 * _PAD) * (1 - inside)

    runs = [[(index * step, height(value)) for index, value in run] for run in _runs(point.value for point in points)]
    end_x, end_y = runs[-1][-1]
    return Spark(
        line="".join(_path(run) for run in runs),
        area="".join(_closed(run) for run in runs),
        dot=f"M{end_x:.1f} {end_y:.1f}h0",
        target=None if target is None or not low <= target <= high else round(height(target), 1),
    )


class Mark(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval on a common scale, all in percent of the width; the interval may be unknown."""

    value: float
    low: float
    high: float
    overall: float | None


def scale(metric: Metric) -> tuple[float, float]:
    """The range that the groups of ``metric`` are drawn in: those with enough samples, their intervals, the whole."""
    enough = [group for group in metric.groups if group.n >= metric.min_samples] or metric.groups
    values = [value for group in enough for value in (group.value, group.low, group.high) if value is not None]
    if metric.value is not None:
        values.append(metric.value)
    if not values:
        return 0.0, 1.0
    margin = max((max(values) - min(values)) * 0.06, abs(max(values)) * 0.002, 1e-9)
    return min(values) - margin, max(values) + margin


def mark(group: Group, metric: Metric, bounds: tuple[float, float]) -> Mark | None:
    """Where the figure of ``group`` lies between ``bounds``; what lies outside stops at the edge."""
    if group.value is None:
        return None
    low, high = bounds

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 1)

    return Mark(
        value=place(group.value),
        low=place(group.value if group.low is None else group.low),
        high=place(group.value if group.high is None else group.high),
        overall=None if metric.value is None else place(metric.value),
    )


def trend(metric: Metric) -> dict[str, Any]:
    """What the browser needs to draw one trend chart; times in Unix seconds."""
    return {
        "id": metric.id,
        "title": metric.title,
        "unit": metric.unit,
        "decimals": metric.decimals,
        "better": metric.better,
        "step": metric.step,
        "lines": [[name, value] for name in _LINES if (value := getattr(metric, name)) is not None],
        **columns(metric.series),
        **compared(metric, metric.series),
    }


def data(zone: str, charts: list[dict[str, Any]], marked: Sequence[marks.Mark]) -> dict[str, Any]:
    """The block ``chart-data`` of a page: ``charts`` as ``trend`` makes them, and what is marked on all of them."""
    drawn = [{"n": one.number, "t": int(one.at.timestamp()), "text": one.text} for one in marked]
    return {"zone": zone, "charts": charts, "marks": drawn}


def compared(metric: Metric, points: Sequence[Point]) -> dict[str, Any]:
    """The second line for ``points`` of the series of ``metric``, as column ``c``; nothing without a comparison.

    Buckets that the other range cuts are left out: a few samples at its edges would look like a difference.
    """
    if metric.versus is None:
        return {}
    other = comparison.laid_over(points, metric.versus.series, metric.versus.shift, metric.step)
    return {
        "versus": metric.versus.label,
        "c": [None if point is None or point.partial else _short(point.value) for point in other],
    }


def files(metric: str, asked: Query) -> dict[str, str]:
    """Where the files of one figure are, by what a menu calls them."""
    return _files(f"/api/v1/metrics/{metric}", asked.exact(by=""))


def files_of(metric: str, span: Span, labels: Mapping[str, str]) -> dict[str, str]:
    """As ``files``, for a fixed range and the labels of an alert."""
    ends = {"from": span.start.isoformat(), "to": span.end.isoformat()}
    return _files(f"/api/v1/metrics/{metric}", urlencode({**ends, **labels}))


def tables(page: str, name: str, asked: Query) -> dict[str, str]:
    """Where the files of a whole table of ``page`` are."""
    query = asked.exact()
    return {title: f"{page}/{name}.{form}?{query}" for title, form in (("CSV", "csv"), ("Parquet", "parquet"))}


def _files(path: str, query: str) -> dict[str, str]:
    return {"CSV": f"{path}?{query}&format=csv", "Parquet": f"{path}?{query}&format=parquet", "JSON": f"{path}?{query}"}


def columns(points: Sequence[Point]) -> dict[str, list[Any]]:
    """A series by column, as the chart library takes it; ``p`` marks buckets that may still change."""
    return {
        "t": [int(point.t.timestamp()) for point in points],
        "v": [_short(point.value) for point in points],
        "n": [point.n for point in points],
        "p": [int(point.partial or point.provisional) for point in points],
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def tail(old: Sequence[Point], new: Sequence[Point]) -> list[Point]:
    """The points of ``new`` from the first one that ``old`` does not have, so that a live update stays small."""
    known = {point.t: point for point in old}
    for index, point in enumerate(new):
        if known.get(point.t) != point:
            return list(new[index:])
    return []


def script_json(value: object) -> str:
    """JSON that can stand inside a script element: no ``<``, ``>`` or ``&`` survives."""
    text = msgspec.json.encode(value).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _weighty(points: Sequence[Point]) -> list[float]:
    """Values that set the scale: a bucket with a few samples must not flatten all others; it is cut at the edge."""
    held = [point for point in points if point.value is not None]
    least = 0.35 * statistics.median(point.n for point in held)
    return [point.value for point in held if point.n >= least and point.value is not None]


def _bounds(values: Sequence[float], target: float | None) -> tuple[float, float]:
    low, high = min(values), max(values)
    reach = max(high - low, abs(high) * 0.02, 1e-9)
    # A far target would flatten the line; a near one tells more than it costs.
    if target is not None and low - reach <= target <= high + reach:
        low, high = min(low, target), max(high, target)
    middle = (low + high) / 2
    half = max((high - low) / 2, reach / 2)
    return middle - half, middle + half


def _runs(values: Iterable[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            runs[-1].append((index, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _path(run: Sequence[tuple[float, float]]) -> str:
    head, *rest = (f"{x:.1f} {y:.1f}" for x, y in run)
    return f"M{head}" + ("L" + " ".join(rest) if rest else "h0.1")


def _closed(run: Sequence[tuple[float, float]]) -> str:
    return f"{_path(run)}V{HEIGHT:g}H{run[0][0]:.1f}Z" if len(run) > 1 else ""
