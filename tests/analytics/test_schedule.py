"""Whatever the zone does to its clocks, every period is due exactly once, in order, on the day that was chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics import period
from lopan.analytics.schedule import Schedule, issue, issues, upcoming

ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"),
    *("Africa/Cairo", "America/Santiago", "Pacific/Apia", "Africa/Casablanca", "Pacific/Kiritimati"),
]
schedules = st.builds(
    Schedule, every=st.sampled_from(("week", "month")), weekday=st.integers(0, 6), minute=st.integers(0, 1_439)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
# Hypothesis wants its bounds without a zone; Apia skipped a whole day in 2011.
moments = st.datetimes(datetime(2011, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(times=schedules, zone=zones, looks=st.lists(moments, min_size=2, max_size=8))
def test_looks_at_any_moments_find_every_period_once(times: Schedule, zone: Any, looks: list[datetime]) -> None:
    looks = sorted(looks)
    looks = [min(look, looks[0] + timedelta(days=900)) for look in looks]
    found = [
        one for after, until in pairwise(looks) for one in issues(times, after, until, zone)
    ]  # fmt: skip
    periods = [one.period for one in found]
    assert all(later == one.after for one, later in pairwise(periods))
    assert [one.due for one in found] == sorted({one.due for one in found})
    assert all(looks[0] < one.due <= looks[-1] for one in found)
    if found:
        assert issue(times, periods[0].before, zone).due <= looks[0]
        assert issue(times, periods[-1].after, zone).due > looks[-1]


@given(times=schedules, zone=zones, now=moments)
def test_the_next_one_lies_ahead_and_is_about_what_is_over(times: Schedule, zone: Any, now: datetime) -> None:
    following = upcoming(times, now, zone)
    assert following.due > now
    assert list(issues(times, now, following.due, zone)) == [following]
    local = following.due.astimezone(zone)
    # A day that the zone leaves out altogether is the one exception.
    assert local.weekday() == times.weekday or zone.key == "Pacific/Apia"
    assert local.date() > following.period.dates.last


@pytest.mark.parametrize(
    ("minute", "zone", "due"),
    [
        pytest.param(150, "Europe/Berlin", "2026-03-29T01:30:00+00:00", id="skipped: an hour later"),
        pytest.param(150, "UTC", "2026-03-29T02:30:00+00:00", id="no clock change"),
    ],
)
def test_a_time_that_the_clocks_skip(minute: int, zone: str, due: str) -> None:
    about = period.of("week", date(2026, 3, 18))
    assert issue(Schedule("week", 6, minute), about, ZoneInfo(zone)).due == datetime.fromisoformat(due)


def test_a_time_that_the_clocks_repeat_counts_once() -> None:
    times, zone = Schedule("week", 6, 150), ZoneInfo("Europe/Berlin")
    found = list(issues(times, datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC), zone))
    assert [one.due for one in found] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_a_month_is_told_on_its_first_such_day() -> None:
    following = upcoming(Schedule("month", 0, 480), datetime(2026, 11, 22, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert (following.period.name, following.due) == ("November 2026", datetime(2026, 12, 7, 7, tzinfo=UTC))
