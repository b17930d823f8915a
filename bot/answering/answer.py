"""The whole path of one question. Read this first.

query, read once and handed on -> in danger? -> small talk? -> query in its conversation -> hits -> ranked units ->
reason for doubt, or not clear which document is meant? -> composed answer with citations -> its numbers checked ->
where an operator has set a generator, in its words if they hold good. What we expect to go wrong is a Status;
anything else is caught here once, logged, and answered with an apology.
"""

import dataclasses
import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bot import messages
from bot.answering.asked import Asked, asked
from bot.answering.card import THREAT, card
from bot.answering.clarify import Choice, choices
from bot.answering.compose import compose, compose_contacts, compose_unknown
from bot.answering.conversation import carried_over, in_context, lacks_subject
from bot.answering.danger import CERTAIN, danger, recognised
from bot.answering.doubt import Doubt, Reason, doubt
from bot.answering.intent import Intent, intent
from bot.answering.likely import Likelihood, likelihood
from bot.answering.rank import Ranked, rank
from bot.answering.recognise import recognise
from bot.answering.suggest import suggestions_for
from bot.answering.verify import unsupported
from bot.answering.write import Style, Written, quoted
from bot.dialogue import Answer, Question, Status, Timings
from index import tuned
from index.encode import Vectors
from index.query import Query, parse
from index.search import Hit, query_vector, search
from index.snapshot import Snapshot

Ask = Callable[[Question], Answer]
Rewrite = Callable[[str, Answer, date], Answer]  # a question, the answer in quotes, and the day it is read

K = 10  # hits whose units may answer

logger = logging.getLogger(__name__)


def ask(
    question: Question, snapshot: Snapshot, today: date, rewrite: Rewrite | None = None, *, strict: bool = False
) -> Answer:
    """Answer one question from one snapshot, as of `today`. Never raises. `rewrite` may put quotes into other words.

    A number that the cited words lack is an error status where `strict`; a person gets the bare quotes instead.
    """
    started = time.perf_counter()
    try:
        query = parse(question.text, snapshot.spelling)
        answer = _answer(question, query, snapshot, today, rewrite, strict=strict)
        answer = dataclasses.replace(answer, suggestions=answer.suggestions or suggestions_for(answer, query, snapshot))
    except Exception:
        logger.exception("a question could not be answered")
        answer = _plain(question, Status.ERROR_INTERNAL, "vi", messages.VIETNAMESE.internal_error)
    timings = dataclasses.replace(answer.timings, total=(time.perf_counter() - started) * 1000)
    return dataclasses.replace(answer, timings=timings, snapshot_id=snapshot.id, as_of_day=today)


