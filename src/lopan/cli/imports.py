"""``lopan import``: business facts from a file, beside a running server or without one."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lopan.cli import shared
from lopan.errors import Locked, Rejected, TryAgain

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lopan.config import Config
    from lopan.connect.importer import FactReport, Options, Report
    from lopan.control.batches import Batch

_POLL_S = 0.2
_WAIT_S = 600.0
_BAR = 30


def register(commands: shared.Commands) -> None:
    """Add the command to ``commands``."""
    one = shared.command(commands, "import", "Bring business facts from a CSV, Parquet, Excel or XES file.")
    one.add_argument("file", nargs="?", type=Path, metavar="FILE")
    one.add_argument("--fact", help="what a row is; columns are found by their names")
    one.add_argument("--mapping", metavar="NAME", help="which column is which field: built in, or in lopan.d/mappings/")
    one.add_argument("--source", help="the owner of the keys (default: that of the mapping, or file)")
    one.add_argument("--format", help="csv, parquet, excel or xes (default: by the name of the file)")
    one.add_argument("--encoding", help="of a text file, as utf-8 or cp1252 (default: detected)")
    one.add_argument("--delimiter", help="between cells, as ; (default: detected)")
    one.add_argument("--decimal", choices=(".", ","), help="before the fraction of a number (default: .)")
    one.add_argument("--thousands", metavar="SIGN", help="between thousands (default: none)")
    one.add_argument("--dates", metavar="FORMAT", help="as iso, dd/mm/yyyy, mm/dd/yyyy, dd-mon-yy or %%d.%%m.%%Y")
    one.add_argument("--timezone", help="of times without one (LOPAN_TIMEZONE; default: that of lopan.toml)")
    one.add_argument("--sheet", help="of a workbook (default: the first that has cells)")
    one.add_argument("--header-row", type=_row, metavar="N", help="the line or row of the headings (default: detected)")
    one.add_argument("--dry-run", action="store_true", help="read and report; change nothing")
    one.add_argument("--partial", action="store_true", help="load the good rows although others are refused")
    one.add_argument("--undo", metavar="BATCH", help="take back what an import brought")
    one.set_defaults(run=_import)


def _import(args: argparse.Namespace) -> int:
    from lopan.lean import without_pandas

    without_pandas()
    if args.undo:
        return _undo(args)
    if args.file is None:
        raise Rejected("file", "name the file to import, or a batch to --undo")
    if bool(args.fact) == bool(args.mapping):
        raise Rejected("fact", "say what the rows are: either --fact NAME or --mapping NAME")
    return _check(args) if args.dry_run else _run(args)


def _check(args: argparse.Namespace) -> int:
    from lopan.connect import importer

    settings = shared.settings(args)
    with _Bar(args.file.name) as bar:
        report = importer.check(
            args.file, _options(args), bar, zone=settings.timezone, operator=settings.root / "lopan.d"
        )
    _print(report)
    print(f"A trial: {report.taken:,} rows would be loaded, {report.refused:,} are refused; nothing was changed.")
    return 1 if report.refused else 0


def _run(args: argparse.Namespace) -> int:
    from contextlib import AbstractContextManager

    from lopan.clock import SYSTEM
    from lopan.connect import importer
    from lopan.connect.load import staging
    from lopan.connect.stage import Stage

    settings = shared.settings(args)
    with shared.database(args, create=True) as engine:

        def stages(fact: str, source: str, origin: str) -> AbstractContextManager[tuple[Batch, Stage | None]]:
            return staging(engine, settings.root / "facts", SYSTEM, fact, source, origin, shared.actor())

        try:
            with _Bar(args.file.name) as bar:
                outcome = importer.run(
                    args.file,
                    _options(args),
                    stages,
                    bar,
                    zone=settings.timezone,
                    operator=settings.root / "lopan.d",
                    partial=args.partial,
                )
        except importer.Refusals as refusals:
            _print(refusals.report)
            print(
                f"Nothing was loaded: {refusals.report.refused:,} of {refusals.report.rows:,} rows are refused."
                " Correct the file or the mapping, or give --partial to load the others."
            )
            return 1
        _print(outcome.report)
        done = _finished(engine, settings, [batch.id for batch in outcome.batches], ("loaded", "failed"))
    for batch in done:
        print(f"{batch.fact}: {batch.taken:,} rows {batch.state}; `lopan import --undo {batch.id}` takes them back")
    if outcome.report.refused:
        print(f"{outcome.report.refused:,} rows were refused and are kept in quarantine")
    return 0 if all(batch.state == "loaded" for batch in done) else 1


def _undo(args: argparse.Namespace) -> int:
    from lopan.control import batches

    settings = shared.settings(args)
    with shared.database(args) as engine:
        batches.undo(engine, args.undo, shared.actor())
        (done,) = _finished(engine, settings, [args.undo], ("undone",))
    print(f"{done.fact}: the {done.taken:,} rows of {done.origin} are taken back")
    return 0


def _finished(engine: Engine, settings: Config, ids: Sequence[str], states: Sequence[str]) -> list[Batch]:
    """The batches when they have got there: by this process where no server runs, else by the server.

    Raises TryAgain when a server has them and does not get to them.
    """
    from lopan.control import batches
    from lopan.store import hold

    deadline = time.monotonic() + _WAIT_S
    told = False
    while True:
        found = [batches.get(engine, one) for one in ids]
        if all(batch.state in states for batch in found):
            return found
        try:
            with hold(settings.root), ThreadPoolExecutor(1) as thread:
                # The engine must not be used on the main thread.
                thread.submit(_finish, engine, settings, found).result()
                continue
        except Locked:
            if not told:
                print("A server has the store; it takes over from here.", file=sys.stderr)
                told = True
        if time.monotonic() > deadline:
            raise TryAgain(f"the server has not taken over batch {ids[0]} yet; it is safe and will be, see its log")
        time.sleep(_POLL_S)


def _finish(engine: Engine, settings: Config, found: Sequence[Batch]) -> None:
    from lopan.clock import SYSTEM
    from lopan.connect.load import Loader
    from lopan.store import Chdb
    from lopan.store.facts import prepare
    from lopan.store.migrations import migrate

    store = Chdb(settings.root / "store", settings.store.max_memory)
    try:
        migrate(store)
        prepare(store)
        loader = Loader(engine, store, settings.root / "facts", SYSTEM)
        for batch in found:
            loader.finish(batch)
    finally:
        store.close()


def _options(args: argparse.Namespace) -> Options:
    from lopan.connect.importer import Options

    return Options(
        fact=args.fact or "",
        mapping=args.mapping or "",
        source=(args.source or "")[:64],
        format=args.format or "",
        encoding=args.encoding or "",
        delimiter={"\\t": "\t", "tab": "\t"}.get(args.delimiter or "", args.delimiter or ""),
        sheet=args.sheet or "",
        header_row=args.header_row,
        dates=args.dates or "",
        decimal=args.decimal or "",
        thousands=args.thousands or "",
        zone=args.timezone or "",
    )


def _row(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("rows are counted from 1")
    return number


def _print(report: Report) -> None:
    print(f"{report.file}: {report.format}, {report.rows:,} rows, source {report.source}")
    for name, how in report.found.items():
        print(f"  {name}: {how}")
    for one in report.facts:
        _print_fact(one)
    if report.ignored:
        print(f"  columns that nothing reads: {', '.join(report.ignored)}")


def _print_fact(one: FactReport) -> None:
    counts = [f"{one.taken:,} taken", f"{one.refused:,} refused"]
    counts += [f"{one.skipped:,} left out by the mapping"] if one.skipped else []
    counts += [f"{one.repeated:,} repeat the key of an earlier row, which they replace"] if one.repeated else []
    print(f"{one.fact}: {', '.join(counts)}")
    print(f"  columns: {', '.join(f'{column} -> {field}' for column, field in one.used.items())}")
    for name, first in one.first.items():
        print(f"  {name}: from {first:%Y-%m-%d} to {one.last[name]:%Y-%m-%d}")
    for counted, said in ((one.twice, "there were twice"), (one.never, "there never were")):
        for name, count in counted.items():
            print(f"  {name}: {count:,} local times that {said} when clocks changed, read as before the change")
    for why in one.reasons:
        print(f"  refused, {why.count:,} rows: {why.field + ' ' if why.field else ''}{why.reason}")
        for example in why.examples:
            print(f"    row {example.row:,}: {example.raw[:160]}")


class _Bar:
    """How far reading has got, on a terminal only."""

    def __init__(self, name: str) -> None:
        self._name, self._shown = name, -1
        self._there = sys.stderr.isatty()

    def __call__(self, share: float) -> None:
        percent = int(100 * share)
        if self._there and percent != self._shown:
            self._shown = percent
            full = _BAR * percent // 100
            sys.stderr.write(f"\r{self._name} [{'#' * full}{'.' * (_BAR - full)}] {percent:3} %")
            sys.stderr.flush()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._there and self._shown >= 0:
            sys.stderr.write("\n")
