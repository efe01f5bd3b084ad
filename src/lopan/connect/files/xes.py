"""Event logs of process mining (IEEE 1849 XES, also .gz) as a table of activities and of cases.

Every activity is a row: its ``start`` and ``complete`` events of one resource are joined, the attributes are those of
its last event; ``hours`` lie between. Every case is a row too: from its first start to its last end, with the
attributes of its last activity, its own as ``case:NAME``, and sums of whole numbers over activities as ``sum:NAME``.
``row`` says which of the two a row is. Other steps of the lifecycle are left out.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from datetime import datetime
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import Final
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from lopan.connect.files.table import Block, Options, Table
from lopan.errors import Rejected

SUFFIXES = (".xes", ".xes.gz")
MOST_BYTES = 4_000_000_000
"""What a log may have once it is decompressed."""

ACTIVITY: Final = "activity"
CASE: Final = "case"
_OWN = ("row", "case", "activity", "resource", "started", "ended", "hours")
_NAME, _STEP, _AT, _WHO = "concept:name", "lifecycle:transition", "time:timestamp", "org:resource"
_VALUES = ("string", "date", "int", "float", "boolean", "id")
_CHUNK = 1 << 16
_BLOCK_ROWS = 8_192

Attributes = dict[str, str]


class _Trace:
    """One case while it is read."""

    def __init__(self) -> None:
        self.attributes: Attributes = {}
        self.events: list[Attributes] = []


def open_table(path: Path, options: Options) -> Table:
    """The table in an event log; raises Rejected when it is none."""
    columns = dict.fromkeys(_OWN)
    cases = 0
    for trace, _ in _traces(path):
        cases += 1
        columns |= dict.fromkeys(f"case:{key}" for key in trace.attributes)
        for event in trace.events:
            columns |= dict.fromkeys(event)
            columns |= dict.fromkeys(f"sum:{key}" for key, value in event.items() if value.isdecimal())
    if not cases:
        raise Rejected(path.name, "is an event log without a case")
    names = list(columns)
    return Table("xes", names, {"cases": f"{cases:,}"}, lambda: _blocks(path, names))


def _blocks(path: Path, names: list[str]) -> Iterator[Block]:
    rows: list[Attributes] = []
    following, share = 1, 0.0
    schema = pa.schema([(name, pa.utf8()) for name in names])
    for trace, share in _traces(path):
        rows += _rows(trace)
        if len(rows) >= _BLOCK_ROWS:
            yield _block(rows, following, schema, share)
            following += len(rows)
            rows = []
    if rows:
        yield _block(rows, following, schema, share)


def _block(rows: list[Attributes], first: int, schema: pa.Schema, share: float) -> Block:
    numbers = np.arange(first, first + len(rows), dtype=np.int64)
    return Block(pa.RecordBatch.from_pylist(rows, schema), numbers, [], share)


def _rows(trace: _Trace) -> list[Attributes]:
    case = trace.attributes.get(_NAME, "")
    rows = [_activity(case, began, ended) for began, ended in _pairs(trace.events)]
    if not rows:
        return []
    sums: Counter[str] = Counter()
    for event in rows:
        for key, value in event.items():
            if key not in _OWN and value.isdecimal():
                sums[f"sum:{key}"] += int(value)
    begins = [row["started"] for row in rows if "started" in row]
    ends = [row["ended"] for row in rows if "ended" in row]
    last = max(rows, key=lambda row: _moment(row.get("ended", row["started"])))
    whole = {key: value for key, value in last.items() if key not in _OWN}
    whole |= {"row": CASE, "case": case, "started": min(begins, key=_moment)}
    if ends:
        whole["ended"] = max(ends, key=_moment)
        whole["hours"] = _hours(whole["started"], whole["ended"])
    whole |= {key: str(value) for key, value in sums.items()}
    return [*rows, whole | {f"case:{key}": value for key, value in trace.attributes.items()}]


def _activity(case: str, began: Attributes, ended: Attributes | None) -> Attributes:
    last = ended or began
    row = {key: value for key, value in last.items() if key not in _OWN}
    row |= {"row": ACTIVITY, "case": case, "started": began[_AT]}
    row |= {"activity": last.get(_NAME, ""), "resource": last.get(_WHO, "")}
    if ended is not None:
        row |= {"ended": ended[_AT], "hours": _hours(began[_AT], ended[_AT])}
    return row


def _pairs(events: list[Attributes]) -> list[tuple[Attributes, Attributes | None]]:
    """Starts with their ends, in the order of starts; an end without a start is an activity of no time."""
    waiting: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    found: list[tuple[Attributes, Attributes | None]] = []
    for event in events:
        if _AT not in event:
            continue
        step, who = event.get(_STEP, "complete").lower(), (event.get(_NAME, ""), event.get(_WHO, ""))
        if step == "start":
            waiting[who].append(len(found))
            found.append((event, None))
        elif step == "complete":
            if waiting[who]:
                place = waiting[who].popleft()
                found[place] = (found[place][0], event)
            else:
                found.append((event, event))
    return found


def _hours(began: str, ended: str) -> str:
    return repr((_moment(ended) - _moment(began)).total_seconds() / 3_600)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise Rejected("time:timestamp", f"{text[:40]!r} is no time") from None


def _traces(path: Path) -> Iterator[tuple[_Trace, float]]:
    """The cases, one at a time, and the share of the file that is read."""
    done: list[_Trace] = []
    parser = _parser(path, done)
    size, total = max(1, path.stat().st_size), 0
    try:
        with path.open("rb") as raw, _opened(path, raw) as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > MOST_BYTES:
                    raise Rejected(path.name, f"is larger than {MOST_BYTES // 1_000_000} MB once decompressed")
                parser.Parse(chunk, False)
                yield from ((trace, min(1.0, raw.tell() / size)) for trace in done)
                done.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Rejected(path.name, f"is no event log: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise Rejected(path.name, f"can't be decompressed: {error}") from None


def _opened(path: Path, raw: BufferedReader) -> BufferedIOBase:
    return gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(".gz") else raw


def _parser(path: Path, done: list[_Trace]) -> expat.XMLParserType:
    """A parser that puts every case into ``done``; what could make a small file large is refused."""
    log = _Log(path, done)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = log.start, log.end
    parser.EntityDeclHandler = log.entity
    return parser


class _Log:
    """Follows the elements of a log."""

    def __init__(self, path: Path, done: list[_Trace]) -> None:
        self._path, self._done = path, done
        self._trace: _Trace | None = None
        self._event: Attributes | None = None
        self._depth = 0

    def start(self, tag: str, given: Attributes) -> None:
        if tag == "trace":
            self._trace = _Trace()
        elif self._trace is None:
            return
        elif tag == "event":
            self._event = {}
        elif tag in _VALUES:
            self._depth += 1
            # Attributes of attributes are not columns.
            if self._depth == 1 and "key" in given:
                place = self._trace.attributes if self._event is None else self._event
                place[given["key"]] = given.get("value", "")

    def end(self, tag: str) -> None:
        if self._trace is None:
            return
        if tag == "trace":
            self._done.append(self._trace)
            self._trace = None
        elif tag == "event" and self._event is not None:
            self._trace.events.append(self._event)
            self._event = None
        elif tag in _VALUES:
            self._depth -= 1

    def entity(self, *_: object) -> None:
        raise Rejected(self._path.name, "declares entities, which no event log needs")
