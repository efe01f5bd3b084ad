"""A connection tried out: reached, its clock compared, some rows converted by every mapping; nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping as Keyed
from contextlib import closing

import msgspec
import numpy as np

from lopan.config import SqlConnection
from lopan.connect.convert import Converter
from lopan.connect.mapping import Mapping
from lopan.connect.sql.database import Database, database
from lopan.connect.sql.follow import chosen
from lopan.connect.sql.pull import prepared
from lopan.store import Store


class Trial(msgspec.Struct, frozen=True):
    """Rows of the first block that were read and refused; ``said`` is the first reason, empty when all were taken."""

    mapping: str
    rows: int
    refused: int
    said: str


def run(store: Store, connection: SqlConnection, mappings: Keyed[str, Mapping], zone: str) -> list[Trial]:
    """Try every mapping of a connection; raises what the database, the settings or a mapping have against it."""
    found = database(store, connection)
    found.check()
    return [_one(found, connection, one, connection.timezone or zone) for one in chosen(connection, mappings)]


def _one(asked: Database, connection: SqlConnection, mapping: Mapping, zone: str) -> Trial:
    used, select = prepared(connection, mapping)
    columns = asked.columns(select.query)
    converters = [Converter(used, target, list(columns), zone) for target in used.facts]
    with closing(asked.read(select.query, columns)) as blocks:
        block = next(blocks, None)
    if block is None:
        return Trial(mapping.name, 0, 0, "")
    refused = [
        row
        for convert in converters
        for row in convert(block, np.arange(1, block.num_rows + 1, dtype=np.int64)).refused
    ]
    said = f"row {refused[0].row}, {refused[0].field}: {refused[0].reason}" if refused else ""
    return Trial(mapping.name, block.num_rows, len(refused), said)
