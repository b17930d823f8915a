"""What speaks against taking a document in: an examination of its Markdown before it is indexed.

Every concern holds a document back until an admin releases it, so the rules are tuned on the bundled documents to be
right rather than many. Nothing of a person's number is shown but its first three digits and how many there are.
"""

import functools
import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, groupby, pairwise

import numpy as np
import numpy.typing as npt

from corpus.document import MARKER, PAGE
from corpus.language.detect import language
from corpus.language.normalize import clean, words
from corpus.language.spelling import is_bare

SAME = 0.5  # of the five-word sequences of the shorter of two documents, from which on one is the other anew
SHINGLE = 5
FEWEST_SHINGLES = 30
FEWEST_WORDS = 30  # a document with fewer holds next to nothing
FOREIGN = 40  # words of another language in one go: a few paragraphs, not a name or a slogan
MISSPELT = 0.03  # of the words with diacritics; the bundled documents have none
SHOWN = 100  # characters

Signature = npt.NDArray[np.uint64]


class Kind(StrEnum):
    INSTRUCTION = "instruction"  # text meant for a language model
    INVISIBLE = "invisible"  # characters that nobody sees
    HIDDEN = "hidden"  # words that the file has and does not show, or not as a part of its text
    UNREAD = "unread"  # parts that the file shows and no reader can read
    FORMULA = "formula"  # cells whose result the file does not store
    UNSURE = "unsure"  # what the reader could not read, or not for sure
    LANGUAGE = "language"
    GARBLED = "garbled"  # letters and diacritics
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    TABLE = "table"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason to hold a document back. `line` counts from 1; 0 where it concerns no line of the text."""

    kind: Kind
    line: int
    found: str
    why: str


def examine(
    markdown: str,
    *,
    hidden: Iterable[tuple[str, str]] = (),
    unread: Iterable[tuple[str, str, str]] = (),
    known: Mapping[str, Signature] | None = None,
) -> tuple[Concern, ...]:
    """All that speaks against a document, in the order of its lines.

    `hidden`: where in the file, and which words, the reader left out.
    `unread`: what the reader could not read, or not for sure: of which kind, how it begins or where it is, and why.
    `known`: the signatures of the documents that there are, by id; not that of the document itself.
    """
    text = _Text(markdown)
    rules: tuple[Callable[[_Text], Iterator[Concern]], ...] = (
        _instructions,
        _invisible,
        _languages,
        _garbled,
        _empty,
        _tables,
        _personal,
    )
    concerns = [concern for rule in rules for concern in rule(text)]
    concerns += _hidden(hidden)
    concerns += (Concern(Kind(kind), 0, _clipped(" ".join(found.split())), why) for kind, found, why in unread)
    concerns += _duplicates(markdown, known or {})
    return tuple(sorted(concerns, key=lambda concern: concern.line))


def signature(markdown: str) -> Signature:
    """The sorted hashes of a text's five-word sequences, the same whatever its markup and its diacritics."""
    said = words(MARKER.sub("", PAGE.sub("", markdown)))
    sequences = {" ".join(said[start : start + SHINGLE]) for start in range(len(said) - SHINGLE + 1)}
    hashes = sorted(int.from_bytes(hashlib.blake2b(one.encode(), digest_size=8).digest()) for one in sequences)
    return np.array(hashes, dtype=np.uint64)


# The text


_LETTER = re.compile(r"[^\W\d_]")
_LOOKALIKES = str.maketrans(  # of other scripts, for letters of ours
    "авеікмнорстухѕјһԁԛԝɡαβεικνορτυχ", "abeikmhopctyxsjhdqwgabeiknoptux"
)


