"""The durable queue between intake and store: append-only logs of columnar records, cut into segments by seals."""

from lopan.spool.record import SIZES, Fixed, Record, Texts
from lopan.spool.spool import Segment, Spool

__all__ = ["SIZES", "Fixed", "Record", "Segment", "Spool", "Texts"]
