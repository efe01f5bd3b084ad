from __future__ import annotations

from pathlib import Path

import pytest

from lopan.alerts import playbook
from lopan.catalog import health
from lopan.errors import ConfigError

PROFILE = """
[[profile]]
id = "standard"
title = "Ours"
healthy = 60
[profile.usage]
anchors = [[0, 0], [50, 80], [100, 100]]
[profile.satisfaction]
anchors = [[1, 0], [5, 100]]
nps = [[-100, 0], [100, 100]]
[profile.adoption]
anchors = [[0, 0], [80, 100]]
[profile.support]
anchors = [[0, 0], [100, 100]]
"""


def test_every_rule_names_a_playbook_that_exists() -> None:
    assert {rule.playbook for rule in health.load().rules.values()} <= set(playbook.load())


def test_an_operators_entries_replace_and_add(tmp_path: Path) -> None:
    (tmp_path / "customers" / "rules").mkdir(parents=True)
    (tmp_path / "customers" / "ours.toml").write_text(PROFILE)
    (tmp_path / "customers" / "rules" / "call.toml").write_text(
        'id = "call"\ncomponent = "usage"\ntitle = "Call"\nplaybook = "silent-account"\ndue_days = 1\norder = 1\n'
    )
    found = health.load(tmp_path)

    assert (found.profiles["standard"].healthy, found.profile("", None).title) == (60, "Ours")
    assert next(iter(found.rules)) == "call"
    assert "open-critical" in found.rules


@pytest.mark.parametrize(
    ("value", "points"), [(-5, 0), (0, 0), (25, 40), (50, 80), (75, 90), (100, 100), (180, 100)]
)  # fmt: skip
def test_points_lie_on_straight_lines_between_the_anchors(value: float, points: float) -> None:
    assert health.points(((0, 0), (50, 80), (100, 100)), value) == points


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(PROFILE.replace("[[0, 0], [50, 80]", "[[50, 0], [50, 80]"), "must rise", id="values"),
        pytest.param(PROFILE.replace("[50, 80]", "[50, 101]"), "100", id="points-above-100"),
        pytest.param(PROFILE.replace("[0, 0], [50, 80]", "[0, 90], [50, 80]"), "must not fall", id="falling"),
        pytest.param(PROFILE.replace("healthy = 60", "healthy = 30"), "lies above healthy", id="bands"),
        pytest.param(PROFILE.replace("healthy", "healty"), "healty", id="misspelt"),
        pytest.param(
            PROFILE.replace("[profile.usage]", "until_days = 9\n[profile.usage]"), "for everyone", id="nobody-left"
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_file(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "customers").mkdir()
    (tmp_path / "customers" / "ours.toml").write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        health.load(tmp_path)
