from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.errors import Rejected
from lopan.ingest.bodies import Broken, Disconnected, TooLarge, decompress, receive_body


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
    "deflate": zlib.compress,
}
VARIANTS = [pytest.param(name, pack, id=name) for name, pack in CODINGS.items()]
VARIANTS.append(pytest.param("deflate", raw_deflate, id="raw deflate"))
CAP = 1_000_000
ONE = b'{"a":1}'


@pytest.mark.parametrize(("coding", "pack"), VARIANTS)
@given(data=st.binary(max_size=2_000))
def test_every_coding_gives_back_what_was_packed(coding: str, pack: Callable[[bytes], bytes], data: bytes) -> None:
    assert decompress(pack(data), coding, CAP) == data


@pytest.mark.parametrize(("coding", "pack"), VARIANTS)
def test_the_cap_is_exact(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert len(decompress(pack(bytes(CAP)), coding, CAP)) == CAP
    with pytest.raises(TooLarge, match="1,000,000"):
        decompress(pack(bytes(CAP + 1)), coding, CAP)


@pytest.mark.parametrize(("coding", "pack"), VARIANTS)
def test_a_bomb_costs_no_more_than_the_cap(coding: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(10_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decompress(bomb, coding, CAP)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * CAP


@pytest.mark.parametrize(("coding", "pack"), VARIANTS)
def test_a_stream_cut_short_is_refused(coding: str, pack: Callable[[bytes], bytes]) -> None:
    whole = pack(bytes(range(256)) * 40)
    for size in {1, 2, len(whole) // 2, len(whole) - 1}:
        with pytest.raises(Broken, match="Content-Encoding"):
            decompress(whole[:size], coding, CAP)


@pytest.mark.parametrize("coding", ["br", "deflate"])
def test_an_empty_body_is_a_stream_cut_short(coding: str) -> None:
    with pytest.raises(Broken):
        decompress(b"", coding, CAP)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(ONE, "", id="nothing said"),
        pytest.param(ONE, "identity", id="identity"),
        pytest.param(gzip.compress(ONE), "", id="gzip unannounced"),
        pytest.param(gzip.compress(ONE), "br", id="gzip called br"),
        pytest.param(gzip.compress(ONE), "X-GZIP", id="old name, upper case"),
        pytest.param(gzip.compress(ONE), "identity, gzip", id="identity does not count"),
        pytest.param(bytes(cramjam.zstd.compress(ONE)), "identity", id="zstd unannounced"),
        pytest.param(ONE, "gzip", id="unpacked by a proxy"),
        pytest.param(ONE, "br", id="unpacked br"),
        pytest.param(ONE, "deflate", id="unpacked deflate"),
        pytest.param(gzip.compress(b'{"a"') + gzip.compress(b":1}"), "gzip", id="two members"),
        pytest.param(gzip.compress(ONE) + bytes(512), "gzip", id="padded"),
    ],
)
def test_magic_bytes_win_over_the_header(body: bytes, encoding: str) -> None:
    assert decompress(body, encoding, CAP) == ONE


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        pytest.param(ONE, "compress", "use one of gzip, br, zstd, deflate, identity", id="unknown"),
        pytest.param(ONE, "gzip, br", "is not known", id="two codings"),
        pytest.param(b"\x00\x01", "gzip", "not gzip", id="not gzip"),
        pytest.param(gzip.compress(ONE) + b"junk", "gzip", "broken", id="junk behind"),
        pytest.param(gzip.compress(ONE)[:-8] + bytes(8), "gzip", "broken", id="wrong checksum"),
        pytest.param(gzip.compress(ONE) * 17, "gzip", "more than 16 members", id="many members"),
    ],
)
def test_what_cannot_be_unpacked_says_why(body: bytes, encoding: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as caught:
        decompress(body, encoding, CAP)
    assert caught.value.place == "Content-Encoding"


def test_the_cap_holds_over_all_members_and_without_a_coding() -> None:
    with pytest.raises(TooLarge):
        decompress(gzip.compress(bytes(CAP)) + gzip.compress(b"x"), "gzip", CAP)
    with pytest.raises(TooLarge):
        decompress(bytes(CAP + 1), "", CAP)


@given(st.binary(max_size=300), st.sampled_from([*CODINGS, "", "identity"]))
def test_arbitrary_bytes_raise_nothing_but_rejected(body: bytes, encoding: str) -> None:
    with suppress(Rejected):
        assert len(decompress(body, encoding, 100_000)) <= 100_000


class Wire:
    """An ASGI receive channel that plays messages and counts what was taken."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = list(messages)
        self.taken = 0

    async def __call__(self) -> MutableMapping[str, Any]:
        self.taken += 1
        return self._messages[self.taken - 1]


def chunk(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_comes_in_chunks() -> None:
    assert await receive_body(Wire(chunk(b"ab"), chunk(b""), chunk(b"c", more=False)), 3) == b"abc"
    assert await receive_body(Wire({"type": "http.request"}), 3) == b""


async def test_receiving_stops_at_the_cap() -> None:
    wire = Wire(chunk(b"ab"), chunk(b"cd"), chunk(b"ef"))
    with pytest.raises(TooLarge, match="over 3 bytes"):
        await receive_body(wire, 3)
    assert wire.taken == 2


async def test_a_client_that_leaves_has_sent_nothing() -> None:
    with pytest.raises(Disconnected):
        await receive_body(Wire(chunk(b"ab"), {"type": "http.disconnect"}), 3)
