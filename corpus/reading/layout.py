"""What was found on the pages of a file -> Markdown that corpus.split cuts well.

Readers (corpus.pdf, corpus.office, corpus.markup) hand over blocks in reading order, their text still in whatever
encoding the file has. Here old encodings become Unicode (viparse), lines that were only wrapped become paragraphs,
and what a page break tore apart is joined. Nothing here knows of file formats.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

from corpus.reading import legacy, tables
from corpus.reading.tables import Cell, Span, Table

_NO_LETTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad]")
_SPACE = re.compile(r"[^\S\n]+")
_BRACKETED = re.compile(r"\[([0-9]{1,4})\](?!\()")
_MARKUP = re.compile(r"(?=#{1,6}(?:\s|$)|```|~~~)")
STRUCTURE = re.compile(
    r"(?i:điều)\s+\d+[a-zđ]?\s*[.:]|(?i:phần|chương|mục|tiểu mục|phụ lục)\s+(?:[IVXLC]+|\d+|thứ)\b"
    r"|\d{1,3}[a-zđ]?[.)]\s|[IVXLC]{1,5}\.\s|\d{1,2}(?:\.\d{1,2})+\.?\s|[a-zđA-ZĐ][.)]\s|[-–+•*]\s"
    r"|(?i:căn cứ)\s|(?i:nơi nhận)"
)
_ITEM = re.compile(r"[-–+•*]\s|\d{1,2}[.)]\s|[a-zđ]\)\s")
_SENTENCE_END = re.compile(r"[.;:!?…][\"”»)\]]*$")
_INDENT = 6  # heights of a line; a first line is never indented further
_ITEM_MARK = "\U000f0000"  # before an item of a list in a cell; of a private plane, so that no text has it
PART = "\n\n"  # between what stands on lines of its own in a table's cell; a single line break may be mere wrapping
HEADING_LENGTH = 200  # characters; what is styled as a heading and is longer is a paragraph that someone made bold


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one font, whose name may tell its encoding: ".VnTime" is TCVN3, "VNI-Times" VNI."""

    text: str
    font: str | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Where a line stands on its page: points from the left and the top, or characters in a plain text."""

    x0: float
    x1: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading (`level` 1 to 6), a table (`rows`, in `fonts`), or lines of a page (one box a line).

    Of a table, `spans` are the merged cells, and `heads` is how many rows the file calls its head (0: it says nothing).
    `label` is the number or bullet that a word processor puts before the text, `indent` how deep in a list it is;
    `column` tells columns of a page apart, 0 where text goes over its whole width.
    """

    runs: tuple[Run, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    spans: tuple[Span, ...] = ()
    heads: int = 0
    fonts: tuple[str, ...] = ()
    level: int = 0
    label: str = ""
    indent: int = 0
    boxes: tuple[Box, ...] = ()
    page: int | None = None
    column: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def table(self) -> Table:
        return Table(self.rows, self.spans, self.heads)


def paragraph(text: str) -> Block:
    return Block(runs=(Run(text),))


def table(cells: Iterable[Cell], heads: int = 0, fonts: Iterable[str] = ()) -> Block:
    found = tables.table(cells, heads)
    return Block(rows=found.rows, spans=found.spans, heads=heads, fonts=tuple(sorted(fonts)))


def flat(block: Block) -> str:
    """A block inside a table's cell; an empty line parts what stands on lines of its own there."""
    text = block.text.strip() or "\n".join(" ".join(filter(None, row)) for row in block.rows)
    label = _ITEM_MARK if block.label == "-" else f"{block.label} ".lstrip()
    return label + PART.join(filter(None, (line.strip(" \t\r") for line in text.split("\n"))))


def counted(number: int, kind: str) -> str:
    """A number as a list counts it: "lowerLetter", "upperRoman", else in digits."""
    if kind.endswith("Letter"):
        text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    elif kind.endswith("Roman"):
        text, rest = "", number
        for value, sign in _ROMAN:
            text += sign * (rest // value)
            rest %= value
    else:
        return f"{number:02}" if kind == "decimalZero" else str(number)
    return text.upper() if kind.startswith("upper") else text


_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def markdown(blocks: Iterable[Block], pages: int = 0, flows: bool = True) -> str:
    """Blocks as Markdown in NFC, with a line «<!-- trang N -->» before the text of each of `pages` pages.

    `flows` says that text goes on from one page to the next, which it does not on slides.
    """
    parts = list(_paragraphs(_in_unicode(list(blocks))))
    return _written(_across_pages(parts) if flows else parts, pages)


# Old encodings


def _in_unicode(blocks: list[Block]) -> list[Block]:
    """The blocks with their text in NFC. A font tells an encoding for certain; else the syllables of a part do."""
    parts = [list(_parts(block)) for block in blocks]
    told = {encoding for group in parts for encoding, text, _ in group if encoding and legacy.possible(text)}
    unsure = [text for group in parts for encoding, text, _ in group if encoding is None and legacy.possible(text)]
    tables = ["\n".join(map("\t".join, block.rows)) for block in blocks]
    unsure += [text for text in tables if legacy.possible(text)]
    told |= {encoding for block in blocks for font in block.fonts if (encoding := legacy.of_font(font))}
    usual = legacy.of_text("\n".join(unsure)) if unsure else None
    candidates = [*dict.fromkeys((usual, *sorted(told), None))]

    def unicode(text: str, encoding: str | None) -> str:
        if not legacy.possible(text):
            return text
        if encoding or len(candidates) == 1:
            return legacy.to_unicode(text, encoding)
        return max((legacy.to_unicode(text, each) for each in candidates), key=legacy.soundness)

    def upper(text: str, is_capital: bool) -> str:
        return text.upper() if is_capital else text

    found: list[Block] = []
    for block, group, table in zip(blocks, parts, tables, strict=True):
        told_text = (upper(unicode(text, encoding), is_capital) for encoding, text, is_capital in group)
        runs = (Run("".join(told_text)),) if group else ()
        rows = block.rows
        if legacy.possible(table):
            told_here = {encoding for font in block.fonts if (encoding := legacy.of_font(font))}
            encoding = told_here.pop() if len(told_here) == 1 else None
            encoding = encoding or max(candidates, key=lambda each: legacy.soundness(legacy.to_unicode(table, each)))
            is_capital = bool(block.fonts) and all(map(legacy.is_capital, block.fonts))
            rows = tuple(tuple(upper(unicode(cell, encoding), is_capital) for cell in row) for row in rows)
        found.append(_composed(replace(block, runs=runs, rows=rows)))
    return found


def _parts(block: Block) -> Iterator[tuple[str | None, str, bool]]:
    """The text of neighbouring runs whose fonts tell one encoding: VNI writes a letter and its mark as two.

    With each, whether its fonts show capitals.
    """
    of_fonts = groupby(block.runs, lambda run: (legacy.of_font(run.font), legacy.is_capital(run.font)))
    for (encoding, is_capital), group in of_fonts:
        yield encoding, "".join(run.text for run in group), is_capital


def _composed(block: Block) -> Block:
    rows = tuple(tuple(_clean(cell) for cell in row) for row in block.rows)
    return replace(block, runs=(Run(_clean(block.text)),) if block.runs else (), rows=rows, label=_clean(block.label))


def _clean(text: str) -> str:
    """NFC without controls; zero-width characters stay, so that whoever examines the document sees them."""
    text = _NO_LETTER.sub(
        "", legacy.released(text).replace("\r\n", "\n").replace("\r", "\n").replace("\v", "\n").replace("\f", "\n")
    )
    return unicodedata.normalize("NFC", text)


# Lines into paragraphs


def _paragraphs(blocks: list[Block]) -> Iterator[Block]:
    margins = _right_margins(blocks)
    for block in blocks:
        lines = [_SPACE.sub(" ", line).strip() for line in block.text.split("\n")]
        if block.rows:
            yield block
        elif block.boxes and len(lines) == len(block.boxes):
            yield from (replace(block, runs=(Run(text),), boxes=()) for text in _unwrapped(block, lines, margins))
        elif block.level:
            yield _heading(block, " ".join(filter(None, lines)))
        else:
            for line in filter(None, lines):
                yield replace(block, runs=(Run(line),), boxes=())
                block = replace(block, label="")


def _heading(block: Block, text: str) -> Block:
    is_heading = len(text) <= HEADING_LENGTH and not text.endswith((".", ";", ","))
    return replace(block, runs=(Run(text),) if text else (), level=min(block.level, 6) if is_heading else 0)


def _right_margins(blocks: list[Block]) -> dict[tuple[int | None, int], float]:
    """Where the lines of each column of a page end, but for a page of short lines, which would be filled up wrongly."""
    ends: dict[tuple[int | None, int], float] = {}
    for block in blocks:
        for box in block.boxes:
            ends[block.page, block.column] = max(ends.get((block.page, block.column), 0.0), box.x1)
    usual = median(end for (_, column), end in ends.items() if not column) if any(not key[1] for key in ends) else 0.0
    return {key: end if key[1] else max(end, usual) for key, end in ends.items()}


def _unwrapped(block: Block, lines: list[str], margins: dict[tuple[int | None, int], float]) -> Iterator[str]:
    gaps = [below.top - above.bottom for above, below in zip(block.boxes, block.boxes[1:], strict=False)]
    usual = median(gaps) if gaps else 0.0
    text, first = "", True
    above: tuple[str, Box] | None = None
    for line, box in zip(lines, block.boxes, strict=True):
        if not line:
            continue
        if above and _continues(*above, line, box, margins[block.page, block.column], usual, first):
            text, first = f"{text} {line}", False
        else:
            if text:
                yield text
            text, first = line, True
        above = (line, box)
    if text:
        yield text


def _continues(text: str, box: Box, below: str, under: Box, right: float, usual: float, first: bool) -> bool:
    """Whether a line only goes on where the one above it was full: its first word would not have fitted there."""
    height = box.bottom - box.top
    gap = under.top - box.bottom
    if STRUCTURE.match(below) or under.top <= box.top or gap > 1.1 * height:
        return False
    if abs((under.bottom - under.top) - height) > 0.2 * height or under.x0 < box.x0 - _INDENT * height:
        return False  # in other letters, or back from a part that stands at the right of a row
    width = (under.x1 - under.x0) / len(below)
    if box.x1 + 1.15 * width * (len(below.split(" ", 1)[0]) + 1) < right:
        return False
    if under.x0 > box.x0 + height / 2 and not (first and _ITEM.match(text)):
        return False  # the indented first line of another paragraph
    return not (_SENTENCE_END.search(text) and gap > usual + height / 4)


# Page breaks, and the ends of columns


def _across_pages(blocks: list[Block]) -> list[Block]:
    """The blocks, those joined that the end of a page or column tore apart; they stay on the page where they begin."""
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if (
            above is None
            or above.page is None
            or block.page is None
            or (block.page, block.column) == (above.page, above.column)
        ):
            joined.append(block)
        elif (
            block.page != above.page
            and above.rows
            and block.rows
            and (whole := tables.continued(above.table, block.table))
        ):
            joined[-1] = replace(above, rows=whole.rows, spans=whole.spans)
        elif _is_torn(above, block):
            joined[-1] = replace(above, runs=(Run(f"{above.text} {block.text}"),))
        else:
            joined.append(block)
    return joined


def _is_torn(above: Block, below: Block) -> bool:
    if above.rows or below.rows or above.level or below.level or not above.text or not below.text:
        return False
    return below.text[0].islower() and not _SENTENCE_END.search(above.text) and not STRUCTURE.match(below.text)


# Markdown


def _written(blocks: list[Block], pages: int) -> str:
    lines: list[str] = []
    page = 0
    was_item = False
    for block in blocks:
        while page < min(pages, block.page or 0):
            page += 1
            lines += [f"<!-- trang {page} -->", ""]
            was_item = False
        for written in _table_written(block.table) if block.rows else _text_written(block):
            is_item = bool(block.label) or (not block.rows and bool(_ITEM.match(written)))
            if is_item and was_item:
                lines.pop()  # items stand together
            lines += [*written.split("\n"), ""]
            was_item = is_item
    while page < pages:
        page += 1
        lines += [f"<!-- trang {page} -->", ""]
    return "\n".join(lines).rstrip("\n") + "\n" if lines else ""


def _text_written(block: Block) -> list[str]:
    text = safe_line(block.text)
    if not text:
        return []
    if block.level:
        return [f"{'#' * block.level} {f'{block.label} {text}'.strip()}"]
    if block.label and not (block.label == "-" and STRUCTURE.match(text)):  # "1. …" typed behind a bullet
        return [f"{'  ' * block.indent}{block.label} {text}"]
    return [_MARKUP.sub(r"\\", text, count=1) if _MARKUP.match(text) else text]


def safe_line(text: str) -> str:
    """A line whose "[12]" is no citation marker and which cannot look like a comment or a page marker."""
    text = _BRACKETED.sub(r"(\1)", _SPACE.sub(" ", text)).strip()
    return text.replace("<!--", "< !--")


def _table_written(table: Table) -> list[str]:
    titles, rows = tables.named(table)
    written = _cell_lines(titles)
    if rows:
        names = [name.replace(_ITEM_MARK, "") for name in rows[0]]
        header, *body = ["| " + " | ".join(map(_cell, row)) + " |" for row in (names, *rows[1:])]
        written.append("\n".join([header, "|" + "---|" * len(names), *body]))
    return written


def _cell_lines(cells: Iterable[str]) -> list[str]:
    lines = (part.replace(_ITEM_MARK, "- ") for cell in cells for part in cell.split("\n"))
    return [safe for line in lines if (safe := safe_line(line))]


def _cell(text: str) -> str:
    """What stands on lines of its own is parted by semicolons, unless a sentence or its punctuation goes on there."""
    joined = ""
    for part in text.split(PART):
        line = safe_line(part.replace("\n", " ").replace(_ITEM_MARK, ""))
        begins = _ITEM_MARK in part or STRUCTURE.match(line) or line[:1].isupper() or line[:1].isdigit()
        if line:
            joined += ("" if not joined else "; " if begins and not _GOES_ON.search(joined) else " ") + line
    return joined.replace("|", "\\|")


_GOES_ON = re.compile(r"[.,;:!?…/(–-]$")
