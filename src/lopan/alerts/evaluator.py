"""When a rule is looked at: at once when its events have been written, and every few seconds because windows slide.

Under load a rule rests after each evaluation, so that evaluating takes at most a tenth of the time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from sqlalchemy.exc import OperationalError

from lopan.alerts.registry import Observation
from lopan.alerts.rule import Rule
from lopan.analytics.metric import Filters, Measure, Span
from lopan.clock import Clock
from lopan.errors import LopanError

TICK = 5.0
SHORTEST_REST, LONGEST_REST = 0.05, 1.5
REST = 10.0
"""A rule rests this many times as long as its evaluation took."""

MOST_LABELS = 100
_log = logging.getLogger(__name__)


class Measures(Protocol):
    """Where figures come from; ``lopan.analytics`` answers these."""

    async def measure(self, name: str, span: Span, filters: Filters, /) -> Measure:
        """One figure; raises TryAgain while the store is busy."""
        ...

    async def measures(self, name: str, span: Span, by: str, /) -> dict[str, Measure]:
        """The figure for every value that the dimension took in the range, in one query."""
        ...


class Registered(Protocol):
    """What the evaluator needs of the registry, off the event loop."""

    async def apply(self, seen: Sequence[Observation]) -> None:
        """Advance the alerts of these observations."""
        ...

    async def labels(self, rule: str) -> list[dict[str, str]]:
        """Labels of the rule's open alerts."""
        ...


class _Turn(msgspec.Struct):
    """When a rule was and will be looked at, in monotonic seconds."""

    due: float
    rest_until: float = 0.0
    woken: bool = False


class _Moment:
    """The figures of one moment; rules that share KPI and window share the measuring."""

    def __init__(self, measures: Measures, at: datetime) -> None:
        self.at = at
        self._measures = measures
        self._known: dict[tuple[str, Span, Filters], Measure] = {}

    def span(self, rule: Rule) -> Span:
        return Span(self.at - timedelta(seconds=rule.window_s), self.at)

    async def measure(self, rule: Rule) -> Measure:
        key = rule.kpi, self.span(rule), Filters()
        if key not in self._known:
            self._known[key] = await self._measures.measure(*key)
        return self._known[key]


class Evaluator:
    """Measures the rules that are due and hands what it saw to the registry."""

    def __init__(self, rules: Sequence[Rule], measures: Measures, registry: Registered, clock: Clock) -> None:
        self._rules = rules
        self._measures = measures
        self._registry = registry
        self._clock = clock
        self._turns = {rule.id: _Turn(clock.monotonic()) for rule in rules}
        self._woken = asyncio.Event()
        self.failing: dict[str, str] = {}

    def wake(self, types: Collection[str]) -> None:
        """Events of these types can be read now: bring the rules that live on them forward."""
        now = self._clock.monotonic()
        for rule in self._rules:
            if not rule.events or not types or not set(rule.events).isdisjoint(types):
                turn = self._turns[rule.id]
                turn.due = min(turn.due, max(now, turn.rest_until))
                turn.woken = True
                self._woken.set()

    async def run(self) -> None:
        """Evaluate until cancelled."""
        while True:
            self._woken.clear()
            await self.evaluate()
            wait = min((turn.due for turn in self._turns.values()), default=TICK) - self._clock.monotonic()
            await _first(self._woken.wait, max(0.0, min(wait, TICK)))

    async def evaluate(self) -> list[str]:
        """One round over the rules that are due; returns their ids."""
        started = self._clock.monotonic()
        due = [rule for rule in self._rules if self._turns[rule.id].due <= started]
        woken = self._begin(due, started)
        moment = _Moment(self._measures, self._clock.now())
        seen = [observation for rule in due for observation in await self._observe(rule, moment)]
        await self._store(seen)
        ended = self._clock.monotonic()
        rest = min(LONGEST_REST, max(SHORTEST_REST, REST * (ended - started)))
        for name in woken:
            turn = self._turns[name]
            turn.rest_until = ended + rest
            turn.due = max(turn.due, turn.rest_until)
        return [rule.id for rule in due]

    def _begin(self, due: Sequence[Rule], now: float) -> list[str]:
        # Before the measuring, so that events which arrive during it bring the rule forward once more.
        woken = [rule.id for rule in due if self._turns[rule.id].woken]
        for rule in due:
            turn = self._turns[rule.id]
            turn.due, turn.woken = now + TICK, False
        return woken

    async def _store(self, seen: Sequence[Observation]) -> None:
        try:
            if seen:
                await self._registry.apply(seen)
        except OperationalError as error:
            # A locked or full disk: nothing was changed, and the next tick sees the same figures.
            _log.error("alerts can't be stored, trying again in %g s: %s", TICK, error.orig)

    async def _observe(self, rule: Rule, moment: _Moment) -> list[Observation]:
        try:
            if rule.by:
                seen = await self._split(rule, moment)
            else:
                seen = [Observation(rule, {}, await moment.measure(rule), moment.at)]
        except LopanError as error:
            # What can't be measured says nothing about the alert: it stays as it is until the next tick.
            if self.failing.get(rule.id) != str(error):
                _log.warning("rule %s can't be evaluated: %s", rule.id, error)
            self.failing[rule.id] = str(error)
            return []
        self.failing.pop(rule.id, None)
        return seen

    async def _split(self, rule: Rule, moment: _Moment) -> list[Observation]:
        """One observation a value, those with most samples first; an open alert whose value is gone has no data."""
        found = await self._measures.measures(rule.kpi, moment.span(rule), rule.by)
        values = sorted((value for value in found if value), key=lambda value: -found[value].n)
        if len(values) > MOST_LABELS:
            _log.warning("rule %s looks at the first %d of %d values of %s", rule.id, MOST_LABELS, len(values), rule.by)
        labels: list[dict[str, str]] = [{rule.by: value} for value in values[:MOST_LABELS]]
        labels += [extra for extra in await self._registry.labels(rule.id) if extra not in labels]
        nothing = Measure(None, 0)
        return [Observation(rule, one, found.get(one[rule.by], nothing), moment.at) for one in labels]


async def _first(wait: Callable[[], Awaitable[object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return
