"""How the bot was used, as figures of a time: how much, what was asked in vain, what was liked, what was cited.

Read from the database alone, and of it only what is counted: no account, no address, and texts as they were masked.
What people asked in vain is put together by meaning, with the encoder. bot/reports/pages.py shows all of it.
"""

import dataclasses
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, String, cast, func, select

from bot import messages
from bot.answering.conversation import in_context
from bot.dialogue import Status
from bot.messages import HANOI
from bot.records.database import CONVERSATIONS, FEEDBACK, INBOX, RECEIPTS, SENDS
from bot.reports.cluster import Similarities, clusters
from corpus.document import Entry
from corpus.language.normalize import clean
from corpus.language.spelling import is_bare
from index.encode import Encoder
from index.query import expand, parse
from index.search import query_vector

TERMINAL = "terminal"  # the channel of questions that no conversation holds
IN_VAIN = tuple(
    status
    for status in Status
    if status.startswith("unanswerable_") and status not in (Status.UNANSWERABLE_EMPTY, Status.UNANSWERABLE_LANGUAGE)
)
# Of two wordings: what the words that both have count beside the cosine, and how alike those of one question are. Of
# 558 wordings of 236 questions (clean, typed in a hurry, without diacritics) 87% of the pairs put together are of one
# question, and 84% of a question's pairs are together; of two other sets 89% and 100%, 100% and 100%. By cosines alone
# no threshold did as well: 84% and 76% at .94.
COMMON_WORDS = 0.2
ALIKE = 0.82
MOST_WORDINGS = 1000  # that are compared; to encode one takes 5 to 10 ms


@dataclass(frozen=True, slots=True)
class Period:
    """Both ends in Hanoi time; both belong to it."""

    since: datetime
    until: datetime

    @property
    def days(self) -> tuple[date, ...]:
        first, last = self.since.date(), self.until.date()
        return tuple(first + timedelta(day) for day in range((last - first).days + 1))

    def holds(self, seconds: Any) -> ColumnElement[bool]:
        """Whether a column with seconds since 1970 is in it."""
        return seconds.between(self.since.timestamp(), self.until.timestamp())  # type: ignore[no-any-return]

    def has_kept(self) -> ColumnElement[bool]:
        """Whether a receipt is of it."""
        since, until = (end.astimezone(UTC).isoformat() for end in (self.since, self.until))
        return RECEIPTS.c.created.between(since, until)


