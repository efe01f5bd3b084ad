"""The column store: events, rollups and the queries over them, behind an interface with more than one engine."""

from lopan.store.base import Param, Params, Store
from lopan.store.chdb import Chdb
from lopan.store.lock import hold
from lopan.store.readers import Readers

__all__ = ["Chdb", "Param", "Params", "Readers", "Store", "hold"]
