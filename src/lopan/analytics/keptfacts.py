"""Relations of facts that are kept in the store: computed once for all who ask, and again when a fact has changed.

Whether it has is asked of the engine itself, so that it does not matter who brought facts or took them back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Final, NamedTuple

from lopan.analytics.daily import statement
from lopan.store import Param, Store
from lopan.store.facts import now as view

GRACE_S = 120.0
"""Versions that nothing refers to any more are deleted so much later: statements that read them have ended by then."""

_SWEPT = 20
_DAY = 86_400
_BEGAN = "intDiv(toUnixTimestamp64Milli(started), 86400000)"


class Relation(NamedTuple):
    """``sql/<name>.sql`` with its ``columns`` in ``kept_<name>``, and the ``facts`` that it is made of."""

    name: str
    columns: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def table(self) -> str:
        """What it is kept in."""
        return f"kept_{self.name}"

    @property
    def sql(self) -> str:
        """What computes it."""
        return f"{{{self.name}:Identifier}}"

    def fill(self, name: str, table: str = "", **parts: str) -> str:
        """A statement about what is kept of the relation, or about another ``table`` of the same columns."""
        text = statement(name)
        for part, filling in {"table": table or self.table, "columns": ", ".join(self.columns), **parts}.items():
            text = text.replace(f"<{part}>", filling)
        return text


TICKETS: Final = Relation(
    "tickets",
    (
        *("ticket", "begun", "customer", "priority", "category", "channel", "opened", "responded", "due", "resolved"),
        *("reopened", "reversed", "hours", "business_hours", "sla_hours"),
    ),
    ("ticket_event", "shift"),
)
ORDERS: Final = Relation(
    "orders",
    (
        *("source", "order", "customer", "site", "region", "lines", "due", "delivered"),
        *("on_time", "in_full", "documents", "condition", "accurate"),
    ),
    ("order_line",),
)
SHIFTS: Final = Relation(
    "unit_shifts",
    (
        *("work_unit", "site", "shift", "started", "ended", "planned_s", "production_s", "setup_s", "delay_s"),
        *("down_s", "planned_down_s", "idle_s", "good", "made", "ideal_good_s", "ideal_s", "unrated"),
    ),
    ("work_unit_state", "shift"),
)
_OPEN = f"open_{SHIFTS.name}"
RELATIONS: Final[Mapping[str, Relation]] = {one.name: one for one in (TICKETS, ORDERS, SHIFTS)}

Stamps = Mapping[str, tuple[int, ...]]
"""By fact, what changes with its rows."""

Whole = Callable[[str], str]
"""Writes out what a statement names."""


class Read(NamedTuple):
    """What to select a relation from: a SELECT and its parameters."""

    sql: str
    params: Mapping[str, Param]


class _State:
    """What is kept of one relation: the version of each part, and of which state of the facts."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.stamp: Stamps | None = None
        self.versions: dict[int, int] = {}


