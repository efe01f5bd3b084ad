"""The analytics of people as one part, handed to pages, API and alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.days import LATE_RAW, Days
from lopan.analytics.engagement import Engagement
from lopan.analytics.kept import Kept
from lopan.analytics.retention import Retention
from lopan.analytics.sessions import Sessions
from lopan.errors import LopanError
from lopan.store import Readers

_DAYS, _SHOWN, _BY = 90, 28, "role"
_BEGUN_S = 5.0
_EVERY_S = 30.0

log = logging.getLogger(__name__)


class People:
    """Engagement, sessions and retention over one set of days and readers; others may share ``kept``."""

    def __init__(self, days: Days, readers: Readers, kept: Kept | None = None) -> None:
        self.days = days
        self.kept = kept or Kept()
        self.engagement = Engagement(days, readers, self.kept)
        self.sessions = Sessions(days, readers, self.kept)
        self.retention = Retention(days, readers, self.kept)

    async def prepare(self) -> None:
        """Have at hand what most pages ask about everybody, so that nobody has to wait for it."""
        if await self.days.first() is None:
            return
        today = self.days.today()
        shown = Dates(today - DAY * (_SHOWN - 1), today)
        before = Dates(shown.first - DAY * _SHOWN, shown.first - DAY)
        wide = Dates(today - DAY * (_DAYS - 1), today)
        await self.retention.returns(wide)
        await self.engagement.report(wide, by=_BY)
        await self.engagement.groups(_BY, today)
        for dates, by in ((wide, _BY), (shown, _BY), (before, "")):
            await self.sessions.report(dates, by=by)
        await self.retention.report(wide)
        await self.retention.triangle(wide, "week")
        await self.retention.groups(shown, _BY)

    async def keep(self, *others: Callable[[], Awaitable[None]]) -> None:
        """Prepare, ``others`` too, soon after the start and each midnight, once nearly all closed days are there."""
        prepared = None
        await asyncio.sleep(_BEGUN_S)
        while True:
            try:
                await self.days.loaded()
                if prepared != self.days.today() and self.days.due <= LATE_RAW:
                    for prepare in (self.prepare, *others):
                        await prepare()
                    prepared = self.days.today()
            except LopanError as error:
                log.warning("figures of people can't be prepared, trying again in %g s: %s", _EVERY_S, error)
            await asyncio.sleep(_EVERY_S)
