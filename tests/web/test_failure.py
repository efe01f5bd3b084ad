from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from tests.web.silent import silent_app

from lopan.errors import GiveUp, Rejected, TryAgain
from lopan.web.headers import POLICY

if TYPE_CHECKING:
    from tests.conftest import ManualClock


@pytest.fixture
def app(engine: Engine, clock: ManualClock) -> FastAPI:
    return silent_app(engine, clock)


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
