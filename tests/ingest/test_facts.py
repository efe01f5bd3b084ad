"""Facts over a real socket: safe when acknowledged, once for each key, only from whom may write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.served import Served, served

from lopan.control import batches, tokens
from lopan.control.database import open_database

ROW = {"key": "1", "day": "2026-01-02", "type": "scrap", "amount": 1.5, "currency": "EUR"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("facts")) as running:
        engine = open_database(running.root)
        running.tokens["feed"] = tokens.create(engine, [], "erp", feeds=True)
        engine.dispose()
        yield running


def post(server: Served, body: Any, path: str = "cost", token: str = "feed", **headers: str) -> httpx.Response:
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    said = {"Authorization": f"Bearer {server.tokens[token]}"} | headers
    return httpx.post(f"{server.url}/v1/facts/{path}", headers=said, timeout=60, **sent)


def test_good_rows_are_taken_and_the_others_named(server: Served) -> None:
    answer = post(server, [ROW, ROW | {"key": "2", "amount": "?"}])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["accepted"] == 1
    assert [(one["index"], one["field"]) for one in found["rejected"]] == [(1, "amount")]
    engine = open_database(server.root)
    batch = batches.get(engine, found["batch"])
    engine.dispose()
    assert (batch.state, batch.taken, batch.refused, batch.by) == ("loaded", 1, 1, "token erp")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("nonsense", [ROW], 404, "there are site, shift"),
        ("cost?source=a b", [ROW], 400, "source"),
        ("cost", b"", 400, "empty"),
        ("cost", b"[1", 400, "valid JSON"),
    ],
)
def test_what_is_wrong_as_a_whole_is_said(server: Served, path: str, body: Any, status: int, said: str) -> None:
    answer = post(server, body, path)
    assert answer.status_code == status
    assert said in answer.text


def test_only_a_token_made_for_it_may_write(server: Served) -> None:
    assert post(server, [ROW], token="technical").status_code == 403
    unknown = httpx.post(f"{server.url}/v1/facts/cost", json=[ROW], headers=server.key_header())
    assert (unknown.status_code, unknown.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.get(f"{server.url}/v1/facts/cost").status_code == 405


def test_a_key_makes_a_request_count_once(server: Served) -> None:
    key = {"Idempotency-Key": "one"}
    first, again = post(server, [ROW], **key), post(server, [ROW], **key)
    assert first.json() == again.json()
    assert post(server, [ROW | {"key": "9"}], **key).status_code == 422
    assert post(server, [ROW | {"key": "9"}], "cost?source=other", **key).status_code == 200


def test_what_was_acknowledged_survives_a_kill(server: Served) -> None:
    sent = [post(server, [ROW | {"key": f"k{number}"}]).json()["batch"] for number in range(5)]
    server.kill()
    server.start()
    engine = open_database(server.root)
    states = {batches.get(engine, batch).state for batch in sent}
    engine.dispose()
    assert states == {"loaded"}
