from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connect.mqtt import sparkplug as sp

from lopan.connect.mqtt.payload import Metric, decode, rebirth
from lopan.errors import Rejected

values: st.SearchStrategy[tuple[int, Any]] = st.one_of(
    st.tuples(st.just(sp.INT8), st.integers(-128, 127)),
    st.tuples(st.just(sp.INT32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(sp.INT64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(sp.UINT64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(sp.FLOAT), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(sp.DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.just(sp.BOOLEAN), st.booleans()),
    st.tuples(st.just(sp.STRING), st.text()),
    st.tuples(st.just(sp.STRING), st.none()),
)


@given(st.text(max_size=20), values, st.none() | st.integers(0, 2**63), st.integers(0, 255), st.booleans())
def test_what_is_written_is_read(name: str, value: tuple[int, Any], at: int | None, seq: int, historical: bool) -> None:
    kind, meant = value
    found = decode(sp.payload(sp.metric(name, meant, kind, alias=7, at=at, historical=historical), seq=seq, at=5))
    assert (found.seq, found.at) == (seq, 5)
    assert found.metrics == (Metric(name=name, alias=7, at=at, historical=historical, value=meant),)


def test_fields_that_are_not_known_are_passed_over() -> None:
    properties = sp.text(9, sp.text(1, b"unit"))
    found = decode(sp.text(4, b"uuid") + sp.text(2, sp.metric("a", 3, sp.INT32) + properties) + sp.whole(3, 1))
    assert found.metrics[0].value == 3


@given(st.binary(max_size=60))
def test_anything_else_is_refused_or_read_but_never_breaks(data: bytes) -> None:
    with suppress(Rejected):
        decode(data)


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_part_of_a_payload_is_refused(cut: int) -> None:
    whole = sp.payload(sp.metric("name", "value"), seq=3)
    with pytest.raises(Rejected, match="only part"):
        decode(whole[:-1][:cut] if cut > 1 else whole[:-2] + b"\xff")


def test_a_rebirth_is_the_command_of_the_specification() -> None:
    assert rebirth(1) == sp.payload(sp.metric("Node Control/Rebirth", True, sp.BOOLEAN), at=1)
