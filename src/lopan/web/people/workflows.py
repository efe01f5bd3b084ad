"""The Workflows page: how many runs are completed, at which step the others end, and who struggles there."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.intervals import z_shares
from lopan.analytics.metric import Group, Metric, Span
from lopan.analytics.status import Goal, status
from lopan.analytics.struggle import Struggle, struggles
from lopan.analytics.workflows import MIN_RUNS, Entry, Funnel, Split, WorkflowUse
from lopan.catalog.product import titled
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, export, live, navigation, render
from lopan.web.api import PROBLEMS, Asker, NotFound, answer
from lopan.web.auth import signed_in
from lopan.web.live import Look, Shown
from lopan.web.parts import Parts, parts_of
from lopan.web.people import against, frame, sheets
from lopan.web.people.query import DEFAULT, DayQuery, parse
from lopan.web.shape import model

ENTRIES: Final[dict[Entry, str]] = {"first": "First entry", "any": "Any entry"}
RELEASES: Final = 8
_GROUP: Final = "workflowCompletion"
_OWN: Final = ("workflow", "entry", against.FIELD)
_SEVERITY: Final = ("critical", "warning", "below target", "no data", "meeting", "exceeding")

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class Funnels(msgspec.Struct, frozen=True):
    """Every workflow, and who fails at a step that the others pass (by first entry)."""

    workflows: list[WorkflowUse]
    struggles: list[Struggle]


class Board(msgspec.Struct, frozen=True):
    """All that the page shows about one query; ``chosen`` is the workflow whose funnel is drawn."""

    query: DayQuery
    span: Span
    uses: list[WorkflowUse]
    figures: list[Metric]
    chosen: WorkflowUse | None
    entry: Entry
    trouble: list[Struggle]
    drawn: list[Metric] = []
    """The figure whose course is drawn: that of the chosen workflow, with what it is compared with."""

    @property
    def empty(self) -> bool:
        """True when no run began in the range."""
        return not any(use.started for use in self.uses)

    def funnel(self, one: WorkflowUse | Split) -> Funnel:
        """By the entry mode chosen."""
        return one.any if self.entry == "any" else one.first

    @property
    def worst(self) -> str:
        """The step that loses most runs of the chosen workflow; empty without losses."""
        steps = self.funnel(self.chosen).steps if self.chosen else []
        step = max(steps, key=lambda one: one.dropped, default=None)
        return step.name if step is not None and step.dropped else ""

    @property
    def struggling(self) -> list[Struggle]:
        """Those of the chosen workflow by the entry mode chosen."""
        return struggles(self.chosen, self.entry) if self.chosen else []

    def releases(self) -> list[Split]:
        """The releases with the most runs."""
        return self.chosen.releases[:RELEASES] if self.chosen else []

    def compared(self, splits: list[Split]) -> Metric | None:
        """Completion of ``splits`` on one scale with the whole."""
        return figure(self.chosen, self.span, self.entry, splits) if self.chosen else None

    def struggle(self, axis: str, key: str, step: str) -> Struggle | None:
        """The trouble of one group at one step."""
        held = (one for one in self.struggling if (one.axis, one.key, one.step) == (axis, key, step))
        return next(held, None)

    def title(self, workflow: str) -> str:
        """A workflow as people call it."""
        return next((use.title for use in self.uses if use.id == workflow), workflow)

    def name(self, step: str) -> str:
        """A step as people call it."""
        return titled(None, step)


def figure(use: WorkflowUse, span: Span, entry: Entry = "first", splits: list[Split] | None = None) -> Metric:
    """Completion as a card draws it: judged and compared by first entry."""
    funnel = use.any if entry == "any" else use.first
    goal = Goal(target=use.target)
    held = [(split.key, split.any if entry == "any" else split.first) for split in splits or ()]
    return frame.metric(
        use.id,
        use.title,
        funnel.completion,
        funnel.started,
        span,
        bounds=(funnel.low, funnel.high),
        goal=(use.target, None, None),
        status=use.status,
        trend=use.trend,
        previous=use.previous,
        definition=use.definition,
        description=use.description,
        least=MIN_RUNS,
        series=use.series,
        groups=[
            Group(key, one.completion, one.started, status(goal, one.completion), one.low, one.high)
            for key, one in held
        ],
    )


def read(request: Request) -> DayQuery:
    """The query in the address, with the workflow and the entry mode chosen."""
    parts = parts_of(request)
    asked = parse(request.query_params, parts.clock.now(), parts.zone, (), _OWN)
    if asked.own["entry"] not in ("", *ENTRIES):
        raise Rejected("entry", f"can be {', '.join(ENTRIES)}, not {asked.own['entry'][:20]!r}")
    against.read(asked)
    return asked


async def load(parts: Parts, asked: DayQuery) -> Board:
    """Measure; without a choice the workflow in the most trouble is drawn."""
    uses = await frame.usage(parts).workflows.funnels(asked.dates, asked.audience)
    trouble = sorted((one for use in uses for one in struggles(use)), key=lambda one: one.others - one.lost)
    wanted = asked.own.get("workflow", "")
    if wanted and wanted not in {use.id for use in uses}:
        frame.usage(parts).product.workflow(wanted)
    chosen = next((use for use in uses if use.id == wanted), None)
    if chosen is None and uses:
        troubled = [one.workflow for one in trouble]
        chosen = min(
            uses, key=lambda use: (troubled.index(use.id) if use.id in troubled else len(troubled), _rank(use))
        )
    entry: Literal["first", "any"] = "any" if asked.own.get("entry") == "any" else "first"
    span = frame.span(asked.dates, parts)
    drawn = [await _compared(parts, asked, chosen)] if chosen is not None else []
    return Board(asked, span, uses, [figure(use, span) for use in uses], chosen, entry, trouble, drawn)


async def _compared(parts: Parts, asked: DayQuery, use: WorkflowUse) -> Metric:
    this, other = figure(use, frame.span(asked.dates, parts)), against.read(asked)
    if other is None:
        return this
    found = await frame.usage(parts).workflows.funnel(use.id, other.dates, other.audience)
    one, two = use.first, found.first
    z = z_shares(one.completed, one.started, two.completed, two.started)
    return against.laid(parts, this, figure(found, frame.span(other.dates, parts)), other.label, z)


def _rank(use: WorkflowUse) -> tuple[int, float]:
    return _SEVERITY.index(use.status), use.first.completion if use.first.completion is not None else 100.0


@router.get("/workflows")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """How many runs of each workflow are completed, and where and for whom the others end."""
    navigation.require(reader, navigation.WORKFLOWS)
    parts, asked = parts_of(request), read(request)
    board = await load(parts, asked)
    if board.chosen is not None and not asked.own["workflow"]:
        # What is drawn stays while the page is open, whatever is in the most trouble by then.
        asked = msgspec.structs.replace(asked, own={**asked.own, "workflow": board.chosen.id})
    context = await frame.around(request, reader, navigation.WORKFLOWS, asked)
    chart_data = frame.charted(parts, board.drawn, context["tools"].marks)
    context |= {"board": board, "entries": ENTRIES, "chart_data": chart_data}
    return render.page(request, "people/workflows.html", context, principal=reader)


@router.get("/workflows/{name}.{form}")
async def file(
    request: Request, reader: Annotated[Principal, Depends(signed_in)], name: str, form: export.Form
) -> Response:
    """Funnels of every workflow, or their completion by day, as a file."""
    navigation.require(reader, navigation.WORKFLOWS)
    parts = parts_of(request)
    if name not in ("funnels", "days"):
        raise NotFound("name", f"there is no table {name[:40]!r}; there are funnels and days")
    asked = read(request)
    board, zone = await load(parts, asked), parts.config.timezone
    if name == "days":
        table = sheets.course("workflows-days", board.drawn, asked.dates, asked.audience, zone)
    else:
        table = sheets.funnels(board.uses, zone)
    return await export.answer(request, table, form)


def watch(request: Request, principal: Principal) -> Look:
    """The live half: cards and funnel at once, roles and releases when they are asked for."""
    parts, drawing = parts_of(request), live.drawing(request, "people/workflow_parts.html")
    read(request)

    async def look(*, full: bool) -> Shown:
        board = await load(parts, read(request))
        if board.chosen is None:
            return Shown({})
        drawn = {"verdict": drawing("verdict", board), "funnel": drawing("funnel", board)}
        for use, metric in zip(board.uses, board.figures, strict=True):
            drawn[f"card-{use.id}"] = drawing("card", use, metric)
            drawn[f"facts-{use.id}"] = drawing("facts", use, metric)
        if full:
            drawn |= {"roles": drawing("splits", board, "role"), "releases": drawing("splits", board, "release")}
            drawn["days"] = drawing("days", board)
        drawn["late"] = drawing("late", board.chosen.late)
        if not board.empty:
            drawn["full"] = "yes"
        drawn |= frame.versus(request, board.drawn)
        series = {metric.id: metric.series for metric in board.drawn}
        return Shown(drawn, series, {metric.id: metric for metric in board.drawn})

    return look


@machines.get("/workflows", response_model=model(Funnels))
async def workflows(
    request: Request,
    asker: Asker,
    days: Annotated[str, Query(description="The range: so many days that end today, or with `to`.")] = DEFAULT,
    since: Annotated[str, Query(alias="from", description="The first day, instead of `days`.")] = "",
    to: Annotated[str, Query(description="The last day, included; today when left out.")] = "",
    role: Annotated[str, Query(description="Only runs begun in this role.")] = "",
    release: Annotated[str, Query(description="Only runs begun with this release.")] = "",
    customer: Annotated[str, Query(description="Only runs begun for this customer.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
) -> Response:
    """Every workflow's funnel by both entry modes, by role and release, and who struggles at which step."""
    access.require(asker, _GROUP)
    parts = parts_of(request)
    given = {"days": days, "from": since, "to": to}
    given |= {"role": role, "release": release, "customer": customer, "project": project}
    board = await load(parts, parse(given, parts.clock.now(), parts.zone, ()))
    return answer(request, Funnels(board.uses, board.trouble))
