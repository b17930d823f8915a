"""What the header and the text of a new document let the catalogue say of it."""

import unicodedata
from collections.abc import Collection
from datetime import date
from pathlib import Path

import pytest

from corpus.catalogue import DOCUMENTS, check, read_folder, read_one
from corpus.document import Entry, Source
from corpus.errors import CorpusError
from corpus.intake.propose import LONGEST_ID, Proposal, confirmed, front_matter, propose

TODAY = date(2026, 11, 23)

DECISION = """| ỦY BAN NHÂN DÂN<br>THÀNH PHỐ HÀ NỘI | CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM |
|---|---|
| | Độc lập - Tự do - Hạnh phúc |
| Số: 521/QĐ-UBND | Hà Nội, ngày 9 tháng 02 năm 2026 |

**QUYẾT ĐỊNH**

**Về việc ban hành Chiến lược Chuyển đổi số thành phố Hà Nội đến năm 2030,**
**định hướng đến năm 2035**

ỦY BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI

Căn cứ Luật Tổ chức chính quyền địa phương số 72/2025/QH15 ngày 16 tháng 6 năm 2025;

QUYẾT ĐỊNH:

Điều 1. Ban hành kèm theo Quyết định này Chiến lược.

Điều 2. Quyết định này có hiệu lực kể từ ngày ký và thay thế Quyết định số 4098/QĐ-UBND ngày 6/9/2021, Kế hoạch số
57/KH-UBND ngày 29 tháng 02 năm 2024 của UBND Thành phố.
"""
RESOLUTION = """HỘI ĐỒNG NHÂN DÂN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
THÀNH PHỐ HÀ NỘI Độc lập - Tự do - Hạnh phúc
Số: 07/2023/NQ-HĐNDHà Nội, ngày 4 tháng 7 năm 2023

NGHỊ QUYẾT
Quy định mức thu phí, lệ phí thực hiện các dịch vụ công trực tuyến trên địa bàn
thành phố Hà Nội

HỘI ĐỒNG NHÂN DÂN THÀNH PHỐ HÀ NỘI
KHÓA XVI, KỲ HỌP THỨ 12

Căn cứ Luật Ban hành văn bản quy phạm pháp luật số 77/2015/QH13;

Điều 3. Nghị quyết này có hiệu lực kể từ
ngày 01 tháng 8 năm 2023 đến hết ngày 31/12/2025.
"""
DRAFT = """DỰ THẢO LẦN 2

UBND THÀNH PHỐ HÀ NỘI
SỞ GIÁO DỤC VÀ ĐÀO TẠO

Số:      /KH-SGDĐT

Hà Nội, ngày     tháng     năm 2026

KẾ HOẠCH
Triển khai học bạ số năm học 2026-2027

Thực hiện Kế hoạch số 239/KH-UBND ngày 27/9/2023, Sở xây dựng kế hoạch như sau:
"""
ARTICLE = """# Hà Nội đưa iHanoi đến từng hộ dân

Kinh tế & Đô thị

Thứ ba, 12/3/2024 08:30 (GMT+7)

Theo ông Nguyễn Văn A, Nghị quyết 07/2023/NQ-HĐND thay thế Nghị quyết số 12/2020/NQ-HĐND từ ngày 1/8/2023.

Nguồn: Báo Kinh tế & Đô thị
"""
LAW = """QUỐC HỘI
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
---------------
Luật số: 39/2024/QH15

LUẬT
THỦ ĐÔ

Căn cứ Hiến pháp nước Cộng hòa xã hội chủ nghĩa Việt Nam;
Quốc hội ban hành Luật Thủ đô.

Điều 54. Hiệu lực thi hành
1. Luật này có hiệu lực thi hành từ ngày 01 tháng 01 năm 2025, trừ quy định tại khoản 2 Điều này.
2. Luật Thủ đô số 25/2012/QH13 hết hiệu lực kể từ ngày Luật này có hiệu lực thi hành.

Luật này được Quốc hội nước Cộng hòa xã hội chủ nghĩa Việt Nam khóa XV thông qua ngày 28 tháng 6 năm 2024.
"""
LETTER = """| UBND THÀNH PHỐ HÀ NỘI | CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM |
| --- | --- |
| SỞ GIÁO DỤC VÀ ĐÀO TẠO | Độc lập - Tự do - Hạnh phúc |
| Số: 1161/SGDĐT-QLT | Hà Nội, ngày 25 tháng 3 năm 2026 |
| V/v hướng dẫn tuyển sinh vào mầm non, |  |
| lớp 1, lớp 6 năm học 2026-2027 | |

Kính gửi: UBND các xã, phường.
"""
PARTY = """THÀNH ỦY HÀ NỘI          ĐẢNG CỘNG SẢN VIỆT NAM
*
Số 18-NQ/TU          Hà Nội, ngày 30 tháng 12 năm 2022

NGHỊ QUYẾT
CỦA BAN CHẤP HÀNH ĐẢNG BỘ THÀNH PHỐ
Về chuyển đổi số, xây dựng thành phố Hà Nội thông minh đến năm 2025, định hướng đến năm 2030
------

I. TÌNH HÌNH
"""
LOWER = """ủy ban nhân dân thành phố hà nội
số: 239/kh-ubnd
Hà Nội, ngày 27 tháng 9 năm 2023

kế hoạch
Chuyển đổi số, xây dựng thành phố Hà Nội thông minh đến năm 2025

Thực hiện Nghị quyết số 18-NQ/TU ngày 30/12/2022;
"""
DIRECTIVE = """UỶ BAN NHÂN DÂN
THÀNH PHỐ HÀ NỘI
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập – Tự do – Hạnh phúc

Số: 11/CT-UBND

Hà Nội, ngày 24/7/2025

CHỈ THỊ
VỀ VIỆC TỔ CHỨC CHIẾN DỊCH 45 NGÀY ĐÊM HỖ TRỢ CHUYỂN ĐỔI SỐ CỦA THÀNH PHỐ HÀ NỘI

Thực hiện chính quyền hai cấp, UBND Thành phố yêu cầu:
"""
DECREE = """CHÍNH PHỦ
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 69/2024/NĐ-CP
Hà Nội, ngày 25 tháng 6 năm 2024

NGHỊ ĐỊNH
QUY ĐỊNH VỀ ĐỊNH DANH VÀ XÁC THỰC ĐIỆN TỬ

Căn cứ Luật Tổ chức Chính phủ ngày 19 tháng 6 năm 2015;

Điều 41. Hiệu lực thi hành
1. Nghị định này có hiệu lực thi hành từ ngày 01 tháng 7 năm 2024.
2. Nghị định này bãi bỏ các văn bản sau:
a) Nghị định số 59/2022/NĐ-CP ngày 5 tháng 9 năm 2022 của Chính phủ;
b) Nghị định số 60/2022/NĐ-CP.
3. Bãi bỏ khoản 2 Điều 5 Nghị định số 61/2022/NĐ-CP.
4. Thay thế cụm từ "chứng minh nhân dân" tại Nghị định số 62/2022/NĐ-CP.
"""
PRIME_MINISTER = """THỦ TƯỚNG CHÍNH PHỦ
Số: 749/QĐ-TTg
Hà Nội, ngày 03 tháng 6 năm 2020
QUYẾT ĐỊNH Phê duyệt “Chương trình Chuyển đổi số quốc gia đến năm 2025, định hướng đến năm 2030”
THỦ TƯỚNG CHÍNH PHỦ
Căn cứ Luật Tổ chức Chính phủ;
"""
MINISTRY = """| BỘ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI | CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM |
|---|---|
| Số: 03/2027/TT-BLĐTBXH | Hà Nội, ngày 1 tháng 3 năm 2026 |

THÔNG TƯ

Hướng dẫn chi trả an sinh xã hội qua tài khoản

Điều 9. Thông tư này có hiệu lực thi hành từ ngày 01/01/2027.
"""
ATTACHED = """QUY CHẾ
Quản lý, vận hành ứng dụng Công dân Thủ đô số - iHanoi
(Ban hành kèm theo Quyết định số 1207/QĐ-UBND ngày 28 tháng 02 năm 2025 của UBND thành phố Hà Nội)

Chương I
QUY ĐỊNH CHUNG
"""
POSTED = """Đăng nhập | Trang chủ

## Cách nộp hồ sơ trực tuyến cho người dân

(Ngày đăng 12/03/2024) Cập nhật: 5/4/2024

Bước 1. Đăng nhập.
"""
OFFICE = """UỶ BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI
VĂN PHÒNG
Số: 45/TB-VP
Hà Nội, ngày    tháng 3 năm 2026

THÔNG BÁO
Kết luận của Phó Chủ tịch UBND Thành phố tại cuộc họp về iHanoi

Ngày 2/3/2026, Phó Chủ tịch chủ trì cuộc họp.
"""
SUMMARY = """# Kế hoạch 338/KH-UBND bảo vệ người dân trên không gian mạng

Phó Chủ tịch UBND Thành phố ký Kế hoạch ngày 12/12/2025.
"""
REPORT = """UBND PHƯỜNG CỬA NAM
Số: 12/BC-UBND
Cửa Nam, ngày 31 tháng 02 năm 2026

BÁO CÁO
Kết quả thực hiện Tổ công nghệ số cộng đồng quý I năm 2026

Thực hiện Kế hoạch số 20/KH-UBND, UBND phường báo cáo.
"""
SIGNED = """Người ký: Ủy ban Nhân dân
Thời gian ký: 12/12/2025 16:02:33 +07:00
ỦY BAN NHÂN DÂN
THÀNH PHỐ HÀ NỘI
Số: 338 / KH - UBND
Hà Nội, ngày … tháng … năm 2025
KẾ HOẠCH
Bảo vệ người dân trên không gian mạng
"""
HEADINGS = """# ỦY BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI

# QUYẾT ĐỊNH

## Về việc phê duyệt Quy chế quản lý iHanoi

Số: 1207/QĐ-UBND

Hà Nội, ngày 28 tháng 2 năm 2025

Căn cứ Luật Tổ chức chính quyền địa phương số 72/2025/QH15;
"""
ONE_LINE = """ỦY BAN NHÂN DÂN CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM THÀNH PHỐ HÀ NỘI Độc lập - Tự do - Hạnh phúc \
Số: 20/KH-UBND Hà Nội, ngày 7 tháng 1 năm 2026

KẾ HOẠCH

Triển khai hoạt động của Tổ công nghệ số cộng đồng
"""
UNSAID = "Một đoạn văn không có tiêu đề, không có ngày, kết thúc bằng dấu chấm.\n"


