"""Adoption equals what plain sets of people give: any zone, any order, repeats, filters, entitlements."""

from __future__ import annotations

import random
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from tests.analytics.usage import EXAMPLES, MOMENTS, ZONES, Asked, Usage, fleets, local, who

from lopan.analytics.accounts import Accounts, AccountsAdopted
from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.featurecourse import Course, FeatureCourse
from lopan.analytics.features import INTENSITIES, Adopted, Adoption, Features, intensity
from lopan.catalog.product import Feature, Product, Role
from lopan.event import Action, AppLaunch, Crash, Event

PRODUCT = Product(
    roles=[Role(id="salesperson")],
    features=[
        Feature(id="orders", core=True),
        Feature(id="stock", success=("saved", "sent"), roles=("warehouseKeeper",), target=50),
        Feature(id="maps", success=("*",), customers=("north",), roles=("salesperson", "warehouseKeeper")),
        Feature(id="unused"),
    ],
)
ME = Audience(project="1")
FILTERS = ({"role": "salesperson"}, {"release": "1.1"}, {"customer": "south"})


def fleet(zone: str, now: datetime, draw: random.Random) -> list[Event]:
    """Forty days of use; some of it in the first and last second of a day."""
    events: list[Event] = []
    for _ in range(300):
        at = now - timedelta(milliseconds=draw.randrange(44 * 86_400_000))
        if draw.random() < 0.2:
            at -= timedelta(seconds=at.second, minutes=at.minute, milliseconds=draw.choice((0, 1)))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        base: dict[str, Any] = who(draw, 12) | {"time": at, "event_id": str(uuid.uuid4())}
        feature = draw.choice(("orders", "stock", "maps", "extra"))
        kind = draw.random()
        if kind < 0.7:
            events.append(Action(**base, feature=feature, action=draw.choice(("complete", "saved", "open", ""))))
        else:
            events.append(Crash(**base) if kind < 0.85 else AppLaunch(**base, duration_ms=1))
    return events


