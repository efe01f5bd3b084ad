"""The switches of a running demo, thrown from another process."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from lopan.demo import scenarios
from lopan.demo.native import Event
from lopan.demo.product import WORKFLOWS
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


def test_workflow_trouble_stops_half_of_the_batches_at_the_check() -> None:
    steps = [step.name for step in WORKFLOWS["complete_batch"]]
    ended: list[list[tuple[str, str]]] = []
    for run in range(400):
        events: list[Event] = [
            {"type": "workflow", "workflow": "complete_batch", "instance": f"w{run}", "step": step, "status": status}
            for step in steps
            for status in ("started", "completed")
        ]
        out = [left for event in events for left in scenarios.workflow_trouble(event, 1.0, Random(1))]
        ended.append([(event["step"], event["status"]) for event in out])
    stopped = [run for run in ended if run[-1] == ("quality_check", "failed")]
    whole = [run for run in ended if run[-1] == (steps[-1], "completed")]
    assert len(stopped) + len(whole) == 400
    assert 160 < len(stopped) < 240


@pytest.mark.parametrize("on", [True, False])
def test_an_unknown_name_is_told_the_known_ones(tmp_path: Path, on: bool) -> None:
    with pytest.raises(Rejected, match="crash_spike, feature_launch"):
        scenarios.switch(tmp_path, "flood", on)


def test_a_directory_without_a_demo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="lopan demo"):
        scenarios.switch(tmp_path / "none", "outage", True)
