from __future__ import annotations

import time
from typing import Any

import pytest
from tests.served import LEVELS
from tests.web.conftest import Site, events

from lopan.web import schema


@pytest.fixture(scope="module")
def alert(site: Site) -> dict[str, Any]:
    """An alert on launch time, as the API lists it."""
    site.server.send(events("slow", 9_000.0, 500))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for found in site.server.get("/api/v1/alerts").json()["alerts"]:
            if found["kpi"] == "app_launch_time":
                listed: dict[str, Any] = found
                return listed
        time.sleep(0.05)
    raise AssertionError("no alert came")


def test_alert_fits_its_published_shape(site: Site, alert: dict[str, Any]) -> None:
    found = site.server.get(f"/api/v1/alerts/{alert['id']}").json()

    schema.AlertModel.model_validate(found)
    assert found["events"][0]["kind"] == "pending"
    assert found["unit"] == "s"


@pytest.mark.parametrize("level", LEVELS)
def test_only_the_level_of_its_metric_sees_it(site: Site, alert: dict[str, Any], level: str) -> None:
    status = 200 if level == "technical" else 403

    assert site.server.get(f"/api/v1/alerts/{alert['id']}", level).status_code == status
    with site.signed_in(level) as client:
        assert client.get(f"/alerts/{alert['id']}").status_code == status
        assert (alert["title"] in client.get("/alerts").text) == (level == "technical")


def test_page_tells_what_happened_and_what_to_do(site: Site, alert: dict[str, Any]) -> None:
    with site.signed_in("technical") as client:
        page = client.get(f"/alerts/{alert['id']}").text

    for said in (
        alert["title"],
        "Pending",
        "&gt; ",
        "sum(value) / sum(n)",
        "What to do",
        "Nothing was sent",
        "chart-data",
    ):
        assert said in page
    assert '<h2 id="playbook">' in page


def test_alert_tells_what_it_touched(site: Site, alert: dict[str, Any]) -> None:
    touched = site.server.get("/api/v1/impact", alert=str(alert["id"])).json()
    with site.signed_in("technical") as client:
        page = client.get(f"/alerts/{alert['id']}").text

    assert touched["definition"] == f"cold launches longer than {alert['threshold']:g} s"
    assert 0 < touched["hits"] <= 500
    assert (touched["names"], touched["mrr"]) == (None, None)
    assert 'id="impact"' in page
    assert touched["definition"] in page


def test_active_alert_is_on_the_performance_page(site: Site, alert: dict[str, Any]) -> None:
    with site.signed_in("technical") as client:
        assert f'href="/alerts/{alert["id"]}"' in client.get("/performance").text


def test_only_who_may_act_is_offered_a_directive(site: Site, alert: dict[str, Any]) -> None:
    address = f"/directives/new?kind=message&amp;alert={alert['id']}&amp;playbook=app-launch-time"
    with site.signed_in("technical") as client:
        assert "Send a directive" not in client.get(f"/alerts/{alert['id']}").text
    with site.signed_in("admin") as client:
        assert address in client.get(f"/alerts/{alert['id']}").text
        form = client.get(address.replace("&amp;", "&")).text
    assert f'name="alert" value="{alert["id"]}"' in form
