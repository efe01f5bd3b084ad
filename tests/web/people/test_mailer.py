"""Reports really go out: a real SMTP server, a real process, killed in the middle and started again."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, select, update
from tests.conftest import ManualClock
from tests.served import Served
from tests.web.people import paper

from lopan.analytics.report import Report
from lopan.config import Config, Email, Notify
from lopan.control import reports, users
from lopan.control.database import open_database
from lopan.control.reports import issues, subscriptions
from lopan.errors import TryAgain
from lopan.web.parts import Parts
from lopan.web.people.mailer import Mailer

PASSWORD = "a quiet harbour"
LONG_AGO = datetime.now(UTC) - timedelta(days=15)


class Mailbox:
    """What a real SMTP server does with a mail; while ``holding`` it takes one and gives no answer."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = ""
        self.holding = False
        self.came = threading.Event()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.came.set()
        while self.holding:
            await asyncio.sleep(0.02)
        return self.refusal or "250 OK"


@contextmanager
def mailbox(port: int) -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[Served]:
    settings = (
        f'url = "https://lopan.example.org"\n[notify.email]\nhost = "127.0.0.1"\nport = {port}\ntls = false\n'
        'sender = "lopan@example.org"\n'
    )
    server = Served(tmp_path / "data", settings)
    with editing(server) as engine:
        users.add(engine, "ann@example.org", PASSWORD, ["operational"])
        users.add(engine, "bob@example.org", PASSWORD, ["technical"])
    yield server
    server.stop()


@contextmanager
def editing(server: Served) -> Iterator[Engine]:
    engine = open_database(server.root)
    yield engine
    engine.dispose()


def subscribed(engine: Engine, email: str, since: datetime = LONG_AGO) -> None:
    """Weekly, since ``since``: so long ago that two weeks were due meanwhile."""
    found = reports.subscribe(engine, email, "week", 0, 0)
    with engine.begin() as connection:
        connection.execute(update(subscriptions).where(subscriptions.c.id == found.id).values(since=since))


def states(server: Served) -> list[str]:
    with editing(server) as engine, engine.connect() as connection:
        return list(connection.scalars(select(issues.c.state).order_by(issues.c.id)))


def until(holds: Callable[[], object], server: Served) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


@pytest.mark.usefixtures("quick_hashing")
def test_a_report_goes_out_once_however_often_the_process_dies(server: Served, port: int) -> None:
    with editing(server) as engine:
        subscribed(engine, "ann@example.org")
        subscribed(engine, "bob@example.org")
    with mailbox(port) as box:
        box.holding = True
        server.start()
        until(box.came.is_set, server)
        server.kill()
        box.holding = False
    assert "sent" not in states(server)
    with mailbox(port) as again:
        server.start()
        until(lambda: "sent" in states(server), server)
        server.kill()
        server.start()
        until(lambda: "claimed" not in states(server), server)
        server.stop()
    (mail,) = again.mails
    assert mail["Message-ID"] == box.mails[0]["Message-ID"]
    # Of ann's two weeks the newer one is sent; bob sees nothing of the report, and gets nothing.
    assert sorted(states(server)) == ["dropped", "dropped", "dropped", "sent"]
    assert mail["To"] == "ann@example.org"
    assert mail["Subject"].startswith("Engagement report: Week ")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    leave = mail["List-Unsubscribe"].strip("<>")
    assert leave.startswith("https://lopan.example.org/report/leave/")
    for part in (plain.get_content(), rich.get_content()):
        assert leave in part
        assert "Feature adoption" in part or "FEATURE ADOPTION" in part
        assert "Satisfaction" not in part
        assert "SATISFACTION" not in part
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"lopan-report-week-{monday(mail).isoformat()}.pdf"
    text = pypdf.PdfReader(BytesIO(attached.get_content())).pages[0].extract_text()
    assert "access level operational" in text

    with editing(server) as engine:
        users.change(engine, "ann@example.org", ["technical"])
        subscribed(engine, "ann@example.org", LONG_AGO - timedelta(days=30))
    server.start()
    one_click(server, leave)
    assert httpx.get(server.url + leave.removeprefix("https://lopan.example.org")).status_code == 200
    with editing(server) as engine:
        assert reports.listing(engine, "ann@example.org") == []


