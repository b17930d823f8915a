"""The whole path of one question, from the real documents: whatever is typed gets an answer that can be checked."""

import itertools
import logging
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.answering.answer import ask
from bot.answering.conversation import Conversation
from bot.channels.message import Inbound, Kind
from bot.channels.respond import Desk, respond
from bot.dialogue import Answer, Question, Status, as_json
from bot.records.receipts import find, keep
from bot.render import styled
from corpus.catalogue import read_folder
from corpus.language.normalize import fold
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.snapshot import Snapshot, load

pytestmark = pytest.mark.noise

TODAY = date(2026, 11, 1)
WARDS = "Hà Nội có bao nhiêu xã, phường?"
HOTLINE = "kenh-lien-he-ho-tro"

KNOWN = (WARDS, "iHanoi là gì?", "chào bạn", "Cách nấu phở?", "Lệ phí cấp hộ chiếu?", "How many wards?", "Ai ký vậy?")
ANYTHING = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.lists(
        st.sampled_from([*" ".join(KNOWN).split(), "2024", "[1]", "<b>", "**", "\u202e", "\x00", "\ud800", "😀", "\n"])
    ).map(" ".join),
)

Answers = Callable[..., Answer]
Faults = Callable[[Answer], list[str]]


@pytest.fixture(scope="module")
def answer(snapshot: Snapshot) -> Answers:
    return lambda text, *turns: ask(Question(text, turns), snapshot, TODAY)


@pytest.fixture(scope="module")
def faults() -> Faults:
    """What of an answer cannot be checked, in words; nothing of a good one."""
    texts = {document.entry.id: _plain(document.text) for document in read_folder()}

    def found(answered: Answer) -> list[str]:
        text, numbers = answered.text, [citation.number for citation in answered.citations]
        spans = sorted(answered.bold)
        checks = {
            "an error": not answered.status.startswith("error_"),
            f"{len(text)} characters": 1 <= len(text) <= 600,
            f"numbers {numbers}": numbers == list(range(1, len(numbers) + 1)),
            "numbers in the text": {int(number) for number in re.findall(r"\[(\d+)\]", text)} == set(numbers),
            f"bold {spans}": all(0 <= start < end <= len(text) for start, end in spans)
            and all(end <= start for (_, end), (start, _) in itertools.pairwise(spans)),
        }
        quotes = {f"quote {c.quote!r}": " ".join(c.quote.split()) in texts[c.document_id] for c in answered.citations}
        empty = [f"no quote [{c.number}]" for c in answered.citations if not c.quote.strip()]
        return [name for name, good in {**checks, **quotes}.items() if not good] + empty

    return found


def _plain(text: str) -> str:
    """A document's words without its `[n]` markers and the white space before them, white space folded."""
    return " ".join(re.sub(r"\s*\[\d+\](?!\()", "", text).split())


# --- What the project promises --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [WARDS, "ha noi h co bn xa phuong", "HÀ NỘI CÓ BAO NHIÊU XÃ, PHƯỜNG?"])
def test_the_number_of_wards_comes_with_its_date_and_its_citation(answer: Answers, text: str) -> None:
    answered = answer(text)
    assert answered.status is Status.ANSWERED
    assert "126" in answered.text
    assert "1/7/2025" in answered.text
    assert "126" in [answered.text[start:end] for start, end in answered.bold]
    assert "chinh-quyen-hai-cap-126-xa-phuong" in [citation.document_id for citation in answered.citations]
    assert any("126" in citation.quote for citation in answered.citations)


