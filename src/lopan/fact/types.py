"""The business facts. A field's annotation is its limit, whichever way a row comes in: JSON, file, database, machine.

A row is known by ``key``, which its source gives it; a later row with the same key replaces it, ``deleted`` takes it
away. ``modified`` says which is later: the time of change in the source, or the time of arrival when there is none.
Quantities are in the unit that the source counts in, money in ``currency``, times with a zone.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

MOST = 1e12
MOST_MONEY = Decimal(10**13)
Key = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=8_000)]
Quantity = Annotated[float, Meta(ge=0, le=MOST)]
Stock = Annotated[float, Meta(ge=-MOST, le=MOST)]
Hours = Annotated[float, Meta(ge=0, le=1e6)]
Rate = Annotated[float, Meta(gt=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=4_294_967_295)]
Minutes = Annotated[int, Meta(ge=0, lt=1_440)]
Money = Decimal
"""Up to ``MOST_MONEY`` either way; four places after the point are kept, a fifth is refused."""
Currency = Annotated[str, Meta(pattern="^([A-Z]{3})?$")]
Time = Annotated[datetime, Meta(tz=True)]


class Fact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What every fact may carry. ``recorded`` is when the source wrote it down, which may be long after it was so."""

    SPANS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of times of which the second must not lie before the first."""

    key: Key
    modified: Time | None = None
    recorded: Time | None = None


class Site(Fact, kw_only=True, gc=False):
    """A place of work: its time zone, and the minute of the day at which its production day begins (360 = 06:00)."""

    site: Name
    name: Word = ""
    timezone: Name
    day_begins: Minutes = 0
    region: Word = ""
    currency: Currency = ""


class Shift(Fact, kw_only=True, gc=False):
    """A stretch of the calendar of a site, or of one work unit: worked time, or time that is planned not to be."""

    SPANS = (("started", "ended"),)

    site: Name
    work_unit: Word = ""
    name: Word = ""
    kind: Literal["shift", "break", "maintenance", "holiday", "shutdown"] = "shift"
    started: Time
    ended: Time


class WorkOrder(Fact, kw_only=True, gc=False):
    """An order to make ``ordered`` units of ``product``; standard hours and cost are those of one unit."""

    SPANS = (("planned_start", "planned_end"), ("started", "ended"))

    order: Name
    site: Word = ""
    product: Word = ""
    customer: Word = ""
    unit: Word = ""
    ordered: Quantity
    good: Quantity = 0.0
    scrap: Quantity = 0.0
    reworked: Quantity = 0.0
    planned_start: Time | None = None
    planned_end: Time | None = None
    first_promised: Time | None = None
    due: Time | None = None
    started: Time | None = None
    ended: Time | None = None
    status: Literal["planned", "released", "running", "done", "closed", "cancelled"] = "planned"
    std_hours: Hours | None = None
    std_cost: Money | None = None
    currency: Currency = ""


class WorkUnitState(Fact, kw_only=True, gc=False):
    """What a machine or workplace did from ``started`` to ``ended`` (none = still); pieces made in that time.

    ``ideal_cycle_s`` is the planned run time of one piece. Where states overlap, the first in the order down,
    planned_down, delay, setup, production, idle counts.
    """

    SPANS = (("started", "ended"),)

    work_unit: Name
    site: Word = ""
    started: Time
    ended: Time | None = None
    state: Literal["production", "setup", "delay", "down", "planned_down", "idle"]
    reason: Word = ""
    order: Word = ""
    product: Word = ""
    operator: Word = ""
    good: Quantity = 0.0
    scrap: Quantity = 0.0
    ideal_cycle_s: Quantity | None = None


class Inspection(Fact, kw_only=True, gc=False):
    """Units of a lot inspected after an operation; one that was reworked did not pass the first time."""

    site: Word = ""
    product: Word = ""
    order: Word = ""
    lot: Word = ""
    operation: Word = ""
    at: Time
    inspected: Quantity
    passed_first: Quantity
    reworked: Quantity = 0.0
    rejected: Quantity = 0.0
    defect: Word = ""
    base: Literal["full", "sample"] = "full"


class OrderLine(Fact, kw_only=True, gc=False):
    """One line of a customer's order, from the day it was asked for to what was delivered, returned and claimed.

    ``documents_ok`` and ``condition_ok`` are unknown until somebody looked.
    """

    order: Name
    line: Word = ""
    customer: Word = ""
    product: Word = ""
    site: Word = ""
    region: Word = ""
    placed: Time | None = None
    requested: Time | None = None
    first_promised: Time | None = None
    promised: Time | None = None
    shipped: Time | None = None
    delivered: Time | None = None
    ordered: Quantity = 1.0
    delivered_quantity: Quantity | None = None
    returned: Quantity = 0.0
    documents_ok: bool | None = None
    condition_ok: bool | None = None
    claim: Literal["", "item", "quantity", "documents", "condition"] = ""
    claimed: Time | None = None
    cancelled: bool = False
    amount: Money | None = None
    currency: Currency = ""


class InventorySnapshot(Fact, kw_only=True, gc=False):
    """Stock of a product at the end of ``day``; less than nothing is kept, and shown as an error of the source."""

    day: date
    site: Word = ""
    product: Word = ""
    quantity: Stock = 0.0
    value: Money
    currency: Currency = ""


class Labour(Fact, kw_only=True, gc=False):
    """Hours of one person; ``employee`` is a name that tells people apart, better not the person's own.

    ``earned_hours`` are the standard hours of what was made in them.
    """

    SPANS = (("started", "ended"),)

    employee: Word = ""
    role: Word = ""
    site: Word = ""
    started: Time
    ended: Time | None = None
    paid_hours: Hours
    direct_hours: Hours = 0.0
    overtime_hours: Hours = 0.0
    earned_hours: Hours = 0.0
    rate: Money | None = None
    currency: Currency = ""


class Cost(Fact, kw_only=True, gc=False):
    """Money spent on making, in the period that ``day`` lies in; ``cogs`` is the cost of what was sold."""

    day: date
    site: Word = ""
    product: Word = ""
    order: Word = ""
    type: Literal["material", "labour", "machine", "overhead", "scrap", "rework", "warranty", "cogs", "other"]
    amount: Money
    currency: Currency = ""
    basis: Literal["actual", "accrual"] = "actual"


class TicketEvent(Fact, kw_only=True, gc=False):
    """One step in the life of a support ticket; it waits for the customer from ``waiting`` to ``resumed``."""

    ticket: Name
    customer: Word = ""
    event: Literal["opened", "responded", "waiting", "resumed", "resolved", "reopened", "closed"]
    at: Time
    priority: Literal["", "low", "normal", "high", "critical"] = ""
    category: Word = ""
    channel: Word = ""
    due: Time | None = None


class SurveyResponse(Fact, kw_only=True, gc=False):
    """One answer: csat and rating from 1 to 5, nps from 0 to 10."""

    survey: Name
    customer: Word = ""
    user: Word = ""
    role: Word = ""
    scale: Literal["csat", "nps", "rating"]
    score: Annotated[float, Meta(ge=0, le=10)]
    comment: Text = ""
    at: Time


class Contract(Fact, kw_only=True, gc=False):
    """What an account pays a month from ``started`` until ``ended`` (none = open) or the next change of the contract.

    ``features`` are the core features it bought, separated by commas.
    """

    SPANS = (("started", "ended"),)

    account: Name
    contract: Word = ""
    started: Time
    ended: Time | None = None
    renews: date | None = None
    change: Literal["new", "renew", "expand", "contract", "churn"] = "new"
    seats: Count = 0
    mrr: Money
    currency: Currency = ""
    features: Text = ""


class Account(Fact, kw_only=True, gc=False):
    """A customer as it was from ``valid_from`` on; one row for every time that something about it changed."""

    account: Name
    valid_from: date
    name: Word = ""
    parent: Word = ""
    segment: Word = ""
    region: Word = ""
    industry: Word = ""
    owner: Word = ""
    timezone: Word = ""
    contact: Word = ""
    last_contact: date | None = None


class MarketAccount(Fact, kw_only=True, gc=False):
    """Somebody who could be a customer, in the smallest set it belongs to: som within sam within tam.

    ``customer`` names the account once it is won; ``parent`` the company that counts.
    """

    company: Name
    parent: Word = ""
    customer: Word = ""
    segment: Word = ""
    region: Word = ""
    reach: Literal["tam", "sam", "som"]
    value: Money | None = None
    currency: Currency = ""
    valid_from: date
    valid_to: date | None = None


class FxRate(Fact, kw_only=True, gc=False):
    """One unit of ``currency`` is worth ``rate`` units of ``into`` on ``day`` and until the next rate."""

    day: date
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    into: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    rate: Rate


class RolloutCost(Fact, kw_only=True, gc=False):
    """What the roll-out costs: once (implementation, training) or again and again (subscription, internal hours)."""

    day: date
    type: Literal["implementation", "subscription", "training", "internal", "other"]
    site: Word = ""
    amount: Money
    currency: Currency = ""


class Saving(Fact, kw_only=True, gc=False):
    """A benefit that Lopan can't compute from other facts; ``hard`` money was really not spent."""

    day: date
    line: Literal["labour", "inventory", "quality", "downtime", "other"]
    site: Word = ""
    amount: Money
    currency: Currency = ""
    hard: bool = False
    note: Text = ""


FACTS: dict[str, type[Fact]] = {
    "site": Site,
    "shift": Shift,
    "work_order": WorkOrder,
    "work_unit_state": WorkUnitState,
    "inspection": Inspection,
    "order_line": OrderLine,
    "inventory_snapshot": InventorySnapshot,
    "labour": Labour,
    "cost": Cost,
    "ticket_event": TicketEvent,
    "survey_response": SurveyResponse,
    "contract": Contract,
    "account": Account,
    "market_account": MarketAccount,
    "fx_rate": FxRate,
    "rollout_cost": RolloutCost,
    "saving": Saving,
}
"""Every fact by the name it has in addresses, mappings and tables."""
