from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.errors import Rejected
from lopan.ingest.sentry.envelope import MAX_ITEMS, Item, parse

names = st.text(max_size=10)
payloads = st.binary(max_size=60)
headers = st.dictionaries(st.sampled_from(["content_type", "filename", "x"]), names, max_size=2)


def written(kind: str, payload: bytes, extra: dict[str, str], sized: bool) -> bytes:
    header = {"type": kind, **extra} | ({"length": len(payload)} if sized else {})
    return json.dumps(header).encode() + b"\n" + payload


@given(
    st.lists(st.tuples(names, payloads, headers, st.booleans()), max_size=8),
    st.booleans(),
    st.sampled_from([b"{}", b'{"event_id":"x","sent_at":"2026-11-22T10:00:00Z"}', b'{"unknown":[{}]}']),
)
def test_every_envelope_comes_apart_as_it_was_put_together(
    items: list[tuple[str, bytes, dict[str, str], bool]], last_newline: bool, header: bytes
) -> None:
    chosen = [(kind, payload, extra, sized or b"\n" in payload) for kind, payload, extra, sized in items]
    body = b"\n".join([header, *(written(*item) for item in chosen)])
    envelope = parse(body + (b"\n" if last_newline else b""))
    assert envelope.items == [Item(kind, payload) for kind, payload, _, _ in chosen]
    assert (envelope.rest, envelope.reason) == (b"", "")


@given(st.binary(max_size=200), st.sampled_from([b"", b"{}\n", b'{}\n{"length":3}\n']))
def test_arbitrary_bytes_raise_nothing_but_rejected(noise: bytes, before: bytes) -> None:
    with suppress(Rejected):
        envelope = parse(before + noise)
        assert bool(envelope.rest) == bool(envelope.reason)


@pytest.mark.parametrize(
    ("body", "items", "reason"),
    [
        pytest.param(b"{}", [], "", id="header alone"),
        pytest.param(b'{}\n{"type":"a"}\n', [Item("a", b"")], "", id="empty payload"),
        pytest.param(b'{}\n{"type":"a"}', [Item("a", b"")], "", id="payload missing"),
        pytest.param(b'{}\r\n{"type":"a","length":2}\r\n{}\r\n', [Item("a", b"{}")], "", id="carriage returns"),
        pytest.param(
            b'{}\n\n{"type":"a"}\n{}\n\n{"type":"b"}\n{}', [Item("a", b"{}"), Item("b", b"{}")], "", id="gaps"
        ),
        pytest.param(
            b'{}\n{"type":"a","length":0}\n\n{"type":"b"}\n1', [Item("a", b""), Item("b", b"1")], "", id="zero"
        ),
        pytest.param(b'{}\n{"type":"a","length":null}\n{}', [Item("a", b"{}")], "", id="null length"),
        pytest.param(b'{}\n{"type":7}\n{}', [Item("", b"{}")], "", id="type is no text"),
        pytest.param(b'{}\n{"type":"a","length":-1}\n{}', [], "is -1", id="negative length"),
        pytest.param(b'{}\n{"type":"a"}\n{}\nnoise', [Item("a", b"{}")], "not the JSON expected", id="noise behind"),
    ],
)
def test_edges_of_the_grammar(body: bytes, items: list[Item], reason: str) -> None:
    envelope = parse(body)
    assert envelope.items == items
    assert reason in envelope.reason
    assert bool(reason) == bool(envelope.rest)


def test_items_are_counted() -> None:
    envelope = parse(b"{}\n" + b'{"type":"a"}\n{}\n' * (MAX_ITEMS + 2))
    assert len(envelope.items) == MAX_ITEMS
    assert envelope.rest == b'{"type":"a"}\n{}\n' * 2
    assert envelope.reason == "more than 1000 items"
