"""Parquet: typed columns, read a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from lopan.connect.files.table import Block, Options, Table
from lopan.errors import Rejected

SUFFIXES = (".parquet", ".pq")
_BLOCK_ROWS = 16_384


def open_table(path: Path, options: Options) -> Table:
    """The table in a Parquet file; columns of lists and structs are left out. Raises Rejected when it is none."""
    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise Rejected(path.name, f"is no Parquet file: {str(error).splitlines()[0]}") from None
    names = [field.name for field in schema if not pa.types.is_nested(field.type)]
    left = [field.name for field in schema if pa.types.is_nested(field.type)]
    found = {"rows": f"{rows:,}"} | ({"nested columns left out": ", ".join(left)} if left else {})
    return Table("parquet", names, found, lambda: _blocks(path, names, rows))


def _blocks(path: Path, names: list[str], count: int) -> Iterator[Block]:
    following = 1
    try:
        with parquet.ParquetFile(path) as file:
            for rows in file.iter_batches(_BLOCK_ROWS, columns=names, use_threads=False):
                numbers = np.arange(following, following + rows.num_rows, dtype=np.int64)
                following += rows.num_rows
                yield Block(rows, numbers, [], min(1.0, following / max(1, count)))
    except (pa.ArrowInvalid, OSError) as error:
        raise Rejected(path.name, f"is broken after row {following - 1:,}: {str(error).splitlines()[0]}") from None
