"""The text of a new document -> what the catalogue should say of it, for an admin to confirm.

Every proposal names the words that it rests on, and their line. What the document does not say stays None: the header
of an administrative document (Nghị định 30/2020/NĐ-CP) and of a press article is read, and nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import yaml

from corpus.document import PAGE, Entry, Source
from corpus.errors import CorpusError
from corpus.language.normalize import words

REQUIRED = ("id", "title", "issuer", "doc_type", "as_of", "status")  # the fields that corpus/catalogue.py wants filled
LONGEST_ID = 60
_HEADER = 80  # lines at most that stand above a document's first sentence
_PRESS_HEADER = 25
_SHOWN = 160

_TYPES = {  # as its title says it, folded: how it is written, and what the catalogue calls it
    "nghi quyet": ("Nghị quyết", "nghị quyết"),
    "quyet dinh": ("Quyết định", "quyết định"),
    "ke hoach": ("Kế hoạch", "kế hoạch"),
    "luat": ("Luật", "luật"),
    "phap lenh": ("Pháp lệnh", "luật"),
    "nghi dinh": ("Nghị định", "luật"),
    "thong tu": ("Thông tư", "luật"),
    "chi thi": ("Chỉ thị", "kế hoạch"),
    "chuong trinh": ("Chương trình", "kế hoạch"),
    "de an": ("Đề án", "kế hoạch"),
    "huong dan": ("Hướng dẫn", "hướng dẫn"),
    "thong bao": ("Thông báo", "hướng dẫn"),
    "cong dien": ("Công điện", "hướng dẫn"),
    "ket luan": ("Kết luận", "nghị quyết"),
    "quy che": ("Quy chế", "quyết định"),
    "quy dinh": ("Quy định", "quyết định"),
    "bao cao": ("Báo cáo", "số liệu"),
}
_SYMBOLS = {
    "NQ": "nghi quyet",
    "QĐ": "quyet dinh",
    "KH": "ke hoach",
    "QH": "luat",
    "PL": "phap lenh",
    "NĐ": "nghi dinh",
    "TT": "thong tu",
    "CT": "chi thi",
    "CTR": "chuong trinh",
    "ĐA": "de an",
    "HD": "huong dan",
    "TB": "thong bao",
    "CĐ": "cong dien",
    "KL": "ket luan",
    "BC": "bao cao",
}
_NOT_BINDING = ("bài viết", "hướng dẫn", "số liệu")  # they tell of other documents, and neither bind nor repeal

_LOWER = "".join(c for c in map(chr, range(0x1EFA)) if c.islower())
_SYMBOL = rf"(?:TTg|CTr|Tr|[A-ZĐ]{{2,12}}\d{{0,2}})(?![{_LOWER}])"  # "UBNDHà Nội" ran together in a PDF
_UNIT = rf"(?:TTg|[A-ZĐ]{{1,12}}\d{{0,2}})(?![{_LOWER}])"
_NUMBER = re.compile(
    rf"(?<![\w/.,-])\d{{1,5}}[a-z]?\s?(?:/\s?\d{{4}}\s?)?[/-]\s?{_SYMBOL}(?:\s?[-/&]\s?{_UNIT}){{0,3}}"
)
_TYPED_NUMBER = re.compile(r"\d{1,5}[a-z]?(?:/\d{4})?[/-][a-zđ]{2,12}\d{0,2}(?:[-/][a-zđ]{1,12}\d{0,2}){0,3}")
_LABEL = re.compile(r"(?<!\w)(?:luật\s+)?(?:số\s*[:.]?|so\s*:)(?=[\s\d./…_]*[/\d-])\s*", re.IGNORECASE)
_BLANK_NUMBER = re.compile(r"[\s.…_]*[/-]\s*(?:\d{4}\s*/\s*)?[A-ZĐa-zđ]{2}")

_NATION = re.compile(
    r"cong hoa xa hoi chu nghia viet nam|dang cong san viet nam|doc lap\s*[-–—.]*\s*tu do\s*[-–—.]*\s*hanh phuc"
)
_DAY = r"ngay\s*(\d{1,2})(?:\s*thang\s*|\s*[/.-]\s*)(\d{1,2})(?:\s*,?\s*nam\s*|\s*[/.-]\s*)(\d{4})(?!\d)"
_MONTH = r"ngay[\s.…_]*thang\s*(\d{1,2})\s*nam\s*(\d{4})(?!\d)"
_SIGNED = re.compile(r"thoi gian ky:?\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_PASSED = re.compile(rf"thong qua {_DAY}")
_SLASHED = r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)"
_CLOCK = r"\d{1,2}(?::|h|g| gio )\d{2}(?::\d\d)?"
_WEEKDAY = r"(?:(?:thu (?:hai|ba|tu|nam|sau|bay|[2-7])|chu nhat)\s*,?\s*(?:ngay\s*)?)"
_PRESS_DATES = tuple(
    re.compile(form)
    for form in (
        rf"(?:ngay (?:dang|xuat ban)|dang (?:ngay|luc|tai)|xuat ban)\s*:?\s*(?:{_CLOCK}\s*[,|-]?\s*)?{_SLASHED}",
        rf"{_SLASHED}\s*[,|–-]?\s*(?:luc\s*)?{_CLOCK}",
        rf"{_CLOCK}\s*(?:\(?gmt ?\+ ?7\)?)?\s*[,|–-]?\s*(?:{_WEEKDAY}|ngay\s*)?{_SLASHED}",
        rf"^\W*{_WEEKDAY}?(?:ngay\s*)?{_SLASHED}\W*$",
    )
)
_UPDATED = re.compile(rf"cap nhat(?: ngay| luc)?\s*:?\s*(?:{_CLOCK}\s*[,|-]?\s*)?{_SLASHED}")
_CREDIT = re.compile(r"\(?\s*(?:nguồn|theo)\s*:\s*([^|]{2,80}?)\s*\)?\.?", re.IGNORECASE)

_DRAFT = re.compile(
    r"\(?\s*(?:ban )?du thao(?:\s+(?:lan|ban)(?: thu)? \w+)?"
    r"(?:[\s,:–-]*\(?(?:ngay )?\d{1,2}[/.-]\d{1,2}[/.-]\d{4}\)?)?\s*\)?[.:]?"
)
_BODY = (  # what the first sentence of a document begins with
    r"can cu|theo de nghi|theo quy dinh|xet |kinh gui|dieu 1\b|chuong (?:i|1)\b|phan (?:i|1|thu)\b"
    r"|(?:i|1)[.)] |a[.)] "
)
_BODY_START = re.compile(_BODY)
_SUBJECT_END = re.compile(
    rf"{_BODY}|thuc hien |nham |de |uy ban |hoi dong |chu tich|thu tuong|bo truong|quoc hoi|chinh phu"
    r"|quyet (?:dinh|nghi)|\(?kem theo|\(?ban hanh"
)
_BODIES = re.compile(
    r"(?:uy ban|ubnd|hoi dong|hdnd|so|bo|thanh uy|tinh uy|quan uy|huyen uy|dang uy|dang bo|quoc hoi|chinh phu|thu tuong"
    r"|chu tich|van phong|ban|cuc|tong cuc|chi cuc|trung tam|cong an|vien|toa an|truong|benh vien|lien minh|hoi"
    r"|tap doan|tong cong ty|cong ty|ngan hang|bao hiem|thanh tra|doan|mat tran|phong|thue|kho bac)\b"
)
_PLACES = re.compile(r"(?:thành phố|tỉnh|quận|huyện|thị xã|thị trấn|phường|xã(?! hội)|tp\.?)\s+", re.IGNORECASE)
_PROPER = re.compile(
    r"\b(hà nội|việt nam|thủ đô|chính phủ|quốc hội|thủ tướng|bộ chính trị|trung ương|ủy ban nhân dân|hội đồng nhân dân"
    r"|thành ủy|ubnd|hđnd|tp|ai|iot|ihanoi|vneid|asean)\b"
)
_ABBREVIATIONS = frozenset({"ubnd", "hđnd", "tp", "ai"})
_SPECIAL = {"ihanoi": "iHanoi", "vneid": "VNeID", "iot": "IoT", "asean": "ASEAN", "bộ chính trị": "Bộ Chính trị"}
_UNDER = re.compile(  # bodies whose next word is a name, too
    r"^(Sở|Bộ|Ban|Cục|Tổng cục|Chi cục|Trung tâm|Viện|Hội(?! đồng)|Liên minh|Ủy ban(?! nhân dân\b)|Tập đoàn|Phòng) (\w)"
)

_OWN = r"(?:van ban|thoa thuan|" + "|".join(_TYPES) + r")(?: lien tich)? nay\b"
_FROM = re.compile(rf"hieu luc(?: thi hanh)?(?: ke)?,? (?:tu |vao )+{_DAY}")
_FROM_SIGNING = re.compile(r"hieu luc(?: thi hanh)?(?: ke)? tu (?:ngay )?(?:ky|ban hanh|thong qua)\b")
_AFTER_DAYS = re.compile(r"hieu luc(?: thi hanh)? sau (\d{1,3}) (?:\([^)]*\) )?ngay")
_UNTIL = re.compile(
    rf"den (?:het )?(?:{_DAY}|(?:het )?thang (\d{{1,2}})(?: nam |[/-])(\d{{4}})|(?:het )?nam (\d{{4}}))"
)
_ENDS = re.compile(rf"{_OWN}[^.;]{{0,40}}? het hieu luc(?: thi hanh)?,? (?:(ke tu|tu)|vao) {_DAY}")
_REPEALS = re.compile(
    r"(?<!duoc )\b(?:thay the|bai bo)\b(?! (?:bang|boi|cum tu|tu ngu|phu luc|mau|mot so|khoan|diem|dieu)\b)"
)
_ENDED = re.compile(r"\b(?:het|cham dut) hieu luc\b")
_AMENDED_BY = re.compile(r"(?:sua doi|bo sung|can cu|theo|quy dinh tai|tai)[^,;]{0,60}$")


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the words on line `line` (from 1) of the text that it comes from."""

    value: str
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """A document that the new one says it replaces or repeals; `id` is None where the catalogue has none like it."""

    number: str
    id: str | None
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The fields of a catalogue entry as far as the document states them."""

    id: Found | None
    title: Found | None
    issuer: Found | None
    number: Found | None
    doc_type: Found | None
    issued: Found | None
    as_of: Found | None
    status: Found | None
    expires: Found | None
    note: Found | None
    supersedes: tuple[Superseded, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that a catalogue entry must have, and that an admin has to be asked for."""
        return tuple(name for name in REQUIRED if getattr(self, name) is None)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line or a table's cell without its markup; `bare` is as long: lower case without diacritics."""

    line: int
    text: str
    bare: str
    is_heading: bool = False

    def found(self, value: str) -> Found:
        return Found(value, self.line, _clipped(self.text))


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands above a document's first sentence."""

    issuer: Found | None
    number: Found | None
    is_numbered: bool  # or has a blank for a number
    dated: Found | None
    draft: Found | None
    kind: Found | None  # a key of _TYPES
    subject: Found | None


