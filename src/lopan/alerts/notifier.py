"""What every way of sending has in common: one method, one error."""

from __future__ import annotations

from typing import Protocol

from lopan.alerts.message import Message
from lopan.errors import LopanError


class TransportError(LopanError):
    """A message did not go out, or may not have.

    ``permanent``: trying again can't help, a person must change the channel. ``retry_after``: seconds the receiver
    asked for. ``uncertain``: the receiver may have taken the message before the connection broke.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None, uncertain: bool = False
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.uncertain = uncertain


class Notifier(Protocol):
    """One destination."""

    async def send(self, message: Message) -> None:
        """Return once the receiver has taken the message; raises TransportError otherwise."""
        ...

    async def close(self) -> None:
        """Let go of kept connections."""
        ...
