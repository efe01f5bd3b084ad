"""Scores with n, bound and spread, each scale by itself; comments escaped, paged, and chosen by score."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Site
from tests.web.people import crowd

from lopan.web.people.satisfaction import Opinions, Written
from lopan.web.shape import model

CSAT = (18 * 4 + 18 * 5 + 12 * 2) / 48


def comments(site: Site, level: str = "customerSuccess", **query: str) -> list[dict[str, object]]:
    answer = site.server.get("/api/v1/satisfaction/comments", level, **query).json()
    model(Written).model_validate(answer)
    found: list[dict[str, object]] = answer["comments"]
    return found


def test_answer_fits_its_shape_and_keeps_the_scales_apart(crowded: Site) -> None:
    answer = crowded.server.get("/api/v1/satisfaction", "customerSuccess").json()

    model(Opinions).model_validate(answer)
    scores = {one["scale"]: one["score"] for one in answer["scales"]}
    assert (scores["csat"]["n"], scores["csat"]["value"]) == (48, pytest.approx(CSAT))
    assert (scores["nps"]["n"], scores["nps"]["value"], scores["rating"]["n"]) == (10, pytest.approx(20.0), 0)


def test_comments_are_chosen_by_score_and_come_page_by_page(crowded: Site) -> None:
    assert [one["text"] for one in comments(crowded, mood="low")] == [crowd.EVIL]
    assert {one["score"] for one in comments(crowded, scale="csat", score="4")} == {4.0}
    first = crowded.server.get("/api/v1/satisfaction/comments", "customerSuccess", limit="12").json()
    second = comments(crowded, limit="12", after=first["after"])
    texts = [one["text"] for one in [*first["comments"], *second]]
    assert len(texts) == len(set(texts)) == crowd.COMMENTS + 1


@pytest.mark.parametrize(
    ("level", "page", "words"),
    [
        ("operational", 403, 403),
        ("customerSuccess", 200, 200),
        ("technical", 403, 403),
        ("executive", 200, 403),
    ],
)
def test_scores_and_what_people_write_follow_the_level(crowded: Site, level: str, page: int, words: int) -> None:
    assert crowd.status(crowded, level, "/satisfaction") == page
    assert crowd.status(crowded, level, "/api/v1/satisfaction") == page
    assert crowd.status(crowded, level, "/satisfaction/scores.csv") == page
    assert crowd.status(crowded, level, "/api/v1/satisfaction/comments") == words
    assert crowd.status(crowded, level, "/satisfaction/comments.csv") == words


def test_executives_see_no_comment(crowded: Site) -> None:
    assert "word 1" not in crowded.server.get("/satisfaction", "executive").text
    assert "word 1" in crowded.server.get("/satisfaction", "customerSuccess").text


@pytest.mark.parametrize("wrong", ["mood=grim", "score=3", "scale=csat&score=12", "scale=stars", "after=no"])
def test_wrong_parameter_is_named(crowded: Site, wrong: str) -> None:
    assert crowd.status(crowded, "customerSuccess", f"/satisfaction?{wrong}") == 400


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_scores_are_shown_with_n_bound_and_spread(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/satisfaction")
    csat, nps = (reader.locator(f'[data-live="card-{name}"]') for name in ("csat", "nps"))

    for words in (f"{CSAT:.2f}", "warning", "target ≥ 4.5", "n 48", "75 % say 4–5", "95 %:", "Response rate unknown"):
        expect(csat).to_contain_text(words)
    for words in ("20", "too few samples", "n 10", "6 promoters, 4 detractors"):
        expect(nps).to_contain_text(words)
    bars = reader.locator('[data-live="spread-csat"] li').all_inner_texts()
    assert [bar.split() for bar in bars] == [["5", "18", "38", "%"], ["4", "18", "38", "%"], ["3", "0", "0", "%"],
                                             ["2", "12", "25", "%"], ["1", "0", "0", "%"]]  # fmt: skip
    expect(reader.locator('[data-live="groups"] tr', has_text="Warehouse keeper")).to_contain_text("2.00")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_comparison_of_too_few_is_shown_and_not_judged(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/satisfaction?role=salesperson&compare=role:warehouseKeeper")

    expect(reader.locator('[data-live="versus-csat"]')).to_contain_text("role warehouseKeeper 2.00")
    expect(reader.locator('[data-live="versus-csat"]')).to_contain_text("not tested: too few samples")


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_comments_are_escaped_paged_and_filtered(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/satisfaction")
    listed = reader.locator(".comments blockquote")
    expect(listed).to_have_count(15)
    reader.get_by_role("link", name="Older").click()
    expect(listed).to_have_count(crowd.COMMENTS + 1 - 15)
    reader.get_by_role("link", name="Low", exact=True).click()
    expect(listed).to_have_text([crowd.EVIL])
    reader.get_by_role("link", name="All", exact=True).click()
    expect(listed).to_have_count(15)
    reader.locator("#bar-csat-4").click()
    expect(reader.locator("#comments .key")).to_have_text("Only CSAT 4")
    expect(listed).to_have_count(crowd.COMMENTS // 2)


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize("width", [390, 1440])
def test_page_fits_and_axe_finds_nothing_serious(reader: Page, crowded: Site, width: int) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    reader.emulate_media(color_scheme="dark" if width == 390 else "light")
    crowd.opened(reader, crowded, "/satisfaction")

    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    assert crowd.violations(reader) == []


@pytest.mark.browser
@pytest.mark.usefixtures("complaints")
def test_answer_moves_the_score_as_it_arrives(reader: Page, crowded: Site) -> None:
    crowd.opened(reader, crowded, "/satisfaction?role=nightGuard")
    expect(reader.locator("#first")).to_be_visible()
    crowded.server.send([crowd.said("nightGuard", 1, 3, comment="just arrived")])

    expect(reader.locator('[data-live="card-csat"] .value')).to_have_text("3.00")
    expect(reader.locator('[data-live="comments"]')).to_contain_text("just arrived")
    expect(reader.locator("#first")).to_have_count(0)