@pytest.fixture(scope="module")
def known() -> list[Entry]:
    return [document.entry for document in read_folder()]


def values(proposal: Proposal) -> dict[str, str | None]:
    names = ("issuer", "number", "doc_type", "issued", "as_of", "status", "expires")
    return {name: found.value if (found := getattr(proposal, name)) else None for name in names}


HEADERS = {  # title, then issuer, number, doc_type, issued, as_of, status, expires
    DECISION: (
        "Quyết định 521/QĐ-UBND về việc ban hành Chiến lược Chuyển đổi số thành phố Hà Nội đến năm 2030, định hướng "
        "đến năm 2035",
        "Ủy ban nhân dân thành phố Hà Nội|521/QĐ-UBND|quyết định|2026-02-09|2026-02-09|còn hiệu lực|",
    ),
    RESOLUTION: (
        "Nghị quyết 07/2023/NQ-HĐND: Quy định mức thu phí, lệ phí thực hiện các dịch vụ công trực tuyến trên địa bàn "
        "thành phố Hà Nội",
        "Hội đồng nhân dân thành phố Hà Nội|07/2023/NQ-HĐND|nghị quyết|2023-07-04|2023-07-04|hết hiệu lực|2025-12-31",
    ),
    DRAFT: (
        "Dự thảo Kế hoạch: Triển khai học bạ số năm học 2026-2027",
        "Sở Giáo dục và Đào tạo thành phố Hà Nội||kế hoạch|||thông tin tại thời điểm|",
    ),
    ARTICLE: (
        "Hà Nội đưa iHanoi đến từng hộ dân",
        "Báo Kinh tế & Đô thị||bài viết|2024-03-12|2024-03-12|thông tin tại thời điểm|",
    ),
    LAW: (
        "Luật Thủ đô số 39/2024/QH15",
        "Quốc hội|39/2024/QH15|luật|2024-06-28|2024-06-28|còn hiệu lực|",
    ),
    LETTER: (
        "Công văn 1161/SGDĐT-QLT về việc hướng dẫn tuyển sinh vào mầm non, lớp 1, lớp 6 năm học 2026-2027",
        "Sở Giáo dục và Đào tạo thành phố Hà Nội|1161/SGDĐT-QLT|hướng dẫn|2026-03-25|2026-03-25||",
    ),
    PARTY: (
        "Nghị quyết 18-NQ/TU về chuyển đổi số, xây dựng thành phố Hà Nội thông minh đến năm 2025, định hướng đến năm "
        "2030",
        "Thành ủy Hà Nội|18-NQ/TU|nghị quyết|2022-12-30|2022-12-30||",
    ),
    LOWER: (
        "Kế hoạch 239/KH-UBND: Chuyển đổi số, xây dựng thành phố Hà Nội thông minh đến năm 2025",
        "ủy ban nhân dân thành phố hà nội|239/KH-UBND|kế hoạch|2023-09-27|2023-09-27||",
    ),
    DIRECTIVE: (
        "Chỉ thị 11/CT-UBND về việc tổ chức chiến dịch 45 ngày đêm hỗ trợ chuyển đổi số của thành phố Hà Nội",
        "Ủy ban nhân dân thành phố Hà Nội|11/CT-UBND|kế hoạch|2025-07-24|2025-07-24||",
    ),
    DECREE: (
        "Nghị định 69/2024/NĐ-CP: Quy định về định danh và xác thực điện tử",
        "Chính phủ|69/2024/NĐ-CP|luật|2024-06-25|2024-06-25|còn hiệu lực|",
    ),
    PRIME_MINISTER: (
        "Quyết định 749/QĐ-TTg: Phê duyệt “Chương trình Chuyển đổi số quốc gia đến năm 2025, định hướng đến năm 2030”",
        "Thủ tướng Chính phủ|749/QĐ-TTg|quyết định|2020-06-03|2020-06-03||",
    ),
    MINISTRY: (
        "Thông tư 03/2027/TT-BLĐTBXH: Hướng dẫn chi trả an sinh xã hội qua tài khoản",
        "Bộ Lao động - Thương binh và Xã hội|03/2027/TT-BLĐTBXH|luật|2026-03-01|2026-03-01||",
    ),
    ATTACHED: (
        "Quy chế 1207/QĐ-UBND: Quản lý, vận hành ứng dụng Công dân Thủ đô số - iHanoi",
        "|1207/QĐ-UBND|quyết định|2025-02-28|2025-02-28||",
    ),
    POSTED: (
        "Cách nộp hồ sơ trực tuyến cho người dân",
        "||hướng dẫn|2024-03-12|2024-04-05||",
    ),
    OFFICE: (
        "Thông báo 45/TB-VP: Kết luận của Phó Chủ tịch UBND Thành phố tại cuộc họp về iHanoi",
        "Văn phòng Ủy ban nhân dân thành phố Hà Nội|45/TB-VP|hướng dẫn|2026-03|2026-03||",
    ),
    SUMMARY: (
        "Kế hoạch 338/KH-UBND bảo vệ người dân trên không gian mạng",
        "|338/KH-UBND|kế hoạch||||",
    ),
    REPORT: (
        "Báo cáo 12/BC-UBND: Kết quả thực hiện Tổ công nghệ số cộng đồng quý I năm 2026",
        "UBND phường Cửa Nam|12/BC-UBND|số liệu|||thông tin tại thời điểm|",
    ),
    SIGNED: (
        "Kế hoạch 338/KH-UBND: Bảo vệ người dân trên không gian mạng",
        "Ủy ban nhân dân thành phố Hà Nội|338/KH-UBND|kế hoạch|2025-12-12|2025-12-12||",
    ),
    HEADINGS: (
        "Quyết định 1207/QĐ-UBND về việc phê duyệt Quy chế quản lý iHanoi",
        "Ủy ban nhân dân thành phố Hà Nội|1207/QĐ-UBND|quyết định|2025-02-28|2025-02-28||",
    ),
    ONE_LINE: (
        "Kế hoạch 20/KH-UBND: Triển khai hoạt động của Tổ công nghệ số cộng đồng",
        "Ủy ban nhân dân thành phố Hà Nội|20/KH-UBND|kế hoạch|2026-01-07|2026-01-07||",
    ),
    UNSAID: (None, "||||||"),
}


