from __future__ import annotations

import pytest
from tests.connect.mqtt import sparkplug as sp

from lopan.connect.mqtt.payload import decode
from lopan.connect.mqtt.session import Death, Heard, Sample, Session, Topic, read_topic


def hear(session: Session, topic: str, *metrics: bytes, seq: int | None = None, at: int | None = 1_000) -> Heard:
    found = read_topic(f"spBv1.0/G/{topic}")
    assert found is not None
    return session.hear(found, decode(sp.payload(*metrics, seq=seq, at=at)))


@pytest.fixture
def session() -> Session:
    made = Session()
    hear(made, "NBIRTH/N", sp.metric("bdSeq", 4, sp.UINT64), seq=0)
    hear(made, "DBIRTH/N/D", sp.metric("State", 1, sp.INT32, alias=2), seq=1)
    return made


def test_an_alias_stands_for_the_name_of_the_birth(session: Session) -> None:
    heard = hear(session, "DDATA/N/D", sp.metric("", 3, sp.INT32, alias=2, at=7), seq=2)
    assert heard.samples == [Sample("G/N/D", "State", 3, 7)]
    assert heard.rebirth is None


def test_a_metric_without_a_time_is_of_the_time_of_the_message(session: Session) -> None:
    assert hear(session, "DDATA/N/D", sp.metric("State", 3, sp.INT32), seq=2).samples[0].at == 1_000


@pytest.mark.parametrize(
    ("topic", "metric", "seq"),
    [
        ("DDATA/N/D", sp.metric("State", 3, sp.INT32), 3),
        ("DDATA/N/D", sp.metric("", 3, sp.INT32, alias=9), 2),
        ("DDATA/N/Other", sp.metric("State", 3, sp.INT32), 2),
        ("DDATA/M/D", sp.metric("State", 3, sp.INT32), 0),
    ],
    ids=["a message is missing", "an alias of no birth", "a device that was not born", "a node that was not born"],
)
def test_a_rebirth_is_wished_for(session: Session, topic: str, metric: bytes, seq: int) -> None:
    heard = hear(session, topic, metric, seq=seq)
    assert heard.rebirth is not None
    assert heard.rebirth.node == topic.split("/")[1]


def test_after_255_comes_0(session: Session) -> None:
    for seq in [*range(2, 256), 0, 1]:
        assert hear(session, "NDATA/N", seq=seq).rebirth is None


def test_the_death_of_an_older_birth_means_nothing(session: Session) -> None:
    assert hear(session, "NDEATH/N", sp.metric("bdSeq", 3, sp.UINT64)).death is None
    assert hear(session, "NDEATH/N", sp.metric("bdSeq", 4, sp.UINT64)).death == Death("G/N", None)
    assert hear(session, "DDATA/N/D", sp.metric("State", 3, sp.INT32), seq=2).rebirth is not None


def test_a_device_dies_when_it_says(session: Session) -> None:
    assert hear(session, "DDEATH/N/D", seq=2, at=9).death == Death("G/N/D", 9)


@pytest.mark.parametrize(
    "text", ["spBv1.0/STATE/host", "spBv1.0/G/NCMD/N", "spBv1.0/G/NDATA/N/D", "spBv1.0/G/DDATA/N", "a/b/NDATA/c", ""]
)
def test_other_topics_are_not_of_machines(text: str) -> None:
    assert read_topic(text) is None


def test_a_topic_has_its_parts() -> None:
    assert read_topic("spBv1.0/G/DDATA/N/D") == Topic("G", "DDATA", "N", "D")
