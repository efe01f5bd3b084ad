"""Geometry of the small charts that the server draws, and the data of the large ones that the browser draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from lopan.analytics.metric import Group, Metric, Point

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
    low, high = _bounds(values, target)
    step = WIDTH / max(1, len(points) - 1)

    def height(value: float) -> float:
        return _PAD + (HEIGHT - 2 * _PAD) * (1 - (value - low) / (high - low))

    runs = [[(index * step, height(value)) for index, value in run] for run in _runs(point.value for point in points)]
    end_x, end_y = runs[-1][-1]
    return Spark(
        line="".join(_path(run) for run in runs),
        area="".join(_closed(run) for run in runs),
        dot=f"M{end_x:.1f} {end_y:.1f}h0",
        target=None if target is None or not low <= target <= high else round(height(target), 1),
    )


def share(value: float | None, groups: Iterable[Group]) -> float:
    """Length of a bar in percent of the longest among ``groups``."""
    longest = max((group.value or 0.0 for group in groups), default=0.0)
    return round(100 * value / longest, 1) if value and longest > 0 else 0.0


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
    }


def columns(points: Sequence[Point]) -> dict[str, list[Any]]:
    """A series by column, as the chart library takes it; ``p`` marks buckets that are still filling."""
    return {
        "t": [int(point.t.timestamp()) for point in points],
        "v": [None if point.value is None else float(f"{point.value:.6g}") for point in points],
        "n": [point.n for point in points],
        "p": [int(point.partial) for point in points],
    }


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
