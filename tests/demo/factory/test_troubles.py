"""Troubles of the business, and what they leave when they end or the demo does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lopan.demo.factory.troubles import LATE_DELIVERIES, MACHINE_DOWN, Troubles

T1, T2, T3 = "2026-11-20T12:00:00Z", "2026-11-20T12:05:00Z", "2026-11-20T12:10:00Z"


def state(unit: str) -> dict[str, Any]:
    return {"key": f"{unit}-1", "work_unit": unit, "state": "production"}


def line(key: str, **more: str) -> dict[str, Any]:
    return {"key": key, "placed": T1, **more}


def states(troubles: Troubles, on: set[str], at: str, *units: str) -> list[dict[str, Any]]:
    return troubles.altered({"work_unit_state": [state(unit) for unit in units]}, on, at)["work_unit_state"]


def test_the_machine_is_down_from_when_it_began_until_it_ends(tmp_path: Path) -> None:
    troubles = Troubles(tmp_path)
    other, broken = states(troubles, {MACHINE_DOWN}, T1, "JUR-M1", "JUR-M2")
    assert other["work_unit"] == "JUR-M2"
    assert (broken["state"], broken["started"], "ended" in broken) == ("down", T1, False)
    assert states(troubles, {MACHINE_DOWN}, T2, "JUR-M1") == []
    running, over = states(troubles, set(), T3, "JUR-M1")
    assert running["state"] == "production"
    assert (over["key"], over["started"], over["ended"]) == (broken["key"], T1, T3)
    assert states(troubles, set(), T3, "JUR-M1") == [state("JUR-M1")]


def test_lines_stay_until_it_is_over(tmp_path: Path) -> None:
    troubles = Troubles(tmp_path)
    rows = {"order_line": [line("SO-1", shipped=T1), line("SO-2"), line("SC-1", shipped=T1, delivered=T1)]}
    kept = troubles.altered(rows, {LATE_DELIVERIES}, T1)["order_line"]
    assert [row["key"] for row in kept] == ["SO-2", "SC-1"]
    later = {"order_line": [line("SO-1", shipped=T1, delivered=T2)]}
    assert troubles.altered(later, {LATE_DELIVERIES}, T2)["order_line"] == []
    (freed,) = troubles.altered({}, set(), T3)["order_line"]
    assert freed == line("SO-1", shipped=T3, delivered=T3, modified=T3)
    assert troubles.altered({}, set(), T3)["order_line"] == []


@pytest.mark.parametrize("trouble", [MACHINE_DOWN, LATE_DELIVERIES])
def test_what_is_to_be_put_right_survives_the_demo(tmp_path: Path, trouble: str) -> None:
    troubles = Troubles(tmp_path)
    troubles.altered({"order_line": [line("SO-1", shipped=T1)]}, {trouble}, T1)
    troubles.keep()
    rows = Troubles(tmp_path).altered({}, set(), T3)
    assert sum(len(found) for found in rows.values()) == 1