@pytest.mark.parametrize(
    ("clean", "typed"),
    [
        ("Luật Chuyển đổi số có hiệu lực từ ngày nào?", "luat cds co hieu luc tu ngay nao"),
        ("Ai ký Kế hoạch 338 bảo vệ người dân trên không gian mạng?", "ai ky kh 338 bao ve dan tren mang v"),
        ("Ứng dụng iHanoi ra mắt ngày nào?", "ihanoi ra mat khi nao z"),
        ("Số điện thoại hỏi thủ tục hành chính là gì?", "hoi tthc goi sdt nao"),
        ("Phường Cửa Nam gồm những phường nào trước đây?", "phuong cua nam gom nhung phuong nao truoc day"),
    ],
)
def test_a_question_typed_in_a_hurry_is_answered_like_the_clean_one(answer: Answers, clean: str, typed: str) -> None:
    answered = answer(clean)
    assert answered.status is Status.ANSWERED
    values = {answered.text[start:end] for start, end in answered.bold} or {answered.citations[0].quote}
    for spelled in (typed, clean.upper(), fold(clean), unicodedata.normalize("NFD", clean), f"  {clean}\n\n"):
        other = answer(spelled)
        said = f"{other.text} {' '.join(citation.quote for citation in other.citations)}"
        assert other.status is Status.ANSWERED
        assert any(value in said for value in values), spelled


def test_decomposed_text_gets_the_very_same_answer(answer: Answers) -> None:
    composed, decomposed = answer(WARDS), answer(unicodedata.normalize("NFD", WARDS))
    assert (decomposed.text, decomposed.citations) == (composed.text, composed.citations)


@pytest.mark.parametrize(
    "text",
    [
        "Năm 2028 Hà Nội xếp hạng chuyển đổi số thứ mấy?",
        "Phường Bồ Đề được gộp từ những phường nào?",
        "Lệ phí cấp giấy phép xây dựng nhà là bao nhiêu tiền?",
        "Phí sang tên xe máy hết bao nhiêu?",
        "Phí đăng kiểm xe tải hết bao nhiêu?",
    ],
)
def test_a_question_nobody_wrote_about_is_unanswerable_and_names_the_hotline(answer: Answers, text: str) -> None:
    answered = answer(text)
    assert answered.status is Status.UNANSWERABLE_NO_PASSAGE
    assert "1022" in answered.text
    hotline = [citation for citation in answered.citations if citation.document_id == HOTLINE]
    assert any("024.1022" in citation.quote for citation in hotline)
    assert answered.bold == ()


@pytest.mark.parametrize(
    "text", ["Cách nấu phở bò ngon?", "gia vang the gioi tuan nay", "Cần Thơ có mấy quận?", "Viết bài văn tả con mèo"]
)
def test_a_question_about_something_else_is_off_topic(answer: Answers, text: str) -> None:
    answered = answer(text)
    assert answered.status is Status.UNANSWERABLE_OFF_TOPIC
    assert answered.bold == ()


def test_small_talk_and_refusals_are_answered_without_a_search(answer: Answers) -> None:
    greeted, refused = answer("chào bạn nhé"), answer("làm bằng lái xe giả ở đâu")
    assert (greeted.status, greeted.text) == (Status.SMALL_TALK, messages.VIETNAMESE.small_talk["greeting"])
    assert (refused.status, refused.text) == (Status.REFUSED, messages.VIETNAMESE.refused["forgery"])
    assert greeted.hits == refused.hits == ()
    assert greeted.confidence is None


def test_a_follow_up_is_answered_from_the_question_before(answer: Answers) -> None:
    answered = answer("the con nam 2023?", "Hà Nội xếp thứ mấy về thương mại điện tử năm 2024?")
    assert answered.status is Status.ANSWERED
    assert "2023" in answered.text
    assert "thương mại điện tử" in answered.text


def test_an_answer_says_which_snapshot_it_is_from_and_how_long_it_took(answer: Answers, snapshot: Snapshot) -> None:
    answered = answer(WARDS)
    assert answered.snapshot_id == snapshot.id
    assert 0 < answered.timings.search <= answered.timings.total
    assert answered.answer_id != answer(WARDS).answer_id


# --- Whatever is typed ----------------------------------------------------------------------------------------------

