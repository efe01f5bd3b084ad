"""What stands around every page about people: its filter bar, its stream, and figures in the form of a KPI's card."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import anyio.to_thread
import msgspec
from starlette.requests import Request

from lopan.analytics.audience import AXES
from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.metric import Filters, Group, Metric, Point, Span, Status, Trend
from lopan.analytics.people import People
from lopan.analytics.usage import Usage
from lopan.control import projects
from lopan.control.principal import Principal
from lopan.errors import GiveUp
from lopan.web import charts, navigation, performance, render, toolbar
from lopan.web.marks import Mark
from lopan.web.parts import Parts, parts_of
from lopan.web.people.query import RANGES, DayQuery

CHOICES: Final = 200
"""Values that a filter offers at most, those with the most people first."""


async def around(
    request: Request,
    principal: Principal,
    page: navigation.Page,
    asked: DayQuery,
    axes: Sequence[str] = AXES,
    ranges: Mapping[str, str] = RANGES,
    *,
    course: bool = True,
) -> dict[str, Any]:
    """The context that ``people/filters.html``, the toolbar and the frame need; no ``course``, nothing to annotate.

    ``others`` are the values that charts can be compared with, by axis: those of the filters.
    """
    parts = parts_of(request)
    whom = asked.audience
    filters = Filters(project=whom.project, release=whom.release, role=whom.role)
    tools, values, known, alerts = await asyncio.gather(
        toolbar.around(request, principal, page, asked.address(), span(asked.dates, parts), filters),
        asyncio.gather(*(_values(parts, axis, asked) for axis in axes)),
        anyio.to_thread.run_sync(projects.listing, parts.engine),
        performance.active_alerts(parts, principal),
    )
    choices = dict(zip(axes, values, strict=True))
    return {
        "query": asked,
        "ranges": ranges,
        "choices": choices,
        "others": choices,
        "projects": known,
        "tools": tools if course else msgspec.structs.replace(tools, may_annotate=False),
        "stream": f"/live{page.path}?{asked.address()}",
        "firing": performance.firing(alerts),
    }


async def _values(parts: Parts, axis: str, asked: DayQuery) -> list[str]:
    if axis == "release":
        return await parts.kpis.dimension_values("release", span(asked.dates, parts))
    groups = await people(parts).engagement.groups(axis, asked.dates.last)
    return [group.key for group in groups if group.key][:CHOICES]


def people(parts: Parts) -> People:
    """The analytics of people; raises GiveUp where the composition root left it out."""
    if parts.people is None:
        raise GiveUp("this Lopan was started without the analytics of people")
    return parts.people


def usage(parts: Parts) -> Usage:
    """The analytics of usage; raises GiveUp where the composition root left it out."""
    if parts.usage is None:
        raise GiveUp("this Lopan was started without the analytics of usage")
    return parts.usage


def span(dates: Dates, parts: Parts) -> Span:
    """The moments from the begin of the first day to the end of the last."""
    return Span(begin(dates.first, parts.zone), begin(dates.last + DAY, parts.zone))


def metric(
    name: str,
    title: str,
    value: float | None,
    n: int,
    span: Span,
    *,
    unit: str = "%",
    decimals: int = 1,
    bounds: tuple[float | None, float | None] = (None, None),
    goal: tuple[float | None, float | None, float | None] = (None, None, None),
    status: Status = "no data",
    trend: Trend = "unknown",
    previous: float | None = None,
    definition: str = "",
    description: str = "",
    least: int = 0,
    series: list[Point] | None = None,
    groups: list[Group] | None = None,
    step: int = 86_400,
) -> Metric:
    """A figure that has no catalog entry of its own, as cards and charts draw it; more of it is better."""
    return Metric(
        id=name,
        title=title,
        value=value,
        unit=unit,
        n=n,
        target=goal[0],
        warning=goal[1],
        critical=goal[2],
        status=status,
        trend=trend,
        previous=previous,
        definition=definition,
        description=description,
        better="higher",
        min_samples=least,
        enough=n >= least,
        low=bounds[0],
        high=bounds[1],
        start=span.start,
        end=span.end,
        step=step,
        decimals=decimals,
        playbook="",
        series=series or [],
        groups=groups or [],
    )


def charted(parts: Parts, metrics: Sequence[Metric], marked: Sequence[Mark]) -> dict[str, Any]:
    """The block ``chart-data`` for trend charts of ``metrics`` with what is marked on all of them."""
    return charts.data(parts.config.timezone, [charts.trend(metric) for metric in metrics], marked)


def versus(request: Request, metrics: Sequence[Metric]) -> dict[str, str]:
    """The lines under the charts that say what each is compared with, by their ``data-live`` name."""
    compared = [metric for metric in metrics if metric.versus is not None]
    return {f"versus-{metric.id}": render.fragment(request, "chart.html", "versus", metric) for metric in compared}


def by_week(points: Sequence[Point], parts: Parts) -> list[Point]:
    """Points by day as ISO weeks, the mean of all samples; weeks that lack a day or have a partial one are partial.

    Points that are weeks already stay as they are.
    """
    if len(points) > 1 and points[1].t - points[0].t > 2 * DAY:
        return list(points)
    weeks: dict[datetime, list[Point]] = {}
    for point in points:
        day = point.t.astimezone(parts.zone).date()
        weeks.setdefault(begin(day - DAY * day.weekday(), parts.zone), []).append(point)
    return [_week(start, days) for start, days in sorted(weeks.items())]


def _week(start: datetime, days: Sequence[Point]) -> Point:
    n = sum(day.n for day in days)
    total = sum(day.value * day.n for day in days if day.value is not None)
    return Point(start, total / n if n else None, n, len(days) < 7 or any(day.partial for day in days))