class Truth:
    """The same figures from sets."""

    def __init__(self, events: list[Event], zone: str, now: datetime, audience: Audience) -> None:
        self.events = [event for event in events if event.user]
        self.zone, self.axis, self.today = zone, audience.axis, local(now, zone)

    def people(self, first: int, last: int, **wanted: Any) -> set[str]:
        """Who did something ``last`` to ``first`` days ago."""
        found = set()
        for event in self.events:
            ago = (self.today - local(event.time, self.zone)).days
            if last <= ago <= first and all(test(event) for test in wanted.values()):
                found.add(event.user)
        return found

    def cell(self, name: str, role: str) -> dict[str, Any]:
        feature = PRODUCT.features.get(name) or Feature(id=name, success=("*",))

        axis, value = self.axis
        roles = [role] if role else feature.roles

        def one(event: Event) -> bool:
            return (not roles or event.role in roles) and (axis != "role" or event.role == value)

        def cut(first: int, last: int, use: Any) -> set[str]:
            """Who did it in a role of the cell, and who also under the filter and at a customer entitled."""
            found = self.people(first, last, use=use, role=one)
            if axis in ("release", "customer"):
                found &= self.people(first, last, use=use, filter=lambda event: getattr(event, axis) == value)
            if feature.customers:
                found &= self.people(first, last, use=use, customer=lambda event: event.customer in feature.customers)
            return found

        def tries(event: Event) -> bool:
            return isinstance(event, Action) and event.feature == name

        def succeeds(event: Event) -> bool:
            return tries(event) and ("*" in feature.success or event.action in feature.success)

        now, closed, before = (27, 0), (28, 1), (35, 8)
        n, n1, n2 = (cut(*window, lambda event: not isinstance(event, Crash)) for window in (now, closed, before))
        d0, d1, d2 = (cut(*window, succeeds) for window in (now, closed, before))
        weeks = [cut(7 * week + 6, 7 * week, tries) for week in (3, 2, 1, 0)]
        assert (d0 <= n, d1 <= n1, d2 <= n2) == (True, True, True)
        early = weeks[0] | weeks[1] | weeks[2]
        again = {person for person in early if sum(person in week for week in weeks) > 1}
        return {
            "people": len(n),
            "done": len(d0),
            "tried": len(early | weeks[3]),
            "could_return": len(early),
            "returned": len(again),
            "closed": 100 * len(d1) / len(n1) if n1 else None,
            "previous": 100 * len(d2) / len(n2) if n2 else None,
        }

    def counts(self, name: str, ago: int, **more: Any) -> tuple[int, int]:
        """Who was active and entitled, and who succeeded, in the 28 days up to ``ago`` days ago."""
        feature = PRODUCT.features.get(name) or Feature(id=name, success=("*",))
        axis, value = self.axis

        def cut(use: Any) -> set[str]:
            window = (ago + 27, ago)
            found = self.people(*window, use=use, role=lambda e: not feature.roles or e.role in feature.roles,
                                filter=lambda e: axis != "role" or e.role == value)  # fmt: skip
            if axis in ("release", "customer"):
                found &= self.people(*window, use=use, filter=lambda e: getattr(e, axis) == value)
            if feature.customers and not more:
                found &= self.people(*window, use=use, customer=lambda e: e.customer in feature.customers)
            return found & self.people(*window, use=use, **more) if more else found

        def succeeds(event: Event) -> bool:
            return (
                isinstance(event, Action)
                and event.feature == name
                and ("*" in feature.success or event.action in feature.success)
            )

        return len(cut(lambda event: not isinstance(event, Crash))), len(cut(succeeds))

    def accounts(self, name: str) -> tuple[int, int]:
        """Customers entitled that have somebody, and those of them in which somebody succeeded."""
        feature = PRODUCT.features.get(name) or Feature(id=name, success=("*",))
        axis, value = self.axis
        active = done = 0
        for account in sorted({event.customer for event in self.events if event.customer}):
            if (not feature.customers or account in feature.customers) and (axis != "customer" or account == value):
                n, hits = self.counts(name, 0, account=lambda event, account=account: event.customer == account)
                active, done = active + bool(n), done + bool(hits)
        return active, done


def figures(adoption: Adoption) -> dict[str, Any]:
    names = ("people", "done", "tried", "could_return", "returned", "closed", "previous")
    return {name: getattr(adoption, name) for name in names}


@EXAMPLES
@given(fleets)
def test_adoption_is_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(zone, now, draw)
    audiences = (ME, Audience(project="1", **draw.choice(FILTERS)))

    async def ask(asked: Asked) -> list[Adopted]:
        features = Features(asked.days, asked.readers, PRODUCT)
        return [await features.adoption(audience=audience) for audience in audiences]

    for audience, found in zip(audiences, usage.ask(events, PRODUCT, ask, zone, now, draw), strict=True):
        truth = Truth(events, zone, now, audience)
        assert [one.id for one in found.features][:4] == list(PRODUCT.features)
        assert {one.id for one in found.features[4:]} <= {"extra"}
        assert found.late == []
        for feature in found.features:
            assert figures(feature.overall) == truth.cell(feature.id, ""), feature.id
            for cell in feature.roles:
                assert figures(cell) == truth.cell(feature.id, cell.role), (feature.id, cell.role)


@EXAMPLES
@given(fleets)
def test_course_and_accounts_are_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(zone, now, draw)
    audience = draw.choice((ME, *(Audience(project="1", **one) for one in FILTERS)))
    names = [*PRODUCT.features, "extra"]
    days = 14

    async def ask(asked: Asked) -> tuple[Course, AccountsAdopted]:
        parts = (asked.days, asked.readers, PRODUCT)
        today = asked.days.today()
        course = await FeatureCourse(*parts).course(Dates(today - DAY * (days - 1), today), audience, names)
        return course, await Accounts(*parts).adoption(audience=audience, others=["extra"])

    course, accounts = usage.ask(events, PRODUCT, ask, zone, now, draw)
    truth = Truth(events, zone, now, audience)
    for name in names:
        told = [(day.people, day.done) for day in course.features[name]]
        assert told == [truth.counts(name, ago) for ago in reversed(range(days))], name
    orders = course.features["orders"]
    assert [day.value for day in course.core] == [day.value for day in orders]
    assert [day.partial for day in course.core] == [False] * (days - 1) + [True]
    assert {one.id: (one.accounts, one.done) for one in accounts.features} == {n: truth.accounts(n) for n in names}


