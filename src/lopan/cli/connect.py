"""``lopan connect``: the databases that facts are pulled from; brokers are followed by the server alone."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lopan.cli import shared
from lopan.errors import ConfigError, LopanError, TryAgain

if TYPE_CHECKING:
    from lopan.config import Config, SqlConnection


def register(commands: shared.Commands) -> None:
    """Add the commands to ``commands``."""
    group = shared.group(commands, "connect", "Connections that facts are pulled from.")
    shared.command(group, "list", "Show how each pull went and how far it got.").set_defaults(run=_list)
    test = shared.command(group, "test", "Reach a database and check clocks and mappings; nothing is loaded.")
    test.add_argument("name", metavar="NAME", help="of the connection in lopan.toml")
    test.set_defaults(run=_test)
    pull = shared.command(group, "pull", "Pull from a database now, while the server is stopped.")
    pull.add_argument("name", metavar="NAME", help="of the connection in lopan.toml")
    pull.add_argument("--accept-deletes", action="store_true", help="believe that rows are gone, however many they are")
    pull.set_defaults(run=_pull)


def _list(args: argparse.Namespace) -> None:
    from lopan.control import pulls

    with shared.database(args) as engine:
        known = pulls.listing(engine)
    rows = [
        (one.connection, one.part, shared.day(one.succeeded_at), shared.day(one.failing_since), str(one.taken),
         str(one.refused), one.error or "-")
        for one in known
    ]  # fmt: skip
    shared.table(("CONNECTION", "MAPPING", "LAST (UTC)", "FAILING SINCE", "TAKEN", "REFUSED", "ERROR"), rows)


def _test(args: argparse.Namespace) -> int:
    """In a store of its own, so that it works beside a running server."""
    from lopan.connect import mapping
    from lopan.connect.sql import trial
    from lopan.store import Chdb

    config = shared.settings(args)
    connection = _named(config, args.name)
    with tempfile.TemporaryDirectory() as scratch:

        def work() -> list[tuple[str, ...]]:
            store = Chdb(Path(scratch), config.store.max_memory)
            try:
                found = trial.run(store, connection, mapping.load(config.root / "lopan.d"), config.timezone)
            finally:
                store.close()
            return [(one.mapping, f"{one.rows:,}", f"{one.refused:,}", one.said or "-") for one in found]

        rows = _beside(work)
    shared.table(("MAPPING", "ROWS READ", "REFUSED", "FIRST REASON"), rows)
    return 0


def _pull(args: argparse.Namespace) -> int:
    from lopan.clock import SYSTEM
    from lopan.connect import mapping
    from lopan.connect.load import Loader
    from lopan.connect.sql.follow import Follow
    from lopan.store import Chdb, facts, hold

    config = shared.settings(args)
    connection = _named(config, args.name)
    with hold(config.root), shared.database(args) as engine, ThreadPoolExecutor(1) as asking:

        def work() -> dict[str, Any]:
            store = Chdb(config.root / "store", config.store.max_memory)
            try:
                facts.prepare(store)
                loader = Loader(engine, store, config.root / "facts", SYSTEM)
                loader.recover()
                mappings = mapping.load(config.root / "lopan.d")
                follow = Follow(engine, store, loader, SYSTEM, connection, mappings, config.timezone, asking)
                return dict(follow.round(args.accept_deletes))
            finally:
                store.close()

        outcomes = _beside(work)
    failed = {part: error for part, error in outcomes.items() if isinstance(error, LopanError)}
    for part, outcome in outcomes.items():
        if part not in failed:
            print(f"{part}: {outcome.read:,} read, {outcome.taken:,} new, ", end="")
            print(f"{outcome.refused:,} refused, {outcome.gone:,} gone")
    if failed:
        raise TryAgain("; ".join(f"{part}: {error}" for part, error in failed.items()))
    return 0


def _named(config: Config, name: str) -> SqlConnection:
    for one in config.connect.sql:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in config.connect.sql) or "none"
    raise ConfigError(f"there is no database {name!r} under [[connect.sql]] in lopan.toml; there are: {known}")


def _beside(work: Callable[[], Any]) -> Any:
    """The store is never used on the main thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
