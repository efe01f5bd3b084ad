"""The durable queue between intake and store: append-only logs of Arrow records, cut into segments by seals."""

from lopan.spool.spool import Segment, Spool

__all__ = ["Segment", "Spool"]
