from __future__ import annotations

import msgspec
import pytest

from lopan.errors import Rejected
from lopan.ingest.sentry.lenient import decode


class Inner(msgspec.Struct):
    number: int | None = None
    text: str | None = None


class Outer(msgspec.Struct):
    inner: Inner | None = None
    many: list[Inner | None] | None = None
    named: dict[str, int] | None = None
    must: int = 0


decoder = msgspec.json.Decoder(Outer)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b'{"inner":{"number":1,"text":"a"}}', Outer(Inner(1, "a")), id="nothing wrong"),
        pytest.param(b'{"inner":{"number":"x","text":"a"}}', Outer(Inner(None, "a")), id="one field"),
        pytest.param(b'{"inner":7,"many":[{"number":1}]}', Outer(None, [Inner(1)]), id="a struct"),
        pytest.param(b'{"many":[{"number":1},7,{"text":[]}]}', Outer(None, [Inner(1), None, Inner()]), id="in a list"),
        pytest.param(b'{"many":{},"inner":{"number":1}}', Outer(Inner(1)), id="the list itself"),
        pytest.param(b'{"named":{"a b.c":"x"},"inner":{"number":1}}', Outer(Inner(1)), id="a value without a path"),
        pytest.param(b'{"inner":{"number":NaN,"text":"a"}}', Outer(Inner(None, "a")), id="NaN"),
        pytest.param(b'{"inner":{"number":1e999,"text":"a"}}', Outer(Inner(None, "a")), id="too large for a float"),
        pytest.param(b'{"inner":{"text":"a\\ud800b"}}', Outer(Inner(None, "a?b")), id="lone surrogate"),
        pytest.param(b'{"inner":{"text":"a\xffb"}}', Outer(Inner(None, "a\ufffdb")), id="no UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"inner":{"number":1}}', Outer(Inner(1)), id="byte order mark"),
    ],
)
def test_a_wrong_field_is_left_out(raw: bytes, expected: Outer) -> None:
    assert decode(decoder, raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"[]", id="another shape"),
        pytest.param(b'{"must":"x"}', id="a field that can't be missed"),
        pytest.param(b'{"a":' * 100_000, id="deep"),
        pytest.param(b'{"many":[' + b",".join([b"7"] * 17) + b"]}", id="wrong in 17 places"),
    ],
)
def test_what_is_no_such_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected, match="is not the JSON expected"):
        decode(decoder, raw)
