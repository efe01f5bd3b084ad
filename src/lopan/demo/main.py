"""``lopan demo``: a month of history, a running server and live traffic; ``lopan demo on NAME`` brings trouble."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lopan import config
from lopan.clock import SystemClock
from lopan.config import Config
from lopan.demo import backlog, definitions, history, scenarios, state
from lopan.demo.factory import live as factory_live
from lopan.demo.factory import stories
from lopan.demo.factory.world import FACTS, World, facts_of, scale_for
from lopan.demo.fleet import PEOPLE, fleet
from lopan.demo.live import live
from lopan.demo.process import Server
from lopan.demo.state import State
from lopan.demo.traffic import Traffic
from lopan.errors import Rejected

DIRECTORY = "lopan-demo"
_REMEMBER = timedelta(seconds=10)
_WATCH_S = 0.5


def run(arguments: Sequence[str]) -> int:
    """Run until interrupted, or throw a switch of a running demo; returns the exit code."""
    args = parser().parse_args(arguments)
    settings = config.load({name: getattr(args, name) for name in ("data", "host", "port", "url", "timezone")})
    if args.switch:
        return _switch(settings.root, args.switch)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    scenarios.known(args.scenario)
    remembered = _prepare(settings.root, args.seed, history.people_for(args.events, args.days), scale_for(args.facts))
    _catch_up(settings.root, remembered, args.days)
    scenarios.clear(settings.root)
    for name in args.scenario:
        scenarios.switch(settings.root, name, True)
    with contextlib.suppress(KeyboardInterrupt), _server(settings) as server:
        server.wait()
        print(welcome(settings, remembered), flush=True)
        asyncio.run(_simulate(settings.root, remembered, server, args.rate))
    return 0


def parser() -> argparse.ArgumentParser:
    """The flags of ``lopan demo``."""
    names = ", ".join(scenarios.NAMES)
    parser = argparse.ArgumentParser(prog="lopan demo", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "switch", nargs="*", metavar="on|off NAME", help=f"switch a scenario of a running demo: {names}"
    )
    parser.add_argument("--data", metavar="DIR", default=os.environ.get("LOPAN_DATA", DIRECTORY), help="data directory")
    parser.add_argument("--host", help="address to listen on (LOPAN_HOST; default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (LOPAN_PORT; default: 8700)")
    parser.add_argument("--url", help="how people reach it from outside (LOPAN_URL; default: http://HOST:PORT)")
    parser.add_argument("--timezone", help="the site's time zone (LOPAN_TIMEZONE; default: UTC)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another fleet (default: 7)")
    parser.add_argument("--events", type=int, default=history.EVENTS, help="events in the history (default: 1000000)")
    parser.add_argument("--facts", type=int, default=FACTS, help=f"business facts in 400 days (default: {FACTS})")
    parser.add_argument("--days", type=int, default=history.DAYS, help="length of the history (default: 30)")
    parser.add_argument("--rate", type=float, default=40.0, help="live events a second (default: 40)")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="begin with this trouble on")
    return parser


def welcome(settings: Config, remembered: State) -> str:
    """What a user needs first: the address, the log-ins, the DSN and a request to try."""
    url = settings.public_url
    scheme, _, rest = url.partition("://")
    width = max(len(account.email) for account in remembered.accounts)
    people = "\n".join(
        f"  {a.email:<{width}}  {a.password}  ({a.level}{', administrator' if a.admin else ''})"
        for a in remembered.accounts
    )
    event = '{"type":"app_launch","time":"\'$(date -u +%FT%TZ)\'","release":"2.3.0","duration_ms":1180}'
    return f"""
Lopan is at {url}

Log in as
{people}

DSN for a Sentry client
  {scheme}://{remembered.key}@{rest}/{remembered.project}

Send an event of your own
  curl {url}/v1/events -H 'Authorization: Bearer {remembered.key}' -d '{event}'

Make trouble, and end it
  lopan demo on launch_regression --data {settings.data}
  lopan demo off launch_regression --data {settings.data}
  (others: {", ".join(scenarios.NAMES[1:])})

Ctrl-C stops the demo; the next start continues where it ended.
"""


def _switch(root: Path, words: list[str]) -> int:
    if len(words) != 2 or words[0] not in {"on", "off"}:
        raise Rejected("demo", f"say `lopan demo on NAME` or `lopan demo off NAME`, not {' '.join(words)!r}")
    on = scenarios.switch(root, words[1], words[0] == "on")
    print(f"on: {', '.join(sorted(on)) or 'nothing'}")
    return 0


def _prepare(root: Path, seed: int, people: int, scale: int) -> State:
    remembered = state.find(root)
    if remembered is None:
        remembered = state.begin(root, seed, people, SystemClock().now().date(), scale)
    state.complete(root, remembered)
    definitions.write(root)
    return remembered


def _catch_up(root: Path, remembered: State, days: int) -> None:
    """The days before the first start, or the time since the last one."""
    now = SystemClock().now()
    begin = history.begin(now, days)
    start = max(remembered.until or begin, begin)
    share = (now - start) / timedelta(days=history.DAYS)
    bar = backlog.Bar("history", round(share * history.EVENTS * remembered.people / PEOPLE))
    backlog.fill(root, remembered, start, now, bar)
    bar.done()
    remembered.until = now
    remembered.save(root)
    share = 1.0 if remembered.told is None else (now - remembered.told) / timedelta(days=stories.DAYS)
    bar = backlog.Bar("business", round(share * facts_of(remembered.scale)), "facts")
    backlog.tell(root, remembered, now, bar)
    bar.done()
    remembered.told = now
    remembered.save(root)


def _server(settings: Config) -> Server:
    flags = ["--timezone", settings.timezone, *(["--url", settings.url] if settings.url else [])]
    return Server(settings.root, settings.port, settings.host, flags)


async def _simulate(root: Path, remembered: State, server: Server, rate: float) -> None:
    now = SystemClock().now()
    population = fleet(remembered.seed, remembered.anchor, remembered.people)
    traffic = Traffic(population, int(now.timestamp()), rate, round(now.timestamp() * 1000))

    def sent(upto: int) -> None:
        until = datetime.fromtimestamp(upto / 1000, UTC)
        if remembered.until is None or until - remembered.until > _REMEMBER:
            remembered.until = until
            remembered.save(root)

    def told(upto: int) -> None:
        remembered.told = datetime.fromtimestamp(upto / 1000, UTC)
        remembered.save(root)

    world = World(population, remembered.scale)
    since = round((remembered.told or now).timestamp() * 1000)
    business = factory_live.live(server.url, remembered.token, world, root, since, lambda: scenarios.active(root), told)
    await asyncio.gather(live(server.url, remembered.key, traffic, root, sent), business, _watch(server))


async def _watch(server: Server) -> None:
    while True:
        server.check()
        await asyncio.sleep(_WATCH_S)
