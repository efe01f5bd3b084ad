"""An import takes all of a file or nothing, and says in one report what it did, or why it did not."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.house import House

from lopan.connect import importer, mapping
from lopan.connect.importer import Options, Outcome
from lopan.connect.propose import propose
from lopan.control import batches
from lopan.errors import ConfigError, Rejected
from lopan.fact import SPECS

SHARED = Path(os.environ.get("LOPAN_SHARED_DATA", "/nonexistent"))
LINES = "Order;Promised Date;Amount;Currency;Qty\nA;13/4/2026;12,5;EUR;4\nB;3/5/2026;1;EUR;5\n"


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    (tmp_path / "lines.csv").write_text(LINES)
    return tmp_path / "lines.csv"


def load(house: House, path: Path, **options: Any) -> Outcome:
    partly, operator = options.pop("partial", False), options.pop("operator", None)

    def work() -> Outcome:
        stages = partial(house.loader.stage, by="nobody")
        return importer.run(path, Options(**options), stages, partial=partly, operator=operator)

    outcome: Outcome = house.run(work)
    return outcome


def test_a_preview_shows_what_a_person_has_to_decide(lines: Path) -> None:
    seen = importer.preview(lines, Options(fact="order_line"))
    assert seen.columns == ["Order", "Promised Date", "Amount", "Currency", "Qty"]
    assert seen.rows[0] == ["A", "13/4/2026", "12,5", "EUR", "4"]
    assert seen.dates == {"Promised Date": ["dd/mm/yyyy"]}
    assert {one.field: one.column for one in seen.proposals} == {
        "order": "Order", "promised": "Promised Date", "amount": "Amount", "currency": "Currency", "ordered": "Qty",
    }  # fmt: skip
    lines.write_text(LINES.replace("13/4", "12/4"))
    again = importer.preview(lines, Options(fact="order_line"))
    assert again.ambiguous == {"Promised Date": ["dd/mm/yyyy", "mm/dd/yyyy"]}


def test_dates_that_can_be_read_in_two_ways_are_asked_for(house: House, lines: Path) -> None:
    lines.write_text(LINES.replace("13/4", "12/4"))
    with pytest.raises(Rejected, match="'Promised Date': dates like '12/4/2026' can be dd/mm/yyyy or mm/dd/yyyy"):
        load(house, lines, fact="order_line", decimal=",")
    lines.write_text(LINES.replace("3/5/2026", "2026-05-03"))
    with pytest.raises(Rejected, match="are written in no way that fits all of them; give --dates"):
        load(house, lines, fact="order_line", decimal=",")


def test_a_trial_changes_nothing_and_reports_as_the_import_does(house: House, lines: Path) -> None:
    before = batches.listing(house.engine)
    report = importer.check(lines, Options(fact="order_line", decimal=","))
    assert batches.listing(house.engine) == before
    assert (report.rows, report.taken, report.refused, report.ignored) == (2, 2, 0, [])
    assert report.found["dates in 'Promised Date'"] == "dd/mm/yyyy, which alone fits"
    assert report.facts[0].first["promised"] == datetime(2026, 4, 13, tzinfo=UTC)
    assert load(house, lines, fact="order_line", decimal=",").report == report


def test_one_refused_row_keeps_all_out_unless_a_part_is_asked_for(house: House, lines: Path) -> None:
    with pytest.raises(importer.Refusals) as caught:
        load(house, lines, fact="order_line", source="refusing")
    (why,) = caught.value.report.facts[0].reasons
    assert (why.field, why.reason, why.count, why.examples[0].row) == ("amount", "is not a number", 1, 1)
    assert house.rows("fact_order_line_now WHERE source = 'refusing'", "order") == []
    assert [one.state for one in batches.listing(house.engine) if one.source == "refusing"] == ["failed"]
    done = load(house, lines, fact="order_line", source="refusing", partial=True)
    assert [row["order"] for row in house.rows("fact_order_line_now WHERE source = 'refusing'", "order")] == ["B"]
    kept = batches.get(house.engine, done.batches[0].id)
    assert (kept.state, kept.taken, kept.refused) == ("loaded", 1, 1)


def test_columns_that_are_missing_are_named(house: House, lines: Path) -> None:
    with pytest.raises(Rejected, match=r"no column is called like day, type; there are 'Order', 'Promised Date'"):
        load(house, lines, fact="cost")


@pytest.mark.parametrize("content", ["Order;Qty\n", "Order;Qty\nTotal;4\n"])
def test_a_file_without_rows_changes_nothing(house: House, lines: Path, content: str) -> None:
    lines.write_text(content)
    with pytest.raises(Rejected, match="no row"):
        load(house, lines, fact="order_line")


def test_an_operators_mapping_may_make_several_facts_of_a_row(house: House, tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.toml").write_text(
        """
