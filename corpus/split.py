"""Document -> passages, along the document's own structure.

A line is a heading, a list item, a table row or a paragraph (one paragraph a line). Legal texts, known by their
lines "Điều 1. …", have Chương, Mục and Điều for headings and Khoản and Điểm for items. A row keeps its header,
an item its lead-in, a passage its headings; a passage never crosses a heading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from corpus.document import Document, Kind, Passage, Unit
from corpus.normalize import words

PASSAGE_LENGTH = 700  # characters; measured in EXPERIMENTS.md
SENTENCE_LENGTH = 320  # a longer sentence is cut at its semicolons, so that a quote stays short

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,2}[.)])\s+")
_ROW = re.compile(r"\s*\|.*\|\s*")
_RULE = re.compile(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*")
_MARKERS = re.compile(r"\s*\[(\d+)\]")
_EMPHASIS = re.compile(r"\*\*|__|`")
_SENTENCE_END = re.compile(r"[.!?…][\"”»)\]*]*\s+(?=[\"“«(*]*(\w))")
_ABBREVIATIONS = ("TP.", "Tp.", "Ths.", "ThS.", "TS.", "GS.", "PGS.", "BS.", "KS.", "Q.", "P.", "St.", "No.", "tr.")
_CLAUSE_END = re.compile(r";\s+")

_ARTICLE = re.compile(r"Điều\s+(\d+[a-zđ]?)\s*[.:]\s*(.*)")
_CHAPTER = re.compile(r"(Phần|Chương|Mục)\s+([IVXLC]+|\d+|thứ \w+)\b[.:]?\s*(.*)", re.IGNORECASE)
_CLAUSE = re.compile(r"\s*(\d{1,3})\.\s+")
_POINT = re.compile(r"\s*([a-zđ])\)\s+")


@dataclass(frozen=True, slots=True)
class _Block:
    """Units that stand together under one heading path; `key` is their place in a structural id."""

    headings: tuple[str, ...]
    key: str
    units: tuple[Unit, ...]


def split(document: Document) -> tuple[Passage, ...]:
    """The passages of a document, in its order, each with an id of its own."""
    lines = list(_lines(document))
    legal = sum(1 for _, _, line in lines if _ARTICLE.match(line)) >= 2
    blocks = _legal_blocks(lines) if legal else _prose_blocks(document, lines)
    passages: list[Passage] = []
    taken: dict[str, int] = {}
    for headings, key, units in _packed(blocks):
        taken[key] = taken.get(key, 0) + 1
        suffix = f".{taken[key]}" if taken[key] > 1 else ""
        passages.append(Passage(f"{document.entry.id}#{key}{suffix}", document.entry.id, headings, units))
    return tuple(passages)


def _lines(document: Document) -> Iterator[tuple[int, int, str]]:
    offset = document.body
    for line in document.text[document.body :].splitlines(keepends=True):
        bare = line.rstrip()
        yield offset, offset + len(bare), bare
        offset += len(line)


# Prose: Markdown, or plain paragraphs


def _prose_blocks(document: Document, lines: list[tuple[int, int, str]]) -> Iterator[_Block]:
    plain = not any(_HEADING.match(line) for _, _, line in lines)
    path: list[tuple[int, str]] = []
    lead = ""
    columns: tuple[str, ...] = ()
    units: list[Unit] = []

    def block() -> Iterator[_Block]:
        nonlocal units
        if units:
            titles = tuple(title for _, title in path if title != document.entry.title)
            yield _Block(titles, _slug(titles) or "mo-dau", tuple(units))
            units = []

    for start, end, line in lines:
        heading = _HEADING.match(line)
        if heading or (plain and _is_plain_heading(line)):
            yield from block()
            level, title = (len(heading[1]), heading[2]) if heading else (2, line)
            path = [(depth, text) for depth, text in path if depth < level] + [(level, _readable(title))]
            lead, columns = "", ()
        elif not line:
            yield from (block() if units and not _hangs(units[-1], lead) else ())
            columns = ()
        elif _ROW.fullmatch(line):
            if not columns:
                columns = _cells(line)
            elif not _RULE.fullmatch(line):
                units.append(_row(start, end, line, columns, lead))
        elif item := _ITEM.match(line):
            units.append(_unit(Kind.ITEM, start + item.end(), end, line[item.end() :], lead))
        else:
            lead = _readable(line) if _readable(line).endswith(":") else ""
            units.extend(_sentences(start, line))
    yield from block()


def _hangs(unit: Unit, lead: str) -> bool:
    """A line that ends in a colon belongs with the list or table below it."""
    return bool(lead) and unit.kind is Kind.SENTENCE


def _is_plain_heading(line: str) -> bool:
    """In a text without markup a short line without a final stop is a heading."""
    return 0 < len(line) <= 80 and line[-1] not in '.,;:!?…|)/"”' and not _ITEM.match(line)


def _sentences(start: int, line: str) -> Iterator[Unit]:
    for first, last in _sentence_spans(line):
        yield _unit(Kind.SENTENCE, start + first, start + last, line[first:last], "")


def _sentence_spans(line: str) -> Iterator[tuple[int, int]]:
    first = 0
    for match in _SENTENCE_END.finditer(line):
        if match[1].islower() or line[first : match.end()].rstrip().endswith(_ABBREVIATIONS):
            continue
        yield from _clause_spans(line, first, match.end())
        first = match.end()
    yield from _clause_spans(line, first, len(line))


def _clause_spans(line: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    if last - first > SENTENCE_LENGTH:
        for match in _CLAUSE_END.finditer(line, first, last):
            clause = line[first : match.start()]
            if len(clause) > SENTENCE_LENGTH // 3 and clause.count("(") == clause.count(")"):
                yield first, match.start() + 1
                first = match.end()
    while last > first and line[last - 1].isspace():
        last -= 1
    if last > first:
        yield first, last


def _unit(kind: Kind, start: int, end: int, raw: str, lead: str) -> Unit:
    return Unit(kind, start, end, _MARKERS.sub("", raw), _readable(raw), lead, sources=_sources(raw))


def _row(start: int, end: int, line: str, columns: tuple[str, ...], lead: str) -> Unit:
    cells = _cells(line)
    kept = [(column, cell) for column, cell in zip(columns, cells, strict=False) if not column.startswith("Nguồn")]
    names, values = tuple(column for column, _ in kept), tuple(cell for _, cell in kept)
    return Unit(
        Kind.ROW, start, end, _MARKERS.sub("", line), _row_text(names, values), lead, names, values, _sources(line)
    )


def _row_text(columns: tuple[str, ...], cells: tuple[str, ...]) -> str:
    """A row with its header, as a sentence would say it: "Năm 2025 – Hà Nội: 74,7 điểm; Hạng ba: Đà Nẵng 28,1"."""
    subject = cells[0]
    if columns[0] and subject[:1].isdigit() and words(columns[0])[:1] == ["nam"]:
        subject = f"{columns[0]} {subject}"
    if len(cells) == 2:
        return f"{subject}: {cells[1]}"
    rest = "; ".join(
        f"{column}: {cell}" if column else cell for column, cell in zip(columns[1:], cells[1:], strict=True)
    )
    return f"{subject} – {rest}" if rest else subject


def _cells(line: str) -> tuple[str, ...]:
    return tuple(_readable(cell) for cell in line.strip().strip("|").split("|"))


def _readable(raw: str) -> str:
    return _EMPHASIS.sub("", _MARKERS.sub("", raw)).strip()


def _sources(raw: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(n) for n in _MARKERS.findall(raw)))


def _slug(headings: tuple[str, ...]) -> str:
    return "/".join("-".join(words(heading)[:10]) for heading in headings)


# Legal texts


def _legal_blocks(lines: list[tuple[int, int, str]]) -> Iterator[_Block]:
    chapters: dict[str, str] = {}
    article, key, clause, lead = "", "mo-dau", "", ""
    units: list[Unit] = []

    def block() -> Iterator[_Block]:
        nonlocal units
        if units:
            yield _Block((*chapters.values(), *((article,) if article else ())), key, tuple(units))
            units = []

    for _, end, line in lines:
        line = line.lstrip("# ") if line.startswith("#") else line
        offset = end - len(line)
        if match := _ARTICLE.match(line):
            yield from block()
            article, key, clause, lead = _readable(line), f"dieu-{match[1]}", "", ""
        elif match := _CHAPTER.match(line):
            yield from block()
            level = match[1].capitalize()
            keep = ("Phần", "Chương", "Mục")[: ("Phần", "Chương", "Mục").index(level)]
            chapters = {name: title for name, title in chapters.items() if name in keep} | {level: _readable(line)}
            article = ""
        elif match := _CLAUSE.match(line):
            yield from block()
            clause = match[1]
            key = f"{key.partition('.')[0]}.{clause}"
            lead = _readable(line)
            units.append(_unit(Kind.ITEM, offset, end, line, ""))
        elif _POINT.match(line):
            units.append(_unit(Kind.ITEM, offset, end, line, lead))
        elif line:
            if not article and chapters and line.isupper():  # a chapter's title on a line of its own
                last = list(chapters)[-1]
                chapters[last] = f"{chapters[last]} {_readable(line)}"
                continue
            lead = _readable(line) if line.endswith(":") else ""
            units.extend(_sentences(offset, line))
    yield from block()


# Packing blocks into passages


def _packed(blocks: Iterator[_Block]) -> Iterator[tuple[tuple[str, ...], str, tuple[Unit, ...]]]:
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


def _cut(block: _Block) -> Iterator[tuple[tuple[str, ...], str, tuple[Unit, ...]]]:
    units: list[Unit] = []
    for unit in block.units:
        if units and _length((*units, unit)) > PASSAGE_LENGTH and not _hangs(units[-1], unit.lead):
            yield block.headings, block.key, tuple(units)
            units = []
        units.append(unit)
    yield block.headings, block.key, tuple(units)


def _length(units: tuple[Unit, ...]) -> int:
    return sum(len(unit.text) for unit in units)
