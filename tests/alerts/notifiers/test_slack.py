from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from lopan.alerts.message import Message
from lopan.alerts.notifier import TransportError
from lopan.alerts.notifiers.slack import SlackNotifier, payload

if TYPE_CHECKING:
    from tests.alerts.conftest import Receiver

GOLDEN = Path(__file__).with_name("slack.json")


def test_golden_payload(message: Message) -> None:
    assert payload(message) == msgspec.json.decode(GOLDEN.read_bytes())


def test_resolved_offers_no_playbook(message: Message) -> None:
    told = payload(msgspec.structs.replace(message, kind="resolved"))
    assert told["blocks"][0]["text"]["text"].startswith(":large_green_circle: Resolved: App launch is slow")
    assert [button["text"]["text"] for button in told["blocks"][2]["elements"]] == ["Open alert"]
    assert {"type": "mrkdwn", "text": "*Lasted*\n7 min"} in told["blocks"][1]["fields"]


def test_text_from_clients_is_shown_literally(message: Message) -> None:
    hostile = msgspec.structs.replace(message, labels={"release": "<!channel>\n<https://evil|x> & *b*"})
    told = payload(hostile)
    assert "<!channel>" not in told["text"]
    assert "&lt;!channel&gt; &lt;https://evil|x&gt; &amp; *b*" in told["text"]
    assert told["blocks"][0]["text"]["type"] == "plain_text"


def test_limits_of_block_kit(message: Message) -> None:
    long = msgspec.structs.replace(message, title="T" * 200, definition="<" * 5_000, instead_of="x" * 3_000)
    header, section, _, context = payload(long)["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(section["fields"]) <= 10
    assert all(len(field["text"]) <= 2_000 for field in section["fields"])
    assert len(context["elements"][0]["text"]) <= 3_000


async def test_posts_to_the_webhook(message: Message, receiver: Receiver) -> None:
    notifier = SlackNotifier(receiver.url, "#production-alerts", allow_private=True)
    await notifier.send(message)
    await notifier.close()
    assert receiver.requests[0].json == {"channel": "#production-alerts", **payload(message)}


async def test_a_private_address_needs_permission(message: Message, receiver: Receiver) -> None:
    notifier = SlackNotifier(receiver.url, "#x")
    with pytest.raises(TransportError):
        await notifier.send(message)
    await notifier.close()
    assert receiver.requests == []
