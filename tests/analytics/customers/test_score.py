"""Laws of the score: parts add up exactly, more is never less, and what disappears never raises it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.customers.advice import advise
from lopan.analytics.customers.evidence import Answers, Evidence, Reading, Tickets, readings
from lopan.analytics.customers.score import COVERED, change, health, score
from lopan.catalog import health as catalog
from lopan.catalog.health import COMPONENTS, Component

JUDGING = catalog.load()
STANDARD = JUDGING.profiles["standard"]
AT = datetime(2026, 11, 1, tzinfo=UTC)

names = st.frozensets(st.sampled_from("abcdef"), max_size=6)
answers = st.none() | st.builds(
    lambda n, mean, stale, low: Answers(n, n * mean, stale, min(low, n), AT),
    st.integers(1, 40), st.floats(1, 5), st.booleans(), st.integers(0, 3),
)  # fmt: skip
nps = st.none() | st.builds(
    lambda n, mean, stale: Answers(n, n * mean, stale), st.integers(1, 40), st.floats(-100, 100), st.booleans()
)
tickets = st.builds(
    lambda more, critical, breaches, again, new: Tickets(more + critical, critical, breaches, again, new, 9),
    *[st.integers(0, 5)] * 5,
)
evidences = st.builds(
    Evidence,
    active=st.integers(0, 60),
    seats=st.none() | st.integers(0, 50),
    used=names,
    bought=st.none() | names,
    csat=answers,
    nps=nps,
    tickets=tickets,
    connected=st.frozensets(st.sampled_from(COMPONENTS)),
    tickets_known=st.booleans(),
)
profiles = st.sampled_from(list(JUDGING.profiles.values()))


@given(evidences, profiles)
def test_score_is_the_weighted_mean_within_its_bounds(evidence: Evidence, profile: catalog.Profile) -> None:
    found, told = health(evidence, profile), readings(evidence, profile)
    connected = [name for name in COMPONENTS if name in evidence.connected]
    covered = [name for name in COMPONENTS if told[name].state in COVERED]
    weight = sum(profile.weight(name) for name in connected)

    assert found.coverage == pytest.approx(100 * sum(profile.weight(name) for name in covered), abs=1e-5)
    assert sum(round(10 * part.contribution) for part in found.parts) == round(10 * (found.score or 0))
    if not connected:
        assert (found.score, found.colour) == (None, "insufficient")
        return
    exact = sum(profile.weight(name) * told[name].points for name in connected) / weight
    assert found.score == pytest.approx(exact, abs=0.0500001)
    low = sum(profile.weight(name) * told[name].points for name in covered)
    assert found.low == pytest.approx(low, abs=0.0500001)
    assert found.high == pytest.approx(low + 100 - found.coverage, abs=0.0500001)
    assert found.score is not None
    assert found.low <= found.score <= found.high


@given(evidences, evidences, profiles, profiles)
def test_shifts_add_up_to_the_change_exactly(
    before: Evidence, after: Evidence, then: catalog.Profile, now: catalog.Profile
) -> None:
    one, two = health(before, then), health(after, now)
    moved = change(one, two)

    if one.score is None or two.score is None:
        assert moved is None
        return
    assert moved is not None
    assert sum(round(10 * shift.delta) for shift in moved.shifts) == round(10 * moved.delta)
    assert round(10 * moved.delta) == round(10 * two.score) - round(10 * one.score)


Way = Callable[[Evidence], Evidence]
VANISHED: dict[str, list[Way]] = {
    "usage": [lambda e: e._replace(seats=None), lambda e: e._replace(seats=0), lambda e: e._replace(active=0)],
    "adoption": [lambda e: e._replace(bought=None), lambda e: e._replace(used=frozenset())],
    "satisfaction": [
        lambda e: e._replace(csat=e.csat and e.csat._replace(stale=True), nps=e.nps and e.nps._replace(stale=True))
    ],
    "support": [lambda e: e._replace(tickets_known=False)],
}


@given(evidences, profiles, st.sampled_from([one for ways in VANISHED.values() for one in ways]))
def test_component_that_disappears_never_raises_the_score(
    evidence: Evidence, profile: catalog.Profile, way: Way
) -> None:
    before, after = health(evidence, profile), health(way(evidence), profile)

    assert (after.score or 0) <= (before.score or 0)
    assert after.low <= before.low


@given(
    st.dictionaries(st.sampled_from(COMPONENTS), st.floats(0, 100), min_size=4), st.sampled_from(COMPONENTS), profiles
)
def test_more_points_never_lower_the_score(
    points: dict[Component, float], name: Component, profile: catalog.Profile
) -> None:
    found = {one: Reading("measured", value, value, 1) for one, value in points.items()}
    more = {**found, name: found[name]._replace(points=min(100.0, found[name].points + 7))}

    assert (score(found, profile).score or 0) <= (score(more, profile).score or 0)


FULL = Evidence(40, 50, frozenset("ab"), frozenset("ab"), Answers(5, 25, False), None, Tickets(), COMPONENTS)


@pytest.mark.parametrize(
    ("changed", "component", "state", "points"),
    [
        pytest.param({}, "usage", "measured", 100, id="at the upper anchor"),
        pytest.param({"active": 20}, "usage", "measured", 50, id="between the anchors"),
        pytest.param({"active": 0}, "usage", "no activity", 0, id="nobody came"),
        pytest.param({"seats": None}, "usage", "unknown", 0, id="no seats in the contract"),
        pytest.param({"connected": {"support"}}, "usage", "not connected", 0, id="no source"),
        pytest.param({}, "satisfaction", "measured", 87.5, id="five answers of 5 drawn to 4"),
        pytest.param({"csat": None}, "satisfaction", "no answer yet", 75, id="prior"),
        pytest.param(
            {"csat": Answers(5, 25, True)}, "satisfaction", "no recent answer", 75, id="stale: no more than it"
        ),
        pytest.param({"csat": Answers(5, 5, True)}, "satisfaction", "no recent answer", 37.5, id="stale: what it was"),
        pytest.param({"nps": Answers(5, -500, False)}, "satisfaction", "measured", 30, id="the lower of two scales"),
        pytest.param({"used": frozenset("a")}, "adoption", "measured", 62.5, id="half of what was bought"),
        pytest.param({"tickets": Tickets(1, 1, 1, 1, 0, 3)}, "support", "measured", 45, id="penalties"),
        pytest.param({"tickets": Tickets(9, 9, 9, 9, 9, 9)}, "support", "measured", 0, id="penalties end at 0"),
        pytest.param({}, "support", "measured", 100, id="no tickets, and people at work"),
        pytest.param({"active": 0}, "support", "neutral", 50, id="no tickets, and nobody at work"),
        pytest.param({"tickets_known": False}, "support", "unknown", 0, id="tickets vanished"),
    ],
)
def test_component_by_state(changed: dict[str, Any], component: Component, state: str, points: float) -> None:
    part = health(FULL._replace(**changed), STANDARD).part(component)
    assert (part.state, part.points) == (state, pytest.approx(points))


@pytest.mark.parametrize(
    ("changed", "colour"),
    [
        pytest.param({}, "healthy", id="all known"),
        pytest.param({"seats": None}, "healthy", id="three quarters known: by the score"),
        pytest.param({"seats": None, "csat": None, "active": 9}, "watch", id="half known: by the lower bound"),
        pytest.param({"seats": None, "bought": None, "csat": None}, "insufficient", id="a quarter known"),
        pytest.param({"active": 0, "used": frozenset()}, "at risk", id="nobody came"),
    ],
)
def test_colour_goes_by_what_is_known(changed: dict[str, Any], colour: str) -> None:
    assert health(FULL._replace(**changed), STANDARD).colour == colour


def test_advice_is_for_the_two_greatest_gaps_and_dated_from_when_they_opened() -> None:
    days = [date(2026, 11, 1) + timedelta(weeks=week) for week in range(4)]
    bad = FULL._replace(active=0, tickets=Tickets(2, 1, 0, 0, 0, 2), used=frozenset("a"))
    history = [(days[0], health(FULL, STANDARD)), *((day, health(bad, STANDARD)) for day in days[1:])]

    first, second = advise(JUDGING, bad, history, "Ada")

    assert (first.rule, first.owner, first.since, first.due) == ("silent-account", "Ada", days[1], date(2026, 11, 11))
    assert (first.gap, first.overdue) == (20.0, True)
    assert (second.rule, second.rows[0]) == ("features-unused", ("Bought and not used", "b"))


def test_profile_is_the_closest_one() -> None:
    large = msgspec.structs.replace(STANDARD, id="large", segments=("enterprise",))
    judging = catalog.Judging([*JUDGING.profiles.values(), large], [])

    found = [judging.profile(*asked).id for asked in (("", 5), ("enterprise", 90), ("small", None), ("enterprise", 3))]
    assert found == ["onboarding", "large", "standard", "onboarding"]
