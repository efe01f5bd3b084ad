"""From catalog entries to SQL: rollup for whole half hours, raw rows for the edges, so that any range is exact.

Values never enter the text, only ``{name:Type}`` parameters; what enters is an entry's formula and fixed fragments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.catalog import stability
from lopan.catalog.kpi import Kpi
from lopan.catalog.source import EVENTS, ROLLUP, words
from lopan.catalog.stability import GRAINS, MARGIN, REPORTED, Kept
from lopan.catalog.stretch import GRAIN, Cut, Stretch, cut, within
from lopan.errors import Rejected
from lopan.store.base import Param

DAY = 86_400
PERCENTILES = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Levels of the rollup's sketch; a state can be merged only under the levels it was made with."""

_FILTERS = {"project": "UInt32", "release": "String", "device": "String", "role": "String", "customer": "String"}
"""Columns of events that can be filtered by, with their types."""

_LEVELS = ", ".join(map(str, PERCENTILES))
_SESSIONS = "sessions"

Held = Mapping[Stretch, Sequence[int]]
"""Versions of ``measure_days`` by the day that they hold, in order."""

_NOTHING_HELD: Held = MappingProxyType({})


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


class Formula(NamedTuple):
    """What is summed over the rows of one source: a figure, or a half of one."""

    source: str
    above: str
    below: str
    samples: str
    where: str

    @property
    def columns(self) -> set[str]:
        """What has to be read to sum it."""
        return words(self.above) | words(self.below) | words(self.samples) | {"n", "value", "squares"}

    @property
    def of_sums(self) -> bool:
        """Whether the kept sums of sessions tell it."""
        return self.source == _SESSIONS and stability.adds_up((self.above, self.below, self.samples), self.where)


class Frame(NamedTuple):
    """What figures that are read together share: at most two parts in order, seconds a bucket (0 = none), a dimension.

    ``kept``: what kept sums can tell, and are cut finely enough for, is to come from them.
    """

    parts: tuple[Part, ...]
    step: int
    by: str
    narrow: Narrow
    zone: str
    kept: bool = False

    def of_kept(self, formula: Formula) -> bool:
        """Whether the formula is to be told from kept sums."""
        return (
            self.kept
            and formula.of_sums
            and not any(part.start.microsecond or part.end.microsecond for part in self.parts)
        )

    @property
    def stretches(self) -> list[Stretch]:
        """Begin and end of each part."""
        return [(part.start, part.end) for part in self.parts]

    def days(self, formula: Formula) -> bool:
        """Whether sums by local day can tell what the formula asks for."""
        return self.step % DAY == 0 and _whole(self.zone, self.parts[0].start) and self.halves(formula)

    def halves(self, formula: Formula) -> bool:
        """Whether sums by half hour know all that the formula asks for."""
        grain = int(GRAIN.total_seconds())
        if self.step % grain or (self.step >= DAY and not _whole(self.zone, self.parts[0].start)):
            return False
        asked = formula.columns | words(formula.where) | self.narrow.columns | ({self.by} if self.by else set())
        return stability.coarse(asked) if self.of_kept(formula) else formula.source in EVENTS and asked <= ROLLUP


def formulas(kpi: Kpi) -> list[Formula]:
    """What has to be summed for an entry over events; two when the denominator comes from another source."""
    if not kpi.denominator_source:
        return [Formula(kpi.source, kpi.numerator, kpi.denominator, kpi.samples, kpi.where)]
    return [
        Formula(kpi.source, kpi.numerator, "0", "0", kpi.where),
        Formula(kpi.denominator_source, "0", kpi.denominator, kpi.samples, "1"),
    ]


def together(asked: Iterable[Formula], frame: Frame) -> list[list[Formula]]:
    """Distinct formulas in groups that one statement each can answer."""
    wheres: dict[str, list[str]] = {}
    groups: dict[tuple[object, ...], list[Formula]] = {}
    for formula in dict.fromkeys(asked):
        known = wheres.setdefault(formula.source, [])
        if formula.where not in known:
            known.append(formula.where)
        source = formula.source if formula.source == _SESSIONS else ""
        key = source, frame.of_kept(formula), frame.halves(formula), known.index(formula.where)
        groups.setdefault(key, []).append(formula)
    return list(groups.values())


def compile_values(
    group: Sequence[Formula], frame: Frame, kept: Kept | None = None, held: Held = _NOTHING_HELD
) -> Statement:
    """Rows (named, source, half, t, k, total, squares, events) with num_I, den_I, samples_I for the I-th of ``group``,
    which count where ``source`` is its own, as ``sources`` numbers them.

    One row a bucket, ``t`` = its start in epoch seconds (0 without ``step``); with ``by`` further ones, ``named`` 1:
    for each half one a value ``k`` of that dimension. ``kept`` for a group that is told from kept sums; of ``held``
    days is read what they can tell.
    """
    parts, params = frame.parts, dict(kept.params if kept else {})
    if len(parts) > 1:
        params["split"] = parts[1].start
    columns = sorted(set[str]().union(*(formula.columns for formula in group)))
    selects = []
    for relation, time, rows in _relations(group, frame, params, kept, held):
        half = str(parts[0].half) if len(parts) == 1 else f"{time} >= {{split:DateTime64(3)}}"
        chosen = ", ".join(_column(name, relation) for name in columns)
        key = f"toString({frame.by})" if frame.by else "''"
        selects.append(
            f"SELECT {_number(group)} AS source, toUInt8({half}) AS half, {_bucket(time, frame.step)} AS t,"
            f" {key} AS key, {chosen} FROM {rows}"
        )
    if frame.step:
        params |= {"zone": frame.zone} if frame.step >= DAY else {"step": frame.step}
    union = "\n    UNION ALL ".join(selects)
    flag, keys = "0", "source, half, t, key"
    if frame.by:
        flag, keys = "grouping(key) = 0", "GROUPING SETS ((source, half, t), (source, half, key))"
    sums = ",\n    ".join(
        f"toFloat64({one.above}) AS num_{index}, toFloat64({one.below}) AS den_{index},"
        f" toUInt64({one.samples}) AS samples_{index}"
        for index, one in enumerate(group)
    )
    return Statement(
        f"SELECT toUInt8({flag}) AS named, source, half, t, key AS k, {sums},\n    toFloat64(sum(value)) AS total,"
        f" toFloat64(sum(squares)) AS squares, toUInt64(sum(n)) AS events\nFROM (\n    {union}\n)\n"
        f"GROUP BY {keys} ORDER BY named, half, t, k",
        params,
    )


