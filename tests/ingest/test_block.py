"""Dictionaries say the same as the texts they are made of, whether few rows have text or most."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lopan.ingest.block import build

words = st.lists(st.sampled_from(["", "", "", "checkout", "ü", "日本"]), min_size=1, max_size=30)


def _numbers(kind: str, names: object) -> dict[str, int]:
    raise AssertionError(f"{kind} is not in the table")


@given(words, st.integers(0, 5))
def test_dictionaries_hold_the_same_texts(values: list[str], skip: int) -> None:
    rows = pa.table({"feature": pa.array(values)}).slice(min(skip, len(values)))
    column = build(rows, _numbers).column("feature")
    assert pa.types.is_dictionary(column.type)
    assert column.cast(pa.utf8()).to_pylist() == rows.column("feature").to_pylist()
