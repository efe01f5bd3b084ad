from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
from tests.served import LEVELS
from tests.web.conftest import Site

from lopan import catalog
from lopan.web import schema
from lopan.web.access import GROUPS

KPIS = catalog.load().kpis
# The keys that the API promises; more may come, none of these may go.
PROMISED = {
    "id",
    "title",
    "value",
    "unit",
    "n",
    "target",
    "warning",
    "critical",
    "status",
    "trend",
    "previous",
    "definition",
    "series",
    "groups",
}


def metric(site: Site, name: str, **query: str) -> dict[str, Any]:
    return site.server.metric(name, **query)


def test_metric_has_the_promised_keys_and_fits_its_published_shape(site: Site) -> None:
    found = metric(site, "app_launch_time", by="release")

    assert set(found) >= PROMISED
    schema.MetricModel.model_validate(found)
    assert {"t", "value", "n"} <= set(found["series"][0])


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        pytest.param("app_launch_time", 1.0, "s", id="a time is in seconds"),
        pytest.param("crash_free_sessions", 100.0, "%", id="a percentage is in percent"),
        pytest.param("memory_usage", 128.0, "MB", id="memory is in MB"),
        pytest.param("scroll_frame_rate", 59.0, "fps", id="frames are per second"),
    ],
)
def test_value_is_in_its_unit(site: Site, name: str, value: float, unit: str) -> None:
    found = metric(site, name, release="2.1.0", **{"from": "-2h"})

    assert (found["value"], found["unit"]) == (pytest.approx(value, rel=1e-6), unit)


def test_filters_narrow_and_groups_add_up(site: Site) -> None:
    whole = metric(site, "app_launch_time", by="release")
    new = metric(site, "app_launch_time", release="2.1.0")

    groups = {group["key"]: group["value"] for group in whole["groups"]}
    assert groups["2.1.0"] == pytest.approx(1.0)
    assert groups["2.0.0"] == pytest.approx(1.6)
    assert sum(group["n"] for group in whole["groups"]) == whole["n"]
    assert (new["value"], new["n"]) == (1.0, 40)
    assert metric(site, "app_launch_time", device="none of them")["value"] is None


def test_two_releases_are_compared_with_their_significance(site: Site) -> None:
    found = metric(site, "app_launch_time", release="2.1.0", compare="release:2.0.0")
    schema.MetricModel.model_validate(found)
    versus = found["versus"]

    assert (versus["label"], versus["n"], versus["shift"]) == ("release 2.0.0", 40, 0)
    assert versus["difference"] == pytest.approx(-0.6)
    assert versus["verdict"] == "better"
    assert versus["p"] < 0.001
    assert (versus["start"], versus["end"]) == (found["start"], found["end"])
    assert metric(site, "app_launch_time")["versus"] is None


def test_comparison_with_the_period_before(site: Site) -> None:
    found = metric(site, "app_launch_time", compare="previous")

    assert (found["versus"]["value"], found["versus"]["verdict"], found["versus"]["p"]) == (None, "unknown", None)
    assert found["versus"]["end"] == found["start"]
    assert found["versus"]["shift"] == 86_400


@pytest.mark.parametrize(("query", "columns"), [({}, "bucket_start"), ({"by": "release"}, "key")])
def test_figure_as_a_file(site: Site, query: dict[str, str], columns: str) -> None:
    answer = site.server.get("/api/v1/metrics/app_launch_time", format="csv", compare="release:2.0.0", **query)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    assert answer.headers["content-disposition"] == 'attachment; filename="lopan-app_launch_time.csv"'
    assert columns in rows[0]
    assert {row["time_zone"] for row in rows} == {"UTC"}
    table = site.server.get("/api/v1/metrics/app_launch_time", format="parquet", **query)
    assert columns in pq.read_table(pa.BufferReader(table.content)).schema.names


