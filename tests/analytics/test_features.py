"""Adoption equals what plain sets of people give: any zone, any order, repeats, filters, entitlements."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from tests.analytics.usage import MOMENTS, ZONES, At, Usage, fleets, local, who

from lopan.analytics.features import INTENSITIES, Adopted, Adoption, Features, intensity
from lopan.analytics.scope import Scope
from lopan.catalog.product import Feature, Product, Role
from lopan.errors import Rejected
from lopan.event import Action, AppLaunch, Crash, Event
from lopan.store import Readers

PRODUCT = Product(
    roles=[Role(id="salesperson")],
    features=[
        Feature(id="orders", core=True),
        Feature(id="stock", success=("saved", "sent"), roles=("warehouseKeeper",), target=50),
        Feature(id="maps", success=("*",), customers=("north",), roles=("salesperson", "warehouseKeeper")),
        Feature(id="unused"),
    ],
)
SCOPES = (Scope(), Scope(0, "role", "salesperson"), Scope(0, "release", "1.1"), Scope(0, "customer", "south"))


def fleet(zone: str, now: datetime, draw: random.Random) -> list[Event]:
    """Forty days of use; some of it in the first and last second of a day."""
    events: list[Event] = []
    for _ in range(300):
        at = now - timedelta(milliseconds=draw.randrange(44 * 86_400_000))
        if draw.random() < 0.2:
            at -= timedelta(seconds=at.second, minutes=at.minute, milliseconds=draw.choice((0, 1)))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        base: dict[str, Any] = who(draw, 12) | {"time": at, "event_id": str(uuid.UUID(int=draw.getrandbits(128)))}
        feature = draw.choice(("orders", "stock", "maps", "extra"))
        kind = draw.random()
        if kind < 0.7:
            events.append(Action(**base, feature=feature, action=draw.choice(("complete", "saved", "open", ""))))
        else:
            events.append(Crash(**base) if kind < 0.85 else AppLaunch(**base, duration_ms=1))
    return events


class Truth:
    """The same figures from sets."""

    def __init__(self, events: list[Event], zone: str, now: datetime, scope: Scope) -> None:
        self.events = [event for event in events if event.user]
        self.zone, self.scope, self.today = zone, scope, local(now, zone)

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

        def scoped(event: Event) -> bool:
            return not self.scope.axis or getattr(event, self.scope.axis) == self.scope.name

        def both(first: int, last: int, use: Any) -> set[str]:
            everyone = self.people(first, last, use=use, scope=scoped)
            return everyone & self.people(first, last, use=use, role=lambda e: e.role == role) if role else everyone

        def entitled(first: int, last: int) -> set[str]:
            found = both(first, last, lambda event: not isinstance(event, Crash))
            here = lambda event: not isinstance(event, Crash)  # noqa: E731
            if feature.roles:
                found &= self.people(first, last, here=here, role=lambda event: event.role in feature.roles)
            if feature.customers:
                found &= self.people(first, last, here=here, customer=lambda event: event.customer in feature.customers)
            return found

        def tries(event: Event) -> bool:
            return isinstance(event, Action) and event.feature == name

        def succeeds(event: Event) -> bool:
            return tries(event) and ("*" in feature.success or event.action in feature.success)

        now, closed, before = (27, 0), (28, 1), (35, 8)
        n, n1, n2 = (entitled(*window) for window in (now, closed, before))
        d1, d2 = (both(*window, succeeds) for window in (closed, before))
        weeks = [both(7 * week + 6, 7 * week, tries) & n for week in (3, 2, 1, 0)]
        early = weeks[0] | weeks[1] | weeks[2]
        again = {one for one in early if sum(one in week for week in weeks) > 1}
        return {
            "people": len(n),
            "done": len(n & both(*now, succeeds)),
            "tried": len(early | weeks[3]),
            "could_return": len(early),
            "returned": len(again),
            "closed": 100 * len(n1 & d1) / len(n1) if n1 else None,
            "previous": 100 * len(n2 & d2) / len(n2) if n2 else None,
        }


def figures(adoption: Adoption) -> dict[str, Any]:
    names = ("people", "done", "tried", "could_return", "returned", "closed", "previous")
    return {name: getattr(adoption, name) for name in names}


@settings(max_examples=16)
@given(fleets)
def test_adoption_is_exact(usage: Usage, drawn: tuple[str, datetime, int]) -> None:
    zone, now, seed = drawn
    draw = random.Random(seed)
    events = fleet(zone, now, draw)
    project = usage.put(events, draw)
    for scope in (Scope(), draw.choice(SCOPES[1:])):
        truth = Truth(events, zone, now, scope)
        mine = scope._replace(project=project)

        async def adoption(readers: Readers, mine: Scope = mine) -> Adopted:
            return await Features(readers, PRODUCT, At(now), zone).adoption(scope=mine)

        features = usage.ask(adoption)
        assert [one.id for one in features.features][:4] == list(PRODUCT.features)
        assert {one.id for one in features.features[4:]} <= {"extra"}
        for feature in features.features:
            assert figures(feature.overall) == truth.cell(feature.id, "")
            for cell in feature.roles:
                assert figures(cell) == truth.cell(feature.id, cell.role), (feature.id, cell.role)


def put(usage: Usage, *events: Event) -> Any:
    project = usage.put(events, random.Random(0))
    return lambda product, zone="UTC", last=None: usage.ask(
        lambda readers: Features(readers, product, At(MOMENTS[3]), zone).adoption(last, Scope(project))
    )


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


def test_two_filters_at_once_are_refused() -> None:
    with pytest.raises(Rejected, match="can't be combined"):
        Scope.of(role="a", release="b")
    with pytest.raises(Rejected, match="number of a project"):
        Scope.of(project="x")
    assert Scope.of("7", customer="c") == Scope(7, "customer", "c")


def test_the_zones_are_those_that_change_their_clocks() -> None:
    assert any(local(MOMENTS[1], zone) != MOMENTS[1].date() for zone in ZONES)
