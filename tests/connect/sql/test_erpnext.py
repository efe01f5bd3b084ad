"""Facts pulled from a database like ERPNext's are what its rows mean, whatever happens to them."""

from __future__ import annotations

# ruff: noqa: DTZ001 - an ERP's times have no zone
import random
import sqlite3
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests import servers
from tests.connect.sql.erp import Erp, Row, live, moment, money
from tests.house import House

from lopan.config import SqlConnection

SITE = ZoneInfo("Europe/Berlin")
COMMON = "name:text docstatus:whole modified:at creation:at"
TABLES = {
    "tabWork Order": f"{COMMON} production_item:text qty:number produced_qty:number process_loss_qty:number"
    " planned_start_date:at planned_end_date:at actual_start_date:at actual_end_date:at expected_delivery_date:day"
    " status:text company:text stock_uom:text",
    "tabJob Card": f"{COMMON} workstation:text work_order:text production_item:text operation:text company:text",
    "tabJob Card Time Log": f"{COMMON} parent:text employee:text from_time:at to_time:at completed_qty:number",
    "tabDowntime Entry": f"{COMMON} workstation:text from_time:at to_time:at stop_reason:text operator:text",
    "tabIssue": f"{COMMON} opening_date:day opening_time:clock first_responded_on:at resolution_date:at"
    " resolution_by:at status:text priority:text customer:text issue_type:text via_customer_portal:flag",
    "tabSales Order": f"{COMMON} customer:text company:text territory:text transaction_date:day currency:text",
    "tabSales Order Item": f"{COMMON} parent:text idx:whole item_code:text delivery_date:day qty:number"
    " delivered_qty:number returned_qty:number amount:number",
    "tabDelivery Note": f"{COMMON} posting_date:day is_return:flag",
    "tabDelivery Note Item": f"{COMMON} parent:text so_detail:text qty:number",
    "tabStock Ledger Entry": f"{COMMON} item_code:text warehouse:text posting_date:day posting_time:clock"
    " qty_after_transaction:number stock_value:number is_cancelled:flag",
    "tabQuality Inspection": f"{COMMON} item_code:text batch_no:text report_date:day sample_size:number status:text"
    " reference_type:text reference_name:text",
}
NOON, DAY_END = time(12), time(23, 59, 59)
WORK_ORDER_STATUS = {"Not Started": "released", "In Process": "running", "Completed": "done", "Cancelled": "cancelled"}
STOPS = {"Electricity down": "down", "Excessive machine set up time": "setup", "Other": "down", None: "down"}
PRIORITIES = {"Low": "low", "Medium": "normal", "High": "high", None: ""}


