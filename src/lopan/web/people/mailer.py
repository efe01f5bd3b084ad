"""Sends reports by e-mail when they are due: each period once, to people as they are at that moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from lopan.alerts.notifier import TransportError
from lopan.alerts.notifiers.email import deliver
from lopan.alerts.outbox import delay
from lopan.analytics import period, schedule
from lopan.analytics.schedule import Schedule
from lopan.config import Email, secret
from lopan.control import reports
from lopan.control.reports import Claim, Due
from lopan.errors import LopanError, TryAgain
from lopan.web import navigation
from lopan.web.parts import Parts
from lopan.web.people import mail, report, report_files
from lopan.web.people.mail import Letter
from lopan.web.people.report import Asked

LOOK: Final = 15.0
"""Seconds between two looks at the clock, which may be set meanwhile."""

LIFETIME: Final = timedelta(hours=24)
_LOG = logging.getLogger(__name__)


class Mailer:
    """The task beside the server; without an SMTP server in ``[notify.email]`` there is nothing for it to do."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings: Email = parts.config.notify.email
        self._password = secret(self._settings.password)

    async def run(self) -> None:
        """Send until cancelled."""
        await self._off(reports.release, self._parts.clock.now())
        while True:
            try:
                await self.round()
            except OperationalError as error:
                # A locked or full disk: the rows are as they were, and a claimed one comes back when its lease ends.
                _LOG.error("the reports can't be looked at, trying again in %g s: %s", LOOK, error.orig)
            await asyncio.sleep(LOOK)

    async def round(self) -> None:
        """Put what is due by now into the outbox, and send what can be sent."""
        now, zone = self._parts.clock.now(), self._parts.zone
        for one in await self._off(reports.listing):
            times = Schedule(one.every, one.weekday, one.minute)
            due = [
                Due(issue.period.dates.first.isoformat(), issue.due)
                for issue in schedule.issues(times, one.since, now, zone)
            ]
            if due:
                await self._off(reports.put, one, due, now)
        while (claim := await self._off(reports.claim, self._parts.clock.now())) is not None:
            await self._send(claim)

    async def _send(self, claim: Claim) -> None:
        try:
            refusal = await self._delivered(claim)
        except TryAgain as error:
            await self._later(claim, str(error), error.retry_after)
        except TransportError as error:
            _LOG.warning("report %s to %s, attempt %d: %s", claim.first, claim.reader.name, claim.number, error)
            if error.permanent:
                await self._end(claim, "failed", str(error))
            else:
                await self._later(claim, str(error), delay(claim.number + 3, error.retry_after))
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours in one report must not keep the others back
            _LOG.exception("report %s to %s can't be made", claim.first, claim.reader.name)
            known = isinstance(error, LopanError)
            await self._end(claim, "failed", str(error) if known else f"fault in Lopan: {type(error).__name__}")
        else:
            await self._end(claim, "dropped" if refusal else "sent", refusal)

    async def _delivered(self, claim: Claim) -> str:
        """Send it; returns why it is not to be sent, '' once the server has it."""
        if claim.subscription is None:
            return "the subscription was ended"
        if not navigation.may_open(claim.reader, navigation.REPORT):
            return "the access level includes nothing of the report"
        about = period.of(claim.every, date.fromisoformat(claim.first))
        asked = Asked(about)
        made = await report.load(self._parts, claim.reader, asked)
        if not made.sections:
            return "the period is not over by the clock of this machine"
        pdf = await self._parts.printer.pdf(made)
        letter = self._letter(claim, asked)
        name = f"lopan-{report_files.filename(made)}.pdf"
        await deliver(mail.compose(made, letter, pdf, name), self._settings, self._password)
        return ""

    def _letter(self, claim: Claim, asked: Asked) -> Letter:
        assert claim.subscription is not None
        url = self._parts.config.public_url
        return Letter(
            to=claim.reader.name,
            sender=self._settings.sender,
            key=claim.key,
            link=f"{url}/report?{asked.address()}",
            leave=f"{url}/report/leave/{claim.subscription.token}",
        )

    async def _later(self, claim: Claim, note: str, seconds: float) -> None:
        now = self._parts.clock.now()
        if now - claim.created_at >= LIFETIME:
            await self._end(claim, "failed", note)
        else:
            await self._off(reports.later, claim, note, now + timedelta(seconds=seconds))

    async def _end(self, claim: Claim, state: str, note: str) -> None:
        await self._off(reports.finish, claim, state, note, self._parts.clock.now())

    async def _off(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(call, self._parts.engine, *arguments)
