"""Puts the engagement report together from the analytics of people and of usage, for whoever may see which parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.cohorts import COHORT, METHODS, STEPS, cohorts_closing
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.engagement import DEFINITIONS, MONTH, PeopleDay
from lopan.analytics.features import MIN_PEOPLE
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.people import People
from lopan.analytics.period import Period
from lopan.analytics.report import DayUsers, Figure, Report, Section, sections_for
from lopan.analytics.satisfaction import MIN_ANSWERS
from lopan.analytics.sessions import DEFINITION as SESSION
from lopan.analytics.status import Goal, status, trend
from lopan.analytics.usage import Usage
from lopan.analytics.workflows import MIN_RUNS
from lopan.catalog import Kpi
from lopan.catalog.product import titled
from lopan.clock import Clock
from lopan.store import Readers

MIN_COHORT = 30
"""Below so many people a retention is shown with its interval, and no trend is claimed."""

_ACTIVE = "distinct identified users with a foreground event in the period"
_RETAINED = "cohorts that became old enough in the period; back: {method}; {cohort}"


class _Asked(NamedTuple):
    now: Dates
    before: Dates
    audience: Audience
    groups: Collection[str]


class _Part(NamedTuple):
    section: Section
    late: Sequence[date] = ()
    course: Sequence[DayUsers] = ()


class Reporter:
    """Reports over one set of days; ``kpis`` of the catalog lend their targets."""

    def __init__(self, people: People, usage: Usage, readers: Readers, kpis: Mapping[str, Kpi], clock: Clock) -> None:
        self._people = people
        self._usage = usage
        self._readers = readers
        self._kpis = kpis
        self._clock = clock
        self._makers: Mapping[str, Callable[[_Asked], Awaitable[_Part]]] = {
            "users": self._users,
            "activity": self._activity,
            "roles": self._roles,
            "features": self._features,
            "workflows": self._workflows,
            "satisfaction": self._satisfaction,
            "retention": self._retention,
        }

    def today(self) -> date:
        """The local day that is going on."""
        return self._people.days.today()

    async def report(
        self, period: Period, groups: Collection[str], level: str = "", audience: Audience = Audience()
    ) -> Report:
        """The report on the days of ``period`` that are over, with the sections that ``groups`` may see.

        Without a day that is over there is no section. Raises TryAgain when the store is busy.
        """
        now, before = period.sides(self.today())
        asked = _Asked(now, before, audience, groups)
        wanted = sections_for(groups) if len(now) else []
        parts = await asyncio.gather(*(self._makers[name](asked) for name in wanted))
        return Report(
            kind=period.kind,
            name=period.name,
            dates=now,
            before=before,
            before_name=period.before.name,
            whole=now == period.dates,
            zone=self._people.days.zone.key,
            made_at=self._clock.now(),
            level=level,
            project=audience.project,
            sections=[part.section for part in parts],
            course=next((list(part.course) for part in parts if part.course), []),
            late=sorted({day for part in parts for day in part.late}),
        )

    async def _users(self, asked: _Asked) -> _Part:
        counts, late = await self._counts(asked)
        whole = counts.get(("", ""), _NOBODY)
        total = Figure(
            id="total_users",
            title="Total users",
            value=whole["ever"],
            n=whole["ever"],
            previous=whole["ever_before"],
            n_previous=whole["ever_before"],
            definition="distinct identified users with a foreground event up to the end of the period, ever",
            head=True,
        )
        fresh, fresh_before = whole["ever"] - whole["ever_until"], whole["ever_before"] - whole["ever_before_until"]
        new = Figure(
            id="new_users",
            title="New users",
            value=fresh,
            n=fresh,
            previous=fresh_before,
            n_previous=fresh_before,
            definition="users whose first foreground event ever lies in the period",
            head=True,
        )
        figures = [total, new]
        if "userEngagement" in asked.groups:
            active = Figure(
                id="active_users",
                title="Active users",
                value=whole["active"],
                n=whole["active"],
                previous=whole["active_before"],
                n_previous=whole["active_before"],
                definition=_ACTIVE,
                head=True,
            )
            figures.insert(1, active)
        about = "A user is counted once, however many devices, roles or releases."
        return _Part(_section("users", "Users", "Figure", "users", about, figures), late)

    async def _activity(self, asked: _Asked) -> _Part:
        engagement, sessions = self._people.engagement, self._people.sessions
        (days, late), (days_before, late_before), now, before = await asyncio.gather(
            engagement.days(asked.now, asked.audience),
            engagement.days(asked.before, asked.audience),
            sessions.report(asked.now, asked.audience),
            sessions.report(asked.before, asked.audience),
        )
        last, last_before = days[-1], days_before[-1] if days_before else None
        length, length_before = now.whole, before.whole
        daily = self._figure(
            "mean_dau",
            "Daily active users, mean",
            _mean(days),
            sum(day.dau for day in days),
            previous=_mean(days_before),
            n_previous=sum(day.dau for day in days_before),
            decimals=1,
            kpi="dau",
            definition=f"mean over the days of the period: {DEFINITIONS['dau']}",
            head=True,
        )
        sticky = self._figure(
            "stickiness",
            "Stickiness",
            _percent(last.stickiness),
            last.mau,
            previous=_percent(last_before.stickiness) if last_before else None,
            n_previous=last_before.mau if last_before else 0,
            unit="%",
            decimals=1,
            kpi="stickiness",
            definition=f"100 x mean DAU of the {MONTH} days to the last day / users active in them",
        )
        number = Figure(
            id="sessions",
            title="Sessions",
            value=length.number,
            n=length.number,
            previous=length_before.number,
            n_previous=length_before.number,
            definition=SESSION,
        )
        durations = [
            self._figure(
                f"session_{name}",
                f"Session length, {name}",
                _minutes(getattr(length, name)),
                length.number,
                previous=_minutes(getattr(length_before, name)),
                n_previous=length_before.number,
                unit="min",
                decimals=1,
                kpi="session_duration" if name == "mean" else "",
                definition=f"{name} over all sessions that began in the period, those of one event included",
            )
            for name in ("mean", "median")
        ]
        users = {index: day.dau for index, day in enumerate(days_before)}
        course = [DayUsers(day.day, day.dau, users.get(index)) for index, day in enumerate(days)]
        about = "Daily users and sessions by local day; n is visits by day, people, or sessions."
        section = _section("activity", "Activity", "Figure", "samples", about, [daily, sticky, number, *durations])
        return _Part(section, [*late, *late_before, *now.late, *before.late], course)

    async def _roles(self, asked: _Asked) -> _Part:
        counts, late = await self._counts(asked)
        whole = counts.get(("", ""), _NOBODY)
        roles = self._usage.product.roles
        figures = []
        for (axis, name), row in counts.items():
            if axis != "role" or not (row["active"] or row["active_before"]):
                continue
            figures.append(
                _share(
                    "role_share",
                    titled(roles.get(name), name) if name else "Not stated",
                    (row["active"], whole["active"]),
                    (row["active_before"], whole["active_before"]),
                    key=name,
                    definition=f"100 x users active as {name or 'no stated role'} / users active in the period",
                    judged=False,
                )
            )
        about = "Share of the active users by the role stamped on their events; who acts in two roles counts in both."
        return _Part(_section("roles", "Roles", "Role", "active users", about, figures), late)

    async def _features(self, asked: _Asked) -> _Part:
        now, before = await asyncio.gather(
            self._usage.features.adoption(asked.now.last, asked.audience),
            self._usage.features.adoption(asked.before.last, asked.audience),
        )
        earlier = {feature.id: feature.overall for feature in before.features}
        figures = []
        for feature in now.features:
            one, other = feature.overall, earlier.get(feature.id)
            # The windows of 28 days may overlap, so the change against a week ago, which allows for that, is not told.
            figures.append(
                Figure(
                    id="feature_adoption",
                    key=feature.id,
                    title=feature.title,
                    value=one.value,
                    n=one.people,
                    unit="%",
                    decimals=1,
                    low=one.low,
                    high=one.high,
                    previous=other.value if other else None,
                    n_previous=other.people if other else 0,
                    target=feature.target,
                    status=one.status,
                    least=MIN_PEOPLE,
                    definition=feature.definition,
                )
            )
        if now.core is not None:
            core = Figure(
                id="core_adoption",
                title="Core features, mean",
                value=now.core,
                n=max(one.overall.people for one in now.features if one.core),
                unit="%",
                decimals=1,
                previous=before.core,
                n_previous=max((one.overall.people for one in before.features if one.core), default=0),
                least=MIN_PEOPLE,
                definition="mean of the adoption of the features marked as core",
                head=True,
            )
            figures.insert(0, core)
        about = f"Users who used it with success among those entitled to it and active, {MONTH} days to the last one."
        section = _section("features", "Feature adoption", "Feature", "entitled users", about, figures)
        return _Part(section, [*now.late, *before.late])

    async def _workflows(self, asked: _Asked) -> _Part:
        now, before = await asyncio.gather(
            self._usage.workflows.funnels(asked.now, asked.audience),
            self._usage.workflows.funnels(asked.before, asked.audience),
        )
        earlier = {workflow.id: workflow.first for workflow in before}
        figures = [
            _share(
                "workflow_completion",
                workflow.title,
                (workflow.first.completed, workflow.first.started),
                (other.completed, other.started) if (other := earlier.get(workflow.id)) else (0, 0),
                key=workflow.id,
                target=workflow.target,
                goal=Goal("%", workflow.target),
                status_=workflow.status,
                least=MIN_RUNS,
                definition=workflow.definition,
                head=index == 0,
            )
            for index, workflow in enumerate(now)
        ]
        about = "Runs that passed all steps in time among those begun in the period and old enough to be judged."
        section = _section("workflows", "Workflow completion", "Workflow", "runs", about, figures)
        return _Part(section, sorted({day for workflow in [*now, *before] for day in workflow.late}))

    async def _satisfaction(self, asked: _Asked) -> _Part:
        now, before = await asyncio.gather(
            self._usage.satisfaction.opinions(asked.now, asked.audience),
            self._usage.satisfaction.opinions(asked.before, asked.audience),
        )
        earlier = {(one.id, one.scale): one.score for one in before}
        # The trend is against as many days before, which a month is not.
        alike = asked.before == Dates(asked.now.first - DAY * len(asked.now), asked.now.first - DAY)
        figures = []
        for one in now:
            other = earlier.get((one.id, one.scale))
            if not one.score.n and not (other and other.n):
                continue
            figures.append(
                Figure(
                    id=one.scale,
                    key=one.id,
                    title=one.title,
                    value=one.score.value,
                    n=one.score.n,
                    unit="points" if one.scale == "nps" else "of 5",
                    decimals=0 if one.scale == "nps" else 2,
                    low=one.score.low,
                    high=one.score.high,
                    previous=other.value if other else None,
                    n_previous=other.n if other else 0,
                    target=one.target,
                    status=one.status,
                    trend=one.trend if alike else "unknown",
                    least=MIN_ANSWERS,
                    definition=one.definition,
                    head=not one.id and one.scale in ("csat", "nps"),
                )
            )
        about = "What users answered: mean of 1-5, for NPS promoters less detractors; one answer a person in 90 days."
        return _Part(_section("satisfaction", "Satisfaction", "Survey", "answers", about, figures))

    async def _retention(self, asked: _Asked) -> _Part:
        retention = self._people.retention
        wanted = [(cohorts_closing(dates, step), step) for step in STEPS for dates in (asked.now, asked.before)]
        found = await asyncio.gather(
            *(retention.report(dates, asked.audience, steps=(step,)) for dates, step in wanted)
        )
        rates = [report.rates[0] for report in found]
        definition = _RETAINED.format(method=METHODS["bracket"], cohort=COHORT)
        figures = [
            _share(
                f"retention_d{now.step}",
                f"Back after {now.step} days" if now.step > 1 else "Back on the next working day",
                (now.back, now.cohort),
                (before.back, before.cohort),
                key=f"d{now.step}",
                goal=self._goal(f"retention_d{now.step}"),
                least=MIN_COHORT,
                definition=definition,
                head=now.step == 7,
            )
            for now, before in zip(rates[::2], rates[1::2], strict=True)
        ]
        about = "New users who came back; each figure counts the cohorts that became old enough in the period."
        late = sorted({day for report in found for day in report.late})
        return _Part(_section("retention", "Retention", "Step", "new users", about, figures), late)

    async def _counts(self, asked: _Asked) -> tuple[dict[tuple[str, str], Mapping[str, int]], list[date]]:
        """People by axis ('' or role) and name, most active first; equal questions share one run."""
        source = await self._people.days.rows(PEOPLE, Dates(date.min, asked.now.last), asked.audience.number)
        params = {
            **source.params,
            "first": asked.now.first,
            "last": asked.now.last,
            "before_first": asked.before.first,
            "before_last": asked.before.last,
        }
        table = await self._readers.rows(over("people", source.sql, "report_people"), params)
        return {(row.pop("axis"), row.pop("name")): row for row in table.to_pylist()}, source.late

    def _goal(self, name: str) -> Goal:
        kpi = self._kpis.get(name)
        return Goal(kpi.unit, kpi.target, kpi.warning, kpi.critical, kpi.better) if kpi else Goal()

    def _figure(self, name: str, title: str, value: float | None, n: int, *, kpi: str = "", **more: Any) -> Figure:
        goal = self._goal(kpi) if kpi else Goal()
        return Figure(id=name, title=title, value=value, n=n, target=goal.target, status=status(goal, value), **more)


def _share(
    name: str,
    title: str,
    now: tuple[int, int],
    before: tuple[int, int],
    *,
    goal: Goal = Goal(),
    least: int = MIN_PEOPLE,
    judged: bool = True,
    **more: Any,
) -> Figure:
    """A part of a whole in per cent with its Wilson interval, and what became of it with a two-proportion test."""
    (hits, n), (hits_before, n_before) = now, before
    value = 100 * hits / n if n else None
    previous = 100 * hits_before / n_before if n_before else None
    bound = wilson(hits, n)
    difference = value - previous if value is not None and previous is not None else 0.0
    z = z_shares(hits, n, hits_before, n_before)
    enough = judged and min(n, n_before) >= least
    given = more.pop("status_", None)
    fields = {"target": goal.target} | more
    return Figure(
        id=name,
        title=title,
        value=value,
        n=n,
        unit="%",
        decimals=1,
        low=100 * bound.low if bound else None,
        high=100 * bound.high if bound else None,
        previous=previous,
        n_previous=n_before,
        status=given or status(goal, value),
        trend=trend(goal, difference, previous or 0.0, z, enough=enough),
        least=least,
        **fields,
    )


_NOBODY: Mapping[str, int] = dict.fromkeys(
    ("active", "active_before", "ever", "ever_until", "ever_before", "ever_before_until"), 0
)


def _section(name: str, title: str, subject: str, samples: str, about: str, figures: list[Figure]) -> Section:
    return Section(id=name, title=title, subject=subject, samples=samples, about=about, figures=figures)


def _mean(days: list[PeopleDay]) -> float | None:
    return sum(day.dau for day in days) / len(days) if days else None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
