"""The Report page and its API: one period against the one before, for the reader's groups, on screen and paper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from lopan.analytics import period
from lopan.analytics.audience import Audience
from lopan.analytics.calendar import DAY
from lopan.analytics.metric import Filters
from lopan.analytics.period import KINDS, Kind, Period
from lopan.analytics.report import Report
from lopan.analytics.reporter import Reporter
from lopan.control import projects
from lopan.control.principal import Principal
from lopan.errors import GiveUp, Rejected
from lopan.web import access, api, export, navigation, performance, render, toolbar
from lopan.web.auth import signed_in
from lopan.web.marks import Mark
from lopan.web.parts import Parts, parts_of
from lopan.web.people import frame, mail, mailing, report_files, words
from lopan.web.people.mail import Letter
from lopan.web.people.report_schema import ReportModel

Reader = Annotated[Principal, Depends(signed_in)]
Form = Literal["json", "csv", "parquet", "pdf"]
FORMS: Final[dict[Form, str]] = {"pdf": "PDF", "csv": "CSV", "parquet": "Parquet", "json": "JSON"}
OLDEST: Final = date(2000, 1, 1)

router = APIRouter(include_in_schema=False)
machines = APIRouter(prefix="/api/v1", tags=["v1"], responses=api.PROBLEMS)


class Asked(msgspec.Struct, frozen=True):
    """Which period, of which project ('' = all); one that is not ``fixed`` is the last that is over, and moves on."""

    period: Period
    project: str = ""
    fixed: bool = True

    def address(self, kind: str = "", **changes: str) -> str:
        """The query string that leads here; another ``kind`` of period leads to its last one that is over."""
        values: dict[str, str] = {"period": kind or self.period.kind, "project": self.project}
        if not kind and self.fixed:
            values["day"] = self.period.dates.last.isoformat()
        return urlencode({name: value for name, value in (values | changes).items() if value})

    def at(self, about: Period) -> str:
        """The query string of another period."""
        return self.address(day=about.dates.last.isoformat())


class Course(msgspec.Struct, frozen=True):
    """The line of daily users and that of the period before, in a box of 100 x 100; ``most`` is its top.

    ``marks``: what is marked on charts, with the place of its day.
    """

    line: str
    before: str
    most: int
    marks: list[tuple[float, str]]


@router.get("/report")
async def page(request: Request, reader: Reader) -> Response:
    """The engagement report of a week, 28 days, a month or a quarter, within the reader's access level."""
    navigation.require(reader, navigation.REPORT)
    parts = parts_of(request)
    asked = parse(request.query_params, reporter(parts).today())
    moments = frame.span(asked.period.dates, parts)
    tools, report, known, alerts, mails = await asyncio.gather(
        toolbar.around(request, reader, navigation.REPORT, asked.address(), moments, Filters(project=asked.project)),
        load(parts, reader, asked),
        anyio.to_thread.run_sync(projects.listing, parts.engine),
        performance.active_alerts(parts, reader),
        mailing.panel(parts, reader),
    )
    context = {
        "report": report,
        "asked": asked,
        "today": reporter(parts).today(),
        "kinds": KINDS,
        "forms": FORMS,
        "words": words,
        "course": course(report, tools.marks),
        "projects": known,
        "mails": mails,
        "tools": tools,
        "choices": {},
        "firing": performance.firing(alerts),
    }
    return render.page(request, "people/report.html", context, principal=reader)


@router.get("/report/preview")
async def preview(request: Request, reader: Reader, every: Kind = "week") -> Response:
    """The mail that the reader would get about the last week or month, as it would look."""
    navigation.require(reader, navigation.REPORT)
    parts = parts_of(request)
    asked = parse({"period": "month" if every == "month" else "week"}, reporter(parts).today())
    report, alerts = await asyncio.gather(load(parts, reader, asked), performance.active_alerts(parts, reader))
    url, sender = parts.config.public_url, parts.config.notify.email.sender
    here = f"{url}/report?{asked.address()}"
    letter = Letter(to=reader.name, sender=sender, key="", link=here, leave=f"{url}/report#mails")
    context = {
        **mail.context(report, letter),
        "plain": mail.text(report, letter),
        "attached": f"lopan-{report_files.filename(report)}.pdf",
        "asked": asked,
        "firing": performance.firing(alerts),
    }
    return render.page(request, "people/preview.html", context, principal=reader)


