from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from lopan import catalog
from lopan.analytics.metric import Filters, Metric, Span
from lopan.config import Config
from lopan.errors import GiveUp, Rejected, TryAgain
from lopan.web.app import create_app
from lopan.web.headers import POLICY
from lopan.web.parts import Parts

if TYPE_CHECKING:
    from tests.conftest import ManualClock


class Silence:
    """No figures and no news: what is tested here fails before it would ask."""

    async def metric(
        self,
        name: str,
        span: Span,
        filters: Filters = Filters(),
        by: str = "",
        step: int | None = None,
        *,
        series: bool = True,
    ) -> Metric:
        raise NotImplementedError

    async def dimension_values(self, name: str, span: Span) -> list[str]:
        return []

    async def subscribe(self) -> AsyncIterator[object]:
        return
        yield


@pytest.fixture
def app(engine: Engine, clock: ManualClock) -> FastAPI:
    silence = Silence()
    return create_app(
        Parts(
            config=Config(),
            clock=clock,
            engine=engine,
            catalog=catalog.load(),
            kpis=silence,
            commits=silence,
            changes=silence,
        )
    )


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        pytest.param(Rejected("from", "expected a time"), 400, "expected a time", id="rejected"),
        pytest.param(TryAgain("the store is busy", 2.4), 503, "the store is busy", id="try again"),
        pytest.param(GiveUp("disk full at path"), 500, "the log of the server says what", id="give up"),
        pytest.param(ZeroDivisionError("secret detail"), 500, "the log of the server says what", id="unforeseen"),
    ],
)
@pytest.mark.parametrize("prefix", ["/api/v1", "/page"])
async def test_error_becomes_an_answer(app: FastAPI, error: Exception, status: int, says: str, prefix: str) -> None:
    async def fail() -> None:
        raise error

    app.add_api_route(f"{prefix}/fail", fail)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://lopan.test") as client:
        answer = await client.get(f"{prefix}/fail", headers={"Accept": "text/html"})

    assert answer.status_code == status
    assert says in answer.text
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["content-type"].startswith("application/json" if prefix == "/api/v1" else "text/html")
    assert answer.headers.get("retry-after") == ("3" if isinstance(error, TryAgain) else None)
