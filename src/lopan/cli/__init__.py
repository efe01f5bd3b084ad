"""The command line: ``lopan <command>``; a command imports what it needs when it runs, so that each starts fast."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lopan import __version__
from lopan.cli import baselines, bench, connect, demo, imports, keys, serve, tokens, users
from lopan.errors import ConfigError, LopanError, Rejected

COMMANDS = (serve, demo, bench, imports, connect, baselines, users, keys, tokens)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed, 2 asked wrongly, 130 interrupted. Errors go to stderr in one line."""
    args, rest = parser().parse_known_args(arguments)
    if rest and not getattr(args, "passes", False):
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    try:
        return int(args.run(args) or 0)
    except (Rejected, ConfigError) as error:
        print(f"lopan: {error}", file=sys.stderr)
        return 2
    except LopanError as error:
        print(f"lopan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command with its flags; the reference page is made of it."""
    top = argparse.ArgumentParser(prog="lopan", description="Production monitoring in one program.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"lopan {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return top
