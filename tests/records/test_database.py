"""The database: how it comes to its schema from every earlier one, who may not open it, and what a transaction is."""

import asyncio
import json
import os
import pwd
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from bot.dialogue import Status
from bot.errors import NewerDatabase, UnreadableDatabase
from bot.records.database import (
    FEEDBACK,
    FILE,
    INBOX,
    METADATA,
    REVISION,
    SENDS,
    VERSIONS,
    Store,
    database,
    name,
    reading,
    writable,
)
from bot.records.receipts import find

ROOT = Path(__file__).parents[2]
STEPS = Config()
STEPS.set_main_option("script_location", "bot.records:migrations")
SCRIPTS = ScriptDirectory.from_config(STEPS)
EARLIER = [step.revision for step in SCRIPTS.walk_revisions() if step.revision != REVISION]

# As hanoidx 0.1 made its database, before there was Alembic.
VERSION_1 = """
CREATE TABLE receipts (
    answer_id VARCHAR NOT NULL,
    created VARCHAR NOT NULL,
    as_of_day DATE,
    question VARCHAR NOT NULL,
    turns JSON NOT NULL,
    status VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    citations JSON NOT NULL,
    suggestions JSON NOT NULL,
    hits JSON NOT NULL,
    confidence FLOAT,
    timings JSON NOT NULL,
    snapshot_id VARCHAR,
    generated VARCHAR,
    PRIMARY KEY (answer_id)
);
PRAGMA user_version = 1;
"""
OLD = {
    "answer_id": "0123456789ab",
    "created": "2026-03-01T02:03:04.000005+00:00",
    "as_of_day": "2026-03-01",
    "question": "Phường Hoàn Kiếm ở đâu?",
    "turns": '["Hà Nội có bao nhiêu xã, phường?"]',
    "status": "small_talk",
    "language": "vi",
    "text": "Chào anh/chị!",
    "citations": "[]",
    "suggestions": '["Nộp hồ sơ ở đâu?"]',
    "hits": "[]",
    "timings": '{"search": 1.5, "compose": 0.5, "total": 2.0}',
}

# --- How a database comes to its schema ---------------------------------------------------------------------------


def test_the_revision_of_the_program_is_that_of_the_last_step() -> None:
    assert SCRIPTS.get_heads() == [REVISION]


def test_a_new_database_has_exactly_the_tables_that_the_program_knows(engine: Engine) -> None:
    assert differences(engine) == []
    assert version(engine) == REVISION


@pytest.mark.parametrize("revision", EARLIER)
def test_a_database_of_any_earlier_revision_is_brought_up_to_date(
    revision: str, store_url: str, tmp_path: Path
) -> None:
    bring_to(revision, tmp_path, store_url)
    with opened(tmp_path, store_url) as engine:
        assert (differences(engine), version(engine)) == ([], REVISION)
        kept = find(OLD["answer_id"], tmp_path, store_url)
    assert kept
    assert kept.question.turns == ("Hà Nội có bao nhiêu xã, phường?",)


