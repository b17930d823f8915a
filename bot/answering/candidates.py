"""Questions that may be offered after an answer: made from the passages of a finished snapshot, asked there and then.

An editor's sample questions where a unit has some; else what its table, its heading or its first words ask by
themselves. Only a question that the bot answers with the very unit it was made from is kept.
"""

import heapq
import itertools
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from bot import messages
from bot.answering.answer import ask
from bot.answering.asked import YEAR
from bot.answering.conversation import is_follow_up
from bot.answering.rank import read
from bot.answering.suggest import SUGGESTIONS, quotes
from bot.dialogue import Answer, Question, Status
from corpus.document import Entry, Kind, Passage, Unit
from corpus.language.values import Value, kinds
from index.build import Start
from index.query import parse
from index.snapshot import ANYWHERE, Snapshot, Suggestion

LENGTH = 80  # characters; a longer question is not taken in at a glance
A_PASSAGE = 2  # questions kept of a passage, each of another unit
TRIES = 4  # questions asked of a passage
AGAIN = 50  # passages of unchanged documents that are asked again in a build: half a second
CHECKS = 20_000  # questions asked in a build: some five minutes; a large corpus has fewer a passage
YEARS_BACK = 2  # before the document's own year; nobody asks how things were earlier

_OUTDATED = ("hết hiệu lực", "được thay thế")
_ASKS = re.compile(r"\b(?:ai|bao giờ|bao nhiêu|đâu|gì|khi nào|mấy|nào|sao)\??$")
_DEFINES = re.compile(r"([^.,;:]{1,60}?) là ")
# What a table's column has to be called, and what its cell has to hold, for a row to answer how much, when, …
_ASKED_FOR = (
    (re.compile(r"\b(?:mức|giá|phí|lệ phí|số lượng|số tiền|tỷ lệ|tỉ lệ)\b"), Value.MONEY, "là bao nhiêu"),
    (re.compile(r"\b(?:mức|số lượng|tỷ lệ|tỉ lệ)\b"), Value.PERCENT, "là bao nhiêu"),
    (re.compile(r"\b(?:mức|số lượng)\b"), Value.NUMBER, "là bao nhiêu"),
    (re.compile(r"\b(?:thời gian|thời hạn|hạn chót)\b"), Value.DATE, "là khi nào"),
    (re.compile(r"\b(?:từ|đến)$"), Value.DATE, "khi nào"),
    (re.compile(r"\b(?:thứ hạng|xếp hạng)\b"), Value.RANK, "là thứ mấy"),
    (re.compile(r"\b(?:điện thoại|đường dây nóng|hotline|tổng đài)\b"), Value.PHONE, "là số nào"),
)
_CAVEAT = re.compile(r"\b(?:các nguồn|cách (?:đọc|ghi)|cẩn thận|giới hạn|lưu ý)\b", re.IGNORECASE)
# An editor foresees these too, but they sound odd when they are offered: what a person says of themselves or in
# passing, what is true on some days alone, and doubts about figures and sources.
_NOT_OFFERED = re.compile(
    r"\b(?:tôi|mình|cháu|ad|xài|vậy|ạ|à|hả|nhỉ|nhé|chứ|kẻo|cái gì|đúng không|phải không|thật không)\b"
    r"|(?<!trẻ )\bem\b|(?<!công )\bbố\b"
    r"|\b(?:hôm|ngày|tuần|tháng|quý|năm) (?:nay|này|qua|kia|mai|ngoái|trước|sau|tới)\b|\b(?:mới đây|vừa rồi|sắp)\b"
    r"|\bbài (?:báo|gốc|nào|viết|2)|\bbáo (?:chí|nêu|viết)\b|\bnào (?:mới )?đúng\b"
    r"|\b(?:các báo|chưa rõ|con số|ghi(?! nhận)|(?:các|hai) nguồn|nguồn nào|theo vtc|tin (?:bên|cái) nào)\b"
    r"|\d\S*(?: \w+)? hay \D{0,6}\d|\d[.,]\d|\bthứ \d",
    re.IGNORECASE,
)


