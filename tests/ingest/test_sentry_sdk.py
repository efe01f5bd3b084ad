"""The unmodified sentry-sdk against a running server: what the API says is what happened, to the last digit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.served import Served, served

SHOP = Path(__file__).parent / "clients" / "shop.py"
SCENES = ("ok", "handled", "message", "crash", "requests")
SESSIONS = 14
CRASHED = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that every scene was played to."""
    with served(tmp_path_factory.mktemp("sentry")) as server:
        apps = [
            subprocess.Popen(
                [sys.executable, SHOP, server.dsn, scene], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            for scene in SCENES
        ]
        for scene, app in zip(SCENES, apps, strict=True):
            told, _ = app.communicate(timeout=60)
            assert app.returncode == (1 if scene == "crash" else 0), told
        yield server


@pytest.mark.parametrize(
    ("metric", "share"),
    [
        pytest.param("crash_rate", CRASHED / SESSIONS, id="crash rate"),
        pytest.param("crash_free_sessions", (SESSIONS - CRASHED) / SESSIONS, id="crash-free sessions"),
    ],
)
def test_the_api_tells_the_truth(server: Served, metric: str, share: float) -> None:
    found = server.metric_when(metric, SESSIONS)
    assert found["n"] == SESSIONS
    assert found["value"] == pytest.approx(100 * share, rel=1e-12)
    of_release = server.metric(metric, release="shop@2.1.0+341")
    assert (of_release["n"], of_release["value"]) == (found["n"], found["value"])


def test_crash_free_users_know_the_one_who_crashed(server: Served) -> None:
    server.metric_when("crash_rate", SESSIONS)
    found = server.metric("crash_free_users")
    assert (found["n"], found["value"]) == (1, 0.0)
