"""From a catalog entry to SQL: rollup for whole half hours, raw rows for the edges, so that any range is exact.

Values never enter the text, only ``{name:Type}`` parameters; what enters is an entry's formula and fixed fragments.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.catalog.kpi import Kpi
from lopan.catalog.source import EVENTS, ROLLUP, columns_of, words
from lopan.errors import Rejected
from lopan.store.base import Param

GRAIN = timedelta(minutes=30)
DAY = 86_400
PERCENTILES = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Levels of the rollup's sketch; a state can be merged only under the levels it was made with."""

_FILTERS = {"project": "UInt32", "release": "String", "device": "String", "role": "String", "customer": "String"}
"""Columns of events that can be filtered by, with their types."""

_LEVELS = ", ".join(map(str, PERCENTILES))
_MARGIN = timedelta(days=1)
_SESSIONS = """(
    SELECT project, min(started) AS time, max(count) AS n, max(status) AS worst, max(errors) AS errors,
        max(sessions.duration_s) * n AS duration_s, max(sessions.duration_s) AS value, value * value * n AS squares,
        if(worst = 3, n, 0) AS crashed, if(worst = 2, n, 0) AS abnormal, max(release) AS release, max(device) AS device,
        max(os) AS os, max(role) AS role, max(customer) AS customer, max(user_id) AS user_id,
        max(install_id) AS install_id,
        multiIf(user_id > 0, toUInt64(user_id), install_id > 0, install_id + 4294967296, 0) AS person
    FROM sessions WHERE hour >= {%(p)s_from:DateTime64(3)} AND hour < {%(p)s_to:DateTime64(3)}
    GROUP BY project, session
)"""


class Part(NamedTuple):
    """Rows of one time range; ``half`` 1 = the range asked for, 0 = the one before it."""

    half: int
    start: datetime
    end: datetime


class Statement(NamedTuple):
    """A SELECT and its parameters."""

    sql: str
    params: Mapping[str, Param]


class Narrow(NamedTuple):
    """Filters; empty or 0 = all. ``known``: only what was known at the end of that day (facts alone)."""

    project: int = 0
    release: str = ""
    device: str = ""
    role: str = ""
    site: str = ""
    product: str = ""
    customer: str = ""
    region: str = ""
    segment: str = ""
    known: date | None = None

    @property
    def columns(self) -> set[str]:
        """Columns of events that it reads."""
        return {name for name in _FILTERS if getattr(self, name)}


def compile_values(kpi: Kpi, parts: list[Part], step: int, by: str, narrow: Narrow, zone: str) -> list[Statement]:
    """Rows (half, t, k, num, den, samples, total, squares, events): t = bucket start in epoch seconds (0 without
    ``step``), k = value of dimension ``by``. Two statements when the denominator comes from another source.
    """
    if by and by not in kpi.dimensions:
        raise Rejected("by", f"{kpi.id} can be split by {', '.join(kpi.dimensions)}, not by {by!r}")
    if not kpi.denominator_source:
        return [_values(kpi, kpi.source, kpi.numerator, kpi.denominator, kpi.samples, parts, step, by, narrow, zone)]
    other = kpi.denominator_source
    return [
        _values(kpi, kpi.source, kpi.numerator, "0", "0", parts, step, by, narrow, zone),
        _values(kpi, other, "0", kpi.denominator, kpi.samples, parts, step, by, narrow, zone, where="1"),
    ]


def compile_percentiles(kpi: Kpi, part: Part, narrow: Narrow) -> Statement:
    """One row ``q``: ``value`` at each of PERCENTILES, to be raised by half a unit of BFloat16."""
    params: dict[str, Param] = {}
    pieces = []
    for index, (relation, start, end) in enumerate(
        _split(part, _fits(kpi.source, columns_of(kpi) | narrow.columns, "", 0, True))
    ):
        rows = _rows(kpi.source, relation, f"p{index}", start, end, kpi.where, narrow, params)
        state = "sketch" if relation == "measures" else f"quantilesBFloat16State({_LEVELS})(value) AS sketch"
        pieces.append(f"SELECT {state} FROM {rows}")
    union = " UNION ALL ".join(pieces)
    return Statement(f"SELECT quantilesBFloat16Merge({_LEVELS})(sketch) AS q FROM ({union})", params)


