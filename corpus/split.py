"""Document -> passages, along the document's own structure.

A line is a heading, a list item, a table row or a paragraph (one paragraph a line). A row keeps its header, an item
its lead-in, a passage its headings; a passage never crosses a heading. A text with lines "Điều 1. …" is a legal text:
Phần, Chương, Mục and Điều are its headings, every Khoản begins a passage, and its Điểm hang on it.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from corpus.document import MARKER, PAGE, Document, Kind, Passage, Unit
from corpus.language.normalize import words

PASSAGE_LENGTH = 700  # characters; measured in EXPERIMENTS.md
SENTENCE_LENGTH = 320  # a longer sentence is cut at its semicolons, so that a quote stays short

_MARGIN = re.compile(r"\s*(?:>(?:\s+|$))*")  # indentation, and the signs of a block quote
_HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?")
_FENCE = re.compile(r"(?:`{3,}|~{3,})[^`]*")
_ITEM = re.compile(r"(?:([-*+•–])|\d{1,2}[.)]|(?P<point>\**[a-zđ]\d?\)\**))\s+")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_PIPE = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)|<(https?://[^<>\s]+)>")
_EMPHASIS = re.compile(
    r"\*\*|`|(?<!\w)__(?=[^\s_])|(?<=[^\s_])__(?!\w)|(?<![\w*\\])\*(?=[^\s*])([^*]+)(?<![\s\\])\*(?![\w*])"
)
_SINCE = ("Nay", "Hiện nay", "Trước", "Trước đây", "Sau đó")  # headers without which a row of two cells misleads
_BREAK = re.compile(r"<br\s*/?>")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SENTENCE_END = re.compile(r"[.!?…][\"”»)\]*]*(?:\s*\[[0-9]{1,4}\])*\s+(?=[\"“«(*]*(\w))")
_ABBREVIATED = re.compile(r"\b(?:TP|Tp|Ths|ThS|TS|GS|PGS|BS|KS|St|No|tr|[A-ZĐ])\.$")
_CLAUSE_END = re.compile(r";\s+")

_ARTICLE = re.compile(r"(?:#+\s+)?\**(?i:điều)\s+(\d{1,3}[a-zđ]?)\s*[.:](?=[\s*]|$)[\s*]*")
_CHAPTER = re.compile(
    r"(?:(?i:(phần|chương|mục|tiểu mục))\s+(?:[IVXLCDM]+|\d{1,3}|(?i:thứ\s+\w+))"
    r"|(?i:(phụ lục))(?:\s+(?:[IVXLCDM]+|\d{1,3}))?)\b\s*[.:–-]?\s*(.*)"
)
_CLAUSE = re.compile(r"\**(\d{1,3}[a-zđ]?)\.\**\s+")
_LEVELS = {"phụ lục": 11, "phần": 11, "chương": 12, "mục": 13, "tiểu mục": 14, "điều": 15}  # below any Markdown heading
_START = "mo-dau"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its margin; `start` is where its text begins in the document."""

    start: int
    indent: int
    text: str
    is_code: bool
    page: int | None

    @property
    def is_blank(self) -> bool:
        return not _has_words(self.text)


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    title: str
    key: str = ""  # of a Điều; other headings are keyed by their titles


@dataclass(frozen=True, slots=True)
class _Section:
    """The lines below one heading, or of one Khoản; `lead` is what a Khoản hangs on."""

    headings: tuple[str, ...]
    key: str
    lines: list[_Line] = field(default_factory=list)
    is_clause: bool = False
    lead: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    """Units that stand together in one section; `key` is their place in a structural id."""

    headings: tuple[str, ...]
    key: str
    units: tuple[Unit, ...]


