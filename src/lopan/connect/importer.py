"""Files to facts: look at one, check it without changing anything, or stage it for the loader.

Free of web and command line: both call ``preview``, ``check`` and ``run``, which read the file block by block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from lopan.connect import dates, mapping, propose
from lopan.connect.convert import Converter
from lopan.connect.files import registry
from lopan.connect.files.table import Block, Table
from lopan.connect.files.table import Options as Reading
from lopan.connect.load import spec_of
from lopan.connect.mapping import Mapping, Target
from lopan.connect.stage import Refused, Stage
from lopan.control.batches import Batch
from lopan.errors import Rejected

HEAD_ROWS = 20
SOURCE = "file"
"""The owner of keys where neither the mapping nor the person names one."""

_SAMPLE_ROWS = 20_000
_EXAMPLES = 3

Progress = Callable[[float], object]
Staging = Callable[[str, str, str], AbstractContextManager[tuple[Batch, Stage | None]]]
"""What ``run`` stages with: fact, source and origin to a batch and its stage."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the person importing says; it goes before the mapping, and what neither says is detected.

    ``mapping`` names one; else ``fact`` gets the columns that are called like its fields. ``zone`` is that of times
    without one, ``source`` the owner of the keys.
    """

    fact: str = ""
    mapping: str = ""
    source: str = ""
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int | None = None
    dates: str = ""
    decimal: str = ""
    thousands: str = ""
    zone: str = ""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A first look: how the file is read and why, its columns with their first rows, and what they could be.

    ``dates`` holds the formats that fit a column of texts: more than one means that a person must choose.
    """

    format: str
    found: dict[str, str]
    choices: dict[str, list[str]]
    columns: list[str]
    types: list[str]
    rows: list[list[str]]
    proposals: list[propose.Proposal]
    dates: dict[str, list[str]]
    fact: str

    @property
    def ambiguous(self) -> dict[str, list[str]]:
        """Columns whose dates can be read in more than one way."""
        return {name: ways for name, ways in self.dates.items() if len(ways) > 1}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why rows were refused: how many, and the first of them."""

    field: str
    reason: str
    count: int
    examples: list[Refused]


class FactReport(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the rows for one fact; ``skipped`` are no rows of it, by the mapping's conditions.

    ``used`` says which column fills what, ``first`` and ``last`` the range of each date. ``repeated`` rows have the key
    of an earlier one, which they replace. ``twice`` and ``never`` count local times the zone had two of or none.
    """

    fact: str
    taken: int
    refused: int
    skipped: int
    repeated: int
    reasons: list[Reason]
    used: dict[str, str]
    first: dict[str, datetime | date]
    last: dict[str, datetime | date]
    twice: dict[str, int]
    never: dict[str, int]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of reading a whole file: ``rows`` of data, those of each fact, and the columns that nothing reads."""

    file: str
    format: str
    source: str
    found: dict[str, str]
    rows: int
    facts: list[FactReport]
    ignored: list[str]

    @property
    def refused(self) -> int:
        """Rows that some fact could not take."""
        return sum(one.refused for one in self.facts)

    @property
    def taken(self) -> int:
        """Rows of facts that can be loaded."""
        return sum(one.taken for one in self.facts)


class Refusals(Rejected):
    """Rows were refused and so nothing was taken; ``report`` says which and why."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.file, f"{report.refused:,} of {report.rows:,} rows are refused; nothing was loaded")
        self.report = report


class Outcome(NamedTuple):
    """The batches, one for each fact, and the report."""

    batches: list[Batch]
    report: Report


def preview(path: Path, options: Options, operator: Path | None = None) -> Preview:
    """Look at the head of a file. Raises Rejected when it can't be read at all."""
    chosen = mapping.named(mapping.load(operator), options.mapping) if options.mapping else None
    table = registry.open_table(path, _reading(options, chosen))
    sample = _sample(table)
    head = sample.slice(0, HEAD_ROWS)
    columns = [[_shown(cell) for cell in column.to_pylist()] for column in head.columns]
    fact = options.fact or (chosen.facts[0].fact if chosen else "")
    ways = {name: dates.ways(sample.column(name)) for name in table.columns}
    return Preview(
        format=table.format,
        found=dict(table.found),
        choices={name: list(values) for name, values in table.choices.items()},
        columns=table.columns,
        types=[str(field.type) for field in sample.schema],
        rows=[list(row) for row in zip(*columns, strict=True)],
        proposals=propose.propose(spec_of(fact), table.columns) if fact else [],
        dates={name: formats for name, formats in ways.items() if formats},
        fact=fact,
    )


def check(
    path: Path, options: Options, progress: Progress = lambda _: None, *,
    zone: str = "UTC", operator: Path | None = None, mapped: Mapping | None = None,
) -> Report:  # fmt: skip
    """Read the whole file and say what would become of it; nothing is changed. Raises Rejected as ``run`` does."""
    work = _Work(path, options, zone, operator, mapped)
    work.read(progress, [None] * len(work.mapping.facts))
    return work.report()


