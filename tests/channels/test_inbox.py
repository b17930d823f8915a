"""The durable path's rows: nothing is lost, nothing is said twice, and nothing personal stays."""

import random
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, MetaData, Row, func, select, update

from bot.answering.conversation import Conversation
from bot.channels import inbox
from bot.channels.inbox import (
    LEASE,
    LONGEST_TEXT,
    LONGEST_WAIT,
    PER_MINUTE,
    SAME,
    Erased,
    Part,
    Queue,
    TakenOver,
    Work,
)
from bot.channels.message import Body, Delivery, Inbound, Kind, Outcome
from bot.dialogue import Answer, Question, Status
from bot.records.database import CONVERSATIONS, FEEDBACK, INBOX, METADATA, RECEIPTS, SENDS
from bot.records.receipts import insert

P = ParamSpec("P")
T = TypeVar("T")

SECRET = b"of the tests"
ACCOUNT = ("telegram", "7000001")
NOW = 1_770_000_000.0
HOUR = 3600.0
SENT = Delivery(Outcome.SENT, "15")
UNKNOWN = Delivery(Outcome.UNKNOWN, error="timeout")
FAILED = Delivery(Outcome.FAILED, error="blocked")

# --- Receiving ----------------------------------------------------------------------------------------------------


def test_a_message_is_stored_once_under_its_key(engine: Engine) -> None:
    assert run(engine, inbox.receive, written("Xin chào", key="870"), SECRET, NOW)
    assert not run(engine, inbox.receive, written("Xin chào", key="870"), SECRET, NOW + 5 * HOUR)
    assert not run(engine, inbox.receive, written("khác hẳn", key="870", person="Bình"), SECRET, NOW)
    assert [row.text for row in rows(engine, INBOX)] == ["Xin chào"]
    assert queue(engine) == Queue(1, 0.0)


def test_the_same_key_on_another_account_or_channel_is_another_message(engine: Engine) -> None:
    for channel, account in (ACCOUNT, ("telegram", "7000002"), ("zalo_bot", "7000001")):
        message = replace(written("Xin chào", key="870"), channel=channel, account=account)
        assert run(engine, inbox.receive, message, SECRET, NOW)
    assert len(rows(engine, CONVERSATIONS)) == 3


def test_a_message_that_comes_again_after_its_reply_is_not_answered_again(engine: Engine) -> None:
    run(engine, inbox.receive, written("Xin chào", key="870"), SECRET, NOW)
    finish(engine, claim_one(engine))
    assert not run(engine, inbox.receive, written("Xin chào", key="870"), SECRET, NOW + 60)
    assert claim(engine, now=NOW + 60) == ()


@pytest.mark.parametrize("first_is_kept", [True, False])
def test_of_the_same_message_on_two_connections_at_once_one_is_stored(engine: Engine, first_is_kept: bool) -> None:
    message = written("Xin chào", key="870")
    with ThreadPoolExecutor(1) as thread, engine.connect() as connection:
        transaction = connection.begin()
        assert inbox.receive(connection, message, SECRET, NOW)
        other = thread.submit(run, engine, inbox.receive, message, SECRET, NOW)
        with pytest.raises(TimeoutError):
            other.result(0.2)  # it waits for what becomes of the first
        if first_is_kept:
            transaction.commit()
        else:
            transaction.rollback()
        assert other.result(5) is not first_is_kept
    assert len(rows(engine, INBOX)) == len(rows(engine, CONVERSATIONS)) == queue(engine).depth == 1


def test_many_messages_on_many_connections_at_once_are_all_stored(engine: Engine) -> None:
    messages = [written(f"câu {number}", key=f"{number}", person=f"{number % 3}") for number in range(24)]
    barrier = threading.Barrier(6)

    def deliver(part: int) -> list[bool]:
        barrier.wait()
        return [run(engine, inbox.receive, message, SECRET, NOW) for message in messages[part::3]]

    with ThreadPoolExecutor(6) as threads:  # each message is delivered twice
        stored = [new for part in threads.map(deliver, [0, 1, 2] * 2) for new in part]
    assert Counter(stored) == {True: 24, False: 24}
    assert sorted(row.waiting for row in rows(engine, CONVERSATIONS)) == [8, 8, 8]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Em là Nam, cccd 001 090 001 234", "Em là Nam, cccd [số CCCD]"),
        ("sđt ０９１２３４５６７８ nhé", "sđt [số điện thoại] nhé"),
        ("gọi 0912\x00345678", "gọi [số điện thoại]"),
        ("gọi 091\ud8002345678", "gọi [số điện thoại]"),
        ("gọi 0912\u200b345678", "gọi [số điện thoại]"),
        ("nam@example.org hỏi", "[địa chỉ e-mail] hỏi"),
        (unicodedata.normalize("NFD", "Phường Hoàn Kiếm ở đâu?"), "Phường Hoàn Kiếm ở đâu?"),
        ("xin\x00chào \ud83d", "xin chào  "),
        ("👍🏽 “18-NQ/TU” {0} %s ' \\", "👍🏽 “18-NQ/TU” {0} %s ' \\"),
        ("", ""),
    ],
)
def test_what_is_personal_is_masked_before_it_is_stored(engine: Engine, typed: str, stored: str) -> None:
    receive(engine, typed)
    assert [row.text for row in rows(engine, INBOX)] == [stored]


@pytest.mark.parametrize("before", [LONGEST_TEXT - 6, LONGEST_TEXT, 2 * LONGEST_TEXT])
def test_a_text_longer_than_any_platform_takes_is_cut_but_not_inside_a_number(engine: Engine, before: int) -> None:
    receive(engine, f"{'a' * (before - 1)} 001090001234 {'b' * 100_000}")
    stored = rows(engine, INBOX)[0].text
    assert len(stored) <= LONGEST_TEXT
    assert stored.startswith("aaa")
    assert not any(character.isdigit() for character in stored)


