"""Technical causes: what the devices of a customer meet against those of all others, with a test for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from math import exp, lgamma
from typing import Any, Final

import msgspec

from lopan.analytics.calendar import DAY, Dates, begin
from lopan.analytics.comparison import p_value
from lopan.analytics.customers.signals import WINDOW, Sources
from lopan.analytics.daily import PEOPLE, over, statement
from lopan.analytics.intervals import standard_error, z_means, z_shares
from lopan.store import Param, Readers

LEAST: Final = 30
"""Launches or requests on each side below which their figures are not compared."""
SURE: Final = 0.01
"""Below this p a cause is marked: with five tests one in twenty customers would be marked by chance at 0.05."""

Counts = Mapping[str, float]
_NOTHING: Counts = {"people": 0, "n": 0, "total": 0.0, "squares": 0.0, "failures": 0}


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the customer, of all ``others``, and of the customer in the 28 days ``before``; None = no data.

    ``n`` and ``n_others`` are people, launches or requests. ``p``: two-sided, Fisher's exact test for shares of people,
    else a z test; None = too few. ``worse``: worse than the others beyond chance.
    """

    id: str
    title: str
    unit: str
    value: float | None
    others: float | None
    before: float | None
    n: int
    n_others: int
    p: float | None
    worse: bool
    definition: str


class Causes:
    """Reads raw events of 56 days for the asked customer and all others at once."""

    def __init__(self, sources: Sources, readers: Readers) -> None:
        self._sources = sources
        self._readers = readers

    async def of(self, customer: str, day: date) -> list[Cause]:
        """Crashes, hangs, launches, failed and slow requests in the 28 days that end with ``day``."""
        days = self._sources.days
        rows = await days.rows(PEOPLE, Dates(day - DAY * (2 * WINDOW - 1), day))
        own: dict[str, Param] = {
            "customer": customer,
            "start": begin(day - DAY * (2 * WINDOW - 1), days.zone),
            "middle": begin(day - DAY * (WINDOW - 1), days.zone),
            "end": begin(day + DAY, days.zone),
        }
        events, base = await asyncio.gather(
            self._readers.rows(statement("customer_causes"), own),
            self._readers.rows(
                over("people", rows.sql, "customer_base"), {**rows.params, "customer": customer, "last": day}
            ),
        )
        met = {(row["kind"], row["own"], row["before"]): row for row in events.to_pylist()}
        active = {(row["own"], row["before"]): row["people"] for row in base.to_pylist()}
        return [
            _hit("crash", "People hit by a crash", met, active),
            _hit("hang", "People hit by a hang", met, active),
            _mean("app_launch", "Cold launch, mean", met),
            _failed(met),
            _mean("network", "Request, mean", met),
        ]


def _side(met: Mapping[Any, Counts], kind: str, own: int, before: int = 0) -> Counts:
    return met.get((kind, own, before), _NOTHING)


def _hit(kind: str, title: str, met: Mapping[Any, Counts], active: Mapping[Any, int]) -> Cause:
    sides = [(int(_side(met, kind, own, before)["people"]), active.get((own, before), 0)) for own, before in _SIDES]
    (hit, n), (hit_others, n_others), (hit_before, n_before) = ((min(hit, n), n) for hit, n in sides)
    value, others = _share(hit, n), _share(hit_others, n_others)
    p = fisher(hit, n, hit_others, n_others) if n and n_others else None
    return _cause(kind, title, "%", value, others, _share(hit_before, n_before), n, n_others, p,
                  f"100 x people with a {kind} / people active, 28 days")  # fmt: skip


def _mean(kind: str, title: str, met: Mapping[Any, Counts]) -> Cause:
    own, others, before = (_side(met, kind, side, earlier) for side, earlier in _SIDES)
    values = _each(one["total"] / one["n"] if one["n"] else None for one in (own, others, before))
    p = None
    if values[0] is not None and values[1] is not None and min(own["n"], others["n"]) >= LEAST:
        errors = (standard_error(one["total"], one["squares"], one["n"]) for one in (own, others))
        p = p_value(z_means(values[0] - values[1], *errors))
    what = "cold launches" if kind == "app_launch" else "requests"
    return _cause(kind, title, "s", *values, int(own["n"]), int(others["n"]), p, f"seconds of {what} / {what}, 28 days")


def _failed(met: Mapping[Any, Counts]) -> Cause:
    own, others, before = (_side(met, "network", side, earlier) for side, earlier in _SIDES)
    values = _each(_share(one["failures"], one["n"]) for one in (own, others, before))
    p = None
    if min(own["n"], others["n"]) >= LEAST:
        p = p_value(z_shares(own["failures"], own["n"], others["failures"], others["n"]))
    n, n_others = int(own["n"]), int(others["n"])
    return _cause(
        "failed", "Requests that failed", "%", *values, n, n_others, p, "100 x failed requests / requests, 28 days"
    )


_SIDES = ((1, 0), (0, 0), (1, 1))


def _cause(
    name: str, title: str, unit: str, value: float | None, others: float | None, before: float | None,
    n: int, n_others: int, p: float | None, definition: str,
) -> Cause:  # fmt: skip
    sure = p is not None and p < SURE and value is not None and others is not None and value > others
    return Cause(
        id=name,
        title=title,
        unit=unit,
        value=value,
        others=others,
        before=before,
        n=n,
        n_others=n_others,
        p=p,
        worse=sure,
        definition=definition,
    )


def _each(values: Iterable[float | None]) -> tuple[float | None, float | None, float | None]:
    own, others, before = values
    return own, others, before


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def fisher(hits: int, n: int, hits_others: int, n_others: int) -> float:
    """Two-sided p of Fisher's exact test: the chance of a table at most as likely as this one, margins given."""
    total, of_all = n + n_others, hits + hits_others
    least, most = max(0, of_all - n_others), min(n, of_all)

    def likelihood(k: int) -> float:
        return _log_comb(n, k) + _log_comb(n_others, of_all - k) - _log_comb(total, of_all)

    seen = likelihood(hits) + 1e-9
    return min(1.0, sum(exp(one) for k in range(least, most + 1) if (one := likelihood(k)) <= seen))


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
