from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from lopan.alerts import history, leader, rule
from lopan.alerts.dispatch import Destination, Dispatch
from lopan.alerts.message import Message
from lopan.alerts.outbox import Outbox
from lopan.alerts.playbook import Playbook
from lopan.alerts.registry import Observation, Registry
from lopan.alerts.rule import Rule
from lopan.analytics.metric import Measure
from lopan.catalog.loader import load
from lopan.control.alerting import alert_events, alerts, outbox
from lopan.errors import GiveUp, Rejected

if TYPE_CHECKING:
    from tests.alerts.conftest import ManualClock

GROUPS = ("performance", "memory", "crashes")
CHANNELS = (Destination("slack", "slack"), Destination("email", "email"), Destination("webhook ops", "webhook"))


class Course:
    """A registry with the built-in rules, fed by hand."""

    def __init__(self, engine: Engine, clock: ManualClock, playbooks: dict[str, Playbook]) -> None:
        self.engine, self.clock = engine, clock
        kpis = load().kpis
        self.rules = {one.id: one for one in rule.load(kpis, playbooks)}
        self.dispatch = Dispatch(CHANNELS, "https://lopan.example", playbooks)
        self.registry = Registry(engine, kpis, self.dispatch, leader.take(engine, clock.now()))

    def see(self, name: str, measure: Measure, labels: dict[str, str] | None = None) -> list[int]:
        return self.registry.apply([Observation(self.rules[name], labels or {}, measure, self.clock.now())])

    def sent(self) -> list[tuple[str, str, str]]:
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(outbox.c.kind, outbox.c.channel, outbox.c.body).order_by(outbox.c.id)
            ).all()
        return [(row.kind, row.channel, msgspec.json.decode(row.body, type=Message).severity) for row in rows]


@pytest.fixture
def course(engine: Engine, clock: ManualClock, playbooks: dict[str, Playbook]) -> Course:
    return Course(engine, clock, playbooks)


@pytest.mark.parametrize(
    ("name", "good", "warning", "critical"),
    [
        pytest.param("app_launch_time", Measure(1.2, 500), Measure(2.1, 500), Measure(3.1, 500), id="launch"),
        pytest.param("scroll_frame_rate", Measure(59.8, 500), Measure(54.9, 500), Measure(44.9, 500), id="frames"),
        pytest.param("memory_usage", Measure(128.0, 500), Measure(181.0, 500), Measure(251.0, 500), id="memory"),
        pytest.param(
            "crash_rate",
            Measure(0.03, 9000, 0.01, 0.1),
            Measure(0.8, 9000, 0.6, 1.0),
            Measure(1.4, 9000, 1.2, 1.7),
            id="crashes",
        ),
    ],
)
def test_built_in_rule(course: Course, name: str, good: Measure, warning: Measure, critical: Measure) -> None:
    assert course.see(name, good) == []
    course.see(name, warning)
    course.clock.forward(60)
    course.see(name, warning)
    course.clock.forward(5)
    course.see(name, critical)
    course.clock.forward(5)
    course.see(name, good)
    course.clock.forward(300)
    course.see(name, good)
    alert = history.one(course.engine, 1)
    assert [(event.kind, event.severity) for event in alert.events] == [
        ("pending", "warning"),
        ("firing", "warning"),
        ("raised", "critical"),
        ("recovering", "critical"),
        ("resolved", "critical"),
    ]
    assert (alert.state, alert.events[2].value, alert.definition) == (
        "resolved",
        critical.value,
        load().kpis[name].definition,
    )
    assert history.active(course.engine, GROUPS) == []
    assert [view.id for view in history.recent(course.engine, GROUPS)] == [1]


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        pytest.param("crash_rate", Measure(2.0, 50, 0.35, 10.5), id="one-crash-in-fifty"),
        pytest.param("crash_rate", Measure(2.0, 150, 0.4, 5.7), id="interval-reaches-the-threshold"),
        pytest.param("app_launch_time", Measure(9.0, 29), id="too-few-launches"),
        pytest.param("app_launch_time", Measure(2.0, 500), id="at-the-threshold"),
        pytest.param("memory_usage", Measure(None, 0), id="nothing-measured"),
    ],
)
def test_no_alert(course: Course, name: str, measure: Measure) -> None:
    assert course.see(name, measure) == []
    course.clock.forward(600)
    assert course.see(name, measure) == []


def test_severity_decides_who_hears(course: Course) -> None:
    course.see("app_launch_time", Measure(2.5, 100))
    assert course.sent() == []
    course.clock.forward(60)
    course.see("app_launch_time", Measure(2.5, 100))
    standard = [("firing", "slack", "warning"), ("firing", "webhook ops", "warning")]
    assert course.sent() == standard
    course.see("app_launch_time", Measure(3.5, 100))
    raised = [("raised", name, "critical") for name in ("slack", "email", "webhook ops")]
    assert course.sent() == standard + raised
    course.clock.forward(120)
    course.see("app_launch_time", Measure(1.0, 100))
    course.clock.forward(120)
    course.see("app_launch_time", Measure(1.0, 100))
    assert course.sent() == standard + raised + [("resolved", row[1], "critical") for row in raised]


