from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lopan.errors import Rejected
from lopan.web import csrf

SECRET = "s" * 43
GOOD = {"csrf": csrf.token(SECRET)}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.post("/form")
    async def form(request: Request) -> Response:
        try:
            fields = await csrf.form(request)
            csrf.check(request, fields, SECRET, "https://lopan.example")
        except Rejected as error:
            return JSONResponse(error.place, 400)
        except csrf.Forged:
            return JSONResponse("forged", 403)
        return JSONResponse(fields)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lopan.test:8700") as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://lopan.test:8700"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://lopan.test:8700"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://lopan.test:8700"}, 403),
        ({"Origin": "http://lopan.test:8700"}, 200),
        ({"Origin": "https://lopan.example"}, 200),
        ({"Origin": "https://lopan.test:8700"}, 403),
        ({"Origin": "http://lopan.test"}, 403),
        ({"Origin": "http://lopan.test:8700.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "http://lopan.test:8700/login?next=/"}, 200),
        ({"Referer": "http://evil.example/http://lopan.test:8700"}, 403),
        ({}, 200),
    ],
    ids=str,
)
async def test_the_origin_is_checked(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    assert (await client.post("/form", data=GOOD, headers=headers)).status_code == status


@pytest.mark.parametrize(
    "fields", [{"other": "1"}, {"csrf": ""}, {"csrf": csrf.token("t" * 43)}, {"csrf": SECRET}, {"csrf": "é"}], ids=str
)
async def test_the_token_is_checked(client: httpx.AsyncClient, fields: Mapping[str, str]) -> None:
    assert (await client.post("/form", data=fields)).json() == "forged"


def test_the_token_does_not_reveal_the_secret() -> None:
    assert SECRET not in csrf.token(SECRET)


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        (b"a=" + b"x" * 16_384, FORM, "body"),
        (b"&".join(b"a%d=1" % n for n in range(101)), FORM, "body"),
        (b"a=%ff", FORM, "body"),
        (b"\xff=1", FORM, "body"),
        (b'{"csrf": "x"}', "application/json", "Content-Type"),
        (b"csrf=x", "text/plain", "Content-Type"),
        (b"csrf=x", "", "Content-Type"),
    ],
    ids=["long", "many fields", "escaped bytes", "bytes", "json", "text", "no type"],
)
async def test_what_is_no_form_is_refused(client: httpx.AsyncClient, body: bytes, kind: str, place: str) -> None:
    answer = await client.post("/form", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (400, place)


async def test_fields_are_read(client: httpx.AsyncClient) -> None:
    fields = GOOD | {"email": "a+b@c.d", "password": "p&=%ä ", "empty": ""}
    answer = await client.post("/form", data=fields, headers={"Content-Type": f"{FORM}; charset=utf-8"})
    assert answer.json() == fields
