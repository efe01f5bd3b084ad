"""Workflows: how many runs pass the ordered steps inside the window, where the others stop, and how long steps take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec

from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.daily import Daily, over
from lopan.analytics.days import Days
from lopan.analytics.features import share
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.metric import Point, Status, Trend
from lopan.analytics.status import Goal, status, trend
from lopan.catalog.product import Product, Workflow, titled
from lopan.clock import Clock
from lopan.store import Param, Readers

Entry = Literal["first", "any"]
ENTRIES: tuple[Entry, ...] = ("first", "any")
MIN_RUNS = 30
"""Below it a share is shown with its interval, and no trend is claimed."""

_FOREVER = datetime(2100, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step, passed by ``reached`` runs, ``share`` in per cent of those started.

    ``dropped`` runs got to the step before (for step 1: were started) and no further. ``median_s`` and ``p90_s`` are
    exact seconds since the step before (linear between neighbours), by first entry alone; None when nobody passed it,
    0 for step 1 of an app that reports a step only when it is done.
    """

    name: str
    reached: int
    share: float | None
    dropped: int
    drop_off: float | None
    median_s: float | None
    p90_s: float | None


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Runs by one entry mode. ``completion`` in per cent of ``started``, None without any; bounds at 95 %.

    An entry is an event of step 1 in any status. ``first``: the steps follow the run's first entry. ``any``: the best
    of its entries, each with a window of its own.
    ``median_s`` and ``p90_s`` from entry to the last step, by first entry alone.
    """

    entry: Entry
    started: int
    completed: int
    completion: float | None
    low: float | None
    high: float | None
    steps: list[Step]
    median_s: float | None
    p90_s: float | None


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of one role or release, as stamped on the event that began the run."""

    key: str
    title: str
    first: Funnel
    any: Funnel
    enough: bool