def test_nothing_says_who_wrote_once_a_message_is_done(engine: Engine) -> None:
    raw = ("42-person", "-100-chat", "9-reply", "77-click", "870-key")
    message = replace(written("Xin chào"), person=raw[0], chat=raw[1], reply_to=raw[2], click=raw[3], key=raw[4])
    run(engine, inbox.receive, message, SECRET, NOW)
    there = dump(engine)
    assert [one in there for one in raw] == [False, True, True, True, False]
    work = claim_one(engine)
    assert (work.message.chat, work.message.reply_to, work.message.click) == raw[1:4]
    finish(engine, work)
    there = dump(engine)
    assert not [one for one in raw if one in there]


def test_the_same_person_is_another_one_in_another_chat_and_with_another_secret(engine: Engine) -> None:
    private = written("một", person="42", key="1")
    for message, secret in ((private, SECRET), (replace(private, chat="-100", key="2"), SECRET), (private, b"other")):
        assert run(engine, inbox.receive, message, secret, NOW)
    assert len({row.who for row in rows(engine, CONVERSATIONS)}) == 3


def test_hashes_do_not_run_their_parts_together() -> None:
    assert inbox.hashed(SECRET, "ab", "c") != inbox.hashed(SECRET, "a", "bc")
    assert inbox.hashed(SECRET, "\ud800")  # which is no UTF-8


# --- Too much -----------------------------------------------------------------------------------------------------


def test_beyond_so_many_messages_in_a_minute_one_sentence_says_so_and_the_rest_is_passed_over(engine: Engine) -> None:
    for number in range(PER_MINUTE + 5):
        assert run(engine, inbox.receive, written(f"câu {number}", key=f"{number}"), SECRET, NOW + number)
    kinds = Counter((row.state, row.kind, bool(row.text), row.chat) for row in rows(engine, INBOX))
    assert kinds == {
        ("waiting", "text", True, "chat of Lan"): PER_MINUTE,
        ("waiting", "too_many", False, "chat of Lan"): 1,
        ("passed_over", "text", False, None): 4,
    }
    assert queue(engine).depth == PER_MINUTE + 1
    receive(engine, "người khác", person="Bình", now=NOW + 30)
    receive(engine, "phút sau", now=NOW + 60)
    assert [row.kind for row in rows(engine, INBOX)[-2:]] == ["text", "text"]


@pytest.mark.parametrize("leap", [-5 * HOUR, -30.0, 61.0, 5 * HOUR])
def test_a_clock_that_leaps_does_not_hold_up_the_count_of_messages(engine: Engine, leap: float) -> None:
    for number in range(PER_MINUTE + 3):
        receive(engine, f"câu {number}")
    receive(engine, "sau khi chỉnh giờ", now=NOW + leap)
    assert rows(engine, INBOX)[-1].kind == "text"
    assert rows(engine, INBOX)[-1].state == "waiting"


def test_the_same_words_again_within_seconds_are_one_message_until_they_are_answered(engine: Engine) -> None:
    for after in (0.0, 1.0, SAME - 1, SAME + 1):
        receive(engine, "Nộp hồ sơ ở đâu?", now=NOW + after)
    assert [row.state for row in rows(engine, INBOX)] == ["waiting", "passed_over", "passed_over", "waiting"]
    finish(engine, claim_one(engine, now=NOW + 12), now=NOW + 12)
    finish(engine, claim_one(engine, now=NOW + 12), now=NOW + 12)
    receive(engine, "Nộp hồ sơ ở đâu?", now=NOW + 13)
    assert rows(engine, INBOX)[-1].state == "waiting"


def test_the_same_words_of_another_person_or_as_another_kind_are_other_messages(engine: Engine) -> None:
    receive(engine, "")
    receive(engine, "", kind=Kind.OTHER)
    receive(engine, "", kind=Kind.OTHER)  # the second photo of an album
    receive(engine, "", person="Bình")
    assert [row.state for row in rows(engine, INBOX)] == ["waiting", "waiting", "passed_over", "waiting"]


def test_who_repeats_one_message_many_times_is_still_answered_and_told_when_it_is_too_much(engine: Engine) -> None:
    for _ in range(PER_MINUTE + 5):
        receive(engine, "alo")
    receive(engine, "Phí bao nhiêu?")
    assert (rows(engine, INBOX)[-1].state, rows(engine, INBOX)[-1].kind) == ("waiting", "text")
    for number in range(PER_MINUTE - 2):
        receive(engine, f"câu {number}")
    receive(engine, "alo")
    receive(engine, "câu nữa")
    assert (rows(engine, INBOX)[-1].state, rows(engine, INBOX)[-1].kind) == ("waiting", "too_many")


def test_in_an_overload_a_message_is_kept_only_to_say_so(engine: Engine) -> None:
    assert run(engine, inbox.receive, written("Phí bao nhiêu?", key="1"), SECRET, NOW, overload=True)
    assert not run(engine, inbox.receive, written("Phí bao nhiêu?", key="1"), SECRET, NOW, overload=True)
    work = claim_one(engine)
    assert (work.message.kind, work.message.text, work.message.chat) == (Kind.OVERLOAD, "", "chat of Lan")


# --- Taking up ----------------------------------------------------------------------------------------------------


def test_what_is_taken_up_is_what_was_sent(engine: Engine) -> None:
    message = replace(written("Phí bao nhiêu?", key="1"), reply_to="9", click="77", kind=Kind.TEXT)
    run(engine, inbox.receive, message, SECRET, NOW)
    work = claim_one(engine, now=NOW + 3)
    assert work.message == replace(message, key=work.message.key, person="")
    assert work.message.sent.tzinfo is UTC
    assert (work.received, work.conversation, work.doubtful) == (NOW, Conversation(), False)
    assert (work.is_answered, work.parts) == (False, ())


