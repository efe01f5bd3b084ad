"""How the business is judged: what counts as a saving, when a customer is lost, what the first value is; as TOML.

The defaults stand here; an operator's ``lopan.d/business/*.toml`` replaces those it names.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lopan.errors import ConfigError

Line = Literal["labour", "inventory", "quality", "downtime", "other"]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e9)]
Days = Annotated[int, Meta(ge=0, le=1_000)]
Count = Annotated[int, Meta(ge=1, le=1_000)]


class Phi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The share of freed hours that were really redeployed or not paid, 0 to 1: low, likely and high."""

    low: Share = 0.3
    base: Share = 0.5
    high: Share = 0.7

    def __post_init__(self) -> None:
        """Refuse shares that are not in order."""
        if not self.low <= self.base <= self.high:
            raise ValueError(f"phi must rise from low to high, not {self.low:g}, {self.base:g}, {self.high:g}")


class Roi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[roi]``: the window opens on ``start``, else on the day of the first roll-out cost, else after the baseline.

    ``labour`` says what became of freed hours: ``redeployed`` (worth ``loaded_rate`` each, times phi), ``sold`` (the
    extra good units at ``margin`` each), or ``booked`` (only what facts of savings say). ``loaded_rate`` and ``margin``
    are in the reporting currency; without a rate it is the average of the labour facts. ``carrying_rate`` is what
    holding stock costs a year, as a share of its value. Lines in ``hard`` are cash, ``hours`` those of productivity.
    """

    start: date | None = None
    labour: Literal["redeployed", "sold", "booked"] = "redeployed"
    loaded_rate: Amount | None = None
    margin: Amount | None = None
    phi: Phi = Phi()
    carrying_rate: Share = 0.1
    hours: Literal["paid", "direct"] = "paid"
    hard: tuple[Line, ...] = ("quality",)


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[retention]``: a contract renewed within ``grace_days`` never ended.

    Customers without contracts are lost when they order nothing for ``quiet_days``.
    """

    grace_days: Days = 30
    quiet_days: Annotated[int, Meta(ge=1, le=1_000)] = 90


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[value]``: an account has its first value in the week in which ``people`` completed ``runs`` of ``workflows``.

    Without ``workflows`` all that are defined count. The clock starts with the first contract, or the first ``login``.
    """

    runs: Count = 5
    people: Count = 2
    workflows: tuple[str, ...] = ()
    begins: Literal["contract", "login"] = "contract"


class Business(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. ``close_days`` after its end a month's costs are complete; until then its figures are provisional."""

    close_days: Days = 10
    roi: Roi = Roi()
    retention: Retention = Retention()
    value: Value = Value()


def load(operator: Path | None = None) -> Business:
    """The defaults, with what ``operator``/business/*.toml says. Raises ConfigError naming the file."""
    folder = operator / "business" if operator is not None else None
    if folder is None or not folder.is_dir():
        return Business()
    said: dict[str, object] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
            if twice := sorted(found.keys() & said.keys()):
                raise ConfigError(f"{path.name}: {twice[0]} stands in another file of lopan.d/business, too")
            said |= found
            msgspec.convert(found, Business)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path.name}: {error}") from None
    return msgspec.convert(said, Business)
