from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect

from lopan.control.tables import Moment

DIALECT = dialect()
# Hypothesis wants its bounds without a zone.
SINCE, UNTIL = datetime(1900, 1, 2), datetime(9998, 1, 1)  # noqa: DTZ001
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=SINCE, max_value=UNTIL, timezones=ZONES))
def test_moment_keeps_the_instant_to_the_millisecond(at: datetime) -> None:
    kind = Moment()
    back = kind.process_result_value(kind.process_bind_param(at, DIALECT), DIALECT)
    assert back is not None
    assert timedelta(0) <= at - back < timedelta(milliseconds=1)
    assert back.utcoffset() == timedelta(0)


@given(st.lists(st.datetimes(min_value=SINCE, max_value=UNTIL, timezones=ZONES), min_size=2))
def test_moment_keeps_the_order(times: list[datetime]) -> None:
    stored = [Moment().process_bind_param(at, DIALECT) for at in sorted(times)]
    assert stored == sorted(stored, key=lambda value: value or 0)


def test_moment_refuses_a_time_without_zone() -> None:
    with pytest.raises(TypeError):
        Moment().process_bind_param(datetime(2026, 11, 22), DIALECT)  # noqa: DTZ001 - the point of it


def test_moment_keeps_null() -> None:
    assert Moment().process_bind_param(None, DIALECT) is None
    assert Moment().process_result_value(None, DIALECT) is None
