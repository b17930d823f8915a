"""What stands on a page of a PDF: lines and ruled tables. A sideways name of a column is read in its cell."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corpus.reading.layout import Box, Run
from corpus.reading.pdf_forms import FORM
from corpus.reading.pdf_sight import box_of, holds, is_seen
from corpus.reading.tables import Cell, Table, table

_DIRECTIONS = {  # how pdfplumber calls the ways in which the lines follow, and the letters in them, by their turn
    90: ("ltr", "btt"),
    180: ("btt", "rtl"),
    270: ("rtl", "ttb"),
}
_HEADS = 2  # rows of a table that may be names of columns, written sideways


@dataclass(frozen=True, slots=True)
class Line:
    """`column` is 0 where text goes over the whole width; else it tells the columns of a page apart."""

    runs: tuple[Run, ...]
    box: Box
    column: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class RuledTable:
    whole: Table
    fonts: tuple[str, ...]
    box: Box
    column: int = 0


Page = list[Line | RuledTable]


# Ruled tables


def ruled_tables(page: Any, turn: int, taken: set[int]) -> Iterator[RuledTable]:
    """The ruled tables whose rows stand upright in a page turned so; their characters are put into `taken`."""
    if not (page.rects or page.lines or page.curves):
        return
    places = {id(char): at for at, char in enumerate(page.chars) if is_seen(char) and at not in taken}
    visible = page.filter(lambda thing: thing["object_type"] != "char" or id(thing) in places or _is_blank(thing))
    for found in visible.find_tables():
        box = Box(found.bbox[0], found.bbox[2], found.bbox[1], found.bbox[3])
        chars = [char for char in visible.chars if holds(box, char) and not _is_blank(char)]
        if not _is_upright(found, chars, turn):
            continue
        whole = _grid(found, turn)
        if len(whole.rows[0]) > 1:  # one row may be the head of a table that goes on overleaf
            yield RuledTable(whole, tuple({char["fontname"] for char in chars}), box)
            taken |= {places[id(char)] for char in chars}


def _is_blank(char: Any) -> bool:
    return bool(char["text"].isspace())


def _is_upright(found: Any, chars: list[Any], turn: int) -> bool:
    """Whether most cells below a table's head are written in the direction in which the page is read."""
    if all(char["turn"] == turn for char in chars):
        return True
    below = found.rows[_HEADS:] if len(found.rows) > _HEADS else found.rows
    upright = turned = 0
    for row in below:
        for cell in filter(None, row.cells):
            said = Counter(char["turn"] for char in chars if holds(Box(cell[0], cell[2], cell[1], cell[3]), char))
            if said:
                upright += said.most_common(1)[0][0] == turn
                turned += said.most_common(1)[0][0] != turn
    return upright >= turned


def _grid(found: Any, turn: int) -> Table:
    """A table's cells; how far a merged one goes is told by the edges of the others."""
    lefts = sorted({cell[0] for cell in found.cells})
    tops = sorted({cell[1] for cell in found.cells})
    texts = _texts(found, turn)
    cells: list[Cell] = []
    for at, row in enumerate(found.rows):
        for column, cell in enumerate(row.cells):
            if cell is not None:
                across = bisect_left(lefts, cell[2] - 1) - bisect_left(lefts, cell[0])
                down = bisect_left(tops, cell[3] - 1) - bisect_left(tops, cell[1])
                cells.append(Cell(at, column, _joined(texts[at][column]), max(across, 1), max(down, 1)))
    return table(cells)


def _texts(found: Any, turn: int) -> list[list[str | None]]:
    texts: list[list[str | None]] = found.extract()
    sideways = [char for char in found.page.chars if not _is_blank(char) and char["turn"] != turn]
    for row, said in zip(found.rows, texts, strict=True) if sideways else ():
        for column, cell in enumerate(row.cells):
            box = cell and Box(cell[0], cell[2], cell[1], cell[3])
            if box and any(holds(box, char) for char in sideways):
                said[column] = _turned_text([char for char in found.page.chars if holds(box, char)], turn)
    return texts


def _turned_text(chars: list[Any], turn: int) -> str:
    from pdfplumber.utils.text import extract_words

    words: list[str] = []
    for own in dict.fromkeys(char["turn"] for char in chars):
        lines, letters = _DIRECTIONS.get((own - turn) % 360, ("ttb", "ltr"))
        ways: dict[str, Any] = {
            "line_dir": lines,
            "char_dir": letters,
            "line_dir_rotated": lines,
            "char_dir_rotated": letters,
        }
        words += [word["text"] for word in extract_words([char for char in chars if char["turn"] == own], **ways)]
    return " ".join(words)


def _joined(cell: str | None) -> str:
    return " ".join((cell or "").split())


# Lines


def words_of(chars: list[Any]) -> list[Any]:
    from pdfplumber.utils.text import extract_words

    seen = [char for char in chars if not char["unseen"]]
    return list(extract_words(seen, extra_attrs=["fontname"]))


def lines(words: Iterable[Any], column: int = 0) -> Iterator[Line]:
    """Words on one height, parted where a wide gap says that they only stand side by side, as in a letterhead."""
    for group in rows_of(words):
        line: list[Any] = []
        for word in group:
            wide = line and word["x0"] - line[-1]["x1"] > 2.5 * (word["bottom"] - word["top"])
            if wide and word.get("fontname") != FORM:
                yield replace(line_of(line), column=column)
                line = []
            line.append(word)
        yield replace(line_of(line), column=column)


def rows_of(words: Iterable[Any]) -> list[list[Any]]:
    """Words that stand on one height, from left to right, the rows from top to bottom."""
    from pdfplumber.utils.clustering import cluster_objects

    groups = cluster_objects(list(words), "bottom", 3)
    return [sorted(group, key=lambda word: word["x0"]) for group in groups]


def line_of(words: Sequence[Any]) -> Line:
    runs: list[Run] = []
    above: Any = None
    for word in words:
        font = word.get("fontname")
        touches = above and font != above.get("fontname") and word["x0"] - above["x1"] < 1
        text = word["text"] if above is None or touches else f" {word['text']}"
        if runs and runs[-1].font == font:
            runs[-1] = replace(runs[-1], text=runs[-1].text + text)
        else:
            runs.append(Run(text, font))
        above = word
    boxes = [box_of(word) for word in words]
    box = Box(boxes[0].x0, boxes[-1].x1, min(b.top for b in boxes), max(b.bottom for b in boxes))
    return Line(tuple(runs), box)
