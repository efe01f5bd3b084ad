"""Roles and catalog say what their parts say, and no more than the reader may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.analytics.usage import MOMENTS, Asked, Usage

from lopan.analytics import usagekpis
from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Filters, Metric, Span
from lopan.analytics.roles import GROUPS, RoleReport
from lopan.catalog import load
from lopan.catalog.product import Feature, Product, Role, Workflow
from lopan.event import Action, AppLaunch, Event, Feedback
from lopan.event import Workflow as Step

NOW = MOMENTS[3]
DATES = Dates(NOW.date() - timedelta(days=6), NOW.date())
ME = Audience(project="1")
PRODUCT = Product(
    roles=[Role(id="seller", title="Sales"), Role(id="auditor")],
    features=[Feature(id="orders", core=True), Feature(id="maps")],
    workflows=[Workflow(id="order", steps=("pick", "send"), window="1h", target=80)],
)


def events() -> list[Event]:
    """Sellers do well; robots, a role that nobody defined, do not; two sellers left a month ago."""
    found: list[Event] = []
    for number in range(12):
        seller = number < 8
        base: dict[str, Any] = {"user": f"u{number}", "role": "seller" if seller else "robot"}
        at = NOW - timedelta(days=2, minutes=number)
        before = {"time": NOW - timedelta(days=40), **base}
        found.append(AppLaunch(**before, duration_ms=1))
        if number in (6, 7):
            continue
        steps = ("pick", "send") if seller else ("pick",)
        found += [Step(time=at, **base, workflow="order", instance="1", step=step) for step in steps]
        found += [Action(time=at + timedelta(minutes=9), **base, feature="maps", action="open") for _ in range(3)]
        if seller:
            found.append(Action(time=at, **base, feature="orders", action="complete"))
        found.append(Feedback(time=at, **base, survey="s", scale="csat", score=5 if seller else 2))
    return found


def roles(usage: Usage, groups: frozenset[str]) -> RoleReport:
    return usage.ask(events(), PRODUCT, lambda asked: asked.usage(PRODUCT).roles.report(DATES, ME, groups), stored=0)


def test_every_role_stands_beside_the_others(usage: Usage) -> None:
    found = roles(usage, GROUPS)
    assert [(role.id, role.title, role.defined) for role in found.roles] == [
        ("seller", "Sales", True),
        ("auditor", "Auditor", True),
        ("robot", "Robot", False),
    ]
    seller, auditor, robot = found.roles
    assert (seller.people, robot.people, auditor.people) == (6, 4, 0)
    assert (seller.share, seller.churn, robot.churn, auditor.churn) == (60.0, 25.0, 0.0, None)
    assert seller.sessions is not None
    assert seller.sessions.mean == pytest.approx(540)
    assert [(used.id, used.adoption.uses) for used in seller.features or []] == [("maps", 18), ("orders", 6)]
    (passed,), (failed,) = seller.workflows or [], robot.workflows or []
    assert (passed.split.first.completion, failed.split.first.completion, passed.everybody) == (100.0, 0.0, 60.0)
    assert seller.satisfaction is not None
    assert (seller.satisfaction.score.value, seller.satisfaction.score.n) == (5.0, 6)
    assert auditor.satisfaction is not None
    assert (auditor.satisfaction.status, auditor.features, auditor.workflows) == ("no data", [], [])


def test_roles_show_what_the_reader_may_see(usage: Usage) -> None:
    for role in roles(usage, frozenset({"featureAdoption", "revenue"})).roles:
        assert role.features is not None
        assert (role.people, role.churn, role.sessions, role.workflows, role.satisfaction) == (None,) * 5


def test_two_names_of_one_person_count_once_for_the_past_too(usage: Usage) -> None:
    at = NOW - timedelta(days=3)
    tablet: dict[str, Any] = {"user": "anna@tablet", "role": "seller"}
    phone: dict[str, Any] = {"user": "anna", "role": "seller"}
    own: dict[str, Any] = {"workflow": "order", "instance": "7"}
    sent: list[Event] = [
        Action(time=at, **tablet, feature="orders", action="complete"),
        Action(time=at, **phone, feature="orders", action="open"),
        Step(time=at, **tablet, **own, step="pick"),
        Step(time=at + timedelta(minutes=5), **phone, **own, step="send"),
        Feedback(time=at, **tablet, survey="s", scale="csat", score=1),
        Feedback(time=at + timedelta(days=1), **phone, survey="s", scale="csat", score=5),
    ]

    async def figures(asked: Asked) -> tuple[float | None, ...]:
        used = asked.usage(PRODUCT)
        adoption = (await used.features.adoption(DATES.last, ME)).features[0].overall
        (funnel,) = await used.workflows.funnels(DATES, ME)
        opinion = (await used.satisfaction.opinions(DATES, ME))[0]
        return adoption.people, adoption.value, funnel.first.completion, opinion.score.value

    def ask(*same: tuple[str, str]) -> tuple[float | None, ...]:
        return usage.ask(sent, PRODUCT, figures, same=same)

    assert ask() == (2, 50.0, 0.0, 3.0)
    assert ask(("anna@tablet", "anna")) == (1, 100.0, 100.0, 1.0)


@pytest.mark.parametrize(
    ("name", "value", "n", "status", "by"),
    [
        ("feature_adoption", 60.0, 10, "below target", {"seller": 100.0, "robot": 0.0}),
        ("workflow_completion", 60.0, 10, "meeting", {"seller": 100.0, "robot": 0.0}),
        ("customer_satisfaction", (38 + 5 * 4.5) / 15, 10, "below target", {"seller": 52.5 / 11, "robot": 30.5 / 9}),
        ("satisfied_share", 60.0, 10, "meeting", {"seller": 100.0, "robot": 0.0}),
        ("nps", None, 0, "no data", {}),
    ],
)
def test_the_catalog_has_the_figures(
    usage: Usage, name: str, value: float | None, n: int, status: str, by: dict[str, float]
) -> None:
    async def metric(asked: Asked) -> Metric:
        queries = usagekpis.queries(asked.usage(PRODUCT))
        kpis = Kpis(asked.readers, load(), asked.clock, "UTC", queries)
        return await kpis.metric(name, Span(NOW - timedelta(days=7), NOW), Filters(project="1"), "role")

    found = usage.ask(events(), PRODUCT, metric, stored=0)
    assert found.value == (None if value is None else pytest.approx(value))
    assert (found.n, found.status) == (n, status)
    groups = {group.key: group.value for group in found.groups}
    assert groups == {key: pytest.approx(share) for key, share in by.items()}