@machines.get("/report", response_model=ReportModel)
async def machine(
    request: Request,
    asker: Reader,
    kind: Annotated[Kind, Query(alias="period", description="What the report is about.")] = "week",
    day: Annotated[str, Query(description="A local day of the period, ISO 8601; empty = the last that is over.")] = "",
    project: Annotated[str, Query(description="Only the project of this number.")] = "",
    form: Annotated[Form, Query(alias="format", description="Files hold one row a figure.")] = "json",
) -> Response:
    """The engagement report, with the sections that your access groups include; as JSON or as a file."""
    navigation.require(asker, navigation.REPORT)
    parts = parts_of(request)
    asked = parse({"period": kind, "day": day, "project": project}, reporter(parts).today())
    report = await load(parts, asker, asked)
    if form == "pdf":
        return _download(await parts.printer.pdf(report), report)
    if form == "json":
        return api.answer(request, report_files.view(report))
    return await export.answer(request, report_files.table(report), form)


def parse(params: Mapping[str, str], today: date) -> Asked:
    """Read period, day and project; raises Rejected naming the parameter."""
    named = params.get("period") or "week"
    kind = next((one for one in KINDS if one == named), None)
    if kind is None:
        raise Rejected("period", f"there are {', '.join(KINDS)}, not {named[:20]!r}")
    project = params.get("project", "")
    _ = Audience(project=project[:20]).number
    text = params.get("day", "")
    if not text:
        return Asked(period.latest(kind, today), project, fixed=False)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Rejected("day", f"expected a date like 2026-11-22; got {text[:40]!r}") from None
    about = period.of(kind, day) if OLDEST <= day <= today + 92 * DAY else None
    if about is None or about.dates.first > today:
        raise Rejected("day", f"the period of {day} has not begun or lies before {OLDEST:%Y}; choose another day")
    return Asked(about, project)


async def load(parts: Parts, reader: Principal, asked: Asked) -> Report:
    """The report as ``reader`` may see it."""
    groups, level = access.groups_of(reader), ", ".join(sorted(reader.levels))
    return await reporter(parts).report(asked.period, groups, level, Audience(project=asked.project))


def reporter(parts: Parts) -> Reporter:
    """What makes reports; raises GiveUp where the composition root left it out."""
    if parts.reporter is None:
        raise GiveUp("this Lopan was started without reports")
    return parts.reporter


def course(report: Report, marked: Sequence[Mark] = ()) -> Course | None:
    """The geometry of the chart; None with fewer than two days."""
    if len(report.course) < 2:
        return None
    most = max(1, *(max(day.users, day.before or 0) for day in report.course))
    last = len(report.course) - 1
    step = 100 / last
    height = partial(_height, most=most)
    before = [(index, day.before) for index, day in enumerate(report.course) if day.before is not None]
    return Course(
        line=" ".join(f"{index * step:.2f},{height(day.users)}" for index, day in enumerate(report.course)),
        before=" ".join(f"{index * step:.2f},{height(users)}" for index, users in before),
        most=most,
        marks=[(round(place * step, 2), mark.text) for mark in marked if 0 <= (place := _day(mark, report)) <= last],
    )


def _day(mark: Mark, report: Report) -> int:
    """On which day of the report it lies, 0 = the first."""
    return (mark.at.astimezone(ZoneInfo(report.zone)).date() - report.dates.first).days


def _height(users: int, most: int) -> str:
    return f"{100 * (1 - users / most):.2f}"


def _download(body: bytes, report: Report) -> Response:
    name = f"lopan-{report_files.filename(report)}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/pdf")
