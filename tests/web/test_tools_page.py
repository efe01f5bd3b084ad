"""Views, marks, comparison and export as a person uses them, in a real browser, some of it without a pointer."""

from __future__ import annotations

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, Position, expect
from tests.web.conftest import PASSWORD, Site, sign_in

pytestmark = pytest.mark.browser
GROUNDS = {"light": (255, 255, 255), "dark": (0x16, 0x1A, 0x21)}


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    sign_in(page, site.url, site.email("technical"), PASSWORD)
    yield page
    context.close()
    assert heard == []


def opened(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/performance{query}")
    page.wait_for_function("document.documentElement.dataset.charts === 'painted'")


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the filtered rows of a PNG of 8 bits and 4 channels."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + length
    width, height, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert form[:2] == [8, 6]
    rows = zlib.decompress(chunks[b"IDAT"])
    assert len(rows) == height * (4 * width + 1)
    return width, height, rows


def test_view_is_saved_by_keyboard_and_opened_again(page: Page, site: Site) -> None:
    opened(page, site, "?from=-7d&release=2.1.0&compare=release:2.0.0")
    page.get_by_role("button", name="Views", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Saved views")).to_be_visible()
    page.get_by_role("textbox", name="Save what is shown as").focus()
    page.keyboard.type("2.1 against 2.0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="2.1 against 2.0")).to_be_visible()

    page.goto(f"{site.url}/views")
    page.get_by_role("link", name="2.1 against 2.0").click()
    expect(page.locator("#filter-compare")).to_have_value("release:2.0.0")
    expect(page.locator("#filter-release")).to_have_value("2.1.0")


def test_comparison_is_drawn_and_told_in_the_head(page: Page, site: Site) -> None:
    opened(page, site, "?release=2.1.0")
    page.locator("#filter-compare").select_option("release:2.0.0")
    head = page.locator('[data-live="versus-app_launch_time"]')
    for said in ("Shown", "1.00 s", "release 2.0.0", "1.60 s", "−0.60 s (−37.5 %), better, p < 0.001"):
        expect(head).to_contain_text(said)
    expect(page.locator("canvas")).to_have_count(4)
    block = page.locator("#chart-data").text_content() or ""
    assert '"versus":"release 2.0.0"' in block
    page.locator("#filter-device").select_option("iPhone15,2")
    expect(head).to_contain_text("nothing to compare with")


def test_any_period_is_compared_from_the_form(page: Page, site: Site) -> None:
    opened(page, site)
    page.get_by_role("button", name="Custom").click()
    form = page.get_by_role("form", name="Custom range")
    day = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y-%m-%d")
    form.locator("[name=compare_from]").fill(f"{day}T00:00")
    form.locator("[name=compare_to]").fill(f"{day}T12:00")
    form.get_by_role("button", name="Show").click()
    expect(page.locator('[data-live="versus-app_launch_time"]')).to_contain_text("other period")
    expect(page.locator("#filter-compare")).to_have_value(f"{day}T00:00..{day}T12:00")


def test_annotation_from_a_point_of_a_chart_shows_on_hover_and_in_the_list(page: Page, site: Site) -> None:
    opened(page, site, "?from=-1h")
    over = page.locator('[data-chart="app_launch_time"] .u-over')
    box = over.bounding_box()
    assert box is not None
    middle: Position = {"x": box["width"] / 2, "y": box["height"] / 2}
    over.dblclick(position=middle)
    form = page.get_by_role("dialog", name="Annotate the charts")
    expect(form).to_be_visible()
    at = datetime.fromisoformat(form.get_by_label(re.compile("^When")).input_value()).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - timedelta(minutes=30) - at) < timedelta(minutes=6)
    form.get_by_role("textbox", name="What happened").fill("Cache emptied")
    form.get_by_role("button", name="Annotate").click()

    # Other tests' releases are marks too, and a long list is folded.
    marks = page.locator("details.marks").filter(has_text="Cache emptied")
    expect(marks).to_be_attached()
    marks.evaluate("list => list.open = true")
    entry = page.get_by_role("listitem").filter(has_text="Cache emptied")
    expect(entry).to_contain_text("by technical@example.org")
    page.wait_for_function("document.documentElement.dataset.charts === 'painted'")
    found = re.search(r'"n":(\d+),"t":(\d+),"text":"Cache emptied"', page.locator("#chart-data").text_content() or "")
    assert found is not None
    assert abs(int(found[2]) - at.timestamp()) < 1
    over.hover(position=middle)
    expect(page.locator(".mark-tip").first).to_contain_text(f"{found[1]} Cache emptied")
    entry.get_by_role("button", name="Delete the annotation Cache emptied").press("Enter")
    expect(page.get_by_text("Cache emptied")).to_have_count(0)


def test_menu_of_a_chart_is_reached_by_keyboard_and_gives_a_csv(page: Page, site: Site) -> None:
    opened(page, site, "?compare=release:2.0.0")
    button = page.get_by_role("button", name="Export App launch time or annotate")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="CSV").and_(page.locator(":focus"))).to_have_count(1)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "lopan-app_launch_time.csv"
    rows = list(csv.DictReader(io.StringIO(content(download.value).decode("utf-8-sig"), newline="")))
    assert {row["side"] for row in rows} == {"this", "release 2.0.0"}
    assert sum(int(row["n"]) for row in rows if row["side"] == "release 2.0.0") == 40
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", ["card-app_launch_time", "chart-app_launch_time", "panel-trends", "panel-compare"])
def test_picture_arrives_as_a_png_on_the_ground_that_was_asked_for(
    page: Page, site: Site, part: str, scheme: str
) -> None:
    opened(page, site, "?compare=previous")
    with page.expect_download() as download:
        page.locator(f'[data-save="{part}"][data-scheme="{scheme}"]').dispatch_event("click")
    width, height, rows = pixels(content(download.value))

    box = page.locator(f"#{part}").bounding_box()
    assert box is not None
    assert download.value.suggested_filename == f"lopan-{part}.png"
    assert width >= 2 * box["width"]
    assert height > 200
    # What is filtered against nothing is what it is: the first pixel of the picture.
    assert tuple(rows[1:4]) == GROUNDS[scheme]
    assert len(set(rows)) > 100, "something is drawn"
    expect(page.locator(".picture-host, .picture-light, .picture-dark")).to_have_count(0)
    for left_out in ("#trends", "#compare", "#title-app_launch_time"):
        expect(page.locator(left_out)).to_be_visible()


def test_whole_table_as_a_file(page: Page, site: Site) -> None:
    opened(page, site)
    page.get_by_role("button", name="Export the comparison").click()
    with page.expect_download() as download:
        page.locator("#menu-compare").get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(content(download.value).decode("utf-8-sig"), newline="")))
    assert {row["metric"] for row in rows} >= {"app_launch_time", "memory_usage"}
    assert {"2.1.0", "2.0.0"} <= {row["key"] for row in rows}


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["/performance?compare=previous", "/views"])
def test_page_fits_its_screen(page: Page, site: Site, width: int, path: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(site.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1440, "height": 900})
