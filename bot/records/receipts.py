"""Receipts in the database: one row an answer, which several processes may write at once.

Answering never waits for them long and never fails with them: a receipt that cannot be kept is a line in the log.
"""

import functools
import logging
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.dialogue import Answer, Citation, KeptHit, Question, Receipt, Status, Timings, receipt
from bot.errors import BotError, UnknownAnswer, UnreadableDatabase
from bot.records.database import FILE, RECEIPTS, database, name, reading, reason, unreadable

logger = logging.getLogger(__name__)


def keep(answer: Answer, data: Path, url: str = "") -> None:
    """Keep the receipt of an answer; where that is not possible, one line of the log says so."""
    try:
        with database(data, url).begin() as connection:
            insert(connection, answer)
    except UnreadableDatabase as error:
        _warn(name(data, url), error.reason)
    except (BotError, SQLAlchemyError) as error:
        _warn(name(data, url), reason(error))


def insert(connection: Connection, answer: Answer, conversation_id: int | None = None) -> None:
    """Keep a receipt as part of a transaction; `conversation_id` is where it was asked on a channel."""
    row = _row(receipt(answer, datetime.now(UTC)))
    connection.execute(RECEIPTS.insert().values(row | {"conversation_id": conversation_id}))


def find(answer_id: str, data: Path, url: str = "") -> Receipt | None:
    if not url and not (data / FILE).exists():
        return None
    try:
        with reading(database(data, url)) as connection:
            return select(connection, answer_id)
    except SQLAlchemyError as error:
        raise unreadable(data, url, error) from error


def known(answer_id: str, data: Path, url: str = "") -> Receipt:
    """The receipt with this id; an operator who names none is told where it was looked for."""
    found = find(answer_id, data, url)
    if found is None:
        raise UnknownAnswer(answer_id, name(data, url))
    return found


def snapshot_ids(data: Path, url: str = "") -> frozenset[str]:
    """The snapshots that the kept answers came from."""
    if not url and not (data / FILE).exists():
        return frozenset()
    column = RECEIPTS.c.snapshot_id
    try:
        with reading(database(data, url)) as connection:
            query = RECEIPTS.select().with_only_columns(column).where(column.is_not(None)).distinct()
            return frozenset(connection.execute(query).scalars())
    except SQLAlchemyError as error:
        raise unreadable(data, url, error) from error


def select(connection: Connection, answer_id: str, conversation_id: int | None = None) -> Receipt | None:
    """The receipt with this id; only if it belongs to `conversation_id`, where that is given."""
    query = RECEIPTS.select().where(RECEIPTS.c.answer_id == answer_id)
    if conversation_id is not None:
        query = query.where(RECEIPTS.c.conversation_id == conversation_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _receipt(row)


@functools.cache
def _warn(called: str, reason: str) -> None:
    """Once for each reason, not once for each answer."""
    logger.warning("answers are given, but their receipts cannot be kept in %s: %s", called, reason)


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
