"""The analytics of people as one part, handed to pages, API and alerts."""

from __future__ import annotations

from lopan.analytics.days import Days
from lopan.analytics.engagement import Engagement
from lopan.analytics.kept import Kept
from lopan.analytics.retention import Retention
from lopan.analytics.sessions import Sessions
from lopan.store import Readers


class People:
    """Engagement, sessions and retention over one set of days and readers; others may share ``kept``."""

    def __init__(self, days: Days, readers: Readers, kept: Kept | None = None) -> None:
        self.days = days
        self.kept = kept or Kept()
        self.engagement = Engagement(days, readers, self.kept)
        self.sessions = Sessions(days, readers, self.kept)
        self.retention = Retention(days, readers, self.kept)
