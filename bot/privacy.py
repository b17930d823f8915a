"""What identifies a person, masked before anything is stored or logged: numbers of papers, telephones, plates, e-mails.

Some forms speak for themselves; other numbers are personal only after a word that says so ("CMND 123456789").
Numbers and dates of documents, years, amounts and percentages stay: a receipt without them would explain nothing.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence

from corpus.language.normalize import clean

_MARK = "[ \t.·()-]"  # what people put between the digits of a number
_MARKS = f"{_MARK}{{0,3}}"
_END = r"(?!\d|\.\d{3}(?!\d)|/\d\d?(?!\d))"  # inside neither a number nor an amount, nor on the day of a date
_DONG = (  # but not đồng chí, đồng ý and the like, nor, without its mark, Đông Anh, Đống Đa and the like
    r"(?:dồng\b|dong\b(?! (?:anh|bac|da|hoi|nam|tay|thap|xuan)\b))(?! (?:bo|chi|hanh|ho|thoi|y)\b)"
)
_NOT_MONEY = rf"(?! ?(?:{_DONG}|d\b|vnd|usd|[$₫€%]|phan tram|ty\b|ti\b|trieu|nghin|ngan\b))"
_NOT_COUNTED = r"(?![1-9]\d\d?(?:\.\d{3})+ (?:nguoi|cong dan|the|ho so|luot|tai khoan|thue bao)\b)"
_NOT_GROUPED = r"(?![1-9]\d{0,2}(?:\.\d{3})+(?!\d))"
_NOT_DATE = r"(?!\d\d?[.-]\d\d?[.-]\d{4}(?!\d)|(?:19|20)\d\d[ .-]|(?:19|20)\d{6}(?!\d)|\d{4}20\d\d(?!\d))"
# The numbers that the documents give are everybody's, and questions are asked about them.
_NOT_PUBLIC = (
    rf"(?!0768{_MARKS}221{_MARKS}221(?!\d)|096{_MARKS}306{_MARKS}1414(?!\d)"
    rf"|069{_MARKS}2348{_MARKS}560(?!\d)|024[ .]?1022(?!\d)|1[89]00[ .]?\d{{4}}(?!{_MARKS}\d))"
)
_NAME = r"(?<![\w.+-])(?!tthtcskh_tthcc@hanoi\.gov\.vn(?![\w.]))[\w.+-]{1,64}"  # before the @; one address is public

_PLAIN = str.maketrans("đĐ‐‑‒–—―−", "dD-------")
_SAYS = {  # without diacritics; between such a word and its number there is no other of them
    "plate": "bien(?: so| kiem soat)?|bks|xe",
    "passport": "ho chieu|passport",
    "id": "cccd|can cuoc|cmnd|cmtnd|cmt|chung minh|dinh danh",
    "tax": "mst|ma so thue|ma so doanh nghiep|tax code",
    "insurance": "bhxh|bhyt|bao hiem",
    "account": "stk|tk|tai khoan|account",
    "phone": "sdt|so dt|so dien thoai|so di dong|so may|phone|tel",
}


def _after(kind: str) -> str:
    word = rf"\b(?:{'|'.join(_SAYS.values())})(?![a-z])"
    return rf"\b(?:{_SAYS[kind]})(?![a-z])(?:(?!{word})[^\d\[\]\n]){{0,30}}{_NOT_DATE}"


def _digits(count: int) -> str:
    """So many digits in one go or, failing that, in any groups."""
    return rf"(?:\d{{{count}}}(?!\d)|\d(?:{_MARKS}\d){{{count - 1}}}{_END})"


def _groups(*sizes: int) -> str:
    return f"{_MARK}{{1,3}}".join(rf"\d{{{size}}}" for size in sizes) + _END


# Searched in this order in the text without diacritics. Where a pattern has a group, its first is what is masked.
_FORMS = (
    ("[địa chỉ e-mail]", rf"{_NAME}@(?=[\w-]*[a-z])[\w-]+(?:\.[\w-]+)*"),
    (
        "[địa chỉ e-mail]",
        rf"{_NAME} ?(?:@|\(at\)|\[at\]|\ba cong\b) ?[\w-]+(?:(?:\.[\w-]+)+| ?\. ?(?:com|vn)\b)",
    ),
    (
        "[biển số xe]",
        rf"(?<![\w/])(?<!\w-)\d\d[.-]?[a-z]\d?[.-]{{0,2}}(?:\d{{5}}|\d{{3}}[. ]\d\d)(?![\w%]){_NOT_MONEY}",
    ),
    ("[biển số xe]", rf"(?<![\w/])(?<!\w-)\d\d ?-? ?[a-z]\d ?-? ?(?:\d{{5}}|\d{{3}}[. ]\d\d)(?![\w%]){_NOT_MONEY}"),
    ("[biển số xe]", rf"(?<![\w/])(?<!\w-)\d\d[ -]?[a-z]{{1,2}}\d?[ -]{{1,3}}\d{{3}}\.\d\d(?![\w%]){_NOT_MONEY}"),
    ("[biển số xe]", rf"(?<![\w/])(?<!\w-)\d\d-?[abceflnprsuvyz]{{1,2}}\d? ?\d{{5}}(?![\w%]){_NOT_MONEY}"),
    ("[biển số xe]", rf"{_after('plate')}(\d\d[ .-]?[a-z]{{1,2}}\d?{_MARKS}\d{{3}}[. ]?\d\d)(?!\w)"),
    ("[biển số xe]", rf"{_after('plate')}(\d\d[ .-]?[a-z]{{1,2}}\d?{_MARKS}(?!(?:19|20)\d\d)\d{{4}})(?!\w)"),
    ("[số hộ chiếu]", rf"{_after('passport')}([a-z] ?\d{{7,8}})(?!\d)"),
    (
        "[số bảo hiểm]",
        rf"(?<!\w)[a-z]{{2}}{_MARKS}{_NOT_GROUPED}[1-5](?:{_MARKS}\d){{12}}(?!\d){_NOT_MONEY}",
    ),  # 15 signs of a health card
    ("[số CCCD]", rf"{_after('id')}({_digits(12)}){_NOT_MONEY}"),
    ("[số CMND]", rf"{_after('id')}{_NOT_COUNTED}({_digits(9)}){_NOT_MONEY}"),
    ("[mã số thuế]", rf"(?:{_after('tax')}|(?<!\d))(\d{{10}} ?- ?\d{{3}})(?!\d)"),
    ("[mã số thuế]", rf"{_after('tax')}{_NOT_GROUPED}({_digits(13)}|{_digits(10)}){_NOT_MONEY}"),
    ("[số bảo hiểm]", rf"{_after('insurance')}{_NOT_GROUPED}({_digits(10)}){_NOT_MONEY}"),
    ("[số tài khoản]", rf"{_after('account')}{_NOT_PUBLIC}(\d{{8,19}})(?!\d){_NOT_MONEY}"),
    (
        "[số tài khoản]",
        rf"{_after('account')}{_NOT_PUBLIC}{_NOT_GROUPED}(?=\d(?:{_MARKS}\d){{7}})"
        rf"(\d{{2,7}}(?:{_MARK}{{1,3}}\d{{3,}}){{1,6}}+){_END}{_NOT_MONEY}",
    ),
    ("[số điện thoại]", rf"{_after('phone')}{_NOT_COUNTED}((?=[35789]){_digits(9)}){_NOT_MONEY}"),
    ("[số CCCD]", r"(?<!\d)0\d{11}(?!\d)"),
    ("[số CCCD]", rf"(?<!\d)(?<!\d[ .,])(?=0){_groups(3, 3, 3, 3)}"),
    (
        "[số CCCD]",
        rf"(?<!\d)(?=0)(?:{_groups(4, 4, 4)}|{_groups(6, 6)}|{_groups(3, 9)}|{_groups(3, 1, 2, 6)}"
        rf"|{_groups(*[1] * 12)})",
    ),
    ("[số điện thoại]", rf"(?<!\d)\(?(?:\+ ?\d|00 ?84)(?:{_MARKS}\d){{8,13}}+{_END}{_NOT_MONEY}"),
    ("[số điện thoại]", rf"(?<!\d)(?<!\d[.,])84[ -]?[2-9](?:{_MARKS}\d){{8}}{_END}{_NOT_MONEY}"),
    ("[số điện thoại]", rf"(?<!\d){_NOT_PUBLIC}0[35789]\d(?:{_MARKS}\d){{7}}{_END}"),
    ("[số điện thoại]", rf"(?<!\d){_NOT_PUBLIC}\(?02\d(?:{_MARKS}\d){{8}}{_END}"),
    ("[số điện thoại]", rf"(?<!\d)(0[35789]([ .-])\d\d(?:\2\d\d){{3}}){_END}"),
    ("[số điện thoại]", rf"(?<!\d){_NOT_PUBLIC}0[35789] (?!(?:19|20)\d\d )\d{{4}} ?\d{{4}}{_END}"),
    ("[số điện thoại]", rf"(?<!\d){_NOT_PUBLIC}(?=0){_groups(*[1] * 10)}"),
    ("[số CMND]", r"(?<!\d)0\d{8}(?!\d)"),
    ("[dãy số]", rf"(?<!\d){_NOT_PUBLIC}0{_groups(3, 3, 3)}"),
    ("[dãy số]", rf"(?<!\d)(?<![a-z\d]-){_NOT_PUBLIC}\d{{10,}}+{_NOT_MONEY}"),
)

FEWEST_DIGITS = 6  # that any of the numbers above has: an old plate
_DIGIT = re.compile(r"\d")
_AT = re.compile(r"@|\(at\)|\[at\]|\ba cong\b", re.IGNORECASE)


def mask(text: str) -> str:
    """The text, cleaned, with a placeholder for each number or address that identifies a person."""
    masked = clean(text)
    bare = _bare(masked)
    if len(_DIGIT.findall(bare)) < FEWEST_DIGITS and not _AT.search(bare):
        return masked  # nearly always, and ten times as fast
    for placeholder, pattern in _patterns():
        spans = [match.span(min(pattern.groups, 1)) for match in pattern.finditer(bare)]
        masked, bare = (_covered(one, spans, placeholder) for one in (masked, bare))
    return masked


def is_masked(text: str) -> bool:
    return any(placeholder in text for placeholder, _ in _FORMS)


def _covered(text: str, spans: Sequence[tuple[int, int]], placeholder: str) -> str:
    ends, starts = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return placeholder.join(text[end:start] for end, start in zip(ends, starts, strict=True))


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((placeholder, re.compile(form, re.IGNORECASE)) for placeholder, form in _FORMS)


def _bare(text: str) -> str:
    """Letters without their diacritics and every dash a hyphen, one by one, so that each keeps its place.

    The letters that tell đồng, money, from Đông, a place, stay.
    """
    letters = (letter if letter in "ồôỒÔ" else unicodedata.normalize("NFD", letter)[0] for letter in text)
    return "".join(letters).translate(_PLAIN)
