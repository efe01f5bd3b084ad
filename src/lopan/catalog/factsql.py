"""From a catalog entry over facts to SQL: one pass over the fact answers every part, bucket and key.

Periods are production days of the row's own site. Values never enter the text, only ``{name:Type}`` parameters; what
enters is an entry's formula and fixed fragments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lopan.catalog.compiler import DAY, Narrow, Part, Statement
from lopan.catalog.kpi import Kpi
from lopan.catalog.relation import RELATIONS
from lopan.catalog.source import DAYS, SHARED, words
from lopan.catalog.workdays import Workdays, day_of, number
from lopan.errors import Rejected
from lopan.store.base import Param

WEEK = 7 * DAY
MONTH = 30 * DAY
"""Steps of a series over facts are ``DAY``, ``WEEK`` (ISO) and ``MONTH`` (of the calendar, whatever its length)."""

AXES = ("site", "product", "customer", "region", "segment")
"""Dimensions that facts can be filtered by; an entry says which of them it has."""

_BUCKETS = {
    0: "toInt64(0)",
    DAY: "toInt64(d)",
    WEEK: "toInt64(toMonday(toDate32(d)))",
    MONTH: "toInt64(toStartOfMonth(toDate32(d)))",
}
_START, _END = "{start:DateTime64(3, 'UTC')}", "{end:DateTime64(3, 'UTC')}"
_ACCOUNTS = """
        ASOF LEFT JOIN (
            SELECT account AS a_account, d AS a_from, region AS a_region, segment AS a_segment
            FROM {account_days:Identifier}
        ) AS a ON toString(%s) = a_account AND d >= a_from"""


class Formula(NamedTuple):
    """What one entry counts."""

    above: str
    below: str
    samples: str
    value: str


def compile_facts(
    kpis: Sequence[Kpi], parts: Sequence[Part], step: int, by: str, narrow: Narrow, days: Workdays, zone: str,
    now: datetime,
) -> list[Statement]:  # fmt: skip
    """Rows (half, t, k, figures): a tuple as ``Sums`` for each of ``kpis``, which are ``siblings``; ``t`` = first day
    of the bucket, counted from 1970.

    Parts begin and end at midnights of ``zone`` and do not overlap; they mean those dates at every site. ``now`` is
    what a formula may name. Two statements when the denominator comes from another fact.
    """
    kpi = kpis[0]
    if step not in _BUCKETS:
        raise Rejected("step", f"{kpi.id} is known by day, week and month, not every {step} s")
    asked = (parts, step, by, narrow, days, zone, now)
    formulas = [Formula(one.numerator, one.denominator or "0", one.samples, one.value or "0") for one in kpis]
    if not kpi.denominator_source:
        return [_select(kpi.source, kpi.time, formulas, kpi.where, *asked)]
    (own,) = formulas
    above, below = own._replace(below="0", samples="0"), own._replace(above="0", value="0")
    other = kpi.denominator_time or kpi.time
    return [
        _select(kpi.source, kpi.time, [above], kpi.where, *asked),
        _select(kpi.denominator_source, other, [below], "1", *asked),
    ]


def siblings(kpi: Kpi, kpis: Iterable[Kpi]) -> list[Kpi]:
    """The entries that count the same rows as ``kpi``: one statement answers all of them, so that they cost one."""
    if kpi.denominator_source or kpi.kind == "query":
        return [kpi]
    same = (kpi.source, kpi.time, kpi.where)
    ordinary = (one for one in kpis if not one.denominator_source and one.kind != "query")
    return [one for one in ordinary if (one.source, one.time, one.where) == same]


def has_dimension(fact: str, name: str) -> bool:
    """Whether rows of ``fact`` can be split and filtered by ``name``."""
    spec = RELATIONS[fact]
    if name in ("region", "segment") and _customer(fact):
        return True
    if name == "region" and spec.column("site"):
        return True
    column = spec.column(name)
    return (column is not None and column.kind in ("text", "choice")) or (name == "customer" and _customer(fact) != "")


def dates(part: Part, zone: str) -> tuple[date, date]:
    """First and last day of a part that begins and ends at midnights of ``zone``."""
    local = ZoneInfo(zone)
    return part.start.astimezone(local).date(), (part.end - timedelta(milliseconds=1)).astimezone(local).date()


def _select(
    fact: str, time: str, formulas: Sequence[Formula], where: str, parts: Sequence[Part], step: int, by: str,
    narrow: Narrow, days: Workdays, zone: str, now: datetime,
) -> Statement:  # fmt: skip
    params: dict[str, Param] = {**days.params, "start": days.start, "end": days.end, "now": now}
    named = words(where).union(*(words(formula) for one in formulas for formula in one))
    axes = {axis: wanted for axis in AXES if (wanted := getattr(narrow, axis))}
    joined = bool({by, *axes} & {"region", "segment"}) and _customer(fact) != ""
    site = "site" if _has(fact, "site") else ""
    shared = {name: SHARED[name] for name in SHARED if name in named}
    if "recorded_day" in named:
        shared["recorded_day"] = day_of("recorded", site)
    columns = sorted((named - {*SHARED, *DAYS}) | _owned(fact, {by, *axes}, joined=joined))
    dated = _kind(fact, time) == "day"
    conditions = [f"({where})", *(() if dated else (f"{time} >= {_START}", f"{time} < {_END}"))]
    outer = ["half >= 0"]
    for axis, wanted in axes.items():
        params[axis] = wanted
        place = outer if axis in ("region", "segment") else conditions
        place.append(f"{_axis(fact, axis)} = {{{axis}:String}}")
    day = f"toInt64(assumeNotNull({time}))" if dated else day_of(time, site)
    inner = ", ".join([*columns, *(f"{sql} AS {name}" for name, sql in shared.items()), f"{day} AS d"])
    chosen = "".join(f", {'d AS day' if name == 'day' else name}" for name in sorted(named))
    key = f"toString({_axis(fact, by)})" if by else "''"
    sql = f"""SELECT half, t, k, [{", ".join(map(_figures, formulas))}] AS figures
