"""Columns of prose on a page: which lines are read down before those beside them.

A gutter is a strip that stays empty over several rows. It parts two columns for sure where it is wide or long and
sentences run on from line to line on both sides of it. Where they do so and the gutter is narrow or short, or where
the rows look like those of a table without rules, the page is read across and that is said.
"""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from corpus.language.normalize import fold
from corpus.reading.extract import Unread
from corpus.reading.pdf_forms import FORM
from corpus.reading.pdf_layout import Line, Page, RuledTable, line_of, lines, rows_of

_SURE = ((1.5, 4), (0.9, 10))  # least width of a gutter in heights of a line, and least lines on each side
_UNSURE = ((1.5, 2), (0.8, 3), (0.45, 6))
_FULL = 0.6  # of a column's width, which a line fills from which the next one goes on
_RUNNING = 0.35  # of the lines of prose go on from the line above
_PARTED = 1.8  # usual distances between lines; a row further away belongs to no column
_HEAD_OR_FOOT = re.compile("doc lap|cong hoa xa hoi|noi nhan")  # of an act, whose parts stand side by side
_ITEM = re.compile(r"(?:[-–+•*▪]|\d{1,2}[.)]|[a-zđ]\))\s+\S")

_Row = list[Any]  # of words


@dataclass(frozen=True, slots=True)
class _Side:
    """What stands on one side of a gutter: lines with the number of their row; `runs_on` are rows of such lines."""

    lines: tuple[tuple[int, Line], ...]
    runs_on: frozenset[int]
    has_table: bool

    @property
    def is_prose(self) -> bool:
        return self.has_table or len(self.runs_on) >= max(2, _RUNNING * (len(self.lines) - 1))


@dataclass(frozen=True, slots=True)
class _Gutter:
    first: int
    last: int  # row, the last that it parts
    x0: float
    x1: float
    left: _Side
    right: _Side

    @property
    def length(self) -> int:
        return min(len(side.lines) for side in (self.left, self.right))


def in_order(words: Sequence[Any], tables: Sequence[RuledTable], place: str) -> tuple[Page, list[Unread]]:
    """The lines and tables of a page as they are read; and where the page may have columns that were read across."""
    columns = itertools.count(1)
    unread: list[Unread] = []

    def read(rows: list[_Row], tables: list[RuledTable], column: int) -> Iterator[Line | RuledTable]:
        gutter, is_sure = _gutter(rows, tables)
        if gutter is None or not is_sure:
            if gutter:
                begin = " / ".join(side.lines[0][1].text for side in (gutter.left, gutter.right) if side.lines)
                unread.append(Unread("unsure", begin, f"{place}: perhaps columns, whose lines are read across"))
            all_lines = lines([word for row in rows for word in row], column)
            things: Page = [*all_lines, *(replace(table, column=column) for table in tables)]
            yield from sorted(things, key=lambda thing: (round(thing.box.top), thing.box.x0))
            return
        band = rows[gutter.first : gutter.last + 1]
        top = min(word["top"] for word in band[0])
        bottom = max(word["bottom"] for word in band[-1])
        inside = [table for table in tables if table.box.bottom > top and table.box.top < bottom]
        left = [table for table in inside if table.box.x1 <= gutter.x1]
        yield from read(rows[: gutter.first], [table for table in tables if table.box.bottom <= top], column)
        yield from read(_part(band, -math.inf, gutter.x0), left, next(columns))
        yield from read(_part(band, gutter.x1, math.inf), [one for one in inside if one not in left], next(columns))
        yield from read(rows[gutter.last + 1 :], [table for table in tables if table.box.top >= bottom], column)

    return list(read(rows_of(words), list(tables), 0)), unread


def _part(rows: list[_Row], x0: float, x1: float) -> list[_Row]:
    return rows_of(word for row in rows for word in row if word["x0"] >= x0 and word["x1"] <= x1)


def _gutter(rows: list[_Row], tables: list[RuledTable]) -> tuple[_Gutter | None, bool]:
    """The longest sure gutter, or else the longest one that may be one; and whether it is sure."""
    heights = [word["bottom"] - word["top"] for row in rows for word in row]
    if not heights:
        return None, False
    height = median(heights)
    free = [_free(row, tables) for row in rows]
    for widths, judge in ((_SURE, _is_sure), (_UNSURE, _is_unsure)):
        found = [
            gutter
            for width, length in widths
            for gutter in _gutters(rows, tables, free, width * height)
            if (gutter.length >= length or gutter.left.has_table or gutter.right.has_table) and judge(gutter)
        ]
        if found:
            return max(found, key=lambda gutter: (gutter.length, gutter.x1 - gutter.x0)), judge is _is_sure
    return None, False


def _free(row: _Row, tables: list[RuledTable]) -> list[tuple[float, float]]:
    """The stretches of a row where nothing stands."""
    top, bottom = min(word["top"] for word in row), max(word["bottom"] for word in row)
    taken = [(word["x0"], word["x1"]) for word in row]
    taken += [(above["x0"], word["x1"]) for above, word in itertools.pairwise(row) if word["fontname"] == FORM]
    taken += [(table.box.x0, table.box.x1) for table in tables if table.box.top < bottom and table.box.bottom > top]
    free: list[tuple[float, float]] = []
    end = -math.inf
    for x0, x1 in sorted(taken):
        if x0 > end:
            free.append((end, x0))
        end = max(end, x1)
    return [*free, (end, math.inf)]


