"""Reports: what they count, what they put together, and how they are shown."""

import functools
import io
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import HashEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import Engine, event, update
from typer.testing import CliRunner

from bot import messages
from bot.__main__ import app
from bot.answering.conversation import Conversation
from bot.channels import inbox
from bot.channels.message import Delivery, Inbound, Kind, Outcome
from bot.dialogue import Answer, Citation, Question, Status, Timings
from bot.errors import MissingExtra
from bot.messages import HANOI
from bot.quality.evaluate import read, strip_diacritics
from bot.records.database import RECEIPTS, database, reading
from bot.records.receipts import insert
from bot.reports import figures as reports
from bot.reports import page
from bot.reports.cluster import clusters
from bot.reports.figures import (
    ALIKE,
    TERMINAL,
    Cited,
    Feedback,
    Period,
    Sources,
    Thumbs,
    Times,
    Unanswered,
    Usage,
    append,
    feedback,
    period,
    similarities,
    sources,
    to_json,
    unanswered,
    usage,
)
from bot.reports.pages import page as paged
from bot.reports.pages import show, to_html
from corpus.catalogue import read_folder
from corpus.document import Entry
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.errors import DamagedSnapshot, NoSnapshot
from index.snapshot import entries

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 23, 15, 30, tzinfo=HANOI)
WEEK = period("7d", NOW)
SECRET = b"of the tests"
PERSON, CHAT, ACCOUNT = "raw-person-42", "raw-chat-42", "raw-account-7"
CHANNELS = ("telegram", "zalo_bot", "zalo_oa")
NO_PASSAGE, OFF_TOPIC = Status.UNANSWERABLE_NO_PASSAGE, Status.UNANSWERABLE_OFF_TOPIC

# --- People, and what they write ----------------------------------------------------------------------------------


@dataclass
class People:
    """Writes into a database what the durable path writes when somebody asks something."""

    engine: Engine
    count: int = 0

    def ask(
        self,
        text: str,
        at: datetime,
        channel: str = "telegram",
        person: str = "An",
        status: Status = Status.ANSWERED,
        *,
        cites: Sequence[str] = (),
        language: str = "vi",
        making: float = 5.0,
        waiting: float = 0.4,
        outcome: Outcome = Outcome.SENT,
        verdict: str = "",
        reason: str | None = None,
        turns: tuple[str, ...] = (),
        said: str = "",
    ) -> str:
        """A question on a channel, its answer, how that was sent, and what was thought of it; the answer's id."""
        return self.told(
            text,
            at,
            self._answer(text, status, cites, language, making, turns, said),
            channel,
            person,
            waiting=waiting,
            outcome=outcome,
            verdict=verdict,
            reason=reason,
        )

    def told(
        self,
        text: str,
        at: datetime,
        answer: Answer,
        channel: str = "telegram",
        person: str = "An",
        *,
        waiting: float = 0.4,
        outcome: Outcome = Outcome.SENT,
        verdict: str = "",
        reason: str | None = None,
    ) -> str:
        now = at.timestamp()
        with self.engine.begin() as connection:
            assert inbox.receive(connection, self._message(text, at, channel, person), SECRET, now)
            (work,) = inbox.claim(connection, [(channel, ACCOUNT)], "worker", now, 1)
            parts = inbox.answered(connection, work, "worker", [{"text": answer.text}, {"text": "2"}], now)
            inbox.remember(connection, work, Conversation(), answer.answer_id, doubtful=False)
            insert(connection, answer, work.conversation_id)
            kept = RECEIPTS.c.answer_id == answer.answer_id
            connection.execute(update(RECEIPTS).where(kept).values(created=at.astimezone(UTC).isoformat()))
            for part in parts:
                inbox.ended(connection, work, part, Delivery(outcome), now + waiting * (part.number + 1) / 2)
            if verdict:
                assert inbox.judge(connection, work, answer.answer_id, verdict, reason, now + 60)
            inbox.done(connection, work, "worker")
        return answer.answer_id

    def do(self, kind: Kind, at: datetime, channel: str = "telegram", person: str = "An") -> None:
        """Something that no answer is given to."""
        with self.engine.begin() as connection:
            message = replace(self._message("", at, channel, person), kind=kind)
            assert inbox.receive(connection, message, SECRET, at.timestamp())
            (work,) = inbox.claim(connection, [(channel, ACCOUNT)], "worker", at.timestamp(), 1)
            inbox.done(connection, work, "worker")

    def ask_at_the_terminal(self, text: str, at: datetime, status: Status = Status.ANSWERED) -> None:
        answer = self._answer(text, status, (), "vi", 5.0, (), "")
        with self.engine.begin() as connection:
            insert(connection, answer)
            kept = RECEIPTS.c.answer_id == answer.answer_id
            connection.execute(update(RECEIPTS).where(kept).values(created=at.astimezone(UTC).isoformat()))

    def _message(self, text: str, at: datetime, channel: str, person: str) -> Inbound:
        self.count += 1
        chat = f"{CHAT}-{person}"
        return Inbound(channel, ACCOUNT, f"key-{self.count}", chat, f"{PERSON}-{person}", Kind.TEXT, at, text)

    def _answer(
        self,
        text: str,
        status: Status,
        cites: Sequence[str],
        language: str,
        making: float,
        turns: tuple[str, ...],
        said: str,
    ) -> Answer:
        self.count += 1
        citations = tuple(citation(number, document_id) for number, document_id in enumerate(cites, 1))
        return Answer(
            f"{self.count:012x}",
            Question(text, turns),
            status,
            language,
            said or f"Trả lời: {text}",
            citations=citations,
            timings=Timings(total=making),
        )