def test_a_database_from_before_alembic_keeps_its_receipts(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    kept = find(OLD["answer_id"], tmp_path)
    assert kept
    assert (kept.created.isoformat(), kept.question.text) == (OLD["created"], OLD["question"])
    assert (kept.as_of_day and kept.as_of_day.isoformat(), kept.status) == (OLD["as_of_day"], Status.SMALL_TALK)
    assert (kept.suggestions, kept.timings.total) == (("Nộp hồ sơ ở đâu?",), 2.0)
    with opened(tmp_path) as engine:
        assert differences(engine) == []


def test_the_program_that_wrote_version_1_still_writes_it_after_the_upgrade(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as older:
        assert older.execute("PRAGMA user_version").fetchone() == (1,)
        insert_old(older, OLD | {"answer_id": "00000000000a"})
    assert find("00000000000a", tmp_path)


def test_a_database_that_is_up_to_date_is_not_written_when_it_is_opened(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    checkpointed(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with opened(tmp_path, wait=1.0) as engine:
        assert version(engine) == REVISION
    assert (tmp_path / FILE).read_bytes() == before


def test_a_step_that_fails_leaves_the_database_as_it_was(store_url: str, tmp_path: Path) -> None:
    bring_to("0001", tmp_path, store_url)
    with bare(tmp_path, store_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE tokens (mine INTEGER)"))  # the last table of the next step
        before = dump(connection)
    with pytest.raises(UnreadableDatabase, match="already exists"):
        database(tmp_path, store_url)
    with bare(tmp_path, store_url) as engine, engine.connect() as connection:
        assert dump(connection) == before
        assert "conversations" not in inspect(connection).get_table_names()


def test_two_processes_may_open_an_old_database_at_once(store_url: str, tmp_path: Path) -> None:
    bring_to("0001", tmp_path, store_url)
    program = """
import sys
from pathlib import Path
from bot.records.database import VERSIONS, database, reading
print(flush=True)
sys.stdin.readline()
with reading(database(Path(sys.argv[1]), sys.argv[2], 5.0)) as connection:
    print(connection.execute(VERSIONS.select()).scalar_one())
"""
    both = [started(program, str(tmp_path), store_url) for _ in range(2)]
    for process in both:
        assert process.stdout
        process.stdout.readline()  # both are ready before either begins
    for process in both:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=30) for process in both] == [(f"{REVISION}\n", "")] * 2
    with opened(tmp_path, store_url) as engine:
        assert differences(engine) == []
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(VERSIONS)).scalar() == 1


def test_an_old_database_that_another_process_upgrades_is_waited_for(tmp_path: Path) -> None:
    bring_to("0001", tmp_path, "")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.rollback)
    timer.start()
    with opened(tmp_path, wait=5.0) as engine:
        assert version(engine) == REVISION
    timer.join()
    other.close()


# --- Databases that cannot be opened ------------------------------------------------------------------------------


def test_a_newer_database_is_refused_and_left_as_it_was(store_url: str, tmp_path: Path) -> None:
    bring_to(REVISION, tmp_path, store_url)
    with bare(tmp_path, store_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_the_future (ours INTEGER)"))
        connection.execute(VERSIONS.update().values(version_num="9999"))
        before = dump(connection)
    checkpointed(tmp_path)
    content = (tmp_path / FILE).read_bytes()
    with pytest.raises(NewerDatabase, match=f"has version 9999 of the schema, .* versions up to {REVISION}; "):
        database(tmp_path, store_url)
    assert (tmp_path / FILE).read_bytes() == content
    with bare(tmp_path, store_url) as engine, engine.connect() as connection:
        assert dump(connection) == before


def test_an_old_database_that_is_locked_is_left_for_later(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        with pytest.raises(UnreadableDatabase, match="database is locked"):
            database(tmp_path, wait=0.2)
        assert time.perf_counter() - started < 1.5
        other.rollback()
        with opened(tmp_path, wait=0.2) as engine:
            assert version(engine) == REVISION


def test_a_database_that_another_process_writes_is_opened_and_read_at_once(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        with opened(tmp_path, wait=5.0) as engine:
            assert version(engine) == REVISION
        assert time.perf_counter() - started < 1.0


def test_writing_waits_for_another_process_as_long_as_it_was_told(tmp_path: Path) -> None:
    with opened(tmp_path, wait=0.2) as engine, closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="database is locked"), engine.begin() as connection:
            writable(connection)
        other.rollback()
        with engine.begin() as connection:
            writable(connection)


def test_what_cannot_be_written_says_so_and_what_can_is_not_changed_by_trying(engine: Engine) -> None:
    with engine.begin() as connection:
        writable(connection)
    assert version(engine) == REVISION


def test_a_database_on_a_disk_that_is_read_only_cannot_be_opened() -> None:
    with read_only_folder() as folder, pytest.raises(UnreadableDatabase) as error:
        database(folder)
    assert str(folder / FILE) in str(error.value)
    assert "check its permissions" in str(error.value)


def test_a_folder_that_is_none_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabase, match="No such file or directory"):
        database(tmp_path / "nowhere")


def test_a_database_is_made_anew_when_the_disk_has_room_again(tmp_path: Path) -> None:
    with disk_of(8192), pytest.raises(UnreadableDatabase):
        database(tmp_path)
    with opened(tmp_path) as engine:
        assert (differences(engine), version(engine)) == ([], REVISION)


def test_an_upgrade_that_has_no_room_leaves_the_old_database_as_it_was(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    size = (tmp_path / FILE).stat().st_size
    with disk_of(size + 4096), pytest.raises(UnreadableDatabase):
        database(tmp_path)
    with bare(tmp_path) as engine, engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["receipts"]
    assert find(OLD["answer_id"], tmp_path)


def test_what_was_committed_is_there_after_a_commit_that_found_no_room(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        with engine.begin() as connection:
            thumbs(connection, "kept")
        size = max(file.stat().st_size for file in tmp_path.glob(f"{FILE}*"))
        with disk_of(size), pytest.raises(SQLAlchemyError), engine.begin() as connection:
            thumbs(connection, "lost", "x" * 10_000_000)
        assert judged(engine) == ["kept"]
        with engine.begin() as connection:
            thumbs(connection, "later")
        assert judged(engine) == ["kept", "later"]


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "mysql://bot:hunter2@localhost/hanoidx",
        "sqlite:///hunter2",
        "postgresql://bot:hunter2@localhost:x/hanoidx",
        "postgresql://bot@localhost:hunter2/hanoidx",
    ],
)
def test_an_address_of_no_postgresql_is_refused_in_words_without_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabase) as error:
        database(tmp_path, url)
    assert "HANOIDX_DATABASE_URL" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2@127.0.0.1:1/hanoidx",
        "postgres://bot:hunter2@127.0.0.1:1/hanoidx",
        "postgresql+psycopg://127.0.0.1:1/hanoidx?user=bot&password=hunter2",
    ],
)
def test_a_server_that_is_down_is_named_without_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabase, match="refused") as error:
        database(tmp_path, url)
    assert "127.0.0.1:1/hanoidx cannot be read" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert "hunter2" not in name(tmp_path, url)


