"""Slack: Block Kit through an incoming webhook, whose address is the secret."""

from __future__ import annotations

from typing import Any

import msgspec

from lopan.alerts.message import Message
from lopan.alerts.outgoing import Outgoing

_MARKS = {"critical": ":red_circle:", "warning": ":large_orange_circle:", "info": ":large_blue_circle:"}
_HEADER, _TEXT = 150, 2_900


class SlackNotifier:
    """Posts to one incoming webhook; ``channel`` matters to webhooks that may choose one."""

    def __init__(self, webhook: str, channel: str, allow_private: bool = False) -> None:
        self._webhook = webhook
        self._channel = channel
        self._outgoing = Outgoing(allow_private)

    async def send(self, message: Message) -> None:
        """Return once Slack has answered ok; raises TransportError."""
        body = msgspec.json.encode({"channel": self._channel, **payload(message)})
        await self._outgoing.post(self._webhook, body, {"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close kept connections."""
        await self._outgoing.close()


def payload(message: Message) -> dict[str, Any]:
    """The message as Block Kit, with ``text`` for notifications and screen readers."""
    mark = ":large_green_circle:" if message.kind == "resolved" else _MARKS[message.severity]
    facts = [{"type": "mrkdwn", "text": f"*{escape(name)}*\n{escape(text)}"} for name, text in message.facts]
    notes = "\n".join(escape(note) for note in message.notes)
    return {
        "text": escape(message.subject),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": f"{mark} {message.subject}"[:_HEADER]}},
            {"type": "section", "fields": facts},
            {"type": "actions", "elements": _buttons(message)},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": notes[:_TEXT]}]},
        ],
    }


def escape(text: str) -> str:
    """``text`` as Slack shows it literally: no mentions, links or entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _buttons(message: Message) -> list[dict[str, Any]]:
    buttons = [_button("Open alert", message.link)]
    if message.playbook_link and message.kind != "resolved":
        buttons.append(_button("Playbook", message.playbook_link))
    return buttons


def _button(text: str, url: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}
