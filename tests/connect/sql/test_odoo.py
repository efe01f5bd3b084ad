"""Facts pulled from a database like Odoo's are what its rows mean, before and after everything that happens to it."""

from __future__ import annotations

# ruff: noqa: DTZ001 - an ERP's times have no zone
import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests import servers
from tests.connect.sql.erp import Erp, Row, live, moment, money
from tests.house import House

from lopan.config import SqlConnection

COMMON = "id:whole create_date:at write_date:at"
TABLES = {
    "mrp_production": f"{COMMON} name:text product_id:whole picking_type_id:whole product_qty:number date_start:at"
    " date_finished:at date_deadline:at state:text",
    "product_product": "id:whole default_code:text",
    "stock_picking_type": "id:whole warehouse_id:whole code:text",
    "stock_warehouse": "id:whole code:text",
    "stock_move": f"{COMMON} production_id:whole product_id:whole quantity:number state:text sale_line_id:whole"
    " picking_id:whole",
    "stock_scrap": f"{COMMON} production_id:whole product_id:whole scrap_qty:number state:text",
    "mrp_workcenter": "id:whole resource_id:whole",
    "resource_resource": "id:whole name:text",
    "mrp_workorder": f"{COMMON} production_id:whole workcenter_id:whole date_start:at date_finished:at duration:number"
    " duration_expected:number qty_produced:number state:text",
    "mrp_workcenter_productivity": f"{COMMON} workcenter_id:whole workorder_id:whole loss_id:whole user_id:whole"
    " date_start:at date_end:at",
    "mrp_workcenter_productivity_loss": "id:whole name:json loss_id:whole write_date:at",
    "mrp_workcenter_productivity_loss_type": "id:whole loss_type:text",
    "res_users": "id:whole login:text",
    "res_partner": "id:whole ref:text name:text",
    "res_currency": "id:whole name:text",
    "res_company": "id:whole name:text currency_id:whole",
    "sale_order": f"{COMMON} name:text partner_id:whole warehouse_id:whole currency_id:whole date_order:at"
    " commitment_date:at state:text",
    "sale_order_line": f"{COMMON} order_id:whole sequence:whole product_id:whole product_uom_qty:number"
    " qty_delivered:number price_subtotal:number display_type:text",
    "stock_picking": f"{COMMON} picking_type_id:whole date_deadline:at date_done:at",
    "stock_valuation_layer": f"{COMMON} product_id:whole company_id:whole quantity:number value:number",
    "helpdesk_ticket": f"{COMMON} number:text partner_id:whole team_id:whole stage_id:whole priority:text"
    " closed_date:at",
    "helpdesk_ticket_team": "id:whole name:json",
    "helpdesk_ticket_stage": "id:whole closed:flag",
}
LOSSES = {1: ("productive", "production"), 2: ("performance", "production"), 3: ("availability", "down")}
STATES = {"draft": "planned", "confirmed": "released", "progress": "running", "done": "done", "cancel": "cancelled"}


@pytest.fixture
def erp(house: House, postgresql: servers.Database) -> Erp:
    connection = SqlConnection(
        name="odoo",
        kind="postgresql",
        port=postgresql.port,
        database="erp",
        user="lopan",
        password=servers.PASSWORD,
        preset="odoo",
        timezone="America/Santiago",
    )
    return Erp(house, connection, postgresql.run, TABLES)


def test_facts_are_what_the_rows_mean(erp: Erp) -> None:
    assert live(erp, Company(erp, random.Random(5)), compare) > 380
    for table in ("mrp_production", "mrp_workcenter_productivity", "helpdesk_ticket"):
        erp.drop(table, 7)
    erp.house.clock.move(86_400)
    assert erp.pull()["odoo_productivity"].gone == 1
    compare(erp)