def citation(number: int, document_id: str) -> Citation:
    title = f"Văn bản {document_id}"
    return Citation(number, f"{document_id}#1", document_id, title, (), "UBND", None, None, "2026", "", None, "lời")


def a_week(people: People, ask: Callable[[Question], Answer], size: int = 300) -> None:
    """A plausible week before NOW on three channels: what is asked in vain is asked in several wordings."""
    chance = random.Random(7)
    lines = [json.loads(line) for line in (DATA / "questions-dev.jsonl").read_text("utf-8").splitlines()]
    answerable = [line for line in lines if line["expect"] in ("answer", "outdated")]
    others = [line for line in lines if line["expect"] not in ("answer", "outdated")]
    hours = [1, 0, 0, 0, 0, 1, 3, 6, 14, 18, 15, 9, 6, 8, 13, 15, 12, 7, 5, 7, 9, 8, 4, 2]
    for number in range(size):
        day = WEEK.since.date() + timedelta(days=chance.randrange(7))
        hour = chance.choices(range(24), hours)[0]
        at = datetime.combine(day, datetime.min.time(), HANOI) + timedelta(hours=hour, seconds=chance.randrange(3600))
        line = chance.choice(answerable) if chance.random() < 0.7 else others[int(len(others) * chance.random() ** 2)]
        text = line.get("typed") if line.get("typed") and chance.random() < 0.4 else line["question"]
        text = strip_diacritics(text) if chance.random() < 0.25 else text
        answer = ask(Question(text, tuple(line.get("turns", ()))))
        answer = replace(answer, answer_id=f"{number:012x}", timings=Timings(total=chance.lognormvariate(1.6, 0.4)))
        judged = chance.random() < (0.25 if answer.citations else 0.0)
        verdict = ("bad" if chance.random() < 0.35 else "good") if judged else ""
        people.told(
            text,
            max(at, WEEK.since),
            answer,
            chance.choices(CHANNELS, (5, 2, 4))[0],
            str(chance.randrange(size // 3)),
            waiting=chance.lognormvariate(-1.2, 0.6),
            outcome=chance.choices((Outcome.SENT, Outcome.UNKNOWN, Outcome.FAILED), (96, 1, 3))[0],
            verdict=verdict,
            reason=chance.choice((None, *messages.REASONS)) if verdict == "bad" else None,
        )
    for number in range(12):
        people.ask_at_the_terminal(answerable[number]["question"], ago(days=3, minutes=number))


def as_the_file_says(question: Question) -> Answer:
    """An answer with the status and the documents that the question file wants, for any of its wordings."""
    line = _by_wording()[question.text]
    status = {
        "answer": Status.ANSWERED,
        "outdated": Status.ANSWERED,
        "abstain": NO_PASSAGE,
        "offtopic": OFF_TOPIC,
        "refuse": Status.REFUSED,
        "smalltalk": Status.SMALL_TALK,
    }[line["expect"]]
    citations = tuple(citation(number, document_id) for number, document_id in enumerate(line["docs"][:2], 1))
    return Answer("", question, status, "vi", f"Trả lời: {line['question']}", citations)


@functools.cache
def _by_wording() -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (DATA / "questions-dev.jsonl").read_text("utf-8").splitlines()]
    wordings = [(text, line) for line in lines for text in (line["question"], line.get("typed")) if text]
    return {one: line for text, line in wordings for one in (text, strip_diacritics(text))}


def entry(document_id: str) -> Entry:
    return Entry(document_id, f"Tên {document_id}", "UBND", None, "kế hoạch", None, "2026", "", (), (), ())


@pytest.fixture
def people(engine: Engine) -> People:
    return People(engine)


def used(people: People, within: Period = WEEK) -> Usage:
    with reading(people.engine) as connection:
        return usage(connection, within)


def in_vain(people: People, encoder: Encoder, within: Period = WEEK) -> Unanswered:
    with reading(people.engine) as connection:
        return unanswered(connection, within, encoder)


def thought(people: People, within: Period = WEEK) -> Feedback:
    with reading(people.engine) as connection:
        return feedback(connection, within)


def cited(people: People, *there: str, within: Period = WEEK) -> Sources:
    with reading(people.engine) as connection:
        return sources(connection, within, {one: entry(one) for one in there})


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


# --- The time to report on ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "begins"),
    [
        ("7d", datetime(2026, 11, 16, 15, 30, tzinfo=HANOI)),
        ("24h", datetime(2026, 11, 22, 15, 30, tzinfo=HANOI)),
        ("4w", datetime(2026, 10, 26, 15, 30, tzinfo=HANOI)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=HANOI)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=HANOI)),
    ],
)
def test_a_time_is_given_in_hours_days_weeks_or_as_a_day_in_hanoi(since: str, begins: datetime) -> None:
    assert period(since, NOW) == period(since, NOW.astimezone(UTC)) == Period(begins, NOW)


