"""The crowd of the query bench: made in the engine, the same each time, with what user analytics needs."""

from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lopan.bench import crowd
from lopan.bench.crowd import Size
from lopan.demo import definitions
from lopan.store import Chdb

SIZE = Size(30_000, 10)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("crowd"))


def made(path: Path) -> Path:
    told: list[int] = []
    _, rows = crowd.build(path, SIZE, told.append)
    assert told == sorted(told)
    assert told[-1] == rows
    return path


def ask(root: Path, *statements: str) -> list[list[dict[str, Any]]]:
    def work() -> list[list[dict[str, Any]]]:
        store = Chdb(root / "store", 500_000_000)
        try:
            return [store.query(sql).to_pylist() for sql in statements]
        finally:
            store.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()


def test_as_many_events_and_people_as_asked(root: Path) -> None:
    days, ids, late = ask(
        root,
        "SELECT count() AS n, uniqExact(user_id) AS people FROM events GROUP BY toDate(time)",
        "SELECT count() AS n, uniqExact(event_id) AS ids, max(user_id) AS last FROM events",
        "SELECT count() AS n FROM events WHERE time > now64() OR received < time",
    )
    assert len(days) in {SIZE.days, SIZE.days + 1}
    assert 0.6 < sum(day["n"] for day in days) / SIZE.events < 1.6
    assert 0.6 < sum(day["people"] for day in days) / len(days) / (SIZE.people / crowd.PART) < 2
    assert ids[0]["ids"] == ids[0]["n"]
    assert ids[0]["last"] <= SIZE.people
    assert late[0]["n"] == 0


def test_everything_that_it_names_is_defined(root: Path) -> None:
    steps, features, releases, brief = ask(
        root,
        "SELECT DISTINCT workflow, step FROM events WHERE type = 'workflow'",
        "SELECT DISTINCT feature FROM events WHERE type = 'action'",
        "SELECT uniqExact(release) AS n, uniqExact(role) AS roles, uniqExact(customer) AS customers FROM events",
        "SELECT countIf(n = 1) / count() AS share FROM (SELECT count() AS n FROM events GROUP BY session)",
    )
    told = tomllib.loads((root / definitions.FILE).read_text())
    known = {(flow["id"], step) for flow in told["workflow"] for step in flow["steps"]}
    assert {(row["workflow"], row["step"]) for row in steps} <= known
    assert {row["feature"] for row in features} == {feature["id"] for feature in told["feature"]}
    assert releases[0]["n"] >= 3
    assert releases[0]["roles"] == 4
    assert releases[0]["customers"] > 150
    assert 0.02 < brief[0]["share"] < 0.09


def test_the_same_size_gives_the_same_crowd(root: Path, tmp_path: Path) -> None:
    digest = "SELECT count() AS n, sum(cityHash64(event_id, user_id, release, feature, status)) AS h FROM events"
    assert ask(made(tmp_path), digest) == ask(root, digest)