class Company:
    def __init__(self, erp: Erp, draw: random.Random) -> None:
        self.erp, self.draw = erp, draw

    def begin(self) -> None:
        put = self.erp.put
        put("product_product", id=1, default_code="GEAR")
        put("product_product", id=2, default_code=None)
        put("stock_warehouse", id=1, code="WH")
        put("stock_picking_type", id=1, warehouse_id=1, code="outgoing")
        put("stock_picking_type", id=2, warehouse_id=1, code="incoming")
        put("resource_resource", id=9, name="Lathe")
        put("mrp_workcenter", id=1, resource_id=9)
        put("res_users", id=1, login="ann")
        put("res_partner", id=1, ref="ACME", name="Acme Inc")
        put("res_partner", id=2, ref=None, name="Bolts Ltd")
        put("res_currency", id=1, name="EUR")
        put("res_company", id=1, name="Works", currency_id=1)
        put("helpdesk_ticket_team", id=1, name=json.dumps({"en_US": "Support", "de_DE": "Hilfe"}))
        put("helpdesk_ticket_stage", id=1, closed=False)
        put("helpdesk_ticket_stage", id=2, closed=True)
        for number, (kind, _) in LOSSES.items():
            put("mrp_workcenter_productivity_loss_type", id=number, loss_type=kind)
            put(
                "mrp_workcenter_productivity_loss",
                id=number,
                name=json.dumps({"en_US": f"Loss {number}"}),
                loss_id=number,
                write_date=datetime(2025, 1, 1),
            )
        for number in range(60):
            # Odoo writes UTC: these hours, skipped or doubled where the site is, are hours like all others.
            at = [datetime(2026, 9, 6, 0, 30), datetime(2026, 4, 5, 3, 30)][number % 2] + timedelta(
                hours=number * 5 - 50
            )
            self.everything(number, at, {"create_date": at, "write_date": at + timedelta(minutes=1)})

    def go_on(self) -> None:
        wall = self.erp.house.clock.now().replace(tzinfo=None)
        for number in self.draw.sample(range(70), 12):
            at = wall - timedelta(hours=self.draw.randrange(1, 20))
            known = [
                table[number]["write_date"] for table in self.erp.rows.values() if "write_date" in table.get(number, {})
            ]
            changed = max([at, *(one + timedelta(seconds=1) for one in known)])
            self.everything(number, at, {"create_date": at, "write_date": changed})

    def everything(self, number: int, at: datetime, common: Row) -> None:
        draw, put = self.draw, self.erp.put
        state = draw.choice(list(STATES))
        created = self.erp.rows["mrp_production"].get(number, common)["create_date"]
        common = common | {"create_date": created}
        put(
            "mrp_production",
            id=number,
            **common,
            name=f"MO/{number}",
            product_id=1 + number % 2,
            picking_type_id=1,
            product_qty=Decimal(10),
            date_start=at,
            date_finished=at + timedelta(hours=6),
            state=state,
            date_deadline=at + timedelta(days=1),
        )
        put(
            "stock_move",
            id=number,
            **common,
            production_id=number,
            product_id=1 + number % 2,
            quantity=Decimal("7.5"),
            state=draw.choice(["done", "assigned"]),
            sale_line_id=None,
            picking_id=None,
        )
        put(
            "stock_scrap",
            id=number,
            **common,
            production_id=number,
            product_id=1 + number % 2,
            scrap_qty=Decimal("0.25"),
            state="done",
        )
        put(
            "mrp_workorder",
            id=number,
            **common,
            production_id=number,
            workcenter_id=1,
            date_start=at,
            date_finished=at + timedelta(hours=2),
            duration=Decimal(120),
            duration_expected=Decimal(90),
            qty_produced=Decimal(5),
            state=draw.choice(["done", "cancel"]),
        )
        put(
            "mrp_workcenter_productivity",
            id=number,
            **common,
            workcenter_id=1,
            workorder_id=number,
            loss_id=1 + number % 3,
            user_id=1,
            date_start=at,
            date_end=at + timedelta(hours=1) if draw.random() < 0.9 else None,
        )
        delivered = draw.choice([0, 4, 10])
        put(
            "sale_order",
            id=number,
            **common,
            name=f"S{number}",
            partner_id=1 + number % 2,
            warehouse_id=1,
            currency_id=1,
            date_order=at,
            commitment_date=at + timedelta(days=4),
            state=draw.choice(["sale", "cancel"]),
        )
        put(
            "sale_order_line",
            id=number,
            **common,
            order_id=number,
            sequence=10,
            product_id=1,
            product_uom_qty=Decimal(10),
            qty_delivered=Decimal(delivered),
            price_subtotal=Decimal("99.98766"),
            display_type=None,
        )
        put(
            "stock_picking",
            id=number,
            **common,
            picking_type_id=1,
            date_deadline=at + timedelta(days=3),
            date_done=at + timedelta(days=2),
        )
        put(
            "stock_move",
            id=1_000 + number,
            **common,
            production_id=None,
            product_id=1,
            quantity=Decimal(delivered),
            state="done" if delivered else "assigned",
            sale_line_id=number,
            picking_id=number,
        )
        if number not in self.erp.rows["stock_valuation_layer"]:
            put(
                "stock_valuation_layer",
                id=number,
                **common,
                product_id=1 + number % 2,
                company_id=1,
                quantity=Decimal(number % 5 - 1),
                value=Decimal("12.5") * (number % 5 - 1),
            )
        closed = draw.random() < 0.5
        put(
            "helpdesk_ticket",
            id=number,
            **common,
            number=f"HT{number}",
            partner_id=1,
            team_id=1,
            priority=str(number % 4),
            stage_id=2 if closed else 1,
            closed_date=at + timedelta(hours=9) if closed else None,
        )


