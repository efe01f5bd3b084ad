"""What a fault touched, for machines and for the page of an alert."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.alerts.history import AlertView
from lopan.analytics.impact import KINDS, OF_KPI, Fault
from lopan.analytics.metric import Span
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access, query
from lopan.web.api import PROBLEMS, Asker, NotFound, answer, find_alert
from lopan.web.customers import seen
from lopan.web.customers.crashes import fault_of
from lopan.web.customers.seen import Touched
from lopan.web.parts import Parts, parts_of
from lopan.web.shape import model

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)

GROUP_OF = {"crash": "crashes", "error": "crashes", "killed": "crashes", "memory": "memory"}
"""The access group that decides who may see what a fault of a kind touched; performance for the others."""


def groups_of_play(parts: Parts, playbook: str) -> frozenset[str]:
    """The access groups of the advice that names a playbook."""
    rules = parts.customers.judging.rules.values() if parts.customers else ()
    return frozenset({seen.HEALTH}) if any(rule.playbook == playbook for rule in rules) else frozenset()


def require(reader: Principal, what: str) -> None:
    """Raise Forbidden for whom faults of that kind are not."""
    access.require(reader, GROUP_OF.get(what, "networkLatency" if "request" in what else "performance"))


async def of_alert(parts: Parts, reader: Principal, alert: AlertView) -> Touched | None:
    """What happened while the alert was on touched; None for a KPI without events of its own, and without contracts.

    The range begins one window before the alert did: the figure that raised it is of that window.
    """
    what = OF_KPI.get(alert.kpi)
    if what is None or parts.impacts is None:
        return None
    begun, ended = alert.started_at, alert.resolved_at or parts.clock.now()
    span = Span(begun - timedelta(seconds=alert.window_s), max(ended, begun))
    labels = {name: value for name, value in alert.labels.items() if name in ("release", "device", "role")}
    project = alert.labels.get("project", "")
    fault = Fault(what, alert.threshold, project=int(project) if project.isdecimal() else 0, **labels)
    return seen.impact(await parts.impacts.of(fault, span), reader)


@machines.get("/impact", response_model=model(Touched))
async def impact(
    request: Request,
    asker: Asker,
    alert: Annotated[int, Query(description="The number of an alert: what happened while it was on.")] = 0,
    group: Annotated[str, Query(description="The id of a crash group, as /api/v1/crashes has it.")] = "",
    what: Annotated[str, Query(description=f"Without `alert`: {', '.join(KINDS)}.")] = "crash",
    beyond: Annotated[float, Query(description="The threshold, for launches, requests, memory and frames.")] = 0.0,
    since: Annotated[
        str, Query(alias="from", description="ISO 8601 with a zone, `now`, or back from now: `-24h`.")
    ] = "-24h",
    until: Annotated[str, Query(alias="to", description="The end of the range, not included.")] = "now",
    release: Annotated[str, Query(description="Only this release: what a regression touched.")] = "",
    device: Annotated[str, Query(description="Only this device.")] = "",
    role: Annotated[str, Query(description="Only people of this role.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
) -> Response:
    """Customers, people, workflows and revenue that a crash group, an alert or a regression touched.

    Everyone who may see the fault gets counts; names need customerHealth, money needs revenue.
    """
    parts = parts_of(request)
    if alert:
        found = await find_alert(request, asker, alert)
        touched = await of_alert(parts, asker, found)
        if touched is None:
            raise NotFound("alert", f"no events are counted for {found.kpi}; there are some for {', '.join(OF_KPI)}")
        return answer(request, touched)
    if what not in KINDS:
        raise Rejected("what", f"can be {', '.join(KINDS)}, not {what[:30]!r}")
    require(asker, what)
    narrow = {"release": release, "device": device, "role": role, "project": project}
    asked = query.parse({"from": since, "to": until, **narrow}, parts.clock.now())
    fault = fault_of(what, beyond, group, asked)
    return answer(request, seen.impact(await seen.impacts(parts).of(fault, asked.span), asker))