@pytest.mark.parametrize(("text", "expected"), HEADERS.items(), ids=[f"header {n}" for n in range(len(HEADERS))])
def test_a_document_says_of_itself_what_the_catalogue_wants(
    text: str, expected: tuple[str | None, str], known: Collection[Entry]
) -> None:
    proposal = propose(text, TODAY, known)
    title, fields = expected
    assert (proposal.title.value if proposal.title else None) == title
    assert list(values(proposal).values()) == [value or None for value in fields.split("|")]


@pytest.mark.parametrize("text", HEADERS, ids=[f"header {n}" for n in range(len(HEADERS))])
def test_what_is_proposed_stands_on_the_line_that_is_named(text: str, known: Collection[Entry]) -> None:
    proposal = propose(text, TODAY, known)
    lines = text.split("\n")
    found = [getattr(proposal, name) for name in proposal.__slots__ if name != "supersedes"]
    for one in [*filter(None, found), *proposal.supersedes]:
        word = one.words.split("/ ")[0].split()[0].strip("*|…(“")
        assert word.lower() in lines[one.line - 1].lower()


def test_what_is_replaced_is_named_with_its_id_where_the_catalogue_has_it(known: Collection[Entry]) -> None:
    replaced = propose(DECISION, TODAY, known).supersedes
    assert [(one.number, one.id, one.line) for one in replaced] == [
        ("4098/QĐ-UBND", None, 19),
        ("57/KH-UBND", "ke-hoach-57-kh-ubnd-2024", 19),
    ]
    assert [(one.number, one.id) for one in propose(LAW, TODAY, known).supersedes] == [("25/2012/QH13", None)]


