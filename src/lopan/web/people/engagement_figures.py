"""The figures of the Engagement page, from days and sessions that are counted once, and those of another side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple

import msgspec

from lopan.analytics import comparison
from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.engagement import MONTH, WEEK, PeopleDay, Week
from lopan.analytics.metric import Metric, Point, Versus
from lopan.analytics.sessions import SessionFigures, SessionReport
from lopan.catalog import Kpi
from lopan.web.parts import Parts
from lopan.web.people import cards, frame
from lopan.web.people.cards import NOTHING, Count

COMPARED: Final[Mapping[str, int]] = {"dau": WEEK, "wau": WEEK, "mau": MONTH, "stickiness": MONTH}
"""Figures of the windows that end with a day, and how many days earlier is the day to compare with."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted: ``known`` days, those of the range and before it, and sessions if they may be seen."""

    dates: Dates
    known: dict[date, PeopleDay]
    sessions: SessionReport | None = None
    label: str = ""

    @property
    def days(self) -> list[PeopleDay]:
        """Those of the range, in order."""
        return [self.known[day] for day in self.dates if day in self.known]

    @property
    def complete(self) -> PeopleDay | None:
        """The last day that is over; it may be the one before the range."""
        return next((self.known[day] for day in sorted(self.known, reverse=True) if not self.known[day].partial), None)


class Other(NamedTuple):
    """A figure of the other side, with its course."""

    value: float | None
    n: int
    series: list[Point]


def use(parts: Parts, side: Side, other: Side | None) -> list[Metric]:
    """DAU, WAU, MAU and stickiness; each is compared with a day that is like it, and its course with the other side."""
    kpis = parts.catalog.kpis
    return [_window_metric(parts, kpis[name], side, other) for name in COMPARED]


def growth(parts: Parts, side: Side, weeks: Sequence[Week]) -> Metric:
    """The last complete week against the one before; its course by complete weeks."""
    whole = [week for week in weeks if not week.partial]
    series = [Point(begin(week.monday, parts.zone), _percent(week.growth), week.days) for week in whole]
    before, last = [_grown(week) for week in [None, None, *whole][-2:]]
    return cards.metric(parts.catalog.kpis["dau_growth_wow"], last, before, frame.span(side.dates, parts), series)


def stay(parts: Parts, side: Side, before: SessionReport, other: Side | None) -> list[Metric]:
    """The mean duration for the card; number and median for the charts. Empty where sessions may not be seen."""
    now, there = side.sessions, other.sessions if other else None
    if now is None:
        return []
    span, kpi = frame.span(side.dates, parts), parts.catalog.kpis["session_duration"]
    means = cards.metric(kpi, _duration(now), _duration(before), span, _course(parts, now, _mean))
    made = partial(frame.metric, n=now.whole.number, span=span)
    numbers = made(
        "sessions", "Sessions", _number(now.whole), unit="count", decimals=0, series=_course(parts, now, _number)
    )
    medians = made(
        "session_median",
        "Session duration, median",
        _median(now.whole),
        unit="min",
        series=_course(parts, now, _median),
    )
    if other and there:
        n = there.whole.number
        numbers = _against(parts, numbers, side, other, Other(_number(there.whole), n, _course(parts, there, _number)))
        medians = _against(parts, medians, side, other, Other(_median(there.whole), n, _course(parts, there, _median)))
    return [means, numbers, medians]


def _window_metric(parts: Parts, kpi: Kpi, side: Side, other: Side | None) -> Metric:
    at = side.complete
    ahead = side.known.get(at.day - DAY * COMPARED[kpi.id]) if at else None
    found = cards.metric(
        kpi, _window(kpi.id, at), _window(kpi.id, ahead), frame.span(side.dates, parts), _days(parts, kpi, side)
    )
    if other is None:
        return found
    count = _window(kpi.id, other.complete)
    return _against(parts, found, side, other, Other(cards.valued(kpi, count), count.n, _days(parts, kpi, other)))


def _against(parts: Parts, metric: Metric, side: Side, other: Side, found: Other) -> Metric:
    """People are counted, not sampled, so that a difference is what it is: without a p."""
    span, here = frame.span(other.dates, parts), frame.span(side.dates, parts)
    versus = Versus(
        label=other.label,
        start=span.start,
        end=span.end,
        value=found.value,
        n=found.n,
        low=None,
        high=None,
        difference=None if found.value is None or metric.value is None else metric.value - found.value,
        verdict="unknown",
        p=None,
        shift=comparison.shift(here.start, span.start, metric.step, parts.config.timezone),
        series=found.series,
    )
    return msgspec.structs.replace(metric, versus=versus)


def _days(parts: Parts, kpi: Kpi, side: Side) -> list[Point]:
    counted = [(day, _window(kpi.id, day)) for day in side.days]
    return [Point(begin(day.day, parts.zone), cards.valued(kpi, one), one.n, day.partial) for day, one in counted]


def _window(name: str, day: PeopleDay | None) -> Count:
    if day is None:
        return NOTHING
    if name == "stickiness":
        return Count((day.stickiness or 0.0) * day.mau, day.mau, day.mau)
    people: int = getattr(day, name)
    return Count(people, 1, people)


def _grown(week: Week | None) -> Count:
    if week is None or week.growth is None:
        return NOTHING
    return Count(week.growth, 1, round(week.mean * week.days))


def _duration(report: SessionReport) -> Count:
    figures = report.whole
    return Count((figures.mean or 0.0) * figures.number * 1_000, figures.number, figures.number)


def _course(parts: Parts, report: SessionReport, take: Callable[[SessionFigures], float | None]) -> list[Point]:
    """By day of begin. A session of yesterday may go on; what it adds is little, so only today is still filling."""
    today = frame.people(parts).days.today()
    taken = [(day.day, day.figures) for day in report.days]
    return [Point(begin(day, parts.zone), take(one), one.number, day >= today) for day, one in taken]


def _number(figures: SessionFigures) -> float:
    return float(figures.number)


def _mean(figures: SessionFigures) -> float | None:
    return None if figures.mean is None else figures.mean / 60


def _median(figures: SessionFigures) -> float | None:
    return None if figures.median is None else figures.median / 60


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100
