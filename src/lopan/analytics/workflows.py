"""Workflows: how many runs pass the ordered steps inside the window, where the others stop, and how long steps take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec

from lopan.analytics.features import share
from lopan.analytics.intervals import wilson, z_shares
from lopan.analytics.local import bounds, midnight, today
from lopan.analytics.metric import Point, Status, Trend
from lopan.analytics.scope import Scope
from lopan.analytics.statements import statement
from lopan.analytics.status import Goal, status, trend
from lopan.catalog.product import Product, Workflow, titled
from lopan.clock import Clock
from lopan.store import Param, Readers

Entry = Literal["first", "any"]
MIN_RUNS = 30
"""Below it a share is shown with its interval, and no trend is claimed."""

Rows = Mapping[tuple[str, str], Mapping[tuple[str, int], Mapping[str, Any]]]
_NONE: Mapping[tuple[str, int], Mapping[str, Any]] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step, passed by ``reached`` runs, ``share`` in per cent of those started.

    ``dropped`` runs got to the step before (for step 1: were started) and no further. Seconds are exact order
    statistics (linear between neighbours): ``median_s`` and ``p90_s`` since the step before, ``elapsed_s`` the median
    since the start; None when nobody passed it, 0 for step 1 of an app that reports a step only when it is done.
    """

    name: str
    reached: int
    share: float | None
    dropped: int
    drop_off: float | None
    median_s: float | None
    p90_s: float | None
    elapsed_s: float | None


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Runs by one entry mode. ``completion`` in per cent of ``started``, None without any; bounds at 95 %.

    An entry is an event of step 1 in any status. ``first``: the steps follow the run's first entry. ``any``: the best
    of its entries, each with a window of its own.
    ``median_s`` and ``p90_s`` from entry to the last step.
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
    """One workflow over the days ``first_day`` to ``last_day`` on which its runs began.

    ``pending`` runs are younger than the window and not judged yet. ``previous`` is the completion (first entry) of
    as many days before, ``change`` in percentage points. ``series``: completion by day, first entry.
    """

    id: str
    title: str
    description: str
    first_day: date
    last_day: date
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


