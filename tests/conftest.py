from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = os.environ.get("LOPAN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NO_BROWSER = "no Chromium: install one, or name it in LOPAN_CHROMIUM"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    assert CHROMIUM, NO_BROWSER
    return CHROMIUM


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``browser`` need Chromium: skip them where there is none, but never in CI."""
    marked = [item for item in items if item.get_closest_marker("browser")]
    if not marked or CHROMIUM:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(NO_BROWSER)
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
