"""``lopan demo``: Lopan with a simulated fleet; its flags are ``lopan.demo``'s own."""

from __future__ import annotations

import argparse

from lopan.cli import shared


def register(commands: shared.Commands) -> None:
    """Add the command to ``commands``."""
    about = "Serve 30 days of history and the live traffic of a simulated fleet."
    parser = commands.add_parser("demo", help=about, add_help=False, allow_abbrev=False)
    parser.set_defaults(run=_demo, passes=True)


def _demo(args: argparse.Namespace) -> int:
    from lopan.demo.main import run

    return run(args.rest)
