"""One broker listened to: subscribed, nodes asked for a rebirth where something is missing, reconnected when lost."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiomqtt
from sqlalchemy import Engine

from lopan import config
from lopan.clock import Clock
from lopan.config import MqttConnection
from lopan.connect.load import Loader
from lopan.connect.mqtt import machines, payload
from lopan.connect.mqtt.keep import Keep
from lopan.connect.mqtt.session import NAMESPACE, Session, read_topic
from lopan.control import pulls
from lopan.errors import ConfigError, LopanError, Rejected

_LOAD_SECONDS, _COUNTS_SECONDS = 1.0, 30.0
_ASK_AGAIN_SECONDS = 30.0
_SILENT_SECONDS = 60.0
_FIRST_RETRY, _LAST_RETRY = 2.0, 120.0
_MOST_WAITING = 100_000
log = logging.getLogger(__name__)


class Listen:
    """Belongs to one event loop. Raises ConfigError when the connection can't ever work."""

    PART: Final = "sparkplug"
    LATE: Final = timedelta(seconds=_COUNTS_SECONDS * 4)
    """A broker that has not been noted as well for so long is not."""

    def __init__(
        self, engine: Engine, loader: Loader, clock: Clock, connection: MqttConnection, operator: Path
    ) -> None:
        self.connection = connection
        self._engine, self._clock = engine, clock
        self._password = config.secret(connection.password)
        self._context = _context(connection)
        self._keep = Keep(engine, loader, clock, connection.name, machines.load(operator, connection.machines))
        self._asked: dict[str, float] = {}
        self._refused = 0
        self._taken = 0

    async def run(self) -> None:
        """Listen until cancelled; what was heard by then is loaded."""
        wait = _FIRST_RETRY
        while True:
            connected = self._clock.monotonic()
            try:
                await self._listen()
            except (aiomqtt.MqttError, OSError) as error:
                await self._fail(str(error) or type(error).__name__)
            if self._clock.monotonic() - connected > _LAST_RETRY:
                wait = _FIRST_RETRY
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LAST_RETRY)

    async def _listen(self) -> None:
        one = self.connection
        async with aiomqtt.Client(
            one.host,
            one.port or (8883 if one.tls else 1883),
            username=one.user or None,
            password=self._password or None,
            tls_context=self._context,
            keepalive=30,
            timeout=10,
            max_queued_incoming_messages=_MOST_WAITING,
        ) as client:
            for group in one.groups or ["+"]:
                await client.subscribe([(f"{NAMESPACE}/{group}/+/+", 0), (f"{NAMESPACE}/{group}/+/+/+", 0)])
            await self._note()
            born = set[str]()
            for edge in self._keep.edges:
                await self._ask(client, edge)
            work = [
                asyncio.create_task(self._follow(client, born), name=f"{one.name} messages"),
                asyncio.create_task(self._load(born, set(self._keep.edges)), name=f"{one.name} facts"),
            ]
            try:
                done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                await asyncio.shield(self._bring())
            for task in done:
                task.result()

    async def _follow(self, client: aiomqtt.Client, born: set[str]) -> None:
        session = Session()
        async for message in client.messages:
            await self._hear(client, session, message, born)

    async def _bring(self) -> None:
        """Load what has changed; what can't be loaded now is kept for the next time."""
        taken = self._keep.take()
        try:
            self._taken += await asyncio.to_thread(self._keep.load, taken)
        except LopanError as error:
            self._keep.put_back(taken)
            await self._fail(str(error))
        except asyncio.CancelledError:
            # Whether its thread gets to the end nobody learns; what is loaded twice is loaded once.
            self._keep.put_back(taken)
            raise
        else:
            await self._note()

    async def _hear(self, client: aiomqtt.Client, session: Session, message: aiomqtt.Message, born: set[str]) -> None:
        topic = read_topic(str(message.topic))
        if topic is None or not isinstance(message.payload, bytes):
            return
        try:
            heard = session.hear(topic, payload.decode(message.payload))
        except Rejected as error:
            self._refused += 1
            log.warning("%s: a message of %s was refused: %s", self.connection.name, topic.path, error)
            return
        if heard.born:
            born.add(topic.edge)
        self._keep.hear(heard, self._now())
        if heard.rebirth is not None:
            await self._ask(client, heard.rebirth.edge)

    async def _ask(self, client: aiomqtt.Client, edge: str) -> None:
        """Ask a node for everything anew, not too often: it may be unable to."""
        now = self._clock.monotonic()
        if now - self._asked.get(edge, -_ASK_AGAIN_SECONDS) >= _ASK_AGAIN_SECONDS:
            self._asked[edge] = now
            group, node = edge.split("/")
            await client.publish(f"{NAMESPACE}/{group}/NCMD/{node}", payload.rebirth(self._now()))

    async def _load(self, born: set[str], before: set[str]) -> None:
        """Load what has changed: states within a second, counts alone a few times a minute."""
        began = counted = self._clock.monotonic()
        while True:
            await asyncio.sleep(_LOAD_SECONDS)
            now = self._clock.monotonic()
            if before and now - began > _SILENT_SECONDS:
                # Known from before, asked for a rebirth, and silent: they went while nobody listened.
                for edge in before - born:
                    self._keep.lose(edge)
                before = set()
            if self._keep.urgent() or now - counted > _COUNTS_SECONDS:
                counted = now
                await self._bring()

    async def _note(self) -> None:
        at = self._clock.now()

        def work() -> None:
            known = pulls.get(self._engine, self.connection.name, self.PART)
            pulls.keep(self._engine, pulls.succeeded(
                known, at, watermark="", taken=self._taken, refused=self._refused, compared_at=None
            ))  # fmt: skip
            self._taken = 0

        await asyncio.to_thread(work)

    async def _fail(self, error: str) -> None:
        said = error.replace(self._password, "***") if self._password else error
        log.warning("%s: %s", self.connection.name, said)

        def work() -> None:
            known = pulls.get(self._engine, self.connection.name, self.PART)
            pulls.keep(self._engine, pulls.failed(known, self._clock.now(), said))

        await asyncio.to_thread(work)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1_000)


def _context(connection: MqttConnection) -> ssl.SSLContext | None:
    if not connection.tls:
        return None
    try:
        return ssl.create_default_context(cafile=connection.ca or None)
    except OSError as error:
        raise ConfigError(f"connect.mqtt {connection.name}: ca {connection.ca}: {error.strerror}") from None
