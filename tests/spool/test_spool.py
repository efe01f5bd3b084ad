"""The spool's promises: what was synced is there after a crash, segments never change, a full disk refuses politely."""

from __future__ import annotations

import os
import shutil
from array import array
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lopan.errors import TryAgain
from lopan.spool import Fixed, Record, Segment, Spool, spool


def open_spool(root: Path, **settings: float) -> Spool:
    return Spool(root, int(settings.get("max_bytes", 1 << 40)), int(settings.get("min_free", 0)))


def batch(*numbers: int) -> Record:
    return Record(len(numbers), {"number": Fixed("q", array("q", numbers))}, {})


def put(target: Spool, *numbers: int) -> None:
    target.append(batch(*numbers))
    target.sync()


def take(target: Spool, most: int = 1_000) -> list[tuple[int, str, list[int]]]:
    taken = []
    while segment := target.seal(most):
        taken.append(facts(segment))
        target.done(segment.number)
    return taken


def numbers(record: Record) -> list[int]:
    return memoryview(record.fixed["number"].values).cast("B").cast("q").tolist()


def facts(segment: Segment) -> tuple[int, str, list[int]]:
    return segment.number, segment.token, [n for record in segment.records() for n in numbers(record)]


def test_rows_come_out_once_in_order_as_numbered_segments(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    for number in range(5):
        put(target, number, number + 100)
    taken = take(target, most=4)
    assert [numbers for _, _, numbers in taken] == [[0, 100, 1, 101], [2, 102, 3, 103], [4, 104]]
    assert [number for number, _, _ in taken] == [1, 2, 3]
    assert len({token for _, token, _ in taken}) == 3
    assert target.waiting == 0


def test_a_record_larger_than_a_segment_is_a_segment_by_itself(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    put(target, *range(10))
    put(target, 10)
    assert [len(numbers) for _, _, numbers in take(target, most=3)] == [10, 1]


def test_what_is_not_synced_is_not_sealed(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    target.append(batch(1))
    assert target.seal(10) is None
    target.sync()
    assert [numbers for _, _, numbers in take(target)] == [[1]]


def test_a_sealed_segment_comes_back_the_same_after_a_crash(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    put(target, 1, 2)
    before = facts(target.seal(10) or pytest.fail("nothing to seal"))
    put(target, 3)
    again = open_spool(copy(tmp_path))
    assert take(again) == [before, (2, before[1].removesuffix("1") + "2", [3])]


def test_a_torn_tail_is_cut_and_the_log_goes_on(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    put(target, 1)
    torn = copy(tmp_path)
    with next(torn.glob("*.log")).open("ab") as log:
        log.write(b"\xff\x00\x00\x00half a record")
    again = open_spool(torn)
    put(again, 2)
    assert [numbers for _, _, numbers in take(again)] == [[1, 2]]


def test_a_torn_seal_is_as_good_as_none(tmp_path: Path) -> None:
    target = open_spool(tmp_path)
    put(target, 1)
    target.seal(10)
    torn = copy(tmp_path)
    seals = next(torn.glob("*.seals"))
    seals.write_bytes(seals.read_bytes()[:-1])
    again = open_spool(torn)
    put(again, 2)
    assert [numbers for _, _, numbers in take(again)] == [[1, 2]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    steps=st.lists(st.sampled_from(["put", "append", "seal", "write", "crash"]), max_size=30),
    log_bytes=st.sampled_from([1, 700, 1 << 20]),
)
def test_no_crash_loses_or_doubles_a_synced_row(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], log_bytes: int
) -> None:
    """A reference of what was promised beside the spool; ``write`` is the store taking a segment under its token."""
    root = tmp_path_factory.mktemp("spool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "LOG_BYTES", log_bytes)
        target = open_spool(root)
        promised: list[int] = []
        pending: list[int] = []
        stored: dict[str, list[int]] = {}
        for number, step in enumerate([*steps, "crash"]):
            if step in ("put", "append"):
                target.append(batch(number))
                pending.append(number)
            if step == "put":
                target.sync()
                promised += pending
                pending = []
            elif step in ("seal", "write") and (segment := target.seal(3)):
                stored.setdefault(segment.token, facts(segment)[2])
                assert stored[segment.token] == facts(segment)[2]
                if step == "write":
                    target.done(segment.number)
            elif step == "crash":
                root = copy(root)
                target = open_spool(root)
                promised += pending
                pending = []
        while segment := target.seal(3):
            assert stored.setdefault(segment.token, facts(segment)[2]) == facts(segment)[2]
            target.done(segment.number)
        rows = [row for numbers in stored.values() for row in numbers]
        assert sorted(rows) == sorted(promised)


def test_the_cap_refuses_and_recovers(tmp_path: Path) -> None:
    target = open_spool(tmp_path, max_bytes=1_000)
    put(target, 1)
    with pytest.raises(TryAgain, match="full"):
        for number in range(100):
            put(target, number)
    kept = sum(len(numbers) for _, _, numbers in take(target))
    put(target, 7)
    assert kept >= 1
    assert [numbers for _, _, numbers in take(target)] == [[7]]


def test_a_nearly_full_disk_refuses(tmp_path: Path) -> None:
    target = open_spool(tmp_path, min_free=1 << 60)
    with pytest.raises(TryAgain, match="disk is nearly full"):
        target.append(batch(1))


def test_old_logs_go_when_nobody_needs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LOG_BYTES", 1)
    target = open_spool(tmp_path)
    for number in range(4):
        put(target, number)
    take(target, most=1)
    assert [facts(segment)[2] for segment in target.segments(2)] == [[1], [2], [3]]
    for log in tmp_path.glob("*.log"):
        os.utime(log, (0, 0))
    target.keep(3)
    assert [segment.number for segment in target.segments()] == [3, 4]
    target.keep(5)
    assert [segment.number for segment in target.segments()] == [4]
    target.close()


def test_much_waiting_is_read_back_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "HELD_ROWS", 2)
    target = open_spool(tmp_path)
    for number in range(6):
        put(target, number)
    assert [numbers for _, _, numbers in take(target, most=4)] == [[0, 1, 2, 3], [4, 5]]


def copy(root: Path) -> Path:
    """The directory as a killed process leaves it: everything written, nothing closed."""
    crashed = root.parent / f"{root.name}+"
    shutil.copytree(root, crashed)
    return crashed
