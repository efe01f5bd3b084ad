"""What the ROI page shows about one address: the return with what it is measured against, and who approved that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from urllib.parse import urlencode

import anyio.to_thread
import msgspec

from lopan.analytics.business.ledger import Ledger, Scope
from lopan.analytics.business.payback import Month
from lopan.analytics.business.returns import Returns, Roi
from lopan.analytics.business.roi import Result
from lopan.analytics.calendar import Dates, begin, local
from lopan.analytics.metric import Filters, Metric, Point, Span
from lopan.analytics.status import status
from lopan.catalog import Kpi
from lopan.catalog import business as judging
from lopan.control import baselines
from lopan.control.baselines import Baseline
from lopan.errors import GiveUp, Rejected
from lopan.web.business import roi_course
from lopan.web.business.roi_course import Course
from lopan.web.parts import Parts
from lopan.web.people import frame
from lopan.web.people.query import day

_LONGEST = 200
_DAYS = 3_660
"""So far back can be looked."""

TITLES: Final[Mapping[str, str]] = {
    "roi_net": "Net ROI",
    "roi_hard": "Net ROI, hard only",
    "payback_months": "Payback",
    "benefit_cost_ratio": "Benefit-cost ratio",
    "labour_productivity_change": "Productivity g",
}


class Told(NamedTuple):
    """A line of the benefits as people read it: what it is, and what its n counts."""

    title: str
    about: str
    samples: str


LINES: Final[Mapping[str, Told]] = {
    "labour": Told("Labour", "hours freed by higher productivity than in the baseline", "labour entries"),
    "inventory": Told("Inventory", "less stock held than in the baseline, at the carrying rate", "days of stock"),
    "quality": Told("Quality", "less scrap, rework and warranty a unit than in the baseline", "orders and repairs"),
    "downtime": Told("Downtime", "what was booked", "booked savings"),
    "other": Told("Other", "what was booked", "booked savings"),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at. ``first`` None = since the roll-out began, ``last`` None = up to today; both included."""

    site: str = ""
    first: date | None = None
    last: date | None = None
    known: date | None = None

    def address(self, **changes: str) -> str:
        """The query string that leads here, with ``changes``."""
        values = {"site": self.site, "from": _text(self.first), "to": _text(self.last), "known": _text(self.known)}
        return urlencode([(name, value) for name, value in (values | changes).items() if value])

    @property
    def filters(self) -> Filters:
        """As figures of facts are narrowed."""
        return Filters(site=self.site, known=_text(self.known))


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    asked: Asked
    roi: Roi
    baseline: Baseline | None
    how: judging.Roi
    cards: list[Metric]
    sites: list[str]
    waiting: int
    course: Course | None

    @property
    def result(self) -> Result | None:
        """The return, None without a window."""
        return self.roi.result

    @property
    def lines(self) -> Mapping[str, Told]:
        """How the lines are called."""
        return LINES

    @property
    def measured(self) -> bool:
        """Whether there is a baseline that the return is measured against."""
        return self.roi.baseline is not None

    @property
    def spent(self) -> bool:
        """Whether any cost is known."""
        return self.result is not None and self.result.base.cost > 0

    @property
    def empty(self) -> bool:
        """True when there is neither a benefit nor a cost."""
        return self.result is None or not self.result.n

    def provisional(self, month: Month) -> bool:
        """Whether late invoices may still change a month."""
        return self.roi.closed is not None and month.last > self.roi.closed


def read(params: Mapping[str, str]) -> Asked:
    """From an address; raises Rejected naming the parameter."""
    site = params.get("site", "")
    if len(site) > _LONGEST:
        raise Rejected("site", f"at most {_LONGEST} characters")
    first, last, known = (day(name, params[name]) if params.get(name) else None for name in ("from", "to", "known"))
    if first is not None and last is not None and last < first:
        raise Rejected("from", f"must not lie after to; got {first} and {last}")
    return Asked(site=site, first=first, last=last, known=known)


async def load(parts: Parts, asked: Asked) -> Board:
    """Measure the return; raises GiveUp where there are no facts."""
    facts = parts.facts
    if facts is None:
        raise GiveUp("this process reads no business facts")
    today = local(parts.clock.now(), parts.zone)
    if asked.first is not None and (today - asked.first).days > _DAYS:
        raise Rejected("from", f"at most {_DAYS} days back; got {asked.first}")
    scope = Scope(min(today, asked.known or today), asked.site, known=asked.known)
    versions, sites = await asyncio.gather(
        anyio.to_thread.run_sync(baselines.listing, parts.engine), facts.rows("sites", asked.known)
    )
    approved = next((one for one in versions if one.state == "approved"), None)
    found = await Returns(Ledger(facts), parts.judging).roi(approved, scope, asked.first, asked.last)
    return Board(
        asked=asked,
        roi=found,
        baseline=approved if found.baseline is not None else None,
        how=parts.judging.roi,
        cards=_cards(parts, found),
        sites=[row["site"] for row in sites],
        waiting=sum(one.state == "frozen" for one in versions),
        course=roi_course.course(found.result, found.closed) if found.result is not None else None,
    )


def _cards(parts: Parts, found: Roi) -> list[Metric]:
    """The headline in the form of KPIs, with their targets and definitions."""
    result = found.result
    base = result.base if result else None
    n = result.n if result else 0
    sofar = _sofar(result.months if result else [], parts)
    told: dict[str, tuple[float | None, int, list[Point]]] = {
        "roi_net": (base.roi_net if base else None, n, sofar["benefit"]),
        "roi_hard": (base.hard if base else None, n, sofar["hard"]),
        "payback_months": (base.payback.months if base else None, n, []),
        "benefit_cost_ratio": (base.benefit_cost_ratio if base else None, n, sofar["ratio"]),
        "labour_productivity_change": (found.growth, found.worked, []),
    }
    today = local(parts.clock.now(), parts.zone)
    span = frame.span(found.dates or Dates(today, today), parts)
    return [_card(parts.catalog.get(name), value, n, span, series) for name, (value, n, series) in told.items()]


def _card(kpi: Kpi, value: float | None, n: int, span: Span, series: list[Point]) -> Metric:
    shown = None if value is None else kpi.scale * value
    made = frame.metric(
        kpi.id,
        TITLES[kpi.id],
        shown,
        n,
        span,
        unit=kpi.unit,
        decimals=kpi.decimals,
        goal=(kpi.target, kpi.warning, kpi.critical),
        status=status(kpi, shown),
        definition=kpi.definition,
        description=kpi.description,
        least=kpi.min_samples,
        series=[msgspec.structs.replace(one, value=one.value and kpi.scale * one.value) for one in series],
    )
    return msgspec.structs.replace(made, better=kpi.better)


def _sofar(months: Sequence[Month], parts: Parts) -> dict[str, list[Point]]:
    """Net of all benefits and of the hard ones, and the ratio, as they stood at the end of each month."""
    found: dict[str, list[Point]] = {"benefit": [], "hard": [], "ratio": []}
    benefit = hard = cost = 0.0
    for month in months:
        benefit, hard, cost = benefit + month.benefit, hard + month.hard, cost + month.cost
        told = {"benefit": benefit - cost, "hard": hard - cost, "ratio": benefit}
        for name, value in told.items():
            found[name].append(Point(begin(month.last, parts.zone), value / cost if cost else None, 1, not month.whole))
    return found


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
