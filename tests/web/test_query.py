from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.analytics.metric import Against, Filters, Span
from lopan.errors import Rejected
from lopan.web import query

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
END = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        pytest.param({}, END - timedelta(hours=24), END, id="a day until now"),
        pytest.param({"from": "-15m"}, END - timedelta(minutes=15), END, id="minutes"),
        pytest.param(
            {"from": "-4w", "to": "-1d"}, END - timedelta(weeks=4), END - timedelta(days=1), id="both relative"
        ),
        pytest.param(
            {"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T11:00:00Z"},
            datetime(2026, 11, 22, 10, tzinfo=UTC),
            datetime(2026, 11, 22, 11, tzinfo=UTC),
            id="UTC",
        ),
        pytest.param(
            {"from": "2026-11-22T10:00:00 02:00"},
            datetime(2026, 11, 22, 8, tzinfo=UTC),
            END,
            id="a plus that was not escaped",
        ),
    ],
)
def test_range(params: dict[str, str], start: datetime, end: datetime) -> None:
    asked = query.parse(params, NOW)

    assert (asked.span.start, asked.span.end) == (start, end)


def test_the_running_second_belongs_to_the_range() -> None:
    asked = query.parse({}, NOW)

    assert asked.span.start < NOW < asked.span.end
    assert asked.moving


def test_time_without_a_zone_is_the_sites_when_there_is_one() -> None:
    asked = query.parse({"from": "2026-07-01T00:00", "to": "2026-07-02T00:00"}, NOW, ZoneInfo("Europe/Berlin"))

    assert asked.span.start == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert not asked.moving


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"from": "-1y"}, "from"),
        ({"from": ""}, None),
        ({"to": "2026-11-22"}, "to"),
        ({"from": "now"}, "from"),
        ({"from": "-999999d"}, "from"),
        ({"to": "9999-12-31T23:59:59Z"}, "to"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"device": "x" * 201}, "device"),
        ({"compare": "next"}, "compare"),
        ({"compare": "-1d..-2d"}, "compare"),
        ({"compare": "..-2d"}, "compare"),
        ({"compare": "shoe:42"}, "compare"),
        ({"compare": "release:"}, "compare"),
        ({"compare": "project:2"}, "compare"),
        ({"compare_from": "-2d"}, "compare"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(params: dict[str, str], place: str | None) -> None:
    if place is None:
        assert query.parse(params, NOW).since == query.DEFAULT_FROM
        return
    with pytest.raises(Rejected) as refused:
        query.parse(params, NOW)
    assert refused.value.place == place


words = st.text(max_size=30)


@given(
    release=words,
    device=words,
    since=st.sampled_from([*query.RANGES, "-90m"]),
    by=st.sampled_from(["", "release", "device"]),
    compare=st.sampled_from(["", "previous", "-14d..-7d", "release:2.0.0", "role:a:b..c"]),
)
def test_address_leads_back_to_the_query(release: str, device: str, since: str, by: str, compare: str) -> None:
    asked = query.parse({"from": since, "release": release, "device": device, "by": by, "compare": compare}, NOW)
    again = query.parse(dict(parse_qsl(asked.address())), NOW)

    assert again == asked


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(Rejected):
        asked = query.parse({"from": text}, NOW)
        assert asked.span.start < asked.span.end


def test_address_with_another_range_drops_the_end() -> None:
    asked = query.parse({"from": "-2d", "to": "-1d", "release": "2.1.0"}, NOW)

    assert asked.address(since="-7d") == "from=-7d&release=2.1.0"


FILTERS = Filters(release="2.1.0", device="x")
DAY = Span(END - timedelta(days=1), END)
WEEK_AGO = Span(END - timedelta(days=8), END - timedelta(days=7))


@pytest.mark.parametrize(
    ("params", "against"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"compare": "previous"}, Against("previous period", FILTERS), id="the period before"),
        pytest.param({"compare": "-8d..-7d"}, Against("other period", FILTERS, WEEK_AGO), id="any period"),
        pytest.param(
            {"compare_from": "-8d", "compare_to": "-7d", "compare": "previous"},
            Against("other period", FILTERS, WEEK_AGO),
            id="any period from a form",
        ),
        pytest.param(
            {"compare": "release:2.0.0"},
            Against("release 2.0.0", Filters(release="2.0.0", device="x"), DAY),
            id="another release on the same devices",
        ),
        pytest.param(
            {"compare": "role:a:b"},
            Against("role a:b", Filters("", "2.1.0", "x", "a:b"), DAY),
            id="a role with a colon",
        ),
    ],
)
def test_comparison(params: dict[str, str], against: Against | None) -> None:
    assert query.parse({"release": "2.1.0", "device": "x", **params}, NOW).against == against


@pytest.mark.parametrize(
    ("params", "written"),
    [
        pytest.param({"from": "-7d", "compare": "-14d..-7d"}, {"from": "-7d", "compare": "-14d..-7d"}, id="relative"),
        pytest.param(
            {"from": "2026-07-01T00:00", "to": "2026-07-02T00:00", "compare": "2026-06-01T00:00..now"},
            {
                "from": "2026-06-30T22:00:00+00:00",
                "to": "2026-07-01T22:00:00+00:00",
                "compare": "2026-05-31T22:00:00+00:00..now",
            },
            id="site time",
        ),
        pytest.param({"compare": "release:1..2"}, {"from": "-24h", "compare": "release:1..2"}, id="a name with dots"),
    ],
)
def test_machines_get_times_that_need_no_zone(params: dict[str, str], written: dict[str, str]) -> None:
    asked = query.parse(params, NOW, ZoneInfo("Europe/Berlin"))

    assert dict(parse_qsl(asked.exact())) == written
    assert query.parse(written, NOW).span == asked.span
