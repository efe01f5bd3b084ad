"""Numbers, times and changes as people read them; every template filter that turns a value into words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lopan.analytics.metric import Metric

NONE = "–"
MINUS = "−"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number(value: float | None, decimals: int = 0) -> str:
    """``value`` with thousands separators and a true minus sign; an en dash for no data."""
    if value is None:
        return NONE
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def count(value: int) -> str:
    """A sample size in at most six characters from a million on: 12,345 then 1.24 M."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M")):
        if value >= size:
            return f"{value / size:.2f} {letter}"
    return f"{value:,}"


def with_unit(value: float | None, unit: str, decimals: int = 1) -> str:
    """``1.18 s``; a count has no unit to show."""
    text = number(value, decimals)
    return text if value is None or unit in ("", "count") else f"{text} {unit}"


def target(metric: Metric) -> str:
    """The target with its direction: ``≤ 1.5 s`` or ``≥ 99.9 %``; empty when there is none."""
    if metric.target is None:
        return ""
    sign = "≥" if metric.better == "higher" else "≤"
    return f"{sign} {limit(metric.target, metric.unit)}"


def limit(value: float, unit: str) -> str:
    """A threshold without trailing zeros: thresholds are chosen, not measured."""
    return f"{value:,g}" if unit in ("", "count") else f"{value:,g} {unit}"


def change(metric: Metric) -> str:
    """Change against the window before: percent of it, or points where the figure is a share or may be negative."""
    if metric.value is None or metric.previous is None:
        return ""
    if metric.unit == "%":
        return signed(metric.value - metric.previous, metric.decimals + 1, "pp")
    if metric.unit == "points":
        return signed(metric.value - metric.previous, metric.decimals + 1, metric.unit)
    if not metric.previous:
        return ""
    return signed(100 * (metric.value / metric.previous - 1), 1, "%")


def told(metric: Metric) -> str:
    """The difference of a comparison with its significance: ``−0.14 s (−10.4 %), better, p < 0.001``."""
    other = metric.versus
    if other is None or metric.value is None or other.value is None or other.difference is None:
        return "nothing to compare with" if metric.value is not None else "no data"
    unit = "pp" if metric.unit == "%" else metric.unit
    text = signed(other.difference, _telling(other.difference, metric.decimals), "" if unit == "count" else unit)
    if unit not in ("pp", "points") and other.value:
        share = 100 * other.difference / abs(other.value)
        text += f" ({signed(share, _telling(share, 1), '%')})"
    if other.p is None:
        return f"{text}, not tested: " + ("too few samples" if _few(metric) else "its spread is not known")
    return f"{text}, {other.verdict}, {chance(other.p)}"


def chance(p: float) -> str:
    """A p value to three digits: ``p < 0.001``, ``p = 0.31``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _telling(difference: float, decimals: int) -> int:
    """As many decimals as the first digit of a small difference needs, at most three more: not "±0, better"."""
    return next((more for more in range(decimals, decimals + 3) if round(abs(difference), more)), decimals + 3)


def _few(metric: Metric) -> bool:
    return metric.versus is not None and min(metric.n, metric.versus.n) < metric.min_samples


def duration(seconds: float) -> str:
    """The two largest units: ``2 d 3 h``, ``5 min``, ``40 s``."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in _STEPS:
        if rest >= size and len(parts) < 2:
            parts.append(f"{rest // size} {unit}")
            rest %= size
        elif parts:
            break
    return " ".join(parts) or "0 s"


def ago(then: datetime, now: datetime) -> str:
    """``5 min ago``; what lies ahead or within a second is ``now``."""
    seconds = (now - then).total_seconds()
    return f"{duration(seconds)} ago" if seconds >= 1 else "now"


def stamp(then: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """Site time; the date is left out when it is today's."""
    local = then.astimezone(zone)
    same_day = now is not None and now.astimezone(zone).date() == local.date()
    return local.strftime("%H:%M:%S" if same_day else "%d %b %Y %H:%M")


def zone_name(zone: ZoneInfo, now: datetime) -> str:
    """The zone as a short label that holds at ``now``: ``UTC``, ``CET``."""
    return now.astimezone(zone).tzname() or zone.key


def span_name(start: datetime, end: datetime) -> str:
    """The length of a range in words for captions: ``24 h``, ``7 d``."""
    length = end - start
    if length % timedelta(days=1) == timedelta() and length > timedelta(days=1):
        return f"{length.days} d"
    if length % timedelta(hours=1) == timedelta():
        return f"{length // timedelta(hours=1)} h"
    return duration(length.total_seconds())


def iso(then: datetime) -> str:
    """RFC 3339 UTC with seconds, for ``<time datetime>``."""
    return then.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(value: float, decimals: int, unit: str) -> str:
    """``+1.2 pp``, ``−3 %``, or ``±0`` for what rounds to nothing."""
    text = number(abs(value), decimals)
    if not text.strip("0."):
        return f"±0 {unit}"
    return f"{'+' if value > 0 else MINUS}{text} {unit}".rstrip()
