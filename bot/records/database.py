"""The database: SQLite in the data folder, or PostgreSQL by its address when several processes share the work.

Its tables, and the one way to open it. Times are seconds since 1970, UTC. Nothing in it says who a person is: `who` is
a keyed hash, and an address to reply to is kept only while something is still to be sent there. A change of a table
is a new file in bot/records/migrations/versions/ and a new REVISION here.
"""

import asyncio
import functools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    JSON,
    URL,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from bot.errors import NewerDatabase, UnreadableDatabase

FILE = "hanoidx.db"
REVISION = "0003"  # of the schema that this program reads and writes
BUSY = 0.5  # seconds to wait while another process writes SQLite; one row takes it about a millisecond
P = ParamSpec("P")
T = TypeVar("T")
TOGETHER = 16  # calls in one transaction at most, lest the next ones wait long
OLDEST_SQLITE = (3, 35, 0)  # the first that knows RETURNING
_READING = {"hanoidx_reading": True}
_UPGRADE = 0x68616E6F6964  # the number of the lock under which PostgreSQL is upgraded

METADATA = MetaData()
VERSIONS = Table("alembic_version", MetaData(), Column("version_num", String))  # Alembic's own

RECEIPTS = Table(
    "receipts",
    METADATA,
    Column("answer_id", String, primary_key=True),
    Column("created", String, nullable=False),  # UTC
    Column("as_of_day", Date),
    Column("question", String, nullable=False),  # masked, as are the turns
    Column("turns", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("language", String, nullable=False),
    Column("text", String, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("suggestions", JSON, nullable=False),
    Column("hits", JSON, nullable=False),
    Column("confidence", Float),
    Column("timings", JSON, nullable=False),
    Column("snapshot_id", String),
    Column("generated", String),
    Column("conversation_id", Integer, index=True),  # where it was asked on a channel
)

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    Column("who", String, nullable=False),
    Column("memory", JSON, nullable=False),  # what the next message may refer to
    Column("waiting", Integer, nullable=False),  # messages not yet done with
    Column("served", Float, nullable=False),  # when a message of it was last taken up
    Column("due", Float, nullable=False),  # not before then
    Column("owner", String),  # the process that has taken it up
    Column("owned_until", Float, nullable=False),  # until it is free again whatever has become of that process
    Column("minute", Float, nullable=False),  # when the minute began in which `count` messages came
    Column("count", Integer, nullable=False),
    Column("doubtful", Boolean, nullable=False),  # a reply may not have arrived, and that has not been said yet
    UniqueConstraint("channel", "account", "who"),
)
Index(
    "conversations_waiting",
    CONVERSATIONS.c.served,
    postgresql_where=text("waiting > 0"),
    sqlite_where=text("waiting > 0"),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    Column("key", String, nullable=False),  # a keyed hash of the platform's own
    Column("conversation_id", Integer, ForeignKey("conversations.id")),  # NULL once the person's rows are erased
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", String, nullable=False),  # masked
    Column("chat", String),  # these four until it is done
    Column("reply_to", String),
    Column("click", String),
    Column("file", JSON(none_as_null=True)),
    Column("sent", Float, nullable=False),  # as the platform says
    Column("received", Float, nullable=False),
    Column("answer_id", String),
    UniqueConstraint("channel", "account", "key"),
)
Index(
    "inbox_waiting",
    INBOX.c.conversation_id,
    INBOX.c.id,
    postgresql_where=text("state = 'waiting'"),
    sqlite_where=text("state = 'waiting'"),
)

SENDS = Table(
    "sends",
    METADATA,
    Column("inbox_id", Integer, ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("state", String, nullable=False),  # pending, sent, unknown, failed
    Column("body", JSON),  # until it is no longer pending
    Column("attempted", Float),  # set before an attempt: pending with it means that the outcome may be unknown
    Column("finished", Float),
    Column("message_id", String),
    Column("error", String),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("answer_id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("verdict", String, nullable=False),  # "good" or "bad"
    Column("reason", String),
    Column("created", Float, nullable=False),
    Column("conversation_id", Integer, index=True),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("channel", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("access_token", String, nullable=False),
    Column("refresh_token", String, nullable=False),
    Column("expires", Float, nullable=False),
    Column("refreshed", Float, nullable=False),
    Column("refreshing_until", Float, nullable=False),  # one process refreshes at a time
    Column("seed", String, nullable=False),  # hash of the setting that the pair came from: another one starts anew
)


class Store:
    """The database as the event loop uses it: what is run is in a transaction, or none of it is.

    Each call has its own with PostgreSQL. With SQLite, whose writers would only wait for each other and each for the
    disk, one thread runs all that has come meanwhile and commits it at once; none returns before that.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._threads = ThreadPoolExecutor(1 if self._is_sqlite else 8, "database")
        self._first: SimpleQueue[_Call] = SimpleQueue()
        self._then: SimpleQueue[_Call] = SimpleQueue()

    async def run(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(self._then, lambda connection: work(connection, *args, **kwargs))

    async def run_first(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Before what was to be run already, because somebody outside waits for it."""
        return await self._run(self._first, lambda connection: work(connection, *args, **kwargs))

    async def _run(self, calls: "SimpleQueue[_Call]", work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        if not self._is_sqlite:
            return await loop.run_in_executor(self._threads, self._alone, work)
        call = _Call(work, loop.create_future())
        calls.put(call)
        loop.run_in_executor(self._threads, self._together, loop)
        result: T = await call.done
        return result

    def close(self) -> None:
        self._threads.shutdown()

    def _alone(self, work: Callable[..., T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def _together(self, loop: asyncio.AbstractEventLoop) -> None:
        queue = self._then if self._first.empty() else self._first
        calls = [queue.get() for _ in range(min(queue.qsize(), TOGETHER))]
        if not calls:
            return
        try:
            with self.engine.begin() as connection:
                run = _outcome if len(calls) > 1 else _result
                outcomes = [run(connection, call.work) for call in calls]
        except Exception as error:  # noqa: BLE001 - nobody's call is committed, and each hears of it
            outcomes = [_Raised(error)] * len(calls)
        loop.call_soon_threadsafe(_deliver, calls, outcomes)


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _result(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    return work(connection)


def _outcome(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    """What a call returns or raises; what it has written is undone if it raises."""
    savepoint = connection.begin_nested()
    try:
        result = work(connection)
    except Exception as error:
        raw: Any = connection.connection.dbapi_connection
        if not raw.in_transaction:  # SQLite has undone the calls before too, as when its disk is full
            raise
        savepoint.rollback()
        return _Raised(error)
    savepoint.commit()
    return result


def _deliver(calls: Sequence[_Call], outcomes: Sequence[Any]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        if call.done.cancelled():
            continue
        if isinstance(outcome, _Raised):
            call.done.set_exception(outcome.error)
        else:
            call.done.set_result(outcome)


def name(data: Path, url: str = "") -> str:
    """What to call the database to an operator: its file, or its address without a password."""
    if not url:
        return str(data / FILE)
    try:
        return _address(url).set(query={}).render_as_string()
    except ArgumentError:
        return "the database that HANOIDX_DATABASE_URL names"


def database(data: Path, url: str = "", wait: float = BUSY) -> Engine:
    """The database, its schema brought up to date. `wait` is how many seconds to wait while another process writes.

    Raises UnreadableDatabase or NewerDatabase.
    """
    try:
        if url:
            return _postgresql(url)
        file = data / FILE
        file.touch(mode=0o600)
        file.chmod(0o600)
        return _sqlite(file, file.stat().st_ino, wait)
    except (OSError, SQLAlchemyError) as error:
        raise unreadable(data, url, error) from error
    except ImportError as error:
        raise UnreadableDatabase(
            name(data, url), "psycopg is not installed", "run pip install 'psycopg[binary]'"
        ) from error


def unreadable(data: Path, url: str, error: Exception) -> UnreadableDatabase:
    if url:
        mend = "check that the server runs and that HANOIDX_DATABASE_URL is right"
        return UnreadableDatabase(name(data, url), reason(error), mend)
    return UnreadableDatabase(name(data), reason(error))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that waits for no writer, where the database is SQLite."""
    with engine.connect().execution_options(**_READING) as connection:
        yield connection


def writable(connection: Connection) -> None:
    """Write something that changes nothing; raises if that cannot be done."""
    connection.execute(update(VERSIONS).values(version_num=VERSIONS.c.version_num))


def reason(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        return " ".join(str(error.orig).split())
    return (isinstance(error, OSError) and error.strerror) or str(error)


@functools.cache
def _sqlite(file: Path, _inode: int, wait: float) -> Engine:
    """Its connections stay open while the file is the same: whoever closes the last one waits 20 ms for the disk."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise UnreadableDatabase(
            str(file),
            f"SQLite is {sqlite3.sqlite_version}, and {'.'.join(map(str, OLDEST_SQLITE))} or newer is needed",
            "use a Python that has it, or name a PostgreSQL database in HANOIDX_DATABASE_URL",
        )
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": wait, "check_same_thread": False},
        json_serializer=_json,
        hide_parameters=True,  # or errors, and so logs, would hold people's words
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return _up_to_date(engine, str(file), wait)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where _begin says so
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
    connection.execute("PRAGMA secure_delete = ON")  # what was erased is not in the file either


def _begin(connection: Connection) -> None:
    """At once for writing: a transaction that reads first and then writes could fail half way."""
    if not connection.get_execution_options().get("hanoidx_reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@functools.cache
def _postgresql(url: str) -> Engine:
    engine = create_engine(
        _address(url), pool_size=8, max_overflow=0, pool_pre_ping=True, json_serializer=_json, hide_parameters=True
    )
    return _up_to_date(engine, name(Path(), url))


def _address(url: str) -> URL:
    """Raises ArgumentError, in which there is no part of the address: it may be of the password."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = URL.create("")
    if address.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ArgumentError("it is no address like postgresql://user:password@host/database")
    return address.set(drivername="postgresql+psycopg")


def _up_to_date(engine: Engine, called: str, wait: float = BUSY) -> Engine:
    try:
        _bring_up_to_date(engine, called, wait)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _bring_up_to_date(engine: Engine, called: str, wait: float) -> None:
    if _is_current(engine, called):
        return
    if engine.dialect.name == "sqlite":
        _write_ahead(engine, wait)

    from alembic import command  # 0.1 s, once for each schema
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bot.records:migrations")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _write_ahead(engine: Engine, wait: float) -> None:
    """Let readers and a writer work side by side. SQLite's own waiting does not cover this change."""
    deadline = time.monotonic() + wait
    with reading(engine) as connection:
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                break
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _is_current(engine: Engine, called: str) -> bool:
    with reading(engine) as connection:
        if not inspect(connection).has_table(VERSIONS.name):
            return False
        found = connection.execute(select(VERSIONS.c.version_num)).scalar()
    if found and found > REVISION:
        raise NewerDatabase(called, found, REVISION)
    return bool(found == REVISION)


_json = functools.partial(json.dumps, ensure_ascii=False)
