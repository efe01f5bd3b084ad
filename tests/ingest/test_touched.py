from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.ingest.touched import Touched

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo"])
@given(rows=st.lists(st.tuples(st.integers(1, 3), MOMENTS), max_size=20), repeated=st.integers(1, 3))
def test_every_row_is_on_the_local_day_of_its_project(
    zone: str, rows: list[tuple[int, datetime]], repeated: int
) -> None:
    touched = Touched(zone)
    for _ in range(2):
        found = touched(
            pa.table(
                {
                    "project": pa.array([project for project, _ in rows] * repeated, pa.uint32()),
                    "time": pa.array([at for _, at in rows] * repeated, pa.timestamp("ms", "UTC")),
                }
            )
        )
        assert found == {(project, at.astimezone(ZoneInfo(zone)).date()) for project, at in rows}


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lopan.ingest.touched._KEPT", 3)
    touched = Touched("UTC")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(10):
        at = pa.array([start + timedelta(days=day)], pa.timestamp("ms", "UTC"))
        rows = pa.table({"project": pa.array([1], pa.uint32()), "time": at})
        assert touched(rows) == {(1, (start + timedelta(days=day)).date())}
        assert len(touched._days) <= 3


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(2, set(), id="the usual session"),
        pytest.param(23, set(), id="a long one"),
        pytest.param(30, {date(2026, 11, 21)}, id="reported a day later"),
        pytest.param(24 * 399, {date(2025, 10, 19)}, id="reported a year later"),
        pytest.param(24 * 401, set(), id="older than events are kept"),
        pytest.param(-20, {date(2026, 11, 23)}, id="begun after its report"),
        pytest.param(-24 * 3, set(), id="a clock far ahead"),
    ],
)
def test_sessions_touch_the_day_they_began_when_that_is_far_from_their_report(hours: int, expected: set[date]) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    kind = pa.timestamp("ms", "UTC")
    rows = pa.table(
        {
            "project": pa.array([3, 4], pa.uint32()),
            "time": pa.array([at, at], kind),
            "started": pa.array([at - timedelta(hours=hours), datetime(1970, 1, 1, tzinfo=UTC)], kind),
        }
    )
    touched = Touched("UTC")
    assert touched(rows) == {(3, at.date()), (4, at.date())}
    assert touched.begun(rows) == {(3, day) for day in expected}
    assert touched.begun(rows.drop_columns("started")) == touched.begun(rows.slice(0, 0)) == frozenset()