def test_one_person_with_many_messages_does_not_hold_up_the_others(engine: Engine) -> None:
    for number in range(100):
        receive(engine, f"câu {number}", now=NOW + 4 * number)  # within what is answered in a minute
    now = NOW + 400
    for person in ("An", "Bình", "Chi"):
        receive(engine, "một câu", person=person, now=now)
    order = []
    for _ in range(8):
        work = claim_one(engine, now=now)
        order.append(work.message.chat.removeprefix("chat of "))
        finish(engine, work, now=now)
        now += 1
    assert order == ["Lan", "An", "Bình", "Chi", "Lan", "Lan", "Lan", "Lan"]


def test_those_served_longest_ago_come_first(engine: Engine) -> None:
    people = ["An", "Bình", "Chi"]
    for turn in range(3):
        for person in people:
            receive(engine, f"câu {turn}", person=person)
    served = []
    for second in range(9):
        work = claim_one(engine, now=NOW + second)
        served.append((work.message.chat.removeprefix("chat of "), work.message.text))
        finish(engine, work, now=NOW + second)
    assert served == [(person, f"câu {turn}") for turn in range(3) for person in people]


def test_of_one_conversation_one_message_is_taken_up_at_a_time_and_in_order(engine: Engine) -> None:
    for number in range(3):
        receive(engine, f"câu {number}")
    for number in range(3):
        work = claim_one(engine)
        assert work.message.text == f"câu {number}"
        assert claim(engine) == claim(engine, "b") == ()
        finish(engine, work)
    assert claim(engine) == ()
    assert queue(engine) == Queue(0, 0.0)


def test_only_what_waits_on_ones_own_accounts_is_taken_up_and_no_more_than_asked_for(engine: Engine) -> None:
    for person in ("An", "Bình", "Chi"):
        receive(engine, "một câu", person=person)
    run(engine, inbox.receive, replace(written("khác"), account="7000002"), SECRET, NOW)
    assert run(engine, inbox.claim, [], "a", NOW, 32) == ()
    assert run(engine, inbox.claim, [("zalo_bot", "7000001")], "a", NOW, 32) == ()
    assert len(claim(engine, limit=2)) == 2
    assert [work.message.chat for work in claim(engine)] == ["chat of Chi"]
    both = [("telegram", "7000002"), ("zalo_bot", "1")]
    assert [work.message.account for work in run(engine, inbox.claim, both, "a", NOW, 32)] == ["7000002"]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_two_owners_at_once_take_up_different_conversations_without_waiting_for_each_other(engine: Engine) -> None:
    for person in ("An", "Bình", "Chi"):
        receive(engine, "một câu", person=person)
    with engine.begin() as first, engine.begin() as second:
        second.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        one = inbox.claim(first, [ACCOUNT], "a", NOW, 2)
        other = inbox.claim(second, [ACCOUNT], "b", NOW, 2)
    assert (len(one), len(other)) == (2, 1)
    assert not {work.id for work in one} & {work.id for work in other}


def test_no_conversation_is_given_to_two_owners_that_ask_again_and_again(engine: Engine) -> None:
    for number in range(30):
        receive(engine, "một câu", person=f"{number}")
    barrier = threading.Barrier(4)

    def take(owner: str) -> list[int]:
        barrier.wait()
        return [work.id for _ in range(12) for work in claim(engine, owner, limit=3)]

    with ThreadPoolExecutor(4) as threads:
        taken = [one for each in threads.map(take, "abcd") for one in each]
    assert sorted(taken) == [row.id for row in rows(engine, INBOX)]


# --- Owning -------------------------------------------------------------------------------------------------------


def test_what_a_process_left_is_free_again_when_its_lease_ends(engine: Engine) -> None:
    receive(engine, "một câu")
    first = claim_one(engine, "a")
    assert claim(engine, "b", now=NOW + LEASE) == ()
    assert claim_one(engine, "b", now=NOW + LEASE + 0.1) == first


def test_a_lease_that_is_renewed_does_not_end(engine: Engine) -> None:
    receive(engine, "một câu")
    receive(engine, "một câu", person="Bình")
    (lans,) = claim(engine, "a", limit=1)
    claim(engine, "b", limit=1)
    run(engine, inbox.renew, "a", [lans.conversation_id], NOW + 10)
    assert [work.message.chat for work in claim(engine, "c", now=NOW + LEASE + 5)] == ["chat of Bình"]
    assert [work.message.chat for work in claim(engine, "c", now=NOW + LEASE + 10.1)] == ["chat of Lan"]


@pytest.mark.parametrize("leap", [-5 * HOUR, LEASE + 1, 5 * HOUR])
def test_a_process_does_not_take_up_what_it_is_busy_with_whatever_the_clock_says(engine: Engine, leap: float) -> None:
    receive(engine, "một câu")
    busy = [claim_one(engine, "a").conversation_id]
    assert claim(engine, "a", now=NOW + leap, busy=busy) == ()
    run(engine, inbox.renew, "a", busy, NOW + leap)
    assert claim(engine, "b", now=NOW + leap + 1) == ()


def test_what_a_process_has_taken_up_without_knowing_it_is_free_again_when_its_lease_ends(engine: Engine) -> None:
    receive(engine, "một câu")
    first = claim_one(engine, "a")  # whose commit it does not hear of
    run(engine, inbox.renew, "a", [], NOW + 10)
    assert claim_one(engine, "a", now=NOW + LEASE + 1) == first


