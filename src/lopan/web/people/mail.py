"""The report as a mail: text and HTML with the figures, the PDF attached, and a link that ends it with one click."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Final

import msgspec

from lopan.analytics.report import Report
from lopan.web import figures, render
from lopan.web.people import words

MOST: Final = 12
"""Lines of a section in the mail; the PDF has them all."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is written on the envelope: ``key`` makes the Message-ID, ``leave`` is the signed address to end it."""

    to: str
    sender: str
    key: str
    link: str
    leave: str


def subject(report: Report) -> str:
    """One line: what, and about when."""
    return f"Engagement report: {report.name}"


def compose(report: Report, letter: Letter, pdf: bytes, filename: str) -> EmailMessage:
    """The mail, with the same Message-ID in every attempt; RFC 8058 only where the address is https, as it demands."""
    host = letter.sender.rpartition("@")[2] or "localhost"
    out = EmailMessage()
    out["From"], out["To"], out["Subject"] = letter.sender, letter.to, subject(report)
    out["Date"] = report.made_at
    out["Message-ID"] = f"<report-{letter.key}@{host}>"
    out["Auto-Submitted"] = "auto-generated"
    out["List-Unsubscribe"] = f"<{letter.leave}>"
    if letter.leave.startswith("https://"):
        out["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    out.set_content(text(report, letter))
    out.add_alternative(html(report, letter), subtype="html")
    out.add_attachment(pdf, maintype="application", subtype="pdf", filename=filename)
    return out


def html(report: Report, letter: Letter) -> str:
    """The HTML part; everything is escaped."""
    return render.text("people/mail.html", context(report, letter))


def context(report: Report, letter: Letter) -> dict[str, object]:
    """What the body of the mail refers to."""
    return {"report": report, "letter": letter, "words": words, "subject": subject(report), "most": MOST}


def text(report: Report, letter: Letter) -> str:
    """The plain part."""
    lines = [
        subject(report),
        f"{words.days(report.dates)}, local days of {report.zone}",
        f"Compared with {report.before_name}: {words.days(report.before)}",
        f"For your {words.level(report)}",
    ]
    for section in report.sections:
        lines += ["", section.title.upper()]
        for one in section.figures[:MOST]:
            facts = [words.value(one), words.change(one), words.verdict(one), f"n {figures.count(one.n)}"]
            lines.append(f"{one.title}: {', '.join(filter(None, facts))}")
        if len(section.figures) > MOST:
            lines.append(f"{len(section.figures) - MOST} more are in the PDF.")
        if not section.figures:
            lines.append("Nothing came in about this.")
    lines += ["", "Definitions and intervals are in the PDF.", f"This report in Lopan: {letter.link}"]
    return "\n".join([*lines, f"Don't send it any more: {letter.leave}", ""])
