"""The return as a KPI: cumulative, by site, as a course, and the same whoever else asks at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.analytics import figures
from tests.house import House

from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Metric, Span
from lopan.catalog import WEEK

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
JUNE = Span(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
NAMES = ("roi_net", "roi_hard", "benefit_cost_ratio", "payback_months", "payback_projected_months")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """At A 400 spent and 600 saved in three parts, at B 100 spent and nothing saved."""
    made = House(tmp_path_factory.mktemp("roikpis"))
    costs = [("A", date(2026, 4, 1), 300), ("A", date(2026, 6, 2), 100), ("B", date(2026, 4, 10), 100)]
    made.load(
        [
            {"key": str(at), "site": site, "day": day, "type": "training", "amount": Decimal(amount)}
            for at, (site, day, amount) in enumerate(costs)
        ],
        "rollout_cost",
    )
    saved = [(date(2026, 5, 5), 150, 1), (date(2026, 6, 3), 250, 0), (date(2026, 6, 20), 200, 1)]
    made.load(
        [
            {"key": str(at), "site": "A", "day": day, "line": "other", "amount": Decimal(amount), "hard": hard}
            for at, (day, amount, hard) in enumerate(saved)
        ],
        "saving",
    )
    made.load([{"key": name, "site": name, "timezone": "UTC"} for name in "AB"], "site")
    yield made
    made.close()


def metric(house: House, name: str, **more: Any) -> Metric:
    return figures.metric(house, name, JUNE, now=NOW, **more)


def test_a_figure_is_that_of_the_roll_out_up_to_the_end_of_its_range(house: House) -> None:
    found = metric(house, "roi_net", by="site", step=WEEK)
    assert (found.value, found.previous) == (pytest.approx(20), pytest.approx(100 * (150 - 400) / 400))
    assert found.n == 6
    assert {group.key: group.value for group in found.groups} == {"A": pytest.approx(50), "B": pytest.approx(-100)}
    ends = [date(2026, 6, 7), date(2026, 6, 14), date(2026, 6, 21), date(2026, 6, 28), date(2026, 7, 5)]
    shown = [(400 - 500) / 500, (400 - 500) / 500, (600 - 500) / 500, (600 - 500) / 500, (600 - 500) / 500]
    assert [point.t.date() + timedelta(days=6) for point in found.series] == ends
    assert [point.value for point in found.series] == pytest.approx([100 * one for one in shown])


@pytest.mark.parametrize(
    ("name", "value", "site"),
    [
        ("roi_hard", 100 * (350 - 500) / 500, ""),
        ("benefit_cost_ratio", 1.2, ""),
        ("benefit_cost_ratio", 1.5, "A"),
        ("benefit_cost_ratio", 0, "B"),
        ("payback_projected_months", None, ""),
    ],
)
def test_each_figure(house: House, name: str, value: float | None, site: str) -> None:
    assert metric(house, name, site=site).value == (value if value is None else pytest.approx(value))


def test_payback_has_a_figure_from_its_day_on(house: House) -> None:
    """Of A's 400, owed on 1 June but for 150, June brings 450: on its 17th day."""
    found = metric(house, "payback_months", site="A", step=WEEK)
    assert found.value == pytest.approx((date(2026, 6, 17) - date(2026, 4, 1)).days / (365 / 12))
    assert found.previous is None


def test_before_the_roll_out_there_is_no_figure(house: House) -> None:
    march = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    found = figures.metric(house, "roi_net", march, now=NOW)
    assert (found.value, found.n, {point.value for point in found.series}) == (None, 0, {None})


def test_who_asks_together_gets_what_each_gets_alone(house: House) -> None:
    async def together(kpis: Kpis) -> list[Metric]:
        return list(await asyncio.gather(*(kpis.metric(name, JUNE, step=WEEK) for name in NAMES)))

    async def alone(kpis: Kpis) -> list[Metric]:
        return [await kpis.metric(name, JUNE, step=WEEK) for name in NAMES]

    both = [figures.asked(house, work, now=NOW) for work in (together, alone)]
    assert both[0] == both[1]
