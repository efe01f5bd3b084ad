"""What the account facts say of every customer, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec


class Account(msgspec.Struct, frozen=True):
    """What the account facts say of a customer on a day."""

    name: str = ""
    segment: str = ""
    region: str = ""
    industry: str = ""
    owner: str = ""
    contact: str = ""
    last_contact: date | None = None


class Accounts:
    """Every account over time; ``rows`` are those of ``accounts.sql``."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._known: dict[str, list[tuple[date, Account]]] = {}
        for row in rows:
            told = Account(*(row[name] for name in Account.__struct_fields__))
            self._known.setdefault(row["account"], []).append((row["valid_from"], told))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Accounts) and self._known == other._known

    def names(self) -> set[str]:
        """Every account that a fact tells of."""
        return set(self._known)

    def on(self, day: date, account: str) -> Account:
        """What was so on ``day``; before the first row, what that one says."""
        known = self._known.get(account, ())
        held = [one for since, one in known if since <= day]
        return held[-1] if held else known[0][1] if known else Account()
