"""E-mail over SMTP, as text and HTML; all messages of one alert make one thread."""

from __future__ import annotations

from email.message import EmailMessage
from html import escape

import aiosmtplib

from lopan.alerts.message import Message
from lopan.alerts.notifier import TransportError
from lopan.config import Email

TIMEOUT = 10.0
_IMPLICIT_TLS = 465


class EmailNotifier:
    """Sends through one SMTP server; ``tls`` means STARTTLS, or TLS from the start on port 465."""

    def __init__(self, settings: Email, password: str) -> None:
        self._settings = settings
        self._password = password

    async def send(self, message: Message) -> None:
        """Return once the server has taken the mail for at least one recipient; raises TransportError."""
        await deliver(mail(message, self._settings.sender, self._settings.to), self._settings, self._password)

    async def close(self) -> None:
        """Nothing is kept: pages are rare, and servers drop idle connections."""


async def deliver(made: EmailMessage, settings: Email, password: str) -> None:
    """Return once the server has taken the mail for at least one of its recipients; raises TransportError."""
    implicit = settings.tls and settings.port == _IMPLICIT_TLS
    try:
        await aiosmtplib.send(
            made,
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=password or None,
            use_tls=implicit,
            start_tls=settings.tls and not implicit,
            timeout=TIMEOUT,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = [f"{one.recipient}: {one.message}" for one in error.recipients]
        permanent = all(one.code >= 500 for one in error.recipients)
        raise TransportError(f"no recipient was accepted ({'; '.join(refused)})", permanent=permanent) from error
    except aiosmtplib.SMTPResponseException as error:
        raise TransportError(f"answered {error.code}: {error.message}", permanent=error.code >= 500) from error
    except (aiosmtplib.SMTPReadTimeoutError, aiosmtplib.SMTPServerDisconnected) as error:
        raise TransportError(f"connection broke: {error}", uncertain=True) from error
    except OSError as error:
        raise TransportError(f"no connection: {error}") from error
    except aiosmtplib.SMTPException as error:
        hint = "check [notify.email]; tls = false if the server has none"
        raise TransportError(f"{error} ({hint})", permanent=True) from error


def mail(message: Message, sender: str, to: list[str]) -> EmailMessage:
    """The message as a mail whose Message-ID is the same in every attempt."""
    host = sender.rpartition("@")[2] or "localhost"
    thread = f"<alert-{message.thread}@{host}>"
    out = EmailMessage()
    out["From"], out["To"], out["Subject"] = sender, ", ".join(to), message.subject
    out["Date"] = message.at
    out["Message-ID"] = f"<{message.id}@{host}>"
    out["In-Reply-To"] = out["References"] = thread
    out["Auto-Submitted"] = "auto-generated"
    out["X-Priority"] = "1" if message.severity == "critical" and message.kind != "resolved" else "3"
    out.set_content(text(message))
    out.add_alternative(html(message), subtype="html")
    return out


def text(message: Message) -> str:
    """The plain part."""
    lines = [message.subject, "", *(f"{name}: {value}" for name, value in message.facts), "", f"Alert: {message.link}"]
    if message.playbook_link:
        lines.append(f"Playbook: {message.playbook_title}, {message.playbook_link}")
    return "\n".join([*lines, "", *message.notes, ""])


def html(message: Message) -> str:
    """The HTML part; everything that is not ours is escaped."""
    rows = "".join(
        f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in message.facts
    )
    links = f'<a href="{escape(message.link)}">Open alert</a>'
    if message.playbook_link:
        links += f' · <a href="{escape(message.playbook_link)}">{escape(message.playbook_title)}</a>'
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in message.notes)
    return (
        f'<html><body style="font-family: sans-serif"><h2>{escape(message.subject)}</h2>'
        f'<table cellpadding="4">{rows}</table><p>{links}</p>{notes}</body></html>'
    )
