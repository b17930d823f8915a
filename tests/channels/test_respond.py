"""What a message of any channel is taken for, and the whole of what is said in return."""

import dataclasses
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.answering.conversation import IDLE, Conversation
from bot.channels.inbox import Erased
from bot.channels.message import Inbound, Kind, Reply
from bot.channels.respond import COMMANDS, Desk, Response, Verdict, erased, respond, with_doubt
from bot.dialogue import Answer, Citation, Question, Receipt, Status, receipt
from corpus.language.normalize import clean, fold

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
HERE, OTHER, GONE = "0123456789ab", "00000000000a", "ffffffffffff"  # the last answer, another conversation's, no one's

CITATIONS = tuple(
    Citation(
        number=number,
        passage_id=f"xa-phuong#{number}",
        document_id="xa-phuong",
        title="Sắp xếp đơn vị hành chính",
        headings=("Số lượng", "Xã, phường")[: number - 1],
        issuer="UBND thành phố Hà Nội",
        document_number="1656/NQ-UBTVQH15" if number == 1 else None,
        issued="2025-06-16" if number == 1 else None,
        as_of="2025-07",
        status="còn hiệu lực",
        url="https://hanoi.gov.vn/xa-phuong" if number == 1 else None,
        quote=quote,
        place="Điều 5, khoản 2, trang 3" if number == 2 else "",
    )
    for number, quote in enumerate(("Từ ngày 1/7/2025 Hà Nội có **126** xã, phường.", "{Phường}: 51\x07", "Xã: 75"), 1)
)
ANSWER = Answer(
    HERE,
    Question("Có mấy phường?", ("Hà Nội có bao nhiêu xã, phường?",)),
    Status.ANSWERED,
    "vi",
    "Hà Nội có 126 xã, phường [1].",
    citations=CITATIONS,
    bold=((10, 13),),
    suggestions=("Có mấy xã?", "Phường nào lớn nhất?"),
)
CHOICES = Answer(
    HERE,
    Question("Luật có mấy điều?", ("Luật Thủ đô",)),
    Status.UNANSWERABLE_AMBIGUOUS,
    "vi",
    f"{messages.VIETNAMESE.which}\n1. Luật Thủ đô\n2. Luật Dữ liệu",
    suggestions=("Luật Thủ đô có mấy điều?", "Luật Dữ liệu có mấy điều?"),
)
GREETING = Answer(
    "aaaaaaaaaaaa",
    Question("Xin chào"),
    Status.SMALL_TALK,
    "vi",
    messages.VIETNAMESE.small_talk["greeting"],
    suggestions=messages.FIRST_QUESTIONS,
)
CONTACTS = Answer(
    "cccccccccccc", Question(""), Status.ANSWERED, "vi", "Tổng đài 1022 [1].", citations=CITATIONS[:1], bold=((9, 13),)
)
NO_CONTACTS = dataclasses.replace(CONTACTS, status=Status.UNANSWERABLE_NO_PASSAGE, text="", citations=(), bold=())

# --- Commands -----------------------------------------------------------------------------------------------------

TYPED = {
    "start": ("/start", "/Bắt đầu", "/bat_dau", "/batdau", "/start deep-link_01"),
    "help": ("/help", "/trợ giúp", "/tro_giup", "/trogiup", "/help!"),
    "nguon": ("/nguồn", "/nguon"),
    "moi": ("/mới", "/moi"),
    "xoa": ("/xoá", "/xóa", "/xoa"),
    "lien_he": ("/liên hệ", "/lien he", "/lienhe", "/lien_he", "/lien-he", "/liên hệ?"),
    "tot": ("/tốt", "/tot"),
    "chua_tot": ("/chưa tốt", "/chua tot", "/chua_tot", "/chuatot"),
    "gop_y": ("/góp ý", "/gop_y", "/gopy"),
    "ly_do": ("/lý do", "/ly_do", "/lydo"),
    "hoi": ("/hỏi", "/hoi"),
}
SAYS = {
    "start": messages.WELCOME,
    "help": messages.CHANNEL_HELP,
    "nguon": "[1] “Từ ngày 1/7/2025 Hà Nội có 126 xã, phường.”",
    "moi": messages.NEW_CONVERSATION,
    "lien_he": messages.CONTACTS,
    "tot": messages.THUMBS_GOOD,
    "chua_tot": messages.THUMBS_BAD,
    "gop_y": messages.THUMBS_ASK,
    "ly_do": messages.THUMBS_REASON,
    "hoi": messages.NO_LONGER_KEPT,  # which suggestion?
}


