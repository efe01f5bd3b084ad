"""Sessions as a relation: merged from their reports, or from the kept sums of how those of each day ended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from lopan.catalog.source import words
from lopan.catalog.stretch import Stretch
from lopan.store.base import Param

KEPT = "stability"
"""What the compiler calls the relation of the kept sums."""

GRAINS = (1, 1800, 86400)
"""Of the kept sums, in the order of ``Cut``."""

MARGIN = timedelta(days=1)
"""Reports of a session that began in a range are looked for so long before and after it."""

REPORTED = """(
    SELECT project, min(started) AS time, max(count) AS n, max(status) AS worst, max(errors) AS errors,
        max(sessions.duration_s) * n AS duration_s, max(sessions.duration_s) AS value, value * value * n AS squares,
        if(worst = 3, n, 0) AS crashed, if(worst = 2, n, 0) AS abnormal, max(release) AS release, max(device) AS device,
        max(os) AS os, max(role) AS role, max(customer) AS customer, max(user_id) AS user_id,
        max(install_id) AS install_id,
        multiIf(user_id > 0, toUInt64(user_id), install_id > 0, install_id + 4294967296, 0) AS person
    FROM sessions WHERE hour >= {sessions_from:DateTime64(3)} AND hour < {sessions_to:DateTime64(3)}
    GROUP BY project, session
)"""
"""One row a session, from all of its reports."""

_SUMS = {"n", "crashed", "abnormal", "errors", "duration_s", "value", "squares"}
_COARSE = {"project", "release", "device", "os"}
_FINE = _COARSE | {"role", "customer"}
_LINEAR = re.compile(r"(?:sum\([\sA-Za-z_+-]*\)|[\s\d.+*()-])*")


class Kept(NamedTuple):
    """A SELECT of the kept sums of all days that are asked for, its parameters, and where these days begin and end.

    Its rows count sessions by the second they began (``grain`` 1), again by half hour (1800) and by day (86400); the
    last two know no role and no customer.
    """

    sql: str
    params: Mapping[str, Param]
    days: Sequence[Stretch]


def adds_up(formulas: Iterable[str], where: str) -> bool:
    """Whether formulas over sessions can be told from sums: they add up, and ``where`` names dimensions alone."""
    linear = all(_LINEAR.fullmatch(formula) and words(formula) <= _SUMS for formula in formulas)
    return linear and words(where) <= _FINE


def coarse(columns: set[str]) -> bool:
    """Whether the sums by half hour know all of these columns."""
    return columns <= _SUMS | _COARSE