def put(usage: Usage, *events: Event) -> Any:
    """Ask about these, by any product."""

    def ask(product: Product, last: date | None = None) -> Adopted:
        return usage.ask(events, product, lambda asked: Features(asked.days, asked.readers, product).adoption(last, ME))

    return ask


def test_a_role_and_a_feature_take_no_code(usage: Usage) -> None:
    """Neither needs an entry to appear; an entry gives title, order and target."""
    asked = put(usage, Action(time=MOMENTS[3], user="a", role="robotOperator", feature="cell_start", action="complete"))
    (bare,) = asked(Product()).features
    assert (bare.title, bare.defined, bare.target, bare.overall.value) == ("Cell start", False, None, 100.0)
    assert [cell.role for cell in bare.roles] == ["robotOperator"]
    product = Product([Role(id="robotOperator", title="Robots")], [Feature(id="cell_start", title="Start", core=True)])
    found = asked(product)
    assert found.roles == [("robotOperator", "Robots")]
    assert (found.features[0].title, found.features[0].target, found.features[0].overall.status) == (
        "Start",
        80.0,
        "exceeding",
    )
    assert (found.core, found.targeted, found.meeting) == (100.0, 1, 1)


def test_nobody_and_nothing_is_no_data(usage: Usage) -> None:
    found = put(usage)(Product(features=[Feature(id="orders", core=True)]))
    (feature,) = found.features
    assert (feature.overall.value, feature.overall.status, feature.overall.intensity) == (None, "no data", None)
    assert (found.core, found.targeted, found.roles, feature.roles) == (None, 0, [], [])


def test_a_rise_among_the_same_people_is_significant_and_growth_of_the_crowd_is_not(usage: Usage) -> None:
    now = MOMENTS[3]
    events: list[Event] = []
    for number in range(60):
        base: dict[str, Any] = {"user": f"p{number}"}
        events += [AppLaunch(time=now - timedelta(days=days), duration_ms=1, **base) for days in (3, 20, 34)]
        if number < 20:
            events.append(Action(time=now - timedelta(days=20), feature="old", action="complete", **base))
        if number < 30:
            events.append(Action(time=now - timedelta(days=3), feature="launched", action="complete", **base))
    found = put(usage, *events)(Product(features=[Feature(id="old"), Feature(id="launched")]))
    old, launched = (feature.overall for feature in found.features)
    assert (old.trend, old.change) == ("stable", 0.0)
    assert (launched.trend, launched.previous, launched.change) == ("improving", 0.0, 50.0)


def test_an_earlier_day_is_complete_and_today_moves(usage: Usage) -> None:
    now = MOMENTS[3]
    asked = put(
        usage, Action(time=now, user="a", feature="f", action="complete"), AppLaunch(time=now, user="b", duration_ms=1)
    )
    today, yesterday = asked(Product()), asked(Product(), last=local(now, "UTC") - timedelta(days=1))
    assert today.partial
    assert today.features[0].overall.value == 50.0
    assert not yesterday.partial
    assert yesterday.features == []


@pytest.mark.parametrize(
    ("value", "word"),
    [(None, None), (0.0, "very low"), (19.9, "very low"), (20.0, "low"), (80.0, "very high"), (100.0, "very high")],
)
def test_intensity_has_its_bounds(value: float | None, word: str | None) -> None:
    found = intensity(value)
    assert (None if found is None else INTENSITIES[found].word) == word


def test_the_zones_are_those_that_change_their_clocks() -> None:
    assert any(local(MOMENTS[1], zone) != MOMENTS[1].date() for zone in ZONES)