source = "shop"
dates = "iso"
[[facts]]
fact = "order_line"
key = "No"
fields = { order = "No", delivered = "Day" }
[[facts]]
fact = "cost"
key = "No"
skip = [{ column = "Cost", empty = true }]
[facts.fields]
day = "Day"
amount = "Cost"
type = { constant = "material" }
"""
    )
    (tmp_path / "t.csv").write_text("No,Day,Cost\n1,2026-01-01,5\n2,2026-01-02,\n")
    done = load(house, tmp_path / "t.csv", mapping="shop", operator=tmp_path)
    assert [(one.fact, one.taken, one.skipped) for one in done.report.facts] == [("order_line", 2, 0), ("cost", 1, 1)]
    assert [row["order"] for row in house.rows("fact_order_line_now WHERE source = 'shop'", "order")] == ["1", "2"]
    (tmp_path / "mappings" / "bad.toml").write_text("facts = 3")
    with pytest.raises(ConfigError, match=r"bad.toml: bad: Expected `array`"):
        load(house, tmp_path / "t.csv", mapping="shop", operator=tmp_path)
    with pytest.raises(Rejected, match=r"there is no mapping 'nope'; there are .*scms-deliveries"):
        load(house, tmp_path / "t.csv", mapping="nope")


def test_every_fact_finds_its_own_names() -> None:
    for spec in SPECS.values():
        names = [column.name for column in spec.columns]
        sure = {one.field: one.column for one in propose(spec, names) if one.confidence == 1}
        assert sure == {name: name for name in names}


def test_the_built_in_mappings_can_be_read() -> None:
    assert {"scms-deliveries", "xes-production"} <= set(mapping.load())


DELIVERIES = """ID,PO / SO #,Country,Item Description,Manufacturing Site,Scheduled Delivery Date,\
Delivered to Client Date,Delivery Recorded Date,Line Item Quantity,Line Item Value
1,P-1,Chad,Tests,Plant A,02-Jun-06,02-Jun-06,05-Jun-06,10,100.50
2,P-1,Chad,Tests,Plant A,02-Jun-06,03-Jun-06,03-Jun-06,5,7
"""
ON_TIME = (
    "countIf(toDate(delivered) <= toDate(promised)) AS on_time, countIf(toDate(recorded) > toDate(delivered)) AS late"
)


def test_deliveries_in_the_form_of_the_supply_chain(house: House, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(DELIVERIES)
    load(house, tmp_path / "d.csv", mapping="scms-deliveries", source="tiny")
    table = "(SELECT *, source AS s FROM fact_order_line_now WHERE source = 'tiny')"
    assert house.run(house.store.query, f"SELECT count() AS n, {ON_TIME} FROM {table}").to_pylist() == [
        {"n": 2, "on_time": 1, "late": 1}
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="LOPAN_SHARED_DATA names no directory with the two public data sets")
def test_the_public_data_sets_give_their_known_figures(house: House) -> None:
    load(house, SHARED / "deliveries-scms.csv", mapping="scms-deliveries")
    load(house, SHARED / "production-log.xes.gz", mapping="xes-production")

    def figures(sql: str) -> dict[str, Any]:
        (row,) = house.run(house.store.query, sql).to_pylist()
        return {name: round(value, 2) for name, value in row.items()}

    assert figures(f"SELECT count() AS n, {ON_TIME} FROM fact_order_line_now WHERE source = 'scms'") == {
        "n": 10_324, "on_time": 9_138, "late": 1_908,
    }  # fmt: skip
    assert figures(
        "SELECT count() AS n, quantileExactInclusive(0.5)(dateDiff('second', started, ended) / 86400) AS p50,"
        " quantileExactInclusive(0.9)(dateDiff('second', started, ended) / 86400) AS p90 FROM fact_work_order_now"
        " WHERE source = 'xes'"
    ) == {"n": 225, "p50": 13.9, "p90": 47.33}
    assert figures(
        "SELECT count() AS n, sum(scrap) AS rejected, sum(good + scrap) AS pieces FROM fact_work_unit_state_now"
        " WHERE source = 'xes'"
    ) == {"n": 4_503, "rejected": 593, "pieces": 92_257}
    assert figures(
        "SELECT sum(busy) / 3600 AS busy, sum(paid) AS paid FROM (SELECT employee, sum(paid_hours) AS paid,"
        " intervalLengthSum(toUnixTimestamp(started), toUnixTimestamp(assumeNotNull(ended))) AS busy"
        " FROM fact_labour_now WHERE source = 'xes' GROUP BY employee)"
    ) == {"busy": 11_087.92, "paid": 13_743.75}
