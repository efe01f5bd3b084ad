"""Every planted story, computed from the rows in plain numpy: what the pages must show is really there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.business import Business, Values

from lopan.demo import facts
from lopan.demo.factory import stories
from lopan.demo.factory.plant import SITES
from lopan.demo.factory.stories import STORIES
from lopan.demo.fleet import customers

HOUR_MS = 3_600_000
LAST = (-30, 0)


def hours(business: Business) -> Values:
    ended = business.column("work_unit_state", "ended")
    return (np.where(ended < 0, business.now, ended) - business.column("work_unit_state", "started")) / HOUR_MS


def oee(business: Business, span: tuple[int, int], *sites: str) -> float:
    """Good pieces at the ideal cycle per hour that was planned to be busy."""
    state, site = business.column("work_unit_state", "state"), business.column("work_unit_state", "site")
    here = business.within("work_unit_state", "started", *span) & np.isin(site, sites or [one.code for one in SITES])
    good = business.column("work_unit_state", "good") * np.nan_to_num(
        business.column("work_unit_state", "ideal_cycle_s")
    )
    planned = hours(business)[here & (state != "planned_down")].sum()
    return float(good[here].sum() / 3600 / planned)


def down(business: Business, site: str, span: tuple[int, int], state: str, reason: str = "") -> float:
    """Hours in a state at a site, of one reason or of all."""
    here = business.within("work_unit_state", "started", *span) & (business.column("work_unit_state", "site") == site)
    here &= business.column("work_unit_state", "state") == state
    if reason:
        here &= business.column("work_unit_state", "reason") == reason
    return float(hours(business)[here].sum())


def first_pass(business: Business, falls: bool) -> float:
    here = business.within("inspection", "at", *LAST) & (business.column("inspection", "base") == "full")
    here &= (business.column("inspection", "product") == stories.FALLING_PRODUCT) == falls
    passed, seen = business.column("inspection", "passed_first"), business.column("inspection", "inspected")
    return float(passed[here].sum() / seen[here].sum())


def on_time(business: Business, span: tuple[int, int], site: str = "") -> float:
    promised, delivered = (business.column("order_line", name) for name in ("first_promised", "delivered"))
    due = (promised <= business.now) & (business.column("order_line", "cancelled") == 0)
    due &= business.within("order_line", "first_promised", *span)
    if site:
        due &= business.column("order_line", "site") == site
    return float(((delivered >= 0) & (delivered <= promised))[due].mean())


def delivered(business: Business) -> Values:
    return np.asarray(business.column("order_line", "delivered") >= 0)


def partial(business: Business) -> float:
    part = business.column("order_line", "delivered_quantity") < business.column("order_line", "ordered")
    return float(part[delivered(business)].mean())


def earned(business: Business, span: tuple[int, int]) -> float:
    here = business.within("labour", "started", *span)
    return float(
        business.column("labour", "earned_hours")[here].sum() / business.column("labour", "paid_hours")[here].sum()
    )


def scrap(business: Business, span: tuple[int, int]) -> float:
    here = business.within("work_order", "ended", *span)
    scrapped, good = (
        business.column("work_order", "scrap")[here].sum(),
        business.column("work_order", "good")[here].sum(),
    )
    return float(scrapped / (scrapped + good))


def stock(business: Business, span: tuple[int, int]) -> float:
    """EUR by list rates."""
    here = business.within("inventory_snapshot", "day", *span)
    rate = {site.code: site.price for site in SITES}
    rates = np.array([rate[site] for site in business.column("inventory_snapshot", "site")])
    return float((business.column("inventory_snapshot", "value") / rates)[here].sum() / (span[1] - span[0]))


def penetration(business: Business, low: bool) -> float:
    there = business.column("market_account", "segment") == stories.LOW_SEGMENT
    there &= business.column("market_account", "region") == stories.LOW_REGION
    here = (business.column("market_account", "reach") != "tam") & (there == low)
    return float((business.column("market_account", "customer") != "")[here].mean())


def leavers() -> list[str]:
    return [customers()[one] for one in facts.LEAVING]


def csat(business: Business, left: bool) -> float:
    here = business.within("survey_response", "at", stories.LEAVING_SINCE, 0)
    here &= business.column("survey_response", "scale") == "csat"
    here &= np.isin(business.column("survey_response", "customer"), leavers()) == left
    return float(business.column("survey_response", "score")[here].mean())


def tickets(business: Business, names: list[str], since: int, category: str = "") -> float:
    here = business.within("ticket_event", "at", since, 1) & (business.column("ticket_event", "event") == "opened")
    if category:
        here &= business.column("ticket_event", "category") == category
    return float(np.isin(business.column("ticket_event", "customer")[here], names).sum())


def left(business: Business) -> float:
    gone = (business.column("contract", "change") == "churn") & business.within("contract", "started", -20, 1)
    return float(len(set(business.column("contract", "account")[gone]) & set(leavers())))


def grown(business: Business) -> float:
    own = business.column("contract", "account") == customers()[stories.GROWING]
    revenue = business.column("contract", "mrr")[own][np.argsort(business.column("contract", "started")[own])]
    return float(revenue[-1] / revenue[0])


BASELINE, RECENT = stories.BASELINE, (-160, 0)
COMPUTED: dict[str, Callable[[Business], float]] = {
    "oee_before": lambda business: oee(business, BASELINE),
    "oee_after": lambda business: oee(business, LAST),
    "oee_broken": lambda business: oee(business, stories.BROKEN, "JUR"),
    "oee_broken_others": lambda business: oee(business, stories.BROKEN, "AUG", "JOL"),
    "broken_share": lambda business: (
        down(business, "JUR", stories.BROKEN, "down", stories.BROKEN_REASON)
        / down(business, "JUR", stories.BROKEN, "down")
    ),
    "first_pass": lambda business: first_pass(business, falls=False),
    "first_pass_fallen": lambda business: first_pass(business, falls=True),
    "on_time": lambda business: on_time(business, (-400, 1)),
    "on_time_wave": lambda business: on_time(business, stories.LATE, "AUG"),
    "waiting_wave": lambda business: down(business, "AUG", (-400, 1), "delay", stories.LATE_REASON),
    "partial": partial,
    "claims": lambda business: float((business.column("order_line", "claim") != "")[delivered(business)].mean()),
    "labour_gain": lambda business: earned(business, RECENT) / earned(business, BASELINE) - 1,
    "scrap_before": lambda business: scrap(business, BASELINE),
    "scrap_after": lambda business: scrap(business, RECENT),
    "stock_less": lambda business: stock(business, (-120, 0)) / stock(business, BASELINE) - 1,
    "penetration": lambda business: penetration(business, low=False),
    "penetration_low": lambda business: penetration(business, low=True),
    "left": left,
    "left_csat": lambda business: csat(business, left=True),
    "others_csat": lambda business: csat(business, left=False),
    "left_tickets": lambda business: tickets(business, leavers(), stories.LEAVING_SINCE) / len(facts.LEAVING),
    "grown": grown,
    "negative": lambda business: float((business.column("inventory_snapshot", "quantity") < 0).sum()),
    "no_rate": lambda business: float((business.column("order_line", "currency") == stories.UNPRICED).sum()),
    "hurt_tickets": lambda business: tickets(business, [customers()[facts.HURT]], -400, "app crash"),
}


@pytest.mark.parametrize("name", STORIES)
def test_the_story_is_in_the_rows(business: Business, name: str) -> None:
    story = STORIES[name]
    assert story.low <= COMPUTED[name](business) <= story.high


def test_every_figure_is_a_story() -> None:
    assert COMPUTED.keys() == STORIES.keys()


def test_a_currency_without_a_rate_is_billed_in(business: Business) -> None:
    rated = {*business.column("fx_rate", "currency"), "EUR"}
    billed = set(business.column("order_line", "currency")) | set(business.column("cost", "currency"))
    assert billed - rated == {stories.UNPRICED}
