"""The analytics of what people do in the app as one part, handed to pages and API."""

from __future__ import annotations

from lopan.analytics.days import Days
from lopan.analytics.features import Features
from lopan.analytics.satisfaction import Satisfaction
from lopan.analytics.workflows import Workflows
from lopan.catalog.product import Product
from lopan.clock import Clock
from lopan.store import Readers


class Usage:
    """Features, workflows and satisfaction by the definitions of ``product``."""

    def __init__(self, days: Days, readers: Readers, product: Product, clock: Clock) -> None:
        self.product = product
        self.features = Features(days, readers, product)
        self.workflows = Workflows(days, readers, product, clock)
        self.satisfaction = Satisfaction(days, readers, product)
