"""The switches of a running demo, thrown from another process."""

from __future__ import annotations

from pathlib import Path

import pytest

from lopan.demo import scenarios
from lopan.errors import Rejected


def test_switches_are_kept_in_the_directory(tmp_path: Path) -> None:
    assert scenarios.active(tmp_path) == frozenset()
    scenarios.switch(tmp_path, "outage", True)
    assert scenarios.switch(tmp_path, "memory_leak", True) == {"outage", "memory_leak"}
    assert scenarios.switch(tmp_path, "outage", False) == {"memory_leak"}
    assert scenarios.active(tmp_path) == {"memory_leak"}
    scenarios.clear(tmp_path)
    assert scenarios.active(tmp_path) == frozenset()


def test_what_is_not_a_scenario_is_ignored_in_the_file(tmp_path: Path) -> None:
    (tmp_path / scenarios.FILE).write_text("outage\nflood\n\n")
    assert scenarios.active(tmp_path) == {"outage"}


@pytest.mark.parametrize("on", [True, False])
def test_an_unknown_name_is_told_the_known_ones(tmp_path: Path, on: bool) -> None:
    with pytest.raises(Rejected, match="crash_spike, launch_regression"):
        scenarios.switch(tmp_path, "flood", on)


def test_a_directory_without_a_demo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="lopan demo"):
        scenarios.switch(tmp_path / "none", "outage", True)
