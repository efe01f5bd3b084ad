"""The Baselines page: what savings are measured against; frozen by one administrator, approved by another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.analytics.business import freeze
from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.calendar import DAY, Dates, begin, local
from lopan.analytics.metric import Metric
from lopan.catalog import MONTH
from lopan.control import baselines
from lopan.control.baselines import Baseline
from lopan.control.principal import Principal
from lopan.errors import GiveUp, Rejected, TryAgain
from lopan.web import access, export, navigation, query
from lopan.web.api import PROBLEMS, answer, find
from lopan.web.auth import auth_of, signed_in
from lopan.web.business import versions
from lopan.web.business.versions import Versions
from lopan.web.pages import framed
from lopan.web.parts import Parts, parts_of
from lopan.web.query import Query
from lopan.web.shape import model

Reader = Annotated[Principal, Depends(signed_in)]
AGAINST: Final = ("labour_productivity_change", "waste_reduction", "cost_per_unit_change")
"""Figures that are measured against the approved version."""

MONTHS: Final = 3
"""Closed months over which they are measured: costs come by the month, so that weeks would say nothing."""

_DECIDE: Mapping[str, Callable[..., Baseline]] = {"approve": baselines.approve, "reject": baselines.reject}

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


@router.get("/business/baselines")
async def page(request: Request, reader: Reader) -> Response:
    """Every version with its main values, what is measured against the approved one, and the form for a new one."""
    navigation.require(reader, navigation.BASELINES)
    return await _page(request, reader)


@router.get("/business/baselines.{form}")
async def file(request: Request, reader: Reader, form: export.Form) -> Response:
    """All versions by site as a file."""
    navigation.require(reader, navigation.BASELINES)
    parts = parts_of(request)
    return await export.answer(request, versions.sheet(await _versions(parts), parts.config.timezone), form)


@router.get("/business/baselines/{version}.{form}")
async def sums(request: Request, reader: Reader, version: int, form: export.Form) -> Response:
    """What one version holds, by site and product, as a file."""
    navigation.require(reader, navigation.BASELINES)
    parts = parts_of(request)
    found = await find(baselines.get, parts.engine, version)
    return await export.answer(request, versions.sums(found, parts.config.timezone), form)


@machines.get("/baselines", response_model=model(Versions))
async def listing(request: Request, asker: Reader) -> Response:
    """What savings are measured against: every version, the newest first, with its state and its main values."""
    navigation.require(asker, navigation.BASELINES)
    return answer(request, await _versions(parts_of(request)))


@router.post("/business/baselines")
async def make(request: Request, reader: Reader) -> Response:
    """Freeze a window and show it; the form again, with the reason, when that fails."""
    access.require(reader, access.ADMINISTRATION)
    fields = await auth_of(request).check_form(request)
    parts = parts_of(request)
    try:
        first, last = baselines.window(_day("first", fields), _day("last", fields), _today(parts))
        known = await freeze.frozen(_ledger(parts), Dates(first, last), Scope(last))
        currency, note = parts.config.business.currency, fields.get("note", "")
        act = partial(baselines.freeze, parts.engine, first, last, currency, known, reader.name, note, parts.clock)
        made = await anyio.to_thread.run_sync(act)
    except (Rejected, TryAgain) as refusal:
        return await _page(request, reader, fields, refusal)
    return RedirectResponse(f"/business/baselines#version-{made.version}", 303)


@router.post("/business/baselines/{version}/{decision}")
async def decide(request: Request, reader: Reader, version: int, decision: Literal["approve", "reject"]) -> Response:
    """Approve or reject one that waits; the page again, with the reason, when that may not be."""
    access.require(reader, access.ADMINISTRATION)
    fields = await auth_of(request).check_form(request)
    parts = parts_of(request)
    await find(baselines.get, parts.engine, version)
    try:
        if decision == "approve" and fields.get("confirm") != "yes":
            raise Rejected("confirm", "tick the box: figures change at once")
        await anyio.to_thread.run_sync(_DECIDE[decision], parts.engine, version, reader.name, parts.clock)
    except Rejected as refusal:
        return await _page(request, reader, {}, refusal)
    if decision == "approve":
        parts.rebased()
    return RedirectResponse(f"/business/baselines#version-{version}", 303)


async def _page(
    request: Request,
    reader: Principal,
    said: Mapping[str, str] | None = None,
    refusal: Rejected | TryAgain | None = None,
) -> Response:
    parts = parts_of(request)
    may_act = access.may(reader, access.ADMINISTRATION)
    found = await _versions(parts)
    over = _over(parts, found)
    metrics, window = await asyncio.gather(_measured(parts, reader, over), _proposed(parts, may_act=may_act))
    context: dict[str, object] = {
        "found": found,
        "metrics": metrics,
        "over": over,
        "query": _asked(parts, over) if over else None,
        "currency": parts.config.business.currency,
        "shortest": baselines.SHORTEST,
        "may_act": may_act,
        "refusal": refusal,
        "today": _today(parts),
        "said": {"first": str(window.first), "last": str(window.last), "note": ""} | dict(said or {}),
    }
    status = {Rejected: 400, TryAgain: 503}.get(type(refusal), 200)
    return await framed(request, reader, "business/baselines.html", status, **context)


async def _versions(parts: Parts) -> Versions:
    found = await anyio.to_thread.run_sync(baselines.listing, parts.engine)
    return versions.shown(found, parts.judging)


def _over(parts: Parts, found: Versions) -> Dates | None:
    """The newest closed months that begin after the approved window; None where there is none to be measured."""
    current = found.current
    if current is None or current.currency != parts.config.business.currency:
        return None
    return freeze.closed(current.last, _today(parts), parts.judging.close_days, MONTHS)


def _asked(parts: Parts, over: Dates) -> Query:
    ends = {"from": begin(over.first, parts.zone).isoformat(), "to": begin(over.last + DAY, parts.zone).isoformat()}
    return query.parse(ends, parts.clock.now(), parts.zone)


async def _measured(parts: Parts, reader: Principal, over: Dates | None) -> list[Metric] | None:
    """What is measured against the approved version; None while the store is busy."""
    if over is None:
        return []
    kpis = [parts.catalog.kpis[name] for name in AGAINST if name in parts.catalog.kpis]
    wanted = [kpi.id for kpi in kpis if access.may(reader, kpi.group)]
    span = _asked(parts, over).span
    try:
        return list(await asyncio.gather(*(parts.kpis.metric(name, span, step=MONTH) for name in wanted)))
    except TryAgain:
        return None


async def _proposed(parts: Parts, *, may_act: bool) -> Dates:
    """The window that the form begins with; the newest days while the store can't say when the roll-out began."""
    today, begun = _today(parts), parts.judging.roi.start
    try:
        if may_act and begun is None:
            begun = await _ledger(parts).begun(Scope(today))
    except TryAgain:
        begun = None
    return freeze.proposed(begun, today)


def _ledger(parts: Parts) -> Ledger:
    if parts.facts is None:
        raise GiveUp("this process reads no business facts")
    return Ledger(parts.facts)


def _today(parts: Parts) -> date:
    return local(parts.clock.now(), parts.zone)


def _day(name: str, fields: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(fields.get(name, ""))
    except ValueError:
        raise Rejected(name, f"expected a day like 2026-01-31; got {fields.get(name, '')[:40]!r}") from None
