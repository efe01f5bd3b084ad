from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lopan.alerts.notifier import TransportError
from lopan.alerts.outgoing import Outgoing, allowed, retry_after

if TYPE_CHECKING:
    from tests.alerts.conftest import Receiver

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:4700:4700::1111", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("10.1.2.3", False, True),
        ("172.16.0.1", False, True),
        ("192.168.1.1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:169.254.169.254", False, False),
        ("169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::1", False, False),
        ("100.64.0.1", False, False),
    ],
)
def test_allowed(address: str, public: bool, private: bool) -> None:
    assert (allowed(address, False), allowed(address, True)) == (public, private)


@pytest.mark.parametrize(
    ("url", "allow_private", "reason"),
    [
        pytest.param("https://127.0.0.1/", False, "not a public address", id="loopback"),
        pytest.param("https://localhost/", False, "not a public address", id="name-of-loopback"),
        pytest.param("https://[::ffff:127.0.0.1]/", False, "not a public address", id="mapped"),
        pytest.param("https://169.254.169.254/latest", True, "choose another address", id="metadata"),
        pytest.param("http://93.184.216.34/", False, "only https", id="plain-http"),
        pytest.param("ftp://127.0.0.1/", True, "only https", id="other-scheme"),
        pytest.param("https://127.1/", False, "not a public address", id="short-form"),
        pytest.param("https://2130706433/", False, "not a public address", id="number-form"),
    ],
)
async def test_refused_before_a_byte_is_sent(url: str, allow_private: bool, reason: str) -> None:
    outgoing = Outgoing(allow_private)
    with pytest.raises(TransportError, match=reason) as raised:
        await outgoing.post(url, b"x", {})
    assert raised.value.permanent
    await outgoing.close()


@pytest.mark.parametrize(
    ("answer", "permanent", "retry", "uncertain"),
    [
        pytest.param(400, True, None, False, id="400"),
        pytest.param(401, True, None, False, id="401"),
        pytest.param(403, True, None, False, id="403"),
        pytest.param(404, True, None, False, id="404"),
        pytest.param(410, True, None, False, id="410"),
        pytest.param(408, False, None, False, id="408"),
        pytest.param(425, False, None, False, id="425"),
        pytest.param((429, "Retry-After: 7\r\n"), False, 7.0, False, id="429-with-retry-after"),
        pytest.param(500, False, None, False, id="500"),
        pytest.param((503, "Retry-After: soon\r\n"), False, None, False, id="503-with-nonsense"),
        pytest.param("reset", False, None, True, id="reset-after-the-body"),
    ],
)
async def test_answer(
    receiver: Receiver, answer: int | tuple[int, str] | str, permanent: bool, retry: float | None, uncertain: bool
) -> None:
    outgoing = Outgoing(allow_private=True)
    receiver.script.append(answer)
    with pytest.raises(TransportError) as raised:
        await outgoing.post(receiver.url, b"x", {})
    assert (raised.value.permanent, raised.value.retry_after, raised.value.uncertain) == (permanent, retry, uncertain)
    await outgoing.close()


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    outgoing = Outgoing(allow_private=True)
    receiver.script.append((302, f"Location: {receiver.url}\r\n"))
    with pytest.raises(TransportError, match="redirects are not followed"):
        await outgoing.post(receiver.url, b"x", {})
    assert len(receiver.requests) == 1
    await outgoing.close()


async def test_a_silent_receiver_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lopan.alerts.outgoing.TIMEOUT", 0.2)
    outgoing = Outgoing(allow_private=True)
    receiver.script.append("hang")
    with pytest.raises(TransportError, match="no answer") as raised:
        await outgoing.post(receiver.url, b"x", {})
    assert raised.value.uncertain
    await outgoing.close()


async def test_nobody_listens() -> None:
    outgoing = Outgoing(allow_private=True)
    with pytest.raises(TransportError, match="no connection") as raised:
        await outgoing.post("http://127.0.0.1:1/", b"x", {})
    assert (raised.value.permanent, raised.value.uncertain) == (False, False)
    await outgoing.close()


async def test_the_address_is_a_secret_and_never_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    outgoing = Outgoing(allow_private=True)
    with caplog.at_level(logging.INFO):
        receiver.script.append(404)
        with pytest.raises(TransportError) as raised:
            await outgoing.post(f"{receiver.url}/B00SECRET", b"x", {})
        await outgoing.post(f"{receiver.url}/B00SECRET", b"x", {})
    assert "B00SECRET" not in caplog.text + str(raised.value)
    await outgoing.close()


async def test_the_connection_is_kept_and_the_name_stays_in_the_host_header(receiver: Receiver) -> None:
    outgoing = Outgoing(allow_private=True)
    for _ in range(3):
        await outgoing.post(f"http://localhost:{receiver.port}/a?b=c", b"x", {})
    assert receiver.connections == 1
    assert (receiver.requests[0].path, receiver.requests[0].headers["host"]) == ("/a?b=c", f"localhost:{receiver.port}")
    await outgoing.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("in a minute", None),
        ("-5", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
