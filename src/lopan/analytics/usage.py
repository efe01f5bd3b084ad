"""The analytics of what people do and how it goes as one part, handed to pages, API and alerts."""

from __future__ import annotations

from lopan.analytics import features, satisfaction, workflows
from lopan.analytics.accounts import Accounts
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


def daily(product: Product) -> list[Daily]:
    """Every daily table, with the definitions of ``product``."""
    return [*DAILY, *(part.daily(product) for part in (features, workflows, satisfaction))]


class Usage:
    """Features, workflows, satisfaction and roles over the days of ``people`` and one set of readers."""

    def __init__(self, people: People, readers: Readers, product: Product) -> None:
        self.days = people.days
        self.product = product
        kept = Kept()
        self.features = Features(people.days, readers, product, kept)
        self.course = FeatureCourse(people.days, readers, product)
        self.accounts = Accounts(people.days, readers, product)
        self.workflows = Workflows(people.days, readers, product, kept)
        self.satisfaction = Satisfaction(people.days, readers, product, kept)
        self.roles = Roles(people, self.features, self.workflows, self.satisfaction, product)
