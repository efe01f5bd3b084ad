"""``lopan baselines``: what savings are measured against, frozen by one person and approved by another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

from lopan.cli import shared
from lopan.errors import Locked, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from lopan.analytics.business.freeze import Values
    from lopan.config import Config
    from lopan.control.baselines import Baseline, Frozen

_BY = "the administrator who does it; the audit log also names the user of this machine"
_VALUES = ("GOOD UNITS", "SCRAP %", "COST/UNIT", "EARNED/HOUR", "STOCK")


def register(commands: shared.Commands) -> None:
    """Add the commands to ``commands``."""
    group = shared.group(commands, "baselines", "What savings are measured against.")
    freeze = shared.command(group, "freeze", "Keep what a window of days came to, while the server is stopped.")
    freeze.add_argument("--from", dest="first", type=_day, required=True, metavar="DAY", help="as 2026-01-01")
    freeze.add_argument("--to", dest="last", type=_day, required=True, metavar="DAY", help="the last day, included")
    freeze.add_argument("--note", default="", help="what whoever approves it should know")
    freeze.add_argument("--by", required=True, metavar="EMAIL", help=_BY)
    freeze.set_defaults(run=_freeze)
    shared.command(group, "list", "Show all versions, the newest first.").set_defaults(run=_list)
    approve = _decision(group, "approve", "Measure savings against a version from now on.")
    approve.set_defaults(run=_approve)
    reject = _decision(group, "reject", "Put a version that waits for approval aside, for good.")
    reject.set_defaults(run=_reject)


def _decision(group: shared.Commands, name: str, about: str) -> argparse.ArgumentParser:
    parser = shared.command(group, name, about)
    parser.add_argument("version", type=int, metavar="VERSION", help="as `lopan baselines list` shows it")
    parser.add_argument("--by", required=True, metavar="EMAIL", help=_BY)
    return parser


def _freeze(args: argparse.Namespace) -> None:
    from lopan.clock import SYSTEM
    from lopan.control import baselines
    from lopan.lean import without_pandas

    without_pandas()
    config = shared.settings(args)
    with shared.database(args) as engine:
        by = _administrator(engine, args.by)
        first, last = baselines.window(args.first, args.last, _today(config))
        known = _frozen(engine, config, first, last)
        made = baselines.freeze(
            engine, first, last, config.business.currency, known, by, args.note, SYSTEM, shared.actor()
        )
    print(f"version {made.version} holds {_said(made)}; somebody else than {by} has to approve it:")
    print(f"  lopan baselines approve {made.version} --by EMAIL")
    if made.short:
        print(f"  It has {made.days} days only: an odd week weighs much in it. {baselines.SHORTEST} are better.")
    _print(config, made)


def _list(args: argparse.Namespace) -> None:
    from lopan.analytics.business.freeze import values
    from lopan.catalog.business import load
    from lopan.control import baselines

    config = shared.settings(args)
    hours = load(config.root / "lopan.d").roi.hours
    with shared.database(args) as engine:
        found = baselines.listing(engine)
    headings = ("VERSION", "STATE", "FROM", "TO", "DAYS", *_VALUES, "IN", "FROZEN (UTC)", "BY", "DECIDED (UTC)", "BY")
    rows = [
        (
            *(str(one.version), one.state, str(one.first), str(one.last), str(one.days)),
            *(*_cells(values(one.frozen, hours)), one.currency, shared.day(one.frozen_at), one.frozen_by),
            *(shared.day(one.decided_at), one.decided_by or "-", one.note or "-"),
        )
        for one in found
    ]
    shared.table((*headings, "NOTE"), rows)


def _approve(args: argparse.Namespace) -> None:
    from lopan.control import baselines

    done = _decide(args, baselines.approve)
    print(f"savings are measured against version {done.version} now: {_said(done)}")


def _reject(args: argparse.Namespace) -> None:
    from lopan.control import baselines

    done = _decide(args, baselines.reject)
    print(f"version {done.version} is rejected: {_said(done)}")


def _decide(args: argparse.Namespace, how: Callable[..., Baseline]) -> Baseline:
    with shared.database(args) as engine:
        return how(engine, args.version, _administrator(engine, args.by), actor=shared.actor())


def _administrator(engine: Engine, email: str) -> str:
    """The name of somebody who could do the same on the page."""
    from lopan.control import users
    from lopan.web import access

    person = users.named(engine, email)
    if not access.may(person, access.ADMINISTRATION):
        raise Rejected("by", f"{person.name} is no administrator; `lopan users change {person.name} --admin` makes one")
    return person.name


def _frozen(engine: Engine, config: Config, first: date, last: date) -> Frozen:
    """From the store, which only one process can have; raises Locked naming the page where a server has it."""
    from lopan.store import hold

    try:
        with hold(config.root), ThreadPoolExecutor(1) as thread:
            # The engine must not be used on the main thread.
            return thread.submit(_asked, engine, config, first, last).result()
    except Locked:
        page = f"{config.public_url}/business/baselines"
        raise Locked(f"a server has the store of {config.root}: freeze on its page {page}, or stop it first") from None


def _asked(engine: Engine, config: Config, first: date, last: date) -> Frozen:
    from lopan.analytics.business.freeze import at_rest
    from lopan.analytics.calendar import Dates
    from lopan.clock import SYSTEM
    from lopan.connect.load import Loader
    from lopan.store import Chdb, facts
    from lopan.store.migrations import migrate

    store = Chdb(config.root / "store", config.store.max_memory)
    try:
        migrate(store)
        facts.prepare(store)
        Loader(engine, store, config.root / "facts", SYSTEM).recover()
        return at_rest(store, Dates(first, last), config.timezone, config.business.currency)
    finally:
        store.close()


def _print(config: Config, made: Baseline) -> None:
    from lopan.analytics.business.freeze import by_site, gaps, values
    from lopan.catalog.business import load

    hours = load(config.root / "lopan.d").roi.hours
    lines = {"all": values(made.frozen, hours), **by_site(made.frozen, hours)}
    shared.table(("SITE", *_VALUES), [(site or "not stated", *_cells(found)) for site, found in lines.items()])
    print(f"Money is in {made.currency}, hours are {hours} ones.")
    if missing := gaps(made.frozen):
        print(f"Nothing is known of these days about: {', '.join(missing)}. Figures that need it have no data.")


def _cells(found: Values) -> Sequence[str]:
    share = None if found.scrap_rate is None else 100 * found.scrap_rate
    shown = ((found.good, 0), (share, 2), (found.unit_cost, 2), (found.productivity, 3), (found.stock, 0))
    return ["-" if value is None else f"{value:,.{decimals}f}" for value, decimals in shown]


def _said(one: Baseline) -> str:
    return f"{one.first} to {one.last}, {one.days} days"


def _today(config: Config) -> date:
    from zoneinfo import ZoneInfo

    from lopan.clock import SYSTEM

    return SYSTEM.now().astimezone(ZoneInfo(config.timezone)).date()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day like 2026-01-31; got {text[:40]!r}") from None
