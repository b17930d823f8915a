"""A generated text -> the first thing that is wrong with it, or nothing.

Judges the text alone, against the passages that its writer was given, each under the number it must be cited by.
It errs on the side of refusing, because what is refused costs a reader nothing: the quotes stay. It does not see
everything: a condition left out, or two facts of one passage mixed up, can pass.
"""

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from bot.answering.compose import LIMIT
from bot.answering.intent import intent
from corpus.language.detect import syllables
from corpus.language.normalize import fold, references, words
from corpus.language.values import Value, find
from index.query import parse

OVERLAP = 0.7  # share of a sentence's content words that its passages must have; measured in EXPERIMENTS.md


class Fault(StrEnum):
    """Why what a generator wrote is not used. The first five are of the exchange with it, the others of its text."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    HTTP_STATUS = "http_status"
    WRONG_SHAPE = "wrong_shape"
    INTERNAL = "internal"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    ORDERS = "orders"
    NO_CITATION = "no_citation"
    UNKNOWN_CITATION = "unknown_citation"
    URL = "url"
    NUMBER = "number"
    NAME = "name"
    NEGATION = "negation"
    LITTLE_OVERLAP = "little_overlap"
    OUTDATED = "outdated"


MARK = re.compile(r"[^\S\n]*\[(\d+)\]")
_LATE_MARKS = re.compile(r"([.!?…]+[\"”’»)]*)((?:[^\S\n]*\[\d+\])+)")  # behind the full stop, but of its sentence
_ABBREVIATIONS = ("TP", "TS", "ThS", "PGS", "GS", "BS", "KS", "P", "Q", "H", "Đ", "TX", "TT")
_NO_STOP = "".join(rf"(?<!\b{short}\.)" for short in _ABBREVIATIONS)
_NUMBERED = r"(?<!^\d\.)(?<!^\d\d\.)(?<![.!?:\]]\s\d\.)"  # "1. Đăng nhập. 2. Chọn" are two sentences, not four
_STOP = re.compile(rf"(?<=[.!?…]){_NO_STOP}{_NUMBERED}[\"”’»)]*\s+|\n+", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-–•*+]|\d{1,2}[.)])\s+")

# What may lead a reader away: addresses of any kind, also those that corpus.values does not take for one.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S*@\S+|(?:[\w-]+\.)+[^\W\d_]{2,}(?:/\S*)?", re.IGNORECASE)
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)*)((?:\s(?:nghìn|ngàn|triệu|tỷ|tỉ)\b)*)")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SCALES = {"nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9}
_SPELLED = {"hai": 2, "ba": 3, "bốn": 4, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10}
_ORDINALS = {"nhat": "1", "dau": "1", "nhi": "2", "hai": "2", "ba": "3", "tu": "4", "nam": "5"}
_OF_DATES = frozenset(("ngay", "thang", "nam", "cuoi", "dau", "het"))
_OF_RANKS = frozenset(("hang", "thu", "dung"))

_WORD = re.compile(r"[^\W_]+")
_CAPITAL = "[" + "".join(letter for letter in map(chr, range(0x1F00)) if letter.isupper()) + "]"
_NAME = re.compile(rf"[^\W_]*{_CAPITAL}[^\W_]*(?: [^\W_]*{_CAPITAL}[^\W_]*)*")
_OPENS = re.compile(r"(?:^|[:“\"(])\s*$")  # a capital after these says nothing
_SAME = (("thanh pho", "tp"), ("uy ban nhan dan", "ubnd"), ("hoi dong nhan dan", "hdnd"))
_NEGATION = re.compile(r"\b(?:không|chưa|chẳng|đừng)\b")
_FUNCTION = frozenset(
    words(
        """anh bạn bị bởi các cái chị cho có của cũng cùng dạ do đã đang đây để đến đó được gì gồm hay hiện hoặc khi là
        lại làm mà mỗi một này nay nên nếu những nhé như ở phải qua ra rất rồi sau sẽ tại theo thế thì thông tin trên
        trong trước từ và vào vậy về vẫn vì việc với xin ạ"""
    )
)

Fact = tuple[str, ...]


def check(text: str, passages: Mapping[int, str]) -> Fault | None:
    """The first fault of a text that may only say what the passages it cites say, sentence by sentence."""
    if len(text) > LIMIT:
        return Fault.TOO_LONG
    said = sentences(text)
    if not said:
        return Fault.EMPTY
    if _gives_orders(text):
        return Fault.ORDERS
    return next(filter(None, (_check_sentence(sentence, passages) for sentence in said)), None)


def _check_sentence(sentence: str, passages: Mapping[int, str]) -> Fault | None:
    cited = {int(number) for number in MARK.findall(sentence)}
    if not cited:
        return Fault.NO_CITATION
    if not cited <= passages.keys():
        return Fault.UNKNOWN_CITATION
    plain, sources = MARK.sub("", sentence), [passages[number] for number in sorted(cited)]
    spoken = _spoken(sources)
    if any(map(_gives_orders, sources)):  # what it says may be what it tells a machine to say
        return Fault.ORDERS
    if not set(_addresses(plain)) <= {address for source in sources for address in _addresses(source)}:
        return Fault.URL
    if not set(_facts(plain)) <= {fact for source in sources for fact in _supported(source)}:
        return Fault.NUMBER
    if any(_unknown_names(plain, spoken)):
        return Fault.NAME
    if _NEGATION.search(plain.lower()) and not any(_NEGATION.search(source.lower()) for source in sources):
        return Fault.NEGATION
    return Fault.LITTLE_OVERLAP if _overlap(plain, spoken) < OVERLAP else None


def sentences(text: str) -> list[str]:
    """The sentences and list items of a text, each with its citations; a lead's words are its first item's."""
    found: list[str] = []
    lead = ""
    for piece in _STOP.split(_LATE_MARKS.sub(r"\2\1", text)):
        said = f"{lead}{_BULLET.sub('', piece)}".strip()
        lead = f"{said} " if said.endswith(":") and not MARK.search(said) else ""
        if not lead and words(MARK.sub("", said)):
            found.append(said)
    return [*found, lead.strip()] if lead else found


def _overlap(sentence: str, spoken: str) -> float:
    """The share of a sentence's content words that its sources have; its numbers are known to be there."""
    content = set(words(sentence)) - _FUNCTION
    known = set(spoken.split())
    return sum(word in known or word.isdigit() for word in content) / len(content) if content else 0.0


