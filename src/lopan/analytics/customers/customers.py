"""The analytics of customers as one part, handed to pages and API."""

from __future__ import annotations

from lopan.analytics.customers.backtest import Backtests
from lopan.analytics.customers.book import Books
from lopan.analytics.customers.causes import Causes
from lopan.analytics.customers.detail import Details
from lopan.analytics.customers.signals import Sources
from lopan.analytics.days import Days
from lopan.analytics.facts import Facts
from lopan.catalog.business import Business
from lopan.catalog.health import Judging
from lopan.catalog.product import Product
from lopan.store import Readers


class Customers:
    """Book, details, causes and back-test over one set of days, facts and readers."""

    def __init__(
        self,
        days: Days,
        readers: Readers,
        facts: Facts,
        product: Product,
        judging: Judging,
        how: Business = Business(),
    ) -> None:
        self.judging = judging
        self.sources = Sources(days, readers, facts, product, how)
        self.books = Books(self.sources, readers, judging)
        self.details = Details(self.books, readers)
        self.causes = Causes(self.sources, readers)
        self.backtests = Backtests(self.books)