def spellings(typed: str) -> Iterator[str]:
    """A command as it is, with the bot's name as in a group, in capitals, decomposed, with space around it."""
    first, space, rest = typed.partition(" ")
    yield typed
    if first[-1].isalnum():
        yield f"{first}@hanoidx_bot{space}{rest}"
    yield typed.upper()
    yield unicodedata.normalize("NFD", typed)
    yield f"  {typed}\n"
    yield typed.replace("/", "／ ")


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, each in TYPED.items() for typed in each])
def test_a_command_is_known_however_it_is_typed(name: str, typed: str) -> None:
    for spelled in spellings(typed):
        response = say(spelled)
        assert response.erase is (name == "xoa"), spelled
        if name != "xoa":
            assert said(response).startswith(SAYS[name]), spelled


def test_every_command_is_tried_here() -> None:
    aliases = {"bat_dau": "start", "tro_giup": "help"}
    assert {aliases.get(name, name) for name in COMMANDS} == set(TYPED)


def test_every_command_that_the_help_names_is_one() -> None:
    named = re.findall(r"(?<!\w)/[a-z]+", messages.CHANNEL_HELP) + [
        f"/{name}" for name, _ in messages.TELEGRAM_COMMANDS
    ]
    assert len(named) > 10
    for command in named:
        assert not (said(say(command)) if command != "/xoa" else "").startswith("Tôi không có lệnh"), command


@pytest.mark.parametrize(
    "typed", ["/", "/thoat", "/nguonn", "/123", "/start-up", "/xo a", "/x-o-a", "/{command}", "/\u202e", "/" + "x" * 99]
)
def test_an_unknown_command_is_said_to_be_none(typed: str) -> None:
    response = say(typed)
    assert said(response).startswith("Tôi không có lệnh /")
    assert said(response).endswith("Anh/chị gõ /help để xem các lệnh, hoặc cứ nhắn câu hỏi.")
    assert len(said(response)) < 140
    assert "\u202e" not in said(response)
    assert response.conversation == talking()


def test_a_command_changes_nothing_that_it_does_not_have_to() -> None:
    for typed in ("/help", "/nguon", "/nguon 1", "/tot", "/chua_tot", "/gop_y", "/hoi 9", "/abc"):
        response = say(typed)
        assert (response.conversation, response.answer, response.erase) == (talking(), None, False), typed


# --- Welcome, new conversation, erasing, contacts -----------------------------------------------------------------


@pytest.mark.parametrize("message", ["/start", Kind.JOINED])
def test_a_welcome_says_what_is_kept_and_its_suggestions_may_be_picked(message: str | Kind) -> None:
    response = say(message, Conversation())
    reply, answer = response.reply, response.answer
    assert reply
    assert answer
    assert reply.text == f"{messages.WELCOME}\n\n{messages.PRIVACY.format(days=90)}"
    assert (reply.suggestions, reply.answer_id, reply.bold) == (messages.FIRST_QUESTIONS, GREETING.answer_id, ())
    assert answer.text == reply.text  # which is what the receipt keeps
    for number, question in enumerate(messages.FIRST_QUESTIONS, 1):
        for typed in (f"{number}", f"/hoi {number} {reply.answer_id}"):
            asked = say(typed, response.conversation, kept=(answer,)).answer
            assert asked
            assert asked.question.text == question, typed