def _gives_orders(text: str) -> bool:
    found = intent(parse(text))
    return found is not None and found.name == "injection"


def _addresses(text: str) -> Iterator[str]:
    spans = [(found.start, found.end) for found in find(text) if found.kind is Value.URL]
    for start, end in (*spans, *(match.span() for match in _ADDRESS.finditer(text))):
        yield re.sub(r"^https?://", "", fold(text[start:end])).rstrip("/.,;:!?)”\"'")


# --- Numbers --------------------------------------------------------------------------------------------------------


def _facts(text: str) -> Iterator[Fact]:
    """Every number, date, rank and document number of a text, each in one spelling: "17,34 %" is ("percent", "17.34").

    Numbers that are spelled out count too, as far as they cannot mean anything else.
    """
    rest = list(text)
    for found in find(text):
        said = text[found.start : found.end]
        rest[found.start : found.end] = " " * len(said)
        if found.kind in (Value.PERCENT, Value.MONEY, Value.NUMBER):
            yield from ((found.kind, _amount(*match.groups())) for match in _AMOUNT.finditer(said))
        elif found.kind is Value.PHONE:
            yield found.kind, "".join(filter(str.isdigit, said))
        elif found.kind is Value.DATE:
            yield found.kind, *_date(said)
        elif found.kind is Value.RANK:
            yield found.kind, *(_ORDINALS.get(word, word) for word in words(said) if word not in _OF_RANKS)
        elif found.kind is not Value.URL:
            yield from ((Value.NUMBER, word) for word in words(said) if not word.isalpha())
    yield from (("word", word) for word in words("".join(rest)) if not word.isalpha())
    yield from ((Value.DOCUMENT, reference) for reference in references(fold(text)))
    yield from ((Value.NUMBER, str(_SPELLED[word])) for word in _WORD.findall(text.lower()) if word in _SPELLED)


def _supported(source: str) -> Iterator[Fact]:
    """The facts that a sentence may state from a source: its own, parts of its dates, and its plain numbers in a unit.

    The unit of a table's number may stand in the header, so a plain number supports a percentage and an amount.
    """
    yield from (("word", word) for word in words(source) if not word.isalpha())
    for kind, *said in _facts(source):
        yield kind, *said
        if kind == Value.NUMBER:
            yield from ((other, *said) for other in (Value.PERCENT, Value.MONEY))
        elif kind in (Value.DATE, Value.RANK):
            yield from ((kind, *said[start:end]) for start, end in itertools.combinations(range(len(said) + 1), 2))
        if kind == Value.RANK:
            yield from ((Value.NUMBER, word) for word in said)


def _amount(digits: str, scale: str) -> str:
    """ "1.873", "1873" and "1,873" are one number, as are "17,34" and "17.34", "40 nghìn" and "40.000"."""
    plain = re.sub(r"[.,]", "", digits) if _GROUPED.fullmatch(digits) else digits.replace(",", ".")
    if plain.count(".") > 1:
        return plain
    return f"{(Decimal(plain) * math.prod(_SCALES[word] for word in scale.split())).normalize():f}"


def _date(said: str) -> Fact:
    """ "1/7/2025", "ngày 01 tháng 7 năm 2025" and "2025-07-01" are ("1", "7", "2025")."""
    parts = [str(int(word)) if word.isdigit() else word for word in words(said) if word not in _OF_DATES]
    return tuple(reversed(parts) if re.fullmatch(r"\d{4}-\d\d-\d\d", said) else parts)


# --- Names and other words ------------------------------------------------------------------------------------------


def _spoken(sources: Collection[str]) -> str:
    """The folded words of the sources with a space around each, and what is abbreviated there also written out."""
    said = " | ".join(f" {' '.join(words(source))} " for source in sources)
    others = (form for forms in _SAME for form in forms if any(f" {one} " in said for one in forms))
    return said + "".join(f"| {form} " for form in others)


def _unknown_names(sentence: str, spoken: str) -> Iterator[str]:
    """The runs of words with a capital that are not made of runs of the sources."""
    for match in _NAME.finditer(sentence):
        first, *rest = match[0].split()
        if not _OPENS.search(sentence[: match.start()]) or fold(first) not in syllables():
            known = _is_known([first, *rest], spoken)
        elif not rest:  # a capital that any first word has
            known = True
        else:
            known = _is_known([first, *rest], spoken) or (
                (len(rest) > 1 or fold(first) in _FUNCTION) and _is_known(rest, spoken)
            )
        if not known:
            yield match[0]


def _is_known(name: Sequence[str], spoken: str) -> bool:
    """Whether a name stands there, or parts of it that are names by themselves: "UBND Hà Nội" is, "Văn Dũng" is not."""
    rest = list(name)
    while rest:
        lengths = range(len(rest), 0, -1)
        length = next((n for n in lengths if f" {' '.join(map(fold, rest[:n]))} " in spoken), 0)
        if length == 0 or (length == 1 < len(name) and not rest[0].isupper()):
            return False
        rest = rest[length:]
    return True