def test_the_same_number_of_another_year_is_another_document(known: Collection[Entry]) -> None:
    replaced = propose(DECISION.replace("tháng 02 năm 2024", "tháng 02 năm 2019"), TODAY, known).supersedes
    assert [one.id for one in replaced if one.number == "57/KH-UBND"] == [None]


def test_one_of_the_numbers_that_an_entry_has_is_recognised(known: Collection[Entry]) -> None:
    text = DECISION.replace("Quyết định số 4098/QĐ-UBND ngày 6/9/2021", "Nghị quyết số 30/2025/NQ-HĐND")
    replaced = propose(text, TODAY, known).supersedes
    assert replaced[0].id == "sau-nghi-quyet-hdnd-khoa-hoc-cong-nghe-2025"


def test_a_list_of_repealed_documents_is_read_and_parts_of_documents_are_left_out(known: Collection[Entry]) -> None:
    assert [one.number for one in propose(DECREE, TODAY, known).supersedes] == ["59/2022/NĐ-CP", "60/2022/NĐ-CP"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Quyết định này sửa đổi, bổ sung Quyết định số 10/QĐ-UBND.",
        "Quyết định này có hiệu lực đến khi được thay thế bằng Quyết định số 10/QĐ-UBND.",
        "Căn cứ Quyết định số 10/QĐ-UBND thay thế Quyết định số 9/QĐ-UBND;",
        "Phối hợp thay thế thiết bị theo Quyết định số 10/QĐ-UBND.",
    ],
)
def test_a_document_that_is_only_named_is_not_replaced(sentence: str, known: Collection[Entry]) -> None:
    text = DECISION[: DECISION.index("Điều 2.")] + sentence
    assert propose(text, TODAY, known).supersedes == ()


