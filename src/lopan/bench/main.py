"""``lopan bench``: drives a real server in a process of its own and prints what that cost, beside the engine alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from lopan.bench import alert, freshness, imports, ingest, pull, query, sentry
from lopan.bench.figure import Figure, Report, as_json, as_table
from lopan.config import SqlConnection

_FROM_ENVIRONMENT = "env:LOPAN_BENCH_PASSWORD"


def run(arguments: Sequence[str]) -> int:
    """Run one bench; returns 1 when ``--check`` was given and a bar was missed."""
    args = parser().parse_args(arguments)
    report = Report(args.title(args), args.run(args))
    sys.stdout.write((as_json(report).decode() if args.json else as_table(report)) + "\n")
    return exit_code(report, args.check)


def exit_code(report: Report, check: bool) -> int:
    """1 when bars are checked and one was missed."""
    return 1 if check and not report.met else 0


def parser() -> argparse.ArgumentParser:
    """The benches and their flags."""
    top = argparse.ArgumentParser(prog="lopan bench", description=__doc__, allow_abbrev=False)
    benches = top.add_subparsers(title="benches", metavar="BENCH", required=True)
    _ingest(_add(benches, "ingest", "CPU, memory and rate of intake until events are queryable", _run_ingest))
    one = _add(benches, "freshness", "from acknowledged to visible in the API, idle and loaded", _run_freshness)
    one.add_argument("--probes", type=int, default=freshness.PROBES, help="events timed in each state (default: 100)")
    one.add_argument("--load", type=int, default=freshness.LOAD, help="events a second beside them (default: 5000)")
    one = _add(benches, "alert", "from a breach acknowledged to its webhook received", _run_alert)
    one.add_argument("--breaches", type=int, default=alert.BREACHES, help="alerts timed (default: 50)")
    one = _add(benches, "import", "files of business facts, from reading until they are in the store", _run_import)
    one.add_argument("--rows", type=int, default=imports.ROWS, help="of CSV (default: 1000000)")
    one.add_argument("--sheet-rows", type=int, default=imports.SHEET_ROWS, help="of Excel (default: 50000)")
    one = _add(benches, "pull", "rows of a PostgreSQL, from reading until they are in the store", _run_pull)
    one.add_argument("--rows", type=int, default=pull.ROWS, help="that it makes up (default: 1000000)")
    one.add_argument("--host", default="127.0.0.1", help="of the database (default: 127.0.0.1)")
    one.add_argument("--port", type=int, default=5432, help="of the database (default: 5432)")
    one.add_argument("--database", default="postgres", help="any; nothing is written (default: postgres)")
    one.add_argument("--user", default="postgres", help="its password is in LOPAN_BENCH_PASSWORD (default: postgres)")
    one = _add(benches, "query", "what each page asks of a big store; bars are for --events 100000000", _run_query)
    one.add_argument("--events", type=int, default=query.EVENTS, help="events in the store (default: 10000000)")
    one.add_argument("--days", type=int, default=query.DAYS, help="days that they lie in (default: 90)")
    one.add_argument("--seconds", type=float, default=query.SECONDS, help="of the writer, with and without viewers")
    one.add_argument("--rounds", type=int, default=query.ROUNDS, help="repetitions (default: 25)")
    one.add_argument("--facts", type=int, default=0, help="business facts beside them, such as 1000000 (default: none)")
    one.add_argument("--browser", action="store_true", help="also load the pages in Chromium")
    return top


def _ingest(one: argparse.ArgumentParser) -> None:
    one.add_argument("--protocol", choices=("native", "sentry"), default="native", help="default: native")
    one.add_argument("--events", type=int, help="how many (default: 1000000 native, 10000 sentry)")
    one.add_argument("--connections", type=int, help="kept connections (default: 4 native, 16 sentry)")
    one.add_argument("--no-ceiling", action="store_true", help="leave out what the engine alone can do")


def _add(
    benches: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    work: Callable[[argparse.Namespace], list[Figure]],
) -> argparse.ArgumentParser:
    one = benches.add_parser(name, help=about, description=about, allow_abbrev=False)
    one.add_argument("--json", action="store_true", help="figures as JSON on stdout")
    one.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    one.set_defaults(run=work, title=lambda args: " ".join([name, *filter(None, [getattr(args, "protocol", "")])]))
    return one


def _run_ingest(args: argparse.Namespace) -> list[Figure]:
    if args.protocol == "sentry":
        return sentry.run(args.events or sentry.EVENTS, args.connections or 16)
    return ingest.run(args.events or ingest.EVENTS, args.connections or 4, not args.no_ceiling)


def _run_freshness(args: argparse.Namespace) -> list[Figure]:
    return freshness.run(args.probes, args.load)


def _run_alert(args: argparse.Namespace) -> list[Figure]:
    return alert.run(args.breaches)


def _run_pull(args: argparse.Namespace) -> list[Figure]:
    connection = SqlConnection(
        name="bench", kind="postgresql", host=args.host, port=args.port, database=args.database, user=args.user,
        password=_FROM_ENVIRONMENT, mappings=["bench"],
    )  # fmt: skip
    return pull.run(connection, args.rows)


def _run_import(args: argparse.Namespace) -> list[Figure]:
    return imports.run(args.rows, args.sheet_rows)


def _run_query(args: argparse.Namespace) -> list[Figure]:
    return query.run(args.events, args.days, args.rounds, args.seconds, args.browser, args.facts)