def propose(markdown: str, today: date, known: Collection[Entry]) -> Proposal:
    """What the catalogue should say of a document, as far as its text (NFC) says so itself."""
    lines = list(_lines(markdown.split("\n")))
    paragraphs = list(_paragraphs(markdown.split("\n")))
    header = _header(lines)
    heading = next((line for line in lines if line.is_heading), None)
    number = header.number or (None if header.is_numbered else _number_of_title(heading))
    kind = header.kind or _kind_of_number(number)
    is_press = not header.is_numbered and number is None and header.issuer is None and _is_press(lines)
    doc_type = _doc_type(kind, is_press, heading or _first(lines), number)
    issued, updated = _press_dates(lines) if is_press else (header.dated or _passed(paragraphs), None)
    issued = issued if issued or is_press or header.draft else _signed(lines)
    binding = doc_type is not None and doc_type.value not in _NOT_BINDING and not header.draft
    starts, expires = _effect(paragraphs, issued) if binding else (None, None)
    title = _title(header, number, None if is_press else kind, heading or _first(lines))
    return Proposal(
        id=_id(title, number, kind if number else None, issued, {entry.id for entry in known}),
        title=title,
        issuer=header.issuer or _credited(paragraphs),
        number=number,
        doc_type=doc_type,
        issued=None if header.draft else issued,
        as_of=updated or issued,
        status=_status(header.draft, doc_type, starts, expires, today),
        expires=expires,
        note=_note(header.draft, starts, today),
        supersedes=tuple(_superseded(paragraphs, number, known)) if binding else (),
    )


