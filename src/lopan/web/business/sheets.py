"""The tables of the Business page as files."""

from __future__ import annotations

from typing import Literal

from lopan.analytics.business.shopfloor import AGES
from lopan.web import sheets
from lopan.web.business.board import Board
from lopan.web.export import Cell, Kind, Sheet
from lopan.web.export import sheet as made

Name = Literal["figures", "waterfall", "downtime", "orders", "tickets"]
_HOURS = ("planned_h", "down_h", "delay_h", "setup_h", "other_h", "speed_h", "scrap_h", "effective_h")
_WATERFALL: dict[str, Kind] = {
    **dict.fromkeys(("work_unit", "site"), "text"),
    "shifts": "count",
    **dict.fromkeys(_HOURS, "number"),
    "pieces": "number",
    "no_cycle": "number",
    "oee_percent": "number",
}
_DOWNTIME: dict[str, Kind] = {
    "reason": "text", "hours": "number", "stops": "count", "work_units": "count", "share": "number", "upto": "number"
}  # fmt: skip
_ORDERS: dict[str, Kind] = {
    **dict.fromkeys(("order", "site", "product", "customer"), "text"),
    **dict.fromkeys(("ordered", "good", "plan_now", "behind"), "number"),
    **dict.fromkeys(("started", "due", "expected"), "time"),
    "risk": "text",
}
_TICKETS: dict[str, Kind] = {"priority": "text", **{title: "count" for _, title in AGES}, "oldest_hours": "count"}


def sheet(board: Board, name: Name, zone: str) -> Sheet:
    """The table of that name; what the reader may not see, or a filter hides, has no rows."""
    file = f"business-{name}"
    rows: list[list[Cell]]
    if name == "figures":
        return sheets.series(file, board.metrics, board.query, zone)
    if name == "waterfall":
        texts = ("work_unit", "site", "shifts", *_HOURS, "pieces", "no_cycle", "oee")
        rows = [[getattr(one, field) for field in texts] for one in board.units or []]
        return made(file, zone, _WATERFALL, rows)
    if name == "downtime":
        rows = [[one.reason, one.hours, one.stops, one.units, one.share, one.upto] for one in board.reasons or []]
        return made(file, zone, _DOWNTIME, rows)
    if name == "orders":
        rows = [
            [
                *(one.order, one.site, one.product, one.customer, one.ordered, one.good, one.plan, one.behind),
                *(one.started, one.due, one.expected, one.risk(board.now)),
            ]
            for one in board.orders or []
        ]
        return made(file, zone, _ORDERS, rows)
    rows = [[one.priority, *one.counts, one.oldest_h] for one in board.tickets or []]
    return made(file, zone, _TICKETS, rows)
