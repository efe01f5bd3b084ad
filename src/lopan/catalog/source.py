"""What a formula may read: the columns of raw events, of the rollup, of sessions, and of business facts."""

from __future__ import annotations

import re

from lopan.catalog.kpi import Kpi
from lopan.catalog.relation import RELATIONS
from lopan.errors import ConfigError
from lopan.fact import COMMON

EVENTS = ("app_launch", "frame_stats", "memory", "hang", "network", "crash", "optimizer")
"""Event types that the rollup ``measures`` covers."""

OTHER_EVENTS = ("error", "action", "workflow", "feedback", "security")
SOURCES = ("sessions", *EVENTS, *OTHER_EVENTS, *RELATIONS)
"""What an entry's ``source`` may be."""

SHARED = {"n": "1", "now": "{now:DateTime64(3, 'UTC')}"}
DAYS = ("day", "recorded_day")
"""Production days at the row's site, in days from 1970: of the entry's time, and of when the source wrote it down."""

_SUMS = {
    *("n", "value", "squares", "duration_s", "frames", "frames60", "slow", "frozen"),
    *("hitch_ms", "footprint_mb", "peak_mb", "failed", "killed", "hung_s"),
}
ROLLUP = _SUMS | {"project", "kind", "release", "device"}
_RAW = ROLLUP | {
    *("build", "environment", "os", "customer", "role", "screen", "user_id", "install_id", "session", "status"),
    *("status_code", "exception", "signal", "level", "feature", "action", "workflow", "instance", "step", "survey"),
    *("scale", "score", "host", "route", "method", "category", "severity", "component", "state", "metric"),
    *("before", "after", "refresh_rate"),
}
_SESSION = {
    *("project", "n", "crashed", "abnormal", "errors", "duration_s", "value", "squares", "release", "device", "os"),
    *("role", "customer", "user_id", "install_id", "person"),
}
_WORD = re.compile(r"'[^']*'|\b[A-Za-z_][A-Za-z0-9_]*\b(?!\s*\()")
_LAMBDA = {"x", "y"}
"""What a formula may call the parameters of a function of its own, as in ``arrayMap((x, y) -> x / y, ...)``."""

_SYNTAX = {"AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE"}


def columns_of(kpi: Kpi) -> set[str]:
    """Columns that the entry's formulas read from ``source``; raises ConfigError for one that is not there."""
    above = [kpi.numerator, kpi.where, kpi.value or "1"]
    below = [kpi.denominator, kpi.samples]
    if kpi.denominator_source:
        _check(kpi, kpi.denominator_source, below)
        return _check(kpi, kpi.source, above)
    return _check(kpi, kpi.source, above + below)


def words(expression: str) -> set[str]:
    """Names in a formula that are not functions: its columns."""
    found = {word for word in _WORD.findall(expression) if not word.startswith("'")}
    return {word for word in found if word.upper() not in _SYNTAX and word not in _LAMBDA}


def _check(kpi: Kpi, source: str, expressions: list[str]) -> set[str]:
    columns = set().union(*map(words, expressions))
    unknown = columns - _columns(source)
    if unknown:
        raise ConfigError(f"KPI {kpi.id}: {source} has no column {', '.join(sorted(unknown))}")
    return columns


def _columns(source: str) -> set[str]:
    if source in RELATIONS:
        return {*SHARED, *DAYS, *COMMON, "source", *(column.name for column in RELATIONS[source].columns)}
    return _SESSION if source == "sessions" else _RAW