def test_a_new_conversation_has_nothing_of_the_one_before() -> None:
    assert say("/moi").conversation == Conversation()


def test_erasing_is_done_before_its_reply_is_made() -> None:
    assert say("/xoa") == Response(None, Conversation(), erase=True)
    reply = erased(Erased(messages=12, answers=3, thumbs=1, left=0))
    assert reply.text == (
        "Tôi đã xoá xong những gì đã lưu về anh/chị ở đây: 12 tin nhắn, 3 câu trả lời, 1 góp ý. "
        "Tôi đã kiểm tra lại: còn 0 mục."
    )


@pytest.mark.parametrize(("message", "opening"), [("/lienhe", messages.CONTACTS), (Kind.HIDDEN, messages.HIDDEN)])
def test_whom_to_ask_is_said_with_its_source(message: str | Kind, opening: str) -> None:
    response = say(message)
    assert response.reply == Reply(
        f"{opening}\nTổng đài 1022 [1].", sources=CITATIONS[:1], answer_id=CONTACTS.answer_id
    )
    assert response.conversation == dataclasses.replace(talking(), answer_id=CONTACTS.answer_id)
    assert response.answer
    kept = (ANSWER, response.answer)
    assert said(say("/nguon 1", response.conversation, kept=kept)).startswith("[1] “Từ ngày 1/7/2025")
    assert said(say("/nguon 2", response.conversation, kept=kept)) == messages.NO_SUCH_SOURCE.format(count=1)


def test_where_no_document_says_whom_to_ask_that_is_said() -> None:
    for message in ("/lienhe", Kind.HIDDEN):
        response = say(message, contacts=NO_CONTACTS)
        assert response == Response(Reply(messages.NO_CONTACTS), talking())


# --- Sources ------------------------------------------------------------------------------------------------------

FIRST = """[1] “Từ ngày 1/7/2025 Hà Nội có 126 xã, phường.”
Văn bản: Sắp xếp đơn vị hành chính
Nơi ban hành: UBND thành phố Hà Nội
Số 1656/NQ-UBTVQH15, ban hành 16/6/2025, thông tin đến 7/2025
Địa chỉ: https://hanoi.gov.vn/xa-phuong"""
SECOND = """[2] “{Phường}: 51\ufffd”
Văn bản: Sắp xếp đơn vị hành chính
Mục: Số lượng
Vị trí: Điều 5, khoản 2, trang 3
Nơi ban hành: UBND thành phố Hà Nội
thông tin đến 7/2025"""


@pytest.mark.parametrize(
    "typed", ["/nguon 1", "/nguồn 1", "/nguon 1.", "/nguon [1]", "nguồn 1", "Nguồn số 1", "xem nguồn 1"]
)
def test_a_source_is_shown_in_its_exact_words_with_all_that_is_known_of_it(typed: str) -> None:
    assert say(typed).reply == Reply(FIRST)


@pytest.mark.parametrize("typed", ["/nguon", "nguồn", "NGUON"])
def test_without_a_number_each_source_is_shown(typed: str) -> None:
    shown = said(say(typed)).split("\n\n")
    assert shown[:2] == [FIRST, SECOND]
    assert "Mục: Số lượng › Xã, phường" in shown[2]


def test_a_button_shows_the_source_of_the_answer_it_belongs_to() -> None:
    earlier = dataclasses.replace(ANSWER, answer_id="00000000000e", citations=CITATIONS[1:2])
    kept = (ANSWER, earlier)
    assert said(say("/nguon 2 00000000000e", kept=kept)) == SECOND
    assert said(say("/nguon 1 00000000000e", kept=kept)) == messages.NO_SUCH_SOURCE.format(count=1)
    assert said(say(f"/nguon 1 {HERE}", Conversation(), kept=kept)) == FIRST


@pytest.mark.parametrize("typed", ["/nguon 4", "/nguon 0", "/nguon 01", "/nguon abc", "/nguon 99999999999999999999"])
def test_a_source_that_there_is_not_is_said_to_be_none(typed: str) -> None:
    assert said(say(typed)) == messages.NO_SUCH_SOURCE.format(count=3)


