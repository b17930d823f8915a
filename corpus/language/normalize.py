"""The one treatment of Vietnamese text, for passages and questions alike.

People type "Hoà Bình", "Hòa Bình", "hoa binh" and the same in decomposed Unicode; `fold` makes them one.
`terms` are what the BM25 side of the search counts. Nothing here knows of documents or questions.
"""

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

_UNUSUAL = re.compile(r"[^\t\n\r -~À-ʯ\u0300-\u0336Ḁ-ỿ]")
_MARK = re.compile(r"[\u0300-\u036f]")
_STROKED_D = str.maketrans("đðɖ", "ddd")  # some keyboards send eth, some old fonts the African d, for đ
_WORD = re.compile(r"[^\W_]+")

_TYPES = {
    "nghi quyet": "nq",
    "ke hoach": "kh",
    "quyet dinh": "qd",
    "nghi dinh": "nd",
    "cong van": "cv",
    "chi thi": "ct",
    "thong bao": "tb",
    "bao cao": "bc",
    "thong tu": "tt",
}
_SPELLED_NUMBER = re.compile(
    rf"\b({'|'.join(_TYPES)}|{'|'.join(_TYPES.values())})(?: hanh dong)?(?: so)?[.:-]?\s*(\d{{1,5}})\b"
)
_SYMBOL_NUMBER = re.compile(r"\b(\d{1,5})(?:/\d{4})?\s?[/-]\s?(nq|kh|qd|nd|ct|tb|bc|tt)\b")
_LARGE_NUMBER = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:\.\d{3})+|\d{4,12})(?![\d]|[.,]\d)")
_DATE = re.compile(r"(?<!\d[/.-])\b(\d{1,2})\s*[/.-]\s*(\d{1,2})(?:\s*[/.-]\s*(\d{4}))?\b")
_SPELLED_DATE = re.compile(r"\b(\d{1,2})\s+thang\s+(\d{1,2})\b(?:\s*,?\s*nam\s+(\d{4})\b)?")


def clean(text: str) -> str:
    """NFC, full-width forms made ordinary, and no invisible characters but line breaks and tabs.

    Controls and bidirectional overrides become spaces, so that words do not run together;
    zero-width characters vanish, because people do not see them inside a word.
    """
    text = _UNUSUAL.sub(_ordinary, text).replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text)


def _ordinary(match: re.Match[str]) -> str:
    character = match[0]
    if "\uff00" <= character <= "\uffef":
        return unicodedata.normalize("NFKC", character)
    category = unicodedata.category(character)
    if category == "Cf":
        return " " if character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" else ""
    if category in ("Cc", "Cs", "Zs", "Zl", "Zp"):
        return " "
    return character


@functools.lru_cache(maxsize=8192)  # a question asks 200 times, mostly for words, names and units seen before
def fold(text: str) -> str:
    """Lower case without diacritics: "Hoà", "Hòa", "HOÀ", decomposed or full-width, all become "hoa"."""
    if text.isascii() and text.isprintable():
        return text.lower()
    bare = _MARK.sub("", unicodedata.normalize("NFKD", clean(text))).lower().translate(_STROKED_D)
    if bare.isascii():
        return bare
    return "".join(c for c in bare if unicodedata.category(c) not in ("Mn", "Me"))  # of other scripts, of emoji


def words(text: str) -> list[str]:
    """The folded words and numbers of a text, in order; "17,34%" gives "17" and "34"."""
    return words_of(fold(text))


def words_of(folded: str) -> list[str]:
    """The words of a text that is folded already."""
    return _WORD.findall(folded)


def terms(text: str) -> list[str]:
    """What BM25 counts: words, pairs of neighbours, document numbers and dates, each in one spelling."""
    folded = fold(text)
    return terms_of(folded, words_of(folded))


def terms_of(folded: str, single: Sequence[str]) -> list[str]:
    """The terms of a text that is folded and cut into words already."""
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(single)]
    return [*single, *pairs, *references(folded), *_dates(folded), *(f"={number}" for number in large_numbers(folded))]


def references(folded: str) -> Iterator[str]:
    """The document numbers in a folded text: "nghi quyet 18", "nq 18" and "18-nq/tu" all give "#nq18"."""
    for match in _SPELLED_NUMBER.finditer(folded):
        yield f"#{_TYPES.get(match[1], match[1])}{int(match[2])}"
    for match in _SYMBOL_NUMBER.finditer(folded):
        yield f"#{match[2]}{int(match[1])}"


def large_numbers(text: str) -> Iterator[str]:
    """The numbers of four digits and more without their points: "1.873" and "1873" are one."""
    return (match[0].replace(".", "") for match in _LARGE_NUMBER.finditer(text))


def _dates(folded: str) -> Iterator[str]:
    for pattern in (_DATE, _SPELLED_DATE):
        for match in pattern.finditer(folded):
            day, month, year = int(match[1]), int(match[2]), match[3]
            if 1 <= day <= 31 and 1 <= month <= 12:
                yield f"@{day}/{month}"
                if year:
                    yield f"@{day}/{month}/{year}"