def confirmed(proposal: Proposal, given: Mapping[str, str], sources: Sequence[Source] = ()) -> Entry:
    """The entry of a proposal with what an admin gives instead; raises CorpusError where a required field lacks."""
    names = ("id", "title", "issuer", "number", "doc_type", "issued", "as_of", "status", "note", "expires")
    if strange := sorted(given.keys() - set(names)):
        raise CorpusError(f"unknown field {strange[0]!r} — the fields are {', '.join(names)}")
    found = {name: getattr(proposal, name) for name in names}
    fields: dict[str, str | None] = {name: one.value if one else None for name, one in found.items()}
    fields |= {name: unicodedata.normalize("NFC", value.strip()) or None for name, value in given.items()}
    if lacking := [name for name in REQUIRED if not fields[name]]:
        raise CorpusError(f"the document does not say its {', '.join(lacking)} — give it")
    supersedes = tuple(dict.fromkeys(one.id for one in proposal.supersedes if one.id))
    return Entry(**fields, supersedes=supersedes, superseded_by=(), sources=tuple(sources))  # type: ignore[arg-type]


def front_matter(entry: Entry) -> str:
    """The entry as corpus/catalogue.py reads it, with the lines «---» around it; dates stay strings."""
    fields = asdict(entry)
    for name in ("note", "expires"):
        if fields[name] is None:
            del fields[name]
    for name in ("supersedes", "superseded_by", "sources"):
        fields[name] = list(fields[name])
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{text}---\n"


