from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lopan.analytics.metric import Metric, Versus
from lopan.web import figures

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def metric(**changes: Any) -> Metric:
    values: dict[str, Any] = {
        "id": "app_launch_time",
        "title": "App launch time",
        "value": 1.2,
        "unit": "s",
        "n": 100,
        "target": 1.5,
        "warning": 2.0,
        "critical": 3.0,
        "status": "exceeding",
        "trend": "stable",
        "previous": 1.0,
        "definition": "sum / n",
        "description": "",
        "better": "lower",
        "min_samples": 30,
        "enough": True,
        "low": 1.1,
        "high": 1.3,
        "start": NOW - timedelta(days=1),
        "end": NOW,
        "step": 900,
        "decimals": 2,
        "playbook": "",
    }
    return Metric(**values | changes)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, 2, "–"),
        (1234.5, 1, "1,234.5"),
        (-0.04, 1, "0.0"),
        (-2.0, 0, "−2"),
        (0.0, 2, "0.00"),
        (99.996, 2, "100.00"),
    ],
)
def test_number(value: float | None, decimals: int, text: str) -> None:
    assert figures.number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12_345, "12,345"), (1_240_000, "1.24 M"), (2_000_000_000, "2.00 G")]
)
def test_count(value: int, text: str) -> None:
    assert figures.count(value) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({}, "+20.0 %", id="percent of the window before"),
        pytest.param({"previous": None}, "", id="nothing before"),
        pytest.param({"previous": 0.0}, "", id="no share of nothing"),
        pytest.param({"previous": 1.2}, "±0 %", id="no change"),
        pytest.param({"unit": "%", "value": 99.5, "previous": 99.9}, "−0.400 pp", id="points of a percentage"),
        pytest.param(
            {"unit": "points", "value": -4.0, "previous": 2.0, "decimals": 0}, "−6.0 points", id="points of a score"
        ),
    ],
)
def test_change(changes: dict[str, Any], text: str) -> None:
    assert figures.change(metric(**changes)) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [({}, "≤ 1.5 s"), ({"better": "higher", "unit": "%", "target": 99.9}, "≥ 99.9 %"), ({"target": None}, "")],
)
def test_target(changes: dict[str, Any], text: str) -> None:
    assert figures.target(metric(**changes)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (5_400, "1 h 30 min"),
        (176_461, "2 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (NOW, "13:00:00"),
        (NOW - timedelta(days=1), "21 Nov 2026 13:00"),
        (NOW - timedelta(hours=13, minutes=1), "21 Nov 2026 23:59"),
    ],
)
def test_stamp_is_site_time_and_leaves_out_today(then: datetime, text: str) -> None:
    assert figures.stamp(then, ZoneInfo("Europe/Berlin"), NOW) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [(timedelta(hours=24), "24 h"), (timedelta(days=7), "7 d"), (timedelta(minutes=90), "1 h 30 min")],
)
def test_span_name(length: timedelta, text: str) -> None:
    assert figures.span_name(NOW - length, NOW) == text


@pytest.mark.parametrize(
    ("unit", "changes", "text"),
    [
        pytest.param("s", {"difference": -0.14, "p": 0.0001}, "−0.14 s (−10.4 %), better, p < 0.001", id="better"),
        pytest.param("s", {"difference": 0.0004, "p": 0.04}, "+0.0004 s (+0.03 %), better, p = 0.04", id="small"),
        pytest.param("s", {"difference": 0.0, "p": 1.0}, "±0 s (±0 %), better, p = 1", id="none at all"),
        pytest.param("%", {"difference": 0.25, "p": 0.5}, "+0.25 pp, better, p = 0.5", id="points of a percentage"),
        pytest.param("s", {"n": 3}, "−0.14 s (−10.4 %), not tested: too few samples", id="few"),
        pytest.param("s", {}, "−0.14 s (−10.4 %), not tested: its spread is not known", id="no interval"),
        pytest.param("s", {"value": None, "difference": None}, "nothing to compare with", id="nothing there"),
    ],
)
def test_difference_is_told_with_its_significance(unit: str, changes: dict[str, Any], text: str) -> None:
    held: dict[str, Any] = {
        "label": "x", "start": NOW, "end": NOW, "value": 1.34, "n": 90, "low": None, "high": None,
        "difference": -0.14, "verdict": "better", "p": None, "shift": 0,
    }  # fmt: skip

    assert figures.told(metric(unit=unit, versus=Versus(**held | changes))) == text
