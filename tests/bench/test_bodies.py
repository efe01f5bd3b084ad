"""Requests of the load generator: valid, of the promised size, and new in every round."""

from __future__ import annotations

import gzip
import time
from random import Random

import pytest

from lopan.bench import bodies
from lopan.event import decode_batch
from lopan.event.types import AppLaunch, FrameStats, Memory


@pytest.fixture(scope="module")
def made() -> list[bodies.Body]:
    return bodies.native(count=4)


def test_batches_are_valid_and_of_the_promised_size(made: list[bodies.Body]) -> None:
    for body in made:
        text = body.round(7)
        taken = decode_batch(text)
        assert not taken.refused
        assert len(taken.events) == body.events == bodies.BATCH
        assert 270 < len(text) / body.events < 340


def test_counts_are_what_the_kpis_count(made: list[bodies.Body]) -> None:
    events = [event for body in made for event in decode_batch(body.round(1)).events]
    assert bodies.expected(made) == {
        "app_launch_time": sum(isinstance(event, AppLaunch) and event.kind == "cold" for event in events),
        "scroll_frame_rate": sum(isinstance(event, FrameStats) and event.scrolling for event in events),
        "memory_usage": sum(isinstance(event, Memory) for event in events),
    }


def test_ids_repeat_within_a_round_only(made: list[bodies.Body]) -> None:
    def ids(number: int) -> list[str]:
        return [event.event_id for body in made for event in decode_batch(body.round(number)).events]

    assert ids(1) == ids(1)
    assert len({*ids(1), *ids(2), *ids(255)}) == 3 * len(ids(1))


def test_an_envelope_is_gzip_of_the_promised_size() -> None:
    random, now = Random(1), time.time()
    sizes = {len(gzip.decompress(bodies.envelope(random, now))) for _ in range(20)}
    assert max(sizes) - min(sizes) < 60
    assert abs(sum(sizes) / len(sizes) / bodies.ENVELOPE_BYTES - 1) < 0.02