def test_an_answer_without_sources_says_so() -> None:
    answer = dataclasses.replace(ANSWER, citations=())
    assert said(say("/nguon", kept=(answer,))) == said(say("/nguon 1", kept=(answer,))) == messages.NO_SOURCES


@pytest.mark.parametrize(
    "typed", ["/nguon", "/nguon 1", "/hoi 1", "/tot", "/chua_tot", "/gop_y", "/ly_do sai", "/hoi", "/ly_do"]
)
def test_nothing_is_told_or_judged_of_an_answer_of_another_conversation_or_of_none(typed: str) -> None:
    for answer_id in (OTHER, GONE):
        response = say(f"{typed} {answer_id}")
        assert response == Response(Reply(messages.NO_LONGER_KEPT), talking()), answer_id
    assert say(typed, Conversation()) == Response(Reply(messages.NOTHING_ASKED), Conversation())
    assert said(say(typed, kept=())) == messages.NO_LONGER_KEPT


# --- Suggestions and choices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["2", "số 2", "chọn 2 nhé", "２", f"/hoi 2 {HERE}", "/hoi 2"])
def test_a_number_or_a_button_asks_what_was_suggested(typed: str) -> None:
    response = say(typed)
    assert response.answer
    assert response.answer.question == Question("Phường nào lớn nhất?", (*ANSWER.question.turns, "Có mấy phường?"))
    assert response.conversation.turns[-1] == "Phường nào lớn nhất?"
    assert response.conversation.last == NOW


@pytest.mark.parametrize("typed", ["2", "Luật Dữ liệu", "luat du lieu", f"/hoi 2 {HERE}"])
def test_a_number_a_name_or_a_button_picks_a_choice_in_place_of_the_question(typed: str) -> None:
    response = say(typed, talking(CHOICES), kept=(CHOICES,))
    assert response.answer
    assert response.answer.question == Question("Luật Dữ liệu có mấy điều?", ("Luật Thủ đô",))


def test_choices_are_choices_and_not_suggestions() -> None:
    reply = say("Luật có mấy điều?", answers=lambda _: CHOICES).reply
    assert reply
    assert (reply.choices, reply.suggestions) == (CHOICES.suggestions, ())


def test_a_button_of_an_earlier_answer_asks_its_own_suggestion() -> None:
    response = say(f"/hoi 1 {HERE}", talking(CHOICES))
    assert response.answer
    assert response.answer.question.text == "Có mấy xã?"


@pytest.mark.parametrize(
    "typed", [f"/hoi 3 {HERE}", f"/hoi 0 {HERE}", f"/hoi {HERE}", f"/hoi abc {HERE}", "/hoi 99999"]
)
def test_a_suggestion_that_there_is_not_is_not_asked(typed: str) -> None:
    response = say(typed)
    assert response.answer is None
    assert said(response) == messages.NO_LONGER_KEPT


def test_a_number_that_picks_nothing_or_comes_late_is_a_question() -> None:
    late = dataclasses.replace(talking(), last=NOW - IDLE - timedelta(seconds=1))
    for typed, conversation in (("3", talking()), ("2", late), ("2", Conversation())):
        response = say(typed, conversation)
        assert response.answer
        assert response.answer.question.text == typed


# --- Thumbs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "verdict"), [("👍", "good"), ("👎", "bad"), ("👍🏽", "good"), ("👎🏿 ", "bad"), ("👍️", "good")]
)
def test_a_thumb_is_for_the_last_answer(typed: str, verdict: str) -> None:
    assert say(typed).verdict == Verdict(HERE, verdict)


def test_a_thumb_before_any_answer_is_a_message_like_others() -> None:
    response = say("👍", Conversation())
    assert response.verdict is None
    assert response.answer


