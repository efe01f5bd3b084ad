"""A report with every kind of section, made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from lopan.analytics.calendar import Dates
from lopan.analytics.report import DayUsers, Figure, Report, Section

FIRST = date(2026, 11, 16)


def share(name: str, key: str, title: str, value: float, n: int, **more: Any) -> Figure:
    return Figure(id=name, key=key, title=title, value=value, n=n, unit="%", decimals=1, **more)


def section(name: str, title: str, subject: str, samples: str, *figures: Figure) -> Section:
    about = f"What {title.lower()} means."
    return Section(id=name, title=title, subject=subject, samples=samples, about=about, figures=list(figures))


def report(**changes: Any) -> Report:
    users = Figure(
        id="total_users", title="Total users", value=1_204, n=1_204, previous=1_180, n_previous=1_180, head=True,
        definition="distinct users ever",
    )  # fmt: skip
    orders = share(
        "feature_adoption", "orders", "Замовлення", 83.3, 42, low=69.4, high=91.7, previous=80.0, n_previous=40,
        target=80.0, status="meeting", least=10, definition="100 x people with success / people active",
    )  # fmt: skip
    rare = share("feature_adoption", "rare", "Rarely used", 50.0, 4, low=15.0, high=85.0, least=10, target=80.0)
    csat = Figure(
        id="csat", title="Satisfaction (CSAT)", value=4.31, n=57, unit="of 5", decimals=2, low=4.1, high=4.5,
        target=4.5, status="below target", least=30, head=True, definition="mean of scores 1-5",
    )  # fmt: skip
    fields: dict[str, Any] = {
        "kind": "week",
        "name": "Week 47 of 2026",
        "dates": Dates(FIRST, FIRST + timedelta(6)),
        "before": Dates(FIRST - timedelta(7), FIRST - timedelta(1)),
        "before_name": "Week 46 of 2026",
        "whole": True,
        "zone": "Europe/Berlin",
        "made_at": datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
        "level": "operational",
        "project": "",
        "sections": [
            section("users", "Users", "Figure", "users", users),
            section("features", "Feature adoption", "Feature", "entitled users", orders, rare),
            section("satisfaction", "Satisfaction", "Survey", "answers", csat),
            section("workflows", "Workflow completion", "Workflow", "runs"),
        ],
        "course": [DayUsers(FIRST + timedelta(day), 100 + 7 * day, 90 + day) for day in range(7)],
        "late": [],
    }
    return Report(**fields | changes)