@pytest.fixture(params=["mysql", "sqlite"])
def erp(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> Erp:
    given: dict[str, Any] = {"name": "erp", "preset": "erpnext", "timezone": SITE.key}
    if request.param == "sqlite":
        path = tmp_path / "erp.db"

        def run(statements: str) -> None:
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(statements)

        return Erp(house, SqlConnection(kind="sqlite", database=str(path), **given), run, TABLES)
    server: servers.Database = request.getfixturevalue("mariadb")
    given |= {"port": server.port, "user": "lopan", "password": servers.PASSWORD}
    return Erp(house, SqlConnection(kind="mysql", database="erp", **given), server.run, TABLES)


def test_facts_are_what_the_rows_mean(erp: Erp) -> None:
    draw = random.Random(11)
    company = Company(erp, draw)
    assert live(erp, company, compare) > 500
    company.delete()
    erp.house.clock.move(86_400)
    assert sum(one.gone for one in erp.pull().values()) == 7
    compare(erp)


class Company:
    """What happens in the ERP: rows of two years with both changes of the clock, then corrections, also late ones."""

    def __init__(self, erp: Erp, draw: random.Random) -> None:
        self.erp, self.draw = erp, draw
        self.machines = ["Lathe", "Press"]

    def wall(self) -> datetime:
        """The clock on the wall of the site."""
        return self.erp.house.clock.now().astimezone(SITE).replace(tzinfo=None)

    def begin(self) -> None:
        for number in range(60):
            # 29 March 02:30 is skipped, 25 October 02:30 comes twice.
            at = [datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30)][number % 2] + timedelta(
                hours=number * 7 - 70
            )
            common = {
                "docstatus": (number % 4 and 1) or number % 3,
                "creation": at,
                "modified": at + timedelta(minutes=3),
            }
            self.work_order(number, at, common)
            self.job(number, at, common)
            self.downtime(number, at, common | {"docstatus": 0})
            self.issue(number, at, common | {"docstatus": 0})
            self.sale(number, at, common)
            self.stock(number, at, common | {"docstatus": 1})
            self.inspection(number, at, common)

    def go_on(self) -> None:
        """Changes of which some are as old as 20 hours, as a long transaction leaves them."""
        for number in self.draw.sample(range(70), 12):
            at = self.wall() - timedelta(hours=self.draw.randrange(1, 20))
            common = {"docstatus": self.draw.choice([1, 1, 1, 2]), "modified": self.later(number, at)}
            self.work_order(number, at, common | {"creation": at})
            self.issue(number, at, common | {"docstatus": 0, "creation": at})
            self.sale(number, at, common | {"creation": at})
            if f"SLE-{number}" in self.erp.rows["tabStock Ledger Entry"]:
                self.erp.put(
                    "tabStock Ledger Entry",
                    name=f"SLE-{number}",
                    modified=common["modified"],
                    is_cancelled=self.draw.random() < 0.3,
                    stock_value=Decimal(7),
                )
            else:
                self.stock(number, at, common | {"docstatus": 1, "creation": at})
            if number < 60:
                self.erp.put("tabJob Card", name=f"JC-{number}", **common)

    def later(self, number: int, at: datetime) -> datetime:
        """Each change of a row is later than the one before."""
        rows = [table.get(f"{key}-{number}") for table, key in self.keyed()]
        latest: datetime = max([at, *(row["modified"] + timedelta(seconds=1) for row in rows if row)])
        return latest

    def keyed(self) -> list[tuple[dict[Any, Row], str]]:
        keys = {
            "tabWork Order": "WO",
            "tabIssue": "ISS",
            "tabSales Order": "SO",
            "tabStock Ledger Entry": "SLE",
            "tabJob Card": "JC",
            "tabDelivery Note": "DN",
            "tabSales Order Item": "SOI",
        }
        return [(self.erp.rows[table], key) for table, key in keys.items()]

    def delete(self) -> None:
        for table in ("tabWork Order", "tabJob Card Time Log", "tabDowntime Entry", "tabQuality Inspection"):
            kept = [row["name"] for row in self.erp.all(table) if counts(self.erp, table, row)]
            self.erp.drop(table, kept[0])
        open_issue = next(
            row for row in self.erp.all("tabIssue") if row["resolution_date"] and row["first_responded_on"]
        )
        self.erp.drop("tabIssue", open_issue["name"])

    def work_order(self, number: int, at: datetime, common: Row) -> None:
        status = self.draw.choice(["Not Started", "In Process", "Completed"])
        self.erp.put(
            "tabWork Order",
            name=f"WO-{number}",
            **common,
            production_item="gear",
            qty=Decimal(number + 1),
            produced_qty=Decimal(number) / 2,
            process_loss_qty=Decimal("0.5"),
            planned_start_date=at,
            planned_end_date=at + timedelta(hours=8),
            actual_start_date=at if status != "Not Started" else None,
            actual_end_date=at + timedelta(hours=5) if status == "Completed" else None,
            company="Plant 1",
            expected_delivery_date=at.date() if number % 5 else None,
            stock_uom="Nos",
            status="Cancelled" if common["docstatus"] == 2 else status,
        )

    def job(self, number: int, at: datetime, common: Row) -> None:
        machine = self.machines[number % 2]
        self.erp.put(
            "tabJob Card",
            name=f"JC-{number}",
            **common,
            workstation=machine,
            work_order=f"WO-{number}",
            production_item="gear",
            operation="Cut",
            company="Plant 1",
        )
        for part in range(2):
            begin = at + timedelta(hours=3 * part)
            self.erp.put(
                "tabJob Card Time Log",
                name=f"JC-{number}-{part}",
                **common,
                parent=f"JC-{number}",
                employee=f"E{part}",
                from_time=begin,
                completed_qty=Decimal(part * 3),
                to_time=begin + timedelta(hours=2) if number != 59 else None,
            )

    def downtime(self, number: int, at: datetime, common: Row) -> None:
        self.erp.put(
            "tabDowntime Entry",
            name=f"DT-{number}",
            **common,
            workstation="Press",
            from_time=at,
            to_time=at + timedelta(hours=4),
            stop_reason=list(STOPS)[number % 4],
            operator="Ann",
        )

    def issue(self, number: int, at: datetime, common: Row) -> None:
        done = self.draw.random() < 0.6
        self.erp.put(
            "tabIssue",
            name=f"ISS-{number}",
            **common,
            opening_date=at.date(),
            opening_time=at.time(),
            first_responded_on=at + timedelta(hours=2) if self.draw.random() < 0.8 else None,
            resolution_date=at + timedelta(hours=9) if done else None,
            resolution_by=at + timedelta(hours=24),
            status="Closed" if done else "Open",
            priority=list(PRIORITIES)[number % 4],
            customer="ACME",
            issue_type="Bug",
            via_customer_portal=number % 2 == 0,
        )

    def sale(self, number: int, at: datetime, common: Row) -> None:
        self.erp.put(
            "tabSales Order",
            name=f"SO-{number}",
            **common,
            customer=f"C{number % 7}",
            company="Plant 1",
            territory="EU",
            transaction_date=at.date(),
            currency="EUR",
        )
        delivered = self.draw.choice([0, 5, 10])
        self.erp.put(
            "tabSales Order Item",
            name=f"SOI-{number}",
            **common,
            parent=f"SO-{number}",
            idx=1,
            item_code="gear",
            delivery_date=at.date() + timedelta(days=5),
            qty=Decimal(10),
            delivered_qty=Decimal(delivered),
            returned_qty=Decimal(0),
            amount=Decimal("123.456789"),
        )
        if delivered:
            self.erp.put(
                "tabDelivery Note",
                name=f"DN-{number}",
                **common | {"docstatus": 1},
                is_return=False,
                posting_date=at.date() + timedelta(days=self.draw.randrange(3, 8)),
            )
            self.erp.put(
                "tabDelivery Note Item",
                name=f"DNI-{number}",
                **common,
                parent=f"DN-{number}",
                so_detail=f"SOI-{number}",
                qty=Decimal(delivered),
            )

    def stock(self, number: int, at: datetime, common: Row) -> None:
        self.erp.put(
            "tabStock Ledger Entry",
            name=f"SLE-{number}",
            **common,
            item_code="gear",
            warehouse="Stores",
            posting_date=at.date(),
            posting_time=at.time(),
            qty_after_transaction=Decimal(number - 3),
            stock_value=Decimal(number) * 2,
            is_cancelled=self.draw.random() < 0.2,
        )

    def inspection(self, number: int, at: datetime, common: Row) -> None:
        self.erp.put(
            "tabQuality Inspection",
            name=f"QI-{number}",
            **common,
            item_code="gear",
            batch_no=f"B{number}",
            report_date=at.date(),
            sample_size=Decimal(5),
            status=["Accepted", "Rejected"][number % 2],
            reference_type=["Job Card", "Purchase Receipt"][number % 3 == 0],
            reference_name=f"JC-{number}",
        )


