"""What a question asks for: kinds of value, in the order of how plainly it asks for them, and the form of the answer.

The patterns are read on folded text with abbreviations written out, so they serve text without diacritics too, and
other languages by what index/translate.py makes of them.
Where folding makes two words one ("còn" and "con", "à" and "ạ"), they are read on the text as typed as well.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from corpus.language.normalize import large_numbers, references
from corpus.language.values import Value
from index.query import Query


class Form(StrEnum):
    """LIST wants all of several things, STEPS an order of doing, COMPARE two things side by side, YES_NO a verdict."""

    FACT = "fact"
    COMPARE = "compare"
    LIST = "list"
    STEPS = "steps"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for.

    `values` may be empty; `years` and `numbers` are those the question names, the numbers without years;
    `references` the numbers of documents, as `corpus.normalize.references` writes them;
    `current`: it asks how things are now; `holds`: whether what it says still holds.
    """

    values: tuple[Value, ...]
    form: Form
    years: frozenset[str]
    numbers: frozenset[str]
    references: frozenset[str]
    current: bool
    holds: bool


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_PAPER = (
    r"(?:nghi quyet|quyet dinh|ke hoach|chi thi|cong van|nghi dinh|thong bao|thong tu|bao cao|van ban|luat|de an"
    r"|quy che)"
)
_VALUES: tuple[tuple[re.Pattern[str], tuple[Value, ...]], ...] = (
    (
        _any(r"(?:bao nhieu|may) (?:phan tram|%)", r"\b(?:ti le|ty le|ty trong)\b"),
        (Value.PERCENT,),
    ),
    (
        _any(
            r"bao nhieu (?:tien|dong|do la|usd|nghin|ty)\b",
            r"\b(?:tri gia|gia ve|gia tien|muc phi|kinh phi|von|ton) .*bao nhieu",
            r"\bgia bao nhieu",
            r"(?<!mien )\bphi(?: \S+){0,4} bao nhieu\b(?! phan tram| ho so| thu tuc| nguoi)",
            r"\b(?:phat|ho tro|chi tra|muc thu)(?: toi da)? bao nhieu\W*$",
            r"\bbao nhieu mot (?:suat|luot|nam|thang|nguoi)",
        ),
        (Value.MONEY,),
    ),
    (
        _any(
            r"\b(?:khi nao|bao gio|luc nao|hom nao|hom may|chung nao|tu bao lau|han chot|thoi han|ngay thang)\b",
            r"\b(?:ngay|thang|nam|quy) (?:nao|may|bao nhieu)\b",
        ),
        (Value.DATE,),
    ),
    (
        _any(
            r"\bso hieu\b",
            r"\bmang so\b",
            rf"\b{_PAPER}(?: \S+){{0,9}} (?:nao|gi)\b",
            rf"\b{_PAPER}(?: \S+){{0,12}} so (?:may|nao|bao nhieu)\b",
        ),
        (Value.DOCUMENT,),
    ),
    (
        _any(
            r"\bai(?: \S+){0,3} (?:ky|chi dao|lam truong|dung dau|phe duyet|but ky|ban hanh|phu trach)\b",
            r"\b(?:do ai|ten gi|ten la gi)\b",
            r"\bai(?: \S+){0,3} la(?:m)? (?:chu tich|pho chu tich|bi thu|tong bi thu|giam doc|lanh dao|nguoi|truong)\b",
            r"\b(?:chu tich|bi thu|giam doc|lanh dao|nguoi ky)(?: \S+){0,12} la ai\b",
            r"\b(?:vi|ong|ba|lanh dao|tong bi thu|chu tich|giam doc|nguoi) nao\b",
        ),
        (Value.PERSON,),
    ),
    (
        _any(
            r"\b(?:goi|alo|dien|bam|nhan)(?: \S+){0,4} (?<!ho )so\b",  # "nhận hồ sơ" asks for none
            r"\bso (?:dien thoai|tong dai|hotline|zalo)\b",
            r"\b(?:tong dai|zalo)(?: \S+){0,5} so\b",
            r"\b(?:hotline|duong day nong|so nao de goi|zalo nao)\b",
            r"\bso nao(?: \S+){0,4} (?:goi|nhan tin|nhan zalo)\b",
        ),
        (Value.PHONE,),
    ),
    (
        _any(
            r"\b(?:trang|trang web|website|cong|dia chi trang) nao\b",
            r"\b(?:website|duong dan|duong link|dia chi web)\b",
        ),
        (Value.URL,),
    ),
    (_any(r"\b(?:ung dung|app|phan mem) (?:nao|gi)\b", r"\btren dau\b"), (Value.APP,)),
    (
        _any(
            r"\b(?:o dau|cho nao|noi nao|tai dau|dia chi|duong nao|pho nao|phuong nao|xa nao|nhung noi nao)\b",
        ),
        (Value.PLACE, Value.URL, Value.APP),
    ),
    (
        _any(
            r"\b(?:thu may|hang may|hang bao nhieu|xep thu|dung thu|xep hang|thu hang|top may|hang nao)\b",
        ),
        (Value.RANK,),
    ),
    (
        _any(r"\bbao nhieu\b", r"\bmay (?!bua|hom nay|ngay nay|con|cai)\w"),
        (Value.NUMBER, Value.PERCENT, Value.MONEY),
    ),
)
_FORMS: tuple[tuple[re.Pattern[str], Form], ...] = (
    (
        _any(
            r"\b(?:so voi|hon kem|giong nhau|phan biet|mot hay hai|la mot hay|cung mot|cung la mot)\b",
            r"\bkhac (?:nhau|gi|ra sao|the nao)\b",
            r"\b(?:nhieu|it|cao|thap|lon|nho|som|muon|nhanh|cham) (?:\S+ )?hon\b",
            r"\b(thu may|bao nhieu|hang may|khi nao)\b.* va (?:\S+ ){0,4}\1\b",
        ),
        Form.COMPARE,
    ),
    (
        _any(
            r"\b(?:nhung|cac|may)(?: \S+){1,5} (?:nao|gi)\b",
            r"\b(?:nhung gi|ke (?:ten|het|ra|giup|cho)|liet ke|gom nhung|gom gi|gom co gi|la nhung gi|nhung dau)\b",
        ),
        Form.LIST,
    ),
    (
        _any(
            r"\bco (?:\S+ ){0,12}(?:khong|chua)\b",
            r"\b(?:khong|chua)(?: (?:a|ad|ban|vay|the|nhi|ha|em|anh|chi))*\W*$",
            r"\b(?:dung|phai|duoc|that|con|the) (?:khong|chua|a|ha)\b",
            r"\b(?:co phai|phai khong|hay chua)\b",
            r"\b(?:hả|chứ|à|ha|chu)(?: (?:ad|bạn|em|anh|chị|ban|chi))?\W*$",
        ),
        Form.YES_NO,
    ),
    (
        _any(
            r"\b(?:cac|tung|may) buoc\b|\b(?:tuan tu|trinh tu|lan luot|quy trinh)\b",
            r"\b(?:nen|phai|can|duoc|thi) lam (?:gi|nhung gi|cai gi)\b|\bphai lam(?: the)? (?:nao|sao)\b",
            r"\b(?:buoc nao|cach nao|bang cach|lam sao|lam the nao|lam cach|the nao de|huong dan|chi giup|chi cach)\b",
            r"^cach\b|\b(?:nhu nao|nhu the nao|lam the nao|kieu gi)\b",
        ),
        Form.STEPS,
    ),
)
YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
# Read as typed, because "con" is a child, "van" a text and "gio" an hour; without diacritics only beside these words.
_STILL = (
    r"(?:còn|vẫn|\b(?:gio|hien|hien nay|bay gio|nay|van|ha noi) con|\bcon (?:dang|ap dung|hieu luc|dung|duoc|chay|thu"
    r"|hoat dong|ton tai|ho tro|mien phi|khuyen mai|bao nhieu|khong)|\bvan (?:con|dang|ap dung|chua|duoc|the|vay))\b"
)
_CURRENT = _any(
    rf"\b{_STILL}",
    r"\b(?:hiện nay|hiện tại|hiện giờ|bây giờ|mới nhất|năm nay|hien nay|hien tai|hien gio|bay gio|moi nhat|nam nay)\b",
    r"(?<!mấy )(?<!may )\b(?:giờ|gio) (?!làm|mở|đóng|học|bay|lam viec|mo cua|dong cua|hanh chinh|hành chính)",
)
_HOLDS = _any(
    rf"\b{_STILL}.*\b(?:không|khong|chứ|chu|à|hả|ha)\b",
    r"\b(?:đúng|phải|thật|dung|phai|that) (?:không|à|hả|chứ|khong|ha|chu)\b",
    r"\b(?:giờ|hiện nay|gio|hien nay) (?:còn|vẫn|đã|con|van|da)\b",
    r"\b(?:hả|chứ|thôi à|vậy à|rồi à|ha|chu|thoi a|vay a|roi a)(?: (?:ad|bạn|em|anh|chị|ban|chi))?\W*$",
    r"\bcòn (?:đang|áp dụng|hiệu lực|dùng|được|chạy|khuyến mãi)\b|\bcon (?:dang|ap dung|hieu luc|chay|khuyen mai)\b",
    r"\b(?:như trước|như cũ|mới nhất|nghe nói|nhu truoc|nhu cu|moi nhat|nghe noi)\b",
)


def asked(query: Query) -> Asked:
    text, typed = query.folded, query.plain.lower()
    values = dict.fromkeys(kind for pattern, kinds in _VALUES if pattern.search(text) for kind in kinds)
    years = frozenset(YEAR.findall(text))
    named = {*query.words, *large_numbers(text)}
    numbered = frozenset(references(text))
    numbers = frozenset(word for word in named if len(word) > 1 and word.isdigit() and word not in years)
    return Asked(
        values=tuple(values),
        form=Form.COMPARE if len(numbered) > 1 else _form(text, typed),  # "Nghị quyết 15 và Nghị quyết 57 …"
        years=years,
        numbers=numbers,
        references=frozenset(one for one in numbered if not YEAR.fullmatch(one[3:])),  # "kế hoạch 2025" is of 2025
        current=bool(_CURRENT.search(typed)),
        holds=bool(_HOLDS.search(typed)),
    )


def _form(text: str, typed: str) -> Form:
    return next((form for pattern, form in _FORMS if pattern.search(text) or pattern.search(typed)), Form.FACT)
