"""What is asked in one turn of the loop is answered at once, each frame for itself; an error reaches all who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lopan.analytics.together import Together

pytestmark = pytest.mark.anyio


class Answers:
    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []

    async def __call__(self, frame: str, questions: Sequence[int]) -> list[int]:
        self.asked.append((frame, list(questions)))
        await asyncio.sleep(0)
        if 0 in questions:
            raise ValueError("nothing")
        return [10 * question for question in questions]


async def test_one_turn_is_one_answer_a_frame() -> None:
    answers = Answers()
    together: Together[str, int, int] = Together(answers)
    found = await asyncio.gather(*(together.ask(frame, number) for number in (1, 2) for frame in ("a", "b")))
    assert found == [10, 10, 20, 20]
    assert answers.asked == [("a", [1, 2]), ("b", [1, 2])]
    assert await together.ask("a", 3) == 30
    assert answers.asked[2:] == [("a", [3])]


async def test_an_error_reaches_all_who_asked_and_nobody_later() -> None:
    together: Together[str, int, int] = Together(Answers())
    found = await asyncio.gather(*(together.ask("a", number) for number in (1, 0)), return_exceptions=True)
    assert [str(one) for one in found] == ["nothing", "nothing"]
    assert await together.ask("a", 1) == 10


async def test_who_gives_up_takes_nobody_along() -> None:
    together: Together[str, int, int] = Together(Answers())
    first, second = (asyncio.create_task(together.ask("a", number)) for number in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 20
