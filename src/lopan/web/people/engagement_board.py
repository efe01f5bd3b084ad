"""What the Engagement page shows about one query, counted once for cards, charts, tables, files and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from lopan.analytics.calendar import DAY, Dates, monday
from lopan.analytics.engagement import MONTH, WEEK, PeopleDay, PeopleGroup, Week, weeks
from lopan.analytics.intervals import Interval, wilson
from lopan.analytics.metric import Metric
from lopan.analytics.sessions import SessionFigures, SessionReport
from lopan.control.principal import Principal
from lopan.web import access
from lopan.web.optional import nothing
from lopan.web.parts import Parts
from lopan.web.people import against, bars, engagement_figures, frame
from lopan.web.people.engagement_figures import COMPARED, Side
from lopan.web.people.query import DayQuery

USE, GROWTH, CHURN = "userEngagement", "userGrowth", "retentionRates"
KINDS: Final = {"returning": "Returning", "resurrected": "Resurrected", "fresh": "New", "dormant": "Dormant"}
"""Growth accounting, from the axis outwards; the last one points down."""
_BEFORE = MONTH + WEEK
_BY_DAY_UP_TO = 35


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A day or ISO week from ``begin`` on: people a day, on average over its ``days`` that are over.

    ``partial``: the day, or one of the seven, is missing or still going on.
    """

    begin: date
    days: int
    partial: bool
    fresh: float = msgspec.field(name="new")
    returning: float
    resurrected: float
    dormant: float


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the axis: people of the windows that end with the last complete day, sessions of the range.

    ``churn`` with its 95 % bounds in 0-1, None where your level does not include it; durations in seconds.
    """

    key: str
    dau: int
    wau: int
    mau: int
    stickiness: float | None
    churn: float | None
    churn_low: float | None
    churn_high: float | None
    churn_n: int | None
    sessions: SessionFigures | None


class UseDay(msgspec.Struct, frozen=True, kw_only=True):
    """People of one local day and of the 7 and 28 days that end with it; ``stickiness`` in 0-1."""

    day: date
    dau: int
    wau: int
    mau: int
    stickiness: float | None
    partial: bool


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows about one query; what the reader may not see is empty."""

    query: DayQuery
    uses: bool
    grows: bool
    churns: bool
    side: Side
    other: Side | None
    weeks: list[Week]
    metrics: list[Metric]
    groups: list[GroupRow]
    late: list[date]

    @property
    def empty(self) -> bool:
        """True when nobody was there in the range."""
        return not any(day.dau for day in self.days)

    @property
    def today(self) -> PeopleDay | None:
        """The day that is still going on, if the range has it."""
        return self.days[-1] if self.days and self.days[-1].partial else None

    @property
    def days(self) -> list[PeopleDay]:
        """The days of the range, in order."""
        return self.side.days

    @property
    def sessions(self) -> SessionReport | None:
        """Sessions of the range, None where they may not be seen."""
        return self.side.sessions

    @property
    def complete(self) -> PeopleDay | None:
        """The last day that is over; it may be the one before the range."""
        return self.side.complete

    @property
    def per(self) -> str:
        """Day or week: as asked, else as many bars as can be read."""
        return self.query.own.get("per") or ("day" if len(self.days) <= _BY_DAY_UP_TO else "week")

    def sides(self) -> dict[str, Side]:
        """What is shown, called ``this``, and what it is compared with."""
        return {"this": self.side, **({self.other.label: self.other} if self.other else {})}

    def cards(self) -> list[Metric]:
        """Those of the figures that stand on cards."""
        return [metric for metric in self.metrics if metric.id not in ("sessions", "session_median")]

    def charts(self) -> list[Metric]:
        """Those whose course is drawn."""
        return [metric for metric in self.metrics if metric.id not in ("dau_growth_wow", "session_duration")]

    def before(self, metric: Metric) -> date | None:
        """The day with which a card compares, None for a figure that is not of one day."""
        back = COMPARED.get(metric.id)
        return self.complete.day - DAY * back if back and self.complete else None

    def lifecycle(self) -> list[Period]:
        """Growth accounting by day or week."""
        begins: dict[date, list[PeopleDay]] = {}
        for day in self.days:
            begins.setdefault(monday(day.day) if self.per == "week" else day.day, []).append(day)
        return [_period(first, days, self.per) for first, days in begins.items()]

    def stacks(self) -> dict[str, bars.Stack]:
        """The same as bars: everybody who was there, and on a scale of its own who came and went."""
        periods = self.lifecycle()
        return {
            "Daily active users": bars.stack(
                [_column(one, ("returning", "resurrected", "fresh"), ()) for one in periods], 150
            ),
            "Came and went, larger": bars.stack(
                [_column(one, ("resurrected", "fresh"), ("dormant",)) for one in periods], 110
            ),
        }

    def files(self, metric: Metric) -> dict[str, str]:
        """Where the course of a chart is as a file."""
        table = "sessions" if metric.id in ("sessions", "session_median") else "days"
        kinds = {"CSV": "csv", "Parquet": "parquet"}
        return {title: f"/engagement/{table}.{kind}?{self.query.address()}" for title, kind in kinds.items()}

    def session_of(self, day: date) -> SessionFigures | None:
        """Sessions that began on a day of the range."""
        found = next((one for one in self.sessions.days if one.day == day), None) if self.sessions else None
        return found.figures if found else None


