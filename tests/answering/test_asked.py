"""What a question asks for is read from it however it is typed: the kind of value, the form, the years, the present."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.asked import Asked, Form, asked
from corpus.language.normalize import fold
from corpus.language.values import Value
from index.query import parse

VALUES = {
    Value.PERCENT: [
        "Bao nhiêu phần trăm hộ dân có cáp quang?",
        "mấy % dân có VNeID",
        "Tỷ lệ hồ sơ trực tuyến năm 2025 là bao nhiêu?",
        "What percent of files are online?",
    ],
    Value.MONEY: [
        "Chữ ký số được hỗ trợ bao nhiêu tiền?",
        "Vé tháng xe buýt giá bao nhiêu?",
        "phí cấp lại thẻ bao nhiêu",
        "lệ phí bao nhiêu ạ",
        "tổng vốn đầu tư bao nhiêu",
        "không đội mũ phạt bao nhiêu",
        "How much does the card cost?",
    ],
    Value.DATE: [
        "Luật có hiệu lực từ bao giờ?",
        "Khi nào Hà Nội bỏ cấp huyện?",
        "iHanoi ra mắt năm nào",
        "Hạn chót nộp là ngày mấy?",
        "bao h mới xong",
        "When was it signed?",
    ],
    Value.DOCUMENT: [
        "Nghị quyết nào quy định phí 0 đồng?",
        "Kế hoạch chuyển đổi số 2024 số bao nhiêu?",
        "qđ số mấy phê duyệt đề án",
        "Đề án mang số hiệu gì?",
        "Which decree requires VNeID?",
    ],
    Value.PERSON: [
        "Ai ký kế hoạch 239?",
        "Ai là chủ tịch UBND thành phố?",
        "giám đốc trung tâm là ai",
        "chiến dịch do ai phát động",
        "Who signed the plan?",
    ],
    Value.PHONE: [
        "Gọi số nào để hỏi thủ tục?",
        "sđt trung tâm hành chính công",
        "Tổng đài của Công an Hà Nội số mấy?",
        "zalo số mấy",
        "đường dây nóng là gì",
    ],
    Value.URL: ["Nộp hồ sơ ở trang web nào?", "vào trang nào", "cho xin link"],
    Value.APP: ["tra phạt nguội bằng app nào", "cài phần mềm nào để phản ánh", "Which app shows fines?"],
    Value.PLACE: ["Trung tâm ở đâu?", "chi nhánh nằm ở phố nào", "địa chỉ UBND phường", "Where is the centre?"],
    Value.RANK: ["Hà Nội xếp thứ mấy?", "DTI hạng mấy", "What is the rank of Hanoi?"],
    Value.NUMBER: ["Hà Nội có bao nhiêu phường?", "luật gồm mấy chương", "hn có bn sở", "How many wards are there?"],
}

FORMS = {
    Form.LIST: [
        "Những giấy tờ nào cần nộp?",
        "Kể tên các sở được sáp nhập",
        "hồ sơ gồm những gì",
        "iHanoi có những chức năng gì?",
        "What are the functions of iHanoi?",
    ],
    Form.STEPS: [
        "Làm thế nào để đăng ký VNeID?",
        "làm sao để tra cứu phạt nguội ạ",
        "đăng ký ntn",
        "cách đăng ký chữ ký số",
        "How do I apply online?",
    ],
    Form.YES_NO: [
        "Nộp qua mạng có mất phí không?",
        "Hà Nội còn cấp huyện không ạ?",
        "trường cấp ba đã có học bạ số chưa",
        "nghe nói bỏ phí rồi hả ad",
        "Is VNeID free?",
    ],
    Form.COMPARE: [
        "Luật cũ khác gì luật mới?",
        "kinh tế số Hà Nội so với cả nước thế nào",
        "Nghị quyết 15 với Nghị quyết 57 có liên quan không",
        "What is the difference between VNeID and iHanoi?",
    ],
    Form.FACT: [
        "Ai ký kế hoạch 239?",
        "Nộp hồ sơ ở đâu ạ?",
        "Hà Nội có bao nhiêu phường vậy ạ",
        "iHanoi là gì?",
        "chi nhánh số 2 ở phố nào a",
    ],
}

STILL = [
    "Sở Thông tin và Truyền thông giờ còn không?",
    "Hà Nội có 579 xã phường đúng không?",
    "quận Hoàn Kiếm vẫn còn hả?",
    "phí 0 đồng còn áp dụng không ạ",
    "nghe nói nộp qua mạng miễn phí, thật không",
    "Is it still free?",
]
NOT_STILL = [
    "con tôi học lớp 1 có được không",
    "con em có cần đăng ký không",
    "Hà Nội có bao nhiêu phường?",
    "văn bản này có bắt buộc không",
    "nộp ở đâu ạ",
    "con dấu điện tử có mất tiền không",
]

NOW = [
    "Hiện nay Hà Nội có bao nhiêu phường?",
    "bây giờ nộp ở đâu",
    "phí bh bao nhiêu",
    "giờ còn bao nhiêu sở",
    "kế hoạch mới nhất là gì",
    "How many wards are there now?",
]
NOT_NOW = [
    "Hồi 2023 có bao nhiêu phường?",
    "con tôi học ở đâu",
    "mấy giờ mở cửa",
    "giờ làm việc của trung tâm",
    "văn bản nào quy định",
    "con dấu điện tử là gì",
]


def spellings(text: str) -> list[str]:
    return [parse(typed).plain for typed in (text, fold(text), text.upper(), f"  {text} !")]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in VALUES.items() for text in texts])
def test_the_kind_of_value_is_read_first(kind: Value, text: str) -> None:
    assert {spelled: asked(parse(spelled)).values[:1] for spelled in spellings(text)} == dict.fromkeys(
        spellings(text), (kind,)
    )


@pytest.mark.parametrize("text", ["iHanoi là gì?", "thế nào là toàn trình", "Tại sao phải bỏ cấp huyện?", "", "😀"])
def test_a_question_for_no_value_asks_for_none(text: str) -> None:
    assert asked(parse(text)).values == ()


def test_a_question_for_two_values_asks_for_both() -> None:
    assert {Value.DATE, Value.PERSON} <= set(asked(parse("Kế hoạch ban hành khi nào, ai ký?")).values)


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in FORMS.items() for text in texts])
def test_the_form_of_the_answer_is_read(form: Form, text: str) -> None:
    assert {spelled: asked(parse(spelled)).form for spelled in spellings(text)} == dict.fromkeys(spellings(text), form)


def test_the_polite_particle_makes_no_question_of_yes_or_no() -> None:
    assert asked(parse("Luật có hiệu lực ngày nào ạ?")).form is Form.FACT
    assert asked(parse("Luật có hiệu lực rồi à?")).form is Form.YES_NO


def test_years_and_other_numbers_are_told_apart() -> None:
    read = asked(parse("Nghị quyết 18 năm 2022 và kế hoạch 2025-2030 có 126 việc, 1 đợt?"))
    assert read.years == {"2022", "2025", "2030"}
    assert read.numbers == {"18", "126"}


@pytest.mark.parametrize("text", STILL)
def test_a_question_whether_something_still_holds_is_known(text: str) -> None:
    assert [spelled for spelled in spellings(text) if not asked(parse(spelled)).holds] == []


@pytest.mark.parametrize("text", NOT_STILL)
def test_a_child_and_a_text_are_not_still(text: str) -> None:
    assert [spelled for spelled in spellings(text) if asked(parse(spelled)).holds] == []


@pytest.mark.parametrize("text", NOW)
def test_a_question_for_how_things_are_now_is_known(text: str) -> None:
    assert [spelled for spelled in spellings(text) if not asked(parse(spelled)).current] == []


@pytest.mark.parametrize("text", NOT_NOW)
def test_an_hour_a_child_and_a_text_are_not_now(text: str) -> None:
    assert [spelled for spelled in spellings(text) if asked(parse(spelled)).current] == []


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    read = asked(parse(text))
    assert isinstance(read, Asked)
    assert len(set(read.values)) == len(read.values)


@pytest.mark.parametrize(
    "text", ["nhận hồ sơ ở đâu", "nhan ho so o dau", "không nhận hồ sơ giấy nữa", "điền hồ sơ thế nào"]
)
def test_files_that_are_received_are_no_telephone_number(text: str) -> None:
    assert Value.PHONE not in asked(parse(text)).values
    assert Value.PHONE in asked(parse("gọi cho ai, nhắn vào số nào")).values
