"""The back-test: whether the score foretold who left within 90 days."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics.customers import backtest as tests
from lopan.analytics.customers.backtest import Backtest
from lopan.control.principal import Principal
from lopan.web import export, navigation, performance, render
from lopan.web.api import PROBLEMS, Asker, answer
from lopan.web.auth import signed_in
from lopan.web.customers import seen, sheets, words
from lopan.web.parts import parts_of
from lopan.web.shape import model

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=PROBLEMS)


@router.get("/customers/backtest")
async def page(request: Request, reader: Annotated[Principal, Depends(signed_in)]) -> Response:
    """How well the score and its parts told who left from who stayed, and who left by band of the score."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts = parts_of(request)
    found = await seen.customers(parts).backtests.run()
    alerts = await performance.active_alerts(parts, reader)
    context = {"test": found, "words": words, "least": tests.LEAST, "ahead": tests.AHEAD}
    context["firing"] = performance.firing(alerts)
    return render.page(request, "customers/backtest.html", context, principal=reader)


@router.get("/customers/backtest/{name}.{form}")
async def file(
    request: Request,
    reader: Annotated[Principal, Depends(signed_in)],
    name: Literal["parts", "bands"],
    form: export.Form,
) -> Response:
    """The back-test as a file: by part of the score, or by band."""
    navigation.require(reader, navigation.CUSTOMERS)
    parts = parts_of(request)
    found = await seen.customers(parts).backtests.run()
    make = sheets.backtest if name == "parts" else sheets.bands
    return await export.answer(request, make(found, parts.config.timezone), form)


@machines.get("/backtest", response_model=model(Backtest))
async def backtest(request: Request, asker: Asker) -> Response:
    """Did health scores foretell who left within 90 days: AUC of the score and its parts, and churn by band."""
    navigation.require(asker, navigation.CUSTOMERS)
    return answer(request, await seen.customers(parts_of(request)).backtests.run())
