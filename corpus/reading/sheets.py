"""Excel workbooks, read as the XML they are: what a person sees in each cell, and nothing of what is only formatted.

Cells come one by one, so that a sheet formatted to its last corner costs no more than what stands in it. Formulas
are not computed: the file has their results, or the document is held. Hidden sheets, rows and columns are kept apart.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from corpus.reading.extract import TINY, WHITE, Extract, Hidden, Refused, Unread, alike, from_hex
from corpus.reading.layout import Block, Run, paragraph, table
from corpus.reading.numbers import BUILT_IN, GENERAL, shown
from corpus.reading.package import Package
from corpus.reading.tables import Cell

CELLS = 1_000_000  # of a workbook in which something stands; each takes about 400 bytes while it is read
ROWS, COLUMNS = 1_048_576, 16_384  # of the largest sheet
NAMED = 20  # cells that a concern names

_PLACE = re.compile(r"([A-Z]+)(\d+)", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TOO_MANY = f"a workbook of more than {CELLS} cells"
_KEEP = "keep only the tables that people ask about"
_INDEXED_WHITE = ("1", "9")


def read_xlsx(content: bytes) -> Extract:
    book = _Book(Package(content))
    blocks = [block for sheet in book.sheets() for block in sheet]
    return Extract(blocks, book.hidden, unread=book.unread())


@dataclass(frozen=True, slots=True)
class _Style:
    """What the cells of one look have in common; `unseen` is "" for those that a person sees."""

    form: str = GENERAL
    unseen: str = ""
    font: str = ""


class _Book:
    """One workbook while it is read."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.workbook = self.part(package.main)
        self.parts = package.related(package.main)
        by_kind = {one.kind: one.part for one in self.parts.values()}
        self.strings = list(self.shared(by_kind.get("sharedStrings", "")))
        self.styles = _styles(self.part(by_kind.get("styles", "")))
        properties = next(_below(self.workbook, "workbookPr"), None)
        self.since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        calculation = next(_below(self.workbook, "calcPr"), None)
        # Programs that write formulas without computing them store 0 and have Excel compute on opening.
        self.is_uncomputed = calculation is not None and calculation.get("fullCalcOnLoad") in ("1", "true")
        self.hidden: list[Hidden] = []
        self.without_result: list[str] = []
        self.with_error: list[str] = []
        self.cells = 0  # in which something stands
        self.laid_out = 0  # of the tables, filled or not

    def part(self, name: str) -> Any:
        return self.package.xml(name) if name in self.package else None

    def shared(self, part: str) -> Iterator[str]:
        if part in self.package:
            with self.package.open(part) as stream:
                for element in _elements(stream, ("si",)):
                    yield _string(element)
                    _forget(element)

    def sheets(self) -> Iterator[list[Block]]:
        for each in _below(self.workbook, "sheet"):
            id_ = next((value for name, value in each.items() if name.endswith("}id")), "")
            one = self.parts.get(id_)
            if one and one.kind == "worksheet" and one.part in self.package:
                yield self.sheet(one.part, str(each.get("name") or ""), each.get("state") or "visible")

    def sheet(self, part: str, title: str, state: str) -> list[Block]:
        sheet = _Sheet(self, title, state != "visible")
        with self.package.open(part) as stream:
            sheet.read(stream)
        blocks = [*sheet.tables(), *self.boxes(part, title, sheet.is_hidden)]
        return [Block(runs=(Run(title),), level=2), *blocks] if blocks else []

    def boxes(self, part: str, title: str, is_hidden: bool) -> Iterator[Block]:
        """The paragraphs of the text boxes that lie on a sheet."""
        for one in self.package.related(part).values():
            for box in _below(self.part(one.part), "txBody") if one.kind == "drawing" else ():
                for each in box.iterchildren("{*}p"):
                    runs = ["".join(run.itertext("{*}t")) for run in each.iterchildren("{*}r", "{*}fld", "{*}br")]
                    text = "".join(runs).strip()
                    if text and is_hidden:
                        self.hidden.append(Hidden(text, f"a text box of {title}", "hidden sheet"))
                    elif text:
                        yield paragraph(text)

    def unread(self) -> list[Unread]:
        found = []
        for cells, what in (
            (self.without_result, "formulas whose result the file does not store: open it in Excel and save it"),
            (self.with_error, "formulas that end in an error: mend them in Excel"),
        ):
            if cells:
                named = ", ".join(cells[:NAMED]) + "…" * (len(cells) > NAMED)
                found.append(Unread("formula", named, f"{len(cells)} {what}"))
        return found


