from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event
from starlette.requests import Request
from starlette.responses import Response

from lopan.control import sessions, tokens, users
from lopan.control.principal import Principal
from lopan.web import csrf
from lopan.web.access import SignedOut
from lopan.web.auth import Auth, current, signed_in

if TYPE_CHECKING:
    from tests.conftest import ManualClock

pytestmark = pytest.mark.usefixtures("quick_hashing")
ANN = Principal("ann@example.org", frozenset({"technical"}), admin=True)


class App:
    """What a request knows of its application."""

    def __init__(self, auth: Auth) -> None:
        self.state = self
        self.auth = auth


def request(auth: Auth, scheme: str = "http", **headers: str) -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw, "app": App(auth)}
    return Request(scope | {"scheme": scheme, "server": ("lopan.test", 80)})


@pytest.fixture
def auth(engine: Engine, clock: ManualClock) -> Auth:
    users.add(engine, ANN.name, "a quiet harbour", ANN.levels, admin=True)
    return Auth(engine, "", clock)


@pytest.fixture
def asked(engine: Engine) -> list[str]:
    """Every statement sent to the database."""
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    return statements


async def test_a_cookie_is_somebody(auth: Auth, clock: ManualClock) -> None:
    cookie = f"other=1; lopan_session={sessions.open(auth.engine, ANN, clock)}"
    assert await auth.principal(request(auth, cookie=cookie)) == ANN
    assert await current(request(auth, cookie=cookie)) == ANN
    assert await signed_in(request(auth, cookie=cookie)) == ANN


async def test_a_bearer_token_is_somebody(auth: Auth) -> None:
    token = tokens.create(auth.engine, ["executive"], "ci")
    for header in (f"Bearer {token}", f"bearer  {token} "):
        assert await auth.principal(request(auth, authorization=header)) == Principal(
            "token ci", frozenset({"executive"})
        )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": ""},
        {"cookie": "lopan_session="},
        {"cookie": "lopan_session=" + "x" * 43},
        {"cookie": "__Host-lopan_session={session}"},
        {"cookie": "lopan_session={token}"},
        {"cookie": "lopan_session=\xff\xfe"},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer lpt_" + "x" * 43},
        {"authorization": "Bearer {session}"},
        {"authorization": "Basic {token}"},
        {"authorization": "{token}"},
        {"authorization": "Bearer wrong", "cookie": "lopan_session={session}"},
    ],
    ids=str,
)
async def test_anything_else_is_nobody(auth: Auth, clock: ManualClock, headers: dict[str, str]) -> None:
    secrets = {"session": sessions.open(auth.engine, ANN, clock), "token": tokens.create(auth.engine, ["technical"])}
    sent = request(auth, **{name: value.format(**secrets) for name, value in headers.items()})
    assert await auth.principal(sent) is None
    assert await current(sent) is None
    with pytest.raises(SignedOut):
        await signed_in(sent)


async def test_a_secret_is_looked_up_every_five_seconds(auth: Auth, clock: ManualClock, asked: list[str]) -> None:
    cookie = f"lopan_session={sessions.open(auth.engine, ANN, clock)}"
    await auth.principal(request(auth, cookie=cookie))
    asked.clear()
    clock.move(4.9)
    assert await auth.principal(request(auth, cookie=cookie)) == ANN
    assert asked == []
    clock.move(0.1)
    await auth.principal(request(auth, cookie=cookie))
    assert asked


@pytest.mark.parametrize("change", ["token", "session", "user", "levels"])
async def test_what_is_taken_away_is_gone_within_five_seconds(auth: Auth, clock: ManualClock, change: str) -> None:
    secret, token = sessions.open(auth.engine, ANN, clock), tokens.create(auth.engine, ["technical"])
    by_cookie, by_token = (
        request(auth, cookie=f"lopan_session={secret}"),
        request(auth, authorization=f"Bearer {token}"),
    )
    assert await auth.principal(by_cookie)
    assert await auth.principal(by_token)
    if change == "token":
        tokens.revoke(auth.engine, 1)
    elif change == "session":
        sessions.close(auth.engine, secret)
    elif change == "user":
        users.remove(auth.engine, ANN.name)
    else:
        users.change(auth.engine, ANN.name, ["executive"], admin=False)
    clock.move(5)
    less = Principal(ANN.name, frozenset({"executive"}))
    expected = {"token": ANN, "session": None, "user": None, "levels": less}[change]
    assert await auth.principal(by_cookie) == expected
    assert (await auth.principal(by_token) is None) == (change == "token")


async def test_who_was_refused_is_let_in_at_once_when_they_may(auth: Auth, clock: ManualClock) -> None:
    sent = request(auth, cookie="lopan_session=unknown")
    assert await auth.principal(sent) is None
    secret = sessions.open(auth.engine, ANN, clock)
    assert await auth.principal(request(auth, cookie=f"lopan_session={secret}")) == ANN


async def test_signing_out_counts_here_at_once(auth: Auth, clock: ManualClock) -> None:
    cookie = f"lopan_session={sessions.open(auth.engine, ANN, clock)}"
    assert await auth.principal(request(auth, cookie=cookie)) == ANN
    response = Response()
    await auth.end(request(auth, cookie=cookie), response)
    assert await auth.principal(request(auth, cookie=cookie)) is None
    assert "lopan_session=" in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]


@pytest.mark.parametrize(
    ("public_url", "scheme", "name", "secure"),
    [
        ("", "http", "lopan_session", False),
        ("", "https", "__Host-lopan_session", True),
        ("https://lopan.example", "http", "__Host-lopan_session", True),
        ("http://127.0.0.1:8700", "http", "lopan_session", False),
    ],
)
async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    auth: Auth, clock: ManualClock, public_url: str, scheme: str, name: str, secure: bool
) -> None:
    auth.public_url = public_url
    response = Response()
    await auth.begin(ANN, request(auth, scheme), response)
    cookies = [value for key, value in response.headers.items() if key == "set-cookie"]
    assert len(cookies) == 1
    assert cookies[0].startswith(f"{name}=")
    flags = {part.strip() for part in cookies[0].split(";")[1:]}
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= flags
    assert ("Secure" in flags) is secure
    assert not any(flag.startswith("Domain") for flag in flags)


async def test_signing_in_again_ends_the_session_before(auth: Auth, clock: ManualClock) -> None:
    before = sessions.open(auth.engine, ANN, clock)
    await auth.begin(ANN, request(auth, cookie=f"lopan_session={before}"), Response())
    assert sessions.find(auth.engine, before, clock) is None


async def test_the_form_token_belongs_to_the_session(auth: Auth) -> None:
    assert auth.token(request(auth)) == ""
    assert auth.token(request(auth, cookie="lopan_session=abc")) == csrf.token("abc")


async def test_it_remembers_a_bounded_number(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lopan.web.auth._REMEMBERED", 2)
    for secret in [tokens.create(auth.engine, ["technical"]) for _ in range(4)]:
        assert await auth.principal(request(auth, authorization=f"Bearer {secret}"))
    assert len(auth._known) == 2
