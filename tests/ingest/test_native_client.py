"""20,000 requests of generated batches, one event in twenty broken: a running server accounts for every event."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.served import Served, served

REQUESTS, EXAMPLES, SENDERS = 20_000, 10, 4
BROKEN_SHARE = 0.05

word = st.text(max_size=30)
amount = st.floats(0, 1e6, allow_nan=False)
attributes = st.dictionaries(st.text(min_size=1, max_size=10), word | st.integers(-9, 9) | st.booleans(), max_size=3)
shared = {"release": word, "device": word, "user": word, "screen": word, "session": word, "attributes": attributes}


def event(kind: str, **own: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind)} | own, optional=shared)


good = st.one_of(
    event("app_launch", duration_ms=amount),
    event("memory", footprint_mb=amount),
    event("hang", duration_ms=amount),
    event("frame_stats", duration_s=st.floats(0.1, 100), frames=st.integers(0, 10_000)),
    event("crash", exception=word, frames=st.lists(word, max_size=3)),
    event("session", status=st.sampled_from(["ok", "exited", "crashed", "abnormal"])),
    event("action", feature=st.text(min_size=1, max_size=20)),
    event("network", host=st.just("api"), status=st.integers(0, 599), duration_ms=amount),
)
broken = st.one_of(
    good.map(lambda one: one | {"type": "unheard"}),
    good.map(lambda one: one | {"time": "yesterday"}),
    good.map(lambda one: one | {"time": "1999-01-01T00:00:00Z"}),
    good.map(lambda one: one | {"event_id": "not-an-id"}),
    good.map(lambda one: one | {"release": "x" * 201}),
    good.map(lambda one: one | {"attributes": {"deep": {"er": 1}}}),
    event("memory", footprint_mb=st.just(-1)),
    event("app_launch"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root: Path = tmp_path_factory.mktemp("native")
    with served(root) as running:
        yield running


@settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(good, min_size=10, max_size=30),
    st.lists(broken, min_size=3, max_size=10),
    st.integers(0, 1 << 32),
)
def test_accepted_and_rejected_are_all_that_was_sent(
    server: Served, good: list[dict[str, Any]], broken: list[dict[str, Any]], seed: int
) -> None:
    with ThreadPoolExecutor(SENDERS) as pool:
        share = REQUESTS // EXAMPLES // SENDERS
        jobs = [pool.submit(_send, server, good, broken, seed + sender, share) for sender in range(SENDERS)]
        for job in jobs:
            job.result()


def _send(server: Served, good: list[dict[str, Any]], broken: list[dict[str, Any]], seed: int, requests: int) -> None:
    draw = random.Random(seed)
    headers = server.key_header() | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(requests):
        wrong = [draw.random() < BROKEN_SHARE for _ in range(draw.randrange(1, 25))]
        now = {"time": datetime.now(UTC).isoformat()}
        batch = [now | draw.choice(broken if bad else good) for bad in wrong]
        connection.request("POST", "/v1/events", json.dumps(batch).encode(), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 202, (answer.status, body, batch)
        assert [one["index"] for one in body["rejected"]] == [index for index, bad in enumerate(wrong) if bad]
        assert body["accepted"] + len(body["rejected"]) == len(batch)
        assert all(one["field"] and one["reason"] for one in body["rejected"])
    connection.close()