def test_a_conversation_that_says_wrongly_that_something_waits_holds_up_nobody(engine: Engine) -> None:
    receive(engine, "một câu")
    run(engine, lambda connection: connection.execute(update(INBOX).values(state="done")))
    receive(engine, "một câu", person="Bình")
    assert [work.message.chat for work in claim(engine)] == ["chat of Bình"]
    assert [row.waiting for row in rows(engine, CONVERSATIONS)] == [0, 1]


@pytest.mark.parametrize("leap", [-5 * HOUR, -HOUR - LEASE - 1, -HOUR, -60.0, 60.0, 5 * HOUR])
def test_a_leap_of_the_clock_keeps_nothing_from_being_answered_for_longer_than_an_hour(
    engine: Engine, leap: float
) -> None:
    for person in ("left", "put off"):
        receive(engine, "một câu", person=person)
    _crashed, later = claim(engine, "a")
    run(engine, inbox.answered, later, "a", bodies(1), NOW)
    run(engine, inbox.put_off, later, Part(0, {}, attempted=False), "a", NOW + 30)
    receive(engine, "câu mới", person="new")
    now = NOW + leap
    taken = list(claim(engine, "b", now=now))
    assert "chat of new" in {work.message.chat for work in taken}
    busy = [work.conversation_id for work in taken]
    taken += claim(engine, "b", now=now + LONGEST_WAIT + LEASE + 1, busy=busy)
    assert sorted(work.message.chat for work in taken) == ["chat of left", "chat of new", "chat of put off"]


def test_who_was_too_slow_neither_replies_nor_sends(engine: Engine) -> None:
    receive(engine, "một câu")
    slow = claim_one(engine, "a")
    fast = claim_one(engine, "b", now=NOW + LEASE + 1)
    with pytest.raises(TakenOver):
        run(engine, inbox.answered, slow, "a", bodies(1), NOW + LEASE + 2)
    assert rows(engine, SENDS) == []
    parts = run(engine, inbox.answered, fast, "b", bodies(2), NOW + LEASE + 2)
    with pytest.raises(TakenOver):
        run(engine, inbox.attempt, slow, parts[1], "a", NOW + LEASE + 3)
    run(engine, inbox.attempt, fast, parts[1], "b", NOW + LEASE + 3)


def test_who_was_too_slow_does_not_take_away_what_another_has_taken_up(engine: Engine) -> None:
    receive(engine, "một câu")
    receive(engine, "câu hai")
    slow = claim_one(engine, "a")
    (part,) = run(engine, inbox.answered, slow, "a", bodies(1), NOW)
    claim_one(engine, "b", now=NOW + LEASE + 1)
    run(engine, inbox.put_off, slow, part, "a", NOW)
    run(engine, inbox.done, slow, "a")
    run(engine, inbox.release, [ACCOUNT], "a")
    assert [row.owner for row in rows(engine, CONVERSATIONS)] == ["b"]


def test_what_is_released_is_free_at_once(engine: Engine) -> None:
    for person in ("An", "Bình", "Chi"):
        receive(engine, "một câu", person=person)
    elsewhere = replace(written("khác"), account="7000002")
    run(engine, inbox.receive, elsewhere, SECRET, NOW)
    claim(engine, "a", limit=1)
    claim(engine, "b", limit=1)
    run(engine, inbox.claim, [("telegram", "7000002")], "a", NOW, 1)
    run(engine, inbox.release, [ACCOUNT], "a")
    assert [row.owner for row in rows(engine, CONVERSATIONS)] == [None, "b", None, "a"]
    run(engine, inbox.release, [ACCOUNT])
    assert [row.owner for row in rows(engine, CONVERSATIONS)] == [None, None, None, "a"]
    assert len(claim(engine, "c")) == 3


# --- Replying -----------------------------------------------------------------------------------------------------


def test_the_first_part_of_a_reply_is_recorded_as_about_to_be_sent(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine)
    parts = run(engine, inbox.answered, work, "a", bodies(2), NOW + 1)
    assert parts == (Part(0, {"text": "phần 0"}, attempted=False), Part(1, {"text": "phần 1"}, attempted=False))
    assert [(row.part, row.state, row.attempted) for row in rows(engine, SENDS)] == [
        (0, "pending", NOW + 1),
        (1, "pending", None),
    ]


def test_after_a_crash_it_is_known_which_part_may_have_been_sent(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine, "a")
    parts = run(engine, inbox.answered, work, "a", bodies(3), NOW)
    run(engine, inbox.ended, work, parts[0], SENT, NOW)
    run(engine, inbox.attempt, work, parts[1], "a", NOW)
    resumed = claim_one(engine, "b", now=NOW + LEASE + 1)
    assert (resumed.is_answered, resumed.message) == (True, work.message)
    assert resumed.parts == (Part(1, {"text": "phần 1"}, attempted=True), Part(2, {"text": "phần 2"}, attempted=False))


def test_after_a_crash_before_the_reply_the_message_is_as_new(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine, "a")
    assert claim_one(engine, "b", now=NOW + LEASE + 1) == work


def test_a_part_is_attempted_once_and_the_same_attempt_may_be_recorded_again(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine)
    first, second = run(engine, inbox.answered, work, "a", bodies(2), NOW)
    for _ in range(2):  # as when it is not known whether the first commit succeeded
        run(engine, inbox.attempt, work, second, "a", NOW + 1)
    for part in (first, second):
        with pytest.raises(TakenOver):
            run(engine, inbox.attempt, work, part, "a", NOW + 2)
    run(engine, inbox.ended, work, second, SENT, NOW + 3)
    with pytest.raises(TakenOver):
        run(engine, inbox.attempt, work, second, "a", NOW + 1)