class _Text:
    """The lines, cleaned, and all of them folded character by character, so that a place leads back to its line."""

    def __init__(self, markdown: str) -> None:
        self.raw = markdown.split("\n")
        self.lines = [clean(line) for line in self.raw]
        self.whole = "\n".join(self.lines)
        self.starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    @functools.cached_property
    def bare(self) -> str:
        return "".join(map(_bare, self.whole))

    def concern(self, kind: Kind, start: int, end: int, why: str) -> Concern:
        """A concern about a stretch of the text, with what stands around it on its line."""
        row = bisect_right(self.starts, start) - 1
        line, column = self.lines[row], start - self.starts[row]
        margin = max((SHOWN - (end - start)) // 2, 10)
        first, last = max(column - margin, 0), min(column + max(end - start, 1) + margin, len(line), column + 2 * SHOWN)
        for match in (*_LONG_NUMBER.finditer(line), *_MAIL.finditer(line)):  # cut in two, a number would not be masked
            first = match.start() if match.start() < first < match.end() else first
            last = match.end() if match.start() < last < match.end() else last
        shown = masked(line[first:last].strip())
        return Concern(kind, row + 1, f"{'…' * (first > 0)}{shown}{'…' * (last < len(line))}", why)

    def at(self, kind: Kind, row: int, why: str) -> Concern:
        return Concern(kind, row + 1, _clipped(self.lines[row].strip()), why)


def _bare(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    plain = unicodedata.normalize("NFKD", letter)[0].lower()[0]
    return "d" if plain in "đð" else plain.translate(_LOOKALIKES)


def _clipped(whole: str) -> str:
    text = masked(whole)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1].rstrip()}…"


_LONG_NUMBER = re.compile(r"(?!(?:19|20)\d\d ?- ?20\d\d(?!\d))\d(?:[ .\-·()]{0,3}\d){7,}")  # but a span of years
_MAIL = re.compile(r"([\w.+-]{1,64})(@[\w-]+(?:\.[\w-]+)+)")