def split(document: Document) -> tuple[Passage, ...]:
    """The passages of a document, in its order, each with an id of its own."""
    lines = tuple(_over_pages(tuple(_lines(document))))
    legal = sum(1 for line in lines if not line.is_code and _ARTICLE.match(line.text)) >= 2
    sections = _sections(_outline(lines, legal), document.entry.title)
    part = "+" if legal else "."  # in a legal text "dieu-12.2" is Khoản 2
    passages: list[Passage] = []
    taken: Counter[str] = Counter()
    for block in _packed(block for section in sections for block in _blocks(section)):
        taken[block.key] += 1
        suffix = f"{part}{taken[block.key]}" if taken[block.key] > 1 else ""
        passage_id = f"{document.entry.id}#{block.key}{suffix}"
        units = tuple(_with_questions(unit, document) for unit in block.units) if document.questions else block.units
        passages.append(Passage(passage_id, document.entry.id, block.headings, units))
    return tuple(passages)


def _with_questions(unit: Unit, document: Document) -> Unit:
    found = (sample.questions for sample in document.questions if unit.text.startswith(sample.answered_by))
    return replace(unit, questions=tuple(itertools.chain.from_iterable(found)))


def _lines(document: Document) -> Iterator[_Line]:
    offset = document.body
    is_code = False
    page = None
    for line in document.text[document.body :].splitlines(keepends=True):
        margin = _MARGIN.match(line)
        width = margin.end() if margin else 0
        text = line[width:].rstrip()
        if marker := PAGE.fullmatch(text):
            page = int(marker[1])
        elif _FENCE.fullmatch(text):
            is_code = not is_code
        else:
            yield _Line(offset + width, len(line[:width].replace(">", "").expandtabs(4)), text, is_code, page)
        offset += len(line)


def _over_pages(lines: Sequence[_Line]) -> Iterator[_Line]:
    """The lines, with nothing between the rows of a table that goes on over a page, and a gap before a new table."""
    filled = [position for position, line in enumerate(lines) if line.text]
    for above, below in itertools.pairwise([-1, *filled, len(lines)]):
        gap = lines[above + 1 : below]
        turns = above >= 0 and below < len(lines) and lines[above].page != lines[below].page
        if turns and _is_row(lines[above]) and _is_row(lines[below]):
            begins = any(_is_rule(line.text) for line in lines[below + 1 : below + 2])
            gap = (replace(lines[below], text=""),) if begins else ()
        yield from (*gap, *lines[below : below + 1])


def _is_row(line: _Line) -> bool:
    return not line.is_code and bool(_PIPE.search(line.text))


# Headings


def _outline(lines: Sequence[_Line], legal: bool) -> Iterator[_Heading | _Line]:
    """The lines, with those that are headings recognised as such."""
    plain = not legal and not any(_HEADING.fullmatch(line.text) for line in lines if not line.is_code)
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if line.is_code:
            yield line
        elif legal and (article := _ARTICLE.match(line.text)):
            yield from _article(line, article, _next(lines, position))
        elif legal and (chapter := _chapter(line.text)):
            position, title = _chapter_title(lines, position, chapter.title)
            yield replace(chapter, title=title)
        elif heading := _HEADING.fullmatch(line.text):
            yield _Heading(len(heading[1]), _readable(heading[2]))
        elif plain and _is_short(line) and (following := _next(lines, position)) and not _is_short(following):
            yield _Heading(2, line.text)
        else:
            yield line


def _next(lines: Sequence[_Line], position: int) -> _Line | None:
    return next((lines[at] for at in range(position, len(lines)) if not lines[at].is_blank), None)


def _is_short(line: _Line) -> bool:
    """In a text without markup a short line without a final stop is the heading of the paragraph below it."""
    text = line.text
    if line.is_code or _ITEM.match(text) or _PIPE.search(text):
        return False
    return 0 < len(text) <= 80 and text[-1] not in '.,;:!?…])/"”'


