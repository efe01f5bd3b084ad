"""What the nodes of a broker have said since they were born: who is alive, what an alias means, what is missing.

Pure: messages in, samples, deaths and wishes for a rebirth out. A new one is made for every connection to the broker.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from lopan.connect.mqtt.payload import Metric, Payload, Value

NAMESPACE = "spBv1.0"
Kind = Literal["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"]
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_BD_SEQ = "bdSeq"


class Topic(msgspec.Struct, frozen=True):
    """``device`` is empty for what a node says of itself."""

    group: str
    kind: Kind
    node: str
    device: str = ""

    @property
    def edge(self) -> str:
        """Group and node, which together are one."""
        return f"{self.group}/{self.node}"

    @property
    def path(self) -> str:
        """Group, node and device."""
        return f"{self.edge}/{self.device}" if self.device else self.edge


class Sample(msgspec.Struct, frozen=True):
    """A value of a metric; ``at`` in milliseconds, None when nobody said. ``historical``: it was kept while offline."""

    path: str
    name: str
    value: Value
    at: int | None
    historical: bool = False


class Death(msgspec.Struct, frozen=True):
    """The device or node ``path``, and all of its devices, can't be heard any more; ``at`` None: from now on."""

    path: str
    at: int | None


class Heard(msgspec.Struct):
    """What one message says; ``rebirth`` names the node to be asked for everything anew."""

    samples: list[Sample] = msgspec.field(default_factory=list)
    death: Death | None = None
    rebirth: Topic | None = None
    born: str = ""


class _Node(msgspec.Struct):
    seq: int
    birth: Value
    aliases: dict[int, tuple[str, str]] = msgspec.field(default_factory=dict)
    devices: set[str] = msgspec.field(default_factory=set)


class Session:
    """Knows nodes from their birth on."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}

    def hear(self, topic: Topic, payload: Payload) -> Heard:
        """What a message means after all those before it."""
        if topic.kind == "NBIRTH":
            birth = next((one.value for one in payload.metrics if one.name == _BD_SEQ), None)
            self._nodes[topic.edge] = _Node(payload.seq or 0, birth)
            return self._told(self._nodes[topic.edge], topic, payload, born=True)
        if topic.kind == "NDEATH":
            return self._node_died(topic, payload)
        node = self._nodes.get(topic.edge)
        if node is None:
            return Heard(rebirth=topic)
        missing = payload.seq is not None and payload.seq != (node.seq + 1) % 256
        node.seq = node.seq if payload.seq is None else payload.seq
        if topic.kind == "DDEATH":
            node.devices.discard(topic.device)
            heard = Heard(death=Death(topic.path, payload.at))
        elif topic.kind == "DDATA" and topic.device not in node.devices:
            return Heard(rebirth=topic)
        else:
            heard = self._told(node, topic, payload, born=topic.kind == "DBIRTH")
        if missing:
            heard.rebirth = topic
        return heard

    def _told(self, node: _Node, topic: Topic, payload: Payload, born: bool) -> Heard:
        heard = Heard(born=topic.path if born else "")
        if born and topic.device:
            node.devices.add(topic.device)
        for metric in payload.metrics:
            if born and metric.alias is not None and metric.name:
                node.aliases[metric.alias] = (topic.path, metric.name)
            named = self._named(node, topic, metric)
            if named is None:
                heard.rebirth = topic
            elif named[1] != _BD_SEQ:
                at = metric.at if metric.at is not None else payload.at
                heard.samples.append(Sample(*named, metric.value, at, metric.historical))
        return heard

    def _named(self, node: _Node, topic: Topic, metric: Metric) -> tuple[str, str] | None:
        if metric.name:
            return topic.path, metric.name
        return node.aliases.get(metric.alias) if metric.alias is not None else None

    def _node_died(self, topic: Topic, payload: Payload) -> Heard:
        """A death is written when a node connects, so its time says nothing; an older one's comes after a new birth."""
        node = self._nodes.get(topic.edge)
        said = next((one.value for one in payload.metrics if one.name == _BD_SEQ), None)
        if node is not None and said is not None and node.birth is not None and said != node.birth:
            return Heard()
        self._nodes.pop(topic.edge, None)
        return Heard(death=Death(topic.path, None))


def read_topic(text: str) -> Topic | None:
    """The parts of a topic; None for one that says nothing of machines (commands, states of hosts)."""
    parts = text.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
        return None
    kind = _KINDS.get(parts[2])
    if kind is None or (len(parts) == 5) != kind.startswith("D"):
        return None
    return Topic(parts[1], kind, *parts[3:])
