"""``lopan bench``: figures of this machine; its benches and flags are ``lopan.bench``'s own."""

from __future__ import annotations

import argparse

from lopan.cli import shared


def register(commands: shared.Commands) -> None:
    """Add the command to ``commands``."""
    about = "Measure what this machine takes in, and how soon it shows and alerts."
    parser = commands.add_parser("bench", help=about, add_help=False, allow_abbrev=False)
    parser.set_defaults(run=_bench, passes=True)


def _bench(args: argparse.Namespace) -> int:
    from lopan.bench.main import run

    return run(args.rest)
