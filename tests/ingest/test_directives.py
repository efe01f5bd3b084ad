"""What clients are told over real sockets: for whom, in which order, when it is unchanged, and when all else fails."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import Engine, text
from tests.control.test_directives import body
from tests.served import Served, served
from tests.support import RECEIVED, pipeline

from lopan.analytics.reach import Reach, Reaches
from lopan.clock import SYSTEM, Clock
from lopan.control import directives, keys
from lopan.control.database import open_database
from lopan.control.directive import read
from lopan.control.targets import Client
from lopan.errors import TryAgain
from lopan.event import Directive, Feedback
from lopan.ingest import keys as lookup
from lopan.ingest.current import Current
from lopan.ingest.directives import Directives
from lopan.ingest.keys import Keys
from lopan.store import Readers

if TYPE_CHECKING:
    from tests.conftest import ManualClock


pytestmark = pytest.mark.anyio


def make(engine: Engine, kind: str = "kill_switch", clock: Clock = SYSTEM, **more: Any) -> int:
    content = more.pop("content", {})
    wanted = body(kind, **more)
    wanted["content"] |= content
    return directives.create(engine, read(json.dumps(wanted).encode()), "ann", clock).id


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("directives")) as running:
        yield running


@pytest.fixture
def others(server: Served) -> Iterator[Engine]:
    """The control database as another process has it open; what the test makes there is ended after it."""
    engine = open_database(server.root)
    yield engine
    for one in directives.listing(engine):
        if one.ends is None:
            directives.end(engine, one.id, "ann")
    told(server, lambda found: not found)
    engine.dispose()


def ask(server: Served, tag: str = "", **said: str) -> httpx.Response:
    return httpx.get(
        f"{server.url}/v1/directives",
        params=said,
        headers=server.key_header() | ({"If-None-Match": tag} if tag else {}),
    )


def told(server: Served, good: Any, **said: str) -> list[dict[str, Any]]:
    """What is told once ``good`` says so: another process's changes are known after a moment."""
    for _ in range(200):
        answer = ask(server, **said)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["directives"]
        if good(found):
            return found
        threading.Event().wait(0.05)
    raise AssertionError(found)


def test_a_client_learns_what_is_meant_for_it(server: Served, others: Engine) -> None:
    assert ask(server).json() == {"directives": []}
    old = make(others, targets={"releases": ["<2.9.2"]}, priority=90)
    acme = make(others, "message", targets={"customers": ["acme"], "roles": ["cook"]})
    late = make(others, "survey", starts="2199-01-01T00:00:00Z")
    new = make(others, "sampling", targets={"releases": [">=2.10"]}, ends="2199-01-01T00:00:00Z")
    ann = make(others, "memory_cleanup", targets={"users": ["ann"]})

    def ids(**said: str) -> list[int]:
        return [int(one["id"]) for one in ask(server, **said).json()["directives"]]

    told(server, bool, user="ann")
    assert ids(release="2.9.1", user="ann", install="phone") == [old, ann]
    assert ids(release="2.10.0", customer="acme", role="cook") == [new, acme]
    assert ids(release="2.10.0", customer="acme") == [new]
    assert ids() == []
    directives.end(others, late, "ann")
    (found,) = ask(server, release="2.10.0").json()["directives"]
    assert found == {
        "id": str(new),
        "kind": "sampling",
        "priority": 50,
        "ends": "2199-01-01T00:00:00Z",
        "event": "network",
        "rate": 0.25,
    }