# Lines


def _bare(text: str) -> str:
    """Lower case without diacritics, character by character."""
    return "".join(unicodedata.normalize("NFD", c)[0].lower()[0] for c in text).replace("đ", "d").replace("\xa0", " ")


def _lines(raw: Sequence[str]) -> Iterator[_Line]:
    """The lines of a document's top; a table column by column, for a header is often a table of two.

    A column with several numbers of documents is a list of others.
    """
    table: list[tuple[int, list[str]]] = []
    for number, text in enumerate([*raw[:_HEADER], ""], 1):
        if text.lstrip(" >").startswith("|"):
            table.append((number, text.strip(" >").strip("|").split("|")))
            continue
        for column in range(max((len(cells) for _, cells in table), default=0)):
            rows = [(line, cells[column]) for line, cells in table if column < len(cells)]
            if sum(bool(_NUMBER.search(cell)) for _, cell in rows) > 1:
                continue
            for line, cell in rows:
                for part in re.split(r"<br\s*/?>", cell):
                    yield from _pieces(line, part, is_heading=False)
        table = []
        yield from _pieces(number, text, is_heading=text.startswith("#"))


def _pieces(number: int, raw: str, is_heading: bool) -> Iterator[_Line]:
    """The parts of a line that the name and the motto of the country, in the other column, leave."""
    text = "" if PAGE.fullmatch(raw.strip()) else re.sub(r"[*`]|(?<!\w)_+|_+(?!\w)|^[\s>#]+", "", raw)
    bare = _bare(text)
    start = 0
    for match in (*_NATION.finditer(bare), None):
        end = match.start() if match else len(text)
        piece = re.sub(r"\s+", " ", text[start:end]).strip(" -–—=")
        if any(map(str.isalnum, piece)):
            yield _Line(number, piece, _bare(piece), is_heading)
        start = match.end() if match else end


def _paragraphs(raw: Sequence[str]) -> Iterator[_Line]:
    """The lines of the whole text, those of one sentence that a PDF has broken put together again."""
    first, parts = 0, [""]
    for number, line in enumerate([*raw, ""], 1):
        text = line.strip("|>*# \t")
        if PAGE.fullmatch(line.strip()):
            continue
        goes_on = text[:1].islower() or (text[:1].isdigit() and parts[-1][-1:].isalpha())
        if parts[0] and goes_on and not re.match(r"(?:[a-zđ]|\d{1,2})[.)] ", text):
            parts.append(text)
            continue
        if parts[0]:
            joined = " ".join(parts)
            yield _Line(first, joined, _bare(joined))
        first, parts = number, [text]


def _sentences(paragraphs: Iterable[_Line]) -> Iterator[_Line]:
    for paragraph in paragraphs:
        for match in re.finditer(r"(?:[^.;]|\.(?=\S))+[.;:]?", paragraph.text):
            if match[0].strip():
                start, end = match.span()
                yield _Line(paragraph.line, paragraph.text[start:end].strip(), paragraph.bare[start:end].strip())


def _first(lines: Sequence[_Line]) -> _Line | None:
    """The first line, if it can be a title."""
    line = lines[0] if lines else None
    return line if line and len(line.text) <= 200 and not line.text.endswith((".", ";", ":")) else None


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1].rstrip()}…"


# The header


def _header(lines: Sequence[_Line]) -> _Header:
    issuers: list[_Line] = []
    subject: list[_Line] = []
    number = dated = draft = kind = None
    is_numbered = is_letter = False
    for line in lines:
        if _BODY_START.match(line.bare):
            break
        if not dated and len(line.text) <= 120 and not line.bare.startswith("("):
            dated = _day(line) or (_month(line) if number else None)
        if _DRAFT.fullmatch(line.bare):
            draft = draft or line.found("Dự thảo")
        elif not is_numbered and (label := _label(line)):
            rest = line.text[label.end() :]
            number = _numbered(line, rest)
            is_numbered = bool(number or _BLANK_NUMBER.match(rest))
            if is_numbered:
                issuers += _part(line, 0, label.start())
                subject += _letter_subject(line)
                is_letter = bool(subject)
        elif not kind and (found := _kind(line)):
            kind, remainder = found
            subject = [] if is_letter else subject
            subject += remainder
        elif kind or is_letter:
            if _goes_on(subject, line):
                subject.append(line)
            elif subject and not is_letter:
                break
        elif is_numbered and (about := _letter_subject(line)):
            subject, is_letter = about, True
        elif not is_numbered and _is_body(line, issuers):
            issuers.append(line)
    if not number and not is_numbered:
        number, dated = _attached(lines, dated)
    words_of = _joined(subject)
    return _Header(_issuer(issuers), number, is_numbered or number is not None, dated, draft, kind, words_of)


