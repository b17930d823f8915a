"""The values in a text, in the shapes that Hanoi's documents give them."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.language.values import Value, find, kinds

PIECES = [
    *(
        "1/7/2025",
        "3/9",
        "24/63",
        "17,34%",
        "7-7,5%",
        "100.000 đồng",
        "12.000-13.000 USD",
        "18-NQ/TU",
        "07/2023/NQ-HĐND",
    ),
    *("024.1022", "1900 0113", "126", "2026-2027", "tháng 6/2024", "hạng 1", "Tổng Bí thư Tô Lâm", "iHanoi", "Hà Nội"),
    *(
        "https://a.vn/b",
        "phường Hoàn Kiếm",
        "Nghị quyết 57",
        " ",
        ".",
        ",",
        "-",
        "/",
        "(",
        ")",
        "\n",
        "🎉",
        "e\u0301",
        "ông",
    ),
]


def values(text: str) -> list[tuple[Value, str]]:
    return [(found.kind, text[found.start : found.end]) for found in find(text)]


def of_kind(kind: Value, text: str) -> list[str]:
    return [words for found, words in values(text) if found is kind]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("Vào https://dichvucong.gov.vn, chọn Hà Nội.", ["https://dichvucong.gov.vn"]),
        ("(https://ttpvhcc.hanoi.gov.vn)", ["https://ttpvhcc.hanoi.gov.vn"]),
        ("Truy cập dichvucong.hanoi.gov.vn: nộp hồ sơ", ["dichvucong.hanoi.gov.vn"]),
        ("xem hanoi.gov.vn/tin/1-2.html.", ["hanoi.gov.vn/tin/1-2.html"]),
        ("…egov.vn và facebook.com/ihanoi|x", ["egov.vn", "facebook.com/ihanoi"]),
        ("Ông nói... Rồi thôi. vn", []),
    ],
)
def test_addresses_of_the_web(text: str, urls: list[str]) -> None:
    assert of_kind(Value.URL, text) == urls


@pytest.mark.parametrize(
    "number",
    [
        *(
            "18-NQ/TU",
            "07/2023/NQ-HĐND",
            "148/2025/QH15",
            "1656/NQ-UBTVQH15",
            "623/TTg-KSTT",
            "749/QĐ-TTg",
            "05-KH/BCĐ57",
        ),
        *(
            "09/2024/L-CTN",
            "218/TB-TTPVHCC",
            "8602-QĐ/TU",
            "3411/UBND-ĐMPT",
            "443/TTr-UBND",
            "39/2024/QH15",
            "57-NQ/TW",
        ),
    ],
)
def test_a_document_number_is_one_value(number: str) -> None:
    assert values(f"Theo Văn bản {number}, từ nay") == [(Value.DOCUMENT, number)]
    assert values(f"Quyết định số {number} (bản cũ)") == [(Value.DOCUMENT, number)]
    assert values(number) == [(Value.DOCUMENT, number)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Nghị quyết 57 và Kế hoạch số 239", ["57", "239"]),
        ("Nghị quyết 07/2023: không thu", ["07/2023"]),
        ("Quyết định 06 năm 2022 và Kế hoạch 20 ngày 1/2/2024", ["06", "20"]),
        ("Kế hoạch 45 ngày đêm, Kế hoạch 5 năm", []),
        ("Nghị quyết mới có 57 điều", []),
        ("mạng 5G-Advanced, bản 4.0-beta", []),
    ],
)
def test_a_document_may_be_named_by_its_kind_and_number(text: str, numbers: list[str]) -> None:
    assert of_kind(Value.DOCUMENT, text) == numbers


@pytest.mark.parametrize(
    "number",
    [
        "024.1022",
        "1900 0113",
        "19001009",
        "0768.221.221",
        "0768 221 221",
        "0912345678",
        "024 38253536",
        "1022",
        "1800599928",
    ],
)
def test_a_telephone_number_is_one_value(number: str) -> None:
    assert values(f"Gọi {number}, nhánh hai.") == [(Value.PHONE, number)]


@pytest.mark.parametrize("number", ["1.043.724", "10.220", "0,8241", "12.713", "1.446.705", "2.500"])
def test_a_large_or_a_small_number_is_no_telephone_number(number: str) -> None:
    assert values(f"có {number} hồ sơ") == [(Value.NUMBER, number)]


@pytest.mark.parametrize("share", ["17,34%", "7-7,5%", "100%", "99,9 %", "30-60%", "12,5 phần trăm", "1.250%"])
def test_a_percentage_is_one_value(share: str) -> None:
    assert values(f"đạt {share}.") == [(Value.PERCENT, share)]


@pytest.mark.parametrize(
    "amount",
    [
        *(
            "100.000 đồng",
            "0 đồng",
            "3.500 tỷ đồng",
            "275,3 nghìn tỷ đồng",
            "12.000-13.000 USD",
            "12,8 tỷ USD",
            "26.000 đồng/lượt",
        ),
        *("50.000đ", "2 triệu đồng", "1 tỷ đô la", "300 ngàn đồng", "36.000 VNĐ"),
    ],
)
def test_an_amount_of_money_is_one_value(amount: str) -> None:
    assert values(f"hơn {amount}, tính cả năm") == [(Value.MONEY, amount)]


def test_what_only_begins_like_money_is_a_number() -> None:
    assert values("12 đồng chí, 5 điểm và 3 đơn vị") == [(Value.NUMBER, "12"), (Value.NUMBER, "5"), (Value.NUMBER, "3")]


@pytest.mark.parametrize(
    "date",
    [
        *(
            "1/7/2025",
            "31/12/2025",
            "3/9",
            "11/2023",
            "15-18/7",
            "1-3/2025",
            "2025-07-01",
            "tháng 6/2024",
            "Tháng 10 năm 2025",
        ),
        *(
            "ngày 1 tháng 7 năm 2025",
            "quý II/2026",
            "2026-2027",
            "2022 - 2025",
            "2026–2030",
            "năm 2030",
            "cuối 2023",
            "2017",
        ),
    ],
)
def test_a_date_is_one_value(date: str) -> None:
    assert values(f"Từ {date}, người dân nộp") == [(Value.DATE, date)]
    assert values(date) == [(Value.DATE, date)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Từ ngày 1/7/2025 có", [(Value.DATE, "1/7/2025")]),
        ("trực 24/7", [(Value.NUMBER, "24/7")]),
        ("từ ngày 24/7 và 24/7/2025", [(Value.DATE, "24/7"), (Value.DATE, "24/7/2025")]),
        ("8/15 chỉ tiêu, 579/579 xã", [(Value.NUMBER, "8/15"), (Value.NUMBER, "579/579")]),
        ("32/1/2025", []),
        ("77/2025", []),
    ],
)
def test_a_day_and_a_month_are_told_from_shares_and_hours(text: str, found: list[tuple[Value, str]]) -> None:
    assert values(text) == found


@pytest.mark.parametrize(
    "rank",
    [
        "hạng 1",
        "Hạng ba",
        "thứ nhất",
        "thứ 2",
        "24/63",
        "1/34",
        "hạng 9/63",
        "top 10",
        "đứng đầu",
        "Đứng đầu",
        "nhóm đầu",
    ],
)
def test_a_rank_is_one_value(rank: str) -> None:
    assert values(f"Hà Nội {rank} cả nước") == [(Value.RANK, rank)]


def test_the_number_of_a_session_is_no_rank() -> None:
    assert Value.RANK not in kinds("Kỳ họp thứ 7 và Hội nghị lần thứ 9")


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("do Tổng Bí thư Tô Lâm ký", "Tô Lâm"),
        ("ông Nguyễn Việt Hùng, khi đó", "Nguyễn Việt Hùng"),
        ("Phó Chủ tịch UBND Hà Minh Hải làm tổ trưởng", "Hà Minh Hải"),
        ("Chủ tịch UBND Thành phố Trần Sỹ Thanh ban hành", "Trần Sỹ Thanh"),
        ("Bí thư Thành ủy Nguyễn Duy Ngọc", "Nguyễn Duy Ngọc"),
        ("Chủ tịch phường Trịnh Ngọc Trâm gọi đây", "Trịnh Ngọc Trâm"),
    ],
)
def test_a_person_is_the_name_without_the_office(text: str, person: str) -> None:
    assert values(text) == [(Value.PERSON, person)]


@pytest.mark.parametrize(
    "text",
    [
        "UBND Thành phố Hà Nội ban hành",
        "Cổng dịch vụ công Hà Nội mới",
        "không Hà Nội nào",
        "Giám đốc Sở Khoa học và Công nghệ",
        "Thủ tướng Chính phủ phê duyệt",
        "quận Hai Bà Trưng Hà Nội",
    ],
)
def test_an_office_and_a_place_are_no_person(text: str) -> None:
    assert Value.PERSON not in kinds(text)


@pytest.mark.parametrize(
    "app", ["iHanoi", "iHaNoi", "VNeID", "Zalo", "VssID", "eTax Mobile", "Cổng Dịch vụ công Quốc gia"]
)
def test_an_app_is_one_value(app: str) -> None:
    assert values(f"Mở {app}, chọn mục") == [(Value.APP, app)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tại phường Hoàn Kiếm có", "phường Hoàn Kiếm"),
        ("ở số 54 Trần Hưng Đạo, phường", "số 54 Trần Hưng Đạo"),
        ("tại số 79 phố Đinh Tiên Hoàng", "số 79 phố Đinh Tiên Hoàng"),
        ("Khu công nghệ cao Hòa Lạc: 13 ha", "Khu công nghệ cao Hòa Lạc"),
        ("Nhà văn hóa thôn Đồi Dùng", "Nhà văn hóa thôn Đồi Dùng"),
        ("huyện Ba Vì cũ", "huyện Ba Vì"),
    ],
)
def test_a_place_is_one_value(text: str, place: str) -> None:
    assert of_kind(Value.PLACE, text) == [place]


@pytest.mark.parametrize(
    "text", ["thành phố Hà Nội", "Thành phố ban hành Kế hoạch", "các xã của Hà Nội", "phường ở Hà Nội"]
)
def test_the_city_and_its_wards_at_large_are_no_place(text: str) -> None:
    assert Value.PLACE not in kinds(text)


@pytest.mark.parametrize("number", ["126", "1.043.724", "0,5098", "40 nghìn", "7,45 triệu"])
def test_a_plain_number_is_one_value(number: str) -> None:
    assert values(f"có {number} xã, phường") == [(Value.NUMBER, number)]
    assert values(f"({number})") == [(Value.NUMBER, number)]


@pytest.mark.parametrize("text", ["mạng 5G", "lớp10", "mục 1a", "không có gì", "năm nay", "", "½"])
def test_a_digit_inside_a_word_is_no_number(text: str) -> None:
    assert values(text) == []


def test_values_come_in_the_order_of_the_text() -> None:
    text = "Ngày 1/7/2025, Hà Nội có 126 xã, phường (Nghị quyết 1656/NQ-UBTVQH15), giảm 75,9%; gọi 024.1022."
    assert values(text) == [
        (Value.DATE, "1/7/2025"),
        (Value.NUMBER, "126"),
        (Value.DOCUMENT, "1656/NQ-UBTVQH15"),
        (Value.PERCENT, "75,9%"),
        (Value.PHONE, "024.1022"),
    ]
    assert kinds(text) == {Value.DATE, Value.NUMBER, Value.DOCUMENT, Value.PERCENT, Value.PHONE}


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map("".join)))
@settings(deadline=None, max_examples=300)
def test_any_text_has_values_in_order_within_it_and_apart(text: str) -> None:
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert kinds(text) == {one.kind for one in found}
    assert all(text[one.start : one.end].strip() == text[one.start : one.end] for one in found)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "1",
            "1.",
            "1,1",
            "1 ",
            "1-",
            "1/",
            "1-1/",
            "0123.",
            "2020-",
            "2020 - ",
            "a",
            "a ",
            "a.",
            "a-",
            ".",
            " ",
            "\n",
            "\x00",
        ),
        *(
            "A ",
            "Aa ",
            "ông Hà ",
            "Chủ tịch UBND ",
            "Nghị quyết số 1/",
            "18-NQ/",
            "1-AB-",
            "1 tỷ ",
            "Khu aa bb ",
            "số 1 Aa ",
        ),
        *(
            "https://",
            "https://.",
            "vn.",
            "tháng 1 năm ",
            "ngày 1 tháng ",
            "hạng 1/",
            "1 đồng/",
            "1% ",
            "e\u0301",
            "🎉",
        ),
    ],
)
@pytest.mark.parametrize("start", ["", "1", "https://", "Chủ tịch ", "số 1 "])
def test_ten_thousand_characters_take_no_long_time(piece: str, start: str) -> None:
    """About 5 ms on two cores; a pattern that reads a stretch again from each of its characters takes seconds."""
    text = start + piece * (10_000 // len(piece))
    taken = []
    for _ in range(3):  # the least of three: whatever else the process does at that moment is not the pattern's
        started = time.process_time()
        find.__wrapped__(text)
        taken.append(time.process_time() - started)
    assert min(taken) < 0.5