def _article(line: _Line, match: re.Match[str], following: _Line | None) -> Iterator[_Heading | _Line]:
    """A Điều's heading; in short decisions all of the Điều is on that line, which is then its text as well."""
    key = f"dieu-{words(match[1])[0]}"
    text = line.text[match.end() :]
    alone = following is None or bool(_ARTICLE.match(following.text) or _chapter(following.text))
    if _has_words(text) and (alone or _readable(text).endswith((".", ";", ":"))):
        yield _Heading(_LEVELS["điều"], f"Điều {match[1]}", key)
        yield replace(line, start=line.start + match.end(), text=text)
    else:
        yield _Heading(_LEVELS["điều"], _readable(line.text.lstrip("# ")), key)


def _chapter(line: str) -> _Heading | None:
    """Phần, Chương, Mục or Phụ lục; not a sentence that begins with these words."""
    text = _readable(line.lstrip("# "))
    match = _CHAPTER.fullmatch(text)
    if not match or (match[3] and (match[3][0].islower() or match[3].endswith((".", ",", ";", ":")))):
        return None
    return _Heading(_LEVELS[(match[1] or match[2]).lower()], text)


def _chapter_title(lines: Sequence[_Line], position: int, title: str) -> tuple[int, str]:
    """A chapter's title often stands on the lines below "Chương I"; the position after them, and the whole."""
    match = _CHAPTER.fullmatch(title)
    titled = bool(match and match[3])
    while (line := _next(lines, position)) and _is_title(line, titled):
        title, titled = f"{title} {_readable(line.text.lstrip('# '))}", True
        position = lines.index(line, position) + 1
    return position, title


def _is_title(line: _Line, titled: bool) -> bool:
    """Whether a line can be a chapter's title, or, where it has one, go on with it."""
    if line.is_code or _ARTICLE.match(line.text) or _chapter(line.text):
        return False
    if _CLAUSE.match(line.text) or _ITEM.match(line.text) or _PIPE.search(line.text):
        return False
    return line.text.isupper() or not (titled or line.text.endswith((".", ";", ":")))


def _sections(outline: Iterable[_Heading | _Line], document_title: str) -> Iterator[_Section]:
    path: list[_Heading] = []
    keys = Counter([_START])
    section = _Section((), _START)
    article: _Section | None = None

    def unique(key: str) -> str:
        keys[key] += 1
        return key if keys[key] == 1 else f"{key}~{keys[key]}"

    for line in outline:
        if isinstance(line, _Heading):
            yield section
            path = [above for above in path if above.level < line.level]
            if line.title:
                path.append(line)
            titles = tuple(heading.title for heading in path if heading.title != document_title)
            section = _Section(titles, unique(line.key or _slug(titles) or _START) if titles else _START)
            article = section if line.key else None
        elif article and not line.is_code and (clause := _CLAUSE.match(line.text)):
            yield section
            key = unique(f"{article.key}.{words(clause[1])[0]}")
            section = _Section(article.headings, key, [line], True, _lead_in(article.lines))
        else:
            section.lines.append(line)
    yield section


def _slug(headings: tuple[str, ...]) -> str:
    return "/".join("-".join(words(heading)[:10]) for heading in headings)


# Lines into units


def _blocks(section: _Section) -> Iterator[_Block]:
    """The units of a section, parted at blank lines."""
    lead = section.lead
    items: list[_Hook] = []
    columns: tuple[str, ...] = ()
    units: list[Unit] = []
    for position, line in enumerate(section.lines):
        text, columns_above, columns = line.text, columns, ()
        below = section.lines[position + 1].text if position + 1 < len(section.lines) else ""
        if line.is_code:
            units.extend(_code(line, lead))
        elif columns_above and _PIPE.search(text):
            columns = columns_above
            units.extend([] if _is_rule(text) else _row(line, columns, lead))
        elif _PIPE.search(text) and _is_rule(below):
            columns = _cells(text)
        elif line.is_blank:
            if units and not _hangs(units[-1], lead):
                yield _Block(section.headings, section.key, tuple(units))
                units = []
        elif text.startswith("|") and text.endswith("|"):
            units.extend(_row(line, (), lead))
        elif section.is_clause and position == 0:
            units.extend(_clause(line, lead))
            lead = _lead(text)
        elif item := _ITEM.match(text):
            bullet = item[1] or ("a)" if item["point"] else "1.")
            skip = 0 if item["point"] else item.end()  # a Điểm keeps its letter, by which people call it
            items = _above(items, line.indent, bullet)
            units.extend(_item(line, skip, items[-1].text if items else lead))
            items = [*items, _Hook(line.indent, bullet, _lead(text[skip:]))]
        else:
            items = [above for above in items if above.indent < line.indent]
            units.extend(_sentences(line, items[-1].text if items else ""))
            if not items and _readable(text).endswith(":"):
                lead = _lead(text)
            elif not items and not section.is_clause:
                lead = ""
    if units:
        yield _Block(section.headings, section.key, tuple(units))


