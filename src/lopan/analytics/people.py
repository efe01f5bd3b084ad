"""The analytics of people as one part, handed to pages, API and alerts."""

from __future__ import annotations

from lopan.analytics.days import Days
from lopan.analytics.engagement import Engagement
from lopan.analytics.retention import Retention
from lopan.analytics.sessions import Sessions
from lopan.store import Readers


class People:
    """Engagement, sessions and retention over one set of days and readers."""

    def __init__(self, days: Days, readers: Readers) -> None:
        self.days = days
        self.engagement = Engagement(days, readers)
        self.sessions = Sessions(days, readers)
        self.retention = Retention(days, readers)