class _Sheet:
    """One sheet while it is read: its cells in which something stands, by row and column."""

    def __init__(self, book: _Book, title: str, is_hidden: bool) -> None:
        self.book = book
        self.title = title
        self.is_hidden = is_hidden
        self.rows: dict[int, dict[int, str]] = {}
        self.unseen_rows: list[tuple[int, int]] = []  # the first and the last of neighbours
        self.unseen_columns: set[int] = set()
        self.merged: dict[tuple[int, int], tuple[int, int]] = {}  # the upper left corner -> the lower right one
        self.fonts: set[str] = set()

    def read(self, stream: Any) -> None:
        number = 0
        is_filled = False  # a row whose cells are only formatted is passed over as a whole
        for element in _elements(stream, ("row", "v", "f", "is", "col", "mergeCell")):
            name = element.tag.rpartition("}")[2]
            if name == "row":
                number = int(element.get("r") or number + 1)
                self.row(element, number, is_filled)
                is_filled = False
                _forget(element)
            elif name == "col" and (element.get("hidden") in ("1", "true") or element.get("width") == "0"):
                last = min(int(element.get("max")), COLUMNS)
                self.unseen_columns.update(range(int(element.get("min")), last + 1))
            elif name == "mergeCell":
                first, _, last_place = (element.get("ref") or "").partition(":")
                if (start := _place(first)) and (end := _place(last_place)):
                    self.merged[start] = end
            else:
                is_filled = is_filled or name in ("v", "f", "is")

    def row(self, element: Any, number: int, is_filled: bool) -> None:
        is_unseen = element.get("hidden") in ("1", "true") or element.get("ht") == "0"
        if is_unseen:
            if self.unseen_rows and self.unseen_rows[-1][1] == number - 1:
                self.unseen_rows[-1] = (self.unseen_rows[-1][0], number)
            else:
                self.unseen_rows.append((number, number))
        column = 0
        for cell in element.iterchildren("{*}c") if is_filled else ():
            _, column = _place(cell.get("r")) or (number, column + 1)
            if len(cell):
                self.cell(cell, number, column, is_unseen)

    def cell(self, element: Any, row: int, column: int, is_unseen_row: bool) -> None:
        look = self.book.styles[at] if (at := int(element.get("s") or 0)) < len(self.book.styles) else _Style()
        place = f"{self.title}!{_letters(column)}{row}"
        text, stored = self.value(element, look, place)
        if not stored.strip():
            return
        self.book.cells += 1
        if self.book.cells > CELLS:
            raise Refused(_TOO_MANY, _KEEP)
        how = (
            "hidden sheet" * self.is_hidden
            or "hidden row" * is_unseen_row
            or "hidden column" * (column in self.unseen_columns)
            or look.unseen
            or "hidden by its number format" * (not text.strip())
        )
        if not text.strip() and stored == "0":  # "#" and "0;;" leave a zero out, and many people mean it
            return
        if how:
            self.book.hidden.append(Hidden(stored, f"cell {place}", how))
        else:
            self.rows.setdefault(row, {})[column] = text
            self.fonts.add(look.font)

    def value(self, element: Any, look: _Style, place: str) -> tuple[str, str]:
        """What a cell shows, and what is stored in it."""
        kind = element.get("t") or "n"
        children = {each.tag.rpartition("}")[2]: each for each in element if isinstance(each.tag, str)}
        value = children["v"].text or "" if "v" in children else ""
        if kind == "inlineStr":
            value = _string(children["is"]) if "is" in children else ""
        elif kind == "s":
            value = self.book.strings[int(value)] if value.isdecimal() and int(value) < len(self.book.strings) else ""
        elif kind == "str":
            value = _plain(value)
        is_seen = not self.is_hidden
        if "f" in children and is_seen:
            is_zero = kind == "n" and value.strip() in ("0", "0.0")
            if (not value and kind != "str") or (is_zero and self.book.is_uncomputed):
                self.book.without_result.append(place)
                return "", ""
        if kind == "e":
            if is_seen:
                self.book.with_error.append(place)
            return value, value
        if kind == "b":
            value = "TRUE" if value.strip() == "1" else "FALSE"
            return value, value
        if kind == "d":
            number, form = _serial(value), look.form if look.form != GENERAL else BUILT_IN[14]
        else:
            number, form = _float(value) if kind == "n" else None, look.form
        if number is None:
            return shown(value, look.form), value
        return shown(number, form, since_1904=self.book.since_1904 and kind == "n"), shown(number, GENERAL)

    def tables(self) -> Iterator[Block]:
        """The tables, parted by rows in which nothing stands."""
        bottoms: dict[int, int] = {}
        for (top, left), (bottom, _) in self.merged.items():
            if left in self.rows.get(top, {}):
                bottoms[top] = max(bottom, bottoms.get(top, 0))
        numbers = sorted(self.rows)
        start = reach = 0
        for at, number in enumerate(numbers, 1):
            reach = max(reach, bottoms.get(number, 0))
            if at == len(numbers) or not (numbers[at] <= reach or self.touch(number, numbers[at])):
                yield self.block(numbers[start:at])
                start = at

    def touch(self, above: int, below: int) -> bool:
        """Whether no row is seen between two."""
        while above + 1 < below:
            at = bisect_right(self.unseen_rows, (above + 1, ROWS)) - 1
            if at < 0 or self.unseen_rows[at][1] <= above:
                return False
            above = self.unseen_rows[at][1]
        return True

    def block(self, numbers: list[int]) -> Block:
        columns = sorted({column for number in numbers for column in self.rows[number]})
        self.book.laid_out += len(numbers) * len(columns)
        if self.book.laid_out > CELLS:
            raise Refused(_TOO_MANY, _KEEP)
        cells: list[Cell] = []
        for at, number in enumerate(numbers):
            for column, text in self.rows[number].items():
                place = bisect_left(columns, column)
                bottom, right = self.merged.get((number, column), (number, column))
                down = bisect_right(numbers, bottom) - at
                across = bisect_right(columns, right) - place
                cells.append(Cell(at, place, text, across, down))
        return table(cells, fonts=filter(None, self.fonts))