class _Days(_State):
    """Parts are days of UTC from 1970. ``prints``: of what states say of each; ``computed``: what a day rests on.

    ``longest`` shift in days; on ``waits`` a state goes on that has pieces. ``open``: versions of the days that are not
    over, by the moment they are of and the first of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calendar: object = None
        self.longest = 1
        self.prints: dict[int, int] = {}
        self.waits: set[int] = set()
        self.computed: dict[int, int] = {}
        self.open: dict[tuple[datetime, int], int] = {}
        self.today = 0

    def rests_on(self, day: int) -> int:
        """All that a shift which began on the day can reach, in one number."""
        return hash(tuple(self.prints.get(one, 0) for one in range(day, day + self.longest + 1)))

    def closed(self, first: int, today: int) -> int:
        """The day from which on, at the earliest ``first``, time alone changes what is there."""
        waiting = (max(first, day - self.longest) for day in self.waits if day >= first)
        return max(first, min([today - self.longest, *waiting]))


class KeptFacts:
    """Belongs to one event loop; the store is asked on a thread of its own. One for all who ask about one store.

    Tickets and orders are computed anew as a whole. Work units by shift are kept by the day on which the shift began;
    those of the last days, which may still go on, once for each moment that is asked about.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kept")
        self._last = 0
        self._whole = {one.name: _State() for one in (TICKETS, ORDERS)}
        self._days = _Days()
        self._gone: deque[tuple[float, str, int]] = deque()
        self._begun: set[str] = set()

    async def read(self, name: str, stamps: Stamps, whole: Whole, given: Mapping[str, Param]) -> Read:
        """The relation as it is now, which is what ``stamps`` say or newer. Raises what ``Store.execute`` raises.

        ``given`` are the parameters of the statement that names it.
        """
        relation = RELATIONS[name]
        own = {**{fact: view(fact) for fact in relation.facts}, **given}
        stamps = {fact: stamps[fact] for fact in relation.facts if fact in stamps}
        state = self._whole.get(name, self._days)
        async with state.turn:
            if isinstance(state, _Days):
                return await self._by_day(state, whole, own, stamps)
            return await self._at_once(relation, state, whole, own, stamps)

    def close(self) -> None:
        """Take no more work; what runs ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _at_once(
        self, relation: Relation, state: _State, whole: Whole, own: Mapping[str, Param], stamps: Stamps
    ) -> Read:
        if not _covers(state.stamp, stamps):
            (version,) = self._reserve(1)
            insert = relation.fill("kept_insert", rows=whole(relation.sql), version="{version:UInt64}", where="1")
            await self._insert(relation, state, insert, {**own, "version": version}, {0: version})
            state.stamp = stamps
        return Read(relation.fill("kept_rows"), {relation.table: list(state.versions.values())})

    async def _by_day(self, state: _Days, whole: Whole, own: Mapping[str, Param], stamps: Stamps) -> Read:
        now, start, end = (_moment(own[name]) for name in ("now", "start", "end"))
        if not _covers(state.stamp, stamps) or state.today != _day(now):
            await self._look(state, own, stamps, _day(now))
        kept = range(_day(start), min(state.closed(_day(start), _day(now)), _day(end) + 1))
        if due := [day for day in kept if state.computed.get(day) != state.rests_on(day)]:
            await self._compute(state, whole, own, due)
        rows, params = SHIFTS.fill("kept_rows"), {SHIFTS.table: [state.versions[day] for day in kept]}
        if kept.stop > _day(end):
            return Read(rows, params)
        version = await self._opened(state, whole, own, now, kept.stop)
        return Read(f"{rows}\nUNION ALL\n{SHIFTS.fill('kept_rows', _OPEN)}", {**params, _OPEN: [version]})

    async def _opened(self, state: _Days, whole: Whole, own: Mapping[str, Param], now: datetime, first: int) -> int:
        """The version of the days from ``first`` on as they are at the moment ``now``."""
        asked = (now, first)
        if asked not in state.open:
            (version,) = self._reserve(1)
            rows, where = whole(SHIFTS.sql), f"{_BEGAN} >= {{first:Int64}}"
            insert = SHIFTS.fill("kept_insert", _OPEN, rows=rows, version="{version:UInt64}", where=where)
            span = {"start": _begin(first), "end": _begin(_day(now) + 1)}
            await self._write(_OPEN, insert, {**own, **span, "version": version, "first": first})
            self._leave(_OPEN, [one for (moment, _), one in state.open.items() if moment != now])
            state.open = {key: one for key, one in state.open.items() if key[0] == now} | {asked: version}
            await self._sweep()
        return state.open[asked]

    async def _look(self, state: _Days, own: Mapping[str, Param], stamps: Stamps, today: int) -> None:
        """Find out which days have changed: all of them with the calendar, else those whose states are others now.

        Again on a new day, as a state that goes on reaches one day more.
        """
        longest = await self._rows(statement("shift_longest"), own)
        prints = await self._rows(statement("shift_prints"), own)
        if (calendar := stamps.get("shift")) != state.calendar:
            state.computed.clear()
        state.calendar, state.stamp, state.today = calendar, stamps, today
        self._leave(_OPEN, state.open.values())
        state.open = {}
        state.longest = max(1, longest[0]["days"] if longest else 1)
        state.prints = {row["day"]: row["print"] for row in prints}
        state.waits = {row["day"] for row in prints if row["waits"]}

    async def _compute(self, state: _Days, whole: Whole, own: Mapping[str, Param], days: Sequence[int]) -> None:
        numbers = self._reserve(days[-1] + 1 - days[0])
        insert = SHIFTS.fill(
            "kept_insert",
            rows=whole(SHIFTS.sql),
            version=f"toUInt64({{version:UInt64}} + {_BEGAN} - {{first:Int64}})",
            where=f"has({{days:Array(Int64)}}, {_BEGAN})",
        )
        span = {"start": _begin(days[0]), "end": _begin(days[-1] + 1 + state.longest)}
        more: dict[str, Param] = {**span, "version": numbers.start, "first": days[0], "days": list(days)}
        resting = {day: state.rests_on(day) for day in days}
        await self._insert(SHIFTS, state, insert, {**own, **more}, {day: numbers[day - days[0]] for day in days})
        state.computed |= resting

    async def _insert(
        self, relation: Relation, state: _State, insert: str, params: Mapping[str, Param], versions: Mapping[int, int]
    ) -> None:
        await self._write(relation.table, insert, params)
        self._leave(relation.table, [state.versions[part] for part in versions if part in state.versions])
        state.versions |= versions
        await self._sweep()

    async def _write(self, table: str, insert: str, params: Mapping[str, Param]) -> None:
        if table not in self._begun:
            await self._call(partial(self._store.execute, SHIFTS.fill("kept_begin", table)))
            self._begun.add(table)
        await self._call(partial(self._store.execute, insert, _used(insert, params)))

    def _leave(self, table: str, versions: Iterable[int]) -> None:
        at = asyncio.get_running_loop().time()
        self._gone.extend((at, table, version) for version in versions)

    async def _rows(self, text: str, params: Mapping[str, Param]) -> list[dict[str, Any]]:
        found = await self._call(partial(self._store.query, text, _used(text, params)))
        return list(found.to_pylist()) if found.num_columns else []

    def _reserve(self, number: int) -> range:
        self._last += number
        return range(self._last - number + 1, self._last + 1)

    async def _sweep(self) -> None:
        before = asyncio.get_running_loop().time() - GRACE_S
        if sum(at < before for at, _, _ in self._gone) < _SWEPT:
            return
        gone: dict[str, list[int]] = {}
        while self._gone and self._gone[0][0] < before:
            _, table, version = self._gone.popleft()
            gone.setdefault(table, []).append(version)
        for table, versions in gone.items():
            delete = SHIFTS.fill("kept_delete", table)
            await self._call(partial(self._store.execute, delete, {"versions": versions}))

    async def _call(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _covers(known: Stamps | None, asked: Stamps) -> bool:
    """Whether what was computed is of these rows or newer ones: another reader may have looked earlier."""
    return known is not None and known.keys() == asked.keys() and all(known[one] >= asked[one] for one in asked)


def _used(text: str, params: Mapping[str, Param]) -> dict[str, Param]:
    return {name: value for name, value in params.items() if f"{{{name}:" in text}


def _moment(value: Param) -> datetime:
    assert isinstance(value, datetime)
    return value


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // _DAY)


def _begin(day: int) -> datetime:
    return datetime.fromtimestamp(day * _DAY, UTC)


@cache
def keepable(text: str) -> tuple[str, ...]:
    """The relations of which something is kept that a statement names."""
    return tuple(name for name in RELATIONS if f"{{{name}:Identifier}}" in text)