def test_a_tag_spares_what_is_known_until_it_changes(server: Served, others: Engine) -> None:
    first = make(others, targets={"roles": ["cook"]})
    told(server, bool, role="cook")
    answer = ask(server, role="cook")
    tag = answer.headers["etag"]
    assert tag[0] == tag[-1] == '"'
    assert answer.headers["cache-control"] == "private, no-cache"

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(server, known, role="cook")
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask(server, '"other"', role="cook").status_code == 200
    # The tag is over what this client is told: for another one it is another answer.
    assert ask(server, tag, role="chef").status_code == 200
    directives.end(others, first, "ann")
    told(server, lambda found: not found, role="cook")
    assert ask(server, tag, role="cook").status_code == 200


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        pytest.param({"Authorization": "Bearer {key}"}, "", id="bearer"),
        pytest.param({"Authorization": "Sentry sentry_key={key}"}, "", id="sentry authorization"),
        pytest.param({"X-Sentry-Auth": "Sentry sentry_version=7, sentry_key={key}"}, "", id="sentry header"),
        pytest.param({}, "?sentry_key={key}&sentry_version=7", id="query"),
    ],
)
def test_keys_are_taken_where_events_take_them(server: Served, headers: dict[str, str], query: str) -> None:
    filled = {name: value.format(key=server.key) for name, value in headers.items()}
    assert httpx.get(f"{server.url}/v1/directives{query.format(key=server.key)}", headers=filled).status_code == 200


@pytest.mark.parametrize(
    ("method", "query", "key", "status", "says"),
    [
        pytest.param("GET", "", "", 401, "no key: send Authorization", id="no key"),
        pytest.param("GET", "", "f" * 32, 401, "unknown or revoked key", id="wrong key"),
        pytest.param("GET", "?release=" + "x" * 201, None, 400, "release: has at most 200", id="long"),
        pytest.param("GET", "?user=%ff", None, 400, "query: is not URL-encoded UTF-8", id="not UTF-8"),
        pytest.param("GET", "?" + "&".join(["a=1"] * 51), None, 400, "at most 50", id="many"),
        pytest.param("POST", "", None, 405, "with GET", id="post"),
    ],
)
def test_refusals_say_what_to_send(
    server: Served, method: str, query: str, key: str | None, status: int, says: str
) -> None:
    key = server.key if key is None else key
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = httpx.request(method, f"{server.url}/v1/directives{query}", headers=headers)

    assert answer.status_code == status
    assert says in answer.json()["error"]


def test_a_web_app_of_any_origin_may_ask(server: Served) -> None:
    answer = httpx.options(f"{server.url}/v1/directives")

    assert answer.status_code == 200
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert "if-none-match" in answer.headers["access-control-allow-headers"]
    assert "etag" in answer.headers["access-control-expose-headers"]


