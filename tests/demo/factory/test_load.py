"""The business in the store: loaded once, and again without a change of any figure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.business import Business

from lopan.control import batches
from lopan.control.database import open_database
from lopan.demo.factory.load import load
from lopan.demo.factory.telling import SOURCE
from lopan.errors import Locked
from lopan.fact import SPECS
from lopan.store import Chdb, hold
from lopan.store.facts import now

HOUR_MS = round(timedelta(hours=1).total_seconds() * 1000)


def counts(root: Path) -> dict[str, int]:
    def work() -> dict[str, int]:
        store = Chdb(root / "store", 1_000_000_000)
        try:
            return {fact: store.query(f"SELECT count() AS n FROM {now(fact)}").column("n")[0].as_py() for fact in SPECS}
        finally:
            store.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def test_what_is_told_is_in_the_store_once(business: Business, tmp_path: Path) -> None:
    told: list[int] = []
    early = business.now - HOUR_MS
    load(tmp_path, business.world, 0, early, told.append)
    rows = load(tmp_path, business.world, early - HOUR_MS, business.now)
    assert told == sorted(told)
    assert 0 < rows < 2_000
    assert counts(tmp_path) == {fact: business.table(fact).num_rows for fact in SPECS}
    engine = open_database(tmp_path)
    found = batches.listing(engine, 100)
    engine.dispose()
    assert {one.state for one in found} == {"loaded"}
    assert {one.source for one in found} == {SOURCE}
    assert not any(one.refused for one in found)


def test_a_directory_that_is_served_is_left_alone(business: Business, tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(Locked):
        load(tmp_path, business.world, business.now - HOUR_MS, business.now)