@pytest.mark.parametrize(
    "since", ["", "7", "7 d", "0d", "-7d", "7D", "d", "7m", "99999d", "٧d", "hôm qua", "2026-13-01", "2026-02-30"]
)
def test_what_is_no_time_is_refused_with_examples(since: str) -> None:
    with pytest.raises(ValueError, match=r"give hours, days or weeks like 24h, 7d or 4w, or a day like 2026-11-01$"):
        period(since, NOW)


def test_a_day_that_has_not_begun_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-24 is a day to come"):
        period("2026-11-24", NOW)


def test_the_days_of_a_period_are_those_of_hanoi() -> None:
    just_after_midnight = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)
    assert period("10h", just_after_midnight).days == (date(2026, 11, 22), date(2026, 11, 23))


# --- Usage --------------------------------------------------------------------------------------------------------


def test_messages_people_and_questions_are_counted_by_channel(people: People) -> None:
    people.ask("Phí bao nhiêu?", ago(days=1))
    people.ask("Nộp ở đâu?", ago(days=1), status=NO_PASSAGE)
    people.ask("Nộp ở đâu?", ago(days=2), person="Bình", status=Status.REFUSED)
    people.ask("Where do I file?", ago(hours=1), "zalo_oa", language="en")
    people.ask("xin chào", ago(hours=1), "zalo_oa", status=Status.SMALL_TALK)
    people.do(Kind.OTHER, ago(hours=2), "zalo_oa")
    people.ask_at_the_terminal("Phí?", ago(hours=3), OFF_TOPIC)
    found = used(people)
    assert [
        (one.channel, one.messages, one.people, one.questions, one.small_talk) for one in (*found.channels, found.all)
    ] == [("telegram", 3, 2, 3, 0), ("zalo_oa", 3, 1, 1, 1), (TERMINAL, 1, 0, 1, 0), ("", 7, 3, 5, 1)]
    assert found.all.statuses == {
        "answered": 2,
        "refused": 1,
        "unanswerable_no_passage": 1,
        "unanswerable_off_topic": 1,
    }
    assert found.channels[0].statuses == {"answered": 1, "refused": 1, "unanswerable_no_passage": 1}
    assert found.all.languages == {"vi": 4, "en": 1}


def test_what_is_no_message_or_no_question_is_not_counted_as_one(people: People) -> None:
    people.do(Kind.JOINED, ago(hours=3))
    people.do(Kind.LEFT, ago(hours=2))
    people.ask("", ago(hours=1), cites=["tong-dai-1022"])  # what /lienhe is answered with
    people.ask("", ago(hours=1), status=Status.UNANSWERABLE_EMPTY)  # "?"
    found = used(people)
    assert (found.all.messages, found.all.questions) == (2, 1)
    assert found.all.statuses == {"unanswerable_empty": 1}


def test_what_was_before_the_period_or_comes_after_it_is_left_out(people: People) -> None:
    for moment in (ago(days=7, seconds=1), ago(days=7), NOW, ago(seconds=-1)):
        people.ask("Phí?", moment, person=str(moment), verdict="bad", cites=["phi"], status=NO_PASSAGE)
        people.ask_at_the_terminal("Phí?", moment)
    found = used(people)
    assert (found.all.messages, found.all.questions, found.all.people) == (4, 4, 2)
    assert sum(found.all.sends.values()) == 4
    assert in_vain(people, HashEncoder()).questions == 2
    assert cited(people, "phi").cited[0].answers == 2
    assert thought(people).bad == 2  # given a minute after each question: those of the first and of the second


def test_messages_are_spread_over_the_hours_and_days_of_hanoi(people: People) -> None:
    people.ask("a", datetime(2026, 11, 20, 17, 30, tzinfo=UTC))  # half past midnight of the 21st
    people.ask("b", datetime(2026, 11, 20, 16, 30, tzinfo=UTC), "zalo_bot")
    people.ask_at_the_terminal("c", datetime(2026, 11, 21, 0, 59, tzinfo=UTC))
    found = used(people)
    assert WEEK.days[0] == date(2026, 11, 16)
    assert found.all.days == (0, 0, 0, 0, 1, 2, 0, 0)
    assert {hour: count for hour, count in enumerate(found.all.hours) if count} == {0: 1, 7: 1, 23: 1}
    assert [one.days[5] for one in found.channels] == [1, 0, 1]