async def load(parts: Parts, principal: Principal, asked: DayQuery, *, compare: bool = True) -> Board:
    """Count what ``principal`` may see; ``compare`` asks for the groups, too. Raises Rejected for a comparison."""
    uses, grows, churns = (access.may(principal, group) for group in (USE, GROWTH, CHURN))
    dates, audience = asked.dates, asked.audience
    split = compare and uses and not audience.axis[0]
    then = Dates(dates.first - DAY * len(dates), dates.first - DAY)
    wide = Dates(monday(dates.first) - DAY * _BEFORE, dates.last)
    people, compared = frame.people(parts), against.read(asked)
    (found, late), now, before, other = await asyncio.gather(
        people.engagement.days(wide, audience),
        people.sessions.report(dates, audience, asked.by if split else "") if uses else nothing(),
        people.sessions.report(then, audience) if uses else nothing(),
        _side(parts, compared) if uses and compared else nothing(),
    )
    side = Side(dates=dates, known={day.day: day for day in found}, sessions=now)
    by_week = weeks(found)
    metrics = engagement_figures.use(parts, side, other) if uses else []
    metrics += [engagement_figures.growth(parts, side, by_week)] if grows else []
    metrics += engagement_figures.stay(parts, side, before, other) if before else []
    groups: list[GroupRow] = []
    if split and side.complete:
        counted = await people.engagement.groups(asked.by, side.complete.day, audience)
        groups = _rows(counted, now, churns=churns)
    return Board(
        query=asked,
        uses=uses,
        grows=grows,
        churns=churns,
        side=side,
        other=other,
        weeks=[week for week in by_week if grows and week.monday >= monday(dates.first)],
        metrics=metrics,
        groups=groups,
        late=late,
    )


async def _side(parts: Parts, other: against.Other) -> Side:
    people = frame.people(parts)
    (found, _), sessions = await asyncio.gather(
        people.engagement.days(other.dates, other.audience), people.sessions.report(other.dates, other.audience)
    )
    return Side(dates=other.dates, known={day.day: day for day in found}, sessions=sessions, label=other.label)


def _period(first: date, days: Sequence[PeopleDay], per: str) -> Period:
    whole = [day for day in days if not day.partial] or days
    means = {kind: sum(getattr(day, kind) for day in whole) / len(whole) for kind in KINDS}
    partial_ = any(day.partial for day in days) or (per == "week" and len(days) < WEEK)
    return Period(begin=first, days=len(whole), partial=partial_, **means)


def _column(period: Period, above: Sequence[str], below: Sequence[str]) -> bars.Column:
    up, down = ({kind: getattr(period, kind) for kind in kinds} for kinds in (above, below))
    return bars.Column(f"{period.begin.day} {period.begin:%b}", up, down, period.partial)


def _rows(groups: Sequence[PeopleGroup], sessions: SessionReport | None, *, churns: bool) -> list[GroupRow]:
    durations = {group.key: group.figures for group in sessions.groups} if sessions else {}
    return [_row(group, durations.get(group.key), churns=churns) for group in groups]


def _row(group: PeopleGroup, sessions: SessionFigures | None, *, churns: bool) -> GroupRow:
    bound: Interval | None = wilson(group.churned, group.base) if churns else None
    return GroupRow(
        key=group.key,
        dau=group.dau,
        wau=group.wau,
        mau=group.mau,
        stickiness=group.stickiness,
        churn=group.churn if churns else None,
        churn_low=bound.low if bound else None,
        churn_high=bound.high if bound else None,
        churn_n=group.base if churns else None,
        sessions=sessions,
    )


def use_day(day: PeopleDay) -> UseDay:
    """What everybody with the level may see of a day."""
    return UseDay(**{name: getattr(day, name) for name in UseDay.__struct_fields__})
