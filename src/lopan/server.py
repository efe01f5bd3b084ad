"""Composition root: the only file that knows every part; makes them, starts them, stops them in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy import Engine

from lopan.alerts import playbook, rule
from lopan.alerts.channel import channels
from lopan.alerts.service import Alerts
from lopan.analytics import peoplekpis, usagekpis
from lopan.analytics.business import moneykpis, roikpis
from lopan.analytics.business.market import Markets
from lopan.analytics.business.timetovalue import TimesToValue
from lopan.analytics.customers.customers import Customers
from lopan.analytics.days import Days
from lopan.analytics.factkpis import FactKpis
from lopan.analytics.facts import Facts
from lopan.analytics.impact import Impacts
from lopan.analytics.keptfacts import KeptFacts
from lopan.analytics.kpis import Kpis
from lopan.analytics.opendays import REUSE_COST
from lopan.analytics.people import People
from lopan.analytics.query import Query
from lopan.analytics.reach import Reaches
from lopan.analytics.releases import Releases
from lopan.analytics.reporter import Reporter
from lopan.analytics.usage import Usage
from lopan.analytics.usage import daily as usage_daily
from lopan.catalog import load as load_catalog
from lopan.catalog.business import load as load_judging
from lopan.catalog.health import load as load_health
from lopan.catalog.product import load as load_product
from lopan.catalog.screen import load as load_screens
from lopan.clock import Clock, SystemClock
from lopan.config import Config
from lopan.connect.load import Loader
from lopan.connect.pickup import Pickup
from lopan.connect.service import Connections
from lopan.connect.uploads import Uploads
from lopan.control import baselines, merges, projects
from lopan.control.database import open_database
from lopan.control.identities import Identities
from lopan.errors import GiveUp
from lopan.ingest import directives, endpoint
from lopan.ingest import facts as facts_intake
from lopan.ingest.answers import Receive, Scope, Send
from lopan.ingest.block import IDENTIFY
from lopan.ingest.commits import Commit, Commits
from lopan.ingest.current import Current
from lopan.ingest.directives import Directives
from lopan.ingest.endpoint import Endpoint
from lopan.ingest.facts import Facts as FactsIntake
from lopan.ingest.intake import Intake
from lopan.ingest.keys import Keys
from lopan.ingest.quarantine import Quarantine
from lopan.ingest.seen import Seen
from lopan.ingest.writer import Writer
from lopan.lean import without_pandas
from lopan.spool import Spool
from lopan.store import Chdb, Readers, facts, hold
from lopan.store.migrations import migrate
from lopan.web import access
from lopan.web.app import create_app
from lopan.web.parts import Parts, Source
from lopan.web.people.mailer import Mailer

log = logging.getLogger(__name__)
_GRACE_SECONDS = 3


@dataclass(frozen=True)
class Sources:
    """What the sources page shows: every project with what came in since the start."""

    engine: Engine
    intake: Intake

    async def sources(self) -> list[Source]:
        """Every project by number, those that never sent anything included."""
        known = await asyncio.to_thread(projects.listing, self.engine)
        return [self._one(project.id, project.name) for project in known]

    def _one(self, number: int, name: str) -> Source:
        counts = [counts for (project, _), counts in self.intake.counts.items() if project == number]
        return Source(
            project=number,
            name=name,
            accepted=sum(count.accepted for count in counts),
            rejected=sum(count.refused for count in counts),
            quarantined=sum(count.quarantined for count in counts),
            last=max((count.last for count in counts if count.last), default=None),
        )


@dataclass(frozen=True)
class Changes:
    """Alert changes in the form that live pages listen to."""

    alerts: Alerts

    def subscribe(self) -> AsyncIterator[None]:
        """Changes from now on."""
        return self.alerts.changes()


class _Server(uvicorn.Server):
    """Ends in order: uvicorn would raise a caught signal again and so end the process before its parts."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for caught in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(caught, self.handle_exit, caught, None)
        yield


def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM; raises Locked when another process has the data directory."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    without_pandas()
    with hold(config.root):
        uvloop.run(_serve(config))