def test_postgresql_without_its_driver_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnreadableDatabase, match=r"psycopg is not installed; run pip install 'psycopg\[binary\]'"):
        database(tmp_path, "postgresql://127.0.0.1:1/without_driver")


# --- Transactions -------------------------------------------------------------------------------------------------


def test_foreign_keys_hold(engine: Engine) -> None:
    send = {"inbox_id": 1, "part": 0, "state": "pending"}
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(SENDS.insert().values(send))
    with engine.begin() as connection:
        connection.execute(INBOX.insert().values(message()))
        connection.execute(SENDS.insert().values(send))
        connection.execute(INBOX.delete())
        assert connection.execute(SENDS.select()).all() == []


def test_a_run_of_the_store_is_one_transaction(engine: Engine) -> None:
    def work(connection: Connection, answer_id: str, *, fail: bool = False) -> str:
        thumbs(connection, answer_id)
        if fail:
            raise ValueError(answer_id)
        return answer_id

    async def run() -> None:
        store = Store(engine)
        assert await store.run(work, "one") == "one"
        with pytest.raises(ValueError, match="two"):
            await store.run(work, "two", fail=True)
        with pytest.raises(IntegrityError):
            await store.run(work, "one")
        assert await store.run(work, "three") == "three"
        store.close()

    asyncio.run(run())
    assert judged(engine) == ["one", "three"]


