"""Questions asked in one turn of the event loop, answered at once: a page plans one statement, not one a figure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Frame = TypeVar("Frame", bound=Hashable)
Question = TypeVar("Question")
Answer = TypeVar("Answer")


class _Batch(Generic[Question, Answer]):
    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.task: asyncio.Task[Sequence[Answer]]


class Together(Generic[Frame, Question, Answer]):
    """Belongs to one event loop. ``answer`` gets all questions of one frame and gives their answers in order."""

    def __init__(self, answer: Callable[[Frame, Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._answer = answer
        self._open: dict[Frame, _Batch[Question, Answer]] = {}

    async def ask(self, frame: Frame, question: Question) -> Answer:
        """The answer to ``question``; raises what answering any question of the batch raises."""
        batch = self._open.get(frame)
        if batch is None:
            batch = self._open[frame] = _Batch()
            batch.task = asyncio.create_task(self._run(frame, batch))
        batch.questions.append(question)
        place = len(batch.questions) - 1
        return (await asyncio.shield(batch.task))[place]

    async def _run(self, frame: Frame, batch: _Batch[Question, Answer]) -> Sequence[Answer]:
        del self._open[frame]
        return await self._answer(frame, batch.questions)
