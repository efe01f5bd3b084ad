"""A Lopan that nothing was sent to yet: each page says so and what to do, and fills itself with the first event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.served import Served, served

PAGES = ("/features", "/workflows", "/roles", "/satisfaction")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("fresh")) as server:
        yield server


@pytest.mark.parametrize("page", PAGES)
def test_page_and_answer_stand_without_any_data(fresh: Served, page: str) -> None:
    level = "customerSuccess" if page == "/satisfaction" else "operational"
    shown, told = fresh.get(page, level), fresh.get(f"/api/v1{page}", level)

    assert (shown.status_code, told.status_code) == (200, 200)
    assert "Nothing yet" in shown.text or "No workflow is defined yet" in shown.text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("address", ["project=7", "from=2025-01-01&to=2025-01-07"])
def test_what_matches_nothing_is_no_error(fresh: Served, page: str, address: str) -> None:
    level = "customerSuccess" if page == "/satisfaction" else "operational"

    assert fresh.get(f"{page}?{address}", level).status_code == 200
