"""Customers as people speak of them: money, a summary in one line, days until something."""

from __future__ import annotations

from datetime import date

from lopan.analytics.customers.book import Summary
from lopan.web import figures

TONES = {"healthy": "meeting", "watch": "warning", "at risk": "critical", "insufficient": "no data"}
"""The tone of pills by the colour of a score."""

_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def money(amount: float | None, currency: str) -> str:
    """``340k EUR``, ``1.2M EUR``, ``85 EUR``; an en dash for what is not known."""
    if amount is None:
        return figures.NONE
    for size, letter in _SIZES:
        if abs(amount) >= size:
            return f"{_short(amount / size)}{letter} {currency}"
    return f"{_short(amount)} {currency}"


def line(summary: Summary, currency: str) -> str:
    """``12 accounts, 340k EUR a year, all falling: usage drops``."""
    told = [f"{summary.accounts:,} account{'' if summary.accounts == 1 else 's'}"]
    if summary.mrr is not None and summary.accounts:
        told.append(f"{money(12 * summary.mrr, currency)} a year")
    if summary.at_risk:
        told.append(f"{money(12 * summary.at_risk, currency)} of it at risk")
    if summary.falling:
        told.append(_falling(summary))
    return ", ".join(told)


def _falling(summary: Summary) -> str:
    whole = summary.falling == summary.accounts
    many = "all" if whole else f"{summary.falling}"
    if len(summary.drops) == 1:
        return f"{many} {summary.drops[0][0]} drops"
    drops = ", ".join(f"{count} {name}" for name, count in summary.drops)
    return f"{many} falling ({drops})"


def until(day: date, today: date) -> str:
    """``in 12 d``, ``today``, ``5 d ago``."""
    days = (day - today).days
    return f"in {days} d" if days > 0 else f"{-days} d ago" if days else "today"


def day(moment: date | None) -> str:
    """``03 Dec 2026``; an en dash for none."""
    return f"{moment:%d %b %Y}" if moment else figures.NONE


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}".removesuffix(".0").replace("-", figures.MINUS)
