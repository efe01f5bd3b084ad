"""The engagement report: who uses the app, what for and how it goes, as far as its reader may see."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import date, datetime

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import PEOPLE, over
from lopan.analytics.engagement import DEFINITIONS, EngagementReport, PeopleDay, Week
from lopan.analytics.features import Adopted, Features, share
from lopan.analytics.people import People
from lopan.analytics.retention import Rate
from lopan.analytics.roles import asked_if
from lopan.analytics.satisfaction import Opinion, Satisfaction
from lopan.analytics.sessions import SessionFigures
from lopan.analytics.workflows import Workflows, WorkflowUse
from lopan.catalog.product import Product, titled
from lopan.clock import Clock
from lopan.store import Readers

GROUPS = frozenset(
    {
        "userEngagement",
        "featureAdoption",
        "workflowCompletion",
        "userSatisfaction",
        "retentionRates",
        "userGrowth",
    }
)


class RoleShare(msgspec.Struct, frozen=True, kw_only=True):
    """People active in a role within the 28 days, ``share`` in per cent of the roles' sum: one person may have two."""

    id: str
    title: str
    people: int
    share: float | None


class UserCounts(msgspec.Struct, frozen=True, kw_only=True):
    """``total``: everybody ever active, up to the last day of the report; ``last``: the last day that is complete."""

    total: int
    active: int
    last: PeopleDay | None
    days: list[PeopleDay]


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """``weeks``: ISO weeks with their growth; ``fresh`` people were there for the first time within the range."""

    weeks: list[Week]
    fresh: int
    resurrected: int


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """Parts are None for a reader who may not see their group; ``groups`` names those that were asked for.

    ``users``, ``roles`` (None under a filter) and ``sessions``: userEngagement; ``growth``: userGrowth; ``features``:
    featureAdoption; ``workflows``: workflowCompletion; ``satisfaction``: userSatisfaction; ``churn`` (in per cent) and
    ``retention``: retentionRates. The latest events of the days ``late`` are not counted yet.
    """

    made: datetime
    dates: Dates
    audience: Audience
    zone: str
    groups: frozenset[str]
    users: UserCounts | None
    roles: list[RoleShare] | None
    sessions: SessionFigures | None
    growth: Growth | None
    features: Adopted | None
    workflows: list[WorkflowUse] | None
    satisfaction: list[Opinion] | None
    churn: float | None
    retention: list[Rate] | None
    late: list[date]
    definitions: dict[str, str]


class Reports:
    """Puts the figures of the other analytics together; nothing is computed here that a page would show otherwise."""

    def __init__(
        self, people: People, features: Features, workflows: Workflows, satisfaction: Satisfaction,
        product: Product, readers: Readers, clock: Clock,
    ) -> None:  # fmt: skip
        self._people = people
        self._features = features
        self._workflows = workflows
        self._satisfaction = satisfaction
        self._product = product
        self._readers = readers
        self._clock = clock

    async def report(
        self, dates: Dates, audience: Audience = Audience(), groups: Collection[str] = GROUPS
    ) -> UsageReport:
        """Everything of ``dates`` that ``groups`` allow; those of the day that is going on are included."""
        seen = GROUPS & frozenset(groups)
        today = self._people.days.today()
        dates = Dates(min(dates.first, today), min(dates.last, today))
        people = self._people
        by_day = bool(seen & {"userEngagement", "userGrowth", "retentionRates"})
        engagement, all_roles = "userEngagement" in seen, not audience.axis[0]
        (engaged, total, roles, sessions), (adopted, workflows, opinions, retained) = await asyncio.gather(
            asyncio.gather(
                asked_if(by_day, people.engagement.report(dates, audience)),
                asked_if(engagement, self._total(dates.last, audience)),
                asked_if(engagement and all_roles, self._roles(min(dates.last, today - DAY), audience)),
                asked_if(engagement, people.sessions.report(dates, audience)),
            ),
            asyncio.gather(
                asked_if("featureAdoption" in seen, self._features.adoption(dates.last, audience)),
                asked_if("workflowCompletion" in seen, self._workflows.funnels(dates, audience)),
                asked_if("userSatisfaction" in seen, self._satisfaction.opinions(dates, audience)),
                asked_if("retentionRates" in seen, people.retention.report(dates, audience)),
            ),
        )
        late = {day for part in (engaged, sessions, adopted, retained, *(workflows or [])) if part for day in part.late}
        complete = engaged.complete if engaged else None
        return UsageReport(
            made=self._clock.now(),
            dates=dates,
            audience=audience,
            zone=people.days.zone.key,
            groups=seen,
            users=_users(total, engaged),
            roles=roles,
            sessions=sessions.whole if sessions else None,
            growth=_growth(engaged) if engaged and "userGrowth" in seen else None,
            features=adopted,
            workflows=workflows,
            satisfaction=opinions,
            churn=share(complete.churned, complete.base) if complete and "retentionRates" in seen else None,
            retention=retained.rates if retained else None,
            late=sorted(late),
            definitions=DEFINITIONS,
        )

    async def _total(self, last: date, audience: Audience) -> tuple[int, int]:
        source = await self._people.days.rows(PEOPLE, Dates(date.min, last), audience.number)
        axis, name = audience.axis
        params = {**source.params, "axis": axis, "name": name, "last": last}
        rows = (await self._readers.rows(over("people", source.sql, "total_users"), params)).to_pylist()
        return (rows[0]["total"], rows[0]["active"]) if rows else (0, 0)

    async def _roles(self, last: date, audience: Audience) -> list[RoleShare]:
        groups = await self._people.engagement.groups("role", last, audience)
        everybody = sum(group.mau for group in groups)
        return [
            RoleShare(
                id=group.key,
                title=titled(self._product.roles.get(group.key), group.key),
                people=group.mau,
                share=share(group.mau, everybody),
            )
            for group in groups
        ]


def _users(total: tuple[int, int] | None, engaged: EngagementReport | None) -> UserCounts | None:
    if total is None or engaged is None:
        return None
    return UserCounts(total=total[0], active=total[1], last=engaged.complete, days=engaged.days)


def _growth(engaged: EngagementReport) -> Growth:
    return Growth(
        weeks=engaged.weeks,
        fresh=sum(day.fresh for day in engaged.days),
        resurrected=sum(day.resurrected for day in engaged.days),
    )
