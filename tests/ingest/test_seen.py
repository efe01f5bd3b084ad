"""Repeats are found wherever the first one is: in the block, in memory, on disk, before a restart."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lopan.ingest import seen
from lopan.ingest.seen import Seen, halves

few = st.integers(0, 12).map(lambda number: UUID(int=number << 64 | number % 3))
any_id = few | st.uuids() | st.integers(0, 3).map(lambda low: UUID(int=5 << 64 | low))


def feed(target: Seen, number: int, ids: list[UUID]) -> list[bool]:
    high, low = halves(b"".join(one.bytes for one in ids))
    fresh = target.fresh(high, low)
    target.add(number)
    return [bool(mask) for mask in fresh]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(blocks=st.lists(st.lists(any_id, max_size=12), max_size=24), reopen=st.integers(1, 6))
def test_fresh_is_what_a_python_set_says(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[UUID]], reopen: int
) -> None:
    root = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "FLUSH_IDS", 10)
        patch.setattr(seen, "FAN_OUT", 3)
        target, known = Seen(root), set[UUID]()
        for number, ids in enumerate(blocks, 1):
            expected = []
            for one in ids:
                expected.append(one.int == 0 or one not in known)
                known.add(one)
            assert feed(target, number, ids) == expected
            if number % reopen == 0:
                target.flush()
                target = Seen(root)
                assert target.last == number


def test_files_are_merged_and_leftovers_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "FLUSH_IDS", 100)
    monkeypatch.setattr(seen, "FAN_OUT", 4)
    generator = np.random.default_rng(1)
    target = Seen(tmp_path)
    blocks = [[UUID(bytes=generator.bytes(16)) for _ in range(100)] for _ in range(40)]
    for number, ids in enumerate(blocks, 1):
        assert all(feed(target, number, ids))
    assert len(list(tmp_path.glob("*.ids"))) < 8
    newest = max(tmp_path.glob("*.ids"))
    (tmp_path / f"{newest.stem[-12:]}-{newest.stem[-12:]}.ids").write_bytes(b"")
    (tmp_path / "crashed.new").write_bytes(b"x")
    again = Seen(tmp_path)
    assert again.last == 40
    assert not list(tmp_path.glob("*.new"))
    assert not any(any(feed(again, 41, ids)) for ids in blocks)
