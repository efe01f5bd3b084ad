"""The one word for a figure against its target, and the one word for where it is going."""

from __future__ import annotations

from lopan.analytics.metric import Status, Trend
from lopan.catalog import Kpi

EXCEEDING = 0.05
MEETING = 0.01
_SIGNIFICANT = 1.959963984540054
_NOTHING = 1e-9


def status(kpi: Kpi, value: float | None) -> Status:
    """Critical and warning first, then the target: better by 5 % exceeds it, within 1 % of it or better meets it."""
    if value is None:
        return "no data"
    if kpi.critical is not None and _past(kpi, value, kpi.critical):
        return "critical"
    if kpi.warning is not None and _past(kpi, value, kpi.warning):
        return "warning"
    if kpi.target is None:
        return "meeting"
    lead = (kpi.target - value if kpi.better == "lower" else value - kpi.target) / (abs(kpi.target) or 1.0)
    if lead >= EXCEEDING:
        return "exceeding"
    return "meeting" if lead >= -MEETING else "below target"


def trend(kpi: Kpi, difference: float, size: float, z: float, *, enough: bool) -> Trend:
    """Better or worse than before only when the difference is significant at 95 %; ``size`` of the figure."""
    if not enough:
        return "unknown"
    if abs(z) < _SIGNIFICANT or abs(difference) <= _NOTHING * size:
        return "stable"
    return "improving" if (difference < 0) == (kpi.better == "lower") else "worsening"


def _past(kpi: Kpi, value: float, threshold: float) -> bool:
    return value > threshold if kpi.better == "lower" else value < threshold
