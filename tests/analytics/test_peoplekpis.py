"""People's KPIs as tiles, API and alerts read them, against plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.analytics.fleet import DAY, NOW, Truth, dense, figures
from tests.conftest import ManualClock
from tests.support import Pipeline, pipeline

from lopan.analytics.calendar import monday
from lopan.analytics.days import Days
from lopan.analytics.intervals import wilson
from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Filters, Metric, Span
from lopan.analytics.people import People
from lopan.analytics.peoplekpis import queries
from lopan.catalog import Catalog, load
from lopan.errors import GiveUp, Rejected
from lopan.store import Readers

ZONE = "Europe/Berlin"
MONTH = Span(NOW - timedelta(days=30), NOW)
EVENTS = dense(3)
TRUTH = Truth(EVENTS, ZONE)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline(tmp_path_factory.mktemp("people")) as opened:
        opened.put(EVENTS)
        yield opened


def ask(target: Pipeline, name: str, span: Span, by: str = "", filters: Filters = Filters()) -> Metric:
    async def asked() -> Metric:
        readers, days = Readers(target.store, 2), Days(target.store, ZONE, ManualClock())
        try:
            kpis = Kpis(readers, load(), ManualClock(), ZONE, queries(People(days, readers)))
            found = await kpis.metric(name, span, filters, by)
            measure = await kpis.measure(name, span, filters)
            assert (measure.value, measure.n) == (found.value, found.n)
            return found
        finally:
            readers.close()
            days.close()

    return asyncio.run(asked())


def last_before(at: datetime) -> Any:
    return TRUTH.day(at) - DAY


@pytest.mark.parametrize("name", ["dau", "wau", "mau", "stickiness", "churn_rate"])
def test_windows_end_with_the_last_complete_day(target: Pipeline, name: str) -> None:
    def value(known: dict[str, Any]) -> float | None:
        if name == "churn_rate":
            return 100 * known["churned"] / known["base"] if known["base"] else None
        figure: float = known[name]
        return 100 * figure if name == "stickiness" else figure

    found = ask(target, name, MONTH, by="role")
    assert found.value == pytest.approx(value(TRUTH.people(last_before(MONTH.end))))
    assert found.previous == pytest.approx(value(TRUTH.people(last_before(MONTH.start))))
    days = [TRUTH.day(MONTH.start) + DAY * at for at in range(31)]
    assert [TRUTH.day(point.t) for point in found.series] == days
    assert [point.value for point in found.series] == [pytest.approx(value(TRUTH.people(day))) for day in days]
    assert [point.partial for point in found.series] == [False] * 30 + [True]
    assert {group.key: group.value for group in found.groups} == {
        role: pytest.approx(value(TRUTH.people(last_before(MONTH.end), "role", role))) for role in TRUTH.names("role")
    }


def test_growth_takes_complete_iso_weeks(target: Pipeline) -> None:
    def growth(week: Any) -> float:
        now, before = (sum(len(TRUTH.active(first + DAY * at)) for at in range(7)) for first in (week, week - DAY * 7))
        return 100 * (now / before - 1)

    found = ask(target, "dau_growth_wow", MONTH)
    this = monday(TRUTH.today)
    assert found.value == pytest.approx(growth(this - DAY * 7))
    assert [(TRUTH.day(point.t), point.partial) for point in found.series][-1] == (this - DAY * 7, False)
    assert [point.value for point in found.series] == [pytest.approx(growth(TRUTH.day(p.t))) for p in found.series]


@pytest.mark.parametrize(("name", "step"), [("retention_d1", 1), ("retention_d7", 7), ("retention_d30", 30)])
def test_retention_counts_cohorts_that_became_old_enough_in_the_range(target: Pipeline, name: str, step: int) -> None:
    def rate(first: Any, last: Any, axis: str = "", role: str = "") -> tuple[int, int]:
        """Cohorts whose last day that counts lies in the range."""
        cohorts = []
        for back in range(140):
            day = TRUTH.today - DAY * back
            until = next(day + DAY * at for at in range(1, 4) if (day + DAY * at).isoweekday() <= 5)
            until = until if step == 1 else day + DAY * (step + 6)
            if first <= until <= last:
                cohorts.append(day)
        return TRUTH.rate(cohorts, step, "bracket", axis, role)

    found = ask(target, name, MONTH, by="role")
    back, cohort = rate(TRUTH.day(MONTH.start), TRUTH.today - DAY)
    assert (found.n, found.value) == (cohort, pytest.approx(100 * back / cohort))
    bound = wilson(back, cohort)
    assert bound is not None
    assert (found.low, found.high) == (pytest.approx(100 * bound.low), pytest.approx(100 * bound.high))
    for group in found.groups:
        back, cohort = rate(TRUTH.day(MONTH.start), TRUTH.today - DAY, "role", group.key)
        assert (group.n, group.value) == (cohort, pytest.approx(100 * back / cohort) if cohort else None)
    assert sum(point.n for point in found.series) == found.n


def test_user_retention_is_d30_of_four_weeks(target: Pipeline) -> None:
    found = ask(target, "user_retention", Span(NOW - timedelta(hours=1), NOW))
    same = ask(target, "retention_d30", Span(NOW - timedelta(days=28), NOW))
    assert (found.value, found.n, found.status) == (same.value, same.n, same.status)
    assert (found.target, found.warning, found.critical, found.playbook) == (80, 70, 60, "user-retention")


def test_session_duration_is_the_mean_in_minutes(target: Pipeline) -> None:
    found = ask(target, "session_duration", MONTH, by="release")
    sessions = [one for one in TRUTH.sessions() if TRUTH.day(MONTH.start) <= one[0]]
    assert found.n == len(sessions)
    assert found.value == pytest.approx(figures(sessions)["mean"] / 60)
    assert sum(group.n for group in found.groups) == found.n


def test_before_the_first_event_there_is_no_data_and_after_it_nobody_is_none(target: Pipeline) -> None:
    early = ask(target, "dau", Span(NOW - timedelta(days=300), NOW - timedelta(days=200)))
    assert (early.value, early.n, early.status, early.series) == (None, 0, "no data", [])
    absent = ask(target, "dau", MONTH, filters=Filters(release="9.9"))
    assert (absent.value, absent.n) == (0, 0)


def test_what_does_not_exist_is_refused(target: Pipeline) -> None:
    with pytest.raises(Rejected, match="over all their devices"):
        ask(target, "dau", MONTH, filters=Filters(device="iPhone"))
    with pytest.raises(Rejected, match="split by nothing"):
        ask(target, "dau_growth_wow", MONTH, by="role")
    dau = load().get("dau")

    async def unknown() -> None:
        readers = Readers(target.store, 1)
        await Kpis(readers, Catalog([dau]), ManualClock()).metric("dau", MONTH)

    with pytest.raises(GiveUp, match="no query 'dau'"):
        asyncio.run(unknown())
