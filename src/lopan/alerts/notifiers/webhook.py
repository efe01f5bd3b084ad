"""Generic webhook: signed JSON, which the receiver can check, date and recognise when it comes twice.

``X-Lopan-Signature`` is ``sha256=`` and the hex HMAC-SHA256 of ``timestamp.body`` with the shared secret;
``Idempotency-Key`` is the same in every attempt of one message.
"""

from __future__ import annotations

import hashlib
import hmac
import time

import msgspec

from lopan.alerts.message import Message
from lopan.alerts.outgoing import Outgoing


class WebhookNotifier:
    """Posts to one address; without a ``secret`` the message is not signed."""

    def __init__(self, url: str, secret: str, allow_private: bool = False) -> None:
        self._url = url
        self._secret = secret.encode()
        self._outgoing = Outgoing(allow_private)

    async def send(self, message: Message) -> None:
        """Return once the receiver has answered 2xx; raises TransportError."""
        body = payload(message)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Lopan",
            "Idempotency-Key": message.id,
        }
        if self._secret:
            timestamp = str(int(time.time()))
            headers |= {"X-Lopan-Timestamp": timestamp, "X-Lopan-Signature": sign(self._secret, timestamp, body)}
        await self._outgoing.post(self._url, body, headers)

    async def close(self) -> None:
        """Close kept connections."""
        await self._outgoing.close()


def payload(message: Message) -> bytes:
    """The message's fields and its one-line ``subject`` as JSON."""
    return msgspec.json.encode({"subject": message.subject, **msgspec.to_builtins(message)})


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """Value of the signature header."""
    return f"sha256={hmac.new(secret, timestamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"
