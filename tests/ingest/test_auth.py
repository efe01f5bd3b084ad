from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.ingest.auth import envelope_key, find_key

KEY = "0123456789abcdef0123456789abcdef"
K = KEY.encode()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        pytest.param([(b"authorization", b"Bearer " + K)], b"", id="bearer"),
        pytest.param([(b"Authorization", b"bearer  " + K + b" ")], b"", id="spelling of bearer"),
        pytest.param(
            [(b"x-sentry-auth", b"Sentry sentry_key=" + K + b", sentry_version=7, sentry_client=sentry.python/2.75.0")],
            b"",
            id="python",
        ),
        pytest.param(
            [(b"x-sentry-auth", b"Sentry sentry_version=7,sentry_client=sentry.cocoa/9.26,sentry_key=" + K)],
            b"",
            id="cocoa",
        ),
        pytest.param(
            [(b"x-sentry-auth", b"Sentry sentry_timestamp=1.5,sentry_key=" + K + b",sentry_secret=x")], b"", id="cli"
        ),
        pytest.param([(b"authorization", b"Sentry sentry_version=7, sentry_key=" + K)], b"", id="old header"),
        pytest.param([], b"sentry_version=7&sentry_key=" + K + b"&sentry_client=x", id="query"),
        pytest.param([(b"authorization", b"Basic eDp5")], b"sentry_key=" + K, id="another scheme in front"),
    ],
)
def test_the_key_is_found_in_every_place(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    assert find_key(headers, query) == KEY


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        pytest.param([], b"", id="nothing"),
        pytest.param([(b"authorization", b"Bearer")], b"", id="no value"),
        pytest.param([(b"authorization", b"Bearer " + b"a" * 129)], b"", id="too long"),
        pytest.param([(b"authorization", b"Bearer a b")], b"", id="two words"),
        pytest.param([(b"authorization", b"Bearer \xff\xfe")], b"", id="no text"),
        pytest.param([(b"x-sentry-auth", b"sentry_key=" + K)], b"", id="no scheme"),
        pytest.param([(b"x-sentry-auth", b"Sentry not_sentry_key=" + K)], b"", id="another field"),
        pytest.param([], b"sentry_key=", id="empty query"),
        pytest.param([], b"&".join([b"a=1"] * 60) + b"&sentry_key=" + K, id="too many fields"),
    ],
)
def test_what_is_no_key_is_none(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    assert find_key(headers, query) == ""


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param(b'{"dsn":"https://' + K + b'@lopan.test/1"}\n{}', KEY, id="dsn"),
        pytest.param(b'{"dsn":"https://' + K + b':secret@lopan.test:9/path/1"}', KEY, id="old dsn"),
        pytest.param(b'{"dsn":null}\n', "", id="null"),
        pytest.param(b'{"dsn":"https://lopan.test/1"}', "", id="no key"),
        pytest.param(b'{"dsn":"https://[' + K + b'@x/1"}', "", id="no address"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b'\n{"dsn":"https://' + K + b'@lopan.test/1"}', "", id="second line"),
    ],
)
def test_a_tunnel_names_the_key_in_the_envelope(body: bytes, key: str) -> None:
    assert envelope_key(body) == key


@given(st.binary(), st.binary(), st.binary())
def test_arbitrary_bytes_never_raise(value: bytes, query: bytes, body: bytes) -> None:
    find_key([(b"authorization", value), (b"x-sentry-auth", b"Sentry " + value)], b"sentry_key=" + query)
    envelope_key(body)
