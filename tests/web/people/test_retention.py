"""The Retention page shows the cohorts as counted; a cell leads to its people, by name for whom that is allowed."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd, regulars
from tests.web.people.regulars import BACK, DAY, MONDAY

from lopan.control import audit
from lopan.control.database import open_database
from lopan.web.people import cohort
from lopan.web.people.retention import Answer
from lopan.web.shape import model

CELL = f"unit=week&cohort={MONDAY}&index=4"


def retention(site: Site, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = site.server.get("/api/v1/retention", "customerSuccess", days="90", **query).json()
    return found


@pytest.mark.parametrize(
    ("method", "counts"),
    [
        pytest.param("bracket", {1: (32, 40), 7: (24, 40), 30: (26, 40)}, id="bracket"),
        pytest.param("exact", {1: (32, 40), 7: (0, 40), 30: (0, 40)}, id="exact day"),
        pytest.param("rolling", {1: (32, 40), 7: (0, 40), 30: (0, 40)}, id="24 hours"),
        pytest.param("after", {1: (32, 40), 7: (26, 40), 30: (26, 40)}, id="on or after"),
    ],
)
def test_each_method_counts_as_it_says(regular: Site, method: str, counts: dict[int, tuple[int, int]]) -> None:
    found = retention(regular, method=method, to=str(MONDAY + DAY * 47))
    model(Answer).model_validate(found)
    rates = {step["rate"]["step"]: step["rate"] for step in found["steps"]}

    assert {step: (rates[step]["back"], rates[step]["cohort"]) for step in counts} == counts
    assert rates[90]["value"] is None


def test_steps_agree_with_the_kpi_that_is_alerted_on(regular: Site) -> None:
    kpi = regular.server.get("/api/v1/metrics/retention_d30", "customerSuccess", **{"from": "-28d"}).json()
    found = regular.server.get("/api/v1/retention", "customerSuccess").json()
    rate = next(step["rate"] for step in found["steps"] if step["rate"]["step"] == 30)
    assert (kpi["value"], kpi["n"]) == (pytest.approx(100 * rate["value"]), rate["cohort"])


def test_triangle_and_groups(regular: Site) -> None:
    found = retention(regular)
    row = next(row for row in found["triangle"]["rows"] if row["cohort"] == str(MONDAY))
    assert (row["size"], [cell["back"] for cell in row["cells"][:5]]) == (40, [40, BACK[8], 0, 0, BACK[31]])
    assert row["cells"][-1]["partial"]
    groups = {group["key"]: [(rate["back"], rate["cohort"]) for rate in group["rates"]] for group in found["groups"]}
    assert groups["salesperson"][:3] == [(30, 30), (24, 30), (26, 30)]
    assert groups["warehouseKeeper"][:3] == [(2, 10), (0, 10), (0, 10)]


def test_two_roles_are_compared_in_answer_and_file(regular: Site) -> None:
    found = retention(regular, role="salesperson", compare="role:warehouseKeeper", to=str(MONDAY + DAY * 47))
    model(Answer).model_validate(found)
    compared = found["compared"]

    assert (compared["label"], compared["audience"]["role"]) == ("role warehouseKeeper", "warehouseKeeper")
    rates = {step["rate"]["step"]: (step["rate"]["back"], step["rate"]["cohort"]) for step in compared["steps"]}
    assert (rates[1], rates[7], rates[30]) == ((2, 10), (0, 10), (0, 10))
    first, *_, last = compared["differences"]
    assert (first["step"], first["difference"], first["p"]) == (1, pytest.approx(1 - 0.2), None)
    assert last["difference"] is None
    asked = {"days": "90", "role": "salesperson", "compare": "role:warehouseKeeper"}
    lines = regular.server.get("/retention/steps.csv", "customerSuccess", **asked).text.splitlines()
    assert (len(lines), sum("role warehouseKeeper," in line for line in lines)) == (1 + 20, 10)


def test_previous_period_ends_the_day_before_and_too_few_people_are_not_tested(regular: Site) -> None:
    asked = {"from": str(MONDAY + DAY * 30), "to": str(MONDAY + DAY * 43), "compare": "previous"}
    found = regular.server.get("/api/v1/retention", "customerSuccess", **asked).json()
    assert found["compared"]["dates"]["last"] == str(MONDAY + DAY * 29)
    assert {one["step"]: one["p"] for one in found["compared"]["differences"]}[30] is None


@pytest.mark.parametrize("level", ["operational", "executive", "customerSuccess", "technical"])
@pytest.mark.parametrize(
    "address", ["/retention", "/api/v1/retention", "/retention/cohorts.csv", f"/retention/users?{CELL}"]
)
def test_only_who_may_see_retention_is_answered(regular: Site, level: str, address: str) -> None:
    assert crowd.status(regular, level, address) == (200 if level == "customerSuccess" else 403)


@pytest.mark.parametrize("wrong", ["method=guess", "unit=year", "by=colour", "compare=colour:red"])
def test_wrong_parameter_is_refused(regular: Site, wrong: str) -> None:
    assert crowd.status(regular, "customerSuccess", f"/retention?{wrong}") == 400


@pytest.mark.parametrize(
    "wrong", ["cohort=x", f"cohort={MONDAY + DAY}", f"cohort={MONDAY}&index=-1", f"cohort={MONDAY}&side=left"]
)
def test_wrong_cell_is_refused(regular: Site, wrong: str) -> None:
    assert crowd.status(regular, "customerSuccess", f"/retention/users?{wrong}") == 400


def test_a_token_gets_counts_and_the_reason(regular: Site) -> None:
    asked = {"unit": "week", "cohort": str(MONDAY), "index": "4"}
    found = regular.server.get("/api/v1/retention/users", "customerSuccess", **asked).json()

    model(cohort.People).model_validate(found)
    assert (found["back"], found["size"], found["people"]) == (BACK[31], 40, None)
    assert "not for API tokens" in found["reason"]
    assert crowd.status(regular, "customerSuccess", f"/retention/users.csv?{CELL}") == 403


def test_a_person_gets_names_and_it_is_written_down(regular: Site) -> None:
    with regular.signed_in("customerSuccess") as client:
        back = client.get(f"/api/v1/retention/users?{CELL}").json()
        gone = client.get(f"/retention/users.csv?{CELL}&side=gone").text.splitlines()

    assert {person["user"] for person in back["people"]} == set(regulars.names(BACK[31]))
    first = next(person for person in back["people"] if person["user"] == "s0")
    assert (first["first"], first["role"], first["customer"]) == (str(MONDAY), "salesperson", "South")
    assert len(gone) == 1 + 40 - BACK[31]
    assert any(",s39," in line for line in gone)
    engine = open_database(regular.server.root)
    told = [one for one in audit.entries(engine) if one.action == "people.read"]
    engine.dispose()
    assert {one.actor for one in told} >= {regular.email("customerSuccess")}
    assert any(f"week of {MONDAY}, week 4 after, gone" == one.subject for one in told)


@pytest.mark.browser
def test_cards_curve_and_cohorts(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/retention?days=60")
    cards = {step: regular_reader.locator(f"#card-retention_d{step}") for step in (1, 7, 30, 90)}
    for step, value in {1: "80.0", 7: "60.0", 30: "65.0"}.items():
        expect(cards[step].locator(".value")).to_contain_text(value)
    expect(cards[30].locator(".pill")).to_have_text("warning")
    expect(cards[30]).to_contain_text("target ≥ 80 %")
    expect(cards[90].locator(".pill")).to_have_text("nobody was due")
    regular_reader.get_by_role("link", name="Exact day").click()
    expect(regular_reader.get_by_role("link", name="Exact day")).to_have_attribute("aria-current", "true")
    expect(cards[30].locator(".value")).to_contain_text("0.0")
    expect(cards[30].locator(".pill")).to_have_count(0)
    expect(regular_reader.locator(".method")).to_contain_text("exactly the N-th local day")


@pytest.mark.browser
def test_curve_and_cards_are_compared(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/retention?days=60&role=salesperson")
    regular_reader.get_by_label("Compare with").select_option("role:warehouseKeeper")

    expect(regular_reader.locator(".curve .other .dot")).not_to_have_count(0)
    expect(regular_reader.locator("#card-retention_d7 .versus")).to_contain_text("role warehouseKeeper 0.0 %")
    expect(regular_reader.locator("#card-retention_d7 .versus")).to_contain_text("not tested: too few samples")
    expect(regular_reader.locator("#panel-curve table thead")).to_contain_text("Role warehouseKeeper, 95 % interval")
    assert crowd.violations(regular_reader) == []


@pytest.mark.browser
def test_keyboard_opens_the_people_of_a_cell(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/retention")
    row = regular_reader.locator(".cohorts tbody tr").filter(
        has=regular_reader.get_by_role("rowheader", name=f"{MONDAY.day} {MONDAY:%b}", exact=True)
    )
    cell = row.get_by_role("link", name="65 %, 26 of 40: show the people")
    expect(cell).to_have_text("65")
    cell.focus()
    regular_reader.keyboard.press("Enter")
    regular_reader.wait_for_url("**/retention/users?*")

    expect(regular_reader.get_by_role("heading", level=1)).to_contain_text("New in the week of")
    expect(regular_reader.locator("tbody tr")).to_have_count(BACK[31])
    expect(regular_reader.get_by_role("rowheader", name="s25", exact=True)).to_be_visible()
    regular_reader.get_by_role("link", name="Did not 14").click()
    expect(regular_reader.locator("tbody tr")).to_have_count(14)
    assert crowd.violations(regular_reader) == []


@pytest.mark.browser
def test_new_person_shows_in_the_cohort_of_this_week(regular_reader: Page, regular: Site) -> None:
    crowd.opened(regular_reader, regular, "/retention?unit=month")
    regular_reader.evaluate("window.notReloaded = true")
    size = regular_reader.locator(".cohorts tbody tr").last.locator(".size")
    before = int(size.inner_text())
    regular.server.send([regulars.now("n7")])

    expect(size).to_have_text(str(before + 1), timeout=20_000)
    assert regular_reader.evaluate("window.notReloaded") is True


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(
    regular_reader: Page, regular: Site, width: int, scheme: Literal["light", "dark"]
) -> None:
    regular_reader.set_viewport_size({"width": width, "height": 900})
    regular_reader.emulate_media(color_scheme=scheme)
    crowd.opened(regular_reader, regular, "/retention")
    assert regular_reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(regular_reader) == []