def _label(line: _Line) -> re.Match[str] | None:
    """The word before the document's own number: it begins the line, or stands behind an office in capitals."""
    match = _LABEL.search(line.text)
    before = line.text[: match.start()] if match else ""
    return match if len(line.text) <= 200 and (not before or before.isupper()) else None


def _part(line: _Line, start: int, end: int) -> list[_Line]:
    text = line.text[start:end].strip(" ,:-–")
    return [_Line(line.line, text, _bare(text))] if any(map(str.isalpha, text)) else []


def _numbered(line: _Line, rest: str) -> Found | None:
    match = _NUMBER.match(rest)
    if not match and (match := _TYPED_NUMBER.match(rest)):
        return line.found(re.sub("(?<=[/-])TTG", "TTg", match[0].upper()))
    return line.found(re.sub(r"\s", "", match[0])) if match else None


def _letter_subject(line: _Line) -> list[_Line]:
    """What a letter, which has no title, is about: "V/v …" below its number."""
    match = re.search(r"(?<!\w)v/v:? ", line.bare)
    if not match:
        return []
    text = line.text[match.start() :]
    ends = re.search(rf",?\s*(?:[A-ZĐ][{_LOWER}]+ ?){{1,4}},\s*ngày ", text)
    text = text[: ends.start()] if ends else text
    return [_Line(line.line, text, _bare(text))]


def _kind(line: _Line) -> tuple[Found, list[_Line]] | None:
    """The type of a document where its title begins, and the words behind it."""
    for name in _TYPES:
        if re.match(rf"{name}\b", line.bare):
            rest = line.bare[len(name) :].strip(" :.*")
            is_title = line.text[: len(name)].isupper()
            if not rest or (is_title and not _NUMBER.match(line.text[len(name) :].strip())):
                return line.found(name), _part(line, len(name), len(line.text)) if rest else []
    return None


def _goes_on(subject: Sequence[_Line], line: _Line) -> bool:
    """Whether a line is what a title says, or the rest of it."""
    if _LABEL.match(line.text) or re.search(_DAY, line.bare) or line.bare.startswith("("):
        return False
    if not subject:
        return not re.match(r"cua\b|[-–—_*]", line.bare) and len(line.text) <= 300
    if line.is_heading:
        return False
    near = line.line - subject[-1].line <= 1 or line.text[0].islower()
    short = sum(len(one.text) for one in subject) + len(line.text) <= 300
    return near and short and not line.text.endswith((".", ";", ":")) and not _SUBJECT_END.match(line.bare)


def _joined(lines: Sequence[_Line]) -> Found | None:
    if not lines:
        return None
    text = " ".join(line.text for line in lines).strip(" .:")
    return Found(_readable(text), lines[0].line, _clipped(text))


def _attached(lines: Sequence[_Line], dated: Found | None) -> tuple[Found | None, Found | None]:
    """The number and the day of the decision that a regulation or a programme is attached to."""
    for line in lines:
        if re.match(r"\(?\s*(?:ban hanh )?kem theo", line.bare) and (match := _NUMBER.search(line.text)):
            day = re.search(_DAY, line.bare)
            iso = _iso(day[1], day[2], day[3]) if day else None
            return line.found(re.sub(r"\s", "", match[0])), line.found(iso) if iso else dated
    return None, dated


def _is_body(line: _Line, issuers: Sequence[_Line]) -> bool:
    """Whether a line above the number names an office, or goes on with its name."""
    if (line.is_heading and not line.text.isupper()) or len(line.text) > 120 or re.search(_DAY, line.bare):
        return False
    if _BODIES.match(line.bare):
        return line.text.isupper() or (not issuers and len(line.text) <= 80 and not line.text.endswith((".", ":")))
    return bool(issuers) and line.text.isupper() == issuers[-1].text.isupper() and len(line.text) <= 60


def _issuer(lines: Sequence[_Line]) -> Found | None:
    """The office that issues: the last one above the number, the one above it being whom it is under."""
    offices: list[list[_Line]] = []
    for line in lines:
        if _BODIES.match(line.bare) or not offices:
            offices.append([line])
        else:
            offices[-1].append(line)
    if not offices or not _BODIES.match(offices[-1][0].bare):
        return None
    names = [_readable(" ".join(line.text for line in office)) for office in offices]
    shown = names[-1]
    over = names[-2] if len(names) > 1 else ""
    if shown == "Văn phòng" and over:
        shown = f"{shown} {over}"
    elif over and re.match(r"Sở|Trung tâm|Chi cục|Ban |Phòng", shown) and (place := _PLACES.search(over)):
        shown = shown if _PLACES.search(shown) or "Hà Nội" in shown else f"{shown} {over[place.start() :]}"
    text = " / ".join(line.text for office in offices for line in office)
    return Found(shown, lines[0].line, _clipped(text))


