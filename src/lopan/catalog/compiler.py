"""From a catalog entry to SQL: rollup for whole half hours, raw rows for the edges, so that any range is exact.

Values never enter the text, only ``{name:Type}`` parameters; what enters is an entry's formula and fixed fragments.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.catalog import stability
from lopan.catalog.kpi import Kpi
from lopan.catalog.source import EVENTS, ROLLUP, columns_of, words
from lopan.catalog.stability import KEPT, MARGIN, REPORTED, Kept
from lopan.errors import Rejected
from lopan.store.base import Param

GRAIN = timedelta(minutes=30)
_GRAIN_S = GRAIN.total_seconds()
DAY = 86_400
PERCENTILES = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Levels of the rollup's sketch; a state can be merged only under the levels it was made with."""

_FILTERS = {"project": "UInt32", "release": "String", "device": "String", "role": "String", "customer": "String"}
"""Columns of events that can be filtered by, with their types."""

_LEVELS = ", ".join(map(str, PERCENTILES))
_TIMES = {"measures": "bucket", KEPT: "at"}
Stretch = tuple[datetime, datetime]


class Part(NamedTuple):
    """Rows of one time range; ``half`` 1 = the range asked for, 0 = the one before it, which ends where that begins."""

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


class _Formula(NamedTuple):
    """What one statement sums over the rows of one source."""

    source: str
    above: str
    below: str
    samples: str
    where: str

    @property
    def of_sums(self) -> bool:
        return self.source == "sessions" and stability.adds_up((self.above, self.below, self.samples), self.where)


class _Piece(NamedTuple):
    """What is read of one relation: ``fine`` stretches of time row by row, ``whole`` ones by half hour."""

    relation: str
    fine: list[Stretch]
    whole: list[Stretch]


def compile_values(
    kpi: Kpi, parts: list[Part], step: int, by: str, narrow: Narrow, zone: str, kept: Kept | None = None
) -> list[Statement]:
    """Rows (named, half, t, k, num, den, samples, total, squares, events), one a bucket: t = its start in epoch seconds
    (0 without ``step``). With ``by`` further ones, ``named`` 1: for each half one a value ``k`` of that dimension.

    Two statements when the denominator comes from another source. ``kept`` sums stand for sessions where ``of_sums``.
    """
    if by and by not in kpi.dimensions:
        raise Rejected("by", f"{kpi.id} can be split by {', '.join(kpi.dimensions)}, not by {by!r}")
    return [_values(formula, parts, step, by, narrow, zone, kept) for formula in _formulas(kpi)]


def compile_percentiles(kpi: Kpi, part: Part, narrow: Narrow) -> Statement:
    """One row ``q``: ``value`` at each of PERCENTILES, to be raised by half a unit of BFloat16."""
    params: dict[str, Param] = {}
    pieces = []
    for piece in _split([part], _fits(kpi.source, columns_of(kpi) | narrow.columns, "", 0, True)):
        rows = _rows(kpi.source, piece, kpi.where, narrow, params)
        state = "sketch" if piece.relation == "measures" else f"quantilesBFloat16State({_LEVELS})(value) AS sketch"
        pieces.append(f"SELECT {state} FROM {rows}")
    union = " UNION ALL ".join(pieces)
    return Statement(f"SELECT quantilesBFloat16Merge({_LEVELS})(sketch) AS q FROM ({union})", params)


def of_sums(kpi: Kpi, parts: list[Part]) -> bool:
    """Whether the entry, or its denominator, can be made of the kept sums of sessions, cut as ``parts`` are."""
    cuts = [moment for part in parts for moment in (part.start, part.end)]
    return any(formula.of_sums for formula in _formulas(kpi)) and not any(moment.microsecond for moment in cuts)


def _formulas(kpi: Kpi) -> list[_Formula]:
    if not kpi.denominator_source:
        return [_Formula(kpi.source, kpi.numerator, kpi.denominator, kpi.samples, kpi.where)]
    return [
        _Formula(kpi.source, kpi.numerator, "0", "0", kpi.where),
        _Formula(kpi.denominator_source, "0", kpi.denominator, kpi.samples, "1"),
    ]


