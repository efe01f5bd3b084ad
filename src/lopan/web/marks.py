"""Marks on charts over time: releases, which appear by themselves, and what people and deployment scripts annotate."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

import anyio.to_thread
import msgspec

from lopan.analytics.metric import Against, Filters, Span
from lopan.analytics.releases import Release
from lopan.control import annotation
from lopan.control.annotation import Annotation
from lopan.control.principal import Principal
from lopan.web import access
from lopan.web.parts import Parts

MOST: Final = 100
"""Marks of one page, the newest ones: more would be neither legible nor light."""


class Mark(msgspec.Struct, frozen=True):
    """One mark, numbered by time from 1 as on the charts; ``id`` 0 = a release that appeared by itself."""

    number: int
    at: datetime
    text: str
    scope: str = ""
    author: str = ""
    id: int = 0
    removable: bool = False


async def of(
    parts: Parts, principal: Principal, span: Span, filters: Filters, against: Against | None = None
) -> list[Mark]:
    """Marks of the range, of the project and the releases that are looked at, by time."""
    other = against.filters.release if against else filters.release
    releases = tuple(sorted({filters.release, other})) if filters.release and other else ()
    project = int(filters.project) if filters.project.isdecimal() else None
    read = partial(annotation.within, parts.engine, span.start, span.end, project, releases)
    told = [_told(one, principal) for one in await anyio.to_thread.run_sync(read)]
    known = await parts.releases.known() if parts.releases else []
    seen = [_seen(one) for one in known if _shown(one, span, project, releases)]
    ordered = sorted([*told, *seen], key=lambda mark: (mark.at, mark.id))[-MOST:]
    return [msgspec.structs.replace(mark, number=number) for number, mark in enumerate(ordered, 1)]


def _told(one: Annotation, principal: Principal) -> Mark:
    named = {"project": one.project_id, "release": one.release}
    scope = ", ".join(f"{name} {value}" for name, value in named.items() if value)
    removable = access.may_annotate(principal) and access.owns(principal, one.author)
    return Mark(0, one.at, one.text, scope, one.author, one.id, removable)


def _seen(one: Release) -> Mark:
    return Mark(0, one.first, f"Release {one.release}")


def _shown(one: Release, span: Span, project: int | None, releases: tuple[str, ...]) -> bool:
    if not span.start <= one.first < span.end or project not in (None, one.project):
        return False
    return not releases or one.release in releases
