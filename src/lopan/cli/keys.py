"""``lopan keys``: what lets a client send events to a project."""

from __future__ import annotations

import argparse

from lopan.cli import shared


def register(commands: shared.Commands) -> None:
    """Add the commands to ``commands``."""
    group = shared.group(commands, "keys", "Keys with which clients send events.")
    create = shared.command(group, "create", "Print a new key and its DSN, this once; the project is made when needed.")
    create.add_argument("--project", required=True, metavar="NAME", help="the app that sends")
    create.add_argument("--port", type=int, help="port in the DSN (LOPAN_PORT; default: 8700)")
    create.add_argument("--url", help="address in the DSN (LOPAN_URL; default: http://127.0.0.1:PORT)")
    create.set_defaults(run=_create)
    shared.command(group, "list", "Show the keys by their first characters.").set_defaults(run=_list)
    revoke = shared.command(group, "revoke", "Refuse a key from now on.")
    revoke.add_argument("number", type=int, metavar="NUMBER", help="as `lopan keys list` shows it")
    revoke.set_defaults(run=_revoke)


def _create(args: argparse.Namespace) -> None:
    from lopan.control import keys

    with shared.database(args, create=True) as engine:
        new = keys.create(engine, args.project, shared.actor())
    print(f"Key:  {new.key}")
    print(f"DSN:  {new.dsn(shared.settings(args).public_url)}")
    print("Keep it: only a hash is stored, so it can't be shown again.")


def _list(args: argparse.Namespace) -> None:
    from lopan.control import keys

    with shared.database(args) as engine:
        known = keys.listing(engine)
    rows = [(str(k.id), k.name, f"{k.hint}...", shared.day(k.created_at), shared.day(k.revoked_at)) for k in known]
    shared.table(("NUMBER", "PROJECT", "KEY", "CREATED (UTC)", "REVOKED (UTC)"), rows)


def _revoke(args: argparse.Namespace) -> None:
    from lopan.control import keys

    with shared.database(args) as engine:
        keys.revoke(engine, args.number, shared.actor())
    print(f"Key {args.number} is refused from now on")
