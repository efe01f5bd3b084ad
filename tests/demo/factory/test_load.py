"""The business in the store: loaded once, and again without a change of any figure."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.business import NOW, Business

from lopan.analytics.business import freeze
from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.business.returns import Returns, Roi
from lopan.analytics.calendar import DAY
from lopan.analytics.facts import Facts
from lopan.catalog.business import Business as How
from lopan.control import baselines, batches
from lopan.control.baselines import Baseline
from lopan.control.database import open_database
from lopan.demo.factory import stories
from lopan.demo.factory.load import load
from lopan.demo.factory.telling import SOURCE
from lopan.demo.state import ADMINISTRATORS
from lopan.errors import Locked
from lopan.fact import SPECS
from lopan.store import Chdb, Readers, hold
from lopan.store.facts import now

HOUR_MS = round(timedelta(hours=1).total_seconds() * 1000)


def look(root: Path, today: date, baseline: Baseline) -> tuple[dict[str, int], Roi]:
    """Rows of each fact, and the return of the roll-out."""

    def work() -> tuple[dict[str, int], Roi]:
        store = Chdb(root / "store", 1_000_000_000)
        readers = Readers(store, 1)
        try:
            returns = Returns(Ledger(Facts(readers, store, "UTC", "EUR")), How())
            return counts(store), asyncio.run(returns.roi(baseline, Scope(today)))
        finally:
            readers.close()
            store.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def counts(store: Chdb) -> dict[str, int]:
    return {fact: store.query(f"SELECT count() AS n FROM {now(fact)}").column("n")[0].as_py() for fact in SPECS}


def test_what_is_told_is_in_the_store_once(business: Business, tmp_path: Path) -> None:
    told: list[int] = []
    early = business.now - HOUR_MS
    load(tmp_path, business.world, 0, early, told.append)
    rows = load(tmp_path, business.world, early - HOUR_MS, business.now)
    assert told == sorted(told)
    assert 0 < rows < 2_000
    engine = open_database(tmp_path)
    found, (baseline,) = batches.listing(engine, 100), baselines.listing(engine)
    engine.dispose()
    loaded, roi = look(tmp_path, NOW.date(), baseline)
    assert loaded == {fact: business.table(fact).num_rows for fact in SPECS}
    believable(baseline, roi)
    assert {one.state for one in found} == {"loaded"}
    assert {one.source for one in found} == {SOURCE}
    assert not any(one.refused for one in found)


def believable(baseline: Baseline, roi: Roi) -> None:
    """Two people made one baseline of whole months before the roll-out, and it has paid for itself since."""
    assert (baseline.state, {baseline.frozen_by, baseline.decided_by}) == ("approved", set(ADMINISTRATORS))
    assert freeze.gaps(baseline.frozen) == []
    assert NOW.date() + DAY * stories.BASELINE[0] <= baseline.first
    assert baseline.last < NOW.date() + DAY * stories.BASELINE[1]
    assert (baseline.first.day, (baseline.last + DAY).day) == (1, 1)
    assert roi.result is not None
    assert roi.dates is not None
    base = roi.result.base
    assert 0.8 < (base.roi_net or 0) < 1.6
    assert 0 < (base.hard or 0) < 0.7
    assert base.payback.day is not None
    assert base.payback.day < roi.dates.last
    assert (base.payback.projected, base.payback.lasting) == (False, True)
    assert all(line.known and line.base > 0 for line in roi.result.lines)


def test_a_directory_that_is_served_is_left_alone(business: Business, tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(Locked):
        load(tmp_path, business.world, business.now - HOUR_MS, business.now)
