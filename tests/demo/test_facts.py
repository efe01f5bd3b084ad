"""Every planted fact, computed from the rows in plain numpy: what the pages must show is really there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from lopan.demo import facts, history
from lopan.demo.facts import FACTS, NEW_FEATURE, STRUGGLING, STUCK, TROUBLED
from lopan.demo.fleet import DAY_MS, PEOPLE, customers, fleet
from lopan.demo.product import REGRESSED

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZERO = round(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1000) // DAY_MS
TYPES = ("app_launch", "action", "workflow", "feedback", "session")
Values = NDArray[Any]


class Month:
    """The default history, for the questions below; days are relative to the last one."""

    def __init__(self) -> None:
        people = fleet(7, END.date(), PEOPLE)
        start = history.begin(END)
        records = history.records(people, start, END, since=start)
        self.table = pa.concat_tables([pa.Table.from_batches([one]) for one in records], promote_options="default")

    def column(self, name: str, type_: str = "") -> Values:
        table = self.table.filter(pc.equal(self.table["type"], type_)) if type_ else self.table
        column = table[name].cast(pa.int64()) if pa.types.is_timestamp(table[name].type) else table[name]
        return np.array(column.to_numpy())

    def days(self, type_: str = "") -> Values:
        return np.asarray(self.column("time", type_)) // DAY_MS - ZERO

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """[people, days from the first to the last]: who did something when."""
        _, who = np.unique(self.column("user"), return_inverse=True)
        days = self.days() - self.days().min()
        seen = np.zeros((who.max() + 1, days.max() + 1), bool)
        seen[who, days] = True
        return seen

    def adopted(self, role: str, first: int, last: int) -> float:
        """Share of the role's people active in [first, last] who completed the new feature in it."""
        here = (self.days() >= first) & (self.days() <= last) & (self.column("role") == role)
        used = here & (self.column("feature") == NEW_FEATURE) & (self.column("action") == "complete")
        users = self.column("user")
        return len(set(users[used])) / len(set(users[here]))

    def step(self, ours: bool) -> tuple[float, float]:
        """Share of instances that started the step and never completed it; median seconds of a completed one."""
        rows = self.table.filter(pc.equal(self.table["workflow"], TROUBLED))
        rows = rows.filter(pc.equal(rows["step"], STUCK))
        rows = rows.filter(pc.equal(rows["role"], STRUGGLING) if ours else pc.not_equal(rows["role"], STRUGGLING))
        begun: dict[tuple[str, str], int] = {}
        ended: dict[tuple[str, str], int] = {}
        names = ("user", "instance", "status")
        times = rows["time"].cast(pa.int64()).to_pylist()
        for user, instance, status, at in zip(*(rows[name].to_pylist() for name in names), times, strict=True):
            if status == "started":
                begun[user, instance] = min(at, begun.get((user, instance), at))
            elif status == "completed":
                ended[user, instance] = at
        took = [(ended[run] - began) / 1000 for run, began in begun.items() if run in ended]
        return 1 - len(took) / len(begun), float(np.median(took))

    def back(self, first: int, last: int, low: int, high: int) -> float:
        """Of those first seen in [first, last] (not before), the share seen again low to high days later."""
        last_day = self.active.shape[1] - 1
        began = self.active.argmax(axis=1) - last_day
        cohort = np.flatnonzero((began >= first) & (began <= last))
        return float(np.mean([self.active[i, (at := began[i] + last_day) + low : at + high + 1].any() for i in cohort]))

    def scores(self, scale: str, ours: bool | None = None) -> Values:
        wanted = self.column("scale", "feedback") == scale
        if ours is not None:
            wanted = wanted & ((self.column("role", "feedback") == STRUGGLING) == ours)
        return np.asarray(self.column("score", "feedback")[wanted], float)

    def single(self) -> float:
        _, counts = np.unique(np.array([bytes(one) for one in self.table["session"].to_pylist()]), return_counts=True)
        return float(np.mean(counts == 1))

    def resurrected(self) -> float:
        """Share of people with a pause of nine days or more between two days of use."""
        pauses = [np.diff(np.flatnonzero(days)).max(initial=0) for days in self.active]
        return float(np.mean(np.array(pauses) > facts.AWAY_DAYS[0]))

    def late(self) -> float:
        return float(np.mean(self.column("received") - self.column("time") > 3_600_000))

    def hurt(self, type_: str) -> Values:
        return np.asarray(self.column("customer", type_) == customers()[facts.HURT])

    def scanner(self) -> Values:
        """Crashes of the label scanner."""
        return np.array(["LabelScanner" in (stack or "") for stack in self.column("stack", "crash")])

    def hurt_crashes(self) -> float:
        broken = self.column("release", "session") >= REGRESSED
        return float(self.scanner().sum() / (self.hurt("session") & broken).sum())

    def hurt_use(self) -> float:
        days = self.days("session")[self.hurt("session")]
        return float(np.sum((days >= -14) & (days < 0)) / np.sum((days >= -30) & (days < -16)))

    def newcomers(self) -> float:
        began = self.active.argmax(axis=1) - (self.active.shape[1] - 1)
        return float(np.mean(np.bincount(began[began >= -14] + 14, minlength=14)[:14]))

    def nps(self) -> float:
        scores = self.scores("nps")
        return float(100 * (np.mean(scores >= 9) - np.mean(scores <= 6)))


DIP, SOUND = (-19, -14), (-27, -20)
COMPUTED: dict[str, Callable[[Month], float]] = {
    "daily_users": lambda month: float(month.active[:, -5:-1].sum(axis=0).mean()),
    "new_feature_adoption": lambda month: month.adopted("salesperson", -7, -1),
    "new_feature_growth": lambda month: month.adopted("salesperson", -7, -1) / month.adopted("salesperson", -14, -8),
    "new_feature_least": lambda month: month.adopted("warehouseKeeper", -7, -1),
    "new_feature_before": lambda month: month.adopted("salesperson", -30, -13),
    "step_lost": lambda month: month.step(ours=True)[0],
    "step_lost_others": lambda month: month.step(ours=False)[0],
    "step_seconds": lambda month: month.step(ours=True)[1],
    "step_seconds_others": lambda month: month.step(ours=False)[1],
    "dip_d7": lambda month: month.back(*DIP, 7, 13),
    "sound_d7": lambda month: month.back(*SOUND, 7, 13),
    "csat": lambda month: float(month.scores("csat").mean()),
    "csat_struggling": lambda month: float(month.scores("csat", ours=True).mean()),
    "csat_others": lambda month: float(month.scores("csat", ours=False).mean()),
    "nps": Month.nps,
    "newcomers": Month.newcomers,
    "resurrected": Month.resurrected,
    "hurt_crashes": Month.hurt_crashes,
    "hurt_only": lambda month: float(month.hurt("crash")[month.scanner()].mean()),
    "hurt_use": Month.hurt_use,
    "single_event": Month.single,
    "late": Month.late,
}


@pytest.fixture(scope="module")
def month() -> Month:
    return Month()


@pytest.mark.parametrize("name", FACTS)
def test_the_fact_is_in_the_rows(month: Month, name: str) -> None:
    fact = FACTS[name]
    assert fact.low <= COMPUTED[name](month) <= fact.high


def test_every_figure_is_a_fact() -> None:
    assert COMPUTED.keys() == FACTS.keys()