def test_how_long_answers_took_is_told_by_percentiles(people: People) -> None:
    for number in range(1, 21):
        people.ask(f"câu {number}", ago(minutes=number), person=str(number), making=float(number), waiting=number / 10)
    found = used(people).all
    assert found.making == Times(20, 10.5, 19.05, 19.81)
    assert found.waiting == Times(20, 1.05, 1.905, 1.981)  # until the second part


def test_what_was_not_sent_took_no_time(people: People) -> None:
    people.ask("a", ago(hours=2), outcome=Outcome.FAILED)
    people.ask("b", ago(hours=1), outcome=Outcome.UNKNOWN)
    people.ask("c", ago(minutes=5), waiting=2.0)
    found = used(people).all
    assert found.sends == {"failed": 2, "sent": 2, "unknown": 2}
    assert found.waiting == Times(1, 2.0, 2.0, 2.0)


def test_in_an_empty_database_nothing_is_counted(people: People) -> None:
    found = used(people)
    assert (found.all.messages, found.all.questions, found.channels) == (0, 0, ())
    assert found.all.making is found.all.waiting is None
    assert (in_vain(people, HashEncoder()).clusters, thought(people).disliked) == ((), ())
    assert cited(people, "phi").never == (("phi", "Tên phi"),)


# --- Clusters -----------------------------------------------------------------------------------------------------


def joined_one_by_one(similar: Any, threshold: float) -> set[frozenset[int]]:
    """Clusters as one would make them by hand: of all pairs of groups the most alike are joined, again and again."""
    groups = [frozenset([row]) for row in range(len(similar))]
    while len(groups) > 1:
        alike = {(a, b): np.mean([[similar[i, j] for j in b] for i in a]) for a, b in combinations(groups, 2)}
        (a, b), best = max(alike.items(), key=lambda item: item[1])
        if best < threshold:
            break
        groups = [group for group in groups if group not in (a, b)] + [a | b]
    return set(groups)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 14), threshold=st.floats(0.05, 0.95))
def test_clusters_are_those_that_joining_the_most_alike_again_and_again_makes(
    seed: int, size: int, threshold: float
) -> None:
    matrix = np.random.default_rng(seed).random((size, size))
    similar = ((matrix + matrix.T) / 2).astype(np.float32)
    found = clusters(similar, threshold)
    assert {frozenset(group) for group in found} == joined_one_by_one(similar.astype(np.float64), threshold)
    assert sorted(row for group in found for row in group) == list(range(size))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 40), values=st.integers(1, 4))
def test_with_many_equal_similarities_every_row_is_in_one_cluster(seed: int, size: int, values: int) -> None:
    matrix = np.random.default_rng(seed).integers(1, values, (size, size), endpoint=True)
    found = clusters((np.maximum(matrix, matrix.T) / 7).astype(np.float32), 1 / 7)
    assert sorted(row for group in found for row in group) == list(range(size))


def test_equal_similarities_and_none_at_all_are_no_trouble() -> None:
    assert clusters(np.ones((5, 5), np.float32), 0.5) == ((0, 1, 2, 3, 4),)
    assert clusters(np.zeros((3, 3), np.float32), 0.5) == ((0,), (1,), (2,))
    assert clusters(np.empty((0, 0), np.float32), 0.5) == ()


