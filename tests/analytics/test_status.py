"""Words for figures: the bounds of each, in both directions."""

from __future__ import annotations

import msgspec
import pytest

from lopan.analytics.metric import Status, Trend
from lopan.analytics.status import status, trend
from lopan.catalog import Kpi, load

LAUNCH = load().get("app_launch_time")
FREE = load().get("crash_free_sessions")
RATE = load().get("scroll_frame_rate")


@pytest.mark.parametrize(
    ("kpi", "value", "word"),
    [
        pytest.param(LAUNCH, None, "no data", id="nothing"),
        pytest.param(LAUNCH, 1.2, "exceeding", id="document's launch"),
        pytest.param(LAUNCH, 1.42, "exceeding", id="over 5 % better"),
        pytest.param(LAUNCH, 1.43, "meeting", id="less than 5 % better"),
        pytest.param(LAUNCH, 1.51, "meeting", id="within 1 %"),
        pytest.param(LAUNCH, 1.6, "below target", id="worse"),
        pytest.param(LAUNCH, 2.0, "below target", id="at the warning"),
        pytest.param(LAUNCH, 2.001, "warning", id="past the warning"),
        pytest.param(LAUNCH, 3.001, "critical", id="past the critical"),
        pytest.param(RATE, 59.8, "meeting", id="document's frame rate"),
        pytest.param(RATE, 59.0, "below target", id="worse rate"),
        pytest.param(RATE, 54.9, "warning", id="low rate"),
        pytest.param(RATE, 44.9, "critical", id="very low rate"),
        pytest.param(RATE, 0.0, "critical", id="zero is a value"),
        pytest.param(FREE, 99.97, "exceeding", id="document's crash rate, seen from the other side"),
        pytest.param(FREE, 99.9, "meeting", id="crash-free target"),
        pytest.param(FREE, 99.61, "below target", id="four times the crashes"),
        pytest.param(FREE, 99.4, "warning", id="crash-free warning"),
        pytest.param(msgspec.structs.replace(RATE, target=None), 60, "meeting", id="no target"),
    ],
)
def test_status(kpi: Kpi, value: float | None, word: Status) -> None:
    assert status(kpi, value) == word


@pytest.mark.parametrize(
    ("kpi", "difference", "z", "enough", "word"),
    [
        pytest.param(LAUNCH, -0.1, 5, True, "improving", id="lower is better"),
        pytest.param(LAUNCH, 0.1, 5, True, "worsening", id="higher is worse"),
        pytest.param(RATE, 0.1, 5, True, "improving", id="higher is better"),
        pytest.param(RATE, 0.1, 1.9, True, "stable", id="may be chance"),
        pytest.param(RATE, 1e-13, 1e9, True, "stable", id="rounding"),
        pytest.param(RATE, 0.1, 5, False, "unknown", id="too few"),
    ],
)
def test_trend(kpi: Kpi, difference: float, z: float, enough: bool, word: Trend) -> None:
    assert trend(kpi, difference, 1.0, z, enough=enough) == word
