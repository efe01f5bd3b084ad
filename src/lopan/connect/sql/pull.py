"""One pull: what a mapping's SELECT gives since the last time, converted, compared with what is known, loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Engine

from lopan.clock import Clock
from lopan.config import SqlConnection
from lopan.connect import check, keys
from lopan.connect.convert import Converter
from lopan.connect.load import Loader
from lopan.connect.mapping import Mapping, Select, Target
from lopan.connect.sql import watermark
from lopan.connect.sql.database import Database
from lopan.connect.sql.kind import Kind
from lopan.connect.sql.known import Known
from lopan.connect.sql.part import Part, by_fact
from lopan.connect.stage import Stage, schema
from lopan.control import pulls
from lopan.control.batches import Batch
from lopan.control.pulls import Pull
from lopan.errors import ConfigError, GiveUp, LopanError, TryAgain
from lopan.fact import COMMON, Spec
from lopan.store import Store

COMPARE_EVERY = timedelta(hours=24)
_FEW, _MOST_SHARE = 100, 0.5
log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True):
    """Rows of one pull: read, of those new or changed, refused, and rows taken away as the source has them no more."""

    read: int
    taken: int
    refused: int
    gone: int


class Puller:
    """Pulls by one mapping from one connection, on the calling thread; ``stopping`` is asked between blocks."""

    def __init__(
        self, engine: Engine, store: Store, loader: Loader, clock: Clock, connection: SqlConnection, mapping: Mapping,
        zone: str, asking: ThreadPoolExecutor, stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._engine, self._store, self._loader, self._clock = engine, store, loader, clock
        self._connection, self._asking, self._stopping = connection, asking, stopping
        self._mapping, self._select = prepared(connection, mapping)
        self._zone = connection.timezone or zone
        self._told: set[int] = set()
        self.part = mapping.name
        self.source = f"{connection.name}/{mapping.name}"

    def pull(self, database: Database, accept_deletes: bool = False) -> Outcome:
        """Read, load, note how far it got; raises what went wrong after noting it."""
        known = pulls.get(self._engine, self._connection.name, self.part)
        at = self._clock.now()
        try:
            done = self._changes(database, known)
            # What has come for the first time has lost nothing yet.
            first = known.compared_at is None
            due = accept_deletes or (known.compared_at is not None and at - known.compared_at >= COMPARE_EVERY)
            gone = self._compare(database, accept_deletes) if due else 0
        except Exception as error:
            if self._stopping():
                raise
            said = str(error) if isinstance(error, LopanError) else f"{type(error).__name__}, see the log"
            pulls.keep(self._engine, pulls.failed(known, at, said))
            raise
        compared = at if due or first else known.compared_at
        newest, read, taken, refused = done
        after = pulls.succeeded(known, at, watermark=newest, taken=taken, refused=refused, compared_at=compared)
        pulls.keep(self._engine, after)
        return Outcome(read, taken, refused, gone)

    def _changes(self, database: Database, known: Pull) -> tuple[str, int, int, int]:
        columns = database.columns(self._select.query)
        kind, mark = self._kind(columns), self._select.watermark
        newest = watermark.Newest(kind, known.watermark, self._clock.now(), ZoneInfo(self._zone))
        where = ""
        if mark and known.watermark:
            where = database.since(mark, kind, watermark.begin(kind, known.watermark))
        parts = [self._part(target, columns) for target in self._mapping.facts]
        read = refused = 0
        with ExitStack() as staged, self._blocks(database, columns, where) as blocks:
            for block in blocks:
                numbers = np.arange(read + 1, read + block.num_rows + 1)
                read += block.num_rows
                if mark:
                    newest.see(block.column(mark))
                refused += sum(part.take(block, numbers, staged) for part in parts)
        return newest.text, read, sum(part.taken for part in parts), refused

    @contextmanager
    def _blocks(
        self, database: Database, columns: dict[str, Kind], where: str = ""
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        """The thread can ask its store nothing else until this is left."""
        with closing(database.read(self._select.query, columns, where)) as blocks:
            yield map(self._go_on, blocks)

    def _go_on(self, block: pa.RecordBatch) -> pa.RecordBatch:
        if self._stopping():
            raise TryAgain("Lopan was stopped in the middle of it", 60)
        return block

    def _part(self, target: Target, columns: dict[str, Kind]) -> Part:
        return Part(
            Converter(self._mapping, target, list(columns), self._zone),
            Known(self._store, target.spec, self.source, self._asking),
            lambda: self._batch(target.fact),
            self._told,
            self._clock.now(),
        )

    def _batch(self, fact: str) -> AbstractContextManager[tuple[Batch, Stage | None]]:
        return self._loader.stage(fact, self.source, f"{self._connection.kind} {self._connection.name}", "connection")

    def _compare(self, database: Database, accept: bool) -> int:
        """Take away what the source has no more."""
        columns = database.columns(self._select.query)
        total = 0
        for fact, targets in by_fact(self._mapping.facts).items():
            if not all(target.keys for target in targets):
                continue
            known = Known(self._store, targets[0].spec, self.source, self._asking)
            known.remember()
            names = dict.fromkeys(name for target in targets for name in target.keys)
            with self._blocks(database, {name: columns[name] for name in names}) as blocks:
                present = [
                    keys.joined([block.column(name) for name in target.keys]) for block in blocks for target in targets
                ]
            missing, count = known.gone(pa.chunked_array(present, pa.utf8()))
            if len(missing) > max(_FEW, _MOST_SHARE * count) and not accept:
                raise GiveUp(
                    f"{self.source}: {len(missing):,} of {count:,} rows of {fact} are gone from the database, too many"
                    f" to be believed; if they are, run `lopan connect pull {self._connection.name} --accept-deletes`"
                )
            if len(missing):
                with self._batch(fact) as (_, made):
                    assert made is not None
                    made.write(_taken_away(targets[0].spec, missing))
            total += len(missing)
        return total

    def _kind(self, columns: dict[str, Kind]) -> Kind:
        mark = self._select.watermark
        if mark and mark not in columns:
            raise GiveUp(f"mapping {self.part}: its SELECT has no column {mark!r}, which it names as the watermark")
        return columns[mark] if mark else "text"


def prepared(connection: SqlConnection, mapping: Mapping) -> tuple[Mapping, Select]:
    """The mapping as it is used for a connection, and its SELECT. Raises ConfigError when it is not for this one."""
    place = f"connect.sql {connection.name}"
    if mapping.sql is None:
        raise ConfigError(f"{place}: mapping {mapping.name} has no [sql], so it can't pull from a database")
    if mapping.sql.written_for and connection.kind not in mapping.sql.written_for:
        meant = " or ".join(mapping.sql.written_for)
        raise ConfigError(f"{place}: mapping {mapping.name} is written for {meant}, not for {connection.kind}")
    # SQLite has no type for times: they are texts.
    return (mapping if mapping.dates else msgspec.structs.replace(mapping, dates="iso")), mapping.sql


def _taken_away(spec: Spec, missing: pa.Array) -> pa.RecordBatch:
    """Rows of which the source has nothing but that they are gone."""
    wanted, count = schema(spec), len(missing)
    columns = {"key": missing, "deleted": pa.repeat(True, count)}
    columns |= {name: pa.nulls(count, wanted.field(name).type) for name in COMMON if name != "key"}
    columns |= {one.name: pa.repeat(check.blank(one), count) for one in spec.columns}
    return pa.RecordBatch.from_arrays(
        [columns[name].cast(wanted.field(name).type) for name in wanted.names], schema=wanted
    )
