"""The simulated month: the same for the same seed, with the rhythm, figures and regression it is meant to show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lopan.demo import history
from lopan.demo.fleet import Fleet, fleet
from lopan.demo.product import DEVICES, FIXED, REGRESSED, RELEASES, ROLES, ZONES
from lopan.ingest.columns import SCHEMA

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = history.begin(END)


def population(seed: int = 7) -> Fleet:
    return fleet(seed, END.date(), 1_200)


def digest(batches: Sequence[pa.RecordBatch]) -> str:
    """Content only: buffers of Arrow may differ in padding."""
    sums = hashlib.sha256()
    for batch in batches:
        for name in batch.schema.names:
            sums.update(name.encode())
            sums.update(repr(batch.column(name).to_pylist()).encode())
    return sums.hexdigest()


@pytest.fixture(scope="module")
def month() -> pa.Table:
    tables = [pa.Table.from_batches([batch]) for batch in history.records(population(), START, END, since=START)]
    return pa.concat_tables(tables, promote_options="default")


def of(table: pa.Table, **wanted: str) -> pa.Table:
    for column, value in wanted.items():
        table = table.filter(pc.equal(table.column(column), value))
    return table


def mean(table: pa.Table, column: str) -> float:
    value: float = pc.mean(table.column(column)).as_py()
    return value


def fps(table: pa.Table) -> float:
    scrolling = of(table, type="frame_stats", kind="scrolling")
    frames = pc.multiply(pc.divide(scrolling["frames"].cast(pa.float64()), scrolling["refresh_rate"]), 60.0)
    rate: float = pc.sum(frames).as_py() / pc.sum(scrolling["duration_s"]).as_py()
    return rate


def test_same_seed_same_data() -> None:
    day = (END - timedelta(days=1), END)
    first = digest(list(history.records(population(7), *day)))
    assert first == digest(list(history.records(population(7), *day)))
    assert first != digest(list(history.records(population(8), *day)))


def test_a_range_in_pieces_is_the_range() -> None:
    cuts = [END - timedelta(hours=hours) for hours in (60, 47, 12, 0)]
    pieces = [b for a, z in pairwise(cuts) for b in history.records(population(), a, z)]
    whole = list(history.records(population(), cuts[0], cuts[-1]))

    def ids(batches: list[pa.RecordBatch]) -> list[bytes]:
        return sorted(event for batch in batches for event in batch.column("event_id").to_pylist())

    assert ids(pieces) == ids(whole)
    assert len(set(ids(whole))) == len(ids(whole))


def test_what_waited_on_a_device_comes_in_the_range_in_which_it_is_received() -> None:
    day = END - timedelta(days=1)
    received = [time for batch in history.records(population(), day, END) for time in batch["received"].to_pylist()]
    times = [time for batch in history.records(population(), day, END) for time in batch["time"].to_pylist()]
    assert day <= min(received) <= max(received) < END
    assert 0.001 < sum(time < day - timedelta(hours=1) for time in times) / len(times) < 0.02
    assert min(pc.min(batch["time"]).as_py() for batch in history.records(population(), day, END, since=day)) >= day


def test_records_have_the_columns_of_an_event() -> None:
    for batch in history.records(population(), END - timedelta(days=3), END, project=5):
        assert {field.name: field.type for field in batch.schema}.items() <= SCHEMA.items()
        assert 0 < batch.num_rows <= history.ROWS
        assert pc.unique(batch.column("project")).to_pylist() == [5]
        assert pc.all(pc.greater(batch.column("received"), batch.column("time"))).as_py()


def test_everyone_is_there(month: pa.Table) -> None:
    assert set(month["release"].unique().to_pylist()) == {release.version for release in RELEASES}
    assert set(month["device"].unique().to_pylist()) == {device.model for device in DEVICES}
    assert set(month["role"].unique().to_pylist()) == {role.name for role in ROLES}
    assert len(month["customer"].unique()) > 200
    assert len(set(month["type"].unique().to_pylist())) >= 12
    assert pc.min(month["time"]).as_py() >= START
    assert pc.max(month["time"]).as_py() < END


@pytest.mark.parametrize(("events", "people"), [(1, 1_200), (1_000_000, 3_900), (10_000_000, 39_000)])
def test_people_for_so_many_events(events: int, people: int) -> None:
    assert history.people_for(events) == people


def test_events_for_so_many_people(month: pa.Table) -> None:
    promised = history.EVENTS * 1_200 / history.people_for(history.EVENTS)
    assert abs(month.num_rows / promised - 1) < 0.15


def test_figures_of_the_current_release(month: pa.Table) -> None:
    now = month.filter(pc.greater(month["time"], END - timedelta(days=7)))
    assert 1.10 < mean(of(now, type="app_launch", kind="cold"), "duration_s") < 1.28
    assert 59.0 < fps(now) < 59.9
    assert 120 < mean(of(now, type="memory"), "footprint_mb") < 135


def test_sessions_last_as_the_document_says(month: pa.Table) -> None:
    sessions = of(month, type="session")
    seconds = sessions["duration_s"].to_numpy()
    assert 17.5 < seconds.mean() / 60 < 19.5
    assert 11.3 < np.median(seconds) / 60 < 12.7
    crashed = pc.sum(pc.equal(sessions["status"], "crashed")).as_py()
    assert 0.0001 < crashed / len(sessions) < 0.0012
    assert crashed == len(of(month, type="crash"))


def test_the_planted_regression_shows_and_is_gone_in_the_next_release(month: pa.Table) -> None:
    cold = of(month, type="app_launch", kind="cold")
    before, bad, fixed = (mean(of(cold, release=version), "duration_s") for version in ("2.1.1", REGRESSED, FIXED))
    assert bad > 1.5 * before
    assert fixed < 1.05 * before
    rest = [release.version for release in RELEASES if release.version != REGRESSED]
    assert max(mean(of(cold, release=version), "duration_s") for version in rest) < 0.8 * bad


def test_a_halted_roll_out_stays_with_a_part_of_the_people(month: pa.Table) -> None:
    people = len(month["user"].unique())
    assert 0.2 < len(of(month, release=REGRESSED)["user"].unique()) / people < 0.75


def test_nobody_goes_back_to_an_older_release(month: pa.Table) -> None:
    order = {release.version: number for number, release in enumerate(RELEASES)}
    launches = of(month, type="app_launch").sort_by("time")
    newest: dict[str, int] = {}
    for user, version in zip(launches["user"].to_pylist(), launches["release"].to_pylist(), strict=True):
        assert order[version] >= newest.get(user, 0)
        newest[user] = order[version]


def test_weekends_and_nights_are_quiet(month: pa.Table) -> None:
    people = population()
    here = pa.array([people.users[i] for i in np.flatnonzero(people.zone == 0)])
    launches = of(month, type="app_launch")
    local = launches.filter(pc.is_in(launches["user"], here))["time"].cast(pa.timestamp("ms", ZONES[0][0]))
    days = np.bincount(pc.day_of_week(local).to_numpy(), minlength=7)
    hours = np.bincount(pc.hour(local).to_numpy(), minlength=24)
    assert days[6] < days[5] < 0.6 * days[:5].min()
    assert hours[1:4].max() < 0.1 * hours[8:11].min()


def test_few_people_do_much(month: pa.Table) -> None:
    counts = np.sort(pc.value_counts(of(month, type="app_launch")["user"]).field("counts").to_numpy())[::-1]
    assert counts[: len(counts) // 5].sum() > 0.35 * counts.sum()
