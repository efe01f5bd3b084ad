"""A web application whose store is too busy to answer and from which no news come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from sqlalchemy import Engine

from lopan import catalog
from lopan.analytics.metric import Against, Filters, Metric, Span
from lopan.clock import Clock
from lopan.config import Config
from lopan.errors import TryAgain
from lopan.web.app import create_app
from lopan.web.parts import Parts


class Silence:
    """Stands where figures and news would come from; ``news`` wakes whoever listens."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    async def metric(
        self,
        name: str,
        span: Span,
        filters: Filters = Filters(),
        by: str = "",
        step: int | None = None,
        *,
        series: bool = True,
        against: Against | None = None,
        figure: bool = True,
    ) -> Metric:
        raise TryAgain("the store is busy")

    async def dimension_values(self, name: str, span: Span) -> list[str]:
        return []

    async def subscribe(self) -> AsyncIterator[object]:
        while True:
            await self.news.wait()
            self.news.clear()
            yield object()


def silent_app(engine: Engine, clock: Clock, silence: Silence | None = None) -> FastAPI:
    silence = silence or Silence()
    parts = Parts(
        config=Config(),
        clock=clock,
        engine=engine,
        catalog=catalog.load(),
        kpis=silence,
        commits=silence,
        changes=Silence(),
    )
    return create_app(parts)
