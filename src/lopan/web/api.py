"""The read API: every figure and alert by machine, under the access rules of the pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.alerts import history
from lopan.alerts.history import AlertView
from lopan.analytics.metric import Filters
from lopan.catalog import DAY, MONTH, WEEK, Kpi
from lopan.control.principal import Principal
from lopan.errors import LopanError, Rejected
from lopan.web import access, compress, export, query, schema, sheets
from lopan.web.auth import signed_in
from lopan.web.parts import parts_of

Asker = Annotated[Principal, Depends(signed_in)]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": schema.ProblemModel, "description": "A parameter is wrong: `place` names it."},
    401: {"model": schema.ProblemModel, "description": "No session and no API token."},
    403: {"model": schema.ProblemModel, "description": "Your access level does not include this."},
    404: {"model": schema.ProblemModel, "description": "There is no such thing."},
    503: {"model": schema.ProblemModel, "description": "The store is busy; Retry-After says when to ask again."},
}

Found = TypeVar("Found")
_BUCKETS = {"": None, "day": DAY, "week": WEEK, "month": MONTH}

router = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


class NotFound(LopanError):
    """There is nothing under this name: 404."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


@router.get("/metrics", response_model=schema.EntriesModel)
async def metrics(request: Request, asker: Asker) -> Response:
    """The KPIs that you may see, as the catalog defines them."""
    kpis = parts_of(request).catalog.kpis.values()
    return answer(request, {"metrics": [_entry(kpi) for kpi in kpis if access.may(asker, kpi.group)]})


@router.get("/metrics/{id}", response_model=schema.MetricModel)
async def metric(
    request: Request,
    asker: Asker,
    id: str,  # noqa: A002 - the name in the address
    since: Annotated[
        str, Query(alias="from", description="ISO 8601 with a zone, `now`, or back from now: `-24h`.")
    ] = "-24h",
    until: Annotated[str, Query(alias="to", description="The end of the range, not included.")] = "now",
    by: Annotated[str, Query(description="A dimension of the KPI: adds `groups`.")] = "",
    release: Annotated[str, Query(description="Only this release.")] = "",
    device: Annotated[str, Query(description="Only this device.")] = "",
    role: Annotated[str, Query(description="Only people of this role, as it was at the event.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
    site: Annotated[str, Query(description="Only this site.")] = "",
    product: Annotated[str, Query(description="Only this product.")] = "",
    customer: Annotated[str, Query(description="Only this customer.")] = "",
    region: Annotated[str, Query(description="Only this region, of the fact, else of its customer or site.")] = "",
    segment: Annotated[str, Query(description="Only customers of this segment.")] = "",
    known: Annotated[str, Query(description="A day: figures of facts as they were known when it ended.")] = "",
    bucket: Annotated[
        Literal["", "day", "week", "month"], Query(description="Buckets of the series, for figures of facts.")
    ] = "",
    compare: Annotated[
        str,
        Query(
            description="Adds `versus`: `previous`, a period as `FROM..TO`, or the same range of `release:NAME`, "
            "`device:NAME`, `role:NAME`, `site:NAME`, `product:NAME`, `customer:NAME`, `region:NAME` or `segment:NAME`."
        ),
    ] = "",
    form: Annotated[
        Literal["json", "csv", "parquet"],
        Query(alias="format", description="As a file: the series, or the groups when `by` is given."),
    ] = "json",
) -> Response:
    """One KPI: value, status, trend, series, groups when `by` is given, and `versus` when `compare` is."""
    parts = parts_of(request)
    kpi = parts.catalog.kpis.get(id)
    if kpi is None:
        raise NotFound("id", f"there is no metric {id[:64]!r}; GET /api/v1/metrics lists those there are")
    access.require(asker, kpi.group)
    narrow = {name: request.query_params.get(name, "") for name in Filters.__struct_fields__}
    asked = query.parse({"from": since, "to": until, "by": by, "compare": compare, **narrow}, parts.clock.now())
    step = _BUCKETS[bucket]
    found = await parts.kpis.metric(id, asked.span, asked.filters, asked.by, step, against=asked.against)
    if form == "json":
        return answer(request, found)
    table = (sheets.groups if by else sheets.series)(id, [found], asked, parts.config.timezone)
    return await export.answer(request, table, form)


@router.get("/alerts", response_model=schema.AlertsModel)
async def alerts(
    request: Request,
    asker: Asker,
    state: Annotated[Literal["active", "history"], Query(description="Open alerts, or closed ones.")] = "active",
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many of the history.")] = 100,
    before: Annotated[int | None, Query(ge=1, description="Only alerts with a smaller id: the next page.")] = None,
) -> Response:
    """Alerts on the KPIs that you may see: the most severe first, the history newest first."""
    engine, groups = parts_of(request).engine, access.groups_of(asker)
    if state == "active":
        found = await anyio.to_thread.run_sync(partial(history.active, engine, groups))
    else:
        found = await anyio.to_thread.run_sync(partial(history.recent, engine, groups, limit, before))
    return answer(request, {"alerts": found})


@router.get("/alerts/{id}", response_model=schema.AlertModel)
async def alert(request: Request, asker: Asker, id: int) -> Response:  # noqa: A002 - the name in the address
    """One alert with its history and what was sent to whom."""
    return answer(request, await find_alert(request, asker, id))


async def find(read: Callable[..., Found], *given: object) -> Found:
    """What ``read`` finds, asked in a thread of its own; raises NotFound with the reason for which it finds nothing."""
    try:
        return await anyio.to_thread.run_sync(read, *given)
    except Rejected as error:
        raise NotFound(error.place, error.reason) from None


async def find_alert(request: Request, asker: Principal, number: int) -> AlertView:
    """The alert of that number; raises NotFound, or Forbidden for one on a KPI that ``asker`` may not see."""
    found = await find(history.one, parts_of(request).engine, number)
    access.require(asker, found.group)
    return found


def answer(request: Request, content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON as msgspec writes it, compressed as the asker takes it."""
    body, coding = compress.answer(msgspec.json.encode(content), request.headers)
    return Response(body, status, {**(headers or {}), **coding}, media_type="application/json")


def _entry(kpi: Kpi) -> dict[str, object]:
    copied = ("id", "title", "description", "unit", "better", "group", "target", "warning", "critical", "definition")
    return {**{name: getattr(kpi, name) for name in copied}, "dimensions": kpi.dimensions}
