"""What a fault cost: customers, people, workflows and revenue that a crash group, incident or regression touched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from lopan.analytics.business.contracts import Contracts, moment_of
from lopan.analytics.business.rates import Rates
from lopan.analytics.calendar import Dates, local
from lopan.analytics.customers.signals import Sources
from lopan.analytics.daily import over, statement
from lopan.analytics.metric import Span
from lopan.analytics.workflows import finals
from lopan.store import Param, Readers

MOST: Final = 200
"""Groups that are listed at most, those that touched most customers first."""

_INSTANT = timedelta(milliseconds=1)
Row = Mapping[str, Any]
_NOTHING: Row = {"hits": 0, "sessions": 0, "people": 0, "customers": []}


class Fault(NamedTuple):
    """Which events hit somebody; ``beyond`` is the threshold of those that are only bad past one, in their unit.

    ``cluster`` is the id of a crash group; filters are as stamped on the event, empty = all.
    """

    what: str = "crash"
    beyond: float = 0.0
    cluster: str = ""
    project: int = 0
    release: str = ""
    device: str = ""
    role: str = ""
    customer: str = ""


class Kind(NamedTuple):
    """The type of the events and what is said of them; ``{}`` stands for the threshold."""

    type: str
    definition: str


KINDS: Final[Mapping[str, Kind]] = {
    "crash": Kind("crash", "crashes"),
    "error": Kind("error", "errors that the app caught"),
    "killed": Kind("crash", "terminations for memory or by the watchdog"),
    "hang": Kind("hang", "hangs longer than 250 ms"),
    "slow launch": Kind("app_launch", "cold launches longer than {} s"),
    "memory": Kind("memory", "memory footprints above {} MB"),
    "slow frames": Kind("frame_stats", "scrolls below {} frames per second"),
    "failed request": Kind("network", "requests that failed"),
    "slow request": Kind("network", "requests longer than {} s"),
}
OF_KPI: Final[Mapping[str, str]] = {
    "crash_rate": "crash",
    "crash_free_sessions": "crash",
    "crash_free_users": "crash",
    "oom_rate": "killed",
    "hang_rate": "hang",
    "app_launch_time": "slow launch",
    "memory_usage": "memory",
    "scroll_frame_rate": "slow frames",
    "network_error_rate": "failed request",
    "network_latency": "slow request",
}
"""What hits somebody while a KPI is bad; a KPI that is not here has no events of its own that do."""


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of ``definition`` between ``start`` and ``end`` touched.

    ``hits`` events in ``sessions`` sessions of ``people`` (users, or installations where no user was named).
    ``customers`` by falling MRR, ``interrupted`` runs of workflows by workflow. ``mrr`` a month in ``currency`` at the
    end of the range, of the ``customers`` with a contract in force; ``unpriced``: those without one or without a rate.
    ``mrr_all`` and ``customers_all`` are of all customers, to compare with.
    """

    start: datetime
    end: datetime
    definition: str
    hits: int
    sessions: int
    people: int
    customers: list[str]
    interrupted: dict[str, int]
    mrr: float | None
    unpriced: int
    mrr_all: float | None
    customers_all: int
    currency: str

    @property
    def runs(self) -> int:
        """All runs that were interrupted."""
        return sum(self.interrupted.values())


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A crash group: events of one ``type`` with the same exception and the same innermost frame.

    ``message`` and ``stack`` are those of the last one, ``days`` how many there were by local day of the range.
    """

    id: str
    type: str
    exception: str
    top: str
    message: str
    stack: str
    first_release: str
    last_release: str
    first: datetime
    last: datetime
    days: list[tuple[date, int]]
    impact: Impact


class Impacts:
    """Asks the store; events come raw, as faults are rare, and revenue from the contracts of ``sources``."""

    def __init__(self, sources: Sources, readers: Readers) -> None:
        self._sources = sources
        self._readers = readers

    async def of(self, fault: Fault, span: Span) -> Impact:
        """What one fault touched."""
        return (await self._ask(fault, span, apart=False))[1]

    async def groups(self, fault: Fault, span: Span) -> list[Cluster]:
        """Every crash group of the range, those that touched most customers first."""
        return (await self._ask(fault, span, apart=True))[0]

    async def _ask(self, fault: Fault, span: Span, *, apart: bool) -> tuple[list[Cluster], Impact]:
        zone = self._sources.days.zone
        own: dict[str, Param] = {
            **fault._asdict(),
            "types": [KINDS[fault.what].type],
            "start": span.start,
            "end": span.end,
            "zone": zone.key,
            "apart": int(apart),
            "most": MOST,
            **finals(self._sources.product.workflows.values()),
        }
        hits = statement("impact_hits")
        facts = self._sources.facts
        found, runs, (contracts, rates) = await asyncio.gather(
            self._readers.rows(over("hits", hits, "impact"), own),
            self._readers.rows(over("hits", hits, "impact_runs"), own),
            asyncio.gather(self._sources.contracts(), facts.rows("rates")),
        )
        money = _Money(contracts, Rates(facts.currency, rates), span.end, local(span.end, zone))
        interrupted: dict[str, dict[str, int]] = {}
        for row in runs.to_pylist():
            interrupted.setdefault(row["of"], {})[row["workflow"]] = row["runs"]
        words = KINDS[fault.what].definition.format(f"{fault.beyond:g}")
        clusters = []
        dates = Dates(local(span.start, zone), local(span.end - _INSTANT, zone))
        whole = _impact(span, words, _NOTHING, {}, money)
        for row in found.to_pylist():
            whole = _impact(span, words, row, interrupted.get(row["of"], {}), money)
            clusters.append(_cluster(row, whole, dates))
        return clusters, whole


class _Money:
    """What customers pay a month at one moment."""

    def __init__(self, contracts: Contracts, rates: Rates, moment: datetime, day: date) -> None:
        self.currency = rates.reporting
        terms = ((name, contracts.at(name, moment)) for name in contracts.accounts())
        self.known = {name: one.mrr(rates, day) for name, one in terms if one is not None}
        self.whole = self.total(list(self.known))[0]

    def rank(self, name: str) -> tuple[Decimal, str]:
        return -(self.known.get(name) or Decimal(0)), name

    def total(self, names: Sequence[str]) -> tuple[float | None, int]:
        """Their sum, None when it is known of none though there are some, and of how many it isn't."""
        priced = [mrr for name in names if (mrr := self.known.get(name)) is not None]
        amount = float(round(sum(priced, Decimal(0)), 4)) if priced or not names else None
        return amount, len(names) - len(priced)


def _impact(span: Span, words: str, row: Row, interrupted: dict[str, int], money: _Money) -> Impact:
    customers = sorted(row["customers"], key=money.rank)
    mrr, unpriced = money.total(customers)
    return Impact(
        start=span.start,
        end=span.end,
        definition=words,
        hits=row["hits"],
        sessions=row["sessions"],
        people=row["people"],
        customers=customers,
        interrupted=dict(sorted(interrupted.items(), key=lambda one: (-one[1], one[0]))),
        mrr=mrr,
        unpriced=unpriced,
        mrr_all=money.whole,
        customers_all=len(money.known),
        currency=money.currency,
    )


def _cluster(row: Row, impact: Impact, dates: Dates) -> Cluster:
    counts = dict(zip(row["days"], row["counts"], strict=True))
    copied = ("type", "exception", "top", "message", "stack", "first_release", "last_release")
    return Cluster(
        id=row["of"],
        first=moment_of(row["first"]),
        last=moment_of(row["last"]),
        days=[(day, counts.get(day, 0)) for day in dates],
        impact=impact,
        **{name: row[name] for name in copied},
    )
