"""What the pages about customers show, as tables for export."""

from __future__ import annotations

from collections.abc import Sequence

from lopan.analytics.customers.backtest import Backtest
from lopan.analytics.customers.detail import Detail
from lopan.catalog.health import COMPONENTS
from lopan.web.customers.board import Listing
from lopan.web.customers.seen import Group
from lopan.web.export import Cell, Kind, Sheet, sheet


def book(listing: Listing, zone: str, *, money: bool) -> Sheet:
    """One row a customer; contributions add up to the score, deltas to its change."""
    kinds: dict[str, Kind] = dict.fromkeys(("day", "customer", "name", "segment", "region", "owner"), "text")
    kinds |= {"score": "number", "low": "number", "high": "number", "coverage": "number", "colour": "text"}
    kinds |= {"profile": "text", "change": "number", "trend": "text", "reason": "text"}
    for name in COMPONENTS:
        kinds |= {f"{name}_state": "text", f"{name}_points": "number"}
        kinds |= {f"{name}_contribution": "number", f"{name}_delta": "number"}
    kinds |= {
        "renews": "text",
        "lapsed": "text",
        "last_contact": "text",
        "low_answers_waiting": "count",
        "breaches": "count",
    }
    kinds |= {"features_unused": "text", "onboarding": "text", "advice": "text", "due": "text", "advice_owner": "text"}
    if money:
        kinds |= {"mrr": "number", "currency": "text"}
    rows: list[list[Cell]] = []
    for one in listing.customers:
        account, health = one.account, one.health
        row: list[Cell] = [
            listing.day.isoformat(),
            one.id,
            account.name,
            account.segment,
            account.region,
            account.owner,
        ]
        row += [health.score, health.low, health.high, health.coverage, health.colour, health.profile]
        row += [one.change.delta, one.change.going] if one.change else [None, "unknown"]
        row.append(one.reason)
        deltas = {shift.component: shift.delta for shift in one.change.shifts} if one.change else {}
        for part in health.parts:
            row += [part.state, part.points, part.contribution, deltas.get(part.component)]
        row += [
            _day(one.renews),
            _day(one.lapsed),
            _day(account.last_contact),
            one.waiting,
            one.breaches,
            ", ".join(one.unused),
        ]
        first = one.advice[0] if one.advice else None
        row += [one.start.words if one.start else ""]
        row += [first.title, first.due.isoformat(), first.owner] if first else ["", "", ""]
        rows.append([*row, one.mrr, listing.currency] if money else row)
    return sheet("customers", zone, kinds, rows)


def course(detail: Detail, zone: str) -> Sheet:
    """The score of one customer by week with its bounds."""
    kinds: dict[str, Kind] = {"customer": "text", "day": "text", "score": "number", "low": "number", "high": "number"}
    return sheet("customer-score", zone, kinds, [[detail.entry.id, d.isoformat(), *told] for d, *told in detail.course])


def timeline(detail: Detail, zone: str) -> Sheet:
    """What happened at one customer."""
    kinds: dict[str, Kind] = {"customer": "text", "at": "time", "kind": "text", "what": "text", "bad": "flag"}
    rows: list[list[Cell]] = [[detail.entry.id, one.at, one.kind, one.text, one.bad] for one in detail.timeline]
    return sheet("customer-timeline", zone, kinds, rows)


def backtest(found: Backtest, zone: str) -> Sheet:
    """How well the score and its parts told who leaves."""
    kinds: dict[str, Kind] = {"of": "text", "auc": "number", "low": "number", "high": "number", "left": "count"}
    kinds |= {"stayed": "count"}
    rows: list[list[Cell]] = [
        [one.of or "score", one.value, one.low, one.high, one.left, one.stayed] for one in found.tellings
    ]
    return sheet("customers-backtest", zone, kinds, rows)


def bands(found: Backtest, zone: str) -> Sheet:
    """Who left by band of the score."""
    kinds: dict[str, Kind] = {"from": "count", "to": "count", "n": "count", "left": "count", "share": "number"}
    kinds |= {"low": "number", "high": "number"}
    rows: list[list[Cell]] = [
        [one.least, one.most, one.n, one.left, one.share, one.low, one.high] for one in found.bands
    ]
    return sheet("customers-bands", zone, kinds, rows)


def crashes(groups: Sequence[Group], zone: str, *, money: bool) -> Sheet:
    """One row a crash group with what it touched."""
    kinds: dict[str, Kind] = dict.fromkeys(("group", "exception", "top_frame", "message"), "text")
    kinds |= dict.fromkeys(("crashes", "sessions", "people", "customers", "runs_interrupted"), "count")
    kinds |= {"first_release": "text", "last_release": "text", "first": "text", "last": "text"}
    if money:
        kinds |= {"mrr": "number", "currency": "text"}
    rows: list[list[Cell]] = []
    for one in groups:
        told = one.impact
        row: list[Cell] = [one.id, one.exception, one.top, one.message, told.hits, told.sessions, told.people]
        row += [told.customers, told.runs, one.first_release, one.last_release, one.first, one.last]
        rows.append([*row, told.mrr, told.currency] if money else row)
    return sheet("crashes", zone, kinds, rows)


def _day(day: object) -> str:
    return "" if day is None else str(day)