def counts(erp: Erp, table: str, row: Row) -> bool:
    """Whether a row is one of the facts."""
    if table == "tabDowntime Entry":
        return True
    if table == "tabJob Card Time Log":
        row = erp.rows["tabJob Card"][row["parent"]]
    return row["docstatus"] == 1 or (table in ("tabWork Order", "tabSales Order") and row["docstatus"] == 2)


def compare(erp: Erp) -> None:
    for what, (fact, mapping, expected) in truth(erp).items():
        columns = list(next(iter(expected.values())))
        assert erp.facts(fact, mapping, columns) == expected, what


def truth(erp: Erp) -> dict[str, tuple[str, str, dict[str, Row]]]:
    """What the facts must be, by the same words as the ERP's documentation and none of its SQL."""
    orders = {
        row["name"]: {
            "product": "gear",
            "site": "Plant 1",
            "ordered": float(row["qty"]),
            "good": float(row["produced_qty"]),
            "scrap": 0.5,
            "started": moment(SITE, row["actual_start_date"]),
            "ended": moment(SITE, row["actual_end_date"]),
            "planned_start": moment(SITE, row["planned_start_date"]),
            "planned_end": moment(SITE, row["planned_end_date"]),
            "due": moment(SITE, row["expected_delivery_date"], DAY_END),
            "status": WORK_ORDER_STATUS[row["status"]],
        }
        for row in erp.all("tabWork Order")
        if counts(erp, "tabWork Order", row)
    }
    logs = {}
    for row in erp.all("tabJob Card Time Log"):
        card = erp.rows["tabJob Card"][row["parent"]]
        if card["docstatus"] == 1:
            logs[row["name"]] = {
                "work_unit": card["workstation"],
                "started": moment(SITE, row["from_time"]),
                "ended": moment(SITE, row["to_time"]),
                "state": "production",
                "order": card["work_order"],
                "operator": row["employee"],
                "good": float(row["completed_qty"]),
            }
    stops = {
        row["name"]: {
            "work_unit": "Press",
            "started": moment(SITE, row["from_time"]),
            "ended": moment(SITE, row["to_time"]),
            "state": STOPS[row["stop_reason"]],
            "reason": row["stop_reason"] or "",
        }
        for row in erp.all("tabDowntime Entry")
    }
    quality = {
        row["name"]: {
            "at": moment(SITE, row["report_date"], NOON),
            "lot": row["batch_no"],
            "inspected": 5.0,
            "passed_first": 5.0 if row["status"] == "Accepted" else 0.0,
            "rejected": 0.0 if row["status"] == "Accepted" else 5.0,
            "order": row["reference_name"].replace("JC", "WO") if row["reference_type"] == "Job Card" else "",
        }
        for row in erp.all("tabQuality Inspection")
        if row["docstatus"] == 1
    }
    return {
        "work orders": ("work_order", "erpnext_work_order", orders),
        "time logs": ("work_unit_state", "erpnext_job_card", logs),
        "downtime": ("work_unit_state", "erpnext_downtime_entry", stops),
        "inspections": ("inspection", "erpnext_quality_inspection", quality),
        "tickets": ("ticket_event", "erpnext_issue", _tickets(erp)),
        "order lines": ("order_line", "erpnext_sales_order_item", _lines(erp)),
        "stock": ("inventory_snapshot", "erpnext_stock_ledger_entry", _stock(erp)),
    }