def _values(
    formula: _Formula, parts: list[Part], step: int, by: str, narrow: Narrow, zone: str, kept: Kept | None
) -> Statement:
    source, above, below, samples, where = formula
    columns = words(above) | words(below) | words(samples) | {"n", "value", "squares"}
    named = columns | words(where) | narrow.columns | ({by} if by else set())
    grained = step % int(GRAIN.total_seconds()) == 0 and (step < DAY or _whole(zone, parts[0].start))
    params: dict[str, Param] = {} if len(parts) == 1 else {"split": parts[1].start}
    kept = kept if formula.of_sums else None
    if source != "sessions":
        pieces = _split(parts, grained and source in EVENTS and named <= ROLLUP)
    elif kept is None:
        pieces = [_Piece("sessions", [(part.start, part.end) for part in parts], [])]
    else:
        fine, whole = _cut(parts, grained and stability.coarse(named))
        pieces, params = [_Piece(KEPT, fine, whole)], {**kept.params, **params}
    selects: list[str] = []
    for piece in pieces:
        rows = _rows(source, piece, where, narrow, params, kept)
        time = _TIMES.get(piece.relation, "time")
        half = str(parts[0].half) if len(parts) == 1 else f"{time} >= {{split:DateTime64(3)}}"
        chosen = ", ".join(_column(name, piece.relation) for name in sorted(columns))
        key = f"toString({by})" if by else "''"
        selects.append(f"SELECT toUInt8({half}) AS half, {_bucket(time, step)} AS t, {key} AS key, {chosen} FROM {rows}")
    if step:
        params |= {"zone": zone} if step >= DAY else {"step": step}
    union = "\n    UNION ALL ".join(selects)
    flag, sets = ("grouping(key) = 0", "GROUPING SETS ((half, t), (half, key))") if by else ("0", "half, t, key")
    return Statement(
        f"SELECT toUInt8({flag}) AS named, half, t, key AS k, toFloat64({above}) AS num, toFloat64({below}) AS den,\n"
        f"    toUInt64({samples}) AS samples, toFloat64(sum(value)) AS total, toFloat64(sum(squares)) AS squares,\n"
        f"    toUInt64(sum(n)) AS events\nFROM (\n    {union}\n)\nGROUP BY {sets} ORDER BY named, half, t, k",
        params,
    )


def _rows(
    source: str, piece: _Piece, where: str, narrow: Narrow, params: dict[str, Param], kept: Kept | None = None
) -> str:
    """FROM and WHERE of one piece; fills in its parameters."""
    relation, time = piece.relation, _TIMES.get(piece.relation, "time")
    table = relation
    within = [_within(time, stretches, name, params) for name, stretches in piece._asdict().items() if name != "relation"]
    if kept is not None:
        table = f"(\n{kept.sql}\n)"
        within = [f"(grain = {grain} AND {one})" for grain, one in zip(stability.GRAINS, within, strict=True) if one]
    conditions = [f"({' OR '.join(filter(None, within))})"]
    if relation == "sessions":
        moments = [moment for stretch in piece.fine for moment in stretch]
        params |= {"sessions_from": min(moments) - MARGIN, "sessions_to": max(moments) + MARGIN}
        table = REPORTED
    elif kept is None:
        params["source"] = source
        conditions.insert(0, "type = {source:String}")
    for name, kind in _FILTERS.items():
        wanted = getattr(narrow, name)
        if wanted:
            params[name] = wanted
            conditions.append(f"{name} = {{{name}:{kind}}}")
    return f"{table} WHERE {' AND '.join(conditions)} AND ({where})"


def _within(time: str, stretches: list[Stretch], prefix: str, params: dict[str, Param]) -> str:
    """A condition that ``time`` lies in one of the stretches; empty without any."""
    pieces = []
    for index, (start, end) in enumerate(stretches):
        name = f"{prefix}_{index}"
        params |= {f"{name}_start": start, f"{name}_end": end}
        pieces.append(f"({time} >= {{{name}_start:DateTime64(3)}} AND {time} < {{{name}_end:DateTime64(3)}})")
    return f"({' OR '.join(pieces)})" if pieces else ""


def _split(parts: list[Part], fits: bool) -> list[_Piece]:
    """Raw edges and whole half hours of the rollup."""
    fine, whole = _cut(parts, fits)
    pieces = [_Piece("events", fine, []), _Piece("measures", [], whole)]
    return [piece for piece in pieces if piece.fine or piece.whole]


def _cut(parts: list[Part], fits: bool) -> tuple[list[Stretch], list[Stretch]]:
    """The edges of all parts, and the whole half hours between them; edges that touch are one."""
    fine: list[Stretch] = []
    whole: list[Stretch] = []
    for _, start, end in parts:
        first, last = -(-start.timestamp() // _GRAIN_S) * _GRAIN_S, end.timestamp() // _GRAIN_S * _GRAIN_S
        if not fits or last <= first:
            _append(fine, start, end)
            continue
        begin, until = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
        _append(fine, start, begin)
        _append(whole, begin, until)
        _append(fine, until, end)
    return fine, whole


def _append(stretches: list[Stretch], start: datetime, end: datetime) -> None:
    if start < end and stretches and stretches[-1][1] == start:
        stretches[-1] = stretches[-1][0], end
    elif start < end:
        stretches.append((start, end))


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