def test_who_is_not_content_is_asked_why_and_each_reason_can_be_pressed() -> None:
    reply = say(f"/chua_tot {HERE}").reply
    assert reply
    assert [button.label for button in reply.buttons] == list(messages.REASONS.values())
    for button, name in zip(reply.buttons, messages.REASONS, strict=True):
        assert say(button.command).verdict == Verdict(HERE, "bad", name)
        assert say(button.command.replace(f" {HERE}", "")).verdict == Verdict(HERE, "bad", name)


def test_a_reason_that_is_none_is_a_thumb_without_one() -> None:
    assert say("/ly_do xau").verdict == Verdict(HERE, "bad", None)


def test_who_wants_to_judge_gets_both_thumbs_to_press() -> None:
    reply = say("/gop_y").reply
    assert reply
    assert [say(button.command).verdict for button in reply.buttons] == [Verdict(HERE, "good"), Verdict(HERE, "bad")]


def test_commands_of_buttons_fit_every_platform() -> None:
    replies = [say(typed).reply for typed in ("/gop_y", "/chua_tot")]
    buttons = [button for reply in replies if reply for button in reply.buttons]
    assert len(buttons) == 2 + len(messages.REASONS)
    assert all(button.command.isascii() and len(button.command) <= 64 for button in buttons)


# --- Questions, and what is none ----------------------------------------------------------------------------------


def test_a_question_is_asked_in_its_conversation_and_its_answer_given_whole() -> None:
    response = say("Có mấy phường?", answers=lambda question: dataclasses.replace(ANSWER, question=question))
    assert response.answer
    assert response.answer.question == Question("Có mấy phường?", talking().turns)
    assert response.reply == Reply(
        text=ANSWER.text,
        bold=ANSWER.bold,
        sources=CITATIONS,
        suggestions=ANSWER.suggestions,
        answer_id=HERE,
    )
    assert response.conversation == Conversation(
        (*talking().turns, "Có mấy phường?"), ANSWER.suggestions, is_choice=False, last=NOW, answer_id=HERE
    )


@pytest.mark.parametrize(
    "text", ["", "?", "nguồn nước sạch ở đâu", "trợ giúp người khuyết tật ở đâu", "1/7/2025 có gì mới"]
)
def test_what_only_looks_like_a_command_is_a_question(text: str) -> None:
    response = say(text)
    assert response.answer
    assert response.answer.question.text == text


def test_words_that_stand_for_commands_do_so_only_after_an_answer() -> None:
    for text in ("nguồn", "nguồn 1", "👍", "👎", "trợ giúp"):
        assert say(text, Conversation()).answer, text
        assert not say(text).answer, text


def test_what_a_terminal_would_obey_is_not_sent_and_what_is_bold_keeps_its_place() -> None:
    text = "a\x1b[1m\u202eb \ud800 đậm"
    answer = dataclasses.replace(ANSWER, text=text, bold=((len(text) - 3, len(text)),))
    reply = say("hỏi", answers=lambda _: answer).reply
    assert reply
    assert not set("\x1b\u202e\ud800") & set(reply.text)
    assert [reply.text[start:end] for start, end in reply.bold] == ["đậm"]


def test_a_note_of_doubt_stands_before_the_reply_and_what_is_bold_keeps_its_words() -> None:
    reply = Reply(ANSWER.text, bold=ANSWER.bold, sources=CITATIONS, suggestions=("gì?",), answer_id=HERE)
    told = with_doubt(reply)
    assert told.text == f"{messages.DOUBTFUL}\n\n{ANSWER.text}"
    assert [told.text[start:end] for start, end in told.bold] == ["126"]
    assert dataclasses.replace(told, text=reply.text, bold=reply.bold) == reply


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_message_gets_its_reply(kind: Kind) -> None:
    response = say(kind)
    expected = {
        Kind.JOINED: messages.WELCOME,
        Kind.OTHER: messages.ONLY_TEXT,
        Kind.ERASE: messages.ONLY_TEXT,
        Kind.HIDDEN: messages.HIDDEN,
        Kind.TOO_MANY: messages.TOO_MANY,
        Kind.OVERLOAD: messages.OVERLOAD,
    }
    if kind is Kind.LEFT:
        assert response == Response(None, Conversation())
    elif kind is Kind.TEXT:
        assert response.answer
    else:
        assert said(response).startswith(expected[kind])
        assert response.conversation.turns or kind is Kind.JOINED


