"""The pages, one function an address; who may open which stands in ``navigation``."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.alerts import history
from lopan.alerts.history import AlertView
from lopan.analytics.metric import Filters, Span
from lopan.control.principal import Principal
from lopan.web import access, charts, export, marks, navigation, performance, reference, render, sheets
from lopan.web.api import NotFound, find_alert
from lopan.web.auth import current, signed_in
from lopan.web.customers import touched, words
from lopan.web.marks import Mark
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
PER_PAGE = 50
_AROUND = timedelta(hours=1)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root(reader: Reader) -> Response:
    """On to the first page that the reader may see."""
    return RedirectResponse(navigation.home(reader), 303)


@router.get("/welcome")
async def welcome(request: Request, reader: Reader) -> Response:
    """The home of levels whose figures no page shows yet."""
    return await framed(request, reader, "welcome.html")


@router.get("/performance")
async def figures(request: Request, reader: Reader) -> Response:
    """Launch time, frame rate, memory and crash-free sessions."""
    return await performance.page(request, navigation.require(reader, navigation.PERFORMANCE))


@router.get("/performance/{table}.{form}")
async def figures_file(
    request: Request, reader: Reader, table: Literal["trends", "comparison"], form: Literal["csv", "parquet"]
) -> Response:
    """The trends or the comparison of the Performance page as a file."""
    return await performance.table(request, navigation.require(reader, navigation.PERFORMANCE), table, form)


@router.get("/alerts")
async def alerts(request: Request, reader: Reader, before: int | None = None) -> Response:
    """Open alerts and the history, a page at a time."""
    engine, groups = parts_of(request).engine, access.groups_of(reader)
    past = await anyio.to_thread.run_sync(partial(history.recent, engine, groups, PER_PAGE + 1, before))
    more = past[PER_PAGE - 1].id if len(past) > PER_PAGE else None
    channels = await anyio.to_thread.run_sync(history.channels, engine)
    dead = [channel for channel in channels if channel.dead_since] if _operates(reader) else []
    return await framed(request, reader, "alerts.html", past=past[:PER_PAGE], more=more, before=before, dead=dead)


@router.get("/alerts/history.{form}")
async def alerts_file(request: Request, reader: Reader, form: Literal["csv", "parquet"]) -> Response:
    """The newest 500 alerts that the reader may see, open ones too, as a file."""
    parts = parts_of(request)
    engine, groups = parts.engine, access.groups_of(reader)
    found = await anyio.to_thread.run_sync(history.active, engine, groups)
    past = await anyio.to_thread.run_sync(partial(history.recent, engine, groups, history.MOST))
    return await export.answer(request, sheets.alerts([*found, *past], parts.config.timezone), form)


@router.get("/alerts/{number}")
async def alert(request: Request, reader: Reader, number: int) -> Response:
    """One alert: its course, what was sent, and what to do."""
    parts = parts_of(request)
    found = await find_alert(request, reader, number)
    charted, span, marked = await _course(parts, reader, found)
    playbook = parts.playbooks.get(found.playbook)
    context: dict[str, object] = {"alert": found, "playbook": playbook, "chart_data": charted, "span": span}
    context |= {"marks": marked, "impact": await touched.of_alert(parts, reader, found), "words": words}
    return await framed(request, reader, "alert.html", **context, may_act=access.may(reader, access.ADMINISTRATION))


@router.get("/playbooks/{name}")
async def steps(request: Request, reader: Reader, name: str) -> Response:
    """One playbook; the KPI or the advice that names it decides who may read it."""
    found = parts_of(request).playbooks.get(name)
    if found is None:
        raise NotFound("playbook", f"there is no playbook {name[:64]!r}")
    kpis = parts_of(request).catalog.kpis.values()
    groups = {kpi.group for kpi in kpis if kpi.playbook == name} | touched.groups_of_play(parts_of(request), name)
    if not any(access.may(reader, group) for group in groups):
        raise access.Forbidden(f"the playbook {name}")
    return await framed(request, reader, "playbook.html", playbook=found)


@router.get("/sources")
async def sources(request: Request, reader: Reader) -> Response:
    """What comes in, and how to make more come in."""
    navigation.require(reader, navigation.SOURCES)
    intake = parts_of(request).intake
    found = await intake.sources() if intake is not None else []
    followed = parts_of(request).connections
    connected = await followed.states() if followed is not None else []
    return await framed(request, reader, "sources.html", sources=found, connected=connected)


@router.get("/sources.{form}")
async def sources_file(request: Request, reader: Reader, form: Literal["csv", "parquet"]) -> Response:
    """What came in by project as a file."""
    navigation.require(reader, navigation.SOURCES)
    parts = parts_of(request)
    found = await parts.intake.sources() if parts.intake is not None else []
    return await export.answer(request, sheets.sources(found, parts.config.timezone), form)


@router.get("/docs")
async def docs(request: Request, reader: Annotated[Principal | None, Depends(current)]) -> Response:
    """The read API, from the OpenAPI document that machines read; open to everybody, as it tells no figures."""
    document = request.app.openapi()
    context = {"about": document["info"]["description"], "operations": reference.operations(document)}
    if reader is None:
        return render.page(request, "docs.html", context)
    return await framed(request, reader, "docs.html", **context)


def _operates(reader: Principal) -> bool:
    return navigation.may_open(reader, navigation.SOURCES)


async def framed(
    request: Request, reader: Principal, template: str, status: int = 200, /, **context: object
) -> Response:
    """A page with what the frame shows about alerts."""
    open_alerts = await performance.active_alerts(parts_of(request), reader)
    context |= {"open_alerts": open_alerts, "firing": performance.firing(open_alerts)}
    return render.page(request, template, context, principal=reader, status=status)


async def _course(parts: Parts, reader: Principal, alert: AlertView) -> tuple[dict[str, object], Span, list[Mark]]:
    """The figure from an hour before the alert to an hour after it, for its chart, with the range and what happened."""
    ended = alert.resolved_at or parts.clock.now()
    span = Span(alert.started_at - _AROUND, min(ended + _AROUND, parts.clock.now()))
    filters = Filters(**{name: alert.labels.get(name, "") for name in Filters.__struct_fields__})
    metric = await parts.kpis.metric(alert.kpi, span, filters)
    marked = await marks.of(parts, reader, span, filters)
    return charts.data(parts.config.timezone, [charts.trend(metric)], marked), span, marked