@dataclass(frozen=True, slots=True)
class _Hook:
    """A list item, as something that items below it can hang on."""

    indent: int
    bullet: str
    text: str


def _above(items: list[_Hook], indent: int, bullet: str) -> list[_Hook]:
    """Those that an item with this indent and bullet hangs on, outermost first.

    Texts from word processors lose their indents: there "- Đơn" still hangs on "1. Hồ sơ gồm:".
    """
    while items:
        last = items[-1]
        if last.indent < indent:
            break
        if last.indent == indent and last.bullet != bullet and last.text.endswith(":"):
            break
        items = items[:-1]
    return items


def _hangs(unit: Unit, lead: str) -> bool:
    """Whether the unit is the line, or the end of it, that what comes next hangs on."""
    return bool(lead) and lead.endswith(unit.text)


def _lead(raw: str) -> str:
    """What items hang on: the whole line above them, or its last sentence where it is long."""
    text = _readable(raw)
    if len(text) <= SENTENCE_LENGTH:
        return text
    *_, (first, last) = _sentence_spans(raw)
    return _readable(raw[first:last])


def _lead_in(lines: Sequence[_Line]) -> str:
    """What the Khoản of a Điều hang on, if the lines above them end in a colon."""
    last = next((line for line in reversed(lines) if not line.is_blank), None)
    return _lead(last.text) if last and _readable(last.text).endswith(":") else ""


def _clause(line: _Line, lead: str) -> Iterator[Unit]:
    """A Khoản with its number; a long one is cut between its sentences."""
    number = _CLAUSE.match(line.text)
    if not number or len(line.text) <= SENTENCE_LENGTH:
        yield _unit(Kind.ITEM, line, 0, line.text, lead)
        return
    rest = line.text[number.end() :]
    for first, last in _sentence_spans(rest):
        if first == 0:
            yield _unit(Kind.ITEM, line, 0, line.text[: number.end() + last], lead)
        else:
            yield _unit(Kind.SENTENCE, line, number.end() + first, rest[first:last], lead)


def _item(line: _Line, skip: int, lead: str) -> Iterator[Unit]:
    """An item: its span has the bullet, so that neighbours make one quote without a gap; `text` has not."""
    text = _readable(line.text[skip:])
    if _has_words(text):
        yield replace(_unit(Kind.ITEM, line, 0, line.text, lead), text=text)


def _sentences(line: _Line, lead: str) -> Iterator[Unit]:
    for first, last in _sentence_spans(line.text):
        unit = _unit(Kind.SENTENCE, line, first, line.text[first:last], lead)
        if _has_words(unit.text):
            yield unit


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    first = 0
    for match in _SENTENCE_END.finditer(text):
        stop = match.start() + 1
        if match[1].islower() or _ABBREVIATED.search(text, max(first, stop - 5), stop):
            continue
        yield from _clause_spans(text, first, match.end())
        first = match.end()
    yield from _clause_spans(text, first, len(text))


