"""The whole path of one question. Read this first.

question -> query -> hits -> composed answer with citations. What we expect to go wrong is a Status;
anything else is caught here once, logged, and answered with an apology.
"""

import dataclasses
import logging
import secrets
import time
from collections.abc import Callable
from datetime import date

from bot import messages
from bot.compose import cite
from bot.dialogue import Answer, Question, Status, Timings
from index.query import parse
from index.search import search
from index.snapshot import Snapshot

Ask = Callable[[Question], Answer]

K = 10

logger = logging.getLogger(__name__)


def ask(question: Question, snapshot: Snapshot, today: date) -> Answer:
    """Answer one question from one snapshot, as of `today`. Never raises."""
    started = time.perf_counter()
    try:
        answer = _answer(question, snapshot, today)
    except Exception:
        logger.exception("a question could not be answered")
        answer = Answer(_receipt(), question, Status.ERROR_INTERNAL, "vi", messages.INTERNAL_ERROR)
    timings = dataclasses.replace(answer.timings, total=(time.perf_counter() - started) * 1000)
    return dataclasses.replace(answer, timings=timings, snapshot_id=snapshot.id)


def _answer(question: Question, snapshot: Snapshot, today: date) -> Answer:
    query = parse(question.text)
    if not query.text:
        return Answer(_receipt(), question, Status.UNANSWERABLE_EMPTY, "vi", messages.EMPTY_QUESTION)
    started = time.perf_counter()
    hits = search(snapshot, query, K)
    searched = (time.perf_counter() - started) * 1000
    best = max(range(len(hits[0].units)), key=lambda row: hits[0].units[row])
    citation = cite(1, hits[0], best)
    return Answer(
        _receipt(),
        question,
        Status.ANSWERED,
        "vi",
        f"{hits[0].passage.units[best].text} [1]",
        citations=(citation,),
        hits=hits,
        confidence=hits[0].dense,
        timings=Timings(search=searched),
    )


def _receipt() -> str:
    return secrets.token_hex(6)
