"""The book of business as a page asks for it: narrowed, sorted, a page at a time, as far as the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final
from urllib.parse import urlencode

import msgspec

from lopan.analytics.customers import book as books
from lopan.analytics.customers.book import VIEWS, Book, Entry, Summary, View
from lopan.control.principal import Principal
from lopan.errors import Rejected
from lopan.web import access
from lopan.web.customers import seen, words
from lopan.web.parts import Parts
from lopan.web.people.query import day as read_day

PER_PAGE: Final = 50
_LONGEST: Final = 200
_LAST: Final = date(9999, 12, 31)

Key = Callable[[Entry], tuple[object, ...]]
SORTS: Final[Mapping[str, tuple[str, Key | None]]] = {
    "": ("Priority", None),
    "score": ("Score, lowest first", lambda one: (one.health.score is None, one.health.score or 0.0, one.id)),
    "change": ("Change, greatest fall first", lambda one: (one.change is None, _delta(one), one.id)),
    "renewal": ("Renewal, next first", lambda one: (one.renews or _LAST, one.id)),
    "contact": ("Last contact, longest ago first", lambda one: (one.account.last_contact or date.min, one.id)),
    "name": ("Name", lambda one: (one.name.casefold(), one.id)),
    "mrr": ("MRR, highest first", lambda one: (one.mrr is None, -(one.mrr or 0.0), one.id)),
}  # fmt: skip
"""What the list can be sorted by; by MRR only for who may see it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the list shows; ``to`` None = the last day that is over, ``page`` counts from 1."""

    view: View = "all"
    q: str = ""
    owner: str = ""
    segment: str = ""
    sort: str = ""
    page: int = 1
    to: date | None = None

    def address(self, **changes: str) -> str:
        """The query string that leads here; another filter leads to its first page."""
        values = {name: str(getattr(self, name) or "") for name in ("q", "owner", "segment", "sort", "page", "to")}
        values |= {"view": "" if self.view == "all" else self.view, "page": "" if self.page == 1 else str(self.page)}
        if changes and "page" not in changes:
            values["page"] = ""
        return urlencode([(name, value) for name, value in (values | changes).items() if value])


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The customers asked for. ``views``: how many are in each view; ``summary`` is of all that match, not of the page.

    ``strangers`` are active customers without a contract, ``missing`` components whose source isn't connected.
    """

    day: date
    before: date
    currency: str
    total: int
    summary: Summary
    views: dict[str, int]
    strangers: int
    missing: list[str]
    late: list[date]
    customers: list[Entry]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows; ``owners`` and ``segments`` are what can be chosen."""

    asked: Asked
    listing: Listing
    owners: list[str]
    segments: list[str]
    money: bool
    pages: int

    @property
    def empty(self) -> bool:
        """True when there is no customer at all."""
        return not self.listing.views["all"]

    @property
    def line(self) -> str:
        """What is shown in one line."""
        return words.line(self.listing.summary, self.listing.currency)


def read(params: Mapping[str, str]) -> Asked:
    """From an address; raises Rejected naming the parameter."""
    named = params.get("view") or "all"
    view = next((one for one in VIEWS if one == named), None)
    if view is None:
        raise Rejected("view", f"can be {', '.join(VIEWS)}, not {named[:20]!r}")
    sort = params.get("sort", "")
    if sort not in SORTS:
        raise Rejected("sort", f"can be {', '.join(filter(None, SORTS))}, not {sort[:20]!r}")
    number = params.get("page") or "1"
    if not (number.isdecimal() and 1 <= len(number) <= 6 and int(number)):
        raise Rejected("page", f"is a number from 1, not {number[:20]!r}")
    texts = {name: params.get(name, "") for name in ("q", "owner", "segment")}
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise Rejected(name, f"at most {_LONGEST} characters")
    to = read_day("to", params["to"]) if params.get("to") else None
    return Asked(view=view, sort=sort, page=int(number), to=to, **texts)


async def load(parts: Parts, reader: Principal, asked: Asked, size: int = PER_PAGE) -> Board:
    """Measure what ``reader`` may see; ``size`` 0 = all on one page."""
    if asked.sort == "mrr":
        access.require(reader, seen.REVENUE)
    found = seen.book(await seen.customers(parts).books.book(asked.to), reader)
    matching = [one for one in found.entries if _matches(one, asked)]
    inside = VIEWS[asked.view][1]
    shown = _sorted([one for one in matching if inside(one, found.day)], asked)
    pages = max(1, -(-len(shown) // size)) if size else 1
    first = (min(asked.page, pages) - 1) * size
    listing = Listing(
        day=found.day,
        before=found.before,
        currency=found.currency,
        total=len(shown),
        summary=seen.summary(books.summary(shown), reader),
        views={name: sum(belongs(one, found.day) for one in matching) for name, (_, belongs) in VIEWS.items()},
        strangers=found.strangers,
        missing=[*found.missing],
        late=found.late,
        customers=shown[first : first + size] if size else shown,
    )
    return Board(
        asked=msgspec.structs.replace(asked, page=min(asked.page, pages)),
        listing=listing,
        owners=_choices(found, "owner"),
        segments=_choices(found, "segment"),
        money=seen.money(reader),
        pages=pages,
    )


def _matches(one: Entry, asked: Asked) -> bool:
    account = one.account
    if (asked.owner and account.owner != asked.owner) or (asked.segment and account.segment != asked.segment):
        return False
    wanted = asked.q.casefold().strip()
    return not wanted or any(wanted in text.casefold() for text in (one.id, account.name, account.region))


def _sorted(entries: Sequence[Entry], asked: Asked) -> list[Entry]:
    key = SORTS[asked.sort][1]
    return sorted(entries, key=key) if key else [*entries]


def _delta(one: Entry) -> float:
    return one.change.delta if one.change else 0.0


def _choices(found: Book, name: str) -> list[str]:
    return sorted({value for one in found.entries if (value := getattr(one.account, name))})
