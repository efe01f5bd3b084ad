from __future__ import annotations

import re

import pytest
from tests.served import LEVELS
from tests.web.conftest import Site

from lopan.web import access, navigation

QUERY = "from=-7d&release=2.1.0&compare=previous"


def saved(site: Site, name: str, **fields: str) -> int:
    answer = site.post("technical", "/views", page="/performance", query=QUERY, name=name, **fields)
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(
        r"/performance\?from=-7d&release=2\.1\.0&compare=previous&view=(\d+)", answer.headers["location"]
    )
    assert found is not None, answer.headers["location"]
    return int(found[1])


def listed(site: Site, level: str) -> str:
    with site.signed_in(level) as client:
        return client.get("/views").text


def test_view_is_saved_listed_opened_renamed_and_deleted(site: Site) -> None:
    number = saved(site, "Launches & more")
    with site.signed_in("technical") as client:
        opened = client.get(f"/views/{number}", follow_redirects=True)
    assert opened.url.query.decode() == f"{QUERY}&view={number}"
    assert "Launches &amp; more</button>" in opened.text
    assert '<option value="previous" selected>' in opened.text

    assert site.post("technical", f"/views/{number}", name="Starts").headers["location"] == "/views"
    assert f'<a href="/views/{number}">Starts</a>' in listed(site, "technical")
    assert site.post("technical", f"/views/{number}/delete").status_code == 303
    assert "Starts" not in listed(site, "technical")
    with site.signed_in("technical") as client:
        assert client.get(f"/views/{number}").status_code == 404


@pytest.mark.parametrize("level", sorted(set(LEVELS) - {"technical"}))
def test_shared_view_opens_nothing_that_the_level_does_not(site: Site, level: str) -> None:
    number = saved(site, f"For {level}", shared="on")
    with site.signed_in(level) as client:
        answer = client.get(f"/views/{number}")
    assert answer.status_code == 403
    assert "App launch time" not in answer.text
    assert f"For {level}" not in listed(site, level)
    assert site.post(level, f"/views/{number}/delete").status_code == 403


def test_private_view_is_hidden_and_a_shared_one_can_not_be_changed_by_others(site: Site) -> None:
    private, shared = saved(site, "Mine"), saved(site, "Ours", shared="on")
    page = listed(site, "second")
    assert "Mine" not in page
    assert f'<a href="/views/{shared}">Ours</a>' in page
    assert "only its owner can" in page
    assert site.post("second", f"/views/{private}", name="x").status_code == 404
    for path in (f"/views/{shared}", f"/views/{shared}/delete"):
        answer = site.post("second", path, name="x")
        assert answer.status_code == 403
        assert "belongs to technical@example.org" in answer.text
    assert "Ours" in listed(site, "technical")


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        pytest.param({"page": "/performance", "name": ""}, 400, "1 to 80", id="no name"),
        pytest.param({"page": "/alerts", "name": "x"}, 400, "nothing that could be saved", id="a page without charts"),
        pytest.param({"page": "//evil.example", "name": "x"}, 400, "nothing that could be saved", id="elsewhere"),
        pytest.param({"page": "/performance", "name": "x", "query": "a=" + "b" * 2_500}, 400, "at most", id="too long"),
        pytest.param({"page": "/performance", "name": "x", "csrf": "0"}, 403, "too old", id="forged"),
    ],
)
def test_what_can_not_be_saved_is_explained(site: Site, fields: dict[str, str], status: int, says: str) -> None:
    answer = site.post("technical", "/views", **fields)

    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert "That could not be saved" in answer.text or status == 403


def test_nobody_saves_for_a_page_that_they_may_not_open(site: Site) -> None:
    assert site.post("executive", "/views", page="/performance", name="x").status_code == 403
    with site.visitor() as client:
        assert client.post("/views", data={"name": "x"}).headers["location"] == "/login"


def test_a_level_without_views_reads_how_to_make_one(site: Site) -> None:
    assert "No view yet." in listed(site, "executive")


@pytest.mark.parametrize("number", ["0", "-1", str(2**70), "first"])
def test_number_that_is_none_is_refused(site: Site, number: str) -> None:
    with site.signed_in("technical") as client:
        assert client.get(f"/views/{number}").status_code == 400


def test_every_page_about_people_can_be_saved(site: Site) -> None:
    pages = [page for page in navigation.PAGES if page.section == navigation.USERS]
    assert pages
    for page in pages:
        level = next(level for level in LEVELS if access.GROUPS[level] & set(page.groups))
        answer = site.post(level, "/views", page=page.path, query="days=7", name="Last week")
        assert answer.status_code == 303, (page.path, answer.text)
