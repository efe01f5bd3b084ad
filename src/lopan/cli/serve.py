"""``lopan serve``: the server itself."""

from __future__ import annotations

import argparse

from lopan.cli import shared


def register(commands: shared.Commands) -> None:
    """Add the command to ``commands``."""
    parser = shared.command(commands, "serve", "Receive events, serve pages and send alerts until interrupted.")
    parser.add_argument("--host", help="address to listen on (LOPAN_HOST; default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (LOPAN_PORT; default: 8700)")
    parser.add_argument("--url", help="how people reach it from outside (LOPAN_URL; default: http://HOST:PORT)")
    parser.add_argument("--timezone", help="the site's time zone (LOPAN_TIMEZONE; default: UTC)")
    parser.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> None:
    from lopan.server import serve

    serve(shared.settings(args))
