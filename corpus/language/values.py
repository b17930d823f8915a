"""The values that a text holds: numbers, dates, document numbers, telephone numbers and the like.

One set of patterns serves three readers: what a question asks for, which unit answers it, what is set in bold.
"""

import functools
import re
from dataclasses import dataclass
from enum import StrEnum


class Value(StrEnum):
    """Kinds of value, the more exact first: "17,34%" is a percentage before it is a number."""

    URL = "url"
    DOCUMENT = "document"
    PHONE = "phone"
    PERCENT = "percent"
    MONEY = "money"
    DATE = "date"
    RANK = "rank"
    PERSON = "person"
    APP = "app"
    PLACE = "place"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Found:
    """One value and where it stands in the text."""

    kind: Value
    start: int
    end: int


_UPPER = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
_LOWER = _UPPER.lower()
_NAME = rf"[{_UPPER}]\w+(?: [{_UPPER}]\w+)*"
_FAMILY = (
    "Bùi|Cao|Chu|Dương|Đàm|Đào|Đặng|Đinh|Đoàn|Đỗ|Hà|Hoàng|Hồ|Huỳnh|Khuất|Kiều|La|Lại|Lâm|Lê|Lương|Lưu|Lý|Mai|Nghiêm|Ngô"
    "|Nguyễn|Ninh|Nông|Phạm|Phan|Phùng|Quách|Tạ|Tăng|Thái|Tô|Tống|Trần|Triệu|Trịnh|Trương|Từ|Võ|Vũ|Vương"
)
_TITLE = "[Ôô]ng|[Bb]à|[Đđ]ồng chí|Chủ tịch|Bí thư|Giám đốc|Thủ tướng|Bộ trưởng"
_OFFICE = "UBND|HĐND|Thành ủy|Quốc hội|[Tt]hành phố|TP|Hà Nội|xã|phường"
# A number is read whole and only from its first digit, so that no stretch of digits is read twice.
_FIRST = r"(?<!\d)(?<!\d[.,])"
_DIGITS = r"\d++(?:[.,]\d++)*+"
_AMOUNT = rf"{_FIRST}{_DIGITS}(?:-{_DIGITS})?"
_SCALE = "nghìn|ngàn|triệu|tỷ|tỉ"
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_PAPER = "Nghị quyết|Quyết định|Kế hoạch|Nghị định|Thông tư|Chỉ thị|Công văn"
_STREET = "[Pp]hường|[Xx]ã|[Pp]hố|[Đđ]ường|[Qq]uận|[Hh]uyện|[Tt]hôn"

# Where a pattern has a group, the group is the value; what stands around it only tells that it is one.
_PATTERNS: dict[Value, re.Pattern[str]] = {
    Value.URL: re.compile(
        r"https?://[^\s|;,)]*[\w/]"
        r"|(?<![\w-])(?<!\w\.)(?:[\w-]+\.)+(?:vn|com|org|net)\b(?:/(?:[^\s|;,)]*[\w/])?)?"
    ),
    Value.DOCUMENT: re.compile(
        r"(?<![\w.,/-])\d+(?:/\d{4})?[/-](?:[A-ZĐ]{2}|[A-ZĐ](?=-[A-ZĐ]))[A-Za-zĐ]*\d*(?:[-/][A-ZĐ][A-Za-zĐ\d]*)*"
        rf"|\b(?:{_PAPER})(?: số)? (\d+(?:/\d{{4}})?)(?![\w/-])(?! (?:ngày|tháng|năm)\b(?! \d))"
    ),
    Value.PHONE: re.compile(
        r"(?<![\w.,/-])(?:0\d{2,3}(?:[. ]\d{3,4}){1,2}|0\d{2,3}[. ]\d{7,8}|0\d{9,10}|1[89]00[. ]?\d{4}(?:\d\d)?|1022)"
        r"(?![.,]?\w)"
    ),
    Value.PERCENT: re.compile(rf"{_AMOUNT}\s?(?:%|phần trăm)"),
    Value.MONEY: re.compile(rf"{_AMOUNT}\s?(?:(?:{_SCALE})\s){{,2}}(?:đồng(?! chí)|đ|USD|VND|VNĐ|đô la)\b(?:/\w+)?"),
    Value.DATE: re.compile(
        rf"(?<![\w/.,])(?:(?:{_DAY}[-–])?{_DAY}/{_MONTH}/{_YEAR}|(?:{_MONTH}[-–])?{_MONTH}/{_YEAR}|{_YEAR}-\d\d-\d\d)\b"
        rf"|(?<![\w/.,])(?!24/7\b)(?:{_DAY}[-–])?{_DAY}/{_MONTH}\b(?!/|[.,]\d)|(?<=ngày )24/7\b"
        rf"|\b[Nn]gày {_DAY} tháng {_MONTH}\b(?: năm {_YEAR}\b)?|\b[Tt]háng {_MONTH}\b(?:(?:/| năm ){_YEAR}\b)?"
        rf"|\b[Qq]uý (?:[IV]+|[1-4])(?:/| năm ){_YEAR}\b"
        rf"|(?:\b(?:[Nn]ăm|[Cc]uối|[Đđ]ầu|[Hh]ết) )?(?<![\w/.,-]){_YEAR}(?:\s?[-–]\s?{_YEAR})?(?![\w/]|[.,-]\w)"
    ),
    Value.RANK: re.compile(
        r"\b(?:[Hh]ạng|(?<!họp )(?<!lần )[Tt]hứ|[Tt]op|[Nn]hóm) (?:\d+(?:/\d+)?|nhất|nhì|hai|ba|tư|năm|đầu)\b"
        r"|\b[Đđ]ứng đầu\b|(?<![\w/.,])\d{1,2}/(?:34|63)\b"
    ),
    Value.PERSON: re.compile(
        rf"\b(?:{_TITLE})(?: (?:{_OFFICE}))*+ (?!Hồ Chí Minh)((?:{_FAMILY})(?: [{_UPPER}]\w+){{1,3}})"
    ),
    Value.APP: re.compile(
        r"\biHa[Nn]oi\b|\bVNeID\b|\bZalo\b|\bVssID\b|\beTax Mobile\b|\bCổng [Dd]ịch vụ công [Qq]uốc gia\b"
    ),
    Value.PLACE: re.compile(
        rf"\b[Ss]ố \d+ (?:(?:phố|đường) )?{_NAME}|(?<![Tt]hành )\b(?:{_STREET}) {_NAME}"
        rf"|\b(?:Khu|Trường|Nhà văn hóa)(?: [{_LOWER}]+){{,3}} {_NAME}"
    ),
    Value.NUMBER: re.compile(
        rf"(?<![\w/]){_FIRST}{_DIGITS}(?:/(?!{_YEAR}\b){_DIGITS})?(?:\s(?:{_SCALE})\b)?(?!\w|/\d)"
    ),
}


@functools.lru_cache(maxsize=16_384)  # the same units are read for question after question
def find(text: str) -> tuple[Found, ...]:
    """Every value in the text, in order; a stretch of text belongs to one kind, the first in the order of `Value`."""
    found: list[Found] = []
    taken = bytearray(len(text))
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Found(kind, start, end))
    return tuple(sorted(found, key=lambda one: one.start))


def kinds(text: str) -> frozenset[Value]:
    return frozenset(found.kind for found in find(text))
