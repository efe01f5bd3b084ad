"""The one word for a figure against its target, and the one word for where it is going."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from lopan.analytics.intervals import Z95
from lopan.analytics.metric import Status, Trend

EXCEEDING = 0.05
MEETING = 0.01
NEARLY_ALL = 90.0
"""From this target on, a share is judged by its misses: 99.6 % crash-free is four times as bad as 99.9 %."""

_ALL = 100.0
_NOTHING = 1e-9


class Thresholds(Protocol):
    """What a figure is judged by, in its unit: a KPI, or a goal of the product's definitions."""

    @property
    def better(self) -> Literal["higher", "lower"]:
        """The direction that is wanted."""

    @property
    def unit(self) -> str:
        """A share in "%" close to 100 is judged by its misses."""

    @property
    def target(self) -> float | None:
        """Where it should be."""

    @property
    def warning(self) -> float | None:
        """Past it is a warning."""

    @property
    def critical(self) -> float | None:
        """Past it is critical."""


class Goal(NamedTuple):
    """Thresholds of a figure that has no entry of its own in the catalog: one feature, one workflow, one survey."""

    unit: str = "%"
    target: float | None = None
    warning: float | None = None
    critical: float | None = None
    better: Literal["higher", "lower"] = "higher"


def status(kpi: Thresholds, value: float | None) -> Status:
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


def _lead(kpi: Thresholds, value: float, target: float) -> float:
    """How much better than the target, as a share of it, or of its distance to 100 % where that is small."""
    if kpi.better == "higher" and kpi.unit == "%" and NEARLY_ALL <= target < _ALL:
        return (value - target) / (_ALL - target)
    return (target - value if kpi.better == "lower" else value - target) / (abs(target) or 1.0)


def trend(kpi: Thresholds, difference: float, size: float, z: float, *, enough: bool) -> Trend:
    """Better or worse than before only when the difference is significant at 95 %; ``size`` of the figure."""
    if not enough:
        return "unknown"
    if abs(z) < Z95 or abs(difference) <= _NOTHING * size:
        return "stable"
    return "improving" if (difference < 0) == (kpi.better == "lower") else "worsening"


def _past(kpi: Thresholds, value: float, threshold: float) -> bool:
    return value > threshold if kpi.better == "lower" else value < threshold