def _readable(text: str) -> str:
    """Words in capitals as one writes them otherwise, names apart; what is not all in capitals stays."""
    text = re.sub(r"\s+", " ", text).replace("Uỷ", "Ủy").replace("uỷ", "ủy").replace("UỶ", "ỦY").strip()
    if not text.isupper():
        return text
    lower = text.lower()
    lower = _PROPER.sub(lambda match: _name(match[0]), lower)
    lower = re.sub(  # what stands behind the kind of a place is its name
        rf"{_PLACES.pattern}(?!trực thuộc|thông minh|đến|năm|về)((?:(?!và\b|năm\b|đến\b|về\b)\w+ ?){{1,3}})",
        lambda match: match[0][: match.start(1) - match.start()] + match[1].title(),
        lower,
        flags=re.IGNORECASE,
    )
    shown = lower[0].upper() + lower[1:]
    shown = re.sub(r"(?<=^Ủy ban )thường vụ", "Thường vụ", shown)
    shown = re.sub(r"(?<=^Ban )chấp hành", "Chấp hành", shown)
    shown = _UNDER.sub(lambda match: f"{match[1]} {match[2].upper()}", shown)
    if re.match(r"(?:Sở|Bộ|Phòng) ", shown):
        shown = re.sub(r"((?: và|,| -) )(\w)", lambda match: match[1] + match[2].upper(), shown)
    return shown


def _name(words_of: str) -> str:
    if words_of in _SPECIAL:
        return _SPECIAL[words_of]
    if words_of in _ABBREVIATIONS:
        return words_of.upper()
    return words_of.title() if words_of in ("hà nội", "việt nam") else words_of[0].upper() + words_of[1:]


# What the text says further


def _number_of_title(heading: _Line | None) -> Found | None:
    """The number in a title such as "Kế hoạch 338/KH-UBND bảo vệ người dân"; not one that the title is only about."""
    if heading is None:
        return None
    for name in _TYPES:
        if match := re.match(rf"{name}(?: (?:hanh dong|lien tich))?(?: so:?)? ", heading.bare):
            number = _NUMBER.match(heading.text[match.end() :])
            if number and _SYMBOLS.get(_symbol(number[0])) == name:
                return heading.found(re.sub(r"\s", "", number[0]))
    return None


def _symbol(number: str) -> str:
    """The abbreviation of the type: NQ of 18-NQ/TU, QH of 39/2024/QH15; a letter's (1161/SGDĐT-QLT) is no type's."""
    match = re.search(r"[A-ZĐ][A-Za-zĐ]*", number)
    return match[0].upper() if match else ""


def _kind_of_number(number: Found | None) -> Found | None:
    if number and (kind := _SYMBOLS.get(_symbol(number.value))):
        return Found(kind, number.line, number.words)
    return None


def _is_press(lines: Sequence[_Line]) -> bool:
    return any(_press_dates(lines)) or any(_CREDIT.fullmatch(line.text) for line in lines)


def _doc_type(kind: Found | None, is_press: bool, heading: _Line | None, number: Found | None) -> Found | None:
    opening = re.match(r"huong dan\b|cach\b|cac buoc\b", heading.bare) if heading else None
    if heading and opening and (is_press or not kind):
        return heading.found("hướng dẫn")
    if is_press and heading:
        return heading.found("bài viết")
    if kind:
        return Found(_TYPES[kind.value][1], kind.line, kind.words)
    if number:  # a letter
        return Found("hướng dẫn", number.line, number.words)
    if heading and re.match(r"(?:so lieu|thong ke|bang (?:so lieu|tong hop))\b", heading.bare):
        return heading.found("số liệu")
    return None


def _title(header: _Header, number: Found | None, kind: Found | None, heading: _Line | None) -> Found | None:
    subject = header.subject
    if not subject or not (kind or number):
        return heading.found(_readable(heading.text)) if heading else None
    about = subject.value
    name = _TYPES[kind.value][0] if kind else "Công văn"
    if name == "Luật":
        title = f"Luật {about}{f' số {number.value}' if number else ''}"
    else:
        head = f"{name} {number.value}" if number else name
        is_about = re.match(r"(?:v/v|về)\b:?\s*", about, re.IGNORECASE)
        rest = re.sub(r"^v/v\b:?\s*", "về việc ", about, flags=re.IGNORECASE)
        title = f"{head} {rest[0].lower()}{rest[1:]}" if is_about else f"{head}: {about}"
    title = f"Dự thảo {title}" if header.draft else title
    words_of = f"{kind.words} / {subject.words}" if kind and kind.words != subject.words else subject.words
    return Found(title, (kind or subject).line, _clipped(words_of))


