"""``lopan users``: who may sign in, and at which levels."""

from __future__ import annotations

import argparse
import getpass
import sys

from lopan.cli import shared
from lopan.control.principal import LEVELS, level_of_role
from lopan.errors import Rejected

_ADMIN = "may manage users, keys, tokens, rules and directives"


def register(commands: shared.Commands) -> None:
    """Add the commands to ``commands``."""
    group = shared.group(commands, "users", "People who may sign in.")
    add = _person(group, "add", "Let somebody sign in; asks for the password twice.")
    _levels(add)
    add.add_argument("--role", action="append", default=[], help="a role, for the level that [levels] gives to it")
    add.add_argument("--admin", action="store_true", help=_ADMIN)
    _stdin(add)
    add.set_defaults(run=_add)
    change = _person(group, "change", "Replace somebody's levels or administration permission.")
    _levels(change)
    change.add_argument(
        "--admin", action=argparse.BooleanOptionalAction, help="may manage users, keys, tokens, rules, directives"
    )
    change.set_defaults(run=_change)
    password = _person(group, "password", "Replace somebody's password and end their sessions.")
    _stdin(password)
    password.set_defaults(run=_password)
    _person(group, "remove", "Delete somebody and end their sessions.").set_defaults(run=_remove)
    shared.command(group, "list", "Show who may sign in.").set_defaults(run=_list)


def _person(group: shared.Commands, name: str, about: str) -> argparse.ArgumentParser:
    parser = shared.command(group, name, about)
    parser.add_argument("email", metavar="EMAIL")
    return parser


def _levels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--level", action="append", choices=LEVELS, help="what they may see; may be given several times"
    )


def _stdin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")


def _add(args: argparse.Namespace) -> None:
    from lopan.control import users

    mapping = shared.settings(args).levels
    levels = {*(args.level or ()), *(level_of_role(role, mapping) for role in args.role)}
    if not levels and not args.admin:
        raise Rejected("level", "give --level, --role or --admin: without one they could see nothing")
    with shared.database(args, create=True) as engine:
        person = users.add(engine, args.email, _ask(args), levels, args.admin, shared.actor())
    print(f"{person.name} may sign in: {_rights(person.levels, person.admin)}")


def _change(args: argparse.Namespace) -> None:
    from lopan.control import users

    if args.level is None and args.admin is None:
        raise Rejected("level", "give --level, --admin or --no-admin: there is nothing to change")
    with shared.database(args) as engine:
        person = users.change(engine, args.email, args.level, args.admin, shared.actor())
    print(f"{person.name}: {_rights(person.levels, person.admin)}")


def _password(args: argparse.Namespace) -> None:
    from lopan.control import users

    with shared.database(args) as engine:
        users.set_password(engine, args.email, _ask(args), shared.actor())
    print(f"{args.email} has a new password and is signed out everywhere")


def _remove(args: argparse.Namespace) -> None:
    from lopan.control import users

    with shared.database(args) as engine:
        users.remove(engine, args.email, shared.actor())
    print(f"{args.email} may no longer sign in")


def _list(args: argparse.Namespace) -> None:
    from lopan.control import users

    with shared.database(args) as engine:
        people = users.listing(engine)
    rows = [(person.email, _rights(person.levels, person.admin), shared.day(person.created_at)) for person in people]
    shared.table(("E-MAIL", "MAY SEE", "SINCE (UTC)"), rows)


def _ask(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Rejected("password", "there is no terminal to ask on; pipe it in with --password-stdin")
    password = getpass.getpass(f"Password for {args.email}: ")
    if getpass.getpass("The same again: ") != password:
        raise Rejected("password", "the two are not the same; nothing was changed")
    return password


def _rights(levels: frozenset[str], admin: bool) -> str:
    return ", ".join([*sorted(levels), *(["administration"] if admin else [])]) or "nothing"
