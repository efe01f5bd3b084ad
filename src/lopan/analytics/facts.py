"""Questions about business facts: SQL files that name facts, answered as they are known now or were on a day."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from lopan.errors import Rejected
from lopan.fact import SPECS
from lopan.store import Readers, Store
from lopan.store.base import Param
from lopan.store.facts import known_on, now
from lopan.store.rates import RATES, rates_now, rates_on

_NAMED = re.compile(r"\{(\w+):Identifier\}")
_MONEY = "{currency:String}"


class Facts:
    """Rows of ``analytics/sql/<name>.sql``, in which ``{work_order:Identifier}`` stands for the work orders.

    ``{rates:Identifier}`` are the exchange rates both ways (``lopan.store.rates``). ``currency``, also for statements,
    is the one that money is reported in, ``zone`` the one that days without a site belong to.
    """

    def __init__(self, readers: Readers, store: Store, zone: str, currency: str) -> None:
        self._readers, self._store = readers, store
        self.zone, self.currency = zone, currency
        self._views: dict[tuple[str, date | None], str] = {}

    async def rows(self, name: str, known: date | None = None, **params: Param) -> list[dict[str, Any]]:
        """Rows of one SQL file as dicts; ``known``: only what was known at the end of that day."""
        return await self.ask(sql(name), known, **params)

    async def ask(self, statement: str, known: date | None = None, **params: Param) -> list[dict[str, Any]]:
        """As ``rows`` for a statement; raises Rejected for a day before 1970, and what ``Readers.rows`` raises."""
        named = sorted(set(_NAMED.findall(statement)) & {*SPECS, RATES})
        tables = {fact: await self.table(fact, known) for fact in named}
        money = {"currency": self.currency} if _MONEY in statement else {}
        answer = await self._readers.rows(statement, {**tables, **money, **params})
        return list(answer.to_pylist()) if answer.num_columns else []

    async def table(self, fact: str, known: date | None = None) -> str:
        """What to select ``fact`` from."""
        if known is None and fact != RATES:
            return now(fact)
        if known is not None and known.year < 1970:
            raise Rejected("known", f"nothing was known on {known.isoformat()}: give a day after 1970")
        key = (fact, known)
        if key not in self._views:
            self._views[key] = await asyncio.to_thread(self._view, fact, known)
        return self._views[key]

    def _view(self, fact: str, known: date | None) -> str:
        if known is None:
            return rates_now(self._store)
        if fact == RATES:
            return rates_on(self._store, known, ZoneInfo(self.zone))
        return known_on(self._store, fact, known, ZoneInfo(self.zone))


@cache
def sql(name: str) -> str:
    """The text of ``analytics/sql/<name>.sql``."""
    return files("lopan.analytics").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").strip()
