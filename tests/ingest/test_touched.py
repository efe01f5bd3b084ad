from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