def contacts(snapshot: Snapshot, today: date) -> Answer:
    """Whom to ask, in the words of the documents; without citations if no document says."""
    started = time.perf_counter()
    written = compose_contacts(snapshot, Style(messages.VIETNAMESE, today))
    status = Status.ANSWERED if written.citations else Status.UNANSWERABLE_NO_PASSAGE
    answer = Answer(_receipt(), Question(""), status, "vi", written.text, written.citations, written.bold)
    timings = Timings(total=(time.perf_counter() - started) * 1000)
    return dataclasses.replace(answer, timings=timings, snapshot_id=snapshot.id, as_of_day=today)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question as it was read: what it asks, what was found for it, and the reason not to answer, if there is one.

    `in_context`: with what it lacked from the questions before it.
    """

    query: Query
    in_context: bool
    asked: Asked
    hits: tuple[Hit, ...]
    ranked: Sequence[Ranked]
    likely: Likelihood
    doubt: Doubt | None
    search_ms: float


def _answer(
    question: Question, alone: Query, snapshot: Snapshot, today: date, rewrite: Rewrite | None, *, strict: bool
) -> Answer:
    """`alone` is the question by itself; in its conversation it may become another query."""
    started = time.perf_counter()
    language = alone.language
    style = Style(messages.voice(language), today)
    if not alone.said:
        found = intent(alone)
        empty = _plain(question, Status.UNANSWERABLE_EMPTY, language, style.voice.empty_question)
        return _no_question(question, found, language, style) if found else empty
    encoding = time.perf_counter()
    vector = query_vector(snapshot.encoder, alone)
    encoded = (time.perf_counter() - encoding) * 1000
    kind = danger(alone, vector, snapshot.encoder, question.turns)
    if kind and recognised(alone, vector, snapshot.encoder, CERTAIN):
        return _in_danger(question, kind, language, snapshot, style)
    found = intent(alone)
    if found and (found.refused or not kind):
        return _no_question(question, found, language, style)
    reading = _read(alone, in_context(alone, question.turns), snapshot, vector)
    heard = None if found else recognise(alone, vector, snapshot.encoder, reading.likely.ours)
    if heard and not (heard.refused and reading.likely.answered >= tuned.ANSWERED):
        found = heard
    if kind and not (found and found.refused):  # of a bomb one may speak in need, but hardly of how to make it
        return _in_danger(question, kind, language, snapshot, style)
    if found:
        return _no_question(question, found, language, style)
    if _is_far(reading) and question.turns and not reading.in_context:
        again = _read(alone, carried_over(alone, question.turns), snapshot)
        reading = reading if _is_far(again) else again  # what says nothing by itself was said to what came before
    status, written, suggestions = _write(reading, snapshot, style)
    asked_for = reading.doubt.what if reading.doubt else ""
    if written.citations and (faults := unsupported(written, asked_for)):
        logger.error("an answer holds %s, which its citations do not; its bare quotes are sent", ", ".join(faults))
        status = Status.ERROR_UNSUPPORTED if strict else status
        written = dataclasses.replace(written, text=quoted(written.citations), bold=())
    searched = encoded + reading.search_ms
    answer = Answer(
        _receipt(),
        question,
        status,
        language,
        written.text,
        citations=written.citations,
        bold=written.bold,
        suggestions=suggestions,
        hits=reading.hits,
        confidence=reading.likely.ours,
        timings=Timings(search=searched, compose=(time.perf_counter() - started) * 1000 - searched),
    )
    if rewrite and status is Status.ANSWERED and language == "vi":
        return rewrite(reading.query.text, answer, today)
    return answer


def _read(alone: Query, text: str, snapshot: Snapshot, vector: Vectors | None = None) -> _Reading:
    """`alone` is the question by itself, `vector` its vector where that is at hand, `text` it in its conversation."""
    query = alone if text == alone.text else parse(text, snapshot.spelling)
    wanted = asked(query)
    if query is not alone and (own := asked(alone).values):
        wanted = dataclasses.replace(wanted, values=own)  # not for what the question before it asked for
    started = time.perf_counter()
    if vector is None or query is not alone:
        vector = query_vector(snapshot.encoder, query)
    hits = search(snapshot, query, K, vector)
    searched = (time.perf_counter() - started) * 1000
    ranked = rank(query, wanted, hits, snapshot)
    likely = likelihood(ranked, vector, snapshot)
    reason = doubt(query, wanted, ranked, likely, snapshot)
    return _Reading(query, query is not alone, wanted, hits, ranked, likely, reason, searched)


def _is_far(reading: _Reading) -> bool:
    return reading.doubt is not None and reading.doubt.reason is Reason.FAR


def _write(reading: _Reading, snapshot: Snapshot, style: Style) -> tuple[Status, Written, tuple[str, ...]]:
    """How the question ended, what the person reads, and the choices in it."""
    if offered := _offered(reading, snapshot):
        labels = (f"{number}. {choice.label}" for number, choice in enumerate(offered, 1))
        text = "\n".join((style.voice.which, *labels))
        return Status.UNANSWERABLE_AMBIGUOUS, Written(text), tuple(choice.question for choice in offered)
    language = reading.query.language
    if reading.doubt is None:
        opening, doubtful = messages.opening(language), reading.likely.answered < tuned.DOUBTFUL
        written = compose(reading.ranked, reading.asked, snapshot, style, opening, doubtful=doubtful)
        return Status.ANSWERED, written, ()
    if _is_far(reading) and language not in ("vi", "en"):
        return Status.UNANSWERABLE_LANGUAGE, Written(messages.not_in_this(language)), ()
    off_topic = reading.doubt.reason in (Reason.FAR, Reason.ELSEWHERE)
    status = Status.UNANSWERABLE_OFF_TOPIC if off_topic else Status.UNANSWERABLE_NO_PASSAGE
    nearby = reading.doubt.reason is not Reason.UNSURE or reading.likely.ours > tuned.NEARBY
    return status, compose_unknown(reading.doubt, reading.ranked, snapshot, style, nearby=nearby), ()


def _offered(reading: _Reading, snapshot: Snapshot) -> tuple[Choice, ...]:
    if reading.in_context or _is_far(reading) or not lacks_subject(reading.query):
        return ()
    return choices(reading.query, reading.ranked, lambda text, id_: _answers(text, id_, snapshot))


def _answers(text: str, document_id: str, snapshot: Snapshot) -> bool:
    """Whether a question is answered, and from a document first of all."""
    reading = _read(parse(text, snapshot.spelling), text, snapshot)
    return reading.doubt is None and reading.ranked[0].hit.entry.id == document_id


def _in_danger(question: Question, kind: str, language: str, snapshot: Snapshot, style: Style) -> Answer:
    written = card(kind, snapshot, style)
    answered = Status.ANSWERED if written.citations else Status.UNANSWERABLE_NO_PASSAGE
    status = Status.REFUSED if kind == THREAT else answered
    return Answer(_receipt(), question, status, language, written.text, written.citations)


def _no_question(question: Question, found: Intent, language: str, style: Style) -> Answer:
    if found.refused:
        return _plain(question, Status.REFUSED, language, style.voice.refused[found.name])
    return _plain(question, Status.SMALL_TALK, language, style.voice.small_talk[found.name])


def _plain(question: Question, status: Status, language: str, text: str) -> Answer:
    return Answer(_receipt(), question, status, language, text)


def _receipt() -> str:
    """An answer's id: 12 hexadecimal digits that nothing takes for a telephone number, because people send it back."""
    while re.search(r"\d{8}", drawn := secrets.token_hex(6)):
        pass
    return drawn
