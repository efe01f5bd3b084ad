"""The picture in the README: two days of the demo's fleet, and a release that crashes. LOPAN_PICTURE=1 renews it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.served import Served
from tests.web.conftest import sign_in

from lopan.demo import backlog, fleet, state

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "performance.png"


@pytest.mark.browser
def test_picture_of_the_performance_page(browser: Browser, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    remembered = state.begin(tmp_path, 7, fleet.PEOPLE, now.date())
    state.complete(tmp_path, remembered)
    backlog.fill(tmp_path, remembered, now - timedelta(days=2), now)
    server = Served(tmp_path)
    server.start()
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light").new_page()
    try:
        account = remembered.accounts[0]
        sign_in(page, server.url, account.email, account.password)
        server.send([_session(now, number) for number in range(120)])
        expect(page.locator('[data-live="alerts"]')).to_contain_text("Sessions crash too often")
        page.emulate_media(reduced_motion="reduce")
        taken = page.screenshot(full_page=True)
    finally:
        page.context.close()
        server.stop()

    assert len(taken) > 50_000
    if os.environ.get("LOPAN_PICTURE"):
        PICTURE.write_bytes(taken)


def _session(now: datetime, number: int) -> dict[str, object]:
    return {
        "type": "session",
        "time": (now - timedelta(seconds=number)).isoformat(),
        "session": f"picture-{number}",
        "status": "crashed" if number < 12 else "exited",
        "release": "2.3.0",
        "device": "iPhone15,2",
    }