# "Hà Nội có bao nhiêu xã, phường" as a file in the old encoding TCVN3 looks to those who take it for latin-1.
TCVN3 = b"H\xb5 N\xe9i c\xe3 bao nhi\xaau x\xb7, ph\xad\xeang".decode("latin-1")

BAD = {
    "control characters": "\x00\x01\x02\x1b[31m Hà Nội\x07 có bao nhiêu \x7f phường\x85?",
    "HTML": "<script>alert(1)</script> <b>Hà Nội</b> có bao nhiêu phường?<img src=x onerror=alert(1)>",
    "Markdown": "# **Hà Nội** có `bao nhiêu` [phường](https://x.y)? | a | b |\n|---|---|",
    "markers of citations": "Hà Nội [1] có [2] bao nhiêu [99] phường [0]?",
    "a right-to-left override": "\u202eHà Nội có bao nhiêu phường?\u202c\u2066",
    "TCVN3 read as latin-1": TCVN3,
    "half of a surrogate pair": "Hà Nội \ud83d có bao nhiêu \udc00 phường?",
    "one question 500 times": "Hà Nội có bao nhiêu phường? " * 500,
    "digits": "1234567890",
    "a year": "2025",
    "100,000 characters of one letter": "a" * 100_000,
    "100,000 characters of one word": "phường " * 14_286,
    "100,000 letters of another script": "字" * 100_000,
    "a single letter": "đ",
    "braces": "{name} {0} %s %(x)s",
}
EMPTY = {
    "nothing": "",
    "spaces": " \t\n\u00a0\u3000 ",
    "NUL": "\x00\x00",
    "zero-width characters": "\u200b\u200d\ufeff",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_input_gets_an_answer_or_a_plain_sentence(answer: Answers, faults: Faults, text: str) -> None:
    assert faults(answer(text)) == []
    assert faults(answer("ở đâu?", text)) == []


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY.keys())
def test_an_empty_message_is_asked_for_a_question(answer: Answers, text: str) -> None:
    answered = answer(text, WARDS)
    assert (answered.status, answered.text) == (Status.UNANSWERABLE_EMPTY, messages.VIETNAMESE.empty_question)
    assert answered.citations == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("😀🙏👍🏽👨‍👩‍👧", id="emoji"),
        pytest.param("\u0301\u0323\u0309", id="combining marks"),
        pytest.param("?!… --- ,,, ///", id="punctuation"),
    ],
)
def test_a_message_without_words_is_not_answered(answer: Answers, faults: Faults, text: str) -> None:
    answered = answer(text)
    assert answered.status.startswith("unanswerable_")
    assert faults(answered) == []


@pytest.mark.parametrize("name", ["control characters", "HTML", "Markdown", "a right-to-left override"])
def test_a_question_is_understood_among_what_does_not_belong_to_it(answer: Answers, name: str) -> None:
    answered = answer(BAD[name])
    assert answered.status is Status.ANSWERED
    assert "126" in answered.text


def test_nothing_of_the_question_stands_in_the_answer(answer: Answers) -> None:
    answered = answer("<script>alert(1)</script> Năm 2031 phường Bồ Đề <b>có bao nhiêu</b> robot?")
    assert "<" not in answered.text


@settings(max_examples=100, deadline=None)
@given(text=ANYTHING, turns=st.lists(ANYTHING, max_size=3))
def test_any_text_whatsoever_gets_an_answer_that_can_be_checked(
    answer: Answers, faults: Faults, text: str, turns: list[str]
) -> None:
    answered = answer(text, *turns)
    assert isinstance(answered.status, Status)
    assert answered.question == Question(text, tuple(turns))
    assert faults(answered) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_words_of_the_documents_get_an_answer_that_can_be_checked(
    answer: Answers, faults: Faults, snapshot: Snapshot, data: st.DataObject
) -> None:
    passage = snapshot.passage(data.draw(st.integers(0, len(snapshot) - 1)))
    said = passage.text.split()
    first = data.draw(st.integers(0, len(said) - 1))
    ending = data.draw(st.sampled_from(["", " là gì?", " khi nào", " bao nhiêu", " gồm những gì?", " còn không ạ?"]))
    assert faults(answer(" ".join(said[first : first + 12]) + ending)) == []