# Places


def _place(reference: str | None) -> tuple[int, int] | None:
    match = _PLACE.fullmatch(reference or "")
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column


def _letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


# Values


def _string(element: Any) -> str:
    """A text or its runs, without the readings that Japanese files add."""
    texts = [*element.iterchildren("{*}t"), *element.iterfind("{*}r/{*}t")]
    return _plain("".join(each.text or "" for each in texts))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _float(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _serial(value: str) -> float | None:
    """An ISO date as the days since the end of 1899."""
    try:
        since = datetime.fromisoformat(value.strip()).replace(tzinfo=None) - datetime(1899, 12, 30)  # noqa: DTZ001
    except ValueError:
        return None
    return since / timedelta(1)


# Styles


def _styles(root: Any) -> list[_Style]:
    if root is None:
        return []
    forms = dict(BUILT_IN)
    for each in _below(root, "numFmt"):
        if (each.get("numFmtId") or "").isdecimal() and each.getparent().tag.endswith("}numFmts"):
            forms[int(each.get("numFmtId"))] = each.get("formatCode") or GENERAL
    fonts = [_font(each) for each in _children(next(_below(root, "fonts"), None), "font")]
    filled = [
        next((each.get("patternType") or "none" for each in _below(fill, "patternFill")), "gradient") != "none"
        for fill in _children(next(_below(root, "fills"), None), "fill")
    ]
    looks = []
    for each in _children(next(_below(root, "cellXfs"), None), "xf"):
        form, font, fill = (int(each.get(name) or 0) for name in ("numFmtId", "fontId", "fillId"))
        name, is_tiny, is_white = fonts[font] if font < len(fonts) else ("", False, False)
        is_filled = fill < len(filled) and filled[fill]
        unseen = "tiny" if is_tiny else "white" if is_white and not is_filled else ""
        looks.append(_Style(forms.get(form, GENERAL), unseen, name))
    return looks


def _font(element: Any) -> tuple[str, bool, bool]:
    """A font's name, and whether it is too small or too white to be seen."""
    own = {each.tag.rpartition("}")[2]: each for each in element if isinstance(each.tag, str)}
    size = _float(own["sz"].get("val") or "") if "sz" in own else None
    colour = own.get("color")
    is_white = False
    if colour is not None:
        rgb = from_hex((colour.get("rgb") or "")[-6:])
        is_white = (
            (rgb is not None and alike(rgb, WHITE))
            or (colour.get("theme") == "0" and not _float(colour.get("tint") or "0"))
            or colour.get("indexed") in _INDEXED_WHITE
        )
    return own["name"].get("val") or "" if "name" in own else "", bool(size and size <= TINY), is_white


# XML, whose elements are told by their local names: "Strict" workbooks have another namespace


def _elements(stream: Any, names: Sequence[str]) -> Iterator[Any]:
    """The elements of a part one by one, each once it has been read whole."""
    from lxml import etree

    tags = [f"{{*}}{name}" for name in names]
    for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True, load_dtd=False):
        yield element


def _forget(element: Any) -> None:
    """Free an element that has been read, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _children(element: Any, name: str) -> Iterator[Any]:
    return iter(()) if element is None else element.iterchildren(f"{{*}}{name}")


def _below(element: Any, name: str) -> Iterator[Any]:
    return iter(()) if element is None else element.iter(f"{{*}}{name}")
