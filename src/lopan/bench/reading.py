"""The pages' own questions over a big store, in a process like the server's: cold, warm, and beside a busy writer."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import msgspec

from lopan.analytics.days import Days
from lopan.analytics.keptfacts import KeptFacts
from lopan.bench.bed import say
from lopan.bench.desk import PAGES, Ask, Desk, days_of, pages, sit
from lopan.bench.flood import Flood
from lopan.bench.meter import quantile
from lopan.config import StoreSettings
from lopan.errors import GiveUp, LopanError, TryAgain
from lopan.ingest.commits import Commit
from lopan.store import Chdb, Readers, Store

VIEWERS = 20
THINK_S = 5.0
COLD_ROUNDS = 5
_CACHES = ("MARK", "UNCOMPRESSED")
_OLD_S = 0.6


class Job(msgspec.Struct, frozen=True):
    """``rounds`` warm answers a page; the writer runs for ``seconds`` beside the viewers, and as long alone.

    ``facts``: there are business facts beside the events, and their pages are asked, too.
    """

    root: Path
    project: int
    rounds: int
    seconds: float
    facts: bool = False


class Times(msgspec.Struct, frozen=True):
    """Seconds an answer took, by page; ``viewed`` over all pages beside the writer; rows a second of the writer.

    ``moved``: after new events, when the days that are not over are computed again; ``cold`` does that too.

    ``filled``: daily tables' days computed, and the seconds that took. ``refused``: pages the store was too busy for.
    """

    filled: tuple[int, float]
    cold: dict[str, list[float]]
    warm: dict[str, list[float]]
    moved: dict[str, list[float]]
    viewed: list[float]
    refused: int
    alone: float
    beside: float


def measure(job: Job) -> Times:
    """Run all of it in a fresh process; raises GiveUp when that fails."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_child, args=(there, job), name="reading")
    process.start()
    there.close()
    try:
        times = here.recv()
    except EOFError:
        raise GiveUp("the reading process failed; its messages above say why") from None
    finally:
        process.join()
    if not isinstance(times, Times):
        raise GiveUp(str(times))
    return times


def _child(there: Connection, job: Job) -> None:
    try:
        there.send(asyncio.run(_all(job)))
    except LopanError as error:
        there.send(str(error))


async def _all(job: Job) -> Times:
    settings = StoreSettings()
    store = await asyncio.to_thread(Chdb, job.root / "store", settings.max_memory)
    fresh = Readers(store, settings.readers, keep_s=0.0)
    shared = Readers(store, settings.readers)
    days, kept = days_of(job.root, store), KeptFacts(store)
    try:
        began = time.monotonic()
        filled = await days.settle(), time.monotonic() - began
        say(f"{filled[0]} days of daily tables computed in {filled[1]:.0f} s")
        desk = sit(job.root, fresh, days, store, kept)
        gc.collect()
        gc.freeze()
        began = time.monotonic()
        await desk.people.prepare()  # as the server does it after its start, and after midnight
        await desk.usage.prepare()
        took, held = time.monotonic() - began, (desk.people.kept.size + desk.usage.kept.size) / 1e6
        say(f"figures of people and usage prepared in {took:.1f} s, {held:.0f} MB kept")
        await asyncio.to_thread(os.sync)  # only pages that are on disk can be dropped
        cold: dict[str, list[float]] = {}
        warm: dict[str, list[float]] = {}
        moved: dict[str, list[float]] = {}
        for name, ask in pages(job.facts).items():
            fewer = min(COLD_ROUNDS, job.rounds)
            cold[name] = [await _cold(job.root, store, desk, ask) for _ in range(fewer)]
            moved[name] = [await _moved(desk, ask) for _ in range(fewer)]
            warm[name] = [await _once(desk, ask) for _ in range(1 + job.rounds)][1:]
            first, after, usual = (1000 * quantile(one[name], 0.95) for one in (cold, moved, warm))
            say(f"{name}: p95 {first:.0f} ms cold, {after:.0f} ms after new events, {usual:.0f} ms warm")
        viewed, refused, alone, beside = await _busy(job, store, shared, days, kept)
    finally:
        days.close()
        kept.close()
        fresh.close()
        shared.close()
        await asyncio.to_thread(store.close)
    return Times(filled, cold, warm, moved, viewed, refused, alone, beside)


async def _once(desk: Desk, ask: Ask) -> float:
    began = time.monotonic()
    await ask(desk)
    return time.monotonic() - began


async def _cold(root: Path, store: Store, desk: Desk, ask: Ask) -> float:
    await asyncio.to_thread(_forget, root, store)
    return await _moved(desk, ask)


async def _moved(desk: Desk, ask: Ask) -> float:
    """As after a commit, and when what was known before it is too old to be given out."""
    await asyncio.sleep(_OLD_S)
    desk.people.days.touched(())
    return await _once(desk, ask)


def _forget(root: Path, store: Store) -> None:
    """Drop the engine's caches, and the kernel's pages of every file of the store."""
    for cache in _CACHES:
        store.execute(f"SYSTEM DROP {cache} CACHE")
    for folder, _, names in os.walk(root / "store"):  # passes over what a merge has replaced meanwhile
        for name in names:
            try:
                file = os.open(Path(folder, name), os.O_RDONLY)
            except OSError:
                continue
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


async def _busy(
    job: Job, store: Store, readers: Readers, days: Days, kept: KeptFacts
) -> tuple[list[float], int, float, float]:
    """The writer beside viewers who look at page after page; alone, with its merges under way, before and after."""
    loop = asyncio.get_running_loop()

    def moved(commit: Commit) -> None:
        loop.call_soon_threadsafe(days.touched, commit.days, commit.begun)
        loop.call_soon_threadsafe(readers.moved)

    flood = Flood(job.root, store, job.project, moved)
    recompute = asyncio.create_task(days.run())
    try:
        await asyncio.to_thread(flood.run, job.seconds / 2)
        before = await asyncio.to_thread(flood.run, job.seconds / 2)
        over = asyncio.Event()
        desk = sit(job.root, readers, days, store, kept)
        viewers = [asyncio.create_task(_viewer(desk, number, over)) for number in range(VIEWERS)]
        beside = await asyncio.to_thread(flood.run, job.seconds)
        over.set()
        viewed = await asyncio.gather(*viewers)
        after = await asyncio.to_thread(flood.run, job.seconds / 2)
    finally:
        recompute.cancel()
        flood.close()
    answered = [seconds for one in viewed for seconds in one if seconds is not None]
    return answered, sum(map(len, viewed)) - len(answered), (before + after) / 2, beside


async def _viewer(desk: Desk, number: int, over: asyncio.Event) -> list[float | None]:
    """Comes within the first pause, looks, thinks for 5 s on average, looks at the next page; None = refused."""
    random = Random(number)  # noqa: S311
    asked = list(PAGES.values())
    seconds: list[float | None] = []
    pause = random.uniform(0, THINK_S)
    while not await _within(pause, over):
        try:
            seconds.append(await _once(desk, asked[(number + len(seconds)) % len(asked)]))
        except TryAgain:
            seconds.append(None)
        pause = random.uniform(0.5, 1.5) * THINK_S
    return seconds


async def _within(seconds: float, over: asyncio.Event) -> bool:
    """Wait so long, or until it is over; whether it is."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)
    return over.is_set()