@pytest.fixture
async def client(engine: Engine, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    """The endpoint over a control database that tests may break."""
    key = keys.create(engine, "app").key
    current = Current(engine, clock)
    app = Directives(current, Keys(engine).verify)
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lopan", headers=headers) as client:
        client.current = current  # type: ignore[attr-defined]
        yield client


async def test_the_last_known_are_told_while_the_database_is_broken(
    client: httpx.AsyncClient,
    engine: Engine,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    current: Current = client.current  # type: ignore[attr-defined]
    make(engine, clock=clock)
    await current.reload()
    before = await client.get("/v1/directives")
    assert len(before.json()["directives"]) == 1

    monkeypatch.setattr(lookup, "KEEP_SECONDS", -1.0)
    with engine.begin() as connection:
        for table in ("directives", "ingest_keys"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_gone"))
    for _ in range(2):
        await current.reload()
        assert (await client.get("/v1/directives")).content == before.content
    assert caplog.text.count("last known ones") == 1
    stranger = await client.get("/v1/directives", headers={"Authorization": "Bearer " + "0" * 32})
    assert (stranger.status_code, stranger.headers["retry-after"]) == (503, "2")

    with engine.begin() as connection:
        for table in ("directives", "ingest_keys"):
            connection.execute(text(f"ALTER TABLE {table}_gone RENAME TO {table}"))
    make(engine, "message", clock)
    await current.reload()
    assert len((await client.get("/v1/directives")).json()["directives"]) == 2


async def test_a_key_that_is_known_waits_for_no_database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    key, busy = keys.create(engine, "app").key, threading.Event()
    known = Keys(engine)
    found = await known.verify(key)
    monkeypatch.setattr(lookup, "KEEP_SECONDS", -1.0)
    monkeypatch.setattr(lookup, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(keys, "verify", lambda *_: busy.wait(30) and None)
    try:
        assert await known.verify(key) == found
        with pytest.raises(TryAgain):
            await known.verify("0" * 32)
    finally:
        busy.set()


async def test_no_request_asks_the_database_and_time_alone_moves_it(
    client: httpx.AsyncClient, engine: Engine, clock: ManualClock
) -> None:
    current: Current = client.current  # type: ignore[attr-defined]
    make(engine, clock=clock, starts="2026-11-22T13:00:00Z", ends="2199-11-22T14:00:00Z")
    await current.reload()
    counts = []
    for _ in range(2):
        counts.append(current.told(1, Client()).count(b'"id"'))
        clock.move(3_600)
    assert counts == [0, 1]
    clock.move(400 * 365 * 86_400)
    assert current.told(1, Client()) == b'{"directives":[]}'
    assert current.told(2, Client()) == b'{"directives":[]}'


async def test_of_two_that_contradict_each_other_the_first_in_order_is_told(
    client: httpx.AsyncClient, engine: Engine, clock: ManualClock
) -> None:
    current: Current = client.current  # type: ignore[attr-defined]
    make(engine, clock=clock, targets={"roles": ["cook"]}, priority=90, content={"enabled": True})
    make(engine, clock=clock, content={"feature": "other"})
    make(engine, clock=clock)
    make(engine, "message", clock)
    make(engine, "message", clock)
    await current.reload()

    def switches(client: Client) -> list[tuple[str, bool]]:
        found = json.loads(current.told(1, client))["directives"]
        assert sum(one["kind"] == "message" for one in found) == 2
        return [(one["feature"], one["enabled"]) for one in found if one["kind"] == "kill_switch"]

    assert switches(Client(role="cook")) == [("export", True), ("other", False)]
    assert switches(Client()) == [("export", False), ("other", False)]


async def test_reach_counts_people_and_a_response_follows_its_prompt(tmp_path: Path) -> None:
    def acknowledged(outcome: str, directive: str = "1", at: int = 0, **who: str) -> Directive:
        return Directive(time=RECEIVED.replace(minute=at), directive=directive, outcome=outcome, **who)  # type: ignore[arg-type]

    def answered(user: str, at: int, survey: str = "checkout") -> Feedback:
        return Feedback(time=RECEIVED.replace(minute=at), survey=survey, score=5, user=user)

    with pipeline(tmp_path) as lopan:
        lopan.put(
            [
                *[acknowledged("shown", at=10, user="ann", install=f"phone-{n}") for n in range(3)],
                acknowledged("shown", at=10, user="bob", install="phone-0"),
                acknowledged("shown", at=20, user="eve"),
                acknowledged("shown", at=20, install="phone-9"),
                acknowledged("shown"),
                acknowledged("shown"),
                acknowledged("clicked", user="ann"),
                acknowledged("failed", "2", install="phone-9", detail="no such feature"),
                answered("ann", 11),
                answered("ann", 5),
                answered("bob", 11, "other"),
                answered("eve", 19),
                answered("zoe", 30),
            ]
        )
        lopan.put([acknowledged("shown", user="ann"), acknowledged("applied", user="ann")], project=2)
        readers = Readers(lopan.store, 1)
        reaches = Reaches(readers)
        found = await reaches.reach([(1, 1), (1, 2), (1, 3)])
        response = await reaches.response(1, 1, "checkout")
        nothing = await reaches.response(1, 3, "checkout")
        readers.close()

    assert found == {1: Reach(shown=6, clicked=1, n=9), 2: Reach(failed=1, n=1), 3: Reach()}
    # Of the four who are somebody, Ann answered after she was asked; Eve had answered before.
    assert (response.asked, response.answered, response.rate) == (4, 1, 25.0)
    assert response.low is not None
    assert response.high is not None
    assert 0 < response.low < 25 < response.high < 100
    assert (nothing.asked, nothing.rate) == (0, None)
