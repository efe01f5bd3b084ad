"""The charts of the Roles page: how one role went by day, beside another one or the period before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates, begin
from lopan.analytics.engagement import PeopleDay
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.metric import Metric, Point
from lopan.analytics.sessions import BENCHMARK_S, SessionReport
from lopan.analytics.workflows import MIN_RUNS, WorkflowUse
from lopan.web.optional import nothing
from lopan.web.parts import Parts
from lopan.web.people import against, frame
from lopan.web.people.query import DayQuery

USE: Final = "userEngagement"
RUNS: Final = "workflowCompletion"
ACTIVE: Final = "role_active"
SESSION: Final = "role_session"
COMPLETION: Final = "role_completion"


class Side(msgspec.Struct, frozen=True):
    """What was counted of one audience; None = not for the reader."""

    dates: Dates
    days: list[PeopleDay] | None
    sessions: SessionReport | None
    workflows: list[WorkflowUse] | None


async def charts(parts: Parts, asked: DayQuery, role: str, seen: Collection[str]) -> list[Metric]:
    """Active users, mean session and completion of ``role``, as far as ``seen`` allows, compared as is asked."""
    other = against.read(asked)
    audience = Audience(project=asked.audience.project, role=role)
    if other is not None and other.label == against.LABEL:
        other = msgspec.structs.replace(other, audience=audience)
    this, that = await asyncio.gather(
        _side(parts, asked.dates, audience, seen),
        _side(parts, other.dates, other.audience, seen) if other else nothing(),
    )
    drawn = _drawn(parts, this)
    if other is None or that is None:
        return drawn
    tested = {COMPLETION: _z(this.workflows or [], that.workflows or [])}
    pairs = zip(drawn, _drawn(parts, that), strict=True)
    return [against.laid(parts, one, two, other.label, tested.get(one.id)) for one, two in pairs]


async def _side(parts: Parts, dates: Dates, audience: Audience, seen: Collection[str]) -> Side:
    people, workflows = frame.people(parts), frame.usage(parts).workflows
    days, sessions, funnels = await asyncio.gather(
        people.engagement.days(dates, audience) if USE in seen else nothing(),
        people.sessions.report(dates, audience) if USE in seen else nothing(),
        workflows.funnels(dates, audience) if RUNS in seen else nothing(),
    )
    return Side(dates, days[0] if days else None, sessions, funnels)


def _drawn(parts: Parts, side: Side) -> list[Metric]:
    made = []
    if side.days is not None:
        made.append(_active(parts, side.dates, side.days))
    if side.sessions is not None:
        made.append(_session(parts, side.dates, side.sessions))
    if side.workflows:
        made.append(_completion(parts, side.dates, side.workflows))
    return made


def _active(parts: Parts, dates: Dates, days: Sequence[PeopleDay]) -> Metric:
    """The mean of the days that are over stands for the range."""
    whole = [day.dau for day in days if not day.partial]
    return frame.metric(
        ACTIVE,
        "Active users a day",
        sum(whole) / len(whole) if whole else None,
        sum(whole),
        frame.span(dates, parts),
        unit="count",
        definition="distinct identified users with a foreground event in the role on a local day; mean of whole days",
        series=[Point(begin(day.day, parts.zone), float(day.dau), day.dau, day.partial) for day in days],
    )


def _session(parts: Parts, dates: Dates, report: SessionReport) -> Metric:
    today = frame.people(parts).days.today()
    whole = report.whole
    days = [(one.day, one.figures) for one in report.days]
    return frame.metric(
        SESSION,
        "Session duration, mean",
        None if whole.mean is None else whole.mean / 60,
        whole.number,
        frame.span(dates, parts),
        unit="min",
        goal=(BENCHMARK_S / 60, None, None),
        definition=report.definition,
        series=[
            Point(begin(day, parts.zone), None if one.mean is None else one.mean / 60, one.number, day >= today)
            for day, one in days
        ],
    )


def _completion(parts: Parts, dates: Dates, uses: Sequence[WorkflowUse]) -> Metric:
    started, completed = (sum(getattr(use.first, name) for use in uses) for name in ("started", "completed"))
    bound = wilson(completed, started)
    return frame.metric(
        COMPLETION,
        "Completion, all workflows",
        100 * completed / started if started else None,
        started,
        frame.span(dates, parts),
        bounds=(100 * bound.low, 100 * bound.high) if bound else (None, None),
        definition="100 x runs completed / runs started, first entry, summed over all workflows",
        least=MIN_RUNS,
        series=[_summed(points) for points in zip(*(use.series for use in uses), strict=True)],
    )


def _summed(points: Sequence[Point]) -> Point:
    n = sum(point.n for point in points)
    hits = sum(point.value * point.n for point in points if point.value is not None)
    return Point(points[0].t, hits / n if n else None, n, any(point.partial for point in points))


def _z(this: Sequence[WorkflowUse], that: Sequence[WorkflowUse]) -> float:
    one, two = ([use.first for use in side] for side in (this, that))
    return z_shares(
        sum(funnel.completed for funnel in one),
        sum(funnel.started for funnel in one),
        sum(funnel.completed for funnel in two),
        sum(funnel.started for funnel in two),
    )
