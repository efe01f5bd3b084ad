"""The trackers of one connection: fed by what the broker says, loaded as facts, written down for the next start."""

from __future__ import annotations

import msgspec
import pyarrow as pa
from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.connect import check
from lopan.connect.load import Loader
from lopan.connect.mqtt.machines import Machine, machine_of
from lopan.connect.mqtt.session import Heard, Sample
from lopan.connect.mqtt.tracker import Interval, Known, Tracker
from lopan.connect.stage import schema
from lopan.control import pulls
from lopan.fact import SPECS

FACT = "work_unit_state"
_SPEC = SPECS[FACT]


class Taken(msgspec.Struct):
    """Intervals by key with work unit and site, and what is to be written down of each work unit."""

    rows: dict[str, tuple[str, str, Interval]] = msgspec.field(default_factory=dict)
    states: dict[str, bytes] = msgspec.field(default_factory=dict)


class Keep:
    """All but ``load`` belongs to the event loop. Times are in milliseconds since 1970."""

    def __init__(self, engine: Engine, loader: Loader, clock: Clock, connection: str, machines: list[Machine]) -> None:
        self._engine, self._loader, self._clock = engine, loader, clock
        self._connection, self._machines = connection, machines
        self._trackers: dict[str, Tracker] = {}
        for unit, written in pulls.machines(engine, connection).items():
            known = msgspec.json.decode(written, type=Known)
            if (machine := machine_of(machines, known.path)) is not None:
                self._trackers[unit] = Tracker(machine, known)

    @property
    def edges(self) -> set[str]:
        """The nodes of the machines that are known."""
        return {"/".join(one.known.path.split("/")[:2]) for one in self._trackers.values()}

    def hear(self, heard: Heard, now: int) -> None:
        """Take in what a message meant."""
        by_path: dict[str, list[Sample]] = {}
        for sample in heard.samples:
            by_path.setdefault(sample.path, []).append(sample)
        for path, samples in by_path.items():
            machine = machine_of(self._machines, path)
            if machine is not None:
                unit = machine.unit(path)
                tracker = self._trackers.setdefault(unit, Tracker(machine, Known(path=path)))
                tracker.hear(samples, now)
        if heard.death is not None:
            self.lose(heard.death.path, heard.death.at or now)

    def lose(self, path: str, at: int | None = None) -> None:
        """The devices at and below ``path`` can't be heard from ``at`` on; None: since each was heard last."""
        for tracker in self._trackers.values():
            if tracker.known.path == path or tracker.known.path.startswith(f"{path}/"):
                tracker.lose(tracker.known.heard if at is None else at)

    def urgent(self) -> bool:
        """Whether a state has changed since the last load; counts alone may wait."""
        return any(tracker.switched for tracker in self._trackers.values())

    def take(self) -> Taken:
        """What has changed since the last time, as it is at this moment."""
        taken = Taken()
        for unit, tracker in self._trackers.items():
            for started, interval in tracker.changed.items():
                row = (unit, tracker.machine.site, msgspec.structs.replace(interval))
                taken.rows[f"{unit}@{started}"] = row
            tracker.changed, tracker.switched = {}, False
            taken.states[unit] = msgspec.json.encode(tracker.known)
        return taken

    def put_back(self, taken: Taken) -> None:
        """It could not be loaded: it is still to be, where nothing newer is."""
        for unit, _, interval in taken.rows.values():
            tracker = self._trackers[unit]
            tracker.changed.setdefault(interval.started, interval)
            tracker.switched = True

    def load(self, taken: Taken) -> int:
        """Load what was taken, then write down what is known; returns how many intervals that were. Blocks."""
        if taken.rows:
            with self._loader.stage(FACT, self._connection, "Sparkplug B", "connection") as (_, made):
                assert made is not None
                made.write(_block(taken.rows))
        pulls.keep_machines(self._engine, self._connection, taken.states)
        return len(taken.rows)


def _block(rows: dict[str, tuple[str, str, Interval]]) -> pa.RecordBatch:
    wanted = schema(_SPEC)
    made = {column.name: [check.blank(column).as_py()] * len(rows) for column in _SPEC.columns}
    for place, (unit, site, interval) in enumerate(rows.values()):
        for name, value in {**msgspec.structs.asdict(interval), "work_unit": unit, "site": site}.items():
            made[name][place] = value
    columns: dict[str, list[object] | pa.Array] = {
        "key": list(rows),
        "modified": [None] * len(rows),
        "recorded": [None] * len(rows),
        "deleted": [False] * len(rows),
        **made,
    }
    return pa.RecordBatch.from_arrays([pa.array(columns[field.name], field.type) for field in wanted], schema=wanted)