@pytest.mark.parametrize("text", [ARTICLE, LETTER.replace("Kính gửi", "Thay thế Quyết định số 10/QĐ-UBND. Kính gửi")])
def test_what_only_tells_of_documents_replaces_none(text: str, known: Collection[Entry]) -> None:
    assert propose(text, TODAY, known).supersedes == ()


@pytest.mark.parametrize(
    ("sentence", "status", "expires"),
    [
        ("Quyết định này có hiệu lực từ ngày 01/01/2026 đến hết ngày 23/11/2026.", "còn hiệu lực", "2026-11-23"),
        ("Quyết định này có hiệu lực từ ngày 01/01/2026 đến hết ngày 22/11/2026.", "hết hiệu lực", "2026-11-22"),
        ("Quyết định này có hiệu lực kể từ ngày ký đến hết năm 2026.", "còn hiệu lực", "2026"),
        ("Quyết định này có hiệu lực kể từ ngày ký đến hết tháng 10 năm 2026.", "hết hiệu lực", "2026-10"),
        ("Quyết định này hết hiệu lực kể từ ngày 01/01/2026.", "hết hiệu lực", "2025-12-31"),
        ("Quyết định này có hiệu lực sau 10 ngày kể từ ngày ký.", "còn hiệu lực", None),
        ("Quyết định số 10/QĐ-UBND có hiệu lực đến hết ngày 31/12/2025.", None, None),
        ("Kinh phí thực hiện đến hết ngày 31/12/2025.", None, None),
    ],
)
def test_the_last_day_is_read_and_compared_with_today(
    sentence: str, status: str | None, expires: str | None, known: Collection[Entry]
) -> None:
    found = values(propose(DECISION[: DECISION.index("Điều 2.")] + sentence, TODAY, known))
    assert (found["status"], found["expires"]) == (status, expires)


