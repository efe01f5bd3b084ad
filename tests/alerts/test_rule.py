from __future__ import annotations

from pathlib import Path

import pytest

from lopan.alerts import rule
from lopan.alerts.playbook import Playbook
from lopan.catalog.loader import load
from lopan.errors import ConfigError

GOOD = """
id = "app_launch_time"
title = "Launch"
kpi = "app_launch_time"
[[levels]]
severity = "critical"
fire = { op = ">", value = 3.0, for = "90s" }
clear = { op = "<", value = 2.8, for = "5m" }
"""


NAMES = {"app-launch-time", "crash-rate", "customer-satisfaction", "memory-usage", "user-retention"}


def test_built_in_rules_hold_the_documents_thresholds(playbooks: dict[str, Playbook]) -> None:
    rules = {one.id: one for one in rule.load(load().kpis, playbooks)}
    fires = {
        name: [(level.severity, level.fire.op, level.fire.value) for level in one.levels] for name, one in rules.items()
    }
    assert fires == {
        "app_launch_time": [("warning", ">", 2.0), ("critical", ">", 3.0)],
        "scroll_frame_rate": [("warning", "<", 55.0), ("critical", "<", 45.0)],
        "memory_usage": [("warning", ">", 180.0), ("critical", ">", 250.0)],
        "crash_rate": [("warning", ">", 0.5), ("critical", ">", 1.0)],
        "user_retention": [("info", "<", 70.0), ("warning", "<", 60.0)],
        "customer_satisfaction": [("warning", "<", 4.0), ("critical", "<", 3.5)],
    }


def test_built_in_rules_agree_with_the_catalog(playbooks: dict[str, Playbook]) -> None:
    kpis = load().kpis
    for one in rule.load(kpis, playbooks):
        kpi = kpis[one.kpi]
        assert [level.fire.value for level in one.levels] == [kpi.warning, kpi.critical]
        assert all((level.fire.op == ">") == (kpi.better == "lower") for level in one.levels)
        assert one.min_samples >= kpi.min_samples


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param('for = "90s"', 'for = "90"', "not a duration", id="duration-without-unit"),
        pytest.param("value = 2.8", "value = 3.2", "overlaps", id="clear-inside-fire"),
        pytest.param('op = "<"', 'op = ">"', "other way", id="same-direction"),
        pytest.param("title", "titel", "titel", id="misspelt-field"),
        pytest.param('kpi = "app_launch_time"', 'kpi = "launch"', "no KPI is called 'launch'", id="unknown-kpi"),
        pytest.param(
            'id = "app_launch_time"', 'id = "app_launch_time"\nplaybook = "x"', "no playbook", id="unknown-playbook"
        ),
        pytest.param('"critical"', '"fatal"', "fatal", id="unknown-severity"),
        pytest.param("[[levels]]", 'window = "0s"\n[[levels]]', "longer than 0s", id="empty-window"),
        pytest.param('id = "app_launch_time"', 'id = ""', "id", id="empty-id"),
        pytest.param("value = 3.0", "value = ", "own.toml", id="not-toml"),
    ],
)
def test_a_bad_rule_is_refused_with_its_file_and_reason(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    (tmp_path / "own.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=complaint) as raised:
        rule.load(load().kpis, NAMES, tmp_path)
    assert "own.toml" in str(raised.value)


def test_levels_must_rise(tmp_path: Path) -> None:
    level = GOOD[GOOD.index("[[levels]]") :]
    (tmp_path / "own.toml").write_text(GOOD + level.replace("critical", "warning"))
    with pytest.raises(ConfigError, match="must rise"):
        rule.load(load().kpis, NAMES, tmp_path)


def test_an_operators_rule_replaces_the_built_in_one(tmp_path: Path, playbooks: dict[str, Playbook]) -> None:
    (tmp_path / "own.toml").write_text(GOOD)
    rules = {one.id: one for one in rule.load(load().kpis, playbooks, tmp_path)}
    assert rules["app_launch_time"].title == "Launch"
    assert (rules["app_launch_time"].levels[0].fire.hold, rules["app_launch_time"].levels[0].clear.hold) == (90, 300)
    (tmp_path / "own.toml").write_text("enabled = false\n" + GOOD)
    assert "app_launch_time" not in {one.id for one in rule.load(load().kpis, playbooks, tmp_path)}


def test_fingerprint_ignores_the_order_of_labels() -> None:
    one = rule.fingerprint("r", {"release": "1", "device": "x"})
    assert one == rule.fingerprint("r", {"device": "x", "release": "1"})
    assert (
        len({one, rule.fingerprint("q", {"release": "1", "device": "x"}), rule.fingerprint("r", {"release": "1"})}) == 3
    )
