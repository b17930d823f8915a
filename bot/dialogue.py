"""What a person asks and what they get: the records that every channel, the evaluation and the receipts share."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.privacy import mask
from index.search import Hit


class Status(StrEnum):
    """How a question ended; the part before `_` is the family to count by."""

    ANSWERED = "answered"
    SMALL_TALK = "small_talk"
    REFUSED = "refused"
    UNANSWERABLE_EMPTY = "unanswerable_empty"
    UNANSWERABLE_NO_PASSAGE = "unanswerable_no_passage"
    UNANSWERABLE_OFF_TOPIC = "unanswerable_off_topic"
    UNANSWERABLE_LANGUAGE = "unanswerable_language"
    UNANSWERABLE_AMBIGUOUS = "unanswerable_ambiguous"
    ERROR_BAD_INPUT = "error_bad_input"
    ERROR_INTERNAL = "error_internal"
    ERROR_UNSUPPORTED = "error_unsupported"


@dataclass(frozen=True, slots=True)
class Question:
    """`turns` are the earlier questions of the same conversation, oldest first."""

    text: str
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """What `[number]` in an answer's text stands for. `quote` is the document's exact words.

    `units` are the places, from 0, of the quoted units in their passage. `place` is where a reader finds the quote in
    the document, "Điều 5, khoản 2, trang 3", as far as it has such.
    """

    number: int
    passage_id: str
    document_id: str
    title: str
    headings: tuple[str, ...]
    issuer: str
    document_number: str | None
    issued: str | None
    as_of: str
    status: str
    url: str | None
    quote: str
    units: tuple[int, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent on searching, on composing, and in all."""

    search: float = 0.0
    compose: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is what the person reads, plain; `bold` are the spans of it that hold the value asked for.

    `suggestions` are questions to go on with; of an ambiguous question, one for each of the choices in the text.
    `confidence` is what is compared with the threshold of refusal; None where no search was made.
    `generated` is `used`, or why what a generator wrote was not; None where none was asked.
    """

    answer_id: str
    question: Question
    status: Status
    language: str
    text: str
    citations: tuple[Citation, ...] = ()
    bold: tuple[tuple[int, int], ...] = ()
    suggestions: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = field(default=(), repr=False)
    confidence: float | None = None
    generated: str | None = None
    timings: Timings = Timings()
    snapshot_id: str | None = None
    as_of_day: date | None = None


@dataclass(frozen=True, slots=True)
class KeptHit:
    """What a receipt keeps of a hit; the numbers are those of `index.search.Hit`."""

    rank: int
    passage_id: str
    score: float
    dense: float
    bm25: float
    units: tuple[float, ...]
    samples: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is kept of an answer so that it can be explained later; nothing in it says who asked.

    The question is masked. `as_of_day` is the day it was answered for, `created` (UTC) when it was kept.
    """

    answer_id: str
    created: datetime
    as_of_day: date | None
    question: Question
    status: Status
    language: str
    text: str
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...]
    hits: tuple[KeptHit, ...]
    confidence: float | None
    timings: Timings
    snapshot_id: str | None
    generated: str | None


def receipt(answer: Answer, created: datetime) -> Receipt:
    return Receipt(
        answer_id=answer.answer_id,
        created=created,
        as_of_day=answer.as_of_day,
        question=Question(mask(answer.question.text), tuple(map(mask, answer.question.turns))),
        status=answer.status,
        language=answer.language,
        text=answer.text,
        citations=answer.citations,
        suggestions=tuple(map(mask, answer.suggestions)),  # some repeat the question
        hits=tuple(
            KeptHit(hit.rank, hit.passage.id, hit.score, hit.dense, hit.bm25, hit.units, hit.samples)
            for hit in answer.hits
        ),
        confidence=answer.confidence,
        timings=answer.timings,
        snapshot_id=answer.snapshot_id,
        generated=answer.generated,
    )


def as_json(answer: Answer, question_id: str) -> dict[str, Any]:
    """The object of the `hanoidx ask --json` contract."""
    return {
        "id": question_id,
        "answer_id": answer.answer_id,
        "status": answer.status.value,
        "language": answer.language,
        "text": answer.text,
        "citations": [
            {
                "number": citation.number,
                "passage_id": citation.passage_id,
                "document_id": citation.document_id,
                "title": citation.title,
                "issuer": citation.issuer,
                "document_number": citation.document_number,
                "issued": citation.issued,
                "as_of": citation.as_of,
                "status": citation.status,
                "url": citation.url,
                "quote": citation.quote,
                "place": citation.place,
            }
            for citation in answer.citations
        ],
        "suggestions": list(answer.suggestions),
        "elapsed_ms": round(answer.timings.total, 1),
        "snapshot_id": answer.snapshot_id,
    }