class Desk:
    """A reporter that has the report at hand, or is busy."""

    def __init__(self) -> None:
        self.busy = False

    def today(self) -> date:
        return date(2026, 11, 25)

    async def report(self, *_: Any, **__: Any) -> Report:
        if self.busy:
            raise TryAgain("the store is busy", 3.0)
        return paper.report()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def mailer(engine: Engine, clock: ManualClock, port: int, desk: Desk, quick_hashing: None) -> Mailer:
    """Of a site in Berlin, for ann, who has subscribed; the report of the week before is due."""
    users.add(engine, "ann@example.org", PASSWORD, ["operational"])
    subscription = reports.subscribe(engine, "ann@example.org", "week", 0, 8 * 60, clock)
    clock.move(24 * 3_600)
    assert subscription.since < clock.now()
    notify = Notify(email=Email(host="127.0.0.1", port=port, tls=False, sender="lopan@example.org"))
    nothing: Any = None
    desk_: Any = desk
    return Mailer(
        Parts(
            config=Config(timezone="Europe/Berlin", notify=notify),
            clock=clock,
            engine=engine,
            catalog=nothing,
            kpis=nothing,
            commits=nothing,
            changes=nothing,
            reporter=desk_,
        )
    )


def state(engine: Engine) -> tuple[str, int, str]:
    (one,) = reports.history(engine, "ann@example.org")
    return one.state, one.attempts, one.note


async def test_what_the_server_says_decides(mailer: Mailer, engine: Engine, clock: ManualClock, port: int) -> None:
    await mailer.round()
    assert state(engine)[:2] == ("waiting", 1)
    assert "no connection" in state(engine)[2]
    await mailer.round()
    assert state(engine)[1] == 1
    clock.move(400)
    with mailbox(port) as box:
        box.refusal = "451 later"
        await mailer.round()
        assert state(engine)[:2] == ("waiting", 2)
        clock.move(400)
        box.refusal = ""
        await mailer.round()
        await mailer.round()
    assert state(engine) == ("sent", 3, "")
    assert len({mail["Message-ID"] for mail in box.mails}) == 1
    # One click works over https alone.
    assert box.mails[-1]["List-Unsubscribe"].startswith("<http://127.0.0.1")
    assert box.mails[-1]["List-Unsubscribe-Post"] is None


async def test_a_refusal_for_good_ends_it(mailer: Mailer, engine: Engine, port: int) -> None:
    with mailbox(port) as box:
        box.refusal = "550 no such person"
        await mailer.round()
    assert state(engine)[0] == "failed"
    assert "no such person" in state(engine)[2]


async def test_a_busy_store_is_asked_again_for_a_day(
    mailer: Mailer, engine: Engine, clock: ManualClock, desk: Desk
) -> None:
    desk.busy = True
    await mailer.round()
    assert state(engine) == ("waiting", 1, "the store is busy")
    clock.move(86_400)
    await mailer.round()
    assert state(engine) == ("failed", 2, "the store is busy")


async def test_who_left_or_may_see_nothing_gets_nothing(mailer: Mailer, engine: Engine, clock: ManualClock) -> None:
    users.change(engine, "ann@example.org", ["technical"])
    await mailer.round()
    assert state(engine) == ("dropped", 1, "the access level includes nothing of the report")
    reports.unsubscribe(engine, "ann@example.org", "week", clock)
    clock.move(7 * 86_400)
    await mailer.round()
    assert state(engine)[0] == "dropped"


async def test_a_clock_that_is_set_back_repeats_nothing(
    mailer: Mailer, engine: Engine, clock: ManualClock, port: int
) -> None:
    with mailbox(port) as box:
        for move in (0, -86_400, 86_400, 7 * 86_400, -7 * 86_400, 7 * 86_400):
            clock.move(move)
            await mailer.round()
    assert len(box.mails) == len({mail["Message-ID"] for mail in box.mails}) == 2


def monday(mail: EmailMessage) -> Any:
    number, year = re.findall(r"\d+", mail["Subject"])
    return datetime.strptime(f"{year} {number} 1", "%G %V %u").date()  # noqa: DTZ007


def one_click(server: Served, leave: str) -> None:
    """As a mail program does it: no cookie, no form of ours, RFC 8058's body."""
    path = leave.removeprefix("https://lopan.example.org")
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")
    assert httpx.post(server.url + forged, data={"List-Unsubscribe": "One-Click"}).status_code == 400
    assert httpx.get(server.url + path).status_code == 200
    with editing(server) as engine:
        assert len(reports.listing(engine, "ann@example.org")) == 1
    assert httpx.post(server.url + path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