@dataclass(frozen=True, slots=True)
class Times:
    """Half of `count` took no longer than `p50`, 95% no longer than `p95`, 99% no longer than `p99`."""

    count: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one channel, or of all. `days` has a number for each day of the period, `hours` for each hour of a day.

    `messages` are what people sent, on the terminal what they asked; `statuses` and `languages` are those of questions,
    and `small_talk` is none. `making` is in milliseconds, of an answer alone; `waiting` in seconds, from when a message
    was received until the last part of its reply was sent.
    """

    channel: str
    messages: int
    people: int
    questions: int
    small_talk: int
    statuses: Mapping[str, int]
    languages: Mapping[str, int]
    sends: Mapping[str, int]
    making: Times | None
    waiting: Times | None
    days: tuple[int, ...]
    hours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    period: Period
    all: Traffic
    channels: tuple[Traffic, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """What was asked in one way, in whatever spelling: `text` as it was typed last. `turns` are what it leans on."""

    text: str
    turns: tuple[str, ...]
    count: int
    first: datetime
    last: datetime
    channels: Mapping[str, int]
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One question, however it was worded. `typed` is its most usual wording of those typed in a hurry.

    `central` is the wording nearest to all others, of those not typed in a hurry if there are such.
    """

    number: int
    count: int
    central: Wording
    typed: Wording | None
    wordings: tuple[Wording, ...]
    first: datetime
    last: datetime
    channels: Mapping[str, int]
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """`questions` of `wordings` different ones, the largest cluster first. The `left_out` rarest and oldest of
    them were not compared.

    `days` has a number for each day of the period, by status.
    """

    period: Period
    questions: int
    wordings: int
    left_out: int
    clusters: tuple[Cluster, ...]
    days: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Thumbs:
    document_id: str
    title: str
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class Disliked:
    """The same answer to the same question, by the newest answer_id of it; `reasons` are keys of messages.REASONS."""

    answer_id: str
    question: str
    text: str
    documents: tuple[str, ...]
    reasons: Mapping[str, int]
    good: int
    bad: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """`gone` thumbs are for answers that are no longer kept, so that nothing is known of their documents."""

    period: Period
    good: int
    bad: int
    gone: int
    channels: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]
    documents: tuple[Thumbs, ...]
    disliked: tuple[Disliked, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """`answers` that cite the document; `is_there`: in the active snapshot."""

    document_id: str
    title: str
    answers: int
    last: datetime
    good: int
    bad: int
    is_there: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """`answers` cite anything at all. `never` are the documents that none of them cites: their ids and titles."""

    period: Period
    answers: int
    documents: int
    cited: tuple[Cited, ...]
    never: tuple[tuple[str, str], ...]


def period(since: str, now: datetime) -> Period:
    """From "7d", "24h" or "4w" before `now`, or from the beginning of a day like "2026-11-01".

    Raises ValueError, which says what is wrong.
    """
    now = now.astimezone(HANOI)
    if found := re.fullmatch(r"([1-9]\d{0,3})([hdw])", since, re.ASCII):
        hours = int(found[1]) * {"h": 1, "d": 24, "w": 7 * 24}[found[2]]
        return Period(now - timedelta(hours=hours), now)
    try:
        start = datetime.combine(date.fromisoformat(since), datetime.min.time(), HANOI)
    except ValueError:
        expected = "give hours, days or weeks like 24h, 7d or 4w, or a day like 2026-11-01"
        raise ValueError(f"{since[:40]!r} is no time to report on; {expected}") from None
    if start > now:
        raise ValueError(f"{since} is a day to come; give one that has begun")
    return Period(start, now)


# Usage


@dataclass(frozen=True, slots=True)
class _Event:
    """A message, or a question on the terminal: `moment` is when, `person` the conversation."""

    channel: str
    moment: datetime
    person: int | None


def usage(connection: Connection, period: Period) -> Usage:
    receipts = [row for row in connection.execute(_receipts(period)) if not _is_command(row)]
    events = [
        _Event(row.channel, datetime.fromtimestamp(row.received, HANOI), row.conversation_id)
        for row in connection.execute(
            select(INBOX.c.channel, INBOX.c.received, INBOX.c.conversation_id).where(_said(period))
        )
    ]
    events += [_Event(TERMINAL, _moment(row), None) for row in receipts if row.channel == TERMINAL]
    sends = connection.execute(
        select(INBOX.c.channel, INBOX.c.received, SENDS.c.inbox_id, SENDS.c.state, SENDS.c.finished)
        .join_from(INBOX, SENDS)
        .where(period.holds(INBOX.c.received))
    ).all()
    names = {event.channel for event in events} | {row.channel for row in (*receipts, *sends)}
    channels = tuple(
        _traffic(
            name,
            period,
            [event for event in events if event.channel == name],
            [row for row in receipts if row.channel == name],
            [row for row in sends if row.channel == name],
        )
        for name in sorted(names, key=lambda name: (name == TERMINAL, name))
    )
    return Usage(period, _traffic("", period, events, receipts, sends), channels)


def _receipts(period: Period) -> Select[Any]:
    """What is counted of each receipt."""
    return (
        select(
            RECEIPTS.c.created,
            RECEIPTS.c.status,
            RECEIPTS.c.language,
            RECEIPTS.c.timings["total"].as_float().label("total"),
            (RECEIPTS.c.question == "").label("is_blank"),
            _channel(),
        )
        .join_from(RECEIPTS, CONVERSATIONS, CONVERSATIONS.c.id == RECEIPTS.c.conversation_id, isouter=True)
        .where(period.has_kept())
    )


def _channel() -> Any:
    return func.coalesce(CONVERSATIONS.c.channel, TERMINAL).label("channel")


def _said(period: Period) -> ColumnElement[bool]:
    """Whether a row of the inbox is something that a person wrote or sent: not that they came or left."""
    return period.holds(INBOX.c.received) & INBOX.c.kind.not_in(("joined", "left"))


def _is_command(row: Row[Any]) -> bool:
    """Whether it is the answer to /lienhe, for which there is no question."""
    return bool(row.is_blank) and row.status in (Status.ANSWERED, Status.UNANSWERABLE_NO_PASSAGE)


def _traffic(
    channel: str, period: Period, events: Sequence[_Event], receipts: Sequence[Row[Any]], sends: Sequence[Row[Any]]
) -> Traffic:
    questions = [row for row in receipts if row.status != Status.SMALL_TALK]
    days = Counter(event.moment.date() for event in events)
    hours = Counter(event.moment.hour for event in events)
    statuses = Counter(row.status for row in questions)
    sent: dict[int, float] = {}
    for row in sends:
        if row.state == "sent":
            sent[row.inbox_id] = max(sent.get(row.inbox_id, 0.0), row.finished - row.received)
    return Traffic(
        channel=channel,
        messages=len(events),
        people=len({event.person for event in events if event.person is not None}),
        questions=len(questions),
        small_talk=len(receipts) - len(questions),
        statuses={status.value: statuses[status] for status in Status if status in statuses},
        languages=_by_count(row.language for row in questions),
        sends=_by_count(row.state for row in sends),
        making=_times([row.total for row in questions]),
        waiting=_times(list(sent.values())),
        days=tuple(days[day] for day in period.days),
        hours=tuple(hours[hour] for hour in range(24)),
    )


def _times(values: Sequence[float]) -> Times | None:
    if not values:
        return None
    return Times(len(values), *(round(float(value), 3) for value in np.percentile(values, (50, 95, 99))))


def _by_count(values: Iterable[str]) -> dict[str, int]:
    """The most frequent first, of equally frequent ones the first by name."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _moment(row: Row[Any]) -> datetime:
    """When a receipt was made, in Hanoi."""
    return datetime.fromisoformat(row.created).astimezone(HANOI)


# Asked in vain


def unanswered(connection: Connection, period: Period, encoder: Encoder) -> Unanswered:
    rows = connection.execute(
        select(RECEIPTS.c.created, RECEIPTS.c.status, RECEIPTS.c.question, RECEIPTS.c.turns, _channel())
        .join_from(RECEIPTS, CONVERSATIONS, CONVERSATIONS.c.id == RECEIPTS.c.conversation_id, isouter=True)
        .where(period.has_kept(), RECEIPTS.c.status.in_(IN_VAIN), RECEIPTS.c.question != "")
        .order_by(RECEIPTS.c.created, RECEIPTS.c.answer_id)
    ).all()
    of: dict[str, list[Row[Any]]] = {}
    for row in rows:
        of.setdefault(_key(_meant(row.question, row.turns)), []).append(row)
    asked = sorted(of.items(), key=lambda item: (len(item[1]), item[1][-1].created, item[0]), reverse=True)
    wordings = [_wording(same) for _, same in asked[:MOST_WORDINGS]]
    days = {status.value: Counter(_moment(row).date() for row in rows if row.status == status) for status in IN_VAIN}
    return Unanswered(
        period=period,
        questions=len(rows),
        wordings=len(asked),
        left_out=sum(len(same) for _, same in asked[MOST_WORDINGS:]),
        clusters=_clusters(wordings, encoder),
        days={status: tuple(of_days[day] for day in period.days) for status, of_days in days.items() if of_days},
    )


def _key(text: str) -> str:
    """What texts have in common that differ in capitals, spaces and punctuation."""
    return " ".join(re.findall(r"[^\W_]+", clean(text).lower())) or text


def _meant(text: str, turns: Sequence[str]) -> str:
    return in_context(parse(text), turns) if turns else text  # which most are, and to look takes half a millisecond


def _wording(rows: Sequence[Row[Any]]) -> Wording:
    """The oldest comes first."""
    newest = rows[-1]
    text = " ".join(newest.question.split())
    return Wording(
        text=text,
        turns=tuple(newest.turns) if _meant(newest.question, newest.turns) != newest.question else (),
        count=len(rows),
        first=_moment(rows[0]),
        last=_moment(newest),
        channels=_by_count(row.channel for row in rows),
        statuses=_by_count(row.status for row in rows),
    )


def _clusters(wordings: Sequence[Wording], encoder: Encoder) -> tuple[Cluster, ...]:
    if not wordings:
        return ()
    similar = similarities([_meant(wording.text, wording.turns) for wording in wordings], encoder)
    counts = np.array([wording.count for wording in wordings], np.float32)
    found = []
    for rows in clusters(similar, ALIKE):
        nearness = dict(zip(rows, similar[np.ix_(rows, rows)] @ counts[list(rows)], strict=True))
        hurried = [row for row in rows if _is_hurried(wordings[row].text)]
        careful = [row for row in rows if row not in hurried]
        together = [wordings[row] for row in rows]
        cluster = Cluster(
            number=0,
            count=sum(wording.count for wording in together),
            central=wordings[max(careful or rows, key=nearness.__getitem__)],
            typed=wordings[hurried[0]] if hurried and careful else None,
            wordings=tuple(together),
            first=min(wording.first for wording in together),
            last=max(wording.last for wording in together),
            channels=_sum(wording.channels for wording in together),
            statuses=_sum(wording.statuses for wording in together),
        )
        found.append(cluster)
    found.sort(key=lambda cluster: (-cluster.count, -cluster.last.timestamp(), cluster.central.text))
    return tuple(dataclasses.replace(cluster, number=number) for number, cluster in enumerate(found, 1))


def similarities(texts: Sequence[str], encoder: Encoder) -> Similarities:
    """How alike questions are, each with each: their cosine, and the share of their words that both have."""
    queries = [parse(text) for text in texts]
    vectors = np.stack([query_vector(encoder, query) for query in queries])
    spoken = [frozenset(query.words) for query in queries]
    places = {word: place for place, word in enumerate(sorted(frozenset[str]().union(*spoken)))}
    said = np.zeros((len(texts), len(places)), np.float32)
    for row, of_one in enumerate(spoken):
        said[row, [places[word] for word in of_one]] = 1
    both, counts = said @ said.T, said.sum(axis=1)
    common = both / np.maximum(counts[:, None] + counts - both, 1)
    return np.asarray((1 - COMMON_WORDS) * (vectors @ vectors.T) + COMMON_WORDS * common, np.float32)


def _is_hurried(text: str) -> bool:
    """Whether a text was typed without diacritics or with abbreviations."""
    said = clean(text)
    return is_bare(said) or expand(said) != said


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return _by_count(total.elements())


# Drafts of golden questions


def draft(cluster: Cluster) -> dict[str, Any]:
    """A line of a question file: so far, that no document answers it."""
    central = cluster.central
    fields: dict[str, Any] = {
        "id": f"nhap-{hashlib.sha256(_key(central.text).encode()).hexdigest()[:8]}",
        "kind": "abstain",
        "question": central.text,
    }
    if cluster.typed:
        fields["typed"] = cluster.typed.text
    if central.turns:
        fields["turns"] = central.turns
    notes = messages.DRAFT.format(
        count=cluster.count,
        first=messages.date(cluster.first.date().isoformat()),
        last=messages.date(cluster.last.date().isoformat()),
    )
    return fields | {"expect": "abstain", "docs": [], "evidence": [], "answers": [], "notes": notes}


def append(clusters: Iterable[Cluster], file: Path) -> int:
    """Add the drafts of clusters to a question file, but for those that it has; how many that were."""
    there = file.read_bytes() if file.exists() else b""
    known = set(re.findall(r'"id": ?"(nhap-[0-9a-f]{8})"', there.decode("utf-8", "replace")))
    drafts = {fields["id"]: fields for fields in map(draft, clusters) if fields["id"] not in known}
    lines = "".join(json.dumps(fields, ensure_ascii=False) + "\n" for fields in drafts.values())
    if lines:
        gap = "" if not there or there.endswith(b"\n") else "\n"
        with file.open("ab") as stream:
            stream.write((gap + lines).encode("utf-8", "replace"))
    return len(drafts)


# Thumbs


def feedback(connection: Connection, period: Period) -> Feedback:
    f, r = FEEDBACK.c, RECEIPTS.c
    rows = connection.execute(
        select(f.answer_id, f.channel, f.verdict, f.reason, f.created, r.question, r.text, r.citations)
        .join_from(FEEDBACK, RECEIPTS, r.answer_id == f.answer_id, isouter=True)
        .where(period.holds(f.created))
        .order_by(f.created, f.answer_id)
    ).all()
    kept = [row for row in rows if row.text is not None]
    titles = {citation["document_id"]: citation["title"] for row in kept for citation in row.citations}
    thumbs = Counter((document_id, row.verdict) for row in kept for document_id in _documents(row.citations))
    documents = [Thumbs(one, title, thumbs[one, "good"], thumbs[one, "bad"]) for one, title in titles.items()]
    verdicts = Counter(row.verdict for row in rows)
    names = sorted({row.channel for row in rows})
    return Feedback(
        period=period,
        good=verdicts["good"],
        bad=verdicts["bad"],
        gone=len(rows) - len(kept),
        channels={name: _by_count(row.verdict for row in rows if row.channel == name) for name in names},
        reasons=_by_count(row.reason or "" for row in rows if row.verdict == "bad"),
        documents=tuple(sorted(documents, key=lambda one: (-one.bad, -one.good, one.document_id))),
        disliked=_disliked(kept),
    )


def _disliked(rows: Iterable[Row[Any]]) -> tuple[Disliked, ...]:
    """The worst first: with the most thumbs down, then the newest. The newest row comes last."""
    same: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        same.setdefault((_key(row.question), row.text), []).append(row)
    found = []
    for alike in same.values():
        bad = [row for row in alike if row.verdict == "bad"]
        if bad:
            newest = bad[-1]
            disliked = Disliked(
                answer_id=newest.answer_id,
                question=newest.question,
                text=newest.text,
                documents=_documents(newest.citations),
                reasons=_by_count(row.reason for row in bad if row.reason),
                good=len(alike) - len(bad),
                bad=len(bad),
                last=datetime.fromtimestamp(newest.created, HANOI),
            )
            found.append(disliked)
    return tuple(sorted(found, key=lambda one: (-one.bad, -one.last.timestamp(), one.answer_id)))


def _documents(citations: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation["document_id"] for citation in citations))


# Sources


def sources(connection: Connection, period: Period, entries: Mapping[str, Entry]) -> Sources:
    """`entries` are those of the active snapshot."""
    rows = connection.execute(
        select(RECEIPTS.c.created, RECEIPTS.c.citations, FEEDBACK.c.verdict)
        .join_from(RECEIPTS, FEEDBACK, FEEDBACK.c.answer_id == RECEIPTS.c.answer_id, isouter=True)
        .where(period.has_kept(), cast(RECEIPTS.c.citations, String) != "[]"),
        execution_options={"yield_per": 1000},  # the quotes make them long
    )
    answers: Counter[str] = Counter()
    thumbs: Counter[tuple[str, str]] = Counter()
    last: dict[str, str] = {}
    titles: dict[str, str] = {}
    citing = 0
    for row in rows:
        citing += 1
        for citation in {citation["document_id"]: citation for citation in row.citations}.values():
            document_id = citation["document_id"]
            answers[document_id] += 1
            thumbs[document_id, row.verdict] += 1
            if row.created >= last.get(document_id, ""):
                last[document_id], titles[document_id] = row.created, citation["title"]
    cited = (
        Cited(
            document_id=document_id,
            title=entries[document_id].title if document_id in entries else titles[document_id],
            answers=count,
            last=datetime.fromisoformat(last[document_id]).astimezone(HANOI),
            good=thumbs[document_id, "good"],
            bad=thumbs[document_id, "bad"],
            is_there=document_id in entries,
        )
        for document_id, count in answers.items()
    )
    return Sources(
        period=period,
        answers=citing,
        documents=len(entries),
        cited=tuple(sorted(cited, key=lambda one: (-one.answers, one.document_id))),
        never=tuple((one, entry.title) for one, entry in sorted(entries.items()) if one not in answers),
    )


def to_json(report: Usage | Unanswered | Feedback | Sources) -> str:
    return json.dumps(dataclasses.asdict(report), ensure_ascii=False, default=_plain)


def _plain(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds"))