def test_a_reply_that_was_recorded_stands(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine)
    first, second = run(engine, inbox.answered, work, "a", bodies(2), NOW)
    again = run(engine, inbox.answered, work, "a", ({"text": "khác"},), NOW + 1)
    assert again == (replace(first, attempted=True), second)
    assert [row.body for row in rows(engine, SENDS)] == [{"text": "phần 0"}, {"text": "phần 1"}]


def test_a_reply_of_nothing_needs_no_sends(engine: Engine) -> None:
    receive(engine, "", kind=Kind.LEFT)
    work = claim_one(engine)
    assert run(engine, inbox.answered, work, "a", (), NOW) == ()
    run(engine, inbox.done, work, "a")
    assert [(row.state, row.kind) for row in rows(engine, INBOX)] == [("done", "left")]


def test_what_is_put_off_waits_until_then_and_holds_up_its_conversation_alone(engine: Engine) -> None:
    receive(engine, "một câu")
    receive(engine, "câu hai")
    work = claim_one(engine)
    first, second = run(engine, inbox.answered, work, "a", bodies(2), NOW)
    run(engine, inbox.put_off, work, first, "a", NOW + 30)
    receive(engine, "một câu", person="Bình", now=NOW + 29)
    assert [one.message.chat for one in claim(engine, "b", now=NOW + 29)] == ["chat of Bình"]
    again = claim_one(engine, "b", now=NOW + 30)
    assert (again.message.text, again.parts) == ("một câu", (first, second))
    run(engine, inbox.attempt, again, first, "b", NOW + 30)


@pytest.mark.parametrize("delivery", [SENT, UNKNOWN, FAILED])
def test_how_a_send_ended_is_kept_and_what_was_sent_is_not(engine: Engine, delivery: Delivery) -> None:
    receive(engine, "một câu")
    work = claim_one(engine)
    (part,) = run(engine, inbox.answered, work, "a", bodies(1), NOW)
    run(engine, inbox.ended, work, part, replace(delivery, error=delivery.error * 1000), NOW + 2)
    (row,) = rows(engine, SENDS)
    assert (row.state, row.body, row.finished) == (delivery.outcome.value, None, NOW + 2)
    assert (row.message_id, row.error) == (delivery.message_id, (delivery.error * 1000)[:500])
    run(engine, inbox.done, work, "a")
    receive(engine, "câu hai")
    assert claim_one(engine).doubtful is (delivery is UNKNOWN)


def test_what_may_not_have_arrived_is_doubtful_until_it_was_told(engine: Engine) -> None:
    receive(engine, "một câu")
    work = claim_one(engine)
    (part,) = run(engine, inbox.answered, work, "a", bodies(1), NOW)
    run(engine, inbox.ended, work, part, UNKNOWN, NOW)
    run(engine, inbox.done, work, "a")
    for is_doubtful in (True, False):
        receive(engine, f"câu {is_doubtful}")
        work = claim_one(engine)
        assert work.doubtful is is_doubtful
        run(engine, inbox.remember, work, work.conversation, None, doubtful=False)
        finish(engine, work)


def test_a_message_is_done_once(engine: Engine) -> None:
    receive(engine, "một câu")
    receive(engine, "câu hai")
    work = claim_one(engine)
    for _ in range(3):
        run(engine, inbox.done, work, "a", "failed")
    assert [(row.state, row.chat) for row in rows(engine, INBOX)] == [("failed", None), ("waiting", "chat of Lan")]
    assert [(row.waiting, row.owner) for row in rows(engine, CONVERSATIONS)] == [(1, None)]
    assert claim_one(engine).message.text == "câu hai"