def test_what_is_not_yet_in_force_has_a_note_and_no_status(known: Collection[Entry]) -> None:
    proposal = propose(MINISTRY, TODAY, known)
    assert proposal.note
    assert proposal.note.value == "Có hiệu lực từ ngày 1/1/2027."
    assert proposal.missing == ("status",)


def test_a_draft_says_so(known: Collection[Entry]) -> None:
    proposal = propose(DRAFT, TODAY, known)
    assert proposal.note
    assert proposal.note.value == "Dự thảo, chưa được ban hành."
    assert proposal.note.words == "DỰ THẢO LẦN 2"
    assert proposal.missing == ("as_of",)


def test_both_spellings_of_the_committee_are_one(known: Collection[Entry]) -> None:
    one, other = (propose(DECISION.replace("ỦY", spelling), TODAY, known).issuer for spelling in ("ỦY", "UỶ"))
    assert one
    assert other
    assert one.value == other.value == "Ủy ban nhân dân thành phố Hà Nội"


def test_page_markers_between_the_lines_of_a_sentence_are_no_text(known: Collection[Entry]) -> None:
    text = RESOLUTION.replace("có hiệu lực kể từ\n", "có hiệu lực kể từ\n<!-- trang 2 -->\n")
    assert values(propose(f"<!-- trang 1 -->\n{text}", TODAY, known)) == values(propose(RESOLUTION, TODAY, known))