def test_of_many_runs_at_once_each_is_whole_or_undone(engine: Engine) -> None:
    def work(connection: Connection, number: int) -> int:
        thumbs(connection, f"{number}")
        thumbs(connection, f"{number // 3}" if number % 3 else f"{number}+")  # the same as another, but for each third
        return number

    async def run() -> list[Any]:
        store = Store(engine)
        done = await asyncio.gather(*(store.run(work, number) for number in range(9, 36)), return_exceptions=True)
        store.close()
        return done

    outcomes = asyncio.run(run())
    succeeded = {outcome for outcome in outcomes if isinstance(outcome, int)}
    assert {type(outcome) for outcome in outcomes} == {int, IntegrityError}
    assert set(range(9, 36, 3)) <= succeeded
    whole = {f"{number}" for number in succeeded} | {f"{number}+" for number in succeeded if not number % 3}
    assert set(judged(engine)) == whole | {f"{number // 3}" for number in succeeded if number % 3}


def test_a_run_that_fails_for_want_of_room_does_not_undo_what_another_was_told_is_done(tmp_path: Path) -> None:
    def wait(_: Connection) -> None:
        time.sleep(0.2)  # in which the others come, to be committed together

    async def run(store: Store, *sizes: int) -> list[Any]:
        calls = (store.run(thumbs, f"{place}", "x" * size) for place, size in enumerate(sizes))
        return await asyncio.gather(store.run(wait), *calls, return_exceptions=True)

    with opened(tmp_path) as engine:
        store = Store(engine)
        size = max(file.stat().st_size for file in tmp_path.glob(f"{FILE}*"))
        with disk_of(size + 100_000):
            outcomes = asyncio.run(run(store, 1, 10_000_000, 2))[1:]
        store.close()
        done = [f"{place}" for place, outcome in enumerate(outcomes) if outcome is None]
        assert isinstance(outcomes[1], SQLAlchemyError)
        assert judged(engine) == done


def test_a_run_that_nobody_waits_for_any_more_is_no_trouble_to_others(engine: Engine) -> None:
    async def run() -> None:
        store = Store(engine)
        given_up = asyncio.create_task(store.run(thumbs, "one"))
        others = [asyncio.create_task(store.run(thumbs, answer_id)) for answer_id in ("two", "three")]
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(*others)
        store.close()

    asyncio.run(run())
    assert {"two", "three"} <= set(judged(engine))


def test_many_runs_at_once_are_all_done(engine: Engine) -> None:
    def count(connection: Connection) -> None:
        connection.execute(FEEDBACK.update().values(created=FEEDBACK.c.created + 1))

    async def run() -> None:
        store = Store(engine)
        await asyncio.gather(*(store.run(count) for _ in range(40)))
        store.close()

    with engine.begin() as connection:
        thumbs(connection, "one")
    asyncio.run(run())
    with engine.connect() as connection:
        assert connection.execute(select(FEEDBACK.c.created)).scalar_one() == 40.0


def test_a_commit_survives_the_end_of_its_process_and_half_a_transaction_does_not(
    store_url: str, tmp_path: Path
) -> None:
    program = """
import asyncio, sys, time
from pathlib import Path
from bot.records.database import FEEDBACK, Store, database

def write(connection, answer_id, seconds=0):
    row = {"answer_id": answer_id, "channel": "telegram", "verdict": "good", "created": 0.0}
    connection.execute(FEEDBACK.insert().values(row))
    if seconds:
        print(answer_id, flush=True)
        time.sleep(seconds)

async def main():
    store = Store(database(Path(sys.argv[1]), sys.argv[2]))
    await store.run(write, "whole")
    await store.run(write, "half", 60)

asyncio.run(main())
"""
    process = started(program, str(tmp_path), store_url)
    assert process.stdout
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with opened(tmp_path, store_url, wait=5.0) as engine:
        assert judged(engine) == ["whole"]
        with engine.begin() as connection:
            thumbs(connection, "next")
        assert judged(engine) == ["next", "whole"]