def run(
    path: Path, options: Options, stages: Staging, progress: Progress = lambda _: None, *,
    zone: str = "UTC", operator: Path | None = None, partial: bool = False, mapped: Mapping | None = None,
) -> Outcome:  # fmt: skip
    """Stage the rows of a file, or nothing: ``mapped`` stands in for the mapping that ``options`` name.

    Raises Refusals when a row was refused and not ``partial``, Rejected when the file can't be read.
    """
    work = _Work(path, options, zone, operator, mapped)
    with ExitStack() as stack:
        pairs = [stack.enter_context(stages(one.fact, work.source, path.name)) for one in work.mapping.facts]
        work.read(progress, [made for _, made in pairs])
        report = work.report()
        if report.refused and not partial:
            raise Refusals(report)
        if not report.taken:
            raise Rejected(path.name, "has no row that could be taken")
    return Outcome([batch for batch, _ in pairs], report)


class _Work:
    """One reading of one file."""

    def __init__(
        self, path: Path, options: Options, zone: str, operator: Path | None, mapped: Mapping | None = None
    ) -> None:
        known = mapped
        if known is None and options.mapping:
            known = mapping.named(mapping.load(operator), options.mapping)
        self._path = path
        self._table = registry.open_table(path, _reading(options, known))
        made = known or _proposed(options, self._table)
        made, told = dates.settle(_overridden(made, options), _sample(self._table))
        mapping.lint(made)
        self.mapping = made
        self.source = made.source or SOURCE
        self._told = {f"dates in {name!r}": f"{written}, which alone fits" for name, written in told.items()}
        self._facts = [
            _Fact(one, Converter(made, one, self._table.columns, zone)) for one in made.facts
        ]  # fmt: skip
        self._rows = 0

    def read(self, progress: Progress, stages: list[Stage | None]) -> None:
        """Convert every block and give the outcome to the stages there are."""
        for block in self._table.blocks():
            self._rows += block.rows.num_rows + len(block.refused)
            for fact, made in zip(self._facts, stages, strict=True):
                fact.take(block, made)
            progress(block.share)
        if not self._rows:
            raise Rejected(self._path.name, "has a heading, but no rows below it")

    def report(self) -> Report:
        used = {name for fact in self._facts for name in fact.target.columns()}
        return Report(
            file=self._path.name,
            format=self._table.format,
            source=self.source,
            found=self._table.found | self._told,
            rows=self._rows,
            facts=[fact.report() for fact in self._facts],
            ignored=[name for name in self._table.columns if name not in used],
        )


class _Fact:
    """The rows of one fact, counted."""

    def __init__(self, target: Target, convert: Converter) -> None:
        self.target, self._convert = target, convert
        self._taken = self._skipped = 0
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], list[Refused]] = {}

    def take(self, block: Block, stage: Stage | None) -> None:
        found = self._convert(block.rows, block.numbers)
        refused = [*block.refused, *found.refused]
        self._taken += found.block.num_rows
        self._skipped += found.skipped
        for one in refused:
            why = one.field, one.reason
            self._reasons[why] += 1
            if len(first := self._examples.setdefault(why, [])) < _EXAMPLES:
                first.append(one)
        if stage is not None:
            if found.block.num_rows:
                stage.write(found.block)
            stage.refuse(refused)

    def report(self) -> FactReport:
        reasons = [
            Reason(field=why[0], reason=why[1], count=count, examples=self._examples[why])
            for why, count in self._reasons.most_common()
        ]
        return FactReport(
            fact=self.target.fact,
            taken=self._taken,
            refused=self._reasons.total(),
            skipped=self._skipped,
            repeated=self._convert.repeated,
            reasons=reasons,
            used=self.target.columns(),
            first=dict(self._convert.first),
            last=dict(self._convert.last),
            twice={name: count for name, count in self._convert.twice.items() if count},
            never={name: count for name, count in self._convert.never.items() if count},
        )


def _reading(options: Options, known: Mapping | None) -> Reading:
    said = known.file if known is not None else Reading()
    return Reading(
        format=options.format or said.format,
        encoding=options.encoding or said.encoding,
        delimiter=options.delimiter or said.delimiter,
        sheet=options.sheet or said.sheet,
        header_row=options.header_row or said.header_row,
    )


def _proposed(options: Options, table: Table) -> Mapping:
    if not options.fact:
        raise Rejected("fact", "say what the rows are: --fact NAME, or --mapping NAME")
    found = propose.target(spec_of(options.fact), table.columns)
    return Mapping(name=options.fact, source=options.source, facts=(found,))


def _overridden(made: Mapping, options: Options) -> Mapping:
    given = {name: getattr(options, name) for name in ("source", "zone", "dates", "decimal", "thousands")}
    return msgspec.structs.replace(made, **{name: value for name, value in given.items() if value})


def _sample(table: Table) -> pa.RecordBatch:
    """The first rows, as many as make it likely that a day after the 12th is among them."""
    blocks = table.blocks()
    rows = []
    count = 0
    for block in blocks:
        rows.append(block.rows)
        count += block.rows.num_rows
        if count >= _SAMPLE_ROWS:
            break
    if not rows:
        raise Rejected("", "has a heading, but no rows below it")
    whole = pa.Table.from_batches(rows).slice(0, _SAMPLE_ROWS).combine_chunks()
    return whole.to_batches()[0] if whole.num_rows else rows[0]


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)[:200]
