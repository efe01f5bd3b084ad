"""What each role does and how it fares: sessions, features, workflows, satisfaction and churn, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from datetime import date
from typing import Any, NamedTuple, TypeVar

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.engagement import PeopleGroup
from lopan.analytics.features import Adopted, Adoption, Features, share
from lopan.analytics.people import People
from lopan.analytics.satisfaction import Opinion, Said, Satisfaction, nobody
from lopan.analytics.sessions import BENCHMARK_S, SessionFigures, SessionGroup
from lopan.analytics.workflows import Split, Workflows, WorkflowUse
from lopan.catalog.product import Product, titled

GROUPS = frozenset({"userEngagement", "featureAdoption", "workflowCompletion", "userSatisfaction", "retentionRates"})
MOST_USED = 5

T = TypeVar("T")
NO_SESSIONS = SessionFigures(number=0, singles=0, mean=None, median=None, mean_without=None, median_without=None)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """A feature with its adoption by one role."""

    id: str
    title: str
    adoption: Adoption


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow with its funnels for one role, and the completion of everybody in per cent to compare with."""

    id: str
    title: str
    split: Split
    everybody: float | None


class RoleUse(msgspec.Struct, frozen=True, kw_only=True):
    """One role, as stamped on events; parts are None for a reader who may not see them, empty where nothing happened.

    ``people`` were active in the 28 days that end with the last complete day, ``share`` in per cent of the roles' sum.
    ``churn`` in per cent: ``churned`` of the ``base`` active in the 28 days before did not come back. ``features`` are
    the most used, by the number of uses in 28 days.
    """

    id: str
    title: str
    defined: bool
    people: int | None
    share: float | None
    churn: float | None
    churned: int | None
    base: int | None
    sessions: SessionFigures | None
    features: list[Used] | None
    workflows: list[Passed] | None
    satisfaction: Said | None


class RoleReport(msgspec.Struct, frozen=True, kw_only=True):
    """Roles in the order of the definitions, then others by name. ``groups`` says what the reader may see of them.

    Sessions, workflows and satisfaction are of ``dates``, people and features of the 28 days that end with them.
    """

    dates: Dates
    audience: Audience
    zone: str
    groups: frozenset[str]
    roles: list[RoleUse]
    benchmark_s: float = BENCHMARK_S


class _Found(NamedTuple):
    people: list[PeopleGroup] | None
    sessions: list[SessionGroup] | None
    adopted: Adopted | None
    workflows: list[WorkflowUse] | None
    opinion: Opinion | None


class Roles:
    """Roles are data: one appears when an event is stamped with it, or when it is defined."""

    def __init__(
        self, people: People, features: Features, workflows: Workflows, satisfaction: Satisfaction, product: Product
    ) -> None:
        self._people = people
        self._features = features
        self._workflows = workflows
        self._satisfaction = satisfaction
        self._product = product

    async def report(
        self, dates: Dates, audience: Audience = Audience(), groups: Collection[str] = GROUPS
    ) -> RoleReport:
        """Every role over ``dates``, with the parts that ``groups`` allow. ``audience`` names a project at most."""
        seen = GROUPS & frozenset(groups)
        today = self._people.days.today()
        dates = Dates(min(dates.first, today), min(dates.last, today))
        complete = min(dates.last, today - DAY)
        found = _Found(
            *await asyncio.gather(
                asked_if(seen & {"userEngagement", "retentionRates"}, self._groups(complete, audience)),
                asked_if(seen & {"userEngagement"}, self._sessions(dates, audience)),
                asked_if(seen & {"featureAdoption"}, self._features.adoption(dates.last, audience)),
                asked_if(seen & {"workflowCompletion"}, self._workflows.funnels(dates, audience, history=False)),
                asked_if(seen & {"userSatisfaction"}, self._satisfaction.opinion("csat", dates, audience)),
            )
        )
        return RoleReport(
            dates=dates,
            audience=audience,
            zone=self._people.days.zone.key,
            groups=seen,
            roles=[self._role(name, found, seen) for name in self._names(found)],
        )

    async def _groups(self, complete: date, audience: Audience) -> list[PeopleGroup]:
        return await self._people.engagement.groups("role", complete, audience)

    async def _sessions(self, dates: Dates, audience: Audience) -> list[SessionGroup]:
        return (await self._people.sessions.report(dates, audience, "role")).groups

    def _names(self, found: _Found) -> list[str]:
        """Roles that are defined, then those that only events name."""
        names = {group.key for group in found.people or []} | {group.key for group in found.sessions or []}
        names |= {role for role, _ in found.adopted.roles} if found.adopted else set()
        names |= {split.key for one in found.workflows or [] for split in one.roles}
        names |= {said.key for said in found.opinion.roles} if found.opinion else set()
        return [*self._product.roles, *sorted(names - self._product.roles.keys() - {""})]

    def _role(self, name: str, found: _Found, seen: frozenset[str]) -> RoleUse:
        person = next((group for group in found.people or [] if group.key == name), None)
        if found.people is not None and person is None:
            person = PeopleGroup(key=name, dau=0, wau=0, mau=0, stickiness=None, churned=0, base=0)
        everybody = sum(group.mau for group in found.people or [])
        return RoleUse(
            id=name,
            title=titled(self._product.roles.get(name), name),
            defined=name in self._product.roles,
            people=person.mau if person and "userEngagement" in seen else None,
            share=share(person.mau, everybody) if person and "userEngagement" in seen else None,
            churn=share(person.churned, person.base) if person and "retentionRates" in seen else None,
            churned=person.churned if person and "retentionRates" in seen else None,
            base=person.base if person and "retentionRates" in seen else None,
            sessions=_sessions_of(name, found.sessions),
            features=None if found.adopted is None else _most_used(name, found.adopted),
            workflows=None if found.workflows is None else _passed(name, found.workflows),
            satisfaction=None if found.opinion is None else _said(name, found.opinion),
        )


def _sessions_of(name: str, groups: list[SessionGroup] | None) -> SessionFigures | None:
    if groups is None:
        return None
    return next((group.figures for group in groups if group.key == name), NO_SESSIONS)


def _most_used(name: str, adopted: Adopted) -> list[Used]:
    used = [
        Used(id=feature.id, title=feature.title, adoption=cell)
        for feature in adopted.features
        for cell in feature.roles
        if cell.role == name and cell.uses
    ]
    return sorted(used, key=lambda one: (-one.adoption.uses, one.id))[:MOST_USED]


def _passed(name: str, workflows: list[WorkflowUse]) -> list[Passed]:
    return [
        Passed(id=one.id, title=one.title, split=split, everybody=one.first.completion)
        for one in workflows
        for split in one.roles
        if split.key == name
    ]


def _said(name: str, opinion: Opinion) -> Said:
    """An empty score when nobody of the role answered."""
    return next((said for said in opinion.roles if said.key == name), nobody(name))


async def asked_if(allowed: object, question: Coroutine[Any, Any, T]) -> T | None:
    """The answer when ``allowed`` is true, else None without asking."""
    if allowed:
        return await question
    question.close()
    return None
