"""The whole path of one question. Read this first.

small talk? -> question in its conversation -> query -> hits -> ranked units -> reason for doubt? -> composed answer
with citations. What we expect to go wrong is a Status; anything else is caught here once, logged, and answered with
an apology.
"""

import dataclasses
import logging
import secrets
import time
from collections.abc import Callable
from datetime import date

from bot import messages
from bot.asked import asked
from bot.compose import compose, compose_unknown
from bot.conversation import in_context
from bot.dialogue import Answer, Question, Status, Timings
from bot.doubt import Reason, confidence, doubt
from bot.intent import intent
from bot.rank import rank
from corpus.normalize import words
from index.query import parse
from index.search import search
from index.snapshot import Snapshot

Ask = Callable[[Question], Answer]

K = 10  # hits whose units may answer

logger = logging.getLogger(__name__)


def ask(question: Question, snapshot: Snapshot, today: date) -> Answer:
    """Answer one question from one snapshot, as of `today`. Never raises."""
    started = time.perf_counter()
    try:
        answer = _answer(question, snapshot, today)
    except Exception:
        logger.exception("a question could not be answered")
        answer = _plain(question, Status.ERROR_INTERNAL, messages.INTERNAL_ERROR)
    timings = dataclasses.replace(answer.timings, total=(time.perf_counter() - started) * 1000)
    return dataclasses.replace(answer, timings=timings, snapshot_id=snapshot.id)


def _answer(question: Question, snapshot: Snapshot, today: date) -> Answer:
    alone = parse(question.text, snapshot.spelling)
    if found := intent(question.text) or intent(alone.plain):
        if found.refused:
            return _plain(question, Status.REFUSED, messages.REFUSED[found.name])
        return _plain(question, Status.SMALL_TALK, messages.SMALL_TALK[found.name])
    text = in_context(question.text, question.turns)
    query = alone if text == question.text else parse(text, snapshot.spelling)
    if not words(query.text):
        return _plain(question, Status.UNANSWERABLE_EMPTY, messages.EMPTY_QUESTION)
    wanted = asked(query.plain)
    if query is not alone and (own := asked(alone.plain).values):
        wanted = dataclasses.replace(wanted, values=own)  # not for what the question before it asked for
    started = time.perf_counter()
    hits = search(snapshot, query, K)
    searched = time.perf_counter()
    ranked = rank(query, wanted, hits, snapshot)
    reason = doubt(query, wanted, ranked, snapshot)
    if reason is None:
        status, written = Status.ANSWERED, compose(ranked, wanted)
    else:
        off_topic = reason.reason in (Reason.FAR, Reason.ELSEWHERE)
        status = Status.UNANSWERABLE_OFF_TOPIC if off_topic else Status.UNANSWERABLE_NO_PASSAGE
        written = compose_unknown(reason, ranked, snapshot)
    return Answer(
        _receipt(),
        question,
        status,
        query.language,
        written.text,
        citations=written.citations,
        bold=written.bold,
        hits=hits,
        confidence=confidence(ranked),
        timings=Timings(search=(searched - started) * 1000, compose=(time.perf_counter() - searched) * 1000),
    )


def _plain(question: Question, status: Status, text: str) -> Answer:
    return Answer(_receipt(), question, status, "vi", text)


def _receipt() -> str:
    return secrets.token_hex(6)