def test_one_open_alert_for_a_rule_and_its_labels(course: Course) -> None:
    course.see("app_launch_time", Measure(3.5, 100), {"release": "2.1.0"})
    course.see("app_launch_time", Measure(3.5, 100), {"release": "2.1.0"})
    course.see("app_launch_time", Measure(3.5, 100), {"release": "2.2.0"})
    assert [view.labels for view in history.active(course.engine, GROUPS)] == [
        {"release": "2.1.0"},
        {"release": "2.2.0"},
    ]
    assert course.registry.labels("app_launch_time") == [{"release": "2.1.0"}, {"release": "2.2.0"}]
    with course.engine.begin() as connection:
        row = dict(connection.execute(select(alerts).where(alerts.c.id == 1)).mappings().one())
        del row["id"]
        with pytest.raises(IntegrityError):
            connection.execute(insert(alerts).values(**row))


def test_state_survives_the_process(course: Course, playbooks: dict[str, Playbook]) -> None:
    course.see("app_launch_time", Measure(2.5, 100))
    course.clock.forward(60)
    later = Course(course.engine, course.clock, playbooks)
    later.see("app_launch_time", Measure(2.5, 100))
    assert history.active(course.engine, GROUPS)[0].state == "firing"


def test_an_outdated_epoch_changes_nothing(course: Course, playbooks: dict[str, Playbook]) -> None:
    box = Outbox(course.engine, course.dispatch, 1)
    course.see("app_launch_time", Measure(3.5, 100))
    Course(course.engine, course.clock, playbooks)
    with pytest.raises(GiveUp, match="another Lopan"):
        course.see("memory_usage", Measure(300.0, 100))
    with pytest.raises(GiveUp, match="another Lopan"):
        box.claim("slack", course.clock.now())
    assert [view.rule for view in history.active(course.engine, GROUPS)] == ["app_launch_time"]


def test_nothing_of_a_transition_is_kept_when_a_part_of_it_fails(course: Course) -> None:
    with course.engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER torn BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'torn'); END"))
    with pytest.raises(IntegrityError, match="torn"):
        course.see("app_launch_time", Measure(3.5, 100))
    with course.engine.connect() as connection:
        tables = (alerts, alert_events)
        assert [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables] == [0, 0]


def test_a_rule_that_is_gone_takes_its_alerts_along(course: Course) -> None:
    course.see("app_launch_time", Measure(3.5, 100))
    course.see("memory_usage", Measure(190.0, 100))
    kept: list[Rule] = []
    assert course.registry.retire(kept, course.clock.now()) == [1, 2]
    assert [history.one(course.engine, number).state for number in (1, 2)] == ["resolved", "cancelled"]
    assert [kind for kind, _, _ in course.sent()] == ["firing"] * 3 + ["resolved"] * 3


def test_the_value_follows_while_an_alert_is_open(course: Course) -> None:
    course.see("app_launch_time", Measure(3.5, 100))
    course.clock.forward(9)
    assert course.see("app_launch_time", Measure(3.9, 101)) == []
    course.clock.forward(1)
    assert course.see("app_launch_time", Measure(4.1, 102)) == [1]
    alert = history.one(course.engine, 1)
    assert (alert.value, alert.n, len(alert.events)) == (4.1, 102, 2)


def test_groups_decide_what_is_listed(course: Course) -> None:
    course.see("app_launch_time", Measure(3.5, 100))
    course.see("memory_usage", Measure(300.0, 100))
    assert [view.rule for view in history.active(course.engine, ["memory"])] == ["memory_usage"]
    assert history.active(course.engine, []) == []
    with pytest.raises(Rejected, match="no alert 99"):
        history.one(course.engine, 99)


def test_history_is_paged_and_leaves_out_what_never_fired(course: Course) -> None:
    for figure in (3.5, 2.5, 3.5, 3.5):
        course.see("app_launch_time", Measure(figure, 100))
        course.clock.forward(1)
        course.see("app_launch_time", Measure(1.0, 100))
        course.clock.forward(120)
        course.see("app_launch_time", Measure(1.0, 100))
    assert [view.id for view in history.recent(course.engine, GROUPS, 2)] == [4, 3]
    assert [view.id for view in history.recent(course.engine, GROUPS, 2, before=3)] == [1]
    with course.engine.begin() as connection:
        assert connection.execute(delete(outbox).where(outbox.c.alert_id == 2)).rowcount == 0
