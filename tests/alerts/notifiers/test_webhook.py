from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from lopan.alerts.message import Message
from lopan.alerts.notifiers.webhook import WebhookNotifier, sign

if TYPE_CHECKING:
    from tests.alerts.conftest import Receiver


async def test_a_receiver_can_check_the_signature(message: Message, receiver: Receiver) -> None:
    notifier = WebhookNotifier(receiver.url, "s3cret", allow_private=True)
    await notifier.send(message)
    await notifier.close()
    (request,) = receiver.requests
    signed = request.headers["x-lopan-timestamp"].encode() + b"." + request.body
    expected = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert request.headers["x-lopan-signature"] == f"sha256={expected}"
    assert request.headers["idempotency-key"] == message.id == request.json["id"]


async def test_body(message: Message, receiver: Receiver) -> None:
    notifier = WebhookNotifier(receiver.url, "", allow_private=True)
    await notifier.send(message)
    await notifier.close()
    (request,) = receiver.requests
    told = request.json
    assert told["subject"] == "Critical: App launch is slow (release 2.1.0), 3.21 s"
    assert (told["kind"], told["severity"], told["value"], told["unit"]) == ("firing", "critical", 3.214, "s")
    assert told["started_at"] == "2026-11-22T12:00:00Z"
    assert "x-lopan-signature" not in request.headers


def test_the_signature_covers_time_and_body() -> None:
    signs = {sign(b"k", "1", b"a"), sign(b"k", "2", b"a"), sign(b"k", "1", b"b"), sign(b"l", "1", b"a")}
    assert len(signs) == 4