def test_whatever_is_said_is_whole_vietnamese_sentences() -> None:
    typed = [typed for each in TYPED.values() for typed in each if typed not in TYPED["xoa"]]
    typed += ["/abc", "/nguon 9", "/ly_do sai", "/hoi 1", "2", "👍"]
    conversations = (Conversation(), talking(), talking(CHOICES))
    replies = [
        say(text, conversation).reply for text, conversation in itertools.product([*typed, *Kind], conversations)
    ]
    replies += [say(text, contacts=NO_CONTACTS).reply for text in ("/lienhe", Kind.HIDDEN)]
    replies += [say(text, kept=()).reply for text in typed]
    replies.append(erased(Erased(1, 2, 3, 0)))
    texts = {reply.text for reply in replies if reply}
    labels = {button.label for reply in replies if reply for button in reply.buttons}
    assert len(texts) >= 20
    for text in texts:
        without_quotes = re.sub(r"“[^”]*”", "", text)
        assert not set("{}") & set(without_quotes), text
        assert unicodedata.is_normalized("NFC", text)
        assert text == text.strip()
        assert re.search("[ăâđêôơưạảãàáẹẻẽèéịỉĩìíọỏõòóụủũùúỵỷỹỳý]", text), text
        if not text.startswith("[") and text not in (messages.CHANNEL_HELP, CHOICES.text):  # sources and other lists
            assert text[0].isupper(), text
            assert text[-1] in ".?!", text
    assert all(label.strip() == label and "{" not in label for label in labels)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"/?[a-zà-ỹ_ -]{1,9}(@\w{1,5})?( ?[\w.]{1,13}){0,3}", fullmatch=True))
def test_whatever_is_typed_is_answered_and_only_what_says_so_erases(text: str) -> None:
    response = say(text)
    assert not response.erase or re.match(r"/\s*xo[\s_-]*a\b", folded(text))
    assert response.reply or response.erase
    if response.verdict:
        assert response.verdict.answer_id == HERE


# --- Helpers ------------------------------------------------------------------------------------------------------


def say(
    message: str | Kind,
    conversation: Conversation | None = None,
    *,
    kept: tuple[Answer, ...] = (ANSWER,),
    contacts: Answer = CONTACTS,
    answers: Callable[[Question], Answer] | None = None,
) -> Response:
    """The response to a message in a conversation (after ANSWER), of whose answers `kept` are still there."""

    def ask(question: Question) -> Answer:
        return dataclasses.replace(GREETING if question.text == "Xin chào" else ANSWER, question=question)

    def find(answer_id: str) -> Receipt | None:
        return next((receipt(one, NOW) for one in kept if one.answer_id == answer_id), None)

    kind = message if isinstance(message, Kind) else Kind.TEXT
    text = "" if isinstance(message, Kind) else message
    inbound = Inbound("telegram", "7000001", "870", "42", "", kind, NOW, text)
    desk = Desk(answers or ask, lambda: contacts, find, lambda: NOW, 90)
    return respond(inbound, talking() if conversation is None else conversation, desk)


def talking(answer: Answer = ANSWER) -> Conversation:
    """Where an answer was given a minute ago."""
    turns = (*answer.question.turns, answer.question.text)
    is_choice = answer.status is Status.UNANSWERABLE_AMBIGUOUS
    return Conversation(turns, answer.suggestions, is_choice, NOW - timedelta(minutes=1), answer.answer_id)


def said(response: Response) -> str:
    assert response.reply
    return response.reply.text


def folded(text: str) -> str:
    return fold(clean(text)).strip()
