"""The return as machines get it; a share or ratio says its unit, all money is in ``currency``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from lopan.analytics.business.returns import Doubt
from lopan.analytics.business.roi import Case, Kind, Return
from lopan.catalog.business import Line, Phi
from lopan.web.business.roi_board import LINES, Board


class Ratio(msgspec.Struct, frozen=True):
    """``value`` None = no data; in ``unit``, which is empty for a plain ratio."""

    value: float | None
    unit: Literal["%", ""]


class Paid(msgspec.Struct, frozen=True):
    """``day`` None = not in sight. ``months`` from the begin; ``projected`` = it lies ahead; ``lasting`` = it held."""

    day: date | None
    months: float | None
    projected: bool
    lasting: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The return when the share ``phi`` (0 to 1) of freed hours was realised; ``hard`` counts cash alone."""

    case: Case
    phi: float
    benefit: float
    hard_benefit: float
    cost: float
    roi_net: Ratio
    roi_hard: Ratio
    benefit_cost_ratio: Ratio
    payback: Paid


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the benefits at low, likely and high phi; ``hard`` and ``soft`` add up to ``base``.

    ``why`` says why it could not be computed: it then holds what was booked alone. ``n`` counts ``samples``.
    """

    line: Line
    low: float
    base: float
    high: float
    hard: float
    soft: float
    kind: Kind
    known: bool
    why: str
    n: int
    samples: str


class Spending(msgspec.Struct, frozen=True):
    """One type of cost; ``once`` = it will not come again; ``n`` counts its facts."""

    type: str
    amount: float
    once: bool
    n: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The days of a month that lie in the window, at the base phi; ``so_far``: of all months up to this one.

    ``whole`` = all of the month, and over; ``provisional`` = late invoices may still change it.
    """

    first: date
    last: date
    benefit: float
    hard_benefit: float
    cost: float
    once: float
    benefit_so_far: float
    cost_so_far: float
    whole: bool
    provisional: bool


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline that savings are measured against."""

    version: int
    first: date
    last: date
    frozen_by: str
    approved_by: str
    approved_at: datetime | None
    note: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The return over ``first`` to ``last``, both included, None when nothing is known of the window.

    ``growth`` is productivity against the baseline, shown alone; ``hours`` were worked, each worth ``rate``;
    ``stock_released`` is cash set free once, which is no profit. Months after ``closed`` are provisional.
    """

    site: str
    known: date | None
    first: date | None
    last: date | None
    currency: str
    baseline: Against | None
    outcomes: list[Outcome]
    savings: list[Saving]
    costs: list[Spending]
    months: list[Course]
    growth: Ratio
    hours: float
    hours_n: int
    rate: float | None
    stock_released: float | None
    phi: Phi
    closed: date | None
    n: int
    doubts: list[Doubt]
    definitions: dict[str, str]


def answer(board: Board) -> Answer:
    """All that the page shows."""
    roi, result, base = board.roi, board.result, board.baseline
    return Answer(
        site=board.asked.site,
        known=board.asked.known,
        first=roi.dates.first if roi.dates else None,
        last=roi.dates.last if roi.dates else None,
        currency=roi.currency,
        baseline=Against(
            version=base.version,
            first=base.first,
            last=base.last,
            frozen_by=base.frozen_by,
            approved_by=base.decided_by or "",
            approved_at=base.decided_at,
            note=base.note,
        )
        if base
        else None,
        outcomes=[_outcome(one) for one in result.returns] if result else [],
        savings=savings(board),
        costs=[Spending(one.type, one.amount, one.once, one.n) for one in result.costs] if result else [],
        months=months(board),
        growth=_percent(roi.growth),
        hours=roi.hours,
        hours_n=roi.worked,
        rate=roi.rate,
        stock_released=roi.release,
        phi=board.how.phi,
        closed=roi.closed,
        n=result.n if result else 0,
        doubts=roi.doubts,
        definitions={card.id: card.definition for card in board.cards},
    )


def savings(board: Board) -> list[Saving]:
    """Every line, those without money too."""
    return [
        Saving(
            line=one.line,
            low=one.low,
            base=one.base,
            high=one.high,
            hard=one.hard,
            soft=one.soft,
            kind=one.kind,
            known=one.known,
            why=one.why,
            n=one.n,
            samples=LINES[one.line].samples,
        )
        for one in (board.result.lines if board.result else [])
    ]


def months(board: Board) -> list[Course]:
    """Every month with what it adds up to."""
    found: list[Course] = []
    benefit = cost = 0.0
    for one in board.result.months if board.result else []:
        benefit, cost = benefit + one.benefit, cost + one.cost
        found.append(
            Course(
                first=one.first,
                last=one.last,
                benefit=one.benefit,
                hard_benefit=one.hard,
                cost=one.cost,
                once=one.once,
                benefit_so_far=benefit,
                cost_so_far=cost,
                whole=one.whole,
                provisional=board.provisional(one),
            )
        )
    return found


def _outcome(one: Return) -> Outcome:
    paid = one.payback
    return Outcome(
        case=one.case,
        phi=one.phi,
        benefit=one.benefit,
        hard_benefit=one.hard_benefit,
        cost=one.cost,
        roi_net=_percent(one.roi_net),
        roi_hard=_percent(one.hard),
        benefit_cost_ratio=Ratio(one.benefit_cost_ratio, ""),
        payback=Paid(paid.day, paid.months, paid.projected, paid.lasting),
    )


def _percent(share: float | None) -> Ratio:
    return Ratio(None if share is None else 100 * share, "%")
