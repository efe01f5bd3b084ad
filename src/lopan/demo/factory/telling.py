"""Every fact of the simulated business, told for any stretch of time; history and live are the same question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyarrow as pa

from lopan.demo.factory import accounts, calendar, contracts, labour, lines, money, production, stock, support
from lopan.demo.factory.blocks import Columns, blocks, within
from lopan.demo.factory.world import World

SOURCE: Final = "factory"
"""Whose keys the rows have."""

Teller = Callable[[World, int, int], Iterable[Columns]]

TELLERS: Final[dict[str, Teller]] = {
    "site": accounts.sites,
    "fx_rate": money.fx_rates,
    "account": accounts.accounts,
    "market_account": accounts.market_accounts,
    "contract": contracts.contracts,
    "shift": calendar.shifts,
    "work_order": production.work_orders,
    "work_unit_state": production.states,
    "inspection": production.inspections,
    "labour": labour.labour,
    "order_line": lines.order_lines,
    "inventory_snapshot": stock.inventory_snapshots,
    "cost": money.costs,
    "ticket_event": support.ticket_events,
    "survey_response": support.survey_responses,
    "rollout_cost": money.rollout_costs,
    "saving": money.savings,
}
"""Who tells each fact, in the order in which a history is told."""


def told(world: World, fact: str, start: int, now: int) -> Iterator[pa.RecordBatch]:
    """Rows that came to be or changed after ``start`` and up to ``now`` (ms since 1970), as they stand at ``now``.

    ``start`` 0 gives everything. What lasts (a state, a running order) is told as of ``now`` each time.
    """
    parts = (within(part, start, now) for part in TELLERS[fact](world, start, now))
    yield from blocks(fact, parts)
