"""The values that a text holds: numbers, dates, document numbers, telephone numbers and the like.

One set of patterns serves three readers: what a question asks for, which unit answers it, what is set in bold.
"""

import re
from collections.abc import Iterator
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
_NAME = rf"[{_UPPER}]\w+(?: [{_UPPER}]\w+)"
_NUMBER = r"\d+(?:[.,]\d+)*"

_PATTERNS: dict[Value, re.Pattern[str]] = {
    Value.URL: re.compile(r"https?://[^\s|;,)]*[\w/]|\b(?:[\w-]+\.)+(?:gov|com|org|net)\.vn\b(?:/[\w/-]*)?"),
    Value.DOCUMENT: re.compile(
        r"\b\d+(?:/\d{4})?[/-][A-ZĐ][A-ZĐa-z]*\d*(?:[-/][A-ZĐ][A-ZĐa-z0-9]*)*|\b\d+/\d{4}/QH\d+"
    ),
    Value.PHONE: re.compile(r"\b(?:0\d{2,3}(?:[. ]\d{3,4}){1,2}|1[89]00(?:[. ]?\d{4})|0\d{9})\b"),
    Value.PERCENT: re.compile(rf"{_NUMBER}(?:-{_NUMBER})?\s?(?:%|phần trăm)"),
    Value.MONEY: re.compile(
        rf"{_NUMBER}(?:-{_NUMBER})?\s?(?:(?:nghìn|ngàn|triệu|tỷ|tỉ)\s)*(?:đồng|USD|VND|đô la|tỷ đồng)\b(?:/\w+)?"
    ),
    Value.DATE: re.compile(
        r"\b\d{1,2}/\d{1,2}/\d{4}\b|\b\d{1,2}(?:-\d{1,2})?/\d{4}\b|\bngày \d{1,2}/\d{1,2}\b"
        r"|\b\d{1,2}/\d{1,2}\b(?!/)|\b(?:tháng|Tháng) \d{1,2}(?:/\d{4}| năm \d{4})?|\bquý [IV]+/\d{4}"
        r"|\b(?:năm|Năm|cuối|Cuối|hết|đến|từ) (?:19|20)\d{2}(?:\s?-\s?(?:19|20)?\d{2,4})?\b|\b20\d{2}\s?-\s?20\d{2}\b"
        r"|^(?:19|20)\d{2}(?=:| –)"
    ),
    Value.RANK: re.compile(
        r"\b(?:hạng|Hạng|thứ|Thứ|top|Top|nhóm|Nhóm) (?:\d+(?:/\d+)?|nhất|nhì|hai|ba|tư|năm|đầu)\b"
        r"|\bđứng đầu\b|\b\d{1,2}/(?:34|63)\b"
    ),
    Value.PERSON: re.compile(
        rf"(?:ông|bà|Chủ tịch|Phó Chủ tịch|Bí thư|Tổng Bí thư|Giám đốc|Thủ tướng|Phó Thủ tướng|UBND(?: Thành phố)?)"
        rf" ({_NAME}{{1,3}})"
    ),
    Value.APP: re.compile(r"\biHa[Nn]oi\b|\bVNeID\b|\bZalo\b|\bVssID\b|\beTax Mobile\b|\bCổng Dịch vụ công quốc gia\b"),
    Value.PLACE: re.compile(
        rf"\bsố \d+ {_NAME}*"
        r"|\b(?:phường|xã|Phường|Xã|phố|đường|quận|huyện|Khu|Trường|Nhà văn hóa)(?: [a-zà-ỹ]+){0,3}"
        rf" [{_UPPER}]\w+(?: [{_UPPER}]\w+)*"
    ),
    Value.NUMBER: re.compile(rf"(?<![\w/]){_NUMBER}(?!\w|/\d)"),
}


def find(text: str) -> Iterator[Found]:
    """Every value in the text; one stretch of text belongs to one kind, the first in the order of `Value`."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            start, end = match.span(1) if kind is Value.PERSON else match.span()
            if not any(start < last and end > first for first, last in taken):
                taken.append((start, end))
                yield Found(kind, start, end)


def kinds(text: str) -> frozenset[Value]:
    return frozenset(found.kind for found in find(text))