def _clause_spans(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    if last - first > SENTENCE_LENGTH:
        for match in _CLAUSE_END.finditer(text, first, last):
            clause = text[first : match.start()]
            if len(clause) > SENTENCE_LENGTH // 3 and clause.count("(") == clause.count(")"):
                yield first, match.start() + 1
                first = match.end()
    while last > first and text[last - 1].isspace():
        last -= 1
    if last > first:
        yield first, last


def _code(line: _Line, lead: str) -> Iterator[Unit]:
    """A line of a fenced block, all its signs kept."""
    unit = _unit(Kind.SENTENCE, line, 0, line.text, lead)
    if _has_words(unit.quote):
        yield replace(unit, text=unit.quote)


def _unit(kind: Kind, line: _Line, first: int, raw: str, lead: str) -> Unit:
    """The unit of the words `raw`, which begin at `first` in the line."""
    start, end = line.start + first, line.start + first + len(raw)
    quote, text = _unmarked(raw).strip(), _readable(raw)
    return Unit(kind, start, end, quote, text, lead, sources=_sources(raw), page=line.page)


# Tables


def _is_rule(text: str) -> bool:
    return "|" in text and bool(_RULE.fullmatch(text))


def _row(line: _Line, columns: tuple[str, ...], lead: str) -> Iterator[Unit]:
    """A row with a column for every cell and a cell for every column, but for the column that only names sources."""
    pairs = list(itertools.zip_longest(columns, _cells(line.text), fillvalue=""))
    pairs = [(column, cell) for column, cell in pairs if column != "Nguồn"] or pairs
    names, values = tuple(column for column, _ in pairs), tuple(cell for _, cell in pairs)
    if any(map(_has_words, values)):
        unit = _unit(Kind.ROW, line, 0, line.text, lead)
        yield replace(unit, text=_row_text(names, values), columns=names, cells=values)


def _row_text(columns: tuple[str, ...], cells: tuple[str, ...]) -> str:
    """A row with its header, as a sentence would say it: "Năm 2025 – Hà Nội: 74,7 điểm; Hạng ba: Đà Nẵng 28,1"."""
    subject = cells[0]
    if subject[:1].isdigit() and words(columns[0])[:1] == ["nam"]:
        subject = f"{columns[0]} {subject}"
    if len(cells) == 2 and columns[1] not in _SINCE:
        return ": ".join(filter(None, (subject, cells[1])))
    named = [(column, cell) for column, cell in zip(columns[1:], cells[1:], strict=True) if cell]
    rest = "; ".join(f"{column}: {cell}" if column else cell for column, cell in named)
    return " – ".join(filter(None, (subject, rest)))


def _cells(text: str) -> tuple[str, ...]:
    cells = _PIPE.split(text)
    cells = cells[1:] if not cells[0] else cells
    cells = cells[:-1] if cells and not cells[-1] else cells
    return tuple(_readable(cell) for cell in cells)


# Words


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _unmarked(raw: str) -> str:
    return MARKER.sub("", raw)


def _readable(raw: str) -> str:
    text = _EMPHASIS.sub(r"\1", _BREAK.sub(" ", _LINK.sub(r"\1\2", _unmarked(raw))))
    return _ESCAPED.sub(r"\1", text).strip()


def _sources(raw: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(n) for n in MARKER.findall(raw)))


# Blocks into passages


def _packed(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """Neighbouring blocks with one key share a passage while it stays short; a long block is cut between units."""
    pending: _Block | None = None
    for block in blocks:
        if pending and pending.key == block.key and _length(pending.units) + _length(block.units) <= PASSAGE_LENGTH:
            pending = replace(pending, units=pending.units + block.units)
            continue
        if pending:
            yield from _cut(pending)
        pending = block
    if pending:
        yield from _cut(pending)


def _cut(block: _Block) -> Iterator[_Block]:
    units: list[Unit] = []
    for unit in block.units:
        if units and _length((*units, unit)) > PASSAGE_LENGTH and not _hangs(units[-1], unit.lead):
            yield replace(block, units=tuple(units))
            units = []
        units.append(unit)
    yield replace(block, units=tuple(units))


def _length(units: tuple[Unit, ...]) -> int:
    return sum(len(unit.text) for unit in units)
