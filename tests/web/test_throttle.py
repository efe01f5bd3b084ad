from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lopan.web.throttle import Throttle, network

if TYPE_CHECKING:
    from tests.conftest import ManualClock


def test_the_door_closes_at_the_limit_and_opens_after_the_window(clock: ManualClock) -> None:
    throttle = Throttle(limit=3, window=60, clock=clock)
    for _ in range(3):
        assert throttle.wait("ann") == 0
        throttle.fail("ann")
        clock.move(10)
    assert throttle.wait("ann") == 30
    assert throttle.wait("bob") == 0
    clock.move(30)
    assert throttle.wait("ann") == 0


def test_failures_of_an_earlier_window_do_not_count(clock: ManualClock) -> None:
    throttle = Throttle(limit=2, window=60, clock=clock)
    for _ in range(5):
        throttle.fail("ann")
        clock.move(60)
        assert throttle.wait("ann") == 0
    throttle.fail("ann")
    assert throttle.wait("ann") == 0


def test_clear_and_forgive(clock: ManualClock) -> None:
    throttle = Throttle(limit=2, window=60, clock=clock)
    throttle.fail("ann")
    throttle.fail("ann")
    throttle.forgive("ann")
    assert throttle.wait("ann") == 0
    throttle.fail("ann")
    assert throttle.wait("ann") == 60
    throttle.clear("ann")
    assert throttle.wait("ann") == 0
    throttle.forgive("nobody")
    assert throttle.wait("nobody") == 0


def test_it_remembers_no_more_than_its_size(clock: ManualClock) -> None:
    throttle = Throttle(limit=1, window=60, clock=clock, size=2)
    for key in ("ann", "bob", "carl"):
        throttle.fail(key)
    assert [throttle.wait(key) for key in ("ann", "bob", "carl")] == [0, 60, 60]


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_network(host: str, counted: str) -> None:
    assert network(host) == counted