def masked(text: str) -> str:
    """The text with the first three digits alone of each number of eight and more, and the head of each e-mail."""

    def number(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return f"{digits[:3]}… ({len(digits)} digits)"

    return _LONG_NUMBER.sub(number, _MAIL.sub(lambda match: f"{match[1][:3]}…{match[2]}", text))


# Text meant for a language model. Patterns are read in two ways: a space is any gap between words, or, where letters
# stand apart or words run together, no gap at all.

_ALL = "(?:(?:moi|tat ca|toan bo|het|tat|all|cac|nhung|nhug|cai|m0i) )"
_ORDERS = "(?:huong dan|huong zan|h?dan|chi dan|chi thi|menh lenh|cau lenh|lenh|quy tac|prompt|loi nhac|instructions?)"
_SKIP = "(?:bo (?:qua|wa|qa|ngoai tai)|phot lo|quen(?: di| het| luon)?|lo di|dung (?:lam|nghe|tuan) theo|ignore)"
_MADE = "(?: (?:he thong|ban dau|goc|cu|an toan|(?:da |duoc )?(?:dua ra|cung cap|nhan duoc|cho)|cua (?:ban|he thong)))"
_BEFORE = "(?:truoc(?: do| day| kia)?|he thong|ban dau|cua (?:ban|he thong)|goc)"
_ABOVE = "(?:o |phia )?tren"
_A_MACHINE = (
    "(?:tro (?:ly|li)(?: ao)?|chatbot|mo hinh ngon ngu|(?:mot|con|he thong) ai(?! do)|ai assistant|assistant|llm|gpt)"
)
_ENGLISH_ALL = "(?:(?:all|any|every|everything|the|these|those|your|of|my|in|other) ){0,4}"
_FORMER = "(?:previous|previously|prior|above|earlier|preceding|existing|system|original|initial|former|safety)"
_ENGLISH_ORDERS = "(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|messages?|commands?|context)"
_PATTERNS = (
    rf"{_SKIP} (?:di )?{_ALL}{{0,3}}{_ORDERS}{_MADE}? {_BEFORE}",
    rf"{_SKIP} (?:di )?{_ALL}{{1,3}}{_ORDERS} {_ABOVE}",
    rf"bo (?:qua|wa) {_ALL}{{1,3}}yeu cau truoc",
    rf"{_SKIP} (?:di )?(?:moi|tat ca(?: cac)?|toan bo(?: cac)?|het moi) "
    "(?:huong dan|chi dan|chi thi|menh lenh|cau lenh|prompt|loi nhac)",
    rf"(?:bay gio |tu (?:bay )?gio |hien gio )?ban (?:(?:bay gio|gio|hien) )?"
    rf"(?:la|se la|dong vai|hay dong vai|se dong vai|phai dong vai|dang dong vai)(?: mot)? {_A_MACHINE}",
    "hay dong vai(?: la)?(?: mot)? (?:tro (?:ly|li)|chatbot|mo hinh ngon ngu)",
    "(?:khi|neu) (?:duoc|nguoi dung|co nguoi|khach|nguoi dan|co ai|bat ky ai) hoi (?:[a-z0-9]+ ){0,12}"
    "(?:hay|luon|chi) (?:luon |chi |duoc )*(?:tra loi|noi|dap|phan hoi|khang dinh)",
    "(?:khong|ko|dung|cam)(?: duoc| bao gio)* (?:tiet lo|nhac den|noi ra|de lo) (?:[a-z]+ ){0,4}"
    "(?:chi dan|prompt|loi nhac|huong dan (?:he thong|nay)|lenh he thong)",
    "(?:system|developer) prompts?|prompt (?:he thong|goc)|loi nhac he thong",
    "(?:huong dan|chi dan|chi thi|lenh|ghi chu|luu y)(?: moi| an| nay)* "
    "(?:danh|rieng) cho (?:tro ly ai|mo hinh(?: ngon ngu| ai)|chatbot|he thong ai|llm|bot ai)",
    rf"(?:ignore|disregard|forget|override|bypass|neglect) {_ENGLISH_ALL}{_FORMER} (?:[a-z]+ ){{0,2}}{_ENGLISH_ORDERS}",
    rf"(?:ignore|disregard|forget|override) {_ENGLISH_ALL}{_ENGLISH_ORDERS} (?:above|before|given|you)",
    rf"(?:ignore|disregard|forget) (?:all|your|all of your|all your|any) {_ENGLISH_ORDERS}",
    "(?:ignore|disregard|forget) everything (?:above|before|you)",
    "you are (?:now )?(?:(?:an?|the|my) )?(?:[a-z]+ ){0,2}(?:ai|assistant|chatbot|language model|llm|gpt)",
    "(?:act|behave|respond|pretend to be) (?:as )?(?:if you were )?(?:an?|the) (?:[a-z]+ )?"
    "(?:ai|assistant|chatbot|llm)",
    "as an ai(?: language)? model",
    "(?:when|if) (?:(?:the )?(?:users?|someone|anyone|people) )?(?:(?:is|are) )?(?:asks?|asked|asking) "
    "(?:[a-z0-9]+ ){0,12}(?:respond|reply|answer|say)",
    "do not (?:reveal|mention|disclose|repeat) (?:this|these|your|the) (?:[a-z]+ ){0,2}"
    "(?:instructions?|prompts?|rules)",
    "(?:new|updated|hidden|secret|special|important) instructions? (?:for|to) (?:the |any |all )?"
    "(?:ai|assistant|models?|llms?|chatbot|language models?)",
)
_INSTRUCTION = re.compile("|".join(rf"\b{pattern.replace(' ', '[^a-z0-9]{1,12}')}\b" for pattern in _PATTERNS))
_ANY_WORDS = re.compile(r"\(\?:\[a-z(?:0-9)?\]\+ \)\{0,\d+\}")  # run together, they would be tried in every division
_RUN_TOGETHER = re.compile("|".join(_ANY_WORDS.sub("[a-z0-9]{0,40}", one).replace(" ", "") for one in _PATTERNS))
_APART = re.compile(r"(?<![a-z0-9])[a-z0-9](?:[^a-z0-9\n]{1,3}[a-z0-9](?![a-z0-9])){9,}|[a-z0-9]{16,}")
_CONTROL = re.compile(  # what separates the turns of a conversation with a model
    r"< ?\| ?(?:im_(?:start|end|sep)|system|user|assistant|endof\w+|begin_of_text|eot_id|(?:start|end)_header_id)"
    r" ?\| ?>|\[ ?/?INST ?\]|<< ?/?SYS ?>>|<(?:start|end)_of_turn>|</?(?:system|assistant|instructions?)>"
    r"|^#{1,4} ?(?:system|instruction|assistant|response|human)(?: ?:|$)|^(?:system|assistant) ?: ",
    re.IGNORECASE | re.MULTILINE,
)
_DIGIT_LETTERS = str.maketrans("013457@$", "oieastas")
_MIXED = re.compile(r"(?<![\w@$])(?=[\w@$]*[a-z])(?=[\w@$]*[0-9@$])[\w@$]+")


def _instructions(text: _Text) -> Iterator[Concern]:
    why = "reads like an instruction to a language model"
    spelt = _MIXED.sub(lambda match: match[0].translate(_DIGIT_LETTERS), text.bare)  # "1gn0re"
    found = {match.span() for said in {text.bare, spelt} for match in _INSTRUCTION.finditer(said)}
    for match in _APART.finditer(text.bare):
        letters = re.sub("[^a-z0-9]", "", match[0])
        if _RUN_TOGETHER.search(letters) or _RUN_TOGETHER.search(letters.translate(_DIGIT_LETTERS)):
            found.add(match.span())
    plain = text.whole.translate({ord(wide): narrow for wide, narrow in zip("＜＞｜［］", "<>|[]", strict=True)})
    found |= {match.span() for match in _CONTROL.finditer(plain)}
    concerns = (text.concern(Kind.INSTRUCTION, start, end, why) for start, end in sorted(found))
    yield from {concern.line: concern for concern in reversed(list(concerns))}.values()  # the first of each line


# What nobody sees

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
_ZERO_WIDTH = "\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u115f\u1160\u3164\uffa0\u180e"
_RUN = re.compile(f"[{_ZERO_WIDTH}]{{3,}}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{{3,}}")
_INSIDE = re.compile(rf"(?<=\w)[{_ZERO_WIDTH}]+(?=\w)")
_OFTEN = 5  # in one line; a web page breaks a long word or two with one


def _invisible(text: _Text) -> Iterator[Concern]:
    for row, line in enumerate(text.raw):
        if line.isascii():
            continue
        counts = {
            "characters that turn the direction of writing": len(_BIDI.findall(line)),
            "tag characters, which spell words that nobody sees": sum(map(len, _TAGS.findall(line))),
            "zero-width characters in a run": sum(map(len, _RUN.findall(line))),
        }
        inside = len(_INSIDE.findall(line))
        if inside >= _OFTEN:
            counts["zero-width characters inside words"] = inside
        for what, count in counts.items():
            if count:
                yield text.at(Kind.INVISIBLE, row, f"{count} {what}")


def _hidden(hidden: Iterable[tuple[str, str]]) -> Iterator[Concern]:
    for where, said in hidden:
        instructs = any(True for _ in _instructions(_Text(said)))
        more = ", and reads like an instruction to a language model" if instructs else ""
        yield Concern(Kind.HIDDEN, 0, _clipped(" ".join(said.split())), f"{where}: left out of the text{more}")


# Language and diacritics

_PROSE = 8  # words of the shortest paragraph whose language is looked at
_WORD = re.compile(r"[^\W\d_]+")
_NAMES = {"en": "English", "fr": "French", "de": "German", "zh": "Chinese", "ja": "Japanese", "ko": "Korean"}


def _languages(text: _Text) -> Iterator[Concern]:
    prose = [(row, line, len(said)) for row, line in enumerate(text.lines) if (said := _prose(line))]
    codes = [language(line) for _, line, _ in prose]
    total = Counter[str]()
    for code, (_, _, length) in zip(codes, prose, strict=True):
        total[code] += length
    if not total:
        return
    foreign = total.total() - total["vi"]
    if total["vi"] < foreign:
        (code, _), *_ = Counter({code: count for code, count in total.items() if code != "vi"}).most_common(1)
        yield text.at(Kind.LANGUAGE, prose[0][0], f"most of the text is in {_NAMES.get(code, code)}, not in Vietnamese")
        return
    for code, group in groupby(zip(codes, prose, strict=True), key=lambda one: one[0]):
        paragraphs = [one for _, one in group]
        length = sum(one[2] for one in paragraphs)
        if code != "vi" and length >= FOREIGN:
            yield text.at(Kind.LANGUAGE, paragraphs[0][0], f"{length} words in {_NAMES.get(code, code)} from here on")


def _prose(line: str) -> list[str]:
    """The words of a paragraph; none of a table's row, of an address, of a heading or of what is mostly numbers."""
    said = [] if "|" in line or "://" in line else _WORD.findall(line)
    letters = sum(map(len, said))
    return said if len(said) >= _PROSE and letters * 2 >= len(line.strip()) else []


_ONSETS = re.findall(r"\w+", "ngh ng nh gh gi kh ph th tr ch qu b c d đ g h k l m n p r s t v x")
_RIMES = frozenset(
    re.findall(
        r"\w+",
        """a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo
        ep et ê êch êm ên êng ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa
        oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong
        ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ôông ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc uê uêch uênh
        ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt uyn uynh uyp uyt uyu ư ưa ưc
        ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêng yêt yêu ynh yt ych""",
    )
)
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONE = re.compile(f"[{_TONES}]")
_STOPPED = ("c", "ch", "p", "t")
_MOJIBAKE = re.compile(
    "á[»º][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|Ã[\u00a1-\u00ac\u00ae-\u00bf]|Ä[\u0091\u2018\u0090]|Æ[°¡]|â€[\u0153\u2122\u009d\u201c]"
)
_TCVN3 = re.compile(r"(?<!\w)[§®¦¡¢¤][a-zà-ÿ]|(?<=[A-Za-z])[µ¸¶¨¬](?![A-Z])")
_LOST = (  # signs in place of letters; how many of them are no accident; a run of them never is
    (re.compile("\ufffd+"), 1, "letters that could not be read (\ufffd)"),
    (
        re.compile(
            "(?m)(?!^[\uf02d\uf06e\uf076\uf0a7\uf0b7\uf0d8]\\s)[\ue000-\uf8ff\U000f0000-\U0010fffd]+"
        ),  # but bullets
        1,
        "letters of private use, which only their own font can show",
    ),
    (
        re.compile(r"(?<=[^\W\d_])\?+(?=[^\W\d_])|(?<!\S)\?+(?=[^\W\d_])|(?<![^\W\d_?])\?{3,}"),
        3,
        "question marks in place of letters",
    ),
    (re.compile(r"(?<=[^\W\d_])[□▯]+(?=[^\W\d_])|[□▯]{3,}"), 3, "boxes (□) in place of letters"),
)
_VOWEL = re.compile(r"[^\W\d_b-df-hj-np-tv-xzđ]", re.IGNORECASE)
_LEAST = 3  # signs of an encoding
_MISSPELT_WORDS = 6  # at least; fewer are names: Đắk Lắk, Müller


def is_syllable(word: str) -> bool:
    """Whether Vietnamese spelling allows a word: an onset, a rime with its vowels' marks, and a tone it can bear."""
    letters = [unicodedata.normalize("NFD", letter) for letter in unicodedata.normalize("NFC", word.lower())]
    toned = [(place, tone) for place, letter in enumerate(letters) for tone in _TONE.findall(letter)]
    plain = unicodedata.normalize("NFC", _TONE.sub("", "".join(letters)))
    if len(toned) > 1 or len(plain) != len(letters):
        return False
    shaped = [place for place, letter in enumerate(plain) if letter in "ăâêôơư"]
    if toned and shaped and toned[0][0] != shaped[-1]:
        return False
    return any(
        rime in _RIMES or (onset == "qu" and f"u{rime}" in _RIMES)
        for onset in (*_ONSETS, "")
        if plain.startswith(onset) and _bears(rime := plain.removeprefix(onset), [tone for _, tone in toned])
    )


def _bears(rime: str, tones: Sequence[str]) -> bool:
    """A rime that ends in c, ch, p or t has one of two tones."""
    return not rime.endswith(_STOPPED) or list(tones) in (["\u0301"], ["\u0323"])


def _garbled(text: _Text) -> Iterator[Concern]:
    for pattern, least, what in _LOST:
        lost = [match for match in pattern.finditer(text.whole) if not _is_in_address(text.whole, match.start())]
        if len(lost) >= least or any(len(match[0]) >= _LEAST for match in lost):
            count = sum(len(match[0]) for match in lost)
            yield text.concern(Kind.GARBLED, *lost[0].span(), f"{count} {what}")
    for pattern, what in ((_MOJIBAKE, "UTF-8 read as another encoding"), (_TCVN3, "a TCVN3 font taken for Unicode")):
        matches = list(pattern.finditer(text.whole))
        if len(matches) >= _LEAST:
            yield text.concern(Kind.GARBLED, *matches[0].span(), f"{len(matches)} signs of {what}")
            return
    spoken = list(_WORD.finditer(text.whole))
    marked = [match for match in spoken if not match[0].isascii()]
    wrong = [match for match in marked if _is_misspelt(match[0])]
    if len(wrong) >= _MISSPELT_WORDS and len(wrong) > MISSPELT * len(marked):
        examples = ", ".join(dict.fromkeys(match[0] for match in wrong[:5]))
        why = f"{len(wrong)} of {len(marked)} words with diacritics cannot be Vietnamese: {examples}"
        yield text.concern(Kind.GARBLED, *wrong[0].span(), why)
    prose = [line for line in text.lines if _prose(line) and language(line) == "vi"]
    if len(spoken) >= FEWEST_WORDS and prose and is_bare(" ".join(prose)):
        row = text.lines.index(prose[0])
        yield text.at(Kind.GARBLED, row, "Vietnamese without its diacritics")


def _is_in_address(text: str, position: int) -> bool:
    """Whether a sign stands in a word that is an address: "https://a.vn/tim?tu=phi"."""
    start = max(position - 300, 0, *(text.rfind(blank, max(position - 300, 0), position) + 1 for blank in " \n(|"))
    return "://" in text[start:position] or "/" in text[start:position]


@functools.lru_cache(maxsize=65_536)
def _is_misspelt(word: str) -> bool:
    if not _VOWEL.search(word) or not (word.islower() or word.istitle() or word.isupper()):
        return False  # an abbreviation or a name: "HĐND", "TTgCP"
    return not is_syllable(word)


# Duplicates


def _duplicates(markdown: str, known: Mapping[str, Signature]) -> Iterator[Concern]:
    mine = signature(markdown)
    if len(mine) < FEWEST_SHINGLES:
        return
    shares = []
    for id_, theirs in known.items():
        if len(theirs) >= FEWEST_SHINGLES:
            shared = _shared(mine, theirs)
            if shared >= SAME * min(len(mine), len(theirs)):
                shares.append((shared, len(theirs), id_))
    for shared, length, id_ in sorted(shares, reverse=True):
        if shared == len(mine) == length:
            yield Concern(Kind.DUPLICATE, 1, id_, f"it says word for word what «{id_}» says")
        else:
            ours, others = shared / len(mine), shared / length
            why = f"{ours:.0%} of it is in «{id_}», {others:.0%} of that is in it: a new version, or an extract"
            yield Concern(Kind.DUPLICATE, 1, id_, why)


def _shared(a: Signature, b: Signature) -> int:
    if len(a) > len(b):
        a, b = b, a
    places = np.searchsorted(b, a)
    places[places == len(b)] = 0
    return int(np.count_nonzero(b[places] == a))


# Pages and tables

_FEWEST_SIGNS = 20  # letters and digits of a page; fewer are its number and a stamp


def _empty(text: _Text) -> Iterator[Concern]:
    markers = [(row, int(match[1])) for row, line in enumerate(text.lines) if (match := PAGE.fullmatch(line))]
    empty = [
        (row, page)
        for (row, page), (end, _) in pairwise([*markers, (len(text.lines), 0)])
        if sum(map(str.isalnum, "".join(text.lines[row + 1 : end]))) < _FEWEST_SIGNS
    ]
    if empty:
        pages = ", ".join(str(page) for _, page in empty[:20]) + "…" * (len(empty) > 20)
        why = f"{len(empty)} of {len(markers)} pages without text: pictures or scans?"
        yield Concern(Kind.EMPTY, empty[0][0] + 1, f"trang {pages}", why)
    said = sum(len(_WORD.findall(line)) for line in text.lines if not PAGE.fullmatch(line))
    if said < FEWEST_WORDS:
        yield Concern(Kind.EMPTY, 1, _clipped(" ".join(" ".join(text.lines).split())), f"the text has {said} words")


_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_PIPE = re.compile(r"(?<!\\)\|")


def _tables(text: _Text) -> Iterator[Concern]:
    row = 0
    while row + 1 < len(text.lines):
        header, rule = text.lines[row].strip(), text.lines[row + 1].strip()
        if "|" not in header or "|" not in rule or not _RULE.fullmatch(rule):
            row += 1
            continue
        end = row + 2
        while end < len(text.lines) and (_PIPE.search(text.lines[end]) or PAGE.fullmatch(text.lines[end])):
            end += 1
        rows = [(at, _cells(text.lines[at])) for at in range(row + 2, end) if not PAGE.fullmatch(text.lines[at])]
        if fault := _fault(row, _cells(header), rows):
            yield text.at(Kind.TABLE, *fault)
        row = end


def _fault(start: int, header: list[str], rows: list[tuple[int, list[str]]]) -> tuple[int, str] | None:
    """What is wrong with a table, and in which row of the text it shows first."""
    if not rows:
        return start, "a table's header without a row below it"
    uneven = [(at, len(cells)) for at, cells in rows if len(cells) != len(header)]
    if uneven:
        return uneven[0][0], f"{len(uneven)} of {len(rows)} rows have not the {len(header)} cells of their header"
    torn = [at for at, cells in rows if _is_torn(cells)]
    if torn:
        return torn[0], f"{len(torn)} rows of single letters"
    empty = [
        name for column, name in enumerate(header) if len(rows) > 1 and not any(cells[column] for _, cells in rows)
    ]
    if "" in empty or (len(header) > 2 and len(empty) * 2 >= len(header)):
        return start, f"{len(empty)} of {len(header)} columns are empty"
    return None


def _is_torn(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) >= 4 and len(set(filled)) > 2 and all(len(cell) == 1 and _LETTER.match(cell) for cell in filled)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _PIPE.split(line.strip().removeprefix("|").removesuffix("|"))]


