"""``lopan tokens``: what lets a machine read the API."""

from __future__ import annotations

import argparse

from lopan.cli import shared
from lopan.control.principal import LEVELS


def register(commands: shared.Commands) -> None:
    """Add the commands to ``commands``."""
    group = shared.group(commands, "tokens", "Tokens with which machines read the API.")
    create = shared.command(group, "create", "Print a new read token, this once.")
    create.add_argument(
        "--level", action="append", default=[], choices=LEVELS, help="what it may read; may be given several times"
    )
    create.add_argument("--name", default="api", help="what it is for (default: api)")
    create.add_argument(
        "--annotate", action="store_true", help="it may also write annotations, as a deployment script does"
    )
    create.add_argument("--facts", action="store_true", help="it may write business facts, as an ERP's export does")
    create.set_defaults(run=_create)
    shared.command(group, "list", "Show the tokens by their first characters.").set_defaults(run=_list)
    revoke = shared.command(group, "revoke", "Refuse a token from now on.")
    revoke.add_argument("number", type=int, metavar="NUMBER", help="as `lopan tokens list` shows it")
    revoke.set_defaults(run=_revoke)


def _create(args: argparse.Namespace) -> None:
    from lopan.control import tokens

    with shared.database(args, create=True) as engine:
        token = tokens.create(engine, args.level, args.name, shared.actor(), annotates=args.annotate, feeds=args.facts)
    print(token)


def _list(args: argparse.Namespace) -> None:
    from lopan.control import tokens

    with shared.database(args) as engine:
        known = tokens.listing(engine)
    rows = [
        (
            str(t.id),
            t.name,
            f"{t.hint}...",
            ", ".join(sorted(t.levels)),
            ", ".join(["annotations"] * t.annotates + ["facts"] * t.feeds),
            shared.day(t.created_at),
            shared.day(t.revoked_at),
        )
        for t in known
    ]
    shared.table(("NUMBER", "NAME", "TOKEN", "MAY READ", "MAY WRITE", "CREATED (UTC)", "REVOKED (UTC)"), rows)


def _revoke(args: argparse.Namespace) -> None:
    from lopan.control import tokens

    with shared.database(args) as engine:
        tokens.revoke(engine, args.number, shared.actor())
    print(f"Token {args.number} is refused from now on, by a running server within 5 seconds")