class Workflows:
    """Funnels from the store, by the definitions of ``product``."""

    def __init__(self, readers: Readers, product: Product, clock: Clock, zone: str = "UTC") -> None:
        self._readers = readers
        self._product = product
        self._clock = clock
        self._zone = zone

    async def funnels(self, first: date, last: date, scope: Scope = Scope()) -> list[WorkflowUse]:
        """Every defined workflow, in the order of the files."""
        wanted = list(self._product.workflows.values())
        return await self._funnels(wanted, first, last, scope)

    async def funnel(self, name: str, first: date, last: date, scope: Scope = Scope()) -> WorkflowUse:
        """One workflow; raises Rejected for a name without a definition."""
        (found,) = await self._funnels([self._product.workflow(name)], first, last, scope)
        return found

    async def _funnels(self, wanted: list[Workflow], first: date, last: date, scope: Scope) -> list[WorkflowUse]:
        if not wanted:
            return []
        now = self._clock.now()
        last = min(last, today(now, self._zone))
        first = min(first, last)
        earlier = first - (last + timedelta(days=1) - first)
        start, end = bounds(earlier, last, self._zone)
        widest = timedelta(seconds=max(workflow.window_s for workflow in wanted))
        params: dict[str, Param] = {
            **parameters(wanted),
            "zone": self._zone,
            "project": scope.project,
            "axis": scope.axis,
            "name": scope.name,
            "start": start,
            "end": end,
            "from": start - widest,
            "to": end + 2 * widest,
            "now": now,
            "first": first.isoformat(),
        }
        table = await self._readers.rows(statement("workflow_funnels"), params)
        found: dict[str, dict[tuple[str, str], dict[tuple[str, int], Mapping[str, Any]]]] = {}
        for row in table.to_pylist():
            label = found.setdefault(row["workflow"], {}).setdefault((row["axis"], row["name"]), {})
            label[row["mode"], row["stage"]] = row
        return [self._use(workflow, found.get(workflow.id, {}), first, last, now) for workflow in wanted]

    def _use(self, workflow: Workflow, rows: Rows, first: date, last: date, now: datetime) -> WorkflowUse:
        everyone, before = rows.get(("", ""), _NONE), rows.get(("before", ""), _NONE)
        one, earlier = _funnel(workflow, everyone, "first"), _funnel(workflow, before, "first")
        pending = int(everyone["first", 0]["reached"]) if ("first", 0) in everyone else 0
        goal = Goal("%", workflow.target, workflow.warning, workflow.critical)
        change = _minus(one.completion, earlier.completion)
        z = z_shares(one.completed, one.started, earlier.completed, earlier.started)
        enough = min(one.started, earlier.started) >= MIN_RUNS
        return WorkflowUse(
            id=workflow.id,
            title=titled(workflow, workflow.id),
            description=workflow.description,
            first_day=first,
            last_day=last,
            window_s=workflow.window_s,
            definition=definition(workflow),
            started=one.started + pending,
            pending=pending,
            first=one,
            any=_funnel(workflow, everyone, "any"),
            target=workflow.target,
            status=status(goal, one.completion),
            previous=earlier.completion,
            change=change,
            trend=trend(goal, change or 0.0, earlier.completion or 0.0, z, enough=enough),
            enough=one.started >= MIN_RUNS,
            roles=self._splits(workflow, rows, "role"),
            releases=self._splits(workflow, rows, "release"),
            series=self._series(workflow, rows, first, last, now),
        )

    def _splits(self, workflow: Workflow, rows: Rows, axis: str) -> list[Split]:
        """Roles in the order of the definitions, releases by how many runs they saw; one not stamped comes last."""
        known = list(self._product.roles)
        splits = []
        for name in (name for found, name in rows if found == axis):
            one, other = (_funnel(workflow, rows[axis, name], entry) for entry in ("first", "any"))
            title = titled(self._product.roles.get(name), name) if axis == "role" else name
            splits.append(Split(key=name, title=title, first=one, any=other, enough=one.started >= MIN_RUNS))
        if axis == "role":
            place = {name: index for index, name in enumerate(known)}
            return sorted(splits, key=lambda split: (not split.key, place.get(split.key, len(known)), split.key))
        return sorted(splits, key=lambda split: (not split.key, -split.first.started, split.key))

    def _series(self, workflow: Workflow, rows: Rows, first: date, last: date, now: datetime) -> list[Point]:
        points = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            found = _funnel(workflow, rows.get(("day", day.isoformat()), _NONE), "first")
            settled = midnight(day + timedelta(days=1), self._zone) + timedelta(seconds=workflow.window_s)
            points.append(Point(midnight(day, self._zone), found.completion, found.started, settled > now))
        return points


def parameters(workflows: Iterable[Workflow]) -> dict[str, list[str] | list[int]]:
    """The definitions as the statements take them; a pair is one text with a line break between its halves."""
    workflows = list(workflows)
    offsets = [sum(len(earlier.steps) for earlier in workflows[:index]) for index in range(len(workflows))]
    return {
        "workflows": [workflow.id for workflow in workflows],
        "steps": [f"{workflow.id}\n{step}" for workflow in workflows for step in workflow.steps],
        "offsets": offsets,
        "widths": [workflow.window_s * 1000 for workflow in workflows],
        "keys": [str(workflow.key) for workflow in workflows],
        "passed": [f"{workflow.id}\n{word}" for workflow in workflows for word in workflow.passed],
    }


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


def _funnel(workflow: Workflow, rows: Mapping[tuple[str, int], Mapping[str, Any]], entry: Entry) -> Funnel:
    """Stage 1 is the entry, stage 2 the first step."""
    found = [rows.get((entry, stage)) for stage in range(1, len(workflow.steps) + 2)]
    reached = [int(row["reached"]) if row else 0 for row in found]
    started, completed = reached[0], reached[-1]
    steps = []
    for stage, name in enumerate(workflow.steps, start=1):
        row, dropped = found[stage], reached[stage - 1] - reached[stage]
        steps.append(
            Step(
                name=name,
                reached=reached[stage],
                share=share(reached[stage], started),
                dropped=dropped,
                drop_off=share(dropped, reached[stage - 1]),
                median_s=row["since_stage"][0] if row else None,
                p90_s=row["since_stage"][1] if row else None,
                elapsed_s=row["since_start"][0] if row else None,
            )
        )
    last, bound = found[-1], wilson(completed, started)
    return Funnel(
        entry=entry,
        started=started,
        completed=completed,
        completion=share(completed, started),
        low=100 * bound.low if bound else None,
        high=100 * bound.high if bound else None,
        steps=steps,
        median_s=last["since_start"][0] if last else None,
        p90_s=last["since_start"][1] if last else None,
    )


def _minus(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