def suggestions(
    snapshot: Snapshot, previous: Snapshot | None, today: date, start: Start, checks: int = CHECKS
) -> Iterator[Suggestion]:
    """The questions of a snapshot that are answered as they should be: those to open with, then passage by passage.

    Of more than `checks` passages, some are left out evenly. What `previous` has for unchanged documents is kept as it
    is, but for the passages nearest to what changed, which are asked again: there another unit may answer now.
    """
    chosen = _chosen(snapshot, checks)
    kept = _kept(snapshot, previous, today) if previous else {}
    asked = [row for row in chosen if row not in kept]
    if len(asked) > len(chosen) // 2:  # so much changed that little of the rest is sure
        kept, asked = {}, chosen
    asked += _nearest(snapshot, kept)
    advance = start("suggestions", len(asked))
    found: dict[int, Sequence[Suggestion]] = dict(kept)
    for row in asked:
        found[row] = _of_passage(snapshot.passage(row), min(TRIES, checks // len(chosen)), snapshot, today)
        advance(1)
    every = [one for row in sorted(found) for one in found[row]]
    shortest = (suggestion.question for suggestion in sorted(every, key=lambda one: len(one.question)))
    first = (text for text in messages.FIRST_QUESTIONS if _answers(ask(Question(text), snapshot, today)))
    for question in itertools.islice(dict.fromkeys(itertools.chain(first, shortest)), SUGGESTIONS):
        yield Suggestion(ANYWHERE, 0, question)
    yield from every


def _chosen(snapshot: Snapshot, checks: int) -> list[int]:
    """The passages to ask about. A change in one document moves hardly any choice in another."""
    count = math.ceil(len(snapshot) / math.ceil(len(snapshot) / checks))
    if count == len(snapshot):
        return list(range(count))
    numbered = (
        (zlib.crc32(f"{entry.id} {row - first}".encode()), row)
        for (_, entry), (first, last) in zip(snapshot.drafts, itertools.pairwise(snapshot.document_rows), strict=True)
        for row in range(first, last)
    )
    return sorted(row for _, row in heapq.nsmallest(count, numbered))


def _kept(snapshot: Snapshot, previous: Snapshot, today: date) -> dict[int, Sequence[Suggestion]]:
    """What every passage of an unchanged document had, by its row now."""
    before = {entry.id: (place, digest) for place, (digest, entry) in enumerate(previous.drafts)}
    kept: dict[int, Sequence[Suggestion]] = {}
    for (digest, entry), (first, last) in zip(
        snapshot.drafts, itertools.pairwise(snapshot.document_rows.tolist()), strict=True
    ):
        place, had = before.get(entry.id, (0, ""))
        now = snapshot.entries[entry.id]
        if had == digest and previous.entries[entry.id] == now:
            shift = int(previous.document_rows[place]) - first
            of_passages = ((row, previous.passage_id(row + shift)) for row in range(first, last))
            is_old = _is_old(now, today)
            kept |= {row: () if is_old else previous.suggestions.get(passage, ()) for row, passage in of_passages}
    return kept


def _nearest(snapshot: Snapshot, kept: Mapping[int, Sequence[Suggestion]]) -> list[int]:
    """The passages whose suggested units are the most like a unit that is not among what was kept."""
    new = np.setdiff1d(np.arange(len(snapshot)), list(kept))
    places = [(snapshot.unit_rows[row] + one.unit, row) for row, own in kept.items() for one in own]
    if not (len(new) and places):
        return []
    units = np.concatenate([np.arange(*snapshot.unit_rows[row : row + 2]) for row in new])
    changed = snapshot.unit_vectors[units].astype(np.float32)
    own = snapshot.unit_vectors[[place for place, _ in places]].astype(np.float32)
    likeness = np.concatenate([(block @ changed.T).max(axis=1) for block in np.array_split(own, len(own) // 256 + 1)])
    return list(dict.fromkeys(places[best][1] for best in np.argsort(-likeness, kind="stable")))[:AGAIN]


def _of_passage(passage: Passage, tries: int, snapshot: Snapshot, today: date) -> list[Suggestion]:
    found: dict[int, str] = {}
    for row, question in candidates(snapshot.entries[passage.document_id], passage, today):
        if row in found or question in found.values():
            continue
        if not tries or len(found) == A_PASSAGE:
            break
        tries -= 1
        answer = ask(Question(question), snapshot, today)
        first = answer.citations[0].passage_id if _answers(answer) else None
        if first == passage.id and quotes(answer, passage, row):
            found[row] = question
    return [Suggestion(passage.id, row, question) for row, question in found.items()]


def _answers(answer: Answer) -> bool:
    """Whether it answers, and does not say that it may not be what was asked."""
    return answer.status is Status.ANSWERED and messages.VIETNAMESE.doubtful not in answer.text


def candidates(entry: Entry, passage: Passage, today: date) -> Iterator[tuple[int, str]]:
    """Questions that can be understood by themselves, each with the row of the unit that should answer it.

    Nothing is made of what no longer holds, nor of what is not known for sure.
    """
    heading = passage.headings[-1] if passage.headings else ""
    if _is_old(entry, today) or _CAVEAT.search(heading):
        return
    for row, unit in enumerate(passage.units):
        if not read(unit).unknown:
            questions = unit.questions or _made(entry.title.partition(":")[0], heading, unit)
            yield from ((row, question) for question in questions if _can_be_offered(question, entry))


def _is_old(entry: Entry, today: date) -> bool:
    return bool(entry.superseded_by) or entry.status in _OUTDATED or entry.has_expired(today)


def _can_be_offered(question: str, entry: Entry) -> bool:
    years = YEAR.findall(question)
    return (
        len(question) <= LENGTH
        and question.endswith("?")
        and not question.isascii()
        and (query := parse(question)).plain == question  # no abbreviation, no slip
        and not _NOT_OFFERED.search(question)
        and not (years and int(max(years)) < int(entry.as_of[:4]) - YEARS_BACK)
        and not is_follow_up(query)
    )


def _made(title: str, heading: str, unit: Unit) -> Iterator[str]:
    """What a unit without sample questions answers: its heading's question, what its subject is, its row's values."""
    if _ASKS.search(heading):
        asks = heading.removesuffix("?")
        alone = asks.startswith(title) or _is_name(asks.removesuffix(" là gì"), title)
        yield f"{asks}?" if alone else f"{title}: {within(asks)}?"
    defined = _DEFINES.match(unit.text) if unit.kind is Kind.SENTENCE else None
    if defined and _is_name(defined[1], title):
        yield f"{defined[1]} là gì?"
    for column, cell in zip(unit.columns[1:], unit.cells[1:], strict=True):
        for called, value, question in _ASKED_FOR:
            if called.search(column.lower()) and value in kinds(cell):
                yield f"{unit.cells[0]}: {within(column)} {question}?"


def _is_name(text: str, title: str) -> bool:
    """Whether a text is what the document is about: all of its title, or a proper name in it."""
    return text == title or (text in title and any(c.isupper() or c.isdigit() for c in text[1:]))


def within(heading: str) -> str:
    """A heading as it is written within a sentence: "Mức thu" is "mức thu" there, "Hà Nội" is "Hà Nội"."""
    return heading[:1].lower() + heading[1:] if heading[1:].islower() else heading
