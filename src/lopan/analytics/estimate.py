"""What sums come to: a figure with its bounds, its points and groups, and whether a difference is more than chance."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lopan.analytics import comparison
from lopan.analytics.intervals import Interval, normal, standard_error, wilson, z_means, z_shares
from lopan.analytics.metric import Group, Measure, Point, Span, Trend
from lopan.analytics.query import Row, Sums
from lopan.analytics.status import status, trend
from lopan.catalog import DAY, Kpi


def value(kpi: Kpi, sums: Sums) -> float | None:
    """The figure in the unit of the entry; None = no data, or nothing below the line."""
    if kpi.kind == "total":
        return kpi.scale * sums.num if sums.samples else None
    return kpi.scale * sums.num / sums.den if sums.den else None


def interval(kpi: Kpi, sums: Sums) -> Interval | None:
    """The bounds of the figure at 95 %, where the entry names a way to them and there is data."""
    bound: Interval | None = None
    if kpi.interval == "wilson":
        bound = wilson(sums.num, sums.den)
    elif kpi.interval == "normal" and sums.den:
        bound = normal(sums.num / sums.den, sums.total, sums.squares, sums.events)
    return Interval(bound.low * kpi.scale, bound.high * kpi.scale) if bound else None


def measure(kpi: Kpi, sums: Sums) -> Measure:
    """The figure with its n and bounds."""
    bound = interval(kpi, sums)
    return Measure(value(kpi, sums), sums.samples, bound.low if bound else None, bound.high if bound else None)


def tested(kpi: Kpi, now: Sums, then: Sums) -> tuple[Trend, float | None]:
    """Where the figure goes, and the p of the difference; None where it can't be tested."""
    enough = now.samples >= kpi.min_samples and then.samples >= kpi.min_samples
    reached, previous = value(kpi, now), value(kpi, then)
    if reached is None or previous is None or not kpi.interval:
        return "unknown", None
    if kpi.interval == "wilson":
        z = z_shares(now.num, now.den, then.num, then.den)
    else:
        errors = (standard_error(sums.total, sums.squares, sums.events) for sums in (now, then))
        z = z_means((reached - previous) / kpi.scale, *errors)
    word = trend(kpi, reached - previous, abs(previous), z, enough=enough)
    return word, comparison.p_value(z) if enough else None


def points(kpi: Kpi, rows: list[Row], span: Span, step: int, now: datetime, zone: str) -> list[Point]:
    """Buckets of the range in order, empty ones too; one that is cut by the range or by now is partial."""
    found = {row.t: row.sums for row in rows if row.half == 1}
    starts = sorted({*found, *_days(span, zone)}) if step >= DAY else _grid(span, step)
    made = []
    for start in starts:
        sums = found.get(start, Sums())
        at = datetime.fromtimestamp(start, UTC)
        cut = at < span.start or at + timedelta(seconds=step) > min(span.end, now)
        made.append(Point(at, value(kpi, sums), sums.samples, cut))
    return made


def _grid(span: Span, step: int) -> list[int]:
    first = int(span.start.timestamp()) // step * step
    return list(range(first, math.ceil(span.end.timestamp()), step))


def _days(span: Span, zone: str) -> list[int]:
    """Midnights of the days that the range touches."""
    local = ZoneInfo(zone)
    first, last = (moment.astimezone(local).date() for moment in (span.start, span.end - timedelta(microseconds=1)))
    days = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return [int(datetime.combine(day, time(), local).timestamp()) for day in days]


def groups(kpi: Kpi, rows: list[Row]) -> list[Group]:
    """One group a row, the one with most samples first."""
    made = []
    for row in sorted(rows, key=lambda row: (-row.sums.samples, row.k)):
        reached, bound = value(kpi, row.sums), interval(kpi, row.sums)
        low, high = (bound.low, bound.high) if bound else (None, None)
        made.append(Group(row.k, reached, row.sums.samples, status(kpi, reached), low, high))
    return made