def _id(
    title: Found | None, number: Found | None, kind: Found | None, issued: Found | None, ids: set[str]
) -> Found | None:
    """Type, number and year, or else the title, in the letters of the ids that there are."""
    basis = number or title
    if basis is None or title is None:
        return None
    if number:
        parts = [*(kind.value.split() if kind else ("cong", "van")), *words(number.value)]
        year = issued.value[:4] if issued else ""
        parts += [year] if year and year not in parts else []
    else:
        parts = words(title.value)
    slug = re.sub(r"[^a-z0-9-]", "", "-".join(parts))
    if len(slug) > LONGEST_ID:
        slug = slug[: LONGEST_ID + 1].rpartition("-")[0] or slug[:LONGEST_ID]
    if not slug:
        return None
    proposed, times = slug, 1
    while proposed in ids:
        times += 1
        proposed = f"{slug[: LONGEST_ID - len(str(times)) - 1].rstrip('-')}-{times}"
    return Found(proposed, basis.line, basis.words)


# Dates and effect


def _iso(day: str, month: str, year: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _day(line: _Line) -> Found | None:
    """The day of a header, "Hà Nội, ngày 9 tháng 2 năm 2026"; behind a number and no comma it is another document's."""
    match = re.search(_DAY, line.bare)
    before = line.text[: match.start()].rstrip() if match else ""
    if not match or (before and not before.endswith(",") and (len(before) > 30 or any(map(str.isdigit, before)))):
        return None
    iso = _iso(match[1], match[2], match[3])
    return line.found(iso) if iso else None


def _month(line: _Line) -> Found | None:
    """A header whose day was to be written by hand."""
    match = re.search(_MONTH, line.bare)
    return line.found(f"{match[2]}-{int(match[1]):02}") if match and 1 <= int(match[1]) <= 12 else None


def _signed(lines: Sequence[_Line]) -> Found | None:
    """The day of an electronic signature, which a PDF's first lines may hold."""
    for line in lines:
        if (match := _SIGNED.search(line.bare)) and (iso := _iso(match[1], match[2], match[3])):
            return line.found(iso)
    return None


def _passed(paragraphs: Iterable[_Line]) -> Found | None:
    """The day on which a law or a resolution was passed, at its end."""
    for sentence in _sentences(paragraphs):
        if re.search(_OWN, sentence.bare) and (match := _PASSED.search(sentence.bare)):
            iso = _iso(match[1], match[2], match[3])
            return sentence.found(iso) if iso else None
    return None


def _press_dates(lines: Sequence[_Line]) -> tuple[Found | None, Found | None]:
    """The day on which an article came out, and the one on which it was last changed."""
    top = [line for line in lines if line.line <= _PRESS_HEADER]
    dates = (_press_date(line, pattern) for pattern in _PRESS_DATES for line in top)
    updated = next(filter(None, (_press_date(line, _UPDATED) for line in top)), None)
    return next(filter(None, dates), updated), updated


def _press_date(line: _Line, pattern: re.Pattern[str]) -> Found | None:
    match = pattern.search(line.bare) if len(line.text) <= 200 else None
    iso = _iso(match[1], match[2], match[3]) if match else None
    return line.found(iso) if iso else None


def _credited(paragraphs: Sequence[_Line]) -> Found | None:
    """Whom an article names as its source, in a line of its own at either end."""
    for line in (*paragraphs[-5:], *paragraphs[:10]):
        if match := _CREDIT.fullmatch(line.text.strip("*_ ")):
            return line.found(match[1].strip(" /"))
    return None


def _effect(paragraphs: Sequence[_Line], issued: Found | None) -> tuple[Found | None, Found | None]:
    """Since when the document is in force, and its last day, where it says so."""
    starts = expires = None
    for sentence in _sentences(paragraphs):
        bare = sentence.bare
        if bare.startswith("can cu") or not (re.search(_OWN, bare) or re.match(rf"(?:{'|'.join(_TYPES)}) co\b", bare)):
            continue
        if match := _ENDS.search(bare):
            iso = _iso(match[2], match[3], match[4])
            last = date.fromisoformat(iso) - timedelta(days=bool(match[1])) if iso else None
            expires = expires or (sentence.found(last.isoformat()) if last else None)
            continue
        if not re.search(r"(?:co|va) hieu luc|hieu luc thi hanh|ap dung|thuc hien", bare) or _ENDED.search(bare):
            continue
        starts = starts or _starts(sentence, issued)
        if (starts or "hieu luc" in bare) and (match := _UNTIL.search(bare)):
            expires = expires or _until(sentence, match)
    return starts, expires


def _starts(sentence: _Line, issued: Found | None) -> Found | None:
    if match := _FROM.search(sentence.bare):
        iso = _iso(match[1], match[2], match[3])
        return sentence.found(iso) if iso else None
    if _FROM_SIGNING.search(sentence.bare):
        return sentence.found(issued.value if issued else "")
    if (match := _AFTER_DAYS.search(sentence.bare)) and issued and len(issued.value) == 10:
        return sentence.found((date.fromisoformat(issued.value) + timedelta(days=int(match[1]))).isoformat())
    return None


def _until(sentence: _Line, match: re.Match[str]) -> Found | None:
    day, month, year, of_month, of_year, only_year = match.groups()
    if day:
        iso = _iso(day, month, year)
        return sentence.found(iso) if iso else None
    if of_month:
        return sentence.found(f"{of_year}-{int(of_month):02}") if 1 <= int(of_month) <= 12 else None
    return sentence.found(only_year)


def _is_over(expires: str, today: date) -> bool:
    return today.isoformat()[: len(expires)] > expires


def _is_to_come(starts: Found | None, today: date) -> bool:
    return starts is not None and starts.value > today.isoformat()[: len(starts.value)]


def _status(
    draft: Found | None, doc_type: Found | None, starts: Found | None, expires: Found | None, today: date
) -> Found | None:
    if draft:
        return Found("thông tin tại thời điểm", draft.line, draft.words)
    if expires and _is_over(expires.value, today):
        return Found("hết hiệu lực", expires.line, expires.words)
    if starts:
        return None if _is_to_come(starts, today) else Found("còn hiệu lực", starts.line, starts.words)
    if doc_type and doc_type.value in ("bài viết", "số liệu"):
        return Found("thông tin tại thời điểm", doc_type.line, doc_type.words)
    return None


def _note(draft: Found | None, starts: Found | None, today: date) -> Found | None:
    if draft:
        return Found("Dự thảo, chưa được ban hành.", draft.line, draft.words)
    if starts and _is_to_come(starts, today):
        day = date.fromisoformat(starts.value)
        return Found(f"Có hiệu lực từ ngày {day.day}/{day.month}/{day.year}.", starts.line, starts.words)
    return None


# What it replaces


def _superseded(paragraphs: Sequence[_Line], own: Found | None, known: Collection[Entry]) -> Iterator[Superseded]:
    """Every document of which the text says that the new one replaces, repeals or ends it as a whole."""
    seen = {own.value.upper()} if own else set()
    is_list = False
    for sentence in _sentences(paragraphs):
        bare = sentence.bare
        if bare.startswith("can cu"):
            continue
        is_item = bool(re.match(r"[-+•–]|(?:[a-zd]|\d{1,2})[.)]", bare))
        start, end = 0, len(bare)
        if match := _REPEALS.search(bare):
            start, is_list = match.end(), bare.endswith(":")
        elif (match := _ENDED.search(bare)) and not re.search(_OWN, bare[: match.start()]):
            end = len(bare) if bare.endswith(":") else match.start()
            is_list = bare.endswith(":")
        elif not (is_list and is_item):
            is_list = is_list and not _NUMBER.search(sentence.text)
            continue
        for number in _NUMBER.finditer(sentence.text, start, end):
            name = re.sub(r"\s", "", number[0])
            if name.upper() in seen or _AMENDED_BY.search(
                bare[start : number.start()].rpartition(name.lower())[2][-80:]
            ):
                continue
            seen.add(name.upper())
            day = re.match(rf"\s*{_DAY}", bare[number.end() :])
            yield Superseded(name, _known(name, day[3] if day else None, known), sentence.line, _clipped(sentence.text))


def _known(number: str, year: str | None, known: Collection[Entry]) -> str | None:
    """The entry with that number and, where both are known, of that year: numbers begin anew each year."""
    for entry in known:
        if number.upper() in _numbers(entry) and (not (year and entry.issued) or (entry.issued or "")[:4] == year):
            return entry.id
    return None


def _numbers(entry: Entry) -> Iterator[str]:
    """The numbers of an entry; "29, 30/2025/NQ-HĐND" are two of one kind."""
    for group in (entry.number or "").upper().split(";"):
        symbol = re.sub(r"^\d+", "", group.split(",")[-1].strip())
        for one in group.split(","):
            yield one.strip() + (symbol if one.strip().isdigit() else "")