class WorkflowUse(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow over the ``dates`` on which its runs began.

    ``pending`` runs of those ``started`` are younger than the window and not judged yet. ``previous`` is the
    completion (first entry) of as many days before, ``change`` in percentage points. ``series``: completion by day,
    first entry. The latest events of the days ``late`` are not counted yet.
    """

    id: str
    title: str
    description: str
    dates: Dates
    audience: Audience
    window_s: int
    definition: str
    started: int
    pending: int
    first: Funnel
    any: Funnel
    target: float | None
    status: Status
    previous: float | None
    change: float | None
    trend: Trend
    enough: bool
    roles: list[Split]
    releases: list[Split]
    series: list[Point]
    late: list[date]


class Workflows:
    """Funnels from the days' runs, by the definitions of ``product``; days not over yet come from raw events."""

    def __init__(self, days: Days, readers: Readers, product: Product, clock: Clock) -> None:
        self._days = days
        self._readers = readers
        self._product = product
        self._clock = clock
        self._daily = daily(product)

    async def funnels(
        self, dates: Dates, audience: Audience = Audience(), *, history: bool = True
    ) -> list[WorkflowUse]:
        """Every defined workflow, in the order of the files. Raises Rejected for a filter on two axes.

        Without ``history`` there is nothing to compare with: no ``previous``, and a ``series`` without values.
        """
        return await self._funnels(list(self._product.workflows.values()), dates, audience, history)

    async def funnel(self, name: str, dates: Dates, audience: Audience = Audience()) -> WorkflowUse:
        """One workflow; raises Rejected for a name without a definition."""
        (found,) = await self._funnels([self._product.workflow(name)], dates, audience)
        return found

    async def _funnels(
        self, wanted: list[Workflow], dates: Dates, audience: Audience, history: bool = True
    ) -> list[WorkflowUse]:
        if not wanted:
            return []
        now = self._clock.now()
        last = min(dates.last, self._days.today())
        dates = Dates(min(dates.first, last), last)
        both = Dates(dates.first - DAY * len(dates), dates.last)
        asked = [("workflow_funnels", dates), ("workflow_history", both)][: 1 + history]
        axis, name = audience.axis
        own: dict[str, Param] = {"wanted": [one.id for one in wanted], "axis": axis, "name": name}
        sources = [await self._days.rows(self._daily, one, audience.number) for _, one in asked]
        found, *days = await asyncio.gather(
            *(
                self._readers.rows(over("runs", rows.sql, query), {**rows.params, **own}, lasting=rows.lasting)
                for rows, (query, _) in zip(sources, asked, strict=True)
            )
        )
        late = sorted({day for rows in sources for day in rows.late})
        parts: dict[str, list[Row]] = {}
        for row in found.to_pylist():
            parts.setdefault(row["workflow"], []).append(row)
        past: dict[str, dict[date, Row]] = {}
        for row in (row for table in days for row in table.to_pylist()):
            past.setdefault(row["workflow"], {})[row["day"]] = row
        return [
            self._use(one, parts.get(one.id, []), past.get(one.id, {}), dates, audience, late, now) for one in wanted
        ]

    def _use(
        self, workflow: Workflow, rows: list[Row], past: Mapping[date, Row],
        dates: Dates, audience: Audience, late: list[date], now: datetime,
    ) -> WorkflowUse:  # fmt: skip
        whole = next((row for row in rows if not row["of_role"] and not row["of_release"]), _EMPTY)
        one = _funnel(workflow, whole, "first")
        begun = int(whole["begun"])
        before = [row["first"] for day, row in past.items() if day < dates.first]
        started, completed = sum(first[0] for first in before), sum(first[-1] for first in before)
        goal = Goal("%", workflow.target, workflow.warning, workflow.critical)
        previous = share(completed, started)
        change = None if one.completion is None or previous is None else one.completion - previous
        z = z_shares(one.completed, one.started, completed, started)
        return WorkflowUse(
            id=workflow.id,
            title=titled(workflow, workflow.id),
            description=workflow.description,
            dates=dates,
            audience=audience,
            window_s=workflow.window_s,
            definition=definition(workflow),
            started=begun,
            pending=begun - one.started,
            first=one,
            any=_funnel(workflow, whole, "any"),
            target=workflow.target,
            status=status(goal, one.completion),
            previous=previous,
            change=change,
            trend=trend(goal, change or 0.0, previous or 0.0, z, enough=min(one.started, started) >= MIN_RUNS),
            enough=one.started >= MIN_RUNS,
            roles=self._splits(workflow, rows, "role"),
            releases=self._splits(workflow, rows, "release"),
            series=[self._point(workflow, day, past.get(day, _EMPTY), now) for day in dates],
            late=late,
        )

    def _splits(self, workflow: Workflow, rows: list[Row], axis: Literal["role", "release"]) -> list[Split]:
        """Roles in the order of the definitions, releases by how many runs they saw; one not stamped comes last."""
        splits = []
        for row in rows:
            if row[f"of_{axis}"]:
                name = row[axis]
                one, other = (_funnel(workflow, row, entry) for entry in ENTRIES)
                title = titled(self._product.roles.get(name), name) if axis == "role" else name
                splits.append(Split(key=name, title=title, first=one, any=other, enough=one.started >= MIN_RUNS))
        known = {name: index for index, name in enumerate(self._product.roles)} if axis == "role" else {}
        return sorted(
            splits, key=lambda split: (not split.key, known.get(split.key, len(known)), -split.first.started, split.key)
        )

    def _point(self, workflow: Workflow, day: date, row: Row, now: datetime) -> Point:
        first = row["first"] or [0]
        settled = begin(day + DAY, self._days.zone) + timedelta(seconds=workflow.window_s)
        return Point(begin(day, self._days.zone), share(int(first[-1]), int(first[0])), int(first[0]), settled > now)


def daily(product: Product) -> Daily:
    """The table of the days, with the definitions that it depends on; a pair is one text with a line break in it.

    A day is closed when runs that began on it can't get any further: after two windows of the slowest workflow.
    """
    workflows = list(product.workflows.values())
    widest = timedelta(seconds=max((workflow.window_s for workflow in workflows), default=0))
    return Daily(
        table="workflow_days",
        columns=("workflow", "axis", "name", "role", "release", "begun", "first", "any", "gaps", "totals"),
        back=widest,
        ahead=2 * widest,
        params={
            "workflows": [workflow.id for workflow in workflows],
            "steps": [f"{workflow.id}\n{step}" for workflow in workflows for step in workflow.steps],
            "offsets": _offsets(workflows),
            "stages": [len(workflow.steps) + 1 for workflow in workflows],
            "widths": [workflow.window_s * 1000 for workflow in workflows],
            "keys": [str(workflow.key) for workflow in workflows],
            "passed": [f"{workflow.id}\n{word}" for workflow in workflows for word in workflow.passed],
            "now": _FOREVER,
        },
        sliced=True,
        ages=True,
    )


def _offsets(workflows: Iterable[Workflow]) -> list[int]:
    """How many steps the workflows before each one have."""
    offsets, total = [], 0
    for workflow in workflows:
        offsets.append(total)
        total += len(workflow.steps)
    return offsets


def definition(workflow: Workflow) -> str:
    """The formula in one line."""
    run = {
        "instance": "one id of one person, or a person's local day where no id was sent",
        "shared": "one id, whoever sends it, or a person's local day where no id was sent",
        "user": "a person's local day",
    }[workflow.key]
    steps = " > ".join(workflow.steps)
    done, begun = f"runs that passed {steps} within {workflow.window}", f"runs begun at least {workflow.window} ago"
    return f"100 x {done} / {begun}; run = {run}"


_EMPTY: Row = {"begun": 0, "first": [], "any": [], "gaps": [], "totals": []}


def _funnel(workflow: Workflow, row: Row, entry: Entry) -> Funnel:
    """Stage 0 is the entry, stage 1 the first step."""
    stages = len(workflow.steps) + 1
    reached = [int(number) for number in row[entry]] or [0] * stages
    started, completed = reached[0], reached[-1]
    timed = entry == "first"
    steps = []
    for stage, name in enumerate(workflow.steps, start=1):
        dropped = reached[stage - 1] - reached[stage]
        median, p90 = _seconds(row["gaps"][stage - 1]) if timed and reached[stage] else (None, None)
        steps.append(
            Step(
                name=name,
                reached=reached[stage],
                share=share(reached[stage], started),
                dropped=dropped,
                drop_off=share(dropped, reached[stage - 1]),
                median_s=median,
                p90_s=p90,
            )
        )
    bound = wilson(completed, started)
    median, p90 = _seconds(row["totals"]) if timed and completed else (None, None)
    return Funnel(
        entry=entry,
        started=started,
        completed=completed,
        completion=share(completed, started),
        low=100 * bound.low if bound else None,
        high=100 * bound.high if bound else None,
        steps=steps,
        median_s=median,
        p90_s=p90,
    )


def _seconds(milliseconds: Iterable[float]) -> tuple[float, float]:
    """Median and p90."""
    median, p90 = milliseconds
    return median / 1000, p90 / 1000
