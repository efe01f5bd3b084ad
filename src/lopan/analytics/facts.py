"""Questions about business facts: SQL files that name facts, answered as they are known now or were on a day."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from lopan.analytics.calendar import Dates
from lopan.analytics.keptfacts import KeptFacts, Stamps, keepable
from lopan.catalog.relation import DERIVED
from lopan.catalog.workdays import Place, Workdays, begin_of, day_of, workdays
from lopan.errors import Rejected
from lopan.fact import SPECS
from lopan.store import Readers, Store
from lopan.store.base import Param
from lopan.store.facts import known_on, now, rates_on, table
from lopan.store.rates import NOW, RATES

_NAMED = re.compile(r"\{(\w+):Identifier\}")
_STEPS = (
    *("states", "shift_calendar", "worked", "site_worked", "account_days", "contract_spans", "answers"),
    *("market_listed", "market_accounts", "market_won", "market_rows"),
)
"""Rows that only other statements are made of."""

_RELATION = re.compile(rf"\{{({'|'.join((*DERIVED, *_STEPS))}):Identifier\}}")
_OTHERS = re.compile(r"\bFROM\s+\w|(?<!ARRAY )\bJOIN\s+\w")
"""A statement reads something else than facts."""

_TABLES = {table(fact): fact for fact in SPECS}
_DAY_OF = re.compile(r"\{day_of\((\w+), (\w+)\)\}")
_BEGIN_OF = re.compile(r"\{begin_of\((\w+), (\w+)\)\}")


class Facts:
    """Rows of ``analytics/sql/<name>.sql``, in which ``{work_order:Identifier}`` stands for the work orders.

    ``{rates:Identifier}`` are the exchange rates both ways (``lopan.store.rates``) and ``{currency:String}`` what they
    are wanted into. ``currency`` is the one that money is reported in, ``zone`` the one that days without a site belong
    to, ``support`` the site whose shifts are the working hours of support. Without ``kept`` every relation is computed
    for each question.
    """

    def __init__(
        self, readers: Readers, store: Store, zone: str, currency: str, support: str = "", kept: KeptFacts | None = None
    ) -> None:
        self._readers, self._store, self._kept = readers, store, kept
        self.zone, self.currency, self.support = zone, currency, support
        self._views: dict[tuple[str, date], str] = {}
        self._making = asyncio.Lock()

    async def rows(self, name: str, known: date | None = None, **params: Param) -> list[dict[str, Any]]:
        """Rows of one SQL file as dicts; ``known``: only what was known at the end of that day."""
        return await self.ask(sql(name), known, **params)

    async def ask(self, statement: str, known: date | None = None, **params: Param) -> list[dict[str, Any]]:
        """As ``rows`` for a statement; raises Rejected for a day before 1970, and what ``Readers.rows`` raises.

        Parameters that the statement does not name are left out. A statement that reads more than facts says with the
        parameter ``stamp`` what moves when that does, if an answer may last.
        """
        text = whole(statement)
        given: dict[str, Param] = {"support": self.support, "currency": self.currency, **params}
        stamps = await self._stamps() if known is None else {}
        lasting = known is None and "{now:" not in text and ("stamp" in params or not _OTHERS.search(text))
        if self._kept is not None and known is None:
            for name in keepable(statement):
                read = await self._kept.read(name, stamps, whole, given)
                statement = statement.replace(f"{{{name}:Identifier}}", f"({read.sql})")
                given |= read.params
            text = whole(statement)
        used = {name: value for name, value in given.items() if f"{{{name}:" in text}
        for fact in sorted(set(_NAMED.findall(text)) & {*SPECS, RATES}):
            used[fact] = await self.table(fact, known)
        if lasting:
            used["stamp"] = repr((stamps, params.get("stamp")))
        answer = await self._readers.rows(text, used, lasting=lasting)
        return list(answer.to_pylist()) if answer.num_columns else []

    async def workdays(self, dates: Dates, known: date | None = None, site: str = "") -> Workdays:
        """The production days of every site, or of one, for ``params`` of statements that say ``day_of``."""
        places = [Place(**row) for row in await self.rows("sites", known)]
        chosen = [place for place in places if site in ("", place.site)]
        return workdays(chosen, ZoneInfo(self.zone), dates.first, dates.last)

    async def _stamps(self) -> Stamps:
        """What changes with the rows of each fact: a pair that never comes again."""
        found = await self._readers.rows(sql("fact_stamps"), {"tables": list(_TABLES)})
        return {_TABLES[row["table"]]: (row["block"], row["version"]) for row in found.to_pylist()}

    async def table(self, fact: str, known: date | None = None) -> str:
        """What to select ``fact`` from."""
        if known is None:
            return NOW if fact == RATES else now(fact)
        if known.year < 1970:
            raise Rejected("known", f"nothing was known on {known.isoformat()}: give a day after 1970")
        key = (fact, known)
        async with self._making:  # a view that is being replaced is missing for a moment
            if key not in self._views:
                make = partial(rates_on if fact == RATES else partial(known_on, fact=fact), self._store)
                self._views[key] = await asyncio.to_thread(make, day=known, zone=ZoneInfo(self.zone))
        return self._views[key]


@cache
def whole(statement: str) -> str:
    """A statement with the relations that it names written out, and its production days: ``{day_of(moment, site)}``."""
    text = _RELATION.sub(lambda found: f"({sql(found[1])})", statement)
    text = text if text == statement else whole(text)
    text = _DAY_OF.sub(lambda found: day_of(found[1], found[2]), text)
    return _BEGIN_OF.sub(lambda found: begin_of(found[1], found[2]), text)


@cache
def sql(name: str) -> str:
    """The text of ``analytics/sql/<name>.sql``."""
    return files("lopan.analytics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").strip()