def test_what_the_next_message_may_refer_to_is_remembered(engine: Engine) -> None:
    last = datetime(2026, 11, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    conversation = Conversation(("một “câu”", "hai"), ("gợi ý",), is_choice=True, last=last, answer_id="0123456789ab")
    receive(engine, "một câu")
    work = claim_one(engine)
    run(engine, inbox.remember, work, conversation, "0123456789ab", doubtful=False)
    finish(engine, work)
    assert [row.answer_id for row in rows(engine, INBOX)] == ["0123456789ab"]
    receive(engine, "câu hai")
    assert claim_one(engine).conversation == conversation


# --- Thumbs, erasing, what is too old -----------------------------------------------------------------------------


def test_the_last_word_on_an_answer_counts(engine: Engine) -> None:
    work = asked(engine, "Phí bao nhiêu?", answer_id="00000000000a")
    for second, (verdict, reason) in enumerate((("good", None), ("bad", "sai"), ("bad", None))):
        assert run(engine, inbox.judge, work, "00000000000a", verdict, reason, NOW + second)
        (row,) = rows(engine, FEEDBACK)
        assert (row.verdict, row.reason, row.created, row.channel) == (verdict, reason, NOW + second, "telegram")
        assert row.conversation_id == work.conversation_id


def test_nobody_judges_an_answer_of_another_conversation_or_of_none(engine: Engine) -> None:
    work = asked(engine, "Phí bao nhiêu?", answer_id="00000000000a")
    asked(engine, "Phí bao nhiêu?", person="Bình", answer_id="00000000000b")
    with engine.begin() as connection:
        insert(connection, answer("00000000000c"))
    for answer_id in ("00000000000b", "00000000000c", "00000000000d", "' OR 1=1 --"):
        assert not run(engine, inbox.judge, work, answer_id, "bad", None, NOW)
    assert rows(engine, FEEDBACK) == []


def test_erasing_leaves_nothing_of_a_person_but_keys(engine: Engine) -> None:
    other = asked(engine, "chuyện của Bình", person="Bình", answer_id="00000000000b")
    run(engine, inbox.judge, other, "00000000000b", "good", None, NOW)
    before = {table.name: rows(engine, table) for table in METADATA.sorted_tables}
    for number in range(3):
        work = asked(engine, f"chuyện của Lan {number}", answer_id=f"{number:012x}")
        run(engine, inbox.judge, work, f"{number:012x}", "bad", "sai", NOW)
    who = rows(engine, CONVERSATIONS)[-1].who
    receive(engine, "/xoa")
    work = claim_one(engine)
    assert erase(engine, work) == Erased(messages=3, answers=3, thumbs=3, left=0)
    assert "chuyện của Lan" not in dump(engine)
    assert rows(engine, SENDS) == before["sends"]
    (part,) = run(engine, inbox.answered, work, "a", bodies(1), NOW)
    run(engine, inbox.remember, work, Conversation(), None, doubtful=False)
    run(engine, inbox.ended, work, part, SENT, NOW)
    run(engine, inbox.done, work, "a")
    there = dump(engine)
    assert not [word for word in ("chuyện của Lan", "chat of Lan", "/xoa", who) if word in there]
    assert "chuyện của Bình" in there
    for table in (CONVERSATIONS, RECEIPTS, FEEDBACK):
        assert rows(engine, table) == before[table.name]
    left = [row for row in rows(engine, INBOX) if row not in before["inbox"]]
    assert len(left) == 4
    assert {(row.conversation_id, row.text, row.chat, row.answer_id) for row in left} == {(None, "", None, None)}
    for number in range(3):
        assert not run(engine, inbox.receive, written("lại", key=f"chuyện của Lan {number}"), SECRET, NOW + 60)


def test_what_still_waits_when_a_person_erases_is_answered_and_so_is_what_comes_later(engine: Engine) -> None:
    receive(engine, "/xoa")
    receive(engine, "câu sau")
    work = claim_one(engine)
    assert erase(engine, work) == Erased(0, 0, 0, 0)
    finish(engine, work)
    after = claim_one(engine)
    assert (after.message.text, after.conversation_id) == ("câu sau", work.conversation_id)
    finish(engine, after)
    assert len(rows(engine, CONVERSATIONS)) == 1
    receive(engine, "/xoa")
    work = claim_one(engine)
    assert erase(engine, work) == Erased(messages=1, answers=0, thumbs=0, left=0)
    finish(engine, work)
    assert rows(engine, CONVERSATIONS) == []
    receive(engine, "người mới")
    assert claim_one(engine).conversation == Conversation()


def test_erasing_ends_well_when_far_too_many_messages_come_while_its_reply_is_sent(engine: Engine) -> None:
    receive(engine, "/xoa")
    work = claim_one(engine)
    erase(engine, work)
    run(engine, inbox.answered, work, "a", bodies(1), NOW)
    for number in range(PER_MINUTE + 3):
        receive(engine, f"câu {number}")
    run(engine, inbox.done, work, "a")
    for _ in range(PER_MINUTE):
        finish(engine, claim_one(engine))
    receive(engine, "/xoa", now=NOW + 60)
    work = claim_one(engine, now=NOW + 60)
    assert erase(engine, work) == Erased(PER_MINUTE + 3, 0, 0, 0)
    finish(engine, work)
    assert rows(engine, CONVERSATIONS) == []


def test_after_a_crash_an_erasure_is_not_done_again_but_its_reply_is_sent(engine: Engine) -> None:
    asked(engine, "chuyện của Lan", answer_id="00000000000a")
    receive(engine, "/xoa")
    work = claim_one(engine, "a")
    erase(engine, work)
    run(engine, inbox.answered, work, "a", bodies(2), NOW)
    resumed = claim_one(engine, "b", now=NOW + LEASE + 1)
    assert (resumed.message.kind, resumed.is_answered, len(resumed.parts)) == (Kind.ERASE, True, 2)
    finish(engine, resumed, "b", NOW + LEASE + 1)
    assert rows(engine, CONVERSATIONS) == []


def test_what_is_older_than_it_may_be_is_deleted_but_for_what_waits(engine: Engine) -> None:
    now = datetime.now(UTC).timestamp()  # which receipts take from the clock
    work = asked(engine, "cũ", answer_id="00000000000a", now=now)
    run(engine, inbox.judge, work, "00000000000a", "good", None, now)
    receive(engine, "cũ", person="Chi", now=now)
    finish(engine, claim_one(engine, now=now), now=now)
    receive(engine, "cũ nhưng còn chờ", person="Bình", now=now)
    receive(engine, "mới", person="Chi", now=now + HOUR)
    assert run(engine, inbox.purge, now - 1) == 0
    deleted = run(engine, inbox.purge, now + HOUR / 2)
    there = dump(engine)
    assert deleted == 7  # two messages done and their sends, the answer, the thumb, and Lan's conversation
    assert "00000000000a" not in there
    assert sorted(row.text for row in rows(engine, INBOX)) == ["cũ nhưng còn chờ", "mới"]
    assert len(rows(engine, CONVERSATIONS)) == 2
    assert run(engine, inbox.purge, now + HOUR / 2) == 0


def test_the_queue_tells_how_many_wait_and_for_how_long(engine: Engine) -> None:
    assert queue(engine) == Queue(0, 0.0)
    receive(engine, "một câu")
    receive(engine, "câu hai", now=NOW + 5)
    receive(engine, "một câu", person="Bình", now=NOW + 7)
    assert queue(engine, NOW + 10) == Queue(3, 10.0)
    assert queue(engine, NOW - 10) == Queue(3, 0.0)
    finish(engine, claim_one(engine, limit=1))
    assert queue(engine, NOW + 10) == Queue(2, 5.0)


# --- Whatever happens ---------------------------------------------------------------------------------------------

SECONDS = (1.0, 11.0, LEASE + 1, 61.0, HOUR + 20, -HOUR - 20, -30.0, 3 * HOUR, -3 * HOUR)
STEPS = st.one_of(
    st.tuples(st.just("receive"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("again"), st.integers(0, 99)),
    st.tuples(st.just("claim"), st.integers(0, 1), st.integers(1, 3)),
    st.tuples(st.just("step"), st.integers(0, 1), st.integers(0, 9), st.sampled_from(Outcome)),
    st.tuples(st.just("step"), st.integers(0, 1), st.integers(0, 9), st.just(Outcome.SENT)),
    st.tuples(st.just("crash"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("renew"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from(SECONDS)),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=10, max_size=60))
def test_whatever_two_processes_do_no_message_is_lost_given_to_both_or_sent_twice(
    engine: Engine, steps: list[tuple[Any, ...]]
) -> None:
    World(engine).live(steps)


def test_whatever_two_processes_do_for_a_long_time_holds_too(engine: Engine) -> None:
    chance = random.Random(20261101)
    kinds = ["receive"] * 4 + ["claim"] * 4 + ["step"] * 20 + ["again", "crash", "renew", "renew", "wait", "wait"]
    likely = [Outcome.SENT] * 6 + [Outcome.LATER] * 2 + [Outcome.UNKNOWN, Outcome.FAILED]

    def step() -> tuple[Any, ...]:
        kind = chance.choice(kinds)
        choices: dict[str, tuple[Any, ...]] = {
            "receive": (chance.randrange(3), chance.random() < 0.1),
            "again": (chance.randrange(99),),
            "claim": (chance.randrange(2), chance.randint(1, 3)),
            "step": (chance.randrange(2), chance.randrange(10), chance.choice(likely)),
            "crash": (chance.randrange(2), chance.random() < 0.5),
            "renew": (chance.randrange(2),),
            "wait": (chance.choice(SECONDS),),
        }
        return (kind, *choices[kind])

    World(engine).live([step() for _ in range(1000)])


class World:
    """Two processes that serve three people as `bot.channels.work` does, one step at a time, and what they may not do.

    `now` is what the clock says. What a process does with one message is a generator, which stops before each thing
    that could be the last one it does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = NOW
        self.owners = ["a0", "b0"]
        self.received: list[Inbound] = []
        self.tasks: dict[str, list[_Task]] = defaultdict(list)
        self.leases: dict[int, tuple[str, float]] = {}  # by conversation: who, until when
        self.sends: Counter[tuple[int, int]] = Counter()  # by message and part
        self.put_off: Counter[tuple[int, int]] = Counter()
        with engine.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("ALTER SEQUENCE inbox_id_seq RESTART")

    def live(self, steps: Sequence[tuple[Any, ...]]) -> None:
        for name, *arguments in steps:
            getattr(self, name)(*arguments)
        self.end()

    def receive(self, person: int, is_repeated: bool) -> None:
        number = len(self.received)
        text = self.received[-1].text if is_repeated and self.received else f"câu {number}"
        message = written(text, key=f"{number}", person=f"{person}")
        self.received.append(message)
        assert run(self.engine, inbox.receive, message, SECRET, self.now)

    def again(self, number: int) -> None:
        """A platform delivers a message once more."""
        if self.received:
            message = self.received[number % len(self.received)]
            assert not run(self.engine, inbox.receive, message, SECRET, self.now)

    def claim(self, which: int, limit: int) -> None:
        owner = self.owners[which]
        for work in claim(self.engine, owner, now=self.now, limit=limit, busy=self.busy(owner)):
            held_by, until = self.leases.get(work.conversation_id, ("", 0.0))
            assert not held_by or not self.now <= until <= self.now + LONGEST_WAIT, "it is given to two"
            assert held_by != owner, "it is given twice"
            assert work.id == min(row.id for row in self.waiting(work.conversation_id)), "it is not its turn"
            self.leases[work.conversation_id] = (owner, self.now + LEASE)
            task = _Task(work)
            task.serving = self.serve(owner, work, task)
            next(task.serving)
            self.tasks[owner].append(task)

    def step(self, which: int, place: int, outcome: Outcome) -> None:
        owner = self.owners[which]
        if not self.tasks[owner]:
            return
        task = self.tasks[owner][place % len(self.tasks[owner])]
        task.outcome = outcome
        try:
            next(task.serving)
        except (StopIteration, TakenOver):
            self.tasks[owner].remove(task)

    def crash(self, which: int, is_orderly: bool) -> None:
        owner = self.owners[which]
        self.tasks.pop(owner, None)
        if is_orderly:
            run(self.engine, inbox.release, [ACCOUNT], owner)
            self.leases = {id_: held for id_, held in self.leases.items() if held[0] != owner}
        self.owners[which] = f"{owner[0]}{int(owner[1:]) + 1}"

    def renew(self, which: int) -> None:
        busy = self.busy(self.owners[which])
        run(self.engine, inbox.renew, self.owners[which], busy, self.now)
        for id_, (owner, _) in self.leases.items():
            if owner == self.owners[which] and id_ in busy:
                self.leases[id_] = (owner, self.now + LEASE)

    def busy(self, owner: str) -> list[int]:
        return [task.work.conversation_id for task in self.tasks[owner]]

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def serve(self, owner: str, work: Work, task: "_Task") -> Iterator[None]:
        parts = work.parts
        yield
        if not work.is_answered:
            parts = run(self.engine, inbox.answered, work, owner, bodies(work.id % 4), self.now)
        for place, part in enumerate(parts):
            yield
            outcome = Outcome.UNKNOWN
            if not part.attempted:
                if work.is_answered or place:
                    run(self.engine, inbox.attempt, work, part, owner, self.now)
                    yield
                self.send(work, part)
                yield
                outcome = task.outcome
            if outcome is Outcome.LATER:
                self.put_off[work.id, part.number] += 1
                run(self.engine, inbox.put_off, work, part, owner, self.now + 20)
                self.free(work, owner)
                return
            run(self.engine, inbox.ended, work, part, Delivery(outcome), self.now)
        yield
        run(self.engine, inbox.done, work, owner)
        self.free(work, owner)

    def send(self, work: Work, part: Part) -> None:
        self.sends[work.id, part.number] += 1
        allowed = 1 + self.put_off[work.id, part.number]
        assert self.sends[work.id, part.number] <= allowed, "it is sent twice"
        assert not [row for row in self.waiting(work.conversation_id) if row.id < work.id], "it is sent too early"

    def free(self, work: Work, owner: str) -> None:
        if self.leases.get(work.conversation_id, ("", 0.0))[0] == owner:
            del self.leases[work.conversation_id]

    def waiting(self, conversation_id: int) -> Sequence[Row[Any]]:
        here = select(INBOX).where(INBOX.c.conversation_id == conversation_id, INBOX.c.state == "waiting")
        with self.engine.begin() as connection:
            return connection.execute(here).all()

    def end(self) -> None:
        """Both processes die; a third one finds everything and finishes it."""
        self.crash(0, is_orderly=False)
        self.crash(1, is_orderly=False)
        for _ in range(3 * len(self.received) + 3):
            self.now += LONGEST_WAIT + LEASE + 1
            self.claim(0, 32)
            while self.tasks[self.owners[0]]:
                self.step(0, 0, Outcome.SENT)
        messages = {row.id: row for row in rows(self.engine, INBOX)}
        assert len(messages) == len(self.received)
        assert {row.state for row in messages.values()} <= {"done", "passed_over"}, "a message is lost"
        assert {row.chat for row in messages.values()} <= {None}
        assert {row.waiting for row in rows(self.engine, CONVERSATIONS)} <= {0}
        replied: Counter[int] = Counter()
        for row in rows(self.engine, SENDS):
            assert row.state in {"sent", "unknown", "failed"}
            assert row.state == "unknown" or self.sends[row.inbox_id, row.part], "it is not sent, but said to be"
            replied[row.inbox_id] += 1
        assert replied == Counter({id_: id_ % 4 for id_, row in messages.items() if row.state == "done" and id_ % 4})


@dataclass(slots=True, eq=False)
class _Task:
    work: Work
    serving: Iterator[None] = field(default_factory=lambda: iter(()))
    outcome: Outcome = Outcome.SENT


# --- Helpers ------------------------------------------------------------------------------------------------------


def run(engine: Engine, what: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    with engine.begin() as connection:
        return what(connection, *args, **kwargs)


def written(text: str, person: str = "Lan", key: str = "1", kind: Kind = Kind.TEXT) -> Inbound:
    sent = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    return Inbound(*ACCOUNT, key, f"chat of {person}", person, kind, sent, text)


def receive(engine: Engine, text: str, person: str = "Lan", now: float = NOW, kind: Kind = Kind.TEXT) -> None:
    """Under a key of its own; the first message with a text has that text for a key."""
    with engine.begin() as connection:
        number = connection.execute(select(func.count()).select_from(INBOX)).scalar_one()
        key = text if text.startswith("chuyện") else f"{number} {text}"
        assert inbox.receive(connection, written(text, person, key, kind), SECRET, now)


def claim(
    engine: Engine, owner: str = "a", now: float = NOW, limit: int = 32, busy: Sequence[int] = ()
) -> tuple[Work, ...]:
    return run(engine, inbox.claim, [ACCOUNT], owner, now, limit, busy)


def claim_one(engine: Engine, owner: str = "a", now: float = NOW, limit: int = 1) -> Work:
    (work,) = claim(engine, owner, now, limit)
    return work


def bodies(count: int) -> tuple[Body, ...]:
    return tuple({"text": f"phần {number}"} for number in range(count))


def finish(engine: Engine, work: Work, owner: str = "a", now: float = NOW) -> None:
    """Reply to a message, unless it was, and send what is still to be sent."""
    parts = work.parts if work.is_answered else run(engine, inbox.answered, work, owner, bodies(1), now)
    for part in parts:
        run(engine, inbox.ended, work, part, SENT, now)
    run(engine, inbox.done, work, owner)


def answer(answer_id: str, text: str = "Miễn phí.") -> Answer:
    return Answer(answer_id, Question("hỏi gì đó"), Status.ANSWERED, "vi", text)


def asked(engine: Engine, text: str, *, answer_id: str, person: str = "Lan", now: float = NOW) -> Work:
    """A message that was answered, with its receipt."""
    receive(engine, text, person, now)
    work = claim_one(engine, now=now)
    remembered = Conversation((text,), last=datetime.now(UTC), answer_id=answer_id)
    run(engine, inbox.remember, work, remembered, answer_id, doubtful=False)
    run(engine, insert, replace(answer(answer_id), question=Question(text)), work.conversation_id)
    finish(engine, work, now=now)
    return work


def erase(engine: Engine, work: Work) -> Erased:
    return run(engine, inbox.erase, work)


def queue(engine: Engine, now: float = NOW) -> Queue:
    return run(engine, inbox.queue, now)


def rows(engine: Engine, table: Any) -> Sequence[Row[Any]]:
    with engine.begin() as connection:
        return connection.execute(table.select().order_by(*table.primary_key.columns)).all()


def dump(engine: Engine) -> str:
    """Every row of every table that there is."""
    found = MetaData()
    with engine.begin() as connection:
        found.reflect(connection)
        return "\n".join(str(row) for table in found.sorted_tables for row in connection.execute(table.select()))