def compile_percentiles(group: Sequence[Formula], frame: Frame, held: Held = _NOTHING_HELD) -> Statement:
    """Rows ``source``, as ``sources`` numbers them, and ``q``: ``value`` at each of PERCENTILES, to be raised by half
    a unit of BFloat16.
    """
    params: dict[str, Param] = {}
    pieces = []
    for relation, _, rows in _relations(group, frame, params, None, held):
        raw = relation == "events"
        sketch = f"quantilesBFloat16State({_LEVELS})(value) AS sketch" if raw else "sketch"
        summed = " GROUP BY source" if raw else ""
        pieces.append(f"SELECT {_number(group)} AS source, {sketch} FROM {rows}{summed}")
    union = " UNION ALL ".join(pieces)
    merged = f"quantilesBFloat16Merge({_LEVELS})(sketch) AS q"
    return Statement(f"SELECT source, {merged} FROM ({union}) GROUP BY source", params)


def sources(group: Sequence[Formula]) -> dict[str, int]:
    """The number that rows of each source bear in the answer to a group."""
    return {source: number for number, source in enumerate(dict.fromkeys(formula.source for formula in group))}


def _number(group: Sequence[Formula]) -> str:
    first, *others = sources(group).values()
    tests = ", ".join(f"type = {{source_{number}:String}}, {number}" for number in others)
    return f"toUInt8(multiIf({tests}, {first}))" if others else f"toUInt8({first})"


def _relations(
    group: Sequence[Formula], frame: Frame, params: dict[str, Param], kept: Kept | None, held: Held
) -> list[tuple[str, str, str]]:
    """What is read for the group: relation, its column of time, FROM and WHERE; fills in their parameters."""
    days = (kept.days if kept else held) if frame.days(group[0]) else ()
    stretches = cut(frame.stretches, frame.halves(group[0]), days)
    rest = _narrowed(frame.narrow, params)
    if kept is not None:
        times = zip(GRAINS, stretches._asdict().items(), strict=True)
        pieces = [f"(grain = {grain} AND {within('at', own, name, params)})" for grain, (name, own) in times if own]
        return [("kept", "at", f"(\n{kept.sql}\n) WHERE ({' OR '.join(pieces)}){rest} AND ({group[0].where})")]
    if group[0].source == _SESSIONS:
        params |= {"sessions_from": stretches.fine[0][0] - MARGIN, "sessions_to": stretches.fine[-1][1] + MARGIN}
        condition = within("time", stretches.fine, "fine", params)
        return [(_SESSIONS, "time", f"{REPORTED} WHERE {condition}{rest} AND ({group[0].where})")]
    return [
        (relation, time, f"{relation} WHERE ({_types(group, params)}) AND {condition}{rest}")
        for relation, time, condition in _read(stretches, held, params)
    ]


def _types(group: Sequence[Formula], params: dict[str, Param]) -> str:
    wheres = {formula.source: formula.where for formula in group}
    params |= {f"source_{number}": source for source, number in sources(group).items()}
    return " OR ".join(
        f"(type = {{source_{number}:String}} AND ({wheres[source]}))" for source, number in sources(group).items()
    )


def _read(stretches: Cut, held: Held, params: dict[str, Param]) -> Iterator[tuple[str, str, str]]:
    """Each relation with rows of its stretches, its column of time, and the condition for them."""
    if stretches.fine:
        yield "events", "time", within("time", stretches.fine, "fine", params)
    if stretches.whole:
        yield "measures", "bucket", within("bucket", stretches.whole, "whole", params)
    if stretches.days:
        days = [day for day in held if any(start <= day[0] and day[1] <= end for start, end in stretches.days)]
        params["held"] = [version for day in days for version in held[day]]
        yield "measure_days", "at", "version IN {held:Array(UInt64)}"


def _narrowed(narrow: Narrow, params: dict[str, Param]) -> str:
    conditions = []
    for name, kind in _FILTERS.items():
        wanted = getattr(narrow, name)
        if wanted:
            params[name] = wanted
            conditions.append(f" AND {name} = {{{name}:{kind}}}")
    return "".join(conditions)


def check_dimension(kpi: Kpi, by: str) -> None:
    """Raises Rejected for a dimension that the entry does not have."""
    if by and by not in kpi.dimensions:
        raise Rejected("by", f"{kpi.id} can be split by {', '.join(kpi.dimensions) or 'nothing'}, not by {by!r}")


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
