"""A file through the browser: looked at, mapped, tried out, imported; nothing changes before the last step."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.web.conftest import PASSWORD, Site, sign_in

from lopan.control import batches
from lopan.control.batches import Batch
from lopan.control.database import open_database

CSV = (
    "Order;Day;Kind;Value;Note\n"
    "A-1;02/01/2026;scrap;1.234,50;x\nA-2;13/01/2026;rework;2,00;y\nA-3;14/01/2026;{kind};3,00;z\n"
)
SAID = {
    "fact": "cost", "for": "cost", "source": "sheet", "dates": "dd/mm/yyyy", "decimal": ",", "thousands": ".",
    "key": "Order",
    "field.day": "Day", "field.type": "Kind", "field.amount": "Value", "const.currency": "EUR",
}  # fmt: skip


def upload(site: Site, content: str | bytes, name: str = "costs.csv", level: str = "admin") -> httpx.Response:
    with site.signed_in(level) as client:
        found = re.search('name="csrf" value="([0-9a-f]+)"', client.get("/alerts").text)
        assert found is not None
        return client.post("/imports/new", data={"csrf": found[1]}, files={"file": (name, content)})


def state(site: Site, path: str, wanted: str) -> str:
    """The page once it says what is wanted."""
    with site.signed_in("admin") as client:
        for _ in range(200):
            text = client.get(path).text
            if wanted in text:
                return text
            time.sleep(0.05)
    raise AssertionError(text)


def newest(site: Site) -> Batch:
    engine = open_database(site.server.root)
    found = batches.listing(engine, 1, fact="cost")[0]
    engine.dispose()
    return found


def test_a_file_is_tried_out_and_imported(site: Site) -> None:
    path = upload(site, CSV.format(kind="other")).headers["location"]
    with site.signed_in("admin") as client:
        first = client.get(path).text
    assert "delimiter: semicolon (" in first
    assert "1.234,50" in first
    assert site.post("admin", path, act="try", **SAID).status_code == 303
    tried = state(site, path, "What the trial found")
    assert "<strong>3</strong> of 3 rows can be taken" in tried
    assert "2026-01-02 to 2026-01-14" in tried
    assert "Columns that nothing reads: Note" in tried
    assert site.post("admin", path, act="import", **SAID).status_code == 303
    state(site, path, "Loaded")
    found = newest(site)
    assert (found.state, found.source, found.origin, found.by, found.taken) == (
        "loaded", "sheet", "costs.csv", "admin@example.org", 3,
    )  # fmt: skip


def test_refused_rows_stop_the_import_until_the_good_ones_alone_are_wanted(site: Site) -> None:
    before = newest(site).id
    path = upload(site, CSV.format(kind="lunch")).headers["location"]
    site.post("admin", path, act="import", **SAID)
    assert "lunch" in state(site, path, "nothing was loaded")
    assert newest(site).state == "failed"
    site.post("admin", path, act="partial", **SAID)
    state(site, path, "Loaded")
    found = newest(site)
    assert (found.taken, found.refused) == (2, 1)
    assert found.id != before


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"fact": ""}, "say what a row is"),
        ({"field.amount": ""}, "nothing fills amount"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"decimal": ",", "thousands": ","}, "both the decimal and the thousands"),
        ({"header_row": "x"}, "number of a row"),
        ({"mapping": "nonsense"}, "there is no mapping"),
    ],
)
def test_a_form_that_can_not_work_says_why(site: Site, said: dict[str, str], reason: str) -> None:
    path = upload(site, CSV.format(kind="other")).headers["location"]
    answer = site.post("admin", path, act="try", **SAID | said)
    if answer.status_code == 303:
        assert reason in state(site, path, reason)
    else:
        assert answer.status_code == 400
        assert reason in answer.text
    site.post("admin", path, act="drop")
    with site.signed_in("admin") as client:
        assert client.get(path).status_code == 404


def test_an_empty_file_is_refused(site: Site) -> None:
    answer = upload(site, b"", "empty.csv")
    assert (answer.status_code, "is empty" in answer.text) == (400, True)


@pytest.mark.parametrize(("content", "name"), [(b"PK\x03\x04broken", "x.xlsx"), (b"\x00\x01", "x.csv")])
def test_a_file_that_is_no_table_says_so(site: Site, content: bytes, name: str) -> None:
    answer = upload(site, content, name)
    with site.signed_in("admin") as client:
        shown = client.get(answer.headers["location"])
    assert shown.status_code == 200
    assert 'role="alert"' in shown.text


def test_only_administrators_bring_files_and_only_from_our_own_form(site: Site) -> None:
    assert upload(site, "a", level="operational").status_code == 403
    with site.signed_in("admin") as client:
        assert client.post("/imports/new", files={"file": ("a.csv", b"a")}).status_code == 403
        outside = client.get("/imports/files/%2e%2e")
    assert (outside.status_code, "is no longer here" in outside.text) == (404, True)


def test_a_body_of_unknown_length_is_refused_before_it_is_read(site: Site) -> None:
    with site.signed_in("admin") as client:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = client.post("/imports/new", content=iter([b"--x--"]), headers=headers)
    assert (answer.status_code, "Content-Length" in answer.text) == (400, True)


def test_a_name_can_not_leave_its_folder(site: Site) -> None:
    path = upload(site, CSV.format(kind="other"), "../../../outside.csv").headers["location"]
    with site.signed_in("admin") as client:
        assert "outside.csv" in client.get(path).text
    assert not list(Path(site.server.root).parent.glob("outside.csv"))


@pytest.mark.browser
def test_a_person_imports_a_file_in_the_browser(site: Site, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text("key,day,type,amount,currency\n1,2026-01-02,scrap,1.5,EUR\n2,2026-01-03,other,2.5,EUR\n")
    with browser.new_context() as context:
        page = context.new_page()
        sign_in(page, site.url, "admin@example.org", PASSWORD)
        page.goto(f"{site.url}/imports")
        page.get_by_role("link", name="Import a file").click()
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Upload and look at it").click()
        page.locator("select[name=fact]").select_option("cost")
        page.get_by_role("button", name="Read it so").click()
        expect(page.get_by_label("Column for amount")).to_have_value("amount")
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Import 2 rows").click()
        expect(page.get_by_role("heading", name="Loaded")).to_be_visible()
        page.get_by_role("link", name="Batch").click()
        expect(page.get_by_text("2 rows taken, 0 refused")).to_be_visible()
