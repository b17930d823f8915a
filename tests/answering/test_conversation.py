"""A follow-up carries the subject of the question before it, and a question with a subject of its own does not."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.conversation import SUBJECT, TURNS, in_context, is_follow_up
from corpus.language.normalize import fold
from index.query import parse

SUBJECT_BEFORE = "Nghị quyết 18 của Thành ủy về chuyển đổi số"

FOLLOW_UPS = [
    "ở đâu vậy?",
    "có mất phí không?",
    "nó gồm những gì",
    "ai ký?",
    "bao giờ?",
    "số bao nhiêu?",
    "làm thế nào?",
    "cần giấy tờ gì",
    "ai được hưởng?",
    "có bắt buộc không?",
    "còn hiệu lực không?",
    "ban hành ngày nào",
    "văn bản đó còn hiệu lực không",
    "kế hoạch đó số mấy",
    "ai ban hành nó",
    "cơ quan nào phụ trách",
    "thế còn doanh nghiệp?",
    "còn phường Cửa Nam thì sao",
    "vậy ở Hà Đông thì thế nào",
    "doanh nghiệp thì sao?",
    "Hà Nội có trả tiền giúp không?",
    "cụ thể hơn được không",
    "gồm những bước nào",
    "địa chỉ?",
    "link đâu",
]
FOLLOW_UPS_IN_A_HURRY = [
    "con phuong Cua Nam thi sao",
    "the con nguoi gia?",
    "no o dau v",
    "no la j",
    "co mat phi ko",
    "ai ky vay ad",
    "van ban do ai ky",
    "bh het han",
    "toi da bn",
    "con hieu luc k",
    "dk o dau",
]
FOLLOW_UPS_IN_ENGLISH = [
    "where is it?",
    "who signed it?",
    "how much?",
    "when?",
    "what about the metro line?",
    "is it free?",
]

NEW_SUBJECTS = [
    "con tôi vào lớp 1 đăng ký ở đâu",
    "con dấu điện tử là gì",
    "thẻ vé tháng mua ở đâu",
    "thẻ căn cước làm ở đâu",
    "thế chấp sổ đỏ online được không",
    "thế nào là chính quyền số",
    "nợ thuế tra cứu ở đâu",
    "nở rộ lừa đảo qua mạng, phòng tránh ra sao",
    "đồ thất lạc báo iHanoi được không",
    "còn bao nhiêu quận huyện ở Hà Nội",
    "vay tiền ngân hàng chính sách thế nào",
    "Hà Nội có bao nhiêu phường",
    "iHanoi là gì",
    "IOC ở đâu",
    "5G có ở đâu",
    "gọi 1022 có mất tiền không",
    "ai ký nghị quyết 18",
    "đề án 06 là gì",
    "chữ ký số có mất phí không",
    "sổ đỏ làm ở đâu",
    "Tôi đang xem Luật số 25/2012, luật này hết hạn chưa?",
    "quên mật khẩu VNeID thì làm sao",
    "trước đây luật có quy định về sản phẩm công nghệ không",
]
NEW_SUBJECTS_IN_A_HURRY = [
    "the ve thang xe buyt mua o dau",
    "no thue dat tra cuu o dau",
    "do an quy hoach xem o dau",
    "ke hoach do thi thong minh so may",
    "so do cap lai co duoc gui ve nha khong",
    "con so 126 la gi",
    "lam sach du lieu dat can so do thoi ha",
    "ihanoi la gi z",
]
NEW_SUBJECTS_IN_ENGLISH = [
    "how many wards are there in Hanoi?",
    "is VNeID free?",
    "what is iHanoi?",
    "when does the digital transformation law take effect?",
]


@pytest.mark.parametrize("text", [*FOLLOW_UPS, *FOLLOW_UPS_IN_A_HURRY, *FOLLOW_UPS_IN_ENGLISH])
def test_a_follow_up_carries_the_subject_of_the_question_before(text: str) -> None:
    assert in_context(parse(text), [SUBJECT_BEFORE]) == f"{SUBJECT_BEFORE} {text}"


@pytest.mark.parametrize("text", [*NEW_SUBJECTS, *NEW_SUBJECTS_IN_A_HURRY, *NEW_SUBJECTS_IN_ENGLISH])
def test_a_question_with_a_subject_of_its_own_starts_anew(text: str) -> None:
    assert in_context(parse(text), [SUBJECT_BEFORE]) == text


@pytest.mark.parametrize("text", FOLLOW_UPS)
def test_a_follow_up_is_known_without_diacritics_in_capitals_and_decomposed(text: str) -> None:
    spellings = [fold(text), text.upper(), unicodedata.normalize("NFD", text), f"  {text}  "]
    assert [spelled for spelled in spellings if not is_follow_up(parse(spelled))] == []


@pytest.mark.parametrize("text", NEW_SUBJECTS)
def test_a_new_subject_is_known_without_diacritics_in_capitals_and_decomposed(text: str) -> None:
    spellings = [fold(text), text.upper(), unicodedata.normalize("NFD", text), f"  {text}  "]
    assert [spelled for spelled in spellings if is_follow_up(parse(spelled))] == []


def test_a_long_question_brings_its_own_subject() -> None:
    text = "nó thì tôi biết rồi nhưng mà nhà tôi ở xa lắm, đi lại khó khăn thì nộp hồ sơ bằng cách nào"
    assert in_context(parse(text), [SUBJECT_BEFORE]) == text


def test_a_first_question_stands_by_itself_even_when_it_says_nothing() -> None:
    assert in_context(parse("nó ở đâu?"), []) == "nó ở đâu?"


def test_the_subject_is_found_behind_a_chain_of_follow_ups() -> None:
    turns = ["Chữ ký số cá nhân dùng làm gì?", "ai được hỗ trợ?", "Hà Nội có trả tiền giúp không?"]
    assert in_context(parse("tối đa bao nhiêu?"), turns).split("?")[0] == "Chữ ký số cá nhân dùng làm gì"


def test_a_chain_leans_on_the_last_new_subject_and_not_on_those_before_it() -> None:
    turns = ["Chữ ký số cá nhân dùng làm gì?", "ai được cấp?", "iHanoi là gì?", "tải ở đâu?"]
    assert in_context(parse("có mất phí không?"), turns) == "iHanoi là gì? tải ở đâu? có mất phí không?"


@pytest.mark.parametrize("text", ["thế còn năm 2024?", "the con nam 2024", "2024 thì sao?", "what about 2024?"])
def test_a_year_that_is_named_takes_the_place_of_the_subjects_year(text: str) -> None:
    assert in_context(parse(text), ["DTI năm 2023 Hà Nội xếp thứ mấy?"]) == f"DTI Hà Nội xếp thứ mấy? {text}"


def test_a_year_at_the_end_leaves_no_gap_behind() -> None:
    assert in_context(parse("còn 2023?"), ["Hà Nội đứng thứ mấy năm 2024?"]) == "Hà Nội đứng thứ mấy? còn 2023?"


def test_a_school_year_takes_the_place_of_the_subjects_whole_school_year() -> None:
    asked = in_context(parse("còn năm 2025-2026?"), ["Học bạ số năm 2023-2024 làm cho lớp mấy?"])
    assert asked == "Học bạ số làm cho lớp mấy? còn năm 2025-2026?"


def test_the_year_in_a_document_number_is_no_year() -> None:
    turns = ["Nghị quyết 07/2023/NQ-HĐND nói gì?"]
    assert in_context(parse("còn năm 2024?"), turns) == "Nghị quyết 07/2023/NQ-HĐND nói gì? còn năm 2024?"


def test_a_year_stays_where_the_follow_up_names_none() -> None:
    asked = in_context(parse("ai xếp ngay sau?"), ["DTI năm 2024 Hà Nội đứng thứ mấy?"])
    assert asked == "DTI năm 2024 Hà Nội đứng thứ mấy? ai xếp ngay sau?"


def test_only_the_last_turns_are_looked_at() -> None:
    follow_ups = ["ai ký?"] * (TURNS - 1)
    assert "iHanoi" in in_context(parse("bao giờ?"), ["iHanoi là gì?", *follow_ups])
    assert "iHanoi" not in in_context(parse("bao giờ?"), ["iHanoi là gì?", *follow_ups, "ai ký?"])


@pytest.mark.parametrize("between", ["", "   ", "?!", "😀", "cảm ơn bạn nhiều", "ok", "bot ngu quá", "chào bạn"])
def test_a_turn_that_asked_nothing_is_passed_over(between: str) -> None:
    assert in_context(parse("ai ký?"), [SUBJECT_BEFORE, between]) == f"{SUBJECT_BEFORE} ai ký?"


@pytest.mark.parametrize("text", ["", "?", "…", "😀"])
def test_a_message_without_words_asks_nothing_again(text: str) -> None:
    assert in_context(parse(text), [SUBJECT_BEFORE]) == text


def test_a_very_long_turn_does_not_push_the_question_out() -> None:
    asked = in_context(parse("ai ký?"), ["Nghị quyết 18 " + "rất dài " * 10_000])
    assert asked.startswith("Nghị quyết 18 ")
    assert asked.endswith(" ai ký?")
    assert len(asked) <= SUBJECT + len(" ai ký?")


@pytest.mark.parametrize("part", ["thế còn ", "văn bản ", "con ", "a", "năm 2024 ", "who is "])
def test_a_very_long_message_is_read_in_no_time(part: str) -> None:
    is_follow_up(parse("ai ký?"))
    text = (part * 10_000)[:10_000]
    started = time.process_time()
    in_context(parse(text), [text] * 20)
    in_context(parse("ai ký?"), [text] * 20)
    assert time.process_time() - started < 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=8))
def test_the_question_itself_is_always_kept(text: str, turns: list[str]) -> None:
    assert in_context(parse(text), turns).endswith(parse(text).text)
