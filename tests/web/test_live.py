from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import Engine
from starlette.requests import Request
from tests.web.conftest import Site, events
from tests.web.silent import Silence, silent_app

from lopan.control import tokens
from lopan.web import live, navigation, performance

if TYPE_CHECKING:
    from tests.conftest import ManualClock


@contextmanager
def listening(site: Site, query: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
    """Named events of the stream of one page, as they come."""
    with site.signed_in("technical") as client, client.stream("GET", f"/live/performance?{query}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer)


def parsed(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def update_with(stream: Iterator[tuple[str, Any]], fragment: str) -> dict[str, Any]:
    """The next update that brings ``fragment``; its text."""
    for name, data in stream:
        if name == "update" and fragment in data["fragments"]:
            found: dict[str, Any] = data
            return found
    raise AssertionError("the stream ended")


def test_stream_begins_with_the_page_as_it_is(site: Site) -> None:
    with listening(site) as stream:
        name, data = next(stream)

    assert name == "update"
    assert {"card-app_launch_time", "card-crash_free_sessions", "facts-memory_usage", "alerts", "verdict"} <= set(
        data["fragments"]
    )
    assert {chart["id"] for chart in data["charts"]} >= {"app_launch_time"}


def test_acknowledged_event_arrives_without_asking(site: Site) -> None:
    with listening(site, "release=live") as stream:
        update_with(stream, "card-app_launch_time")
        site.server.send(events("live", 2_500.0))
        card = update_with(stream, "card-app_launch_time")["fragments"]["card-app_launch_time"]

    assert "2.50" in card
    assert 'data-status="warning"' in card


def test_only_what_changed_is_sent(site: Site) -> None:
    with listening(site, "release=quiet") as stream:
        update_with(stream, "card-app_launch_time")
        site.server.send(events("quiet", 1_000.0)[2:3])
        data = update_with(stream, "card-memory_usage")

    assert "card-app_launch_time" not in data["fragments"]
    assert [chart["id"] for chart in data["charts"]] == ["memory_usage"]
    assert len(data["charts"][0]["t"]) < 10


def test_fragment_is_the_markup_of_the_page(site: Site) -> None:
    address = "release=2.1.0&from=-30d"
    with listening(site, address) as stream:
        card = update_with(stream, "card-memory_usage")["fragments"]["card-memory_usage"]
    with site.signed_in("technical") as client:
        page = client.get(f"/performance?{address}").text

    assert card in page


def test_comparison_moves_with_the_figure(site: Site) -> None:
    address = "release=moved&compare=release:2.1.0"
    with listening(site, address) as stream:
        first = update_with(stream, "versus-app_launch_time")
        assert "no data" in first["fragments"]["versus-app_launch_time"]
        assert all(len(chart["c"]) == len(chart["t"]) for chart in first["charts"])
        site.server.send(events("moved", 2_000.0))
        moved = update_with(stream, "versus-app_launch_time")
    with site.signed_in("technical") as client:
        page = client.get(f"/performance?{address}").text

    assert "+1.00 s (+100.0 %), worse, p &lt; 0.001" in moved["fragments"]["versus-app_launch_time"]
    assert moved["fragments"]["versus-app_launch_time"] in page


@pytest.mark.parametrize("query", ["from=soon", "release=" + "x" * 201])
def test_wrong_query_is_refused_before_the_stream_begins(site: Site, query: str) -> None:
    with site.signed_in("technical") as client:
        assert client.get(f"/live/performance?{query}").status_code == 400


def test_token_may_listen_too(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.server.tokens['technical']}"}
    with httpx.stream("GET", f"{site.url}/live/performance", headers=headers, timeout=30) as answer:
        assert next(parsed(answer))[0] == "update"


async def test_withdrawn_access_ends_the_stream(engine: Engine, clock: ManualClock) -> None:
    token = tokens.create(engine, ["technical"])
    silence = Silence()
    app = silent_app(engine, clock, silence)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    request = Request(
        {"type": "http", "app": app, "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    )
    answer = await live.route(navigation.PERFORMANCE, performance.watch).endpoint(request)
    stream = aiter(answer.body_iterator)
    assert [await anext(stream), await anext(stream)] == [b"retry: 2000\n\n", live.event("beat", {})]

    tokens.revoke(engine, 1)
    clock.move(live.RECHECK + 1)
    silence.news.set()

    assert await anext(stream) == live.event("end", {})
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


def test_event_is_one_data_line() -> None:
    assert live.event("update", {"html": "a\nb"}) == b'event: update\ndata: {"html":"a\\nb"}\n\n'
