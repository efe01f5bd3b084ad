from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.served import LEVELS
from tests.web.conftest import Site

from lopan.control import audit, tokens
from lopan.control.database import open_database
from lopan.web import schema

PATH = "/api/v1/annotations"


@pytest.fixture(scope="module")
def deploy(site: Site) -> str:
    """A token as a deployment script has it."""
    engine = open_database(site.server.root)
    token = tokens.create(engine, ["technical"], "deploy", annotates=True)
    engine.dispose()
    return token


def send(site: Site, token: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(site.url + PATH, json=body, headers={"Authorization": f"Bearer {token}", **headers})


def performance(site: Site, query: str = "") -> str:
    with site.signed_in("technical") as client:
        return client.get(f"/performance{query}").text


def test_script_marks_a_moment_on_every_chart(site: Site, deploy: str) -> None:
    answer = send(site, deploy, {"text": "Deployed <2.1.0>", "release": "2.1.0", "at": "-5m"})
    assert answer.status_code == 201
    made = schema.AnnotationModel.model_validate(answer.json())
    assert (made.author, made.project_id) == ("token deploy", None)
    assert abs(datetime.now(UTC) - timedelta(minutes=5) - made.at) < timedelta(minutes=1)

    page = performance(site)
    assert "<strong>Deployed &lt;2.1.0&gt;</strong>" in page
    assert "release 2.1.0, by token deploy" in page
    assert '"text":"Deployed \\u003c2.1.0\\u003e"' in page
    assert "Deployed" not in performance(site, "?release=2.0.0")
    assert "Deployed" in performance(site, "?release=2.0.0&compare=release:2.1.0")
    assert "Deployed" not in performance(site, "?from=-14d&to=-7d")
    listed = site.server.get(PATH, "executive").json()["annotations"]
    assert made.id in [one["id"] for one in listed]

    header = {"Authorization": f"Bearer {deploy}"}
    assert httpx.delete(f"{site.url}{PATH}/{made.id}", headers=header).status_code == 204
    assert httpx.delete(f"{site.url}{PATH}/{made.id}", headers=header).status_code == 404
    assert "Deployed" not in performance(site)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param({}, "body", id="nothing"),
        pytest.param({"text": "x", "by": "me"}, "body", id="an unknown field"),
        pytest.param({"text": ""}, "text", id="no text"),
        pytest.param({"text": "x", "at": "soon"}, "at", id="no time"),
        pytest.param({"text": "x", "at": "2026-11-22T10:00:00"}, "at", id="no zone"),
        pytest.param({"text": "x", "project": 4711}, "project", id="no such project"),
        pytest.param({"text": "x", "project": 2**70}, "body", id="no number of a project"),
        pytest.param({"text": "x" * 20_000}, "body", id="too much"),
    ],
)
def test_what_is_wrong_is_named(site: Site, deploy: str, body: dict[str, Any], place: str) -> None:
    answer = send(site, deploy, body)

    assert (answer.status_code, answer.json()["place"]) == (400, place), answer.text


@pytest.mark.parametrize("level", LEVELS)
def test_read_token_annotates_nothing(site: Site, level: str) -> None:
    answer = send(site, site.server.tokens[level], {"text": "x"})

    assert answer.status_code == 403
    assert "--annotate" in answer.json()["reason"]


def test_cookie_alone_is_not_enough_for_the_api(site: Site) -> None:
    with site.signed_in("technical") as client:
        assert client.post(PATH, json={"text": "x"}).status_code == 403
        assert client.delete(f"{PATH}/1").status_code == 403
    assert httpx.post(site.url + PATH, json={"text": "x"}).status_code == 401


def test_person_annotates_with_the_form_and_takes_it_back(site: Site) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    fields = {"at": at.strftime("%Y-%m-%dT%H:%M"), "text": "Outage", "next": "/performance?from=-1h"}
    assert site.post("technical", "/annotations", **fields).headers["location"] == "/performance?from=-1h"
    page = performance(site, "?from=-1h")
    assert "<strong>Outage</strong>" in page
    listed = site.server.get(PATH, **{"from": "-1h"}).json()["annotations"]
    number = next(one["id"] for one in listed if one["text"] == "Outage")
    assert f'action="/annotations/{number}/delete"' in page

    other = site.post("executive", f"/annotations/{number}/delete")
    assert (other.status_code, "belongs to technical@example.org" in other.text) == (403, True)
    assert site.post("technical", f"/annotations/{number}/delete", next="//evil.example").headers["location"] == "/"
    assert "Outage" not in performance(site, "?from=-1h")
    engine = open_database(site.server.root)
    actions = [(one.actor, one.action) for one in audit.entries(engine, 20)]
    engine.dispose()
    assert ("technical@example.org", "annotation.delete") in actions


def test_forged_form_changes_nothing(site: Site) -> None:
    answer = site.post("technical", "/annotations", at="2026-11-22T10:00", text="x", csrf="0")

    assert answer.status_code == 403


def test_releases_appear_by_themselves(site: Site) -> None:
    page = performance(site)

    assert "<strong>Release 2.1.0</strong>" in page
    assert "first event" in page
    narrowed = performance(site, "?release=2.0.0")
    assert "<strong>Release 2.0.0</strong>" in narrowed
    assert "<strong>Release 2.1.0</strong>" not in narrowed
