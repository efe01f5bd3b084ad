"""Sending: one task a channel takes message after message out of the outbox, so a slow channel delays only itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.exc import OperationalError

from lopan.alerts.channel import Channel
from lopan.alerts.notifier import TransportError
from lopan.alerts.outbox import Claim, Outbox
from lopan.clock import Clock

LONGEST_SLEEP = 5.0
PAUSE = 1.0
_log = logging.getLogger(__name__)
Off = Callable[..., Awaitable[Any]]


class Delivery:
    """The task of one channel; ``off`` runs a blocking call on the thread of the control database."""

    def __init__(self, channel: Channel, outbox: Outbox, clock: Clock, off: Off, done: Callable[[int], None]) -> None:
        self._channel = channel
        self._outbox = outbox
        self._clock = clock
        self._off = off
        self._done = done
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something new in the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled."""
        name = self._channel.destination.name
        while True:
            self._woken.clear()
            try:
                claim = await self._off(self._outbox.claim, name, self._clock.now())
                if claim is not None:
                    await self._send(claim)
                    self._done(claim.message.alert_id)
                else:
                    await self._sleep(await self._off(self._outbox.next_due, name))
            except OperationalError as error:
                # A locked or full disk: the rows are as they were, and a claimed one comes back when its lease ends.
                _log.error("the outbox of %s can't be used, trying again in %g s: %s", name, PAUSE, error.orig)
                await asyncio.sleep(PAUSE)

    async def _send(self, claim: Claim) -> None:
        try:
            await self._channel.notifier.send(claim.message)
        except TransportError as error:
            _log.warning("%s, attempt %d of message %s: %s", claim.channel, claim.number, claim.message.id, error)
            await self._off(self._outbox.failed, claim, error, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not stop the channel
            _log.exception("%s can't send message %s", claim.channel, claim.message.id)
            fault = TransportError(f"fault in Lopan: {type(error).__name__}: {error}", permanent=True)
            await self._off(self._outbox.failed, claim, fault, self._clock.now())
        else:
            await self._off(self._outbox.sent, claim, self._clock.now())

    async def _sleep(self, due: Any) -> None:
        wait = LONGEST_SLEEP if due is None else (due - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(0.01, min(wait, LONGEST_SLEEP))):
                await self._woken.wait()
        except TimeoutError:
            return
