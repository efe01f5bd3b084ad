"""Whatever is cut, every instant lies in exactly one piece, and whole pieces begin and end where they must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lopan.catalog.stretch import GRAIN, Stretch, cut

FIRST = datetime(2026, 11, 22, tzinfo=UTC)
MOMENTS = st.lists(st.integers(0, 5 * 86_400), min_size=2, max_size=3, unique=True).map(
    lambda seconds: [FIRST + timedelta(seconds=one) for one in sorted(seconds)]
)
DAYS = [(FIRST + timedelta(days=day, hours=5), FIRST + timedelta(days=day + 1, hours=5)) for day in range(4)]


@given(moments=MOMENTS, halves=st.booleans(), known=st.sets(st.sampled_from(DAYS)))
def test_pieces_are_disjoint_and_leave_nothing_out(moments: list[datetime], halves: bool, known: set[Stretch]) -> None:
    stretches = list(pairwise(moments))
    found = cut(stretches, halves, sorted(known))
    pieces = sorted([*found.fine, *found.whole, *found.days])
    assert sum((end - start for start, end in pieces), timedelta()) == moments[-1] - moments[0]
    assert (pieces[0][0], pieces[-1][1]) == (moments[0], moments[-1])
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    assert not (found.whole or found.days) or halves
    for start, end in found.whole:
        assert start.timestamp() % GRAIN.total_seconds() == end.timestamp() % GRAIN.total_seconds() == 0
    inside = {day for day in known for start, end in stretches if halves and start <= day[0] and day[1] <= end}
    assert {day for day in DAYS for start, end in found.days if start <= day[0] and day[1] <= end} == inside
