"""A question that may mean several documents gets choices, each of which is answered when it is picked."""

import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.answering.answer import ask
from bot.answering.clarify import CHOICES
from bot.answering.conversation import IDLE, Conversation, continued, lacks_subject, understood
from bot.dialogue import Answer, Question, Status
from index.query import parse
from index.snapshot import Snapshot

pytestmark = pytest.mark.noise

TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
UNCLEAR = [
    "Luật có mấy điều?",
    "luat co may dieu",
    unicodedata.normalize("NFD", "Luật có mấy điều?"),
    "LUẬT CÓ MẤY ĐIỀU",
]


def said(snapshot: Snapshot, conversation: Conversation, text: str, now: datetime = NOW) -> Answer:
    return ask(understood(conversation, text, now), snapshot, TODAY, strict=True)


@pytest.mark.parametrize("question", [*UNCLEAR, "Kế hoạch ban hành khi nào?", "nghị quyết có hiệu lực từ bao h"])
def test_a_question_that_does_not_say_which_document_gets_choices(snapshot: Snapshot, question: str) -> None:
    answer = said(snapshot, Conversation(), question)
    assert answer.status is Status.UNANSWERABLE_AMBIGUOUS
    assert 2 <= len(answer.suggestions) <= CHOICES
    assert all(f"\n{number}. " in answer.text for number in range(1, len(answer.suggestions) + 1))
    for choice in answer.suggestions:
        assert ask(Question(choice), snapshot, TODAY).status is Status.ANSWERED


@pytest.mark.parametrize(
    "question",
    [
        "Luật Thủ đô 2024 có mấy điều?",
        "Kế hoạch 239 ban hành khi nào?",
        "Nghị quyết 57 ban hành ngày nào?",
        "nq 18 ban hanh ngay nao",
        "Hà Nội có bao nhiêu xã, phường?",
    ],
)
def test_a_question_that_says_which_one_is_answered(snapshot: Snapshot, question: str) -> None:
    assert said(snapshot, Conversation(), question).status is Status.ANSWERED


def test_a_question_after_another_is_about_the_same_and_needs_no_choices(snapshot: Snapshot) -> None:
    before = continued(said(snapshot, Conversation(), "Luật Thủ đô 2024 thông qua khi nào?"), NOW)
    answer = said(snapshot, before, "Luật đó có mấy điều?")
    assert answer.status is Status.ANSWERED
    assert "54 điều" in answer.text


def test_another_document_may_be_asked_for_after_a_choice(snapshot: Snapshot) -> None:
    unclear = continued(said(snapshot, Conversation(), "luat co may dieu"), NOW)
    chosen = continued(said(snapshot, unclear, "Luật Thủ đô 2024"), NOW)
    for reply in ("Thế còn Luật Chuyển đổi số?", "the con luat chuyen doi so"):
        answer = said(snapshot, chosen, reply)
        assert answer.citations[0].document_id == "luat-chuyen-doi-so-2025"


@pytest.mark.parametrize("reply", ["2", "2.", "số 2", "so 2 nhe", "câu 2 ạ", "２"])
def test_a_number_picks_a_choice(snapshot: Snapshot, reply: str) -> None:
    unclear = said(snapshot, Conversation(), UNCLEAR[0])
    picked = understood(continued(unclear, NOW), reply, NOW)
    assert picked == Question(unclear.suggestions[1])
    assert ask(picked, snapshot, TODAY).status is Status.ANSWERED


@pytest.mark.parametrize("reply", ["Luật Thủ đô 2024", "thu do 2024", unicodedata.normalize("NFD", "luật thủ đô 2024")])
def test_the_words_of_one_choice_pick_it(snapshot: Snapshot, reply: str) -> None:
    unclear = said(snapshot, Conversation(), UNCLEAR[0])
    [meant] = [choice for choice in unclear.suggestions if choice.startswith("Luật Thủ đô 2024")]
    assert understood(continued(unclear, NOW), reply, NOW).text == meant


@pytest.mark.parametrize("reply", ["luật", "9", "0", "iHanoi là gì?", "22"])
def test_what_fits_no_choice_or_several_is_a_question_of_its_own(snapshot: Snapshot, reply: str) -> None:
    unclear = said(snapshot, Conversation(), UNCLEAR[0])
    assert understood(continued(unclear, NOW), reply, NOW).text == reply


def test_after_half_an_hour_a_conversation_has_ended(snapshot: Snapshot) -> None:
    unclear = said(snapshot, Conversation(), UNCLEAR[0])
    kept = continued(unclear, NOW)
    assert understood(kept, "2", NOW + IDLE).text == unclear.suggestions[1]
    late = NOW + IDLE + timedelta(seconds=1)
    assert understood(kept, "2", late) == Question("2")
    assert understood(kept, "ai ký?", late).turns == ()


def test_the_words_of_a_suggestion_are_a_question_and_its_number_picks_it() -> None:
    answer = Answer("r", Question("a"), Status.ANSWERED, "vi", "…", suggestions=("VNeID là gì?", "iHanoi là gì?"))
    kept = continued(answer, NOW)
    assert understood(kept, "2", NOW) == Question("iHanoi là gì?", ("a",))
    assert understood(kept, "VNeID", NOW) == Question("VNeID", ("a",))


def test_a_sort_of_document_with_its_number_is_a_subject() -> None:
    assert lacks_subject(parse("Nghị quyết ban hành khi nào?"))
    assert lacks_subject(parse("ke hoach ban hanh khi nao"))
    for question in (
        "Nghị quyết 57 ban hành khi nào?",
        "Kế hoạch số 239 ban hành khi nào?",
        "ke hoach 239 ban hanh khi nao",
    ):
        assert not lacks_subject(parse(question))
