"""A batch on its way: checked rows in a file of its own, safe on disk before anything is said about them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import msgspec
import pyarrow as pa

from lopan.fact import Spec
from lopan.store.facts import TIME, arrow

MOST_REFUSED = 10_000
"""Refused rows that are kept one by one; all are counted."""

LONGEST_RAW = 2_000
"""Characters of such a row that are kept."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Refused(msgspec.Struct, frozen=True):
    """A row that was not taken: its number in the source (1 = the first of data), the field, why, and as it came."""

    row: int
    field: str
    reason: str
    raw: str = ""


def schema(spec: Spec) -> pa.Schema:
    """Columns of a checked block: ``key``, ``modified`` and ``recorded`` (null = unknown), ``deleted``, then its own.

    A deleted row needs its key alone; its own columns hold defaults or nulls.
    """
    common = [
        pa.field("key", pa.utf8(), nullable=False),
        pa.field("modified", TIME),
        pa.field("recorded", TIME),
        pa.field("deleted", pa.bool_(), nullable=False),
    ]
    return pa.schema(common + [pa.field(one.name, arrow(one), nullable=one.optional) for one in spec.columns])


class Stage:
    """The file of one batch; used as a context, which leaves it safe on disk, or nothing when an error comes out."""

    def __init__(self, root: Path, batch: str, spec: Spec) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._path = path(root, batch)
        self._held = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        self._schema = schema(spec)
        self._sink = pa.OSFile(str(self._path), "wb")
        self._writer = pa.ipc.new_stream(self._sink, self._schema, options=_OPTIONS)
        self.rows = 0
        self.refused: list[Refused] = []
        self.refusals = 0

    def write(self, block: pa.RecordBatch | pa.Table) -> None:
        """Add checked rows in the columns of ``schema``."""
        self._writer.write(block)
        self.rows += block.num_rows

    def refuse(self, rows: Sequence[Refused]) -> None:
        """Note rows that were not taken."""
        self.refusals += len(rows)
        for one in rows[: max(0, MOST_REFUSED - len(self.refused))]:
            self.refused.append(msgspec.structs.replace(one, raw=one.raw[:LONGEST_RAW]))

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writer.close()
        self._sink.close()
        os.close(self._held)
        if error is not None:
            self._path.unlink(missing_ok=True)
            return
        notes = self._path.with_suffix(".refused")
        notes.write_bytes(msgspec.msgpack.encode(self.refused))
        for one in (self._path, notes, self._path.parent):
            _sync(one)


def is_held(root: Path, batch: str) -> bool:
    """Whether a process is still writing the batch."""
    try:
        descriptor = os.open(path(root, batch), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def path(root: Path, batch: str) -> Path:
    """Where the rows of a batch wait."""
    return root / f"{batch}.arrow"


def blocks(root: Path, batch: str) -> Iterator[pa.RecordBatch]:
    """The checked rows of a staged batch, block by block."""
    with pa.OSFile(str(path(root, batch)), "rb") as source, pa.ipc.open_stream(source) as reader:
        yield from reader


def refused(root: Path, batch: str) -> list[Refused]:
    """The refused rows of a staged batch that were kept."""
    notes = path(root, batch).with_suffix(".refused")
    return msgspec.msgpack.decode(notes.read_bytes(), type=list[Refused]) if notes.exists() else []


def drop(root: Path, batch: str) -> None:
    """Remove what is left of a batch; a second time changes nothing."""
    path(root, batch).unlink(missing_ok=True)
    path(root, batch).with_suffix(".refused").unlink(missing_ok=True)


def _sync(one: Path) -> None:
    descriptor = os.open(one, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
