"""What evidence says in a few words, the same on the list, on a customer's page and in the API."""

from __future__ import annotations

from lopan.analytics.customers.evidence import Answers, Evidence
from lopan.analytics.customers.score import Change, Shift
from lopan.catalog.health import Component

MINUS = "−"


def told(component: Component, evidence: Evidence) -> str:
    """What is known of one component: ``22 of 50 seats active``."""
    if component not in evidence.connected:
        return "source not connected"
    return _TOLD[component](evidence)


def reason(change: Change, before: Evidence, after: Evidence) -> str:
    """What moved the score most: ``usage −14.2: 40 of 50 seats active, now 22 of 50``; empty where nothing moved.

    A source that was connected in between changed the weights of all others, so that is said first.
    """
    first = change.shifts[0]
    fresh = [one.component for one in change.shifts if one.before.state == "not connected" != one.after.state]
    news = f"newly connected: {', '.join(fresh)}; " if fresh else ""
    if not first.delta:
        return news.removesuffix("; ")
    return f"{news}{first.component} {signed(first.delta)}: {moved(first, before, after)}"


def moved(shift: Shift, before: Evidence, after: Evidence) -> str:
    """One component then and now."""
    then, now = told(shift.component, before), told(shift.component, after)
    return now if then == now else f"{then}, now {now}"


def signed(points: float) -> str:
    """``+3.2``, ``−14.2``, ``±0``."""
    if not points:
        return "±0"
    return f"{'+' if points > 0 else MINUS}{abs(points):.1f}"


def rows(component: Component, evidence: Evidence) -> list[tuple[str, str]]:
    """The evidence line by line, for a recommendation."""
    if component == "usage":
        seats = "not stated" if evidence.seats is None or not evidence.seats else str(evidence.seats)
        return [("Seats active within 28 days", str(evidence.active)), ("Seats licensed", seats)]
    if component == "adoption":
        bought = evidence.bought or frozenset()
        unused, used = sorted(bought - evidence.used), sorted(bought & evidence.used)
        return [("Bought and not used", ", ".join(unused) or "none"), ("Used", ", ".join(used) or "none")]
    if component == "satisfaction":
        both = (("CSAT", evidence.csat), ("NPS", evidence.nps))
        return [(name, _answered(name, answers)) for name, answers in both if answers] or [("Answers", "none yet")]
    tickets = evidence.tickets
    return [
        ("Open tickets", f"{tickets.open}, {tickets.critical} critical"),
        ("Not solved when due", str(tickets.breaches)),
        ("Reopened within 28 days", str(tickets.reopened)),
    ]


def _usage(evidence: Evidence) -> str:
    if not evidence.seats:
        return f"{evidence.active} people active, seats not stated"
    return f"{evidence.active} of {evidence.seats} seats active"


def _adoption(evidence: Evidence) -> str:
    if not evidence.bought:
        return "nothing says which features were bought"
    return f"{len(evidence.used & evidence.bought)} of {len(evidence.bought)} core features used"


def _satisfaction(evidence: Evidence) -> str:
    both = [(name, one) for name, one in (("CSAT", evidence.csat), ("NPS", evidence.nps)) if one and one.n]
    fresh = [(name, one) for name, one in both if not one.stale]
    if fresh:
        return ", ".join(_answered(name, one) for name, one in fresh)
    return "no answer within 90 days" if both else "no answer yet"


def _support(evidence: Evidence) -> str:
    if not evidence.tickets_known:
        return "tickets known before, none now"
    tickets = evidence.tickets
    counts = {
        "critical open": tickets.critical,
        "not solved when due": tickets.breaches,
        "reopened": tickets.reopened,
        "open": tickets.open - tickets.critical,
    }
    text = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return text or ("no tickets" if evidence.active else "no tickets, and nobody uses the app")


def _answered(name: str, answers: Answers) -> str:
    value = f"{answers.mean:.2f}" if name == "CSAT" else f"{answers.mean:.0f}".replace("-", MINUS)
    many = f"{answers.n} answer{'' if answers.n == 1 else 's'}"
    return f"{name} {value}, {many}, none within 90 days" if answers.stale else f"{name} {value} of {many}"


_TOLD = {"usage": _usage, "adoption": _adoption, "satisfaction": _satisfaction, "support": _support}
