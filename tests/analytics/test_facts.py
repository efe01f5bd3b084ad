"""SQL files name facts; the answer is as known now, or as it was known on a day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from tests.house import House

from lopan.analytics.facts import Facts
from lopan.errors import Rejected

TOTAL = "SELECT toFloat64(sum(amount)) AS total FROM {cost:Identifier} WHERE type = {type:String}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("facts"))
    yield made
    made.close()


def test_a_question_is_answered_as_of_a_day(house: House) -> None:
    house.load([{"key": "a", "type": "scrap", "amount": Decimal(5)}])
    first = house.clock.now().date()
    house.clock.move(86_400)
    house.load([{"key": "a", "type": "scrap", "amount": Decimal(7)}, {"key": "b", "type": "other"}])
    days = (None, first, first - timedelta(days=1), first + timedelta(days=1))
    answers = [house.ask(partial(Facts.ask, statement=TOTAL, known=day, type="scrap")) for day in days]
    assert [answer[0]["total"] for answer in answers] == [7, 5, 0, 7]


def test_questions_at_once_about_a_day_share_its_view(house: House) -> None:
    async def ask(facts: Facts) -> list[str]:
        return await asyncio.gather(*(facts.table("cost", date(2026, 1, 2)) for _ in range(8)))

    assert len(set(house.ask(ask))) == 1


def test_a_day_on_which_nothing_could_be_known_is_refused(house: House) -> None:
    with pytest.raises(Rejected, match="1970"):
        house.ask(lambda facts: facts.ask(TOTAL, date(1969, 12, 31), type="scrap"))
