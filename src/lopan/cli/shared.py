"""What commands share: flags, settings, the open database, tables on the terminal."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from lopan import config
from lopan.config import Config
from lopan.errors import TryAgain

if TYPE_CHECKING:
    from sqlalchemy import Engine

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_FLAGS = ("data", "host", "port", "url", "timezone")


def group(commands: Commands, name: str, about: str) -> Commands:
    """A command with commands of its own, as ``lopan users``."""
    parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def command(commands: Commands, name: str, about: str) -> argparse.ArgumentParser:
    """A command that works on a data directory."""
    parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    parser.add_argument("--data", metavar="DIR", help="data directory (LOPAN_DATA; default: lopan-data)")
    return parser


def settings(args: argparse.Namespace) -> Config:
    """The settings, with the command's flags above all other sources."""
    return config.load({name: getattr(args, name, None) for name in _FLAGS})


@contextmanager
def database(args: argparse.Namespace, create: bool = False) -> Iterator[Engine]:
    """The control database beside a running server; without ``create`` a directory without data is a ConfigError."""
    from sqlalchemy.exc import OperationalError

    from lopan.control.database import open_database, open_existing

    root = settings(args).root
    engine = open_database(root) if create else open_existing(root)
    try:
        yield engine
    except OperationalError as error:
        raise TryAgain(f"the control database in {root} can't be used: {error.orig}") from error
    finally:
        engine.dispose()


def actor() -> str:
    """Who runs this command, for the audit log."""
    try:
        return f"command line: {getpass.getuser()}"
    except (KeyError, OSError):
        return f"command line: user {os.getuid()}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, headings first."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def day(at: datetime | None) -> str:
    """A date to read, UTC; a dash for never."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"
