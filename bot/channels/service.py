"""What every way of serving shares: the database, the channels, the active snapshot, and the worker that answers.

`hanoidx serve` puts webhooks before it, `hanoidx telegram` and `hanoidx zalo` put polling before it. Both hand over
what people did with `receive`, which returns once it is stored.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.channels import inbox, tokens
from bot.channels.inbox import Queue, Work
from bot.channels.message import Channel, Inbound
from bot.channels.respond import Desk, Response, respond
from bot.channels.work import Worker
from bot.database import Store, database, reading, reason
from bot.dialogue import Answer, Question, Receipt
from bot.errors import AlreadyServed
from bot.receipts import select
from bot.settings import Settings, SettingsError
from corpus.lock import alone
from index.errors import IndexingError
from index.snapshot import Snapshot, active

LOOK = 2.0  # seconds between two looks at which snapshot is active
COUNT = 1.0  # seconds between two counts of what waits
PURGE = 3600.0  # seconds between two deletions of what is too old
BUSY = 10.0  # seconds to wait while another process writes to SQLite
KEY_FILE = "secret"  # in the data folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """How questions are answered: `load` the active snapshot, `ask` a question of one, whom to ask instead."""

    load: Callable[[], Snapshot]
    ask: Callable[[Question, Snapshot], Answer]
    contacts: Callable[[Snapshot], Answer]
    now: Callable[[], datetime]


@dataclass(slots=True)
class Library:
    """The active snapshot, taken up between two questions when it changes. `trouble`: why there is none, or not it."""

    data: Path
    load: Callable[[], Snapshot]
    snapshot: Snapshot | None = None
    trouble: str = "no snapshot has been loaded yet"
    _failed: tuple[str | None, str] = field(default=(None, ""), repr=False)

    def refresh(self) -> None:
        """Load the active snapshot, unless it is loaded; one that cannot be is told once and leaves the one in use."""
        wanted = active(self.data)
        if self.snapshot and wanted in (self.snapshot.id, None):
            return
        try:
            self.snapshot = self.load()
        except (IndexingError, OSError) as error:
            self.trouble = str(error)
            if self._failed != (wanted, self.trouble):
                logger.warning("questions wait: %s" if self.snapshot is None else "%s", self.trouble)
            self._failed = (wanted, self.trouble)
            return
        self.trouble, self._failed = "", (None, "")
        metrics.SNAPSHOT.clear()
        metrics.SNAPSHOT.labels(self.snapshot.id).set(1)
        logger.info("snapshot %s answers", self.snapshot.id)


class Service:
    """Stores what people did and has it answered. Use `open_service`."""

    def __init__(
        self,
        settings: Settings,
        data: Path,
        store: Store,
        channels: Sequence[Channel],
        answering: Answering,
        secret: bytes,
    ) -> None:
        self.settings = settings
        self.store = store
        self.library = Library(data, answering.load)
        self.worker = Worker(store, channels, self._respond, lambda: self.library.snapshot is not None)
        self.queue = Queue(0, 0.0)
        self.last_received: dict[str, float] = {}
        self._answering = answering
        self._secret = secret

    async def receive(self, messages: Sequence[Inbound]) -> None:
        """Store what people did, all or nothing. Raises what the database raises; then the platform is to try again."""
        now = time.time()
        new = await self.store.run_first(_receive_all, messages, self._secret, now, overload=self._is_overloaded())
        for message, is_new in zip(messages, new, strict=True):
            self.last_received[message.channel] = now
            if is_new:
                metrics.MESSAGES.labels(message.channel, message.kind.value).inc()
            else:
                metrics.REPEATED.labels(message.channel).inc()
        self.queue = Queue(self.queue.depth + sum(new), self.queue.age)
        if any(new):
            self.worker.wake()

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.worker.run())
            group.create_task(self._look())
            group.create_task(self._count())
            group.create_task(self._purge())

    def _is_overloaded(self) -> bool:
        return self.queue.depth >= self.settings.queue_limit

    def _respond(self, work: Work) -> Response:
        snapshot = self.library.snapshot
        assert snapshot, "the worker takes nothing up before there is one"
        desk = Desk(
            ask=lambda question: self._answering.ask(question, snapshot),
            contacts=lambda: self._answering.contacts(snapshot),
            find=lambda answer_id: self._find(answer_id, work.conversation_id),
            now=self._answering.now,
            days=self.settings.days,
        )
        return respond(work.message, work.conversation, desk)

    def _find(self, answer_id: str, conversation_id: int) -> Receipt | None:
        with reading(self.store.engine) as connection:
            return select(connection, answer_id, conversation_id)

    async def _look(self) -> None:
        while True:
            had = self.library.snapshot
            await asyncio.to_thread(self.library.refresh)
            if self.library.snapshot is not had:
                self.worker.wake()
            await asyncio.sleep(LOOK)

    async def _count(self) -> None:
        while True:
            with contextlib.suppress(SQLAlchemyError):  # the worker tells of it
                self.queue = await asyncio.to_thread(self._queue)
                metrics.DEPTH.set(self.queue.depth)
                metrics.AGE.set(self.queue.age)
            await asyncio.sleep(COUNT)

    def _queue(self) -> Queue:
        with reading(self.store.engine) as connection:
            return inbox.queue(connection, time.time())

    async def _purge(self) -> None:
        while True:
            try:
                count = await self.store.run(inbox.purge, time.time() - self.settings.days * 86400)
                if count:
                    logger.info("%d rows older than %d days were deleted", count, self.settings.days)
            except SQLAlchemyError as error:
                logger.warning("what is older than %d days could not be deleted: %s", self.settings.days, reason(error))
            await asyncio.sleep(PURGE)


@asynccontextmanager
async def open_store(settings: Settings, data: Path) -> AsyncIterator[Store]:
    data.mkdir(parents=True, exist_ok=True)
    store = Store(database(data, settings.database_url, BUSY))
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def open_service(
    settings: Settings, data: Path, store: Store, channels: Sequence[Channel], answering: Answering
) -> AsyncIterator[Service]:
    """The service of these channels; with SQLite, the only one of each on this data folder."""
    secret = secret_key(settings, data)
    with ExitStack() as locks:
        if not settings.database_url:
            for channel in channels:
                locks.enter_context(alone(data / f"{channel.name}-{channel.account}.lock", AlreadyServed))
            with contextlib.suppress(SQLAlchemyError):  # then what a crash left is free again when its lease ends
                accounts = [(channel.name, channel.account) for channel in channels]
                await store.run(inbox.release, accounts)
                await store.run(tokens.free, accounts)
        service = Service(settings, data, store, channels, answering, secret)
        task = asyncio.create_task(service.run())
        try:
            yield service
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def secret_key(settings: Settings, data: Path) -> bytes:
    """The key of the hashes that stand for people: the setting, or what is kept in the data folder, made if need be."""
    if settings.secret:
        return settings.secret.encode()
    if settings.database_url:
        raise SettingsError(
            "HANOIDX_DATABASE_URL is set, but not HANOIDX_SECRET, which all servers of one database have to share; "
            "draw it once, like with `openssl rand -hex 32`"
        )
    file = data / KEY_FILE
    if not file.exists():
        made = data / f"{KEY_FILE}.{secrets.token_hex(6)}"
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was faster: its key holds
            file.hardlink_to(made)
        made.unlink()
    return file.read_bytes()


def _receive_all(
    connection: Connection, messages: Sequence[Inbound], secret: bytes, now: float, *, overload: bool
) -> list[bool]:
    return [inbox.receive(connection, message, secret, now, overload=overload) for message in messages]


async def until_done(set_up: Callable[[], Awaitable[bool]]) -> None:
    """Call it again and again, after 5 seconds to 5 minutes, until it returns True."""
    wait = 5.0
    while not await set_up():
        await asyncio.sleep(wait)
        wait = min(2 * wait, 300.0)
