"""The one word for a figure against its target, and the one word for where it is going."""

from __future__ import annotations

from lopan.analytics.metric import Status, Trend
from lopan.catalog import Kpi

EXCEEDING = 0.05
MEETING = 0.01
NEARLY_ALL = 90.0
"""From this target on, a share is judged by its misses: 99.6 % crash-free is four times as bad as 99.9 %."""

_ALL = 100.0
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
    lead = _lead(kpi, value, kpi.target)
    if lead >= EXCEEDING:
        return "exceeding"
    return "meeting" if lead >= -MEETING else "below target"


def _lead(kpi: Kpi, value: float, target: float) -> float:
    """How much better than the target, as a share of it, or of its distance to 100 % where that is small."""
    if kpi.better == "higher" and kpi.unit == "%" and NEARLY_ALL <= target < _ALL:
        return (value - target) / (_ALL - target)
    return (target - value if kpi.better == "lower" else value - target) / (abs(target) or 1.0)


def trend(kpi: Kpi, difference: float, size: float, z: float, *, enough: bool) -> Trend:
    """Better or worse than before only when the difference is significant at 95 %; ``size`` of the figure."""
    if not enough:
        return "unknown"
    if abs(z) < _SIGNIFICANT or abs(difference) <= _NOTHING * size:
        return "stable"
    return "improving" if (difference < 0) == (kpi.better == "lower") else "worsening"


def _past(kpi: Kpi, value: float, threshold: float) -> bool:
    return value > threshold if kpi.better == "lower" else value < threshold
