"""KPIs over facts against plain Python: days of every site, DST, corrections, deletions, order of arrival, repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.analytics.figures import asked, metric, own
from tests.house import House

from lopan.analytics.kpis import Kpis
from lopan.analytics.metric import Against, Filters, Metric, Span
from lopan.catalog import DAY, MONTH, WEEK
from lopan.errors import ConfigError, Rejected

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
SPAN = Span(datetime(2026, 10, 20, tzinfo=UTC), NOW)
SITES = {"Kiel": ("Europe/Berlin", 360), "Lima": ("America/Lima", 0), "Osaka": ("Asia/Tokyo", 1_380)}
REGIONS = {"Kiel": "north", "Lima": "south", "Osaka": "east"}
ACCOUNTS = {"c0": ("2026-01-01", "eu", "small"), "c1": ("2026-10-25", "us", "large")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("factkpis"))
    sites = [
        {"key": name, "site": name, "timezone": zone, "day_begins": begins, "region": REGIONS[name]}
        for name, (zone, begins) in SITES.items()
    ]
    made.load(sites, "site")
    accounts = [
        {"key": name, "account": name, "valid_from": date.fromisoformat(day), "region": region, "segment": segment}
        for name, (day, region, segment) in ACCOUNTS.items()
    ]
    made.load(accounts, "account")
    yield made
    made.close()


def day_at(moment: datetime, site: str, zone: str) -> date:
    """The production day, by searching: the last one that has begun."""
    name, minutes = SITES.get(site, (zone, 0))
    day = moment.astimezone(ZoneInfo(name)).date() + timedelta(2)
    while datetime.combine(day, time(minutes // 60, minutes % 60), ZoneInfo(name)).astimezone(UTC) > moment:
        day -= timedelta(1)
    return day


def drawn(chance: Random) -> list[list[tuple[dict[str, Any], bool]]]:
    """Batches of lines, dense enough that every filter and bucket has some; few keys, so that most are corrected."""
    return [[line(chance) for _ in range(25)] for _ in range(3)]


def line(chance: Random) -> tuple[dict[str, Any], bool]:
    key = f"k{chance.randrange(40)}"
    promised = datetime(2026, 9, 28, tzinfo=UTC) + timedelta(minutes=15) * chance.randrange(45 * 96)
    late = chance.choice([None, -40, -1, 0, 0, 1, 40])
    made = {
        "key": key,
        "order": key,
        "site": chance.choice([*SITES, "", "Unknown"]),
        "customer": chance.choice(["", "c0", "c1"]),
        "first_promised": promised,
        "delivered": None if late is None else promised + timedelta(hours=late),
        "cancelled": int(chance.random() < 0.1),
        "ordered": 1.0,
    }
    return made, chance.random() < 0.1


def load(house: House, sent: list[list[tuple[dict[str, Any], bool]]], order: list[int]) -> dict[str, dict[str, Any]]:
    """Load batches in any order, each twice; what is so in the end is by time of change alone."""
    house.clear("order_line")
    final: dict[str, dict[str, Any]] = {}
    rows: list[list[dict[str, Any]]] = []
    for number, batch in enumerate(sent):
        made = []
        for place, (line, deleted) in enumerate(batch):
            changed = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=100 * number + place)
            made.append(line | {"modified": changed, "deleted": deleted})
            final[line["key"]] = made[-1]
        rows.append(made)
    for number in [*order, *order]:
        house.load(rows[number], "order_line")
    return {key: row for key, row in final.items() if not row["deleted"]}


def due(row: dict[str, Any], zone: str, wanted: Filters) -> bool:
    region = account(row, zone)[0]
    named = (
        ("site", row["site"]),
        ("customer", row["customer"]),
        ("region", region),
        ("segment", account(row, zone)[1]),
    )
    fits = all(getattr(wanted, name) in ("", value) for name, value in named)
    return fits and not row["cancelled"] and row["first_promised"] < NOW + timedelta(seconds=1)


def account(row: dict[str, Any], zone: str) -> tuple[str, str]:
    day, region, segment = ACCOUNTS.get(row["customer"], ("9999-01-01", "", ""))
    known = day_at(row["first_promised"], row["site"], zone) >= date.fromisoformat(day)
    return (region, segment) if known else ("", "")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chance=st.integers(0, 2**32).map(Random),
    zone=st.sampled_from(["UTC", "America/New_York"]),
    wanted=st.sampled_from(
        [Filters(), Filters(site="Kiel"), Filters(customer="c1"), Filters(region="us"), Filters(segment="small")]
    ),
    step=st.sampled_from([DAY, WEEK, MONTH]),
    by=st.sampled_from(["", "site", "customer", "region"]),
)
def test_a_ratio_is_that_of_the_rows_that_are_so(
    house: House, chance: Random, zone: str, wanted: Filters, step: int, by: str
) -> None:
    sent, order = drawn(chance), [0, 1, 2]
    chance.shuffle(order)
    rows = [row for row in load(house, sent, order).values() if due(row, zone, wanted)]
    more = {name: getattr(wanted, name) for name in ("site", "customer", "region", "segment")}
    found = metric(house, "on_time_delivery", SPAN, by, step, zone=zone, now=NOW, **more)
    first, last = SPAN.start.astimezone(ZoneInfo(zone)).date(), NOW.astimezone(ZoneInfo(zone)).date()
    length = (last - first).days + 1
    counted: dict[tuple[str, Any], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        day = day_at(row["first_promised"], row["site"], zone)
        hit = row["delivered"] is not None and row["delivered"] <= row["first_promised"]
        places: list[tuple[str, Any]] = []
        if first <= day <= last:
            begin = day - timedelta(day.weekday()) if step == WEEK else day.replace(day=1) if step == MONTH else day
            key = account(row, zone)[0] if by == "region" else row[by] if by else ""
            places = [("now", None), ("bucket", begin), ("key", key)]
        elif first - timedelta(length) <= day < first:
            places = [("before", None)]
        for place in places:
            counted[place][0] += hit
            counted[place][1] += 1
    ratio = {place: 100 * hits / n for place, (hits, n) in counted.items()}
    assert (found.value, found.previous) == pytest.approx((ratio.get(("now", None)), ratio.get(("before", None))))
    series = {
        ("bucket", point.t.astimezone(ZoneInfo(zone)).date()): point.value
        for point in found.series
        if point.value is not None
    }
    assert series == pytest.approx({place: value for place, value in ratio.items() if place[0] == "bucket"})
    if by:
        groups = {("key", group.key): group.value for group in found.groups}
        assert groups == pytest.approx({place: value for place, value in ratio.items() if place[0] == "key"})


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]))
def test_a_delivery_is_recorded_late_by_the_days_of_its_site(house: House, chance: Random, zone: str) -> None:
    house.clear("order_line")
    rows: list[dict[str, Any]] = []
    for number in range(60):
        made, _ = line(chance)
        later = chance.choice([None, 0, 30, 400, 1_440, 9_000])
        recorded = made["delivered"] and later is not None and made["delivered"] + timedelta(minutes=later)
        rows.append(made | {"key": f"r{number}", "recorded": recorded or None})
    house.load(rows, "order_line")
    first, last = SPAN.start.astimezone(ZoneInfo(zone)).date(), NOW.astimezone(ZoneInfo(zone)).date()
    late = [
        day_at(row["recorded"], row["site"], zone) > day
        for row in rows
        if row["recorded"] and not row["cancelled"]
        for day in [day_at(row["delivered"], row["site"], zone)]
        if first <= day <= last
    ]
    found = metric(house, "late_recording", SPAN, zone=zone, now=NOW)
    assert (found.n, found.value) == (len(late), pytest.approx(100 * sum(late) / len(late)) if late else None)


@pytest.mark.parametrize(
    ("name", "filters", "place"),
    [
        pytest.param("on_time_delivery", Filters(release="2.1"), "release", id="a fact by release"),
        pytest.param("on_time_delivery", Filters(project="1"), "project", id="a fact by project"),
        pytest.param("on_time_delivery", Filters(known="soon"), "known", id="no date"),
        pytest.param("app_launch_time", Filters(site="Kiel"), "site", id="events by site"),
        pytest.param("app_launch_time", Filters(known="2026-11-01"), "known", id="events as known"),
    ],
)
def test_a_filter_that_a_figure_does_not_know_is_refused(house: House, name: str, filters: Filters, place: str) -> None:
    with pytest.raises(Rejected) as refused:
        asked(house, lambda kpis: kpis.metric(name, SPAN, filters), now=NOW)
    assert refused.value.place == place


def test_buckets_that_go_on_are_partial_and_young_ones_provisional(house: House) -> None:
    entry = own(source="order_line", time="first_promised", maturity_days=5)
    house.clear("order_line")
    house.load([{"key": "a", "first_promised": NOW - timedelta(days=9)}], "order_line")
    span = Span(datetime(2026, 11, 1, tzinfo=UTC), NOW)
    found = metric(house, "own", span, zone="UTC", now=NOW, catalog=entry)
    marks = {point.t.day: (point.partial, point.provisional) for point in found.series}
    # Osaka's day goes on until 23:00, 14:00 UTC: its 9th is not over, and its 4th is not five days old.
    assert [marks[day] for day in (3, 4, 8, 9)] == [(False, False), (False, True), (False, True), (True, True)]
    assert (found.provisional, found.value, found.n) == (True, 1, 1)
    old = metric(house, "own", Span(SPAN.start, datetime(2026, 11, 4, tzinfo=UTC)), now=NOW, catalog=entry)
    assert not old.provisional
    weeks = metric(house, "own", span, step=WEEK, now=NOW, catalog=entry)
    assert [(point.t.day, point.partial) for point in weeks.series] == [(26, True), (2, False), (9, True)]


def test_a_figure_is_given_as_it_was_known_on_a_day(house: House) -> None:
    house.clear("order_line")
    before = house.clock.now()
    promised = before - timedelta(days=3)
    house.load([{"key": "a", "first_promised": promised}], "order_line")
    house.clock.move(86_400)
    house.load([{"key": "a", "first_promised": promised, "delivered": promised}], "order_line")
    span = Span(promised - timedelta(days=2), house.clock.now())
    days = ["", before.date().isoformat(), (before - timedelta(days=1)).date().isoformat()]
    assert [metric(house, "on_time_delivery", span, known=day).value for day in days] == [100, 0, None]


def test_an_alert_looks_at_days_that_are_over_and_mature(house: House) -> None:
    entry = own(source="order_line", time="first_promised", maturity_days=2)
    house.clear("order_line")
    rows = [{"key": str(day), "first_promised": datetime(2026, 11, day, 12, tzinfo=UTC)} for day in range(1, 11)]
    house.load(rows, "order_line")
    week = Span(NOW - timedelta(days=7), NOW)
    found = asked(house, lambda kpis: kpis.measure("own", week), now=NOW, catalog=entry)
    assert found.n == 7  # the 1st to the 7th: the 8th and the 9th may still change, the 10th goes on
    assert asked(house, lambda kpis: kpis.measures("own", week, "site"), now=NOW, catalog=entry)[""].n == 7


def test_a_comparison_takes_other_filters_or_the_days_before(house: House) -> None:
    house.clear("order_line")
    at = {"Kiel": NOW - timedelta(days=3), "Lima": NOW - timedelta(days=4), "Osaka": NOW - timedelta(days=20)}
    rows = [
        {"key": site, "site": site, "first_promised": moment, "delivered": moment if site == "Kiel" else None}
        for site, moment in at.items()
    ]
    house.load(rows, "order_line")
    span = Span(NOW - timedelta(days=9), NOW)
    other = metric(house, "on_time_delivery", span, now=NOW, against=Against("Lima", Filters(site="Lima"), span))
    assert other.versus is not None
    assert (other.value, other.versus.value, other.versus.n) == (50, 0, 1)
    assert len(other.versus.series) == len(other.series) == 10
    before = metric(house, "on_time_delivery", span, now=NOW, against=Against("before", Filters()))
    assert before.versus is not None
    assert (before.versus.n, before.versus.value) == (0, None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"time": "ordered"}, "time must be one of order_line", id="no time"),
        pytest.param({"time": "placed", "dimensions": ("work_unit",)}, "no dimension work_unit", id="no dimension"),
        pytest.param({"time": "placed", "numerator": "sum(good)"}, "no column good", id="no column"),
        pytest.param({"time": "placed", "denominator_source": "sessions"}, "another fact only", id="events below"),
    ],
)
def test_a_wrong_entry_over_facts_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        own(**({"source": "order_line"} | fields))


def test_a_denominator_of_another_fact_and_a_total(house: House) -> None:
    house.clear("order_line", "ticket_event")
    house.load([{"key": "a", "order": "1", "customer": "c0", "placed": NOW - timedelta(days=1)}], "order_line")
    opened = {"event": "opened", "customer": "c0", "at": NOW - timedelta(days=1)}
    house.load([{"key": str(number), "ticket": str(number), **opened} for number in range(3)], "ticket_event")
    both = {"source": "ticket_event", "time": "at", "denominator_source": "order_line", "denominator_time": "placed"}
    found = metric(house, "own", SPAN, "region", now=NOW, catalog=own(**both, dimensions=("customer", "region")))
    assert (found.value, [(group.key, group.value) for group in found.groups]) == (3, [("eu", 3)])
    total = own(source="ticket_event", time="at", kind="total", numerator="count()", denominator="", dimensions=())
    assert metric(house, "own", SPAN, now=NOW, catalog=total).value == 3
    assert metric(house, "own", Span(SPAN.start, SPAN.start + timedelta(1)), now=NOW, catalog=total).value is None


def test_every_built_in_figure_has_no_data_where_there_are_no_facts(house: House) -> None:
    house.clear("order_line", "work_order", "work_unit_state", "inspection", "ticket_event", "shift")

    async def ask(kpis: Kpis) -> list[Metric]:
        entries = [kpi for kpi in kpis.catalog.kpis.values() if kpi.of_facts]
        return [await kpis.metric(kpi.id, SPAN, by=kpi.dimensions[-1]) for kpi in entries]

    for found in asked(house, ask, now=NOW):
        assert (found.id, found.value, found.n, found.status) == (found.id, None, 0, "no data")
        assert (found.groups, {point.value for point in found.series}) == ([], {None})
