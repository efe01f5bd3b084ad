"""The analytics of what people do and how it goes as one part, handed to pages, API and alerts."""

from __future__ import annotations

from lopan.analytics import features, satisfaction, workflows
from lopan.analytics.accounts import Accounts
from lopan.analytics.calendar import DAY, Dates
from lopan.analytics.daily import DAILY, Daily
from lopan.analytics.featurecourse import FeatureCourse
from lopan.analytics.features import Features
from lopan.analytics.kept import Kept
from lopan.analytics.people import People
from lopan.analytics.roles import Roles
from lopan.analytics.satisfaction import Satisfaction
from lopan.analytics.workflows import Workflows
from lopan.catalog.product import Product
from lopan.store import Readers

MOST = 128 << 20
"""Bytes of memory for what days came to: at 100 million events in 90 days these take 67 million."""

_SHOWN = 30
_ANSWERED = 90


def daily(product: Product) -> list[Daily]:
    """Every daily table, with the definitions of ``product``."""
    return [*DAILY, *(part.daily(product) for part in (features, workflows, satisfaction))]


class Usage:
    """Features, workflows, satisfaction and roles over the days of ``people`` and one set of readers.

    ``kept`` is at hand for these alone, so that a crowd's sets and a flood's runs don't push each other out.
    """

    def __init__(self, people: People, readers: Readers, product: Product, kept: Kept | None = None) -> None:
        self.days = people.days
        self.product = product
        self.kept = kept or Kept(MOST)
        self.features = Features(people.days, readers, product, self.kept)
        self.course = FeatureCourse(people.days, readers, product)
        self.accounts = Accounts(people.days, readers, product)
        self.workflows = Workflows(people.days, readers, product, self.kept)
        self.satisfaction = Satisfaction(people.days, readers, product, self.kept)
        self.roles = Roles(people, self.features, self.workflows, self.satisfaction, product)

    async def prepare(self) -> None:
        """Have at hand what most pages ask about everybody, so that nobody has to wait for it."""
        if await self.days.first() is None:
            return
        today = self.days.today()
        await self.features.adoption()
        await self.workflows.funnels(Dates(today - DAY * (_SHOWN - 1), today))
        await self.satisfaction.opinions(Dates(today - DAY * (_ANSWERED - 1), today))