def _tickets(erp: Erp) -> dict[str, Row]:
    found = {}
    for row in erp.all("tabIssue"):
        steps: dict[str, datetime | None] = {
            "opened": datetime.combine(row["opening_date"], row["opening_time"]),
            "responded": row["first_responded_on"],
            "resolved": row["resolution_date"] if row["status"] == "Closed" else None,
        }
        for event, at in steps.items():
            if at is not None:
                found[f"{row['name']}/{event}"] = {
                    "ticket": row["name"],
                    "event": event,
                    "at": moment(SITE, at.replace(microsecond=0)),
                    "priority": PRIORITIES[row["priority"]],
                    "due": moment(SITE, row["resolution_by"]),
                    "channel": "portal" if row["via_customer_portal"] else "",
                }
    return found


def _lines(erp: Erp) -> dict[str, Row]:
    found = {}
    for row in erp.all("tabSales Order Item"):
        order = erp.rows["tabSales Order"][row["parent"]]
        if order["docstatus"] == 0:
            continue
        shipped: list[date] = [
            erp.rows["tabDelivery Note"][one["parent"]]["posting_date"]
            for one in erp.all("tabDelivery Note Item")
            if one["so_detail"] == row["name"]
        ]
        last = max(shipped, default=None)
        found[row["name"]] = {
            "order": row["parent"],
            "customer": order["customer"],
            "promised": moment(SITE, row["delivery_date"], DAY_END),
            "shipped": moment(SITE, last, NOON),
            "ordered": 10.0,
            "delivered_quantity": float(row["delivered_qty"]),
            "delivered": moment(SITE, last, NOON) if row["delivered_qty"] >= row["qty"] else None,
            "cancelled": int(order["docstatus"] == 2),
            "amount": money(Decimal("123.4568")),
            "currency": "EUR",
        }
    return found


def _stock(erp: Erp) -> dict[str, Row]:
    days: dict[date, list[Row]] = {}
    for row in erp.all("tabStock Ledger Entry"):
        if not row["is_cancelled"]:
            days.setdefault(row["posting_date"], []).append(row)
    last = {day: max(rows, key=lambda row: (row["posting_time"], row["creation"])) for day, rows in days.items()}
    return {
        f"gear/Stores/{day}": {
            "day": day,
            "product": "gear",
            "quantity": float(row["qty_after_transaction"]),
            "value": money(row["stock_value"]),
        }
        for day, row in last.items()
    }
