"""Receipts in the database: one row an answer, in DATA/hanoidx.db, which several processes may write at once.

Answering never waits for them long and never fails with them: a receipt that cannot be kept is a line in the log.
"""

import functools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, URL, Column, Connection, Date, Engine, Float, MetaData, String, Table, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.dialogue import Answer, Citation, KeptHit, Question, Receipt, Status, Timings, receipt
from bot.errors import BotError, NewerDatabase, UnreadableDatabase

FILE = "hanoidx.db"
VERSION = 1  # of the schema; the file holds its own as user_version
BUSY = 0.5  # seconds to wait while another process writes; one row takes it about a millisecond

_METADATA = MetaData()
_RECEIPTS = Table(
    "receipts",
    _METADATA,
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
)

logger = logging.getLogger(__name__)


def keep(answer: Answer, data: Path) -> None:
    """Keep the receipt of an answer; where that is not possible, one line of the log says so."""
    file = data / FILE
    try:
        file.touch(mode=0o600)
        file.chmod(0o600)
        with _connected(file) as connection:
            connection.execute(_RECEIPTS.insert().values(_row(receipt(answer, datetime.now(UTC)))))
    except (BotError, OSError, SQLAlchemyError) as error:
        _warn(file, _reason(error))


def find(answer_id: str, data: Path) -> Receipt | None:
    file = data / FILE
    if not file.exists():
        return None
    try:
        with _connected(file) as connection:
            row = connection.execute(_RECEIPTS.select().where(_RECEIPTS.c.answer_id == answer_id)).one_or_none()
    except (OSError, SQLAlchemyError) as error:
        raise UnreadableDatabase(file, _reason(error)) from error
    return None if row is None else _receipt(row)


@contextmanager
def _connected(file: Path) -> Iterator[Connection]:
    with _engine(file, file.stat().st_ino).connect() as connection:
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if found > VERSION:
            raise NewerDatabase(file, found, VERSION)
        if found < VERSION:
            _create(connection)
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")  # wait for the disk at checkpoints alone
        yield connection


def _create(connection: Connection) -> None:
    """Make the tables, unless another process has just done so."""
    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    _METADATA.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    connection.exec_driver_sql("COMMIT")


@functools.cache
def _engine(file: Path, _inode: int) -> Engine:
    """Its connection stays open while the file is the same: whoever closes the last one waits 20 ms for the disk."""
    return create_engine(
        URL.create("sqlite", database=str(file)),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": BUSY},
        json_serializer=functools.partial(json.dumps, ensure_ascii=False),
    )


@functools.cache
def _warn(file: Path, reason: str) -> None:
    """Once for each reason, not once for each answer."""
    logger.warning("answers are given, but their receipts cannot be kept in %s: %s", file, reason)


def _reason(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        return str(error.orig)
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _row(kept: Receipt) -> dict[str, Any]:
    row: dict[str, Any] = asdict(kept)
    return row | {
        "created": kept.created.isoformat(),
        "question": kept.question.text,
        "turns": kept.question.turns,
    }


def _receipt(row: Any) -> Receipt:
    return Receipt(
        answer_id=row.answer_id,
        created=datetime.fromisoformat(row.created),
        as_of_day=row.as_of_day,
        question=Question(row.question, tuple(row.turns)),
        status=Status(row.status),
        language=row.language,
        text=row.text,
        citations=tuple(
            Citation(**citation | {"headings": tuple(citation["headings"]), "units": tuple(citation["units"])})
            for citation in row.citations
        ),
        suggestions=tuple(row.suggestions),
        hits=tuple(
            KeptHit(**hit | {"units": tuple(hit["units"]), "samples": tuple(hit["samples"])}) for hit in row.hits
        ),
        confidence=row.confidence,
        timings=Timings(**row.timings),
        snapshot_id=row.snapshot_id,
        generated=row.generated,
    )
