"""What of customers a reader may see: money is for who may see revenue, names for who may see customer health."""

from __future__ import annotations

import msgspec

from lopan.analytics.customers.book import Book, Entry, Summary
from lopan.analytics.customers.customers import Customers
from lopan.analytics.customers.detail import Detail
from lopan.analytics.customers.score import COLOURS
from lopan.analytics.impact import Cluster, Impact, Impacts
from lopan.control.principal import Principal
from lopan.errors import GiveUp
from lopan.web import access
from lopan.web.parts import Parts

HEALTH = "customerHealth"
REVENUE = "revenue"


def money(reader: Principal) -> bool:
    """Whether what customers pay may be shown."""
    return access.may(reader, REVENUE)


def book(found: Book, reader: Principal) -> Book:
    """As ``entry`` each; where money is not to be seen, the order is by colour and score alone."""
    entries = [entry(one, reader) for one in found.entries]
    if not money(reader):
        entries.sort(key=lambda one: (COLOURS.index(one.health.colour), one.health.score or 0.0, one.id))
    return msgspec.structs.replace(found, entries=entries)


def entry(found: Entry, reader: Principal) -> Entry:
    """Without MRR, and without the name of the contact, where these are not to be seen."""
    if access.why_no_names(reader):
        found = msgspec.structs.replace(found, account=msgspec.structs.replace(found.account, contact=""))
    return found if money(reader) else msgspec.structs.replace(found, mrr=None)


def summary(found: Summary, reader: Principal) -> Summary:
    """Without money where that is not to be seen."""
    return found if money(reader) else msgspec.structs.replace(found, mrr=None, at_risk=None, unpriced=0)


def detail(found: Detail, reader: Principal) -> Detail:
    """As ``entry``."""
    return msgspec.structs.replace(found, entry=entry(found.entry, reader))


def impact(found: Impact, reader: Principal) -> Touched:
    """Counts for everyone; names in the order of the alphabet where money is not to be seen."""
    priced, named = money(reader), access.may(reader, HEALTH)
    names = found.customers if priced else sorted(found.customers)
    return Touched(
        start=found.start.isoformat(),
        end=found.end.isoformat(),
        definition=found.definition,
        hits=found.hits,
        sessions=found.sessions,
        people=found.people,
        customers=len(found.customers),
        customers_all=found.customers_all,
        names=names if named else None,
        interrupted=found.interrupted,
        runs=found.runs,
        mrr=found.mrr if priced else None,
        mrr_all=found.mrr_all if priced else None,
        unpriced=found.unpriced if priced else None,
        currency=found.currency if priced else None,
    )


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of ``definition`` in the range touched, as far as the asker may see.

    ``hits`` events in ``sessions`` of ``people``; ``customers`` of ``customers_all`` with a contract; ``interrupted``
    runs by workflow; ``mrr`` a month in ``currency`` of the customers touched, ``unpriced`` of which it isn't known.
    """

    start: str
    end: str
    definition: str
    hits: int
    sessions: int
    people: int
    customers: int
    customers_all: int
    names: list[str] | None
    interrupted: dict[str, int]
    runs: int
    mrr: float | None
    mrr_all: float | None
    unpriced: int | None
    currency: str | None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A crash group with what it touched; ``days``: (local day, how many)."""

    id: str
    type: str
    exception: str
    top: str
    message: str
    stack: str
    first_release: str
    last_release: str
    first: str
    last: str
    days: list[tuple[str, int]]
    impact: Touched

    @property
    def title(self) -> str:
        """The exception, or what stands in for it."""
        return self.exception or self.message or "Without a name"


def group(found: Cluster, reader: Principal) -> Group:
    """As ``impact``."""
    return Group(
        id=found.id,
        type=found.type,
        exception=found.exception,
        top=found.top,
        message=found.message,
        stack=found.stack,
        first_release=found.first_release,
        last_release=found.last_release,
        first=found.first.isoformat(),
        last=found.last.isoformat(),
        days=[(day.isoformat(), count) for day, count in found.days],
        impact=impact(found.impact, reader),
    )


def customers(parts: Parts) -> Customers:
    """The analytics of customers; raises GiveUp where the composition root left it out."""
    if parts.customers is None:
        raise GiveUp("this Lopan was started without the analytics of customers")
    return parts.customers


def impacts(parts: Parts) -> Impacts:
    """What faults touch; raises GiveUp where the composition root left it out."""
    if parts.impacts is None:
        raise GiveUp("this Lopan was started without the analytics of customers")
    return parts.impacts
