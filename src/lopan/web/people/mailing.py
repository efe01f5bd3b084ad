"""Reports by e-mail as a reader arranges them: to subscribe, see what was sent, look at one beforehand, and leave."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Final

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lopan.analytics import period, schedule
from lopan.analytics.schedule import Schedule
from lopan.control import reports
from lopan.control.principal import Principal
from lopan.control.reports import Sent, Subscription
from lopan.errors import Rejected
from lopan.web import navigation, render
from lopan.web.auth import auth_of, signed_in
from lopan.web.parts import Parts, parts_of

Reader = Annotated[Principal, Depends(signed_in)]
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY: Final[dict[reports.Every, str]] = {"week": "Every week", "month": "Every month"}
DEFAULT: Final = "08:00"

router = APIRouter(include_in_schema=False)


class Line(msgspec.Struct, frozen=True):
    """A subscription with the moment of its next mail, and the period that will be about."""

    subscription: Subscription
    at: datetime
    about: str

    @property
    def words(self) -> str:
        """When it is sent, in words."""
        one = self.subscription
        day = f"on {WEEKDAYS[one.weekday]}" if one.every == "week" else f"on the first {WEEKDAYS[one.weekday]}"
        return f"{EVERY[one.every]} {day} at {one.minute // 60:02}:{one.minute % 60:02}"


class Panel(msgspec.Struct, frozen=True):
    """What the page shows about e-mail; ``ready`` = there is an SMTP server, ``person`` = the reader has a mailbox."""

    ready: bool
    person: bool
    sender: str
    lines: list[Line]
    sent: list[tuple[Sent, str]]

    @property
    def every(self) -> dict[reports.Every, str]:
        """What can be chosen."""
        return EVERY

    @property
    def weekdays(self) -> tuple[str, ...]:
        """Monday first."""
        return WEEKDAYS

    @property
    def default(self) -> str:
        """The time that the form proposes."""
        return DEFAULT


async def panel(parts: Parts, reader: Principal) -> Panel:
    """The subscriptions of ``reader``."""
    mine, past = await asyncio.gather(
        anyio.to_thread.run_sync(reports.listing, parts.engine, reader.name),
        anyio.to_thread.run_sync(reports.history, parts.engine, reader.name),
    )
    settings = parts.config.notify.email
    return Panel(
        ready=bool(settings.host),
        person="@" in reader.name,
        sender=settings.sender,
        lines=[_line(parts, one) for one in mine],
        sent=[(one, period.of(one.every, date.fromisoformat(one.first)).name) for one in past],
    )


@router.post("/report/mails")
async def subscribe(request: Request, reader: Reader) -> Response:
    """Have the report sent to the reader's own address, every week or month."""
    navigation.require(reader, navigation.REPORT)
    fields, parts = await auth_of(request).check_form(request), parts_of(request)
    weekday = fields.get("weekday", "")
    if weekday not in tuple("0123456"):
        raise Rejected("weekday", "is 0 (Monday) to 6 (Sunday)")
    every: reports.Every = "month" if fields.get("every") == "month" else "week"
    arguments = (parts.engine, reader.name, every, int(weekday), minute(fields.get("time", "")), parts.clock)
    await anyio.to_thread.run_sync(reports.subscribe, *arguments)
    return RedirectResponse("/report#mails", 303)


@router.post("/report/mails/{every}/end")
async def end(request: Request, reader: Reader, every: str) -> Response:
    """Send the reader no more of them."""
    await auth_of(request).check_form(request)
    parts = parts_of(request)
    await anyio.to_thread.run_sync(reports.unsubscribe, parts.engine, reader.name, every, parts.clock)
    return RedirectResponse("/report#mails", 303)


@router.get("/report/leave/{token}")
async def leaving(request: Request, token: str) -> Response:
    """Where the link of a mail leads, without signing in: asks before it ends anything, for scanners follow links."""
    found = await anyio.to_thread.run_sync(reports.by_token, parts_of(request).engine, token)
    context = {"subscription": found, "token": token, "ended": False}
    return render.page(request, "people/leave.html", context)


@router.post("/report/leave/{token}")
async def leave(request: Request, token: str) -> Response:
    """End the subscription that the token is signed for: from that page, or by one click in a mail program."""
    parts = parts_of(request)
    await anyio.to_thread.run_sync(reports.unsubscribe_by, parts.engine, token, parts.clock)
    return render.page(request, "people/leave.html", {"subscription": None, "token": token, "ended": True})


def minute(text: str) -> int:
    """``HH:MM`` as a minute of the day; raises Rejected."""
    hours, _, minutes = text.partition(":")
    if not (hours.isascii() and hours.isdecimal() and minutes[:2].isascii() and minutes[:2].isdecimal()):
        raise Rejected("time", f"expected a time like 08:00; got {text[:20]!r}")
    found = int(hours[:4]) * 60 + int(minutes[:2])
    if found >= 24 * 60 or int(minutes[:2]) >= 60:
        raise Rejected("time", f"expected a time like 08:00; got {text[:20]!r}")
    return found


def _line(parts: Parts, one: Subscription) -> Line:
    following = schedule.upcoming(Schedule(one.every, one.weekday, one.minute), parts.clock.now(), parts.zone)
    return Line(one, following.due, following.period.name)