FROM (
    SELECT {_half(parts, zone, params)} AS half, {_BUCKETS[step]} AS t, {key} AS k{chosen}
    FROM (
        SELECT {inner} FROM {{{fact}:Identifier}}
        WHERE {" AND ".join(conditions)}
    ) AS f{_ACCOUNTS % _customer(fact) if joined else ""}
    WHERE {" AND ".join(outer)}
)
GROUP BY half, t, k ORDER BY half, t, k"""  # noqa: S608 - formulas of the catalog and fixed fragments, no values
    return Statement(sql, params)


def _figures(one: Formula) -> str:
    value = f"toFloat64(ifNull({one.value}, 0))"
    sums = f"sum({value}), sum({value} * {value}), count()" if one.value != "0" else "0., 0., count()"
    return f"(toFloat64({one.above}), toFloat64({one.below}), toUInt64({one.samples}), {sums})"


def _half(parts: Sequence[Part], zone: str, params: dict[str, Param]) -> str:
    chosen = []
    for index, part in enumerate(parts):
        first, last = dates(part, zone)
        params[f"p{index}_first"], params[f"p{index}_last"] = number(first), number(last)
        chosen.append(f"d BETWEEN {{p{index}_first:Int64}} AND {{p{index}_last:Int64}}, {part.half}")
    return f"multiIf({', '.join(chosen)}, -1)"


def _axis(fact: str, name: str) -> str:
    """SQL for a dimension: the fact's own column, else that of its account, else that of its site."""
    own = _has(fact, name)
    if name == "customer":
        return _customer(fact)
    if name not in ("region", "segment") or (own and not _customer(fact)):
        return name
    if _customer(fact):
        return f"if({name} != '', toString({name}), a_{name})" if own else f"a_{name}"
    return "transform(toString(site), {sites:Array(String)}, {regions:Array(String)}, '')"


def _owned(fact: str, axes: set[str], *, joined: bool) -> set[str]:
    """Columns of the fact that the dimensions need."""
    own = {axis for axis in axes if axis and _has(fact, axis)}
    customer = {_customer(fact)} if joined or "customer" in axes else set()
    return own | customer | ({"site"} if "region" in axes and not joined and _has(fact, "site") else set())


def _customer(fact: str) -> str:
    return next((name for name in ("customer", "account") if _has(fact, name)), "")


def _has(fact: str, name: str) -> bool:
    return RELATIONS[fact].column(name) is not None


def _kind(fact: str, name: str) -> str:
    column = RELATIONS[fact].column(name)
    return column.kind if column else ""
