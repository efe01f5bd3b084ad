from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller

from lopan.alerts.message import Message
from lopan.alerts.notifier import TransportError
from lopan.alerts.notifiers.email import EmailNotifier, html, mail, text
from lopan.config import Email


class Mailbox:
    """What a real SMTP server does with a mail; ``refusal`` is its answer to a recipient or to the data."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse_to: dict[str, str] = {}
        self.refusal = ""

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse_to:
            return self.refuse_to[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusal:
            return self.refusal
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def settings(mailbox: Mailbox) -> Iterator[Email]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield Email(
        host="127.0.0.1", port=port, tls=False, sender="lopan@example.com", to=["a@example.com", "b@example.com"]
    )
    controller.stop()


async def test_a_mail_arrives_as_text_and_html(message: Message, settings: Email, mailbox: Mailbox) -> None:
    await EmailNotifier(settings, "").send(message)
    (got,) = mailbox.mails
    assert got["Subject"] == "Critical: App launch is slow (release 2.1.0), 3.21 s"
    assert (got["To"], got["X-Priority"]) == ("a@example.com, b@example.com", "1")
    plain, rich = got.get_body(("plain",)), got.get_body(("html",))
    assert plain is not None
    assert rich is not None
    for part in (plain.get_content(), rich.get_content()):
        for fact in (
            "3.21 s (95 %: 3.10 s to 3.33 s)",
            "1,842 in 5 min",
            "15 min",
            message.link,
            message.playbook_link,
        ):
            assert fact in part.replace("&amp;", "&")


def test_attempts_and_messages_of_one_alert_make_one_thread(message: Message) -> None:
    end = msgspec.structs.replace(message, id="f" * 32, kind="resolved")
    mails = [mail(one, "lopan@example.com", ["a@example.com"]) for one in (message, message, end)]
    assert mails[0]["Message-ID"] == mails[1]["Message-ID"] != mails[2]["Message-ID"]
    assert len({one["References"] for one in mails}) == 1


def test_text_from_clients_can_forge_neither_headers_nor_html(message: Message) -> None:
    hostile = msgspec.structs.replace(message, labels={"release": "1\r\nBcc: x@evil.example\r\n\r\n<script>"})
    forged = mail(hostile, "lopan@example.com", ["a@example.com"])
    assert forged["Bcc"] is None
    assert "<script>" not in html(hostile)
    assert "Bcc" in text(hostile).splitlines()[0]


@pytest.mark.parametrize(
    ("refusal", "permanent"),
    [pytest.param("550 no", True, id="5xx"), pytest.param("451 later", False, id="4xx")],
)
async def test_the_servers_answer_decides(
    message: Message, settings: Email, mailbox: Mailbox, refusal: str, permanent: bool
) -> None:
    mailbox.refusal = refusal
    with pytest.raises(TransportError, match=refusal.split()[1]) as raised:
        await EmailNotifier(settings, "").send(message)
    assert raised.value.permanent == permanent


async def test_one_good_recipient_is_enough(message: Message, settings: Email, mailbox: Mailbox) -> None:
    mailbox.refuse_to["a@example.com"] = "550 unknown"
    await EmailNotifier(settings, "").send(message)
    assert len(mailbox.mails) == 1
    mailbox.refuse_to["b@example.com"] = "450 busy"
    with pytest.raises(TransportError, match="unknown") as raised:
        await EmailNotifier(settings, "").send(message)
    assert not raised.value.permanent


async def test_tls_is_not_given_up_silently(message: Message, settings: Email, mailbox: Mailbox) -> None:
    with pytest.raises(TransportError, match="tls = false") as raised:
        await EmailNotifier(msgspec.structs.replace(settings, tls=True), "").send(message)
    assert raised.value.permanent
    assert mailbox.mails == []


async def test_nobody_listens(message: Message) -> None:
    with pytest.raises(TransportError, match="no connection") as raised:
        await EmailNotifier(Email(host="127.0.0.1", port=1, to=["a@example.com"]), "").send(message)
    assert (raised.value.permanent, raised.value.uncertain) == (False, False)
