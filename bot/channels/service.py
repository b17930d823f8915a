"""What every way of serving shares: the database, the channels, the active snapshot, and the worker that answers.

`hanoidx serve` puts webhooks before it, `hanoidx telegram` and `hanoidx zalo` put polling before it. Both hand over
what people did with `receive`, which returns once it is stored.
"""

import asyncio
import contextlib
import dataclasses
import functools
import logging
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.channels import inbox, jobs, tokens
from bot.channels.admin import LARGEST_FILE, Office
from bot.channels.inbox import Queue, Work, hashed
from bot.channels.jobs import Ended, Jobs
from bot.channels.message import Channel, File, Inbound, NotFetched
from bot.channels.respond import Desk, Response, respond
from bot.channels.work import Worker
from bot.dialogue import Answer, Question, Receipt
from bot.errors import AlreadyServed
from bot.records.database import Store, database, reading, reason
from bot.records.receipts import select
from bot.settings import Settings, SettingsError
from corpus.intake.names import safe
from corpus.lock import alone
from index.errors import IndexingError
from index.snapshot import Snapshot, active

LOOK = 2.0  # seconds between two looks at which snapshot is active
COUNT = 1.0  # seconds between two counts of what waits
PURGE = 3600.0  # seconds between two deletions of what is too old
BUSY = 10.0  # seconds to wait while another process writes to SQLite
KEY_FILE = "secret"  # in the data folder
COMMAND = 120.0  # seconds that an admin waits for a short command
FETCH = 120.0  # seconds that a file may take to arrive

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """How questions are answered: `load` the active snapshot, `ask` a question of one, whom to ask instead.

    `environ`: what commands that are run for admins have to know besides the environment.
    """

    load: Callable[[], Snapshot]
    ask: Callable[[Question, Snapshot], Answer]
    contacts: Callable[[Snapshot], Answer]
    now: Callable[[], datetime]
    environ: Mapping[str, str] = field(default_factory=dict)


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
        self.jobs = Jobs(data, self.receive, answering.environ)
        self._answering = answering
        self._secret = secret
        self._channels = {(one.name, one.account): one for one in channels}
        self._admins = {  # the hashes that stand for them where they write to us alone
            hashed(secret, one.name, one.account, person, person)
            for one in channels
            for name, person in settings.admins
            if name == one.name
        }
        self._loop = asyncio.get_running_loop()

    async def receive(self, messages: Sequence[Inbound]) -> None:
        """Store what people did, all or nothing. Raises what the database raises; then the platform is to try again."""
        now = time.time()
        kept = [self._without_file(message) for message in messages]
        overload, admins = self._is_overloaded(), self._admins
        new = await self.store.run_first(_receive_all, kept, self._secret, now, overload=overload, admins=admins)
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
            group.create_task(self._resume())

    def _without_file(self, message: Inbound) -> Inbound:
        """Only admins' files are of use, and a file's name may say much of who has sent it."""
        is_admins = message.chat == message.person and (message.channel, message.person) in self.settings.admins
        return message if is_admins or not message.file else dataclasses.replace(message, file=None)

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
            office=self._office(work, snapshot) if work.who in self._admins else None,
        )
        return respond(work.message, work.conversation, desk)

    def _office(self, work: Work, snapshot: Snapshot) -> Office:
        """For an admin; used in a thread, which waits for what is done on the event loop."""
        message, who = work.message, f"{work.message.channel}:{work.who[:12]}"
        data = self.library.data

        def run(command: Sequence[str]) -> Ended:
            running = jobs.run(command, data, who, COMMAND, self._answering.environ)
            return asyncio.run_coroutine_threadsafe(running, self._loop).result()

        def start(command: Sequence[str], path: Path | None) -> None:
            clean_up = (lambda: shutil.rmtree(path.parent, ignore_errors=True)) if path else lambda: None
            begin = functools.partial(self.jobs.start, message, who, command, clean_up)
            asyncio.run_coroutine_threadsafe(_called(begin), self._loop).result()

        def fetch(file: File) -> Path:
            channel = self._channels[message.channel, message.account]
            if channel.fetch is None:
                raise NotFetched(f"{message.channel} delivers no files")
            fetching = asyncio.run_coroutine_threadsafe(channel.fetch(file, LARGEST_FILE), self._loop)
            try:
                content = fetching.result(FETCH)  # which does not cancel it: see bot/channels/zalo_bot.py, `request`
            except TimeoutError:
                raise NotFetched(f"it took more than {FETCH:.0f} seconds") from None
            path = Path(tempfile.mkdtemp(prefix="hanoidx-")) / (safe(file.name) or "tep")
            path.write_bytes(content)
            return path

        return Office(
            who=who,
            data=data,
            snapshot=snapshot,
            engine=self.store.engine,
            now=self._answering.now,
            run=run,
            start=start,
            is_running=self.jobs.is_running,
            find_job=self.jobs.find,
            fetch=fetch,
        )

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

    async def _resume(self) -> None:
        with contextlib.suppress(SQLAlchemyError, OSError):
            await self.jobs.resume()

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
            await service.jobs.close()
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


async def _called(function: Callable[[], object]) -> None:
    """A plain function, called on the event loop."""
    function()


def _receive_all(
    connection: Connection,
    messages: Sequence[Inbound],
    secret: bytes,
    now: float,
    *,
    overload: bool,
    admins: Collection[str],
) -> list[bool]:
    return [inbox.receive(connection, one, secret, now, overload=overload, admins=admins) for one in messages]


async def until_done(set_up: Callable[[], Awaitable[bool]]) -> None:
    """Call it again and again, after 5 seconds to 5 minutes, until it returns True."""
    wait = 5.0
    while not await set_up():
        await asyncio.sleep(wait)
        wait = min(2 * wait, 300.0)