# --- When something breaks, and side by side ------------------------------------------------------------------------


class BrokenSnapshot:
    """A snapshot whose files are gone."""

    id = "gone"

    def __getattr__(self, name: str) -> object:
        raise OSError(5, "Input/output error", "passages.jsonl")


def test_an_error_inside_is_logged_and_answered_with_an_apology(caplog: pytest.LogCaptureFixture) -> None:
    answered = ask(Question(WARDS), cast(Snapshot, BrokenSnapshot()), TODAY)
    assert (answered.status, answered.text) == (Status.ERROR_INTERNAL, messages.VIETNAMESE.internal_error)
    assert answered.snapshot_id == "gone"
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert isinstance(record.exc_info[1], OSError)
    assert "bao nhiêu" not in record.getMessage()


def test_the_question_is_not_logged(answer: Answers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for text in (WARDS, "Số căn cước của tôi là 001099012345, tra giúp", "chào bạn", ""):
        answer(text, "iHanoi là gì?")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO] == []


def test_two_threads_asking_at_once_get_the_answers_of_one(answer: Answers) -> None:
    questions = [*KNOWN, "Luật Chuyển đổi số có hiệu lực từ ngày nào?", "Ai ký Kế hoạch 338?"] * 4
    alone = [answer(text) for text in questions]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(answer, questions))
    assert [_said(answered) for answered in together] == [_said(answered) for answered in alone]


def _said(answered: Answer) -> tuple[Status, str, tuple[str, ...]]:
    return answered.status, answered.text, tuple(citation.quote for citation in answered.citations)


REGULATION = """<!-- trang 1 -->
Điều 4. Hồ sơ
1. Hồ sơ gồm đơn đăng ký và ảnh chân dung.
<!-- trang 2 -->
Điều 5. Thời hạn cấp thẻ
1. Thư viện nhận hồ sơ trong giờ hành chính.
<!-- trang 3 -->
2. Thời hạn cấp thẻ thư viện điện tử là 15 ngày làm việc kể từ ngày nhận hồ sơ.
"""


def test_an_answer_from_a_legal_text_says_on_which_page_and_in_which_clause(
    small_documents: Path, tmp_path: Path, encoder: Encoder, write_document: Callable[..., Path]
) -> None:
    write_document(small_documents, "quy-che-the", REGULATION, title="Quy chế thẻ thư viện điện tử")
    activate(build(read_folder(small_documents), encoder, tmp_path / "data").id, tmp_path / "data")
    question = Question("Thẻ thư viện điện tử được cấp trong bao nhiêu ngày làm việc?")
    answered = ask(question, load(tmp_path / "data", encoder), TODAY)
    assert answered.status is Status.ANSWERED
    assert "15 ngày làm việc" in answered.text
    assert "trang" not in answered.text

    place = "Điều 5, khoản 2, trang 3"
    assert answered.citations[0].place == place
    assert as_json(answered, "")["citations"][0]["place"] == place
    assert f"[1] Quy chế thẻ thư viện điện tử, {place}, ban hành 1/7/2025" in styled(answered).plain
    keep(answered, tmp_path)
    kept = find(answered.answer_id, tmp_path)
    assert kept
    desk = Desk(lambda question: answered, lambda: answered, lambda answer_id: kept, lambda: kept.created, 30)
    message = Inbound("telegram", "1", "1", "1", "1", Kind.TEXT, kept.created, text="/nguon 1")
    reply = respond(message, Conversation(answer_id=answered.answer_id), desk).reply
    assert reply
    assert f"Vị trí: {place}" in reply.text