async def _serve(config: Config) -> None:
    async with started(config, SystemClock()) as app:
        settings = uvicorn.Config(
            app,
            host=config.host,
            port=config.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        gc.collect()
        gc.freeze()
        log.info("Lopan serves %s, data in %s", config.public_url, config.root)
        await _Server(settings).serve()


@asynccontextmanager
async def started(config: Config, clock: Clock) -> AsyncIterator[Callable[[Scope, Receive, Send], object]]:
    """All parts running; the ASGI app that routes between intake and pages. Leaving stops them, intake first."""
    root = config.root
    async with AsyncExitStack() as stack:
        engine = await asyncio.to_thread(open_database, root)
        stack.callback(engine.dispose)
        store = await asyncio.to_thread(_open_store, config)
        stack.push_async_callback(asyncio.to_thread, store.close)
        spool = Spool(root / "spool", config.spool.max_bytes, config.spool.min_free_bytes, config.spool.keep_hours)
        stack.callback(spool.close)
        quarantine = Quarantine(root / "quarantine")
        stack.callback(quarantine.close)
        commits = Commits()
        pages, rules = Readers(store, config.store.readers), Readers(store, 1)
        stack.callback(pages.close)
        stack.callback(rules.close)

        product = load_product(root / "lopan.d")
        persons = partial(merges.persons, engine, "user")

        def ready() -> None:
            commits.publish(Commit(0, 0, frozenset(), clock.now()))

        days = Days(store, config.timezone, clock, usage_daily(product), persons, REUSE_COST, ready)
        stack.callback(days.close)
        kept = KeptFacts(store)
        stack.callback(kept.close)

        def publish(commit: Commit) -> None:
            loop.call_soon_threadsafe(days.touched, commit.days, commit.begun)
            if IDENTIFY in commit.types:
                loop.call_soon_threadsafe(days.merged)
            commits.publish(commit)
            loop.call_soon_threadsafe(pages.moved)
            loop.call_soon_threadsafe(rules.moved)

        loop = asyncio.get_running_loop()
        numbers, merge = Identities(engine).numbers, partial(merges.merge, engine, "user")
        writer = Writer(spool, store, Seen(root / "seen"), numbers, clock, publish, config.timezone, merge)
        writer.start()
        stack.push_async_callback(asyncio.to_thread, writer.stop)
        intake = Intake(spool, quarantine, clock, config.ingest.oldest_days, config.ingest.ahead_hours)
        intake.start()
        stack.push_async_callback(asyncio.to_thread, intake.stop)

        def changed(fact: str) -> None:
            loop.call_soon_threadsafe(pages.moved)
            loop.call_soon_threadsafe(rules.moved)
            commits.publish(Commit(0, 0, frozenset({fact}), clock.now()))

        loader = Loader(engine, store, root / "facts", clock, changed)
        await asyncio.to_thread(loader.recover)
        connections = Connections(config, engine, store, loader, clock)
        _background(stack, Pickup(engine, loader).run(), "imports")

        uploads = Uploads(root / "uploads", loader, clock, config.timezone, root / "lopan.d")
        stack.push_async_callback(asyncio.to_thread, uploads.close)

        catalog = load_catalog(root / "lopan.d", config.business.targets)
        screens = load_screens(root / "lopan.d", catalog.kpis)
        playbooks = playbook.load(root / "lopan.d" / "playbooks")
        people = People(days, pages)
        watched = People(days, rules, people.kept)
        usage = Usage(people, pages, product)
        business, judging = config.business, load_judging(root / "lopan.d")
        approved = partial(asyncio.to_thread, baselines.current, engine)

        def rebased() -> None:
            commits.publish(Commit(0, 0, moneykpis.AGAINST, clock.now()))

        def facts_of(readers: Readers) -> Facts:
            return Facts(readers, store, config.timezone, business.currency, business.support_site, kept)

        def kpis_of(readers: Readers, people: People, usage: Usage, known: Facts) -> Kpis:
            times = TimesToValue(days, readers, known, product, judging)
            money = {
                **moneykpis.queries(known, judging, approved, times),
                **roikpis.queries(known, judging, approved),
            }
            asked = _queries(people, usage)
            return Kpis(readers, catalog, clock, config.timezone, asked, FactKpis(known, clock, money), days)

        known = facts_of(pages)
        kpis = kpis_of(pages, people, usage, known)
        alerts = Alerts(
            engine,
            kpis_of(rules, watched, Usage(watched, rules, product, usage.kept), facts_of(rules)),
            rule.load(catalog.kpis, playbooks, root / "lopan.d" / "rules"),
            channels(config.notify),
            clock,
            commits,
            kpis=catalog.kpis,
            playbooks=playbooks,
            url=config.public_url,
        )
        _background(stack, days.run(), "days")
        _background(stack, people.keep(usage.prepare), "figures of people")
        customers = Customers(days, pages, known, product, load_health(root / "lopan.d"), judging)
        current = Current(engine, clock)
        await current.reload()
        _background(stack, current.run(), "directives")
        _background(stack, alerts.run(), "alerts")
        parts = Parts(
            config=config,
            clock=clock,
            engine=engine,
            catalog=catalog,
            kpis=kpis,
            commits=commits,
            changes=Changes(alerts),
            playbooks=playbooks,
            intake=Sources(engine, intake),
            people=people,
            usage=usage,
            releases=Releases(pages, clock),
            reporter=Reporter(people, usage, pages, catalog.kpis, clock),
            reach=Reaches(pages),
            current=current,
            screens=screens,
            facts=known,
            judging=judging,
            rebased=rebased,
            loader=loader,
            connections=connections,
            uploads=uploads,
            customers=customers,
            impacts=Impacts(customers.sources, pages),
            markets=Markets(known, judging.retention),
        )
        _background(stack, connections.run(), "connections")
        if config.notify.email.host:
            _background(stack, Mailer(parts).run(), "reports")
        web = create_app(parts)
        verify = Keys(engine).verify
        feeding = FactsIntake(loader, web.state.auth.bearer, access.may_feed, config.ingest)
        stack.push_async_callback(asyncio.to_thread, feeding.close)
        yield _router(Endpoint(intake, verify, clock, config.ingest), Directives(current, verify), feeding, web)


def _router(
    intake: Endpoint, told: Directives, feeding: FactsIntake, web: FastAPI
) -> Callable[[Scope, Receive, Send], object]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and endpoint.route(scope["path"]) is not None:
            await intake(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == directives.PATH:
            await told(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(facts_intake.PREFIX):
            await feeding(scope, receive, send)
        else:
            await web(scope, receive, send)

    return app


def _queries(people: People, usage: Usage) -> Mapping[str, Query]:
    return {**peoplekpis.queries(people), **usagekpis.queries(usage)}


def _open_store(config: Config) -> Chdb:
    store = Chdb(config.root / "store", config.store.max_memory)
    migrate(store)
    facts.prepare(store)
    return store


def _background(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """Run ``work`` until the stack is left; the process ends when it fails."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_ended)
    stack.push_async_callback(_cancel, task)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Raises GiveUp when the task had ended by itself, so that the process ends as failed."""
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise GiveUp(f"{task.get_name()} has ended, see the log; start Lopan again") from outcome


def _ended(task: asyncio.Task[None]) -> None:
    """A task of the server must not end quietly: stop the process, so that its keeper starts it again."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("%s has ended; stopping", task.get_name(), exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