# People

_GAP = r"[ .\-·]{0,2}"
_END = r"(?!\d)(?![.,]\d)"
_CITIZEN = re.compile(  # its first three digits are the province of birth
    r"(?<![\d/])(?<!\d[.,])(?=0(?:0[1-9]|[1-8]\d|9[0-6]))"
    rf"(?:\d{{12}}(?!\d)|(?<!\d[ \-])\d(?:{_GAP}\d){{11}}(?![ .,\-]?\d))"
)
_SAID_CITIZEN = re.compile(
    rf"\b(?:cccd|can cuoc|cmnd|cmtnd|chung minh (?:nhan dan|thu)|so dinh danh|ma dinh danh)\b[^\d\n]{{0,40}}"
    rf"(?![1-9]\d{{0,2}}(?:\.\d{{3}})+(?!\d))((?:\d{_GAP}){{11}}\d|(?:\d{_GAP}){{8}}\d){_END}"
)
_MOBILE = re.compile(rf"(?<![\d/.,])(?:\+?84|0)[ .-]?[35789](?:{_GAP}\d){{8}}{_END}")
_FAMILY = (
    "bui|cao|chu|duong|dam|dao|dang|dinh|doan|do|ha|hoang|ho|huynh|khuat|kieu|lai|lam|le|luong|luu|ly|mai|nghiem|ngo"
    "|nguyen|ninh|nong|pham|phan|phung|quach|ta|tang|thai|to|tong|tran|trieu|trinh|truong|tu|vo|vu|vuong"
)
_PERSON = re.compile(rf"\b(?:{_FAMILY})(?: [a-z]+){{1,4}}")
_NOT_A_PERSON = re.compile(
    r"(?:phuong|xa|quan|huyen|duong|pho|thon|to|cum|khu|ubnd|so|truong|toa nha|cho|benh vien|chi nhanh)\s+$"
)
_CITY = re.compile(r"ha (?:noi|dong|tinh|nam|giang)\b|ho chi minh|thai (?:nguyen|binh)\b|tu (?:lien|ngay|thu|nam)\b")
_LISTED = 3  # telephones of people from which on they are a list
_FREE_MAIL = re.compile(r"([\w.+-]{1,64})@(?:gmail|yahoo|hotmail|outlook|icloud|live|ymail|proton|zoho)[\w-]*\.[\w.]+")
_NAMED_MAIL = re.compile(
    r"(?<![\w.+-])((?:nguyen|pham|huynh|bui|tran(?!g)|hoang(?!hoa))[a-z0-9._]{3,60})@[\w-]+(?:\.[\w-]+)+"
)
_OFFICE_MAIL = re.compile(
    r"ubnd|hdnd|ttpv|trungtam|hotro|hotline|info|contact|support|vanthu|baochi|toasoan|tuyensinh|lienhe|cskh|motcua"
    r"|congan|admin|cds|cntt|chuyendoiso|ihanoi|thpt|thcs|tieuhoc|mamnon|benhvien|phongkham"
)
_ACCOUNT = re.compile(
    rf"\b(?:stk|so tk|so tai khoan|tai khoan so|tk so|tai khoan(?: ngan hang)?)\b[^\d\n]{{0,40}}?"
    rf"(?<![\d.,/])(\d(?:{_GAP}\d){{7,18}}){_END}(?! ?(?:dong\b|d\b|vnd|usd|trieu|ty\b|nguoi\b|tai khoan\b|%))"
)
_PUBLIC = re.compile(r"kho bac|ngan sach")


