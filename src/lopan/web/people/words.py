"""The figures of the report as page, mail and PDF word them: one wording for all three."""

from __future__ import annotations

from lopan.analytics.calendar import Dates
from lopan.analytics.report import Figure, Report
from lopan.web import figures

NOT_YET = "too few"


def value(figure: Figure) -> str:
    """``62.5 %``, ``4.31 of 5``, ``1,204``; an en dash for no data."""
    return figures.with_unit(figure.value, figure.unit, figure.decimals)


def previous(figure: Figure) -> str:
    """The value of the period before."""
    return figures.with_unit(figure.previous, figure.unit, figure.decimals)


def bounds(figure: Figure) -> str:
    """``58.1 to 66.7``, the 95 % interval without its unit; empty where no bound is known."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{figures.number(figure.low, figure.decimals)} to {figures.number(figure.high, figure.decimals)}"


def change(figure: Figure) -> str:
    """Against the period before: points of a share or score, else per cent; empty where one of the two is missing."""
    if figure.value is None or figure.previous is None:
        return ""
    if figure.unit == "%":
        return figures.signed(figure.value - figure.previous, figure.decimals, "pp")
    if figure.unit in ("points", "of 5"):
        return figures.signed(figure.value - figure.previous, figure.decimals, "points")
    return figures.signed(100 * (figure.value / figure.previous - 1), 1, "%") if figure.previous else ""


def verdict(figure: Figure) -> str:
    """The status word where there is a target; ``too few`` below the least sample, empty without a target."""
    if figure.value is not None and not figure.enough:
        return NOT_YET
    return figure.status if figure.judged else ""


def target(figure: Figure) -> str:
    """``≥ 80 %``; empty without one."""
    if figure.target is None:
        return ""
    return f"{'≥' if figure.better == 'higher' else '≤'} {figures.limit(figure.target, _unit(figure.unit))}"


def days(dates: Dates) -> str:
    """``16 to 22 Nov 2026``, both included."""
    first, last = dates.first, dates.last
    if not len(dates):
        return "no day yet"
    if first == last:
        return f"{last:%d %b %Y}"
    start = f"{first:%d}" if (first.year, first.month) == (last.year, last.month) else f"{first:%d %b}"
    return f"{start if first.year == last.year else f'{first:%d %b %Y}'} to {last:%d %b %Y}"


def level(report: Report) -> str:
    """For whom the report was narrowed, in words."""
    return f"access level {report.level}" if report.level else "no access level"


def _unit(unit: str) -> str:
    return "" if unit == "count" else unit