def _gutters(
    rows: list[_Row], tables: list[RuledTable], free: list[list[tuple[float, float]]], least: float
) -> Iterator[_Gutter]:
    """The strips, at least so wide, that stay free over rows; each once."""
    known: set[tuple[int, int, float, float]] = set()
    for at, gaps in enumerate(free):
        for gap in gaps[1:-1]:
            if gap[1] - gap[0] < least:
                continue
            first, strip = _followed(free, range(at - 1, -1, -1), gap, least, at)
            last, strip = _followed(free, range(at + 1, len(rows)), strip, least, at)
            first, last = _trimmed(rows, first, last, strip)
            if (first, last, *strip) not in known and last > first:
                known.add((first, last, *strip))
                left = _side(rows, tables, first, last, -math.inf, strip[0])
                right = _side(rows, tables, first, last, strip[1], math.inf)
                yield _Gutter(first, last, *strip, left, right)


def _followed(
    free: list[list[tuple[float, float]]], ats: range, strip: tuple[float, float], least: float, end: int
) -> tuple[int, tuple[float, float]]:
    """The last row up to which a strip stays free, and what stays of it."""
    for at in ats:
        shared = [(max(strip[0], x0), min(strip[1], x1)) for x0, x1 in free[at]]
        widest = max(shared, key=lambda one: one[1] - one[0])
        if widest[1] - widest[0] < least:
            break
        strip, end = widest, at
    return end, strip


def _trimmed(rows: list[_Row], first: int, last: int, strip: tuple[float, float]) -> tuple[int, int]:
    """The rows without those at the ends that stand too far from the next ones: page numbers, titles, signatures."""
    tops: list[dict[int, float]] = [{}, {}]  # of each side's rows
    for at in range(first, last + 1):
        for word in rows[at]:
            tops[word["x0"] >= strip[1]].setdefault(at, word["top"])
    distances = [below - above for side in tops for above, below in itertools.pairwise(side.values())]
    usual = median(distances) if distances else 0.0

    def is_far(at: int, step: int) -> bool:
        """Whether no row of its side within the strip is near on which a row borders."""
        next_ones = [
            (side[at], [top for other, top in side.items() if step * other > step * at]) for side in tops if at in side
        ]
        return all(
            not others or min(abs(top - other) for other in others) > _PARTED * usual for top, others in next_ones
        )

    while first < last and is_far(first, 1):
        first += 1
        tops = [{at: top for at, top in side.items() if at >= first} for side in tops]
    while first < last and is_far(last, -1):
        last -= 1
        tops = [{at: top for at, top in side.items() if at <= last} for side in tops]
    return first, last


def _side(rows: list[_Row], tables: list[RuledTable], first: int, last: int, x0: float, x1: float) -> _Side:
    parts = [
        (at, [word for word in rows[at] if word["x0"] >= x0 and word["x1"] <= x1]) for at in range(first, last + 1)
    ]
    found = [(at, line_of(words)) for at, words in parts if words]
    top = min(word["top"] for word in rows[first])
    bottom = max(word["bottom"] for word in rows[last])
    boxes = [table.box for table in tables if table.box.top < bottom and table.box.bottom > top]
    has_table = any(box.x0 >= x0 and box.x1 <= x1 for box in boxes)
    start = min((line.box.x0 for _, line in found), default=0.0)
    full = start + _FULL * (max((line.box.x1 for _, line in found), default=0.0) - start)
    runs_on = frozenset(
        at
        for (_, above), (at, line) in itertools.pairwise(found)
        if line.text[0].islower() and above.box.x1 >= full and above.text[-1] not in ".;:!?"
    )
    return _Side(tuple(found), runs_on, has_table)


def _is_sure(gutter: _Gutter) -> bool:
    sides = (gutter.left, gutter.right)
    return (
        all(side.is_prose for side in sides)
        and any(len(side.runs_on) > 1 for side in sides)
        and not _is_tabular(gutter)
    )


def _is_tabular(gutter: _Gutter) -> bool:
    """Whether what begins on one side begins on the height of what begins on the other, as in rows of a table."""
    left, right = ({at for at, _ in side.lines} - side.runs_on for side in (gutter.left, gutter.right))
    return len(left & right) >= max(3, 0.75 * min(len(left), len(right)))


def _is_unsure(gutter: _Gutter) -> bool:
    """Whether sentences, or lists, would be mixed where the lines are read across."""
    if _HEAD_OR_FOOT.search(
        fold(" ".join(line.text for side in (gutter.left, gutter.right) for _, line in side.lines))
    ):
        return False
    left = _interrupted(gutter.left, gutter.right, 0)
    right = _interrupted(gutter.right, gutter.left, 1)
    listed = [sum(bool(_ITEM.match(line.text)) for _, line in side.lines) for side in (gutter.left, gutter.right)]
    return left + right > 2 or min(left, right) > 0 or min(listed) > 1


def _interrupted(side: _Side, other: _Side, after: int) -> int:
    """How many lines run on from one after which, read across, a line of the other side would come first."""
    between = {at for at, _ in other.lines}
    pairs = itertools.pairwise(at for at, _ in side.lines)
    return sum(
        below in side.runs_on and any(at in between for at in range(above + after, below + after))
        for above, below in pairs
    )
