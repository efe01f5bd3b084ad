"""From samples to intervals: one machine's states with a beginning and an end, and the pieces made in each.

Pure: what it knows is a value that can be written down, so that a restart goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

import msgspec

from lopan.connect.mqtt.machines import Machine, State
from lopan.connect.mqtt.payload import Value
from lopan.connect.mqtt.session import Sample

LOST = "connection lost"
_CONTEXT = ("reason", "order", "product", "operator")


class Interval(msgspec.Struct, kw_only=True):
    """Times in milliseconds since 1970; ``ended`` None is still so."""

    started: int
    ended: int | None = None
    state: State
    reason: str = ""
    order: str = ""
    product: str = ""
    operator: str = ""
    good: float = 0.0
    scrap: float = 0.0
    ideal_cycle_s: float | None = None


class Known(msgspec.Struct, kw_only=True):
    """What is known of a machine: the interval that is open, what its metrics say, its counters, when it was heard.

    ``gap`` is the last stretch without a connection, which what was kept in the device meanwhile may still fill.
    """

    path: str
    open: Interval | None = None
    gap: Interval | None = None
    values: dict[str, str] = {}
    counters: dict[str, float] = {}
    heard: int = 0
    lost: bool = False


class Tracker:
    """Follows one work unit; ``changed`` are intervals to be loaded, by when they started, ``switched`` says whether
    there is more to them than counts.
    """

    def __init__(self, machine: Machine, known: Known) -> None:
        self.machine, self.known = machine, known
        self.changed: dict[int, Interval] = {}
        self.switched = False

    def hear(self, samples: Iterable[Sample], now: int) -> None:
        """Take in what one message says; values without a time, and those of a clock ahead, are of ``now``."""
        timed = [(min(one.at or now, now), one) for one in samples]
        for (historical, at), same in groupby(
            sorted(timed, key=lambda pair: (not pair[1].historical, pair[0])),
            key=lambda pair: (pair[1].historical, pair[0]),
        ):
            values = {one.name: one.value for _, one in same if one.value is not None}
            if historical:
                self._fill(values, at)
            else:
                self._go_on(values, at)
        self.known.heard = max(self.known.heard, *(at for at, _ in timed), 0)

    def lose(self, at: int) -> None:
        """Nobody can say what the machine does from ``at`` on: idle, for the reason that the connection is lost."""
        if self.known.open is None or self.known.lost:
            return
        self.known.lost = True
        self._switch(max(at, self.known.open.started), "idle", {"reason": LOST})

    def _go_on(self, values: Mapping[str, Value], at: int) -> None:
        known = self.known
        self._count(values)
        self._note(values)
        state = self._state(known.values)
        if state is None or (known.open is not None and at < known.open.started):
            return
        context = {name: known.values.get(name, "") for name in _CONTEXT}
        cycle = _number(known.values.get("ideal_cycle_s"))
        if known.lost and known.open is not None:
            known.lost, known.gap = False, known.open
        elif known.open is not None and _same(known.open, state, context, cycle):
            return
        self._switch(at, state, context, cycle)

    def _fill(self, values: Mapping[str, Value], at: int) -> None:
        """What a device kept while it could not be heard; its counters were counted when it came back."""
        gap, machine = self.known.gap, self.machine
        if (
            gap is None
            or machine.state not in values
            or at < gap.started
            or (gap.ended is not None and at >= gap.ended)
        ):
            return
        state = self._translated(str(values[machine.state]))
        reason = str(values.get(machine.reason, "")) if machine.reason else ""
        if at == gap.started:
            gap.state, gap.reason = state, reason
        elif (gap.state, gap.reason) != (state, reason):
            self.changed[gap.started] = msgspec.structs.replace(gap, ended=at)
            gap = Interval(started=at, ended=gap.ended, state=state, reason=reason)
        self.known.gap, self.switched = gap, True
        self.changed[gap.started] = gap

    def _switch(self, at: int, state: State, context: Mapping[str, str], cycle: float | None = None) -> None:
        before = self.known.open
        following = msgspec.structs.replace(Interval(started=at, state=state, ideal_cycle_s=cycle), **context)
        if before is not None and before.started == at:
            following.good, following.scrap = before.good, before.scrap
        elif before is not None:
            before.ended = at
            self.changed[before.started] = before
        self.known.open, self.switched = following, True
        self.changed[at] = following

    def _count(self, values: Mapping[str, Value]) -> None:
        """Pieces belong to the time before the reading: to what is open until now."""
        for name in ("good", "scrap"):
            metric = getattr(self.machine, name)
            reading = _number(values.get(metric)) if metric else None
            if reading is None:
                continue
            before = self.known.counters.get(name)
            self.known.counters[name] = reading
            if before is not None and self.known.open is not None and reading != before:
                made = _made(before, reading, self.machine.wraps_at)
                setattr(self.known.open, name, getattr(self.known.open, name) + made)
                self.changed[self.known.open.started] = self.known.open

    def _note(self, values: Mapping[str, Value]) -> None:
        for name in ("state", "ideal_cycle_s", *_CONTEXT):
            metric = getattr(self.machine, name)
            if metric and metric in values:
                self.known.values[name] = _text(values[metric])[:200]

    def _state(self, values: Mapping[str, str]) -> State | None:
        return self._translated(values["state"]) if "state" in values else None

    def _translated(self, text: str) -> State:
        return self.machine.states.get(text, self.machine.otherwise)


def _made(before: float, reading: float, wraps_at: int) -> float:
    """Pieces between two readings: a smaller one comes after a reset to 0, or past the end of the counter."""
    if reading >= before:
        return reading - before
    past = wraps_at - before + reading
    return past if wraps_at and past < wraps_at / 2 else reading


def _same(open_: Interval, state: State, context: Mapping[str, str], cycle: float | None) -> bool:
    alike = all(getattr(open_, name) == value for name, value in context.items())
    return open_.state == state and alike and open_.ideal_cycle_s == cycle


def _number(value: Value) -> float | None:
    try:
        found = float(value) if value is not None else None
    except ValueError:
        return None
    return found if found is not None and 0 <= found <= 1e12 else None


def _text(value: Value) -> str:
    """As the keys of ``states`` are written: 3 and not 3.0, true and not True."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