def _values(
    kpi: Kpi, source: str, above: str, below: str, samples: str,
    parts: list[Part], step: int, by: str, narrow: Narrow, zone: str, where: str | None = None,
) -> Statement:  # fmt: skip
    where = kpi.where if where is None else where
    columns = words(above) | words(below) | words(samples) | {"n", "value", "squares"}
    params: dict[str, Param] = {}
    whole = step < DAY or _whole(zone, parts[0].start)
    fits = _fits(source, columns | words(where) | narrow.columns, by, step, whole)
    pieces: list[str] = []
    for part in parts:
        for relation, start, end in _split(part, fits) if source != "sessions" else [(source, part.start, part.end)]:
            rows = _rows(source, relation, f"p{len(pieces)}", start, end, where, narrow, params)
            time = "bucket" if relation == "measures" else "time"
            chosen = ", ".join(_column(name, relation) for name in sorted(columns))
            key = by or "''"
            pieces.append(f"SELECT {part.half} AS half, {_bucket(time, step)} AS t, {key} AS k, {chosen} FROM {rows}")
    if step:
        params |= {"zone": zone} if step >= DAY else {"step": step}
    union = "\n    UNION ALL ".join(pieces)
    return Statement(
        f"SELECT half, t, toString(k) AS k, toFloat64({above}) AS num, toFloat64({below}) AS den,\n"
        f"    toUInt64({samples}) AS samples, toFloat64(sum(value)) AS total, toFloat64(sum(squares)) AS squares,\n"
        f"    toUInt64(sum(n)) AS events\nFROM (\n    {union}\n)\nGROUP BY half, t, k ORDER BY half, t, k",
        params,
    )


def _rows(
    source: str, relation: str, prefix: str, start: datetime, end: datetime, where: str, narrow: Narrow,
    params: dict[str, Param],
) -> str:  # fmt: skip
    """FROM and WHERE of one piece; fills in its parameters."""
    time = "bucket" if relation == "measures" else "time"
    params |= {f"{prefix}_start": start, f"{prefix}_end": end}
    conditions = [f"{time} >= {{{prefix}_start:DateTime64(3)}}", f"{time} < {{{prefix}_end:DateTime64(3)}}"]
    table = relation
    if relation == "sessions":
        params |= {f"{prefix}_from": start - _MARGIN, f"{prefix}_to": end + _MARGIN}
        table = _SESSIONS % {"p": prefix}
    else:
        params["source"] = source
        conditions.insert(0, "type = {source:String}")
    for name, kind in _FILTERS.items():
        wanted = getattr(narrow, name)
        if wanted:
            params[name] = wanted
            conditions.append(f"{name} = {{{name}:{kind}}}")
    return f"{table} WHERE {' AND '.join(conditions)} AND ({where})"


def _split(part: Part, fits: bool) -> list[tuple[str, datetime, datetime]]:
    """The range as raw edge, whole half hours of the rollup, raw edge."""
    first = datetime.fromtimestamp(-(-part.start.timestamp() // GRAIN.total_seconds()) * GRAIN.total_seconds(), UTC)
    last = datetime.fromtimestamp(part.end.timestamp() // GRAIN.total_seconds() * GRAIN.total_seconds(), UTC)
    if not fits or last <= first:
        return [("events", part.start, part.end)]
    pieces = [("events", part.start, first), ("measures", first, last), ("events", last, part.end)]
    return [piece for piece in pieces if piece[1] < piece[2]]


def _fits(source: str, columns: set[str], by: str, step: int, whole: bool) -> bool:
    """Whether the rollup knows all that is asked; ``whole`` = days of the zone begin with a half hour of UTC."""
    named = columns | ({by} if by else set())
    return source in EVENTS and named <= ROLLUP and step % int(GRAIN.total_seconds()) == 0 and whole


def _whole(zone: str, at: datetime) -> bool:
    offset = ZoneInfo(zone).utcoffset(at)
    return offset is not None and offset % GRAIN == timedelta()


def _column(name: str, relation: str) -> str:
    if name == "squares" and relation == "events":
        return "value * value AS squares"
    return f"events.{name} AS {name}" if relation == "events" else name


def _bucket(time: str, step: int) -> str:
    if not step:
        return "toInt64(0)"
    if step >= DAY:
        return f"toInt64(toUnixTimestamp(toStartOfDay({time}, {{zone:String}})))"
    return f"toInt64(intDiv(toUnixTimestamp({time}), {{step:UInt32}}) * {{step:UInt32}})"