def test_errors_do_not_show_what_was_to_be_written(engine: Engine) -> None:
    with engine.begin() as connection:
        thumbs(connection, "one", "Lương của tôi bao nhiêu?")
    with pytest.raises(IntegrityError) as error, engine.begin() as connection:
        thumbs(connection, "one", "Lương của tôi bao nhiêu?")
    assert "Lương" not in str(error.value)


def test_what_was_deleted_is_not_in_the_file_either(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        with engine.begin() as connection:
            thumbs(connection, "one", "Lương của tôi bao nhiêu?")
        checkpointed(tmp_path)
        assert "Lương".encode() in (tmp_path / FILE).read_bytes()
        with engine.begin() as connection:
            connection.execute(FEEDBACK.delete())
        checkpointed(tmp_path)
        assert "Lương".encode() not in b"".join(file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))


# --- Helpers ------------------------------------------------------------------------------------------------------


@contextmanager
def opened(data: Path, url: str = "", wait: float = 0.5) -> Iterator[Engine]:
    engine = database(data, url, wait)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def bare(data: Path, url: str = "") -> Iterator[Engine]:
    """The database as any other program opens it, without a look at its schema."""
    engine = create_engine(url or f"sqlite:///{data / FILE}", poolclass=NullPool)
    yield engine
    engine.dispose()


def bring_to(revision: str, data: Path, url: str) -> None:
    """Make a database of this revision, with one receipt in it."""
    with bare(data, url) as engine, engine.begin() as connection:
        STEPS.attributes["connection"] = connection
        command.upgrade(STEPS, revision)
        columns, values = ", ".join(OLD), ", ".join(f":{column}" for column in OLD)
        connection.execute(text(f"INSERT INTO receipts ({columns}) VALUES ({values})"), OLD)


def write_version_1(data: Path) -> None:
    with closing(sqlite3.connect(data / FILE)) as older:
        older.execute("PRAGMA journal_mode = WAL")
        older.executescript(VERSION_1)
        insert_old(older, OLD)


def insert_old(older: sqlite3.Connection, row: dict[str, str]) -> None:
    columns, values = ", ".join(row), ", ".join("?" * len(row))
    older.execute(f"INSERT INTO receipts ({columns}) VALUES ({values})", tuple(row.values()))
    older.commit()


def differences(engine: Engine) -> list[Any]:
    """What Alembic would change to make the database what METADATA says."""
    with reading(engine) as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


def version(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(connection.execute(VERSIONS.select()).scalar_one())


def dump(connection: Connection) -> str:
    """Every row of every table."""
    found = MetaData()
    found.reflect(connection)
    rows = {table.name: [list(row) for row in connection.execute(table.select())] for table in found.sorted_tables}
    return json.dumps(rows, default=str, sort_keys=True)


def checkpointed(data: Path) -> None:
    """Have the SQLite file hold everything, if there is one."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def started(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def read_only_folder() -> Iterator[Path]:
    """A folder with a database, neither to be written. Root, who may all the same, is nobody meanwhile."""
    folder = Path(tempfile.mkdtemp())  # not in pytest's, which its owner alone may enter
    with opened(folder):
        pass
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    try:
        with as_nobody() if os.geteuid() == 0 else nullcontext():
            yield folder
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def thumbs(connection: Connection, answer_id: str, reason: str = "") -> None:
    row = {"answer_id": answer_id, "channel": "telegram", "verdict": "good", "reason": reason, "created": 0.0}
    connection.execute(FEEDBACK.insert().values(row))


def judged(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(select(FEEDBACK.c.answer_id).order_by(FEEDBACK.c.answer_id)).scalars())


def message() -> dict[str, Any]:
    words = {"channel": "telegram", "account": "1", "key": "k", "state": "waiting", "kind": "text", "text": "Xin chào"}
    return words | {"id": 1, "sent": 0.0, "received": 0.0}
