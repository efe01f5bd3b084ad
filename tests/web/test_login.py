from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lopan.control import users
from lopan.web import csrf
from lopan.web.access import Forbidden
from lopan.web.auth import Auth, current
from lopan.web.login import Login, login_address, safe_next

if TYPE_CHECKING:
    from tests.conftest import ManualClock

EMAIL, PASSWORD = "ann@example.org", "a quiet harbour"
pytestmark = pytest.mark.usefixtures("quick_hashing")
Connect = Callable[[str], httpx.AsyncClient]


def render(request: Request, template: str, context: Mapping[str, object], status: int) -> Response:
    return JSONResponse({"template": template, **context}, status)


def forbidden(request: Request, error: Exception) -> Response:
    return JSONResponse(str(error), 403)


@pytest.fixture
def app(engine: Engine, clock: ManualClock) -> FastAPI:
    app = FastAPI()
    app.state.auth = Auth(engine, "", clock)
    app.include_router(Login(app.state.auth, render).router())
    app.add_exception_handler(Forbidden, forbidden)

    @app.get("/me")
    async def me(request: Request) -> str | None:
        principal = await current(request)
        return principal.name if principal else None

    users.add(engine, EMAIL, PASSWORD, ["technical"])
    return app


@pytest.fixture
async def connect(app: FastAPI) -> AsyncIterator[Connect]:
    opened: list[httpx.AsyncClient] = []

    def connect(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(address, 40_000))
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://lopan.test"))
        return opened[-1]

    yield connect
    for client in opened:
        await client.aclose()


@pytest.fixture
def browser(connect: Connect) -> httpx.AsyncClient:
    return connect("203.0.113.7")


async def sign_in(
    client: httpx.AsyncClient, password: str = PASSWORD, email: str = EMAIL, **fields: str
) -> httpx.Response:
    shown = (await client.get("/login")).json()
    return await client.post("/login", data={"email": email, "password": password, "csrf": shown["csrf"], **fields})


async def test_sign_in_and_out(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser, next="/alerts?state=active")
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?state=active")
    assert set(browser.cookies) == {"lopan_session"}
    assert (await browser.get("/me")).json() == EMAIL
    shown = await browser.get("/login", params={"next": "/alerts"})
    assert (shown.status_code, shown.headers["location"]) == (303, "/alerts")
    answer = await browser.post("/logout", data={"csrf": csrf.token(browser.cookies["lopan_session"])})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await browser.get("/me")).json() is None
    assert not browser.cookies


async def test_the_form_has_what_its_template_needs(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/login", params={"next": "/alerts"})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["template"], shown["error"], shown["next"], shown["email"]) == ("login.html", "", "/alerts", "")
    assert shown["csrf"] == (await browser.get("/login")).json()["csrf"]


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "a loud harbour"), ("bob@example.org", PASSWORD), (EMAIL, ""), ("", "")],
    ids=["wrong password", "unknown e-mail", "no password", "nothing"],
)
async def test_one_answer_for_every_wrong_pair(browser: httpx.AsyncClient, email: str, password: str) -> None:
    answer = await sign_in(browser, password, email)
    assert answer.status_code == 403
    assert answer.json()["error"] == "That e-mail and password do not belong together."
    assert answer.json()["email"] == email
    assert set(browser.cookies) == {"lopan_visit"}


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"Origin": "http://evil.example"}, {}),
        ({"Sec-Fetch-Site": "cross-site"}, {}),
        ({}, {"csrf": "0" * 64}),
        ({}, {"csrf": ""}),
    ],
    ids=["origin", "site", "token", "no token"],
)
async def test_nobody_is_signed_in_by_another_site(
    browser: httpx.AsyncClient, headers: dict[str, str], fields: dict[str, str]
) -> None:
    shown = (await browser.get("/login")).json()
    data = {"email": EMAIL, "password": PASSWORD, "csrf": shown["csrf"]} | fields
    answer = await browser.post("/login", data=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "This form was too old. Please try again.")
    assert (await browser.get("/me")).json() is None


@pytest.mark.parametrize("data", [{"csrf": ""}, {"csrf": "0" * 64}], ids=["no token", "wrong token"])
async def test_nobody_is_signed_out_by_another_site(browser: httpx.AsyncClient, data: dict[str, str]) -> None:
    await sign_in(browser)
    answer = await browser.post("/logout", data=data)
    assert answer.status_code == 403
    assert "reload the page" in answer.json()
    assert (await browser.get("/me")).json() == EMAIL


async def test_ten_wrong_passwords_close_the_door_for_that_email(connect: Connect, clock: ManualClock) -> None:
    for n in range(10):
        assert (await sign_in(connect(f"203.0.113.{n}"), "a loud harbour")).status_code == 403
    late = connect("198.51.100.1")
    answer = await sign_in(late)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    assert answer.json()["error"] == "Too many wrong passwords. Please try again in 15 minutes."
    assert (await sign_in(late, email="bob@example.org")).status_code == 403
    clock.move(900)
    assert (await sign_in(late)).status_code == 303


async def test_fifty_wrong_passwords_close_the_door_for_that_address(connect: Connect) -> None:
    attacker = connect("203.0.113.7")
    answers = [await sign_in(attacker, "x", f"u{n}@example.org") for n in range(51)]
    assert [answer.status_code for answer in answers] == [403] * 50 + [429]
    assert (await sign_in(attacker)).status_code == 429
    assert (await sign_in(connect("203.0.113.8"))).status_code == 303


async def test_guesses_at_the_same_time_do_not_slip_through(connect: Connect) -> None:
    statuses: list[int] = []

    async def guess(n: int) -> None:
        statuses.append((await sign_in(connect(f"203.0.113.{n}"), "a loud harbour")).status_code)

    async with anyio.create_task_group() as group:
        for n in range(16):
            group.start_soon(guess, n)
    assert sorted(statuses) == [403] * 10 + [429] * 6


async def test_a_right_password_takes_back_the_wrong_ones(connect: Connect) -> None:
    for n in range(3):
        for _ in range(4):
            await sign_in(connect(f"203.0.113.{n}"), "a loud harbour")
        assert (await sign_in(connect(f"203.0.113.{n}"))).status_code == 303


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/alerts", "/alerts"),
        ("/performance?from=-24h&device=iPhone15%2C2#x", "/performance?from=-24h&device=iPhone15%2C2#x"),
        ("", "/"),
        ("alerts", "/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        (" //evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/login", "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
        ("/" + "a" * 2_000, "/"),
    ],
)
def test_safe_next(target: str, safe: str) -> None:
    assert safe_next(target) == safe


@pytest.mark.parametrize(
    ("method", "query", "address"),
    [
        ("GET", b"", "/login?next=%2Falerts"),
        ("GET", b"state=history&a=1", "/login?next=%2Falerts%3Fstate%3Dhistory%26a%3D1"),
        ("POST", b"", "/login"),
    ],
)
def test_login_address(method: str, query: bytes, address: str) -> None:
    scope = {"type": "http", "method": method, "path": "/alerts", "query_string": query, "headers": []}
    assert login_address(Request(scope | {"server": ("lopan.test", 80), "scheme": "http"})) == address