def test_ids_are_made_like_those_that_there_are_and_are_never_taken_twice(known: Collection[Entry]) -> None:
    def id_of(text: str, entries: Collection[Entry]) -> str:
        found = propose(text, TODAY, entries).id
        assert found
        return found.value

    assert id_of(LOWER, ()) == "ke-hoach-239-kh-ubnd-2023"
    assert id_of(LOWER, known) == "ke-hoach-239-kh-ubnd-2023-2"
    assert id_of(RESOLUTION, known) == "nghi-quyet-07-2023-nq-hdnd"
    assert id_of(LETTER, known) == "cong-van-1161-sgddt-qlt-2026"
    long = id_of("# " + "Chuyển đổi số và đổi mới sáng tạo " * 9, ())
    assert long.isascii()
    assert len(long) <= LONGEST_ID
    assert not long.endswith("-")


def test_every_file_of_the_bundled_corpus_gets_a_title_and_no_wrong_number() -> None:
    for document in read_folder():
        proposal = propose(document.text[document.body :], TODAY, ())
        assert proposal.title or document.entry.id == "bai-viet-chuyen-doi-so-ha-noi-2023"
        numbers = (document.entry.number or "").split("; ")
        assert proposal.number is None or proposal.number.value in numbers


@pytest.mark.parametrize("text", [DECISION, RESOLUTION, LAW, DECREE])
def test_the_front_matter_of_a_confirmed_proposal_passes_the_catalogues_check(
    text: str, known: Collection[Entry], tmp_path: Path
) -> None:
    source = Source(1, 'Bản chính: "công báo"', "https://example.vn/1", "Công báo", "2026-02")
    entry = confirmed(propose(text, TODAY, ()), {"note": "Ngày 2026-01-01: đã xem"}, [source])
    path = tmp_path / f"{entry.id}.md"
    path.write_text(f"{front_matter(entry)}\n{text}", "utf-8")
    assert check(tmp_path) == []
    assert read_one(entry.id, tmp_path).entry == entry


def test_the_front_matter_of_every_bundled_document_reads_back_the_same(tmp_path: Path) -> None:
    documents = read_folder(DOCUMENTS)
    for document in documents:
        text = front_matter(document.entry) + document.text[document.body :]
        (tmp_path / f"{document.entry.id}.md").write_text(text, "utf-8")
    assert [document.entry for document in read_folder(tmp_path)] == [document.entry for document in documents]


def test_an_admin_gives_what_the_document_does_not_say(known: Collection[Entry]) -> None:
    proposal = propose(LETTER, TODAY, known)
    with pytest.raises(CorpusError, match="does not say its status"):
        confirmed(proposal, {})
    with pytest.raises(CorpusError, match="unknown field 'trang'"):
        confirmed(proposal, {"trang": "3"})
    entry = confirmed(proposal, {"status": "còn hiệu lực", "title": unicodedata.normalize("NFD", "Tuyển sinh")})
    assert (entry.status, entry.title) == ("còn hiệu lực", "Tuyển sinh")


@pytest.mark.parametrize(
    "text",
    [
        "# Ủy ban nhân dân thành phố Hà Nội\n\n## Kế hoạch\n\nSố: 12/KH-UBND\n",
        "# Kế hoạch chuyển đổi số\n\n## Số: 12/KH-UBND\n",
    ],
)
def test_a_number_below_a_heading_is_the_documents_own(text: str) -> None:
    number = propose(text, TODAY, ()).number
    assert number is not None
    assert number.value == "12/KH-UBND"


def test_the_numbers_in_a_table_of_documents_are_not_its_own() -> None:
    table = (
        "| Văn bản | Ngày |\n|---|---|\n| Nghị quyết 57-NQ/TW | 22/12/2024 |\n| Luật số 39/2024/QH15 | 28/6/2024 |\n"
    )
    assert propose(f"# Danh mục văn bản\n\n## Trung ương\n\n{table}", TODAY, ()).number is None
