"""Figures of the catalog from counts that a page has already, so that one question answers cards, charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.analytics.calendar import Dates, begin
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.metric import Metric, Point, Span, Trend
from lopan.analytics.status import status, trend
from lopan.catalog import Kpi


class Count(NamedTuple):
    """``hits`` of ``whole``, from ``n`` samples; a figure that is no share has 1 as its whole."""

    hits: float
    whole: float
    n: int


NOTHING = Count(0.0, 0.0, 0)


def metric(kpi: Kpi, now: Count, then: Count, span: Span, series: Sequence[Point] = ()) -> Metric:
    """``kpi`` with the value of ``now`` and, before it, of ``then``; a trend only where chance can be told from it."""
    value, previous = valued(kpi, now), valued(kpi, then)
    bound = wilson(now.hits, now.whole) if kpi.interval == "wilson" else None
    enough = now.n >= kpi.min_samples
    going: Trend = "unknown"
    if kpi.interval == "wilson" and value is not None and previous is not None:
        z = z_shares(now.hits, now.whole, then.hits, then.whole)
        going = trend(kpi, value - previous, abs(previous), z, enough=enough and then.n >= kpi.min_samples)
    return Metric(
        id=kpi.id,
        title=kpi.title,
        value=value,
        unit=kpi.unit,
        n=now.n,
        target=kpi.target,
        warning=kpi.warning,
        critical=kpi.critical,
        status=status(kpi, value),
        trend=going,
        previous=previous,
        definition=kpi.definition,
        description=kpi.description,
        better=kpi.better,
        min_samples=kpi.min_samples,
        enough=enough,
        low=bound.low * kpi.scale if bound else None,
        high=bound.high * kpi.scale if bound else None,
        start=span.start,
        end=span.end,
        step=86_400,
        decimals=kpi.decimals,
        playbook=kpi.playbook,
        series=[*series],
    )


def valued(kpi: Kpi, count: Count) -> float | None:
    """In the unit of ``kpi``; None without anything to divide by."""
    return kpi.scale * count.hits / count.whole if count.whole else None


def somebody(dates: Dates, zone: ZoneInfo) -> dict[str, list[Point]]:
    """A series without a chart, for the live stream: a page that was empty takes it as the sign to draw itself anew."""
    return {"somebody": [Point(begin(dates.last, zone), 1.0, 1)]}
