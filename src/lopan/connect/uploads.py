"""Files on their way in through the browser: kept for a day, looked at, tried out and imported one at a time."""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import msgspec

from lopan.clock import Clock
from lopan.connect import importer
from lopan.connect.importer import Options, Outcome, Preview, Refusals, Report
from lopan.connect.load import Loader
from lopan.connect.mapping import Mapping
from lopan.errors import LopanError, Rejected

KEPT: Final = timedelta(hours=24)
"""How long a file waits for somebody to say what it is."""

_ID = re.compile(r"[0-9a-f]{32}")
_ODD = re.compile(r"[^\w .()+-]+")
log = logging.getLogger(__name__)

Phase = Literal["waiting", "trying", "tried", "importing", "imported", "failed"]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file: ``share`` (0 to 1) of it is read, ``report`` is that of the last trial or import, ``note`` an error.

    ``said`` is what its form was filled in with last.
    """

    id: str
    name: str
    size: int
    came_at: datetime
    phase: Phase = "waiting"
    share: float = 0.0
    report: Report | None = None
    note: str = ""
    batches: tuple[str, ...] = ()
    said: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """Whether it is being read, so that nothing else can be done with it."""
        return self.phase in ("trying", "importing")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a file: how to read it, a mapping that stands in for a named one, good rows alone or all."""

    options: Options
    mapped: Mapping | None = None
    partial: bool = False


class Uploads:
    """The files under ``root``; what becomes of one is remembered until the process ends, the file itself for a day."""

    def __init__(self, root: Path, loader: Loader, clock: Clock, zone: str, operator: Path) -> None:
        self._root, self._loader, self._clock = root, loader, clock
        self._zone, self._operator = zone, operator
        self._known: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="uploads")

    def close(self) -> None:
        """Finish the file at hand; those that wait are still there at the next start."""
        self._thread.shutdown(cancel_futures=True)

    def place(self, name: str) -> tuple[str, Path]:
        """A new id, and where the file is to be written; what has waited for too long goes."""
        self._tidy()
        number = uuid4().hex
        folder = self._root / number
        folder.mkdir(parents=True, mode=0o700)
        return number, folder / (_ODD.sub("_", Path(name).name)[-100:].lstrip(".") or "file")

    def drop(self, number: str) -> None:
        """Forget a file; a second time changes nothing."""
        if _ID.fullmatch(number):
            shutil.rmtree(self._root / number, ignore_errors=True)
            with self._lock:
                self._known.pop(number, None)

    def get(self, number: str) -> Upload:
        """What is known of a file; raises Rejected when there is none."""
        with self._lock:
            known = self._known.get(number)
        if known is not None:
            return known
        path = self.path(number)
        found = path.stat()
        came = datetime.fromtimestamp(found.st_mtime, UTC)
        return Upload(id=number, name=path.name, size=found.st_size, came_at=came)

    def path(self, number: str) -> Path:
        """Where the file is; raises Rejected when it is not there."""
        folder = self._root / number
        if _ID.fullmatch(number) and folder.is_dir():
            for path in folder.iterdir():
                return path
        raise Rejected("file", "is no longer here: it was imported, or waited for more than a day; upload it again")

    def remember(self, number: str, said: dict[str, str]) -> Upload:
        """Keep what its form was filled in with, for the next look at it."""
        found = msgspec.structs.replace(self.get(number), said=said)
        with self._lock:
            self._known[number] = found
        return found

    def preview(self, number: str, options: Options) -> Preview:
        """A first look; raises Rejected when it can't be read so."""
        return importer.preview(self.path(number), options, self._operator)

    def attempt(self, number: str, ask: Ask) -> Upload:
        """Read it all and report, changing nothing; goes on in the background."""
        check = partial(
            importer.check, self.path(number), ask.options, partial(self._read, number),
            zone=self._zone, operator=self._operator, mapped=ask.mapped,
        )  # fmt: skip
        return self._begin(number, "trying", lambda: self._tried(number, check()))

    def start(self, number: str, ask: Ask, by: str) -> Upload:
        """Import it; goes on in the background."""
        stages = partial(self._loader.stage, by=by)
        run = partial(
            importer.run, self.path(number), ask.options, stages, partial(self._read, number),
            zone=self._zone, operator=self._operator, partial=ask.partial, mapped=ask.mapped,
        )  # fmt: skip
        return self._begin(number, "importing", lambda: self._imported(number, run()))

    def _begin(self, number: str, phase: Phase, work: Callable[[], None]) -> Upload:
        found = self.get(number)
        with self._lock:
            if self._known.get(number, found).busy:
                raise Rejected("file", "is being read already; wait until that is done")
            begun = msgspec.structs.replace(found, phase=phase, share=0.0, report=None, note="")
            self._known[number] = begun
        self._thread.submit(self._guard, number, work)
        return begun

    def _guard(self, number: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Refusals as refusals:
            self._change(number, phase="failed", report=refusals.report, note=str(refusals))
        except (LopanError, OSError) as error:
            self._change(number, phase="failed", note=str(error))
        except Exception:
            log.exception("the file of upload %s can't be read", number)
            self._change(number, phase="failed", note="it can't be read; the log of the server says why")

    def _tried(self, number: str, report: Report) -> None:
        self._change(number, phase="tried", share=1.0, report=report)

    def _imported(self, number: str, outcome: Outcome) -> None:
        made = tuple(batch.id for batch in outcome.batches)
        self._change(number, phase="imported", share=1.0, report=outcome.report, batches=made)
        shutil.rmtree(self._root / number, ignore_errors=True)

    def _read(self, number: str, share: float) -> None:
        self._change(number, share=share)

    def _change(self, number: str, **changes: object) -> None:
        with self._lock:
            if number in self._known:
                self._known[number] = msgspec.structs.replace(self._known[number], **changes)

    def _tidy(self) -> None:
        if not self._root.is_dir():
            return
        oldest = (self._clock.now() - KEPT).timestamp()
        for folder in self._root.iterdir():
            if _ID.fullmatch(folder.name) and folder.stat().st_mtime < oldest:
                self.drop(folder.name)