def test_wordings_of_one_question_fall_together_and_those_of_others_stay_apart(encoder: Encoder) -> None:
    """Every fourth question of the file as written, as typed in a hurry, and without diacritics."""
    lines = [json.loads(line) for line in (DATA / "questions-dev.jsonl").read_text("utf-8").splitlines()]
    left_out = ("followup", "smalltalk", "refuse", "english", "otherlang")
    asked = [line for line in lines if line["kind"] not in left_out][::4]
    wordings = [
        (line["id"], text)
        for line in asked
        for text in (line["question"], line.get("typed"), strip_diacritics(line["question"]))
        if text
    ]
    found = clusters(similarities([text for _, text in wordings], encoder), ALIKE)
    ids = [one for one, _ in wordings]
    together = [(ids[a], ids[b]) for group in found for a, b in combinations(group, 2)]
    right = sum(a == b for a, b in together)
    pairs = sum(count * (count - 1) // 2 for count in Counter(ids).values())
    assert right / len(together) >= 0.95
    assert right / pairs >= 0.80


# --- Asked in vain ------------------------------------------------------------------------------------------------


def test_questions_in_vain_stand_together_by_meaning_the_most_frequent_first(people: People, encoder: Encoder) -> None:
    people.ask("Đỗ xe ở phố cổ trả tiền qua đâu?", ago(days=3), "zalo_oa", status=NO_PASSAGE)
    people.ask("do xe o pho co tra tien qua dau", ago(days=2), person="Bình", status=NO_PASSAGE)
    people.ask("đỗ xe ở phố cổ trả tiền qua đâu", ago(days=1), person="Cúc", status=OFF_TOPIC)
    people.ask("Lịch cắt điện tuần này của phường Láng?", ago(hours=5), status=OFF_TOPIC)
    people.ask("Nộp hồ sơ ở đâu?", ago(hours=4))
    people.ask("?", ago(hours=3), status=Status.UNANSWERABLE_EMPTY)
    people.ask("오늘 날씨 어때요?", ago(hours=3), status=Status.UNANSWERABLE_LANGUAGE)
    found = in_vain(people, encoder)
    assert (found.questions, found.wordings, found.left_out) == (4, 3, 0)
    parking, power = found.clusters
    assert (parking.number, parking.count, power.number, power.count) == (1, 3, 2, 1)
    assert parking.central.text == "đỗ xe ở phố cổ trả tiền qua đâu"
    assert parking.central.count == 2  # capitals and a question mark make no other wording
    assert parking.typed is not None
    assert parking.typed.text == "do xe o pho co tra tien qua dau"
    assert parking.channels == {"telegram": 2, "zalo_oa": 1}
    assert parking.statuses == {"unanswerable_no_passage": 2, "unanswerable_off_topic": 1}
    assert (parking.first, parking.last) == (ago(days=3), ago(days=1))
    assert (power.central.text, power.typed) == ("Lịch cắt điện tuần này của phường Láng?", None)
    assert found.days["unanswerable_no_passage"] == (0, 0, 0, 0, 1, 1, 0, 0)
    assert in_vain(people, encoder) == found


def test_a_follow_up_is_understood_from_what_was_asked_before_it(people: People, encoder: Encoder) -> None:
    for person, before in (("An", "Thuê xe đạp công cộng ở đâu?"), ("Bình", "Cấp lại hộ chiếu ở đâu?")):
        people.ask("Thế phí bao nhiêu?", ago(hours=1), person=person, status=NO_PASSAGE, turns=(before,))
    people.ask("Giá vé xe buýt điện?", ago(hours=1), person="Cúc", status=NO_PASSAGE, turns=("Hồ Tây ở đâu?",))
    found = in_vain(people, encoder)
    assert sorted((one.central.text, one.central.turns) for one in found.clusters) == [
        ("Giá vé xe buýt điện?", ()),
        ("Thế phí bao nhiêu?", ("Cấp lại hộ chiếu ở đâu?",)),
        ("Thế phí bao nhiêu?", ("Thuê xe đạp công cộng ở đâu?",)),
    ]


def test_only_the_most_frequent_wordings_are_compared_and_the_others_counted(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, text in enumerate(("lịch cắt điện", "lịch cắt điện", "giá vàng", "bóng đá", "bóng đá")):
        people.ask(text, ago(hours=number), person=str(number), status=NO_PASSAGE)
    monkeypatch.setattr(reports, "MOST_WORDINGS", 2)
    found = in_vain(people, HashEncoder())
    assert (found.questions, found.wordings, found.left_out) == (5, 3, 1)
    assert {one.central.text for one in found.clusters} == {"lịch cắt điện", "bóng đá"}


def test_what_people_asked_in_vain_is_shown_as_it_was_masked(people: People) -> None:
    people.ask("Tra hồ sơ của số 0912345678?", ago(hours=1), status=NO_PASSAGE)
    found = in_vain(people, HashEncoder())
    assert found.clusters[0].central.text == "Tra hồ sơ của số [số điện thoại]?"
    assert "0912345678" not in to_json(found)


def test_a_cluster_becomes_a_draft_that_the_evaluation_can_read(
    people: People, encoder: Encoder, tmp_path: Path
) -> None:
    people.ask("Đỗ xe ở phố cổ trả tiền qua đâu?", ago(days=3), status=NO_PASSAGE)
    people.ask("do xe pho co tra tien qua dau", ago(days=1), person="Bình", status=NO_PASSAGE)
    people.ask("Thế phí bao nhiêu?", ago(hours=1), status=NO_PASSAGE, turns=("Cấp lại hộ chiếu ở đâu?",))
    file = tmp_path / "golden.jsonl"
    file.write_text('{"id": "q", "kind": "abstain", "expect": "abstain", "question": "Giá vàng?"}', "utf-8")
    found = in_vain(people, encoder).clusters
    assert append(found, file) == 2
    assert append(found, file) == 0  # they are there
    _, parking, fee = read([file], {})
    assert (parking.question, parking.typed) == ("Đỗ xe ở phố cổ trả tiền qua đâu?", "do xe pho co tra tien qua dau")
    assert (parking.kind, parking.expect, parking.docs, parking.answers) == ("abstain", "abstain", (), ())
    assert parking.notes == messages.DRAFT.format(count=2, first="20/11/2026", last="22/11/2026")
    assert (fee.question, fee.turns, fee.typed) == ("Thế phí bao nhiêu?", ("Cấp lại hộ chiếu ở đâu?",), None)
    assert len({"q", parking.id, fee.id}) == 3


# --- Thumbs -------------------------------------------------------------------------------------------------------


def test_thumbs_are_counted_for_every_document_that_the_answer_cites(people: People) -> None:
    people.ask("a", ago(hours=5), cites=["phi", "xa", "phi"], verdict="bad", reason="cu")
    people.ask("b", ago(hours=4), "zalo_oa", cites=["phi"], verdict="good")
    people.ask("c", ago(hours=3), cites=["xa"], verdict="good")
    people.ask("d", ago(hours=2), cites=["phi"], verdict="bad")
    people.ask("e", ago(hours=1), cites=["xa"])
    found = thought(people)
    assert (found.good, found.bad, found.gone) == (2, 2, 0)
    assert found.documents == (Thumbs("phi", "Văn bản phi", 1, 2), Thumbs("xa", "Văn bản xa", 1, 1))
    assert found.reasons == {"": 1, "cu": 1}
    assert found.channels == {"telegram": {"good": 1, "bad": 2}, "zalo_oa": {"good": 1}}


def test_the_answers_that_most_people_disliked_come_first_each_with_its_newest_id(people: People) -> None:
    people.ask("Phí?", ago(hours=9), cites=["phi"], verdict="bad", reason="sai", said="Miễn phí [1]")
    newest = people.ask("phí", ago(hours=8), person="B", cites=["phi"], verdict="bad", reason="cu", said="Miễn phí [1]")
    people.ask("Phí", ago(hours=7), person="C", cites=["phi"], verdict="good", said="Miễn phí [1]")
    people.ask("Phí", ago(hours=6), person="D", verdict="good", said="khác")
    other = people.ask("Ở đâu?", ago(hours=1), person="E", verdict="bad")
    first, second = thought(people).disliked
    assert (first.answer_id, first.question, first.text) == (newest, "phí", "Miễn phí [1]")
    assert (first.bad, first.good, first.reasons, first.documents) == (2, 1, {"cu": 1, "sai": 1}, ("phi",))
    assert (second.answer_id, second.bad, second.reasons) == (other, 1, {})


def test_thumbs_for_an_answer_that_is_no_longer_kept_are_counted_but_for_no_document(people: People) -> None:
    gone = people.ask("Phí?", ago(hours=9), cites=["phi"], verdict="bad")
    with people.engine.begin() as connection:
        connection.execute(RECEIPTS.delete().where(RECEIPTS.c.answer_id == gone))
    found = thought(people)
    assert (found.bad, found.gone, found.documents, found.disliked) == (1, 1, (), ())


# --- Sources ------------------------------------------------------------------------------------------------------


def test_documents_are_counted_once_an_answer_and_those_without_any_are_named(people: People) -> None:
    people.ask("a", ago(days=3), cites=["phi", "phi", "xa"], verdict="good")
    people.ask("b", ago(days=1), cites=["phi"], verdict="bad")
    people.ask("c", ago(days=2), cites=["cu"], status=NO_PASSAGE)
    people.ask("d", ago(hours=1))
    people.ask_at_the_terminal("e", ago(hours=1))
    found = cited(people, "phi", "xa", "wifi")
    assert (found.answers, found.documents) == (3, 3)
    assert found.cited == (
        Cited("phi", "Tên phi", 2, ago(days=1), 1, 1, is_there=True),
        Cited("cu", "Văn bản cu", 1, ago(days=2), 0, 0, is_there=False),
        Cited("xa", "Tên xa", 1, ago(days=3), 1, 0, is_there=True),
    )
    assert found.never == (("wifi", "Tên wifi"),)


def test_the_documents_of_the_active_snapshot_are_read_alone(small_documents: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSnapshot):
        entries(tmp_path)
    documents = read_folder(small_documents)
    manifest = build(documents, HashEncoder(), tmp_path)
    activate(manifest.id, tmp_path)
    assert entries(tmp_path) == {document.entry.id: document.entry for document in documents}
    folder = tmp_path / "snapshots" / manifest.id
    (folder / "vectors.faiss").unlink()
    assert len(entries(tmp_path)) == 4
    with (folder / "documents.jsonl").open("a") as stream:
        stream.write("{}\n")
    with pytest.raises(DamagedSnapshot, match=r"documents\.jsonl is not what was written"):
        entries(tmp_path)
    (folder / "documents.jsonl").unlink()
    with pytest.raises(DamagedSnapshot):
        entries(tmp_path)


# --- Pages and tables ---------------------------------------------------------------------------------------------

Report = Usage | Unanswered | Feedback | Sources
NAMES = ("usage", "unanswered", "feedback", "sources")
EVIL = '<script>alert("1")</script>'


def made(engine: Engine) -> dict[str, Report]:
    people = People(engine)
    return {
        "usage": used(people),
        "unanswered": in_vain(people, HashEncoder()),
        "feedback": thought(people),
        "sources": cited(people, "tai-khoan-vneid", "wifi", "xa"),
    }


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """The reports on a plausible week, in which somebody wrote markup."""
    engine = database(tmp_path_factory.mktemp("week"), wait=10.0)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    engine.dispose()
    people = People(engine, count=1_000_000)
    a_week(people, as_the_file_says, 150)
    for number in range(5):
        people.ask(f"{EVIL} đỗ xe ở đâu?", ago(hours=number + 1), person=f"x{number}", status=NO_PASSAGE)
    turns = (f"Thuê xe đạp {EVIL} ở đâu?",)
    people.ask("Thế phí bao nhiêu?", ago(hours=1), person="y", status=NO_PASSAGE, turns=turns)
    for number in range(30):
        person, said = f"z{number}", f"Phí: {EVIL}"
        people.ask(f"{EVIL} phí?", ago(hours=2), person=person, cites=[EVIL], verdict="bad", said=said, language=EVIL)
    return made(engine)


@pytest.fixture(scope="module")
def pages(week: dict[str, Report]) -> dict[str, str]:
    return {name: to_html(paged(report)) for name, report in week.items()}


def printed(report: Report) -> str:
    console = Console(width=240, markup=False, emoji=False, highlight=False, record=True, file=io.StringIO())
    show(paged(report), console)
    return console.export_text()


@pytest.mark.parametrize("name", NAMES)
def test_what_people_wrote_is_escaped_on_every_page(pages: dict[str, str], name: str) -> None:
    assert "<script" not in pages[name]
    assert "&lt;script&gt;alert" in pages[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_nothing_and_is_made_for_phones_and_screen_readers(pages: dict[str, str], name: str) -> None:
    shown = pages[name]
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|video|audio|form)\b", shown)
    assert set(re.findall(r'\b(?:src|href|action|data|poster)="([^"#]?)', shown)) <= {""}
    assert not re.search(r"@import|url\((?!#)|srcset", shown)
    assert '<html lang="vi">' in shown
    assert 'name="viewport" content="width=device-width' in shown
    assert shown.count("<h1>") == 1
    assert shown.count("<svg") == shown.count('role="img"') == shown.count("<desc") >= 1
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert shown.count("<table") == shown.count("<thead") == shown.count('role="region"')
    assert not re.search(r"\bnan\b|None|inf\b", re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", shown, flags=re.DOTALL))


def test_the_pages_are_the_same_every_time(week: dict[str, Report], pages: dict[str, str]) -> None:
    assert {name: to_html(paged(report)) for name, report in week.items()} == pages


def test_the_pages_show_what_was_counted(week: dict[str, Report], pages: dict[str, str]) -> None:
    assert all(label in pages["usage"] for label in ("Telegram", "Zalo Bot", "Zalo OA", "dòng lệnh", "tất cả", "p99"))
    assert "(sau câu: Thuê xe đạp" in pages["unanswered"]
    assert 'class="card">\n<h3>1. &lt;script&gt;' in pages["unanswered"]
    assert "30 chưa đúng, 0 đúng ý" in pages["feedback"]
    assert "Không nêu lý do" in pages["feedback"]
    assert "Tên wifi" in pages["sources"].partition("Không được trích lần nào</h2>")[2]
    assert "Được trích nhưng không còn trong bản dữ liệu</h2>" in pages["sources"]


@pytest.mark.parametrize("name", NAMES)
def test_the_terminal_shows_the_same_as_the_page(week: dict[str, Report], pages: dict[str, str], name: str) -> None:
    shown = printed(week[name])
    for heading in re.findall("<h2>(.*?)</h2>", pages[name]):
        assert heading == "Biểu đồ" or heading in shown
    assert EVIL in shown
    assert "\x1b" not in shown


def test_a_control_sequence_in_a_question_does_not_reach_the_terminal(people: People) -> None:
    said = "Phí \x1b[2J\u202e[1]"
    people.ask("Phí?", ago(hours=1), verdict="bad", said=said)
    found = thought(people)
    assert found.disliked[0].text == said
    assert "\x1b" not in printed(found)
    assert "\x1b" not in to_html(paged(found))


@pytest.mark.parametrize("name", NAMES)
def test_of_nothing_a_page_and_a_table_say_so_plainly(people: People, name: str) -> None:
    empty: dict[str, Report] = {
        "usage": used(people),
        "unanswered": in_vain(people, HashEncoder()),
        "feedback": thought(people),
        "sources": cited(people),
    }
    for shown in (printed(empty[name]), to_html(paged(empty[name]))):
        assert "Trong thời gian này không có gì để báo cáo." in shown
        assert "<svg" not in shown
        assert "nan" not in shown.lower().partition("</style>")[2]


def test_more_than_anybody_reads_is_left_out_of_pages_and_that_is_said(people: People) -> None:
    for number in range(53):
        people.ask(f"{number}", ago(hours=1), person=f"{number}", cites=[f"van-ban-{number:02}"], verdict="bad")
    shown = to_html(paged(thought(people)))
    assert shown.count("<article") == 50
    assert shown.count("Còn 3 ") == 2
    assert len(json.loads(to_json(thought(people)))["disliked"]) == 53


@pytest.mark.parametrize("module", ["matplotlib"])
def test_a_page_without_its_extra_says_what_to_install(
    week: dict[str, Report], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"{module}.*pip install 'hanoidx\[evaluate\]'$"):
        to_html(paged(week["usage"]))


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "usage.html"
    page.write("trước", file)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        page.write("sau", file)
    assert file.read_text("utf-8") == "trước"
    assert list(tmp_path.iterdir()) == [file]


# --- The commands -------------------------------------------------------------------------------------------------


def report(*arguments: str, data: Path, url: str = "", code: int = 0) -> Any:
    environment = {"HANOIDX_DATA": str(data), "HANOIDX_DATABASE_URL": url}
    result = CliRunner().invoke(app, ["report", *arguments], env=environment)
    assert result.exit_code == code, result.output
    return result


def just_now(**time: float) -> datetime:
    return datetime.now(HANOI) - timedelta(minutes=5, **time)


def test_each_report_is_a_table_a_json_object_and_a_page(
    people: People, store_url: str, tmp_path: Path, small_documents: Path
) -> None:
    activate(build(read_folder(small_documents), HashEncoder(), tmp_path).id, tmp_path)
    people.ask("Phí bao nhiêu?", just_now(), cites=["le-phi-truc-tuyen"], verdict="bad", reason="sai")
    people.ask("Đỗ xe ở đâu?", just_now(days=2), "zalo_oa", "Bình", NO_PASSAGE)
    for name, counted in (("usage", 1), ("feedback", 1), ("sources", 1), ("unanswered", 1)):
        file = tmp_path / f"{name}.html"
        result = report(name, "--html", str(file), data=tmp_path, url=store_url)
        assert result.stdout.startswith(paged(made(people.engine)[name]).title)
        found = json.loads(report(name, "--json", "--since", "3d", data=tmp_path, url=store_url).stdout)
        everything = result.stdout + json.dumps(found) + file.read_text("utf-8")
        who = inbox.hashed(SECRET, "telegram", ACCOUNT, f"{CHAT}-An", f"{PERSON}-An")
        assert not [one for one in (ACCOUNT, CHAT, PERSON, who) if one in everything]
        if name == "usage":
            assert (found["all"]["messages"], found["all"]["questions"]) == (2, 2)
        else:
            key = {"feedback": "bad", "sources": "answers", "unanswered": "questions"}[name]
            assert found[key] == counted
    lately = json.loads(report("usage", "--json", "--since", "24h", data=tmp_path, url=store_url).stdout)
    assert lately["all"]["messages"] == 1


@pytest.mark.parametrize("since", ["", "mai", "0d", "2999-01-01"])
def test_a_time_that_is_none_is_a_mistake_in_the_command(tmp_path: Path, since: str) -> None:
    result = report("usage", "--since", since, data=tmp_path, code=2)
    assert "--since" in result.stderr


def test_where_no_database_is_none_is_made(tmp_path: Path) -> None:
    result = report("usage", data=tmp_path, code=1)
    assert result.stderr.startswith(f"hanoidx: {tmp_path}/hanoidx.db is not there; HANOIDX_DATA has to name the folder")
    assert list(tmp_path.iterdir()) == []


def test_sources_without_a_snapshot_say_how_to_build_one(tmp_path: Path) -> None:
    database(tmp_path)
    assert "hanoidx index build" in report("sources", data=tmp_path, code=1).stderr


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    database(tmp_path)
    result = report("usage", "--html", str(tmp_path / "none" / "usage.html"), data=tmp_path, code=1)
    assert re.fullmatch(r"hanoidx: .*usage\.html.*: No such file or directory; check the path, .*\n", result.stderr)


def test_chosen_clusters_are_exported(tmp_path: Path) -> None:
    people = People(database(tmp_path))
    for number, text in enumerate(("lịch cắt điện phường Láng", "lịch cắt điện phường Láng", "giá vàng hôm nay")):
        people.ask(text, just_now(hours=number), person=str(number), status=NO_PASSAGE)
    file = tmp_path / "golden.jsonl"
    result = report("unanswered", "--export", str(file), "--cluster", "2", data=tmp_path)
    assert result.stderr == f"{file}: 1 drafts added, 0 were there\n"
    assert [item.question for item in read([file], {})] == ["giá vàng hôm nay"]
    result = report("unanswered", "--export", str(file), data=tmp_path)
    assert result.stderr == f"{file}: 1 drafts added, 1 were there\n"
    assert [item.question for item in read([file], {})] == ["giá vàng hôm nay", "lịch cắt điện phường Láng"]
    assert (
        "they are 1 to 2" in report("unanswered", "--export", str(file), "--cluster", "3", data=tmp_path, code=2).stderr
    )
    assert "--export" in report("unanswered", "--cluster", "1", data=tmp_path, code=2).stderr