def test_range_ends_now_and_lasts_a_day_unless_told(site: Site) -> None:
    found = metric(site, "app_launch_time")
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))

    assert end - start == timedelta(hours=24)
    assert abs(end - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        pytest.param({"from": "yesterday"}, "from", id="not a time"),
        pytest.param({"from": "2026-11-22T10:00:00"}, "from", id="no zone"),
        pytest.param({"from": "-1h", "to": "-2h"}, "from", id="ends before it begins"),
        pytest.param({"from": "-9999d"}, "from", id="too long ago"),
        pytest.param({"to": "<b>"}, "to", id="markup"),
        pytest.param({"by": "shoe_size"}, "by", id="unknown dimension"),
        pytest.param({"release": "x" * 201}, "release", id="too long a word"),
        pytest.param({"project": "app; DROP TABLE events"}, "project", id="not a number"),
        pytest.param({"compare": "yesterday"}, "compare", id="not a comparison"),
        pytest.param({"format": "xlsx"}, "format", id="not a format"),
    ],
)
def test_wrong_parameter_is_named_with_the_reason(site: Site, query: dict[str, str], place: str) -> None:
    answer = site.server.get("/api/v1/metrics/app_launch_time", **query)

    assert answer.status_code == 400, answer.text
    assert answer.json()["place"] == place
    assert answer.json()["reason"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", sorted(KPIS))
def test_each_level_reads_exactly_the_metrics_of_its_groups(site: Site, level: str, name: str) -> None:
    answer = site.server.get(f"/api/v1/metrics/{name}", level, **{"from": "-1h"})

    assert answer.status_code == (200 if KPIS[name].group in GROUPS[level] else 403), answer.text


@pytest.mark.parametrize("level", LEVELS)
def test_list_holds_exactly_what_may_be_read(site: Site, level: str) -> None:
    listed = site.server.get("/api/v1/metrics", level).json()

    schema.EntriesModel.model_validate(listed)
    assert [entry["id"] for entry in listed["metrics"]] == [
        name for name, kpi in KPIS.items() if kpi.group in GROUPS[level]
    ]


@pytest.mark.parametrize(
    "path", ["/api/v1/metrics", "/api/v1/metrics/app_launch_time", "/api/v1/alerts", "/api/v1/alerts/1"]
)
@pytest.mark.parametrize("header", [None, "Bearer lpt_" + "x" * 43, "Basic eDp5"], ids=["nothing", "unknown", "basic"])
def test_nobody_reads_anything(site: Site, path: str, header: str | None) -> None:
    answer = httpx.get(site.url + path, headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_unknown_metric_is_not_found_rather_than_wrong(site: Site) -> None:
    answer = site.server.get("/api/v1/metrics/no_such_metric")

    assert (answer.status_code, answer.json()["place"]) == (404, "id")


@pytest.mark.parametrize("state", ["active", "history"])
@pytest.mark.parametrize("level", LEVELS)
def test_alerts_are_listed_for_every_level(site: Site, level: str, state: str) -> None:
    answer = site.server.get("/api/v1/alerts", level, state=state)

    assert answer.status_code == 200
    listed = schema.AlertsModel.model_validate(answer.json())
    assert all(alert.group in GROUPS[level] for alert in listed.alerts)


@pytest.mark.parametrize(("state", "status"), [("active", 200), ("all", 400)])
def test_only_known_states_of_alerts(site: Site, state: str, status: int) -> None:
    assert site.server.get("/api/v1/alerts", state=state).status_code == status


def test_unknown_alert_is_not_found(site: Site) -> None:
    assert site.server.get("/api/v1/alerts/999999").status_code == 404


def test_openapi_names_every_route_and_the_keys_of_a_metric(site: Site) -> None:
    document = httpx.get(site.url + "/api/openapi.json").json()

    assert set(document["paths"]) == {
        "/api/v1/metrics",
        "/api/v1/metrics/{id}",
        "/api/v1/alerts",
        "/api/v1/alerts/{id}",
        "/api/v1/directives",
        "/api/v1/directives/{id}/end",
        "/api/v1/engagement",
        "/api/v1/retention",
        "/api/v1/retention/users",
        "/api/v1/features",
        "/api/v1/features/accounts",
        "/api/v1/features/days",
        "/api/v1/workflows",
        "/api/v1/roles",
        "/api/v1/roles/days",
        "/api/v1/satisfaction",
        "/api/v1/satisfaction/comments",
        "/api/v1/report",
        "/api/v1/annotations",
        "/api/v1/annotations/{id}",
        "/api/v1/roi",
        "/api/v1/baselines",
        "/api/v1/customers",
        "/api/v1/customers/{customer}",
        "/api/v1/backtest",
        "/api/v1/time-to-value",
        "/api/v1/crashes",
        "/api/v1/impact",
        "/api/v1/market",
        "/api/v1/market/companies",
    }
    assert set(document["components"]["schemas"]["MetricModel"]["properties"]) >= PROMISED
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])


def test_published_shape_refuses_what_it_does_not_name() -> None:
    with pytest.raises(pydantic.ValidationError):
        schema.ProblemModel.model_validate({"place": "from", "reason": "wrong", "secret": 1})


def test_answer_is_compressed_for_those_who_can_read_it(site: Site) -> None:
    token = site.server.tokens["technical"]
    for coding in ("br", "gzip"):
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": coding}
        answer = httpx.get(f"{site.url}/api/v1/metrics", headers=headers)
        assert answer.headers["content-encoding"] == coding
        assert answer.json()["metrics"]
