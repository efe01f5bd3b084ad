"""Whatever the order, repeats, corrections, deletions and undone batches: the newest version of a fact counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.house import House, block

from lopan.connect import stage
from lopan.connect.load import staging
from lopan.connect.pickup import Pickup
from lopan.connect.stage import Refused
from lopan.control import batches
from lopan.errors import Rejected
from lopan.fact import SPECS
from lopan.store.facts import REFUSED, known_on, now, prepare

UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture(autouse=True)
def empty(house: House) -> None:
    house.clear("cost")
    house.clock.move(1)


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)


def test_a_row_is_there_with_every_kind_of_value(house: House) -> None:
    row = {
        "key": "A-1", "order": "A", "customer": "acme", "promised": at(5), "delivered": None, "ordered": 2.5,
        "documents_ok": 1, "condition_ok": None, "amount": Decimal("-12.3456"), "currency": "EUR", "recorded": at(1),
    }  # fmt: skip
    house.load([row], "order_line")
    (found,) = house.rows(
        now("order_line"),
        "order, customer, promised, delivered, ordered, documents_ok, condition_ok,"
        " toString(amount) AS amount, recorded",
    )
    assert found == {
        "order": "A", "customer": "acme", "promised": at(5), "delivered": None, "ordered": 2.5,
        "documents_ok": 1, "condition_ok": None, "amount": "-12.3456", "recorded": at(1),
    }  # fmt: skip
    assert "order_line" in house.changed


versions: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    key=st.sampled_from("abc"),
    modified=st.integers(0, 5).map(at),
    deleted=st.booleans(),
    amount=st.integers(-5, 5).map(Decimal),
)


@given(st.lists(st.lists(versions, min_size=1, max_size=5), max_size=5), st.data())
@settings(max_examples=15)
def test_the_newest_version_counts_in_any_order_and_comes_back(
    house: House, loads: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    house.clear("cost")
    # The source gives one content to a version: the amount follows from key and time.
    for load in loads:
        for row in load:
            row["amount"] = Decimal(row["modified"].second * 10 + ord(row["key"]))
            row["deleted"] = (row["modified"].second + ord(row["key"])) % 3 == 0
    order = data.draw(st.permutations(loads))
    ids = [house.load(load) for load in order]
    undone = {number for number in range(len(ids)) if data.draw(st.booleans())}
    for number in undone:
        house.run(house.loader.undo, ids[number], "nobody")
    kept = [row for number, load in enumerate(order) if number not in undone for row in load]
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(kept, key=lambda row: row["modified"]):
        newest[row["key"]] = row
    expected = {key: float(row["amount"]) for key, row in newest.items() if not row["deleted"]}
    assert {row["key"]: row["amount"] for row in house.rows(now("cost"))} == expected
    house.run(house.store.execute, "OPTIMIZE TABLE fact_cost FINAL")
    assert {row["key"]: row["amount"] for row in house.rows(now("cost"))} == expected


def test_a_figure_can_be_given_as_it_was_known_on_a_day(house: House) -> None:
    house.load([{"key": "a", "amount": Decimal(1), "modified": at(0)}])
    house.clock.move(86_400)
    second = house.load([{"key": "a", "amount": Decimal(2), "modified": at(1)}, {"key": "b", "amount": Decimal(3)}])
    house.clock.move(86_400)
    house.run(house.loader.undo, second, "nobody")
    today = house.clock.now().date()
    known = [house.run(known_on, house.store, "cost", today - timedelta(days=back), UTC_ZONE) for back in (3, 2, 1, 0)]
    amounts = [{row["key"]: row["amount"] for row in house.rows(view)} for view in known]
    assert amounts == [{}, {"a": 1}, {"a": 2, "b": 3}, {"a": 1}]


def test_what_was_sent_once_is_not_loaded_again(house: House) -> None:
    first = house.load([{"key": "a", "amount": Decimal(1)}], once="x")
    again = house.load([{"key": "b", "amount": Decimal(2)}], once="x")
    assert first == again
    assert [row["key"] for row in house.rows(now("cost"))] == ["a"]


def test_an_error_leaves_nothing_but_a_note(house: House) -> None:
    def work() -> None:
        with house.loader.stage("cost", "test", "a file", "nobody") as (_, made):
            assert made is not None
            made.write(block("cost", [{"key": "a"}]))
            raise Rejected("row 2", "is broken")

    with pytest.raises(Rejected):
        house.run(work)
    assert house.rows(now("cost")) == []
    newest = batches.listing(house.engine, 1)[0]
    assert (newest.state, newest.note) == ("failed", "row 2: is broken")
    assert not list((house.root / "facts").iterdir())


def test_refused_rows_are_kept_with_their_reason(house: House) -> None:
    batch = house.load([{"key": "a"}], refused=[Refused(7, "amount", "is no number", "a;x")])
    (row,) = house.rows(
        REFUSED + f" WHERE batch = toUUID('{batch}')", "row, field, reason, raw, '' AS source, '' AS key"
    )
    assert (row["row"], row["field"], row["reason"], row["raw"]) == (7, "amount", "is no number", "a;x")
    assert batches.get(house.engine, batch).refused == 1


@pytest.mark.parametrize("left", ["staging", "staged", "undoing"])
def test_what_a_crash_left_in_the_middle_is_brought_to_its_end(house: House, left: str) -> None:
    def begin() -> str:
        batch, _ = batches.begin(house.engine, "cost", "test", "a file", "nobody", clock=house.clock)
        with stage.Stage(house.root / "facts", batch.id, SPECS["cost"]) as made:
            made.write(block("cost", [{"key": "a", "amount": Decimal(4)}]))
        if left != "staging":
            done = batches.move(house.engine, batch.id, "staged", house.clock)
            if left == "undoing":
                house.loader.load(done)
                batches.undo(house.engine, batch.id, "nobody", house.clock)
        return batch.id

    batch = house.run(begin)
    house.run(house.loader.recover)
    state = {"staging": "failed", "staged": "loaded", "undoing": "undone"}[left]
    assert batches.get(house.engine, batch).state == state
    assert len(house.rows(now("cost"))) == (1 if left == "staged" else 0)
    assert not list((house.root / "facts").iterdir())


def test_tables_gain_the_columns_that_a_fact_has_gained(house: House) -> None:
    house.run(house.store.execute, "ALTER TABLE fact_cost DROP COLUMN basis")
    house.run(prepare, house.store)
    house.load([{"key": "a", "basis": "accrual"}])
    assert house.rows(now("cost"), "basis") == [{"basis": "accrual"}]


def test_only_what_is_loaded_can_be_undone(house: House) -> None:
    with pytest.raises(Rejected, match="there is no batch"):
        house.run(house.loader.undo, "0" * 32, "nobody")
    batch = house.load([{"key": "a"}])
    house.run(house.loader.undo, batch, "nobody")
    with pytest.raises(Rejected, match="undone"):
        house.run(house.loader.undo, batch, "nobody")


def test_each_load_and_each_undo_is_another_state_of_its_fact(house: House) -> None:
    seen = [batches.ended(house.engine, ["cost"])]
    batch = house.load([{"key": "1"}])
    seen.append(batches.ended(house.engine, ["cost"]))
    house.clock.move(1)
    house.load([{"key": "1", "site": "A"}], "site")
    assert batches.ended(house.engine, ["cost"]) == seen[-1]
    house.run(house.loader.undo, batch, "nobody")
    seen.append(batches.ended(house.engine, ["cost"]))
    assert len(set(seen)) == 3


def test_an_unknown_fact_is_named_beside_those_there_are(house: House) -> None:
    with pytest.raises(Rejected, match="there are site, shift"):
        house.load([], "nonsense")


def test_a_batch_that_another_process_is_writing_is_left_alone(house: House) -> None:
    with staging(house.engine, house.root / "facts", house.clock, "cost", "test", "a file", "nobody") as (batch, made):
        assert made is not None
        made.write(block("cost", [{"key": "a", "amount": Decimal(1)}]))
        house.run(house.loader.recover)
        assert batches.get(house.engine, batch.id).state == "staging"
    house.run(Pickup(house.engine, house.loader).round)
    assert batches.get(house.engine, batch.id).state == "loaded"
    assert len(house.rows(now("cost"))) == 1


def test_a_batch_that_was_given_up_meanwhile_is_not_loaded(house: House) -> None:
    def work() -> None:
        with staging(house.engine, house.root / "facts", house.clock, "cost", "test", "a file", "nobody") as (batch, _):
            batches.move(house.engine, batch.id, "failed", house.clock)

    with pytest.raises(Rejected, match="gave it up"):
        house.run(work)
    assert house.rows(now("cost")) == []
    assert not list((house.root / "facts").iterdir())
