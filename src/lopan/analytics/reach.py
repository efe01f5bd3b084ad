"""What became of directives: whom they were shown to, where they were applied, how many answered a survey."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

import msgspec

from lopan.analytics.intervals import wilson
from lopan.store import Readers
from lopan.store.base import Params

_REACH, _RESPONSE = (
    files("lopan.analytics").joinpath("sql", name).read_text(encoding="utf-8") for name in ("reach.sql", "response.sql")
)


class Reach(msgspec.Struct, frozen=True):
    """People by outcome, exact, since the directive was made; ``n`` acknowledgements say so.

    A person is a user, or an installation where no user was named.
    """

    shown: int = 0
    dismissed: int = 0
    clicked: int = 0
    applied: int = 0
    failed: int = 0
    n: int = 0


class Response(msgspec.Struct, frozen=True):
    """Of ``asked`` people shown a survey, ``answered`` did so from then on; ``rate`` in percent, bounds at 95 %."""

    asked: int
    answered: int
    rate: float | None
    low: float | None
    high: float | None


class Reaches:
    """Answers from the acknowledgement events; raises TryAgain when the store is busy."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def reach(self, directives: Collection[tuple[int, int]]) -> dict[int, Reach]:
        """By id, for ``(project, id)`` pairs; every one has its entry. Other projects can not acknowledge for it."""
        if not directives:
            return {}
        wanted = {(project, str(number)): number for project, number in directives}
        parameters: Params = {
            "projects": sorted({project for project, _ in wanted}),
            "directives": sorted(text for _, text in wanted),
        }
        table = await self._readers.rows(_REACH, parameters)
        counts: dict[int, dict[str, int]] = {number: {} for _, number in directives}
        for row in table.to_pylist():
            number = wanted.get((row["project"], row["directive"]))
            if number is not None:
                own = counts[number]
                own[row["outcome"]] = row["people"]
                own["n"] = own.get("n", 0) + row["n"]
        return {number: Reach(**own) for number, own in counts.items()}

    async def response(self, project: int, number: int, survey: str) -> Response:
        """The response rate of one survey prompt; ``rate`` None = shown to nobody yet."""
        parameters: Params = {"project": project, "directive": str(number), "survey": survey}
        rows = (await self._readers.rows(_RESPONSE, parameters)).to_pylist()
        asked, answered = (rows[0]["asked"], rows[0]["answered"]) if rows else (0, 0)
        bound = wilson(answered, asked)
        if bound is None:
            return Response(asked, answered, None, None, None)
        return Response(asked, answered, 100 * answered / asked, 100 * bound.low, 100 * bound.high)
