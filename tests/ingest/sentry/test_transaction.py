from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lopan.event import AppLaunch, Event, FrameStats, Network
from lopan.ingest.sentry import transaction
from lopan.ingest.sentry.fields import Sending

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = 1795341600.0


def read(**sent: Any) -> list[Event]:
    whole = {"type": "transaction", "start_timestamp": START, "timestamp": START + 4} | sent
    return transaction.read(json.dumps(whole).encode(), Sending(NOON), "a" * 32)


def vitals(**data: Any) -> dict[str, Any]:
    return {"contexts": {"trace": {"op": "app.start", "data": {f"app.vitals.start.{k}": v for k, v in data.items()}}}}


def measured(unit: str = "millisecond", start_type: str | None = None, **values: float) -> dict[str, Any]:
    measurements = {name: {"value": value, "unit": unit} for name, value in values.items()}
    return {"measurements": measurements, "contexts": {"app": {"start_type": start_type}}}


@pytest.mark.parametrize(
    ("sent", "kind", "duration_ms"),
    [
        pytest.param(measured(app_start_cold=1200), "cold", 1200, id="cold"),
        pytest.param(measured(app_start_warm=300), "warm", 300, id="warm"),
        pytest.param(measured("second", app_start_cold=1.5), "cold", 1500, id="seconds"),
        pytest.param(measured(start_type="cold.prewarmed", app_start_cold=9), "prewarmed", 9, id="prewarmed"),
        pytest.param(vitals(value=7, type="warm"), "warm", 7, id="standalone by type"),
        pytest.param(vitals(**{"cold.value": "8"}), "cold", 8, id="standalone by name"),
        pytest.param(vitals(value=7, type="cold", prewarmed=True), "prewarmed", 7, id="standalone, prewarmed"),
    ],
)
def test_launches(sent: dict[str, Any], kind: str, duration_ms: float) -> None:
    (launch,) = read(**sent)
    assert isinstance(launch, AppLaunch)
    assert (launch.kind, launch.duration_ms) == (kind, duration_ms)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({}, id="nothing measured"),
        pytest.param(vitals(value=True, type="cold"), id="launch that is no number"),
        pytest.param(vitals(value=7), id="launch of unknown kind"),
        pytest.param(measured(frames_total=0), id="no frames"),
        pytest.param(measured(frames_total=60) | {"timestamp": START}, id="frames in no time"),
        pytest.param(measured(frames_total=60) | {"timestamp": START + 90_000}, id="frames in more than a day"),
    ],
)
def test_what_measures_nothing_gives_nothing(sent: dict[str, Any]) -> None:
    assert read(**sent) == []


def test_frames_last_as_long_as_the_transaction_and_are_no_scrolling() -> None:
    (stats,) = read(**measured("none", frames_total=240, frames_slow=6, frames_frozen=1))
    assert isinstance(stats, FrameStats)
    assert (stats.duration_s, stats.frames, stats.slow, stats.frozen, stats.scrolling) == (4.0, 240, 6, 1, False)


def span(**more: Any) -> dict[str, Any]:
    return {
        "span_id": "b" * 16,
        "op": "http.client",
        "start_timestamp": START,
        "timestamp": START + 0.25,
        "description": "GET https://api.test/orders/12?secret=1",
        "data": {"http.response.status_code": 200},
    } | more


@pytest.mark.parametrize(
    ("sent", "route", "status"),
    [
        pytest.param(span(), "/orders/{id}", 200, id="from the description"),
        pytest.param(span(data={"url": "https://api.test/a", "http.status_code": "503"}), "/a", 503, id="old names"),
        pytest.param(span(data={}, tags={"http.status_code": "404"}), "/orders/{id}", 404, id="status in a tag"),
        pytest.param(
            span(description="GET https://u:p@api.test:8443/x/7c7b6585-f901-4351-bf8d-02711b721929"),
            "/x/{id}",
            200,
            id="user, port and UUID",
        ),
    ],
)
def test_requests(sent: dict[str, Any], route: str, status: int) -> None:
    (request,) = read(spans=[sent])
    assert isinstance(request, Network)
    assert (request.host, request.route, request.method, request.status) == ("api.test", route, "GET", status)
    assert request.duration_ms == pytest.approx(250)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(span(op="db"), id="no request"),
        pytest.param(span(data={}), id="no status"),
        pytest.param(span(description="GET /relative"), id="no host"),
        pytest.param(span(description="GET http://[broken/"), id="broken address"),
        pytest.param(span(timestamp=None), id="no end"),
        pytest.param(span(timestamp="later"), id="end is no time"),
        pytest.param(None, id="null"),
    ],
)
def test_a_span_without_the_data_of_a_request(sent: dict[str, Any] | None) -> None:
    assert read(spans=[sent]) == []


def test_every_event_of_a_transaction_has_its_own_id() -> None:
    sent = measured(app_start_cold=1, frames_total=60) | {"spans": [span(), span(span_id=None)]}
    sent["contexts"]["app"]["app_memory"] = 1e8
    ids = [event.event_id for event in read(**sent)]
    assert len(ids) == len(set(ids)) == 5
    assert ids == [event.event_id for event in read(**sent)]


def test_the_screen_is_the_one_that_loaded() -> None:
    sent = measured(app_start_cold=1) | {"transaction": "Orders"}
    sent["contexts"]["trace"] = {"op": "ui.load"}
    assert [event.screen for event in read(**sent)] == ["Orders"]
