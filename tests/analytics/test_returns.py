"""Returns by the day they fell due, and what is known of people, against plain Python."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.fleet import DAY, STEPS
from tests.analytics.people import FILTERS, Shared, mixed, prepared
from tests.analytics.test_people import _late_days_are_read_too, store

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import Dates
from lopan.analytics.cohorts import METHODS, Method, closing
from lopan.control.identities import names

__all__ = ["_late_days_are_read_too", "store"]

quick = settings(max_examples=8, suppress_health_check=list(HealthCheck))


@quick
@given(
    drawn=mixed(),
    audience=st.sampled_from(FILTERS),
    method=st.sampled_from(list(METHODS)),
    length=st.integers(1, 60),
    back=st.integers(0, 40),
)
def test_steps_count_the_cohorts_that_fell_due(
    store: Shared, drawn: Any, audience: Audience, method: Method, length: int, back: int
) -> None:
    example, truth = prepared(store, drawn)
    last = truth.today - DAY * back
    dates = Dates(last - DAY * (length - 1), last)
    found = example.ask(example.people.retention.returns(dates, example.of(audience), method))

    axis, name = audience.axis
    over = Dates(dates.first, min(last, truth.today - DAY))
    before = Dates(over.first - DAY * len(over), over.first - DAY)
    cohorts = [before.first - DAY * age for age in range(-len(over) * 2, 110)]
    for step, drawn_step in zip(STEPS, found.steps, strict=True):
        for part, rate in ((over, drawn_step.rate), (before, drawn_step.before)):
            due = [day for day in cohorts if part.first <= closing(day, step, method, truth.zone) <= part.last]
            assert (rate.back, rate.cohort) == truth.rate(due, step, method, axis, name)
        assert sum(day.back for day in drawn_step.days) == drawn_step.rate.back
        assert [day.day for day in drawn_step.days] == list(over)
    assert found.late == []
    by = "role" if len(over) % 2 else "customer"
    for group in example.ask(example.people.retention.groups(dates, by, example.of(Audience()), method)):
        for rate in group.rates:
            due = [day for day in cohorts if over.first <= closing(day, rate.step, method, truth.zone) <= over.last]
            assert (rate.back, rate.cohort) == truth.rate(due, rate.step, method, by, group.key)


@quick
@given(drawn=mixed())
def test_profiles_tell_when_people_came_and_what_they_were_last(store: Shared, drawn: Any) -> None:
    example, truth = prepared(store, drawn)
    days = Dates(truth.today - DAY * 102, truth.today)
    when = {person: [day for day in days if person in truth.active(day)] for person in set(truth.person) - {""}}
    numbers = example.ask(example.people.retention.users(days, days, example.of(Audience())))
    known = names(store.target.engine, "user", [*numbers.back, 0, 1 << 31])

    found = example.ask(example.people.retention.profiles(numbers.back, example.project))
    assert {known[one.person]: (one.first, one.last, one.days) for one in found} == {
        person: (active[0], active[-1], len(active)) for person, active in when.items() if active
    }
    for one in found:
        for axis in ("role", "customer"):
            said = [
                name
                for name in truth.names(axis)
                if name and known[one.person] in truth.window(*_span(days), axis, name)
            ]
            assert getattr(one, axis) in (said or [""])


def _span(days: Dates) -> tuple[Any, Any]:
    return days.first, days.last