def _personal(text: _Text) -> Iterator[Concern]:
    bare = text.bare
    citizens = {match.start(): match.end() for match in _CITIZEN.finditer(bare)}
    citizens |= {match.start(1): match.end(1) for match in _SAID_CITIZEN.finditer(bare)}
    mails = [match.span() for match in _FREE_MAIL.finditer(bare) if not _OFFICE_MAIL.search(match[1])]
    mails += [match.span() for match in _NAMED_MAIL.finditer(bare) if match.span() not in mails]
    accounts = [match.span(1) for match in _ACCOUNT.finditer(bare) if not _PUBLIC.search(_around(bare, match.start()))]
    phones = [match.span() for match in _MOBILE.finditer(bare) if _is_of_person(text, match.start())]
    kinds = (
        ("numbers of identity papers", sorted(citizens.items()), 1),
        ("telephones of people", phones, _LISTED),
        ("e-mail addresses of people", sorted(mails), 1),
        ("bank accounts", accounts, 1),
    )
    for what, spans, least in kinds:
        if len(spans) >= least:
            lines = dict.fromkeys(bisect_right(text.starts, start) for start, _ in spans)
            where = ", ".join(map(str, list(lines)[:10])) + "…" * (len(lines) > 10)
            yield text.concern(Kind.PERSONAL, *spans[0], f"{what}: {len(spans)}, on lines {where}")


def _around(bare: str, position: int) -> str:
    return bare[bare.rfind("\n", 0, position) + 1 : position + 80]


def _is_of_person(text: _Text, position: int) -> bool:
    """Whether a person's name stands on the line of a telephone, or on the line above, and before it."""
    row = bisect_right(text.starts, position) - 1
    start = text.starts[max(row - 1, 0)]
    for match in _PERSON.finditer(text.bare, start, text.starts[row + 1] - 1):
        name = text.whole[match.start() : match.end()].split(" ")
        is_name = all(word[:1].isupper() for word in name[:2])
        before = text.bare[max(match.start() - 12, start) : match.start()]
        if is_name and not _NOT_A_PERSON.search(before) and not _CITY.match(match[0]):
            return True
    return False