def compare(erp: Erp) -> None:
    for mapping, (fact, expected) in truth(erp).items():
        columns = list(next(iter(expected.values())))
        found = erp.facts(fact, mapping, columns)
        assert {key: row for key, row in found.items() if row != expected.get(key)} == {}, mapping
        assert found.keys() == expected.keys()


def truth(erp: Erp) -> dict[str, tuple[str, dict[str, Row]]]:
    orders, logs, hours, tickets = {}, {}, {}, {}
    for row in erp.all("mrp_production"):
        move, state = erp.rows["stock_move"][row["id"]], row["state"]
        begun = state in ("progress", "done")
        orders[str(row["id"])] = {
            "order": row["name"],
            "site": "WH",
            "product": ["GEAR", "product 2"][row["product_id"] - 1],
            "ordered": 10.0,
            "good": 7.5 if move["state"] == "done" else 0.0,
            "scrap": 0.25,
            "status": STATES[state],
            "started": moment(UTC, row["date_start"]) if begun else None,
            "ended": moment(UTC, row["date_finished"]) if state == "done" else None,
            "planned_start": moment(UTC, row["date_start"]) if state in ("draft", "confirmed") else None,
            "due": moment(UTC, row["date_deadline"]),
        }
    for row in erp.all("mrp_workcenter_productivity"):
        production = erp.rows["mrp_production"].get(row["workorder_id"])
        logs[str(row["id"])] = {
            "work_unit": "Lathe",
            "started": moment(UTC, row["date_start"]),
            "ended": moment(UTC, row["date_end"]),
            "state": LOSSES[row["loss_id"]][1],
            "reason": f"Loss {row['loss_id']}",
            "operator": "ann",
            "order": production["name"] if production else "",
        }
    for row in erp.all("mrp_workorder"):
        if row["state"] == "done" and row["production_id"] in erp.rows["mrp_production"]:
            hours[str(row["id"])] = {"paid_hours": 2.0, "earned_hours": 0.75, "started": moment(UTC, row["date_start"])}
    for row in erp.all("helpdesk_ticket"):
        steps: dict[str, datetime | None] = {"opened": row["create_date"]}
        steps["resolved"] = row["closed_date"] if row["stage_id"] == 2 else None
        for event, at in steps.items():
            if at is not None:
                priority = ["low", "normal", "high", "critical"][int(row["priority"])]
                tickets[f"{row['id']}-{event}"] = {
                    "ticket": row["number"],
                    "customer": "ACME",
                    "event": event,
                    "at": moment(UTC, at),
                    "priority": priority,
                    "category": "Support",
                }
    return {
        "odoo_production": ("work_order", orders),
        "odoo_productivity": ("work_unit_state", logs),
        "odoo_workorder": ("labour", hours),
        "odoo_ticket": ("ticket_event", tickets),
        "odoo_sale_order_line": ("order_line", _lines(erp)),
        "odoo_valuation": ("inventory_snapshot", _stock(erp)),
    }


def _lines(erp: Erp) -> dict[str, Row]:
    found = {}
    for row in erp.all("sale_order_line"):
        order, picking = erp.rows["sale_order"][row["order_id"]], erp.rows["stock_picking"][row["id"]]
        done = picking["date_done"] if row["qty_delivered"] else None
        found[str(row["id"])] = {
            "order": order["name"],
            "customer": ["ACME", "Bolts Ltd"][order["partner_id"] - 1],
            "product": "GEAR",
            "placed": moment(UTC, order["date_order"]),
            "first_promised": moment(UTC, order["commitment_date"]),
            "promised": moment(UTC, picking["date_deadline"]),
            "shipped": moment(UTC, done),
            "delivered": moment(UTC, done) if row["qty_delivered"] >= 10 else None,
            "ordered": 10.0,
            "returned": 0.0,
            "cancelled": int(order["state"] == "cancel"),
            "amount": money(Decimal("99.9877")),
            "currency": "EUR",
        }
    return found


def _stock(erp: Erp) -> dict[str, Row]:
    days: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}
    for row in erp.all("stock_valuation_layer"):
        key = (["GEAR", "product 2"][row["product_id"] - 1], row["create_date"].date())
        quantity, value = days.get(key, (Decimal(0), Decimal(0)))
        days[key] = quantity + row["quantity"], value + row["value"]
    found: dict[str, Row] = {}
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for (product, day), (quantity, value) in sorted(days.items()):
        before: Any = sums.get(product, (Decimal(0), Decimal(0)))
        sums[product] = before[0] + quantity, before[1] + value
        found[f"Works/{product}/{day}"] = {
            "day": day,
            "product": product,
            "quantity": float(sums[product][0]),
            "value": money(sums[product][1]),
            "currency": "EUR",
        }
    return found
