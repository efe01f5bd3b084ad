"""``lopan demo`` as a user starts it: history, server, live traffic, a scenario while it runs, and the way out."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from lopan.control import batches, tokens
from lopan.control.database import open_database
from lopan.demo import main, state
from lopan.demo.process import free_port
from lopan.errors import ConfigError, Rejected

PATIENCE_S = 90.0


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


class Demo:
    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        command = [sys.executable, "-m", "lopan.cli", "demo", "--data", str(root), "--port", str(self.port)]
        self.log = root.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*command, "--events", "1"], stdout=log, stderr=log)

    def welcome(self) -> str:
        assert eventually(lambda: "Ctrl-C" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        return self.log.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path / "demo")
    yield running
    if running.process.poll() is None:
        running.stop()


def test_the_whole_demo(demo: Demo) -> None:
    said = demo.welcome()
    url = f"http://127.0.0.1:{demo.port}"
    key = re.search(rf"http://([0-9a-f]{{32}})@127\.0\.0\.1:{demo.port}/1", said)
    assert key is not None
    assert len(re.findall(r"\S+@demo\.example +\S+  \([\w, ]+\)", said)) == 5
    engine = open_database(demo.root)
    headers = {"Authorization": f"Bearer {tokens.create(engine, ['technical'], 'test')}"}
    engine.dispose()

    def count(since: str) -> int:
        answer = httpx.get(f"{url}/api/v1/metrics/memory_usage", params={"from": since}, headers=headers)
        return int(answer.raise_for_status().json()["n"])

    month = count("-30d")
    assert month > 10_000
    assert eventually(lambda: count("-30d") > month), "no live traffic"
    assert main.run(["on", "outage", "--data", str(demo.root)]) == 0

    def failing() -> bool:
        answer = httpx.get(f"{url}/api/v1/metrics/network_error_rate", params={"from": "-1m"}, headers=headers)
        return float(answer.raise_for_status().json()["value"] or 0) > 5

    assert eventually(failing), "the outage does not show"
    assert main.run(["on", "machine_down", "--data", str(demo.root)]) == 0
    assert eventually(lambda: len(live_batches(demo.root)) > 2), "the business does not go on"
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(PATIENCE_S) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
    kept = state.find(demo.root)
    assert kept is not None
    assert kept.until is not None
    assert kept.told is not None
    assert not any(one.refused for one in live_batches(demo.root))


def live_batches(root: Path) -> list[batches.Batch]:
    engine = open_database(root)
    try:
        return [one for one in batches.listing(engine) if one.by == "token demo" and one.state == "loaded"]
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["on"], Rejected),
        (["up", "outage"], Rejected),
        (["on", "flood"], Rejected),
        (["--scenario", "flood"], Rejected),
    ],
    ids=["no name", "no such switch", "no such scenario", "no such scenario at the start"],
)
def test_what_is_refused(tmp_path: Path, arguments: list[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        main.run([*arguments, "--data", str(tmp_path)])


def test_real_data_is_not_touched(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ConfigError, match="another directory"):
        main.run(["--data", str(tmp_path), "--port", str(free_port())])
    assert sorted(path.name for path in tmp_path.iterdir()) == before
