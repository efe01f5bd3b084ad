from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine

from lopan.control import users
from lopan.control.database import open_database
from lopan.lean import without_pandas

CHROMIUM = os.environ.get("LOPAN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NO_BROWSER = "no Chromium: install one, or name it in LOPAN_CHROMIUM"

# Unit tests assert no timings; the first conversion of pyarrow must not load pandas here either.
settings.register_profile("lopan", deadline=None)
settings.load_profile("lopan")
without_pandas()


class ManualClock:
    """Stands at noon of 22 November 2026 until it is moved."""

    def __init__(self) -> None:
        self._passed = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def move(self, seconds: float) -> None:
        self._passed += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty control database, so that not every test has to wait for the migrations."""
    root = tmp_path_factory.mktemp("migrated")
    open_database(root).dispose()
    return root / "control.db"


@pytest.fixture
def engine(tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A control database of its own, in ``tmp_path``."""
    shutil.copy(migrated, tmp_path)
    engine = open_database(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The real argon2 at its least work, for tests that sign in often; who hashes is left as it is."""
    monkeypatch.setattr(users, "_hashes", PasswordHash([Argon2Hasher(time_cost=1, memory_cost=64)]))
    users._decoy.cache_clear()
    yield
    users._decoy.cache_clear()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    assert CHROMIUM, NO_BROWSER
    return CHROMIUM


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``browser`` need Chromium: skip them where there is none, but never in CI.

    They come last: Playwright keeps an event loop running on the main thread, beside which no other can start.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    marked = [item for item in items if item.get_closest_marker("browser")]
    if not marked or CHROMIUM:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(NO_BROWSER)
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
