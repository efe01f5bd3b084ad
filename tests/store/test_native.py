"""Blocks in the engine's own format arrive as they were, whatever their lengths, repeats and values."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lopan.errors import GiveUp
from lopan.store import Chdb
from lopan.store.native import encode

DDL = """CREATE TABLE t (
    place UInt64, text String, shared LowCardinality(String), id UUID, at DateTime64(3, 'UTC'),
    small UInt8, short UInt16, number UInt32, signed Int64, real Float64,
    day Date32, money Decimal(18, 4), maybe_real Nullable(Float64), maybe_money Nullable(Decimal(18, 4)),
    maybe_at Nullable(DateTime64(3, 'UTC'))
) ENGINE = MergeTree ORDER BY place"""


class Table:
    def __init__(self, root: Path) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.store = self.thread.submit(Chdb, root, 1_000_000_000).result()
        self.thread.submit(self.store.execute, DDL).result()
        self.count = 0

    def through(self, block: pa.Table) -> pa.Table:
        self.count += 1
        self.thread.submit(self.store.execute, "TRUNCATE TABLE t").result()
        self.thread.submit(self.store.insert, "t", block, f"token {self.count}").result()
        names = ", ".join("toString(id) AS id" if name == "id" else name for name in block.column_names)
        return self.thread.submit(self.store.query, f"SELECT {names} FROM t ORDER BY place").result()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    made = Table(tmp_path_factory.mktemp("native"))
    yield made
    made.thread.submit(made.store.close).result()


lengths = st.sampled_from([0, 0, 0, 1, 5, 127, 128, 300, 16_383, 16_384, 40_000])
texts = lengths.flatmap(lambda n: st.sampled_from(["x", "é", "\0"]).map(lambda c: c * n))
rows = st.tuples(
    texts,
    st.sampled_from(["", "a", "b", "ü"]) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.uuids(),
    st.integers(0, 4_102_444_800_000),
    st.integers(0, 255),
    st.integers(0, 65_535),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)
KINDS = (pa.uint8(), pa.uint16(), pa.uint32(), pa.int64(), pa.float64())


@settings(deadline=None, max_examples=40)
@given(st.lists(rows, min_size=1, max_size=20), st.integers(0, 3))
def test_a_block_comes_back_as_it_went_in(table: Table, values: list[tuple[object, ...]], skip: int) -> None:
    text, shared, ids, at, *numbers = zip(*values, strict=True)
    block = pa.table(
        {
            "place": pa.array(range(len(text)), pa.uint64()),
            "text": pa.array(text),
            "shared": pa.array(shared).dictionary_encode(),
            "id": pa.array([one.bytes for one in ids], pa.binary(16)),
            "at": pa.array(at, pa.timestamp("ms", "UTC")),
        }
        | {
            name: pa.array(column, kind)
            for name, column, kind in zip(("small", "short", "number", "signed", "real"), numbers, KINDS, strict=True)
        }
    ).slice(min(skip, len(text) - 1))
    back = table.through(block).to_pydict()
    expected = block.to_pydict() | {"id": [str(one) for one in ids[min(skip, len(text) - 1) :]]}
    assert {name: [str(x) if name == "at" else x for x in column] for name, column in back.items()} == {
        name: [str(x) if name == "at" else x for x in column] for name, column in expected.items()
    }


def test_more_than_a_byte_of_different_values(table: Table) -> None:
    words = [f"word {number % 70_000}" for number in range(140_000)]
    for some in (words[:255], words[:256], words[:65_536], words):
        block = pa.table(
            {"place": pa.array(range(len(some)), pa.uint64()), "shared": pa.array(some).dictionary_encode()}
        )
        assert table.through(block).column("shared").to_pylist() == some


MONEY = st.decimals(-(10**13), 10**13, places=4)
TIMES = st.integers(-(10**9), 7 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
facts = st.tuples(
    st.dates(date(1950, 1, 1), date(2200, 1, 1)),
    MONEY,
    st.none() | st.floats(-1e12, 1e12),
    st.none() | MONEY,
    st.none() | TIMES,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(facts, min_size=1, max_size=20), st.integers(0, 3))
def test_what_is_not_known_comes_back_as_not_known(table: Table, values: list[tuple[object, ...]], skip: int) -> None:
    kinds = (pa.date32(), pa.decimal128(18, 4), pa.float64(), pa.decimal128(18, 4), pa.timestamp("ms", "UTC"))
    names = ("day", "money", "maybe_real", "maybe_money", "maybe_at")
    columns = [pa.array(column, kind) for column, kind in zip(zip(*values, strict=True), kinds, strict=True)]
    block = pa.table({"place": pa.array(range(len(values)), pa.uint64())} | dict(zip(names, columns, strict=True)))
    block = block.slice(min(skip, len(values) - 1))
    assert table.through(block).to_pydict() == block.to_pydict()


@pytest.mark.parametrize(
    ("column", "nullable"),
    [
        (pa.array([1, None], pa.uint32()), False),
        (pa.array(["a", None]), True),
        (pa.array([True, False]), False),
    ],
    ids=["null", "null text", "unknown type"],
)
def test_what_the_store_has_no_place_for_is_refused(column: pa.Array, nullable: bool) -> None:
    with pytest.raises(GiveUp, match=r"no place for them|store has no"):
        list(encode(pa.table([column], schema=pa.schema([pa.field("x", column.type, nullable=nullable)]))))
