"""The cells of a table, some merged -> rows, of which the first names the columns.

Every reader hands its cells over with their places and spans; here alone it is told which rows are the head, and a
head of several rows becomes one: "Năm 2025" over "Kế hoạch" and "Kết quả" is "Năm 2025 – Kế hoạch" and "Năm 2025 –
Kết quả". A merged row head stands in every row it covers. Nothing here knows of file formats.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corpus.language.normalize import fold

BETWEEN = " – "  # the name of a group of columns and that of one of them
HEADS = 5  # rows of the highest head; more are a form, not a head

LETTERHEAD = 4  # rows of the highest letterhead
LARGEST_NAME = 31  # of numbers that name a column: days, quarters, floors
MOTTO = re.compile(r"doc lap\s*[-–]\s*tu do|cong hoa xa hoi chu nghia|dang cong san viet nam")

_LETTERHEAD = re.compile(r"so\s*:|.*\bngay\b.*\bthang\b.*\bnam\b")
_QUANTITY = re.compile(r"[-+(≤≥<>~]*\s*\d[\d.,]*\s*(?:%|‰|đồng|ngày|tháng|giờ|[a-zđ]{1,3}[²³]?)?\)?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s*[-–/]\s*(?:19|20)\d\d)?")
_NUMBER_OF_COLUMN = re.compile(r"[(\[]?(\d{1,2}|[A-ZĐa-zđ])[)\]]?(?:\s*=.{1,60})?")
_BRACKETED = re.compile(r"\([^()]*\)")
_UNIT = re.compile(r"(?:đơn vị|đvt|đv)\b|\(|.*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell by the place of its upper left corner; `across` and `down` count the columns and rows it covers."""

    row: int
    column: int
    text: str
    across: int = 1
    down: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A merged cell: its place, and what it covers."""

    row: int
    column: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in which a merged cell's text stands at its upper left corner alone.

    `heads` is how many rows at the top the file itself calls the head; 0 where it says nothing.
    """

    rows: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...] = ()
    heads: int = 0


def table(cells: Iterable[Cell], heads: int = 0) -> Table:
    cells = list(cells)
    height = max((cell.row for cell in cells), default=0) + 1
    width = max((cell.column + cell.across for cell in cells), default=1)
    rows = [[""] * width for _ in range(height)]
    spans: list[Span] = []
    for cell in cells:
        rows[cell.row][cell.column] = cell.text
        down = min(cell.down, height - cell.row)
        if cell.across > 1 or down > 1:
            spans.append(Span(cell.row, cell.column, cell.across, down))
    return Table(tuple(map(tuple, rows)), tuple(spans), heads)


def named(found: Table) -> tuple[list[str], list[list[str]]]:
    """What stands over a table, and the table: one row of names, then its rows.

    What is a table only to stand side by side, such as a letterhead, a signature or a box, comes as the former alone.
    """
    grid = _grid(_filled(found))
    start = _letterhead(grid)
    titles = _down_columns(grid[:start])
    while len(grid) - start > 1 and len(grid[start]) > 1 and _is_title(grid, start):
        titles += [place.text for place in _places(grid[start])]
        start += 1
    rest = grid[start:]
    everything = fold(" ".join(place.text for row in rest for place in row))
    if len(rest) < 2 or len(rest[0]) < 2 or (len(rest) <= LETTERHEAD and MOTTO.search(everything)):
        return titles + _down_columns(rest), []
    _spread_groups(grid, start)
    end = _head_end(grid, start, found.heads)
    names = _names(grid[start:end])
    if end + 1 < len(grid) and (numbers := _numbering(grid[end])):
        names = [f"{name} {number}".strip() for name, number in zip(names, numbers, strict=True)]
        end += 1
    body = (_shown(grid[at], at) for at in range(end, len(grid)))
    return titles, [names, *(row for row in body if any(row))]


def continued(above: Table, below: Table) -> Table | None:
    """A table that goes on overleaf as one, without the head that is repeated there; None if `below` is another."""
    if not above.rows or not below.rows or _width(above) != _width(below):
        return None
    start, end = _head(above)
    head = above.rows[start:end]
    mine = _head(below)
    again = next((at for at in (0, mine[0]) if _same(below.rows[at : at + len(head)], head)), None)
    if again is None and mine[1] - mine[0] > 1:
        return None
    drop = 0 if again is None else again + len(head)
    left = [list(row) for row in below.rows[drop:]]
    spans = [replace(span, row=span.row - drop) for span in below.spans if span.row >= drop]
    if left:
        _carry(above, left[0], spans)
    moved = [replace(span, row=span.row + len(above.rows)) for span in spans]
    return Table((*above.rows, *map(tuple, left)), (*above.spans, *moved), above.heads)


def _carry(above: Table, first: list[str], spans: Sequence[Span]) -> None:
    """Fill the row heads that a page break has cut off: what goes on overleaf is drawn there as an empty cell."""
    owners = {span.column: span for span in above.spans if span.down > 1 and span.row + span.down == len(above.rows)}
    tall = {span.column for span in spans if span.row == 0 and span.down > 1}
    last = len(above.rows) - 1
    for column, text in enumerate(first):
        if text.strip() or not any(cell.strip() for cell in first):
            break
        owner = owners.get(column)
        if owner is not None or column in tall:
            first[column] = above.rows[owner.row if owner else last][column]


def _width(found: Table) -> int:
    return max(map(len, found.rows))


def _same(rows: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> bool:
    def flat(lines: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[" ".join(cell.split()) for cell in line] for line in lines]

    return bool(others) and flat(rows) == flat(others)


# The grid: every place of it holds the cell that covers it


@dataclass(slots=True, eq=False)
class _Place:
    text: str
    row: int
    column: int
    across: int = 1
    down: int = 1


_Grid = list[list[_Place]]


def _grid(found: Table) -> _Grid:
    width = _width(found) if found.rows else 0
    grid = [
        [_Place(text.strip(), at, column) for column, text in enumerate([*row, *[""] * (width - len(row))])]
        for at, row in enumerate(found.rows)
    ]
    for span in found.spans:
        place = grid[span.row][span.column]
        place.across, place.down = min(span.across, width - span.column), min(span.down, len(grid) - span.row)
        for row in grid[span.row : span.row + place.down]:
            row[span.column : span.column + place.across] = [place] * place.across
    return grid


def _filled(found: Table) -> Table:
    """A table without the rows and columns in which no text begins."""
    rows = [at for at, row in enumerate(found.rows) if any(map(str.strip, row))]
    columns = sorted({column for row in found.rows for column, text in enumerate(row) if text.strip()})
    left = tuple(tuple("".join(found.rows[at][column : column + 1]) for column in columns) for at in rows)
    spans = []
    for span in found.spans:
        row, column = bisect_left(rows, span.row), bisect_left(columns, span.column)
        down = bisect_left(rows, span.row + span.down) - row
        across = bisect_left(columns, span.column + span.across) - column
        begins = rows[row : row + 1] == [span.row] and columns[column : column + 1] == [span.column]
        if begins and (across > 1 or down > 1):
            spans.append(Span(row, column, across, down))
    return Table(left, tuple(spans), bisect_left(rows, found.heads))


def _places(row: Iterable[_Place]) -> list[_Place]:
    """The cells of a row in which something stands, each once."""
    return list({id(place): place for place in row if place.text}.values())


def _down_columns(grid: _Grid) -> list[str]:
    return [place.text for place in _places(place for column in zip(*grid, strict=True) for place in column)]


# The head


def _letterhead(grid: _Grid) -> int:
    """How many rows at the top of a sheet are the letterhead, with a table right below it."""
    said = [fold(" ".join(place.text for place in row)) for row in grid[: LETTERHEAD + 1]]
    if len(grid) <= LETTERHEAD + 1 or not any(map(MOTTO.search, said)):
        return 0
    return max(at for at, text in enumerate(said) if MOTTO.search(text) or _LETTERHEAD.match(text)) + 1


def _is_title(grid: _Grid, at: int) -> bool:
    """Whether one thing alone stands in a row, and is not the name of a group of columns."""
    places = _places(grid[at])
    if len(places) != 1:
        return not places
    [place] = places
    if place.across == 1:
        return place.down == 1
    is_group = place.column > 0 and not _UNIT.match(place.text) and at + 1 < len(grid)
    return not (is_group and all(below.text for below in grid[at + 1]))


def _head(found: Table) -> tuple[int, int]:
    """Where the head begins and ends among a table's rows, as they are."""
    grid = _grid(found)
    start = 0
    while start < len(grid) - 1 and _is_title(grid, start):
        start += 1
    _spread_groups(grid, start)
    return start, _head_end(grid, start, found.heads)


def _spread_groups(grid: _Grid, at: int) -> None:
    """Spread the names of groups that nobody has merged: "Năm 2025" and nothing beside it, two names below."""
    if at + 2 >= len(grid):
        return
    upper, lower = grid[at], grid[at + 1]
    owners: dict[int, _Place] = {}
    for column, place in enumerate(upper):
        if not place.text and place.across == place.down == 1 and column:
            owner = owners.get(column - 1) or upper[column - 1]
            if owner.text:
                owners[column] = owner
    groups = {id(owner): owner for owner in owners.values()}
    own = [lower[owner.column] for owner in groups.values()]
    below = [*own, *(lower[column] for column in owners)]
    alone = [column for column, place in enumerate(upper) if place.text and id(place) not in groups]
    if (
        not groups
        or any(not place.text or place.row == at or _is_quantity(place.text) for place in below)
        or any(lower[column].text and lower[column].row > at for column in alone)
        or not alone
    ):
        return
    for column, owner in owners.items():
        upper[column] = owner
        owner.across = column - owner.column + 1


def _head_end(grid: _Grid, start: int, told: int) -> int:
    """The row that follows on the head, which leaves at least one row below it."""
    most = min(start + HEADS, len(grid) - 1)
    end = start + 1
    while end < most:
        lowest = max((place.row + place.down for place in _places(grid[end - 1])), default=end)
        if end < lowest <= most and _are_names(grid, start, end, lowest):
            end = lowest
        elif _parts_groups(grid, end) or _is_units(grid, end):
            end += 1
        else:
            break
    return told if end < told <= most else end


def _are_names(grid: _Grid, start: int, end: int, lowest: int) -> bool:
    """Whether the rows beside merged cells of the head are names: below groups, or units in brackets."""
    width = len(grid[0])
    added = [place for row in grid[end:lowest] for place in _places(row) if place.row >= end]
    if not added or any(_is_quantity(place.text) or place.across == width for place in added):
        return False
    grouped = any(1 < place.across < width for row in grid[start:lowest] for place in _places(row))
    return grouped or all(_BRACKETED.fullmatch(place.text) for place in added)


def _parts_groups(grid: _Grid, at: int) -> bool:
    """Whether a row says what is in each group of the row above it, and nothing of columns that have their name."""
    above, row = grid[at - 1], grid[at]
    width = len(row)
    under = [1 < place.across < width and bool(place.text) and place.row + place.down == at for place in above]
    names = [place for place, is_under in zip(row, under, strict=True) if is_under and place.text]
    if len(_places(names)) < 2 or any(_is_quantity(place.text) or place.across == width for place in names):
        return False
    others = zip(row, above, under, strict=True)
    return not any(place.text and place.row == at and upper.text for place, upper, is_under in others if not is_under)


def _is_units(grid: _Grid, at: int) -> bool:
    """Whether a row holds nothing but units in brackets: "(người)", "(%)"."""
    places = [place for place in _places(grid[at]) if place.row == at]
    return bool(places) and all(_BRACKETED.fullmatch(p.text) for p in places) and not _numbering(grid[at])


def _is_quantity(text: str) -> bool:
    """A number that is a value; a year, a small number or a day may be the name of a column."""
    if _YEAR.fullmatch(text) or not _QUANTITY.fullmatch(text):
        return False
    return not text.isdigit() or int(text) > LARGEST_NAME


def _names(head: _Grid) -> list[str]:
    names: list[str] = []
    for column in zip(*head, strict=True):
        name, above = "", ""
        for place in _places(column):
            text = " ".join(place.text.split())
            if text != above:
                name += (" " if _BRACKETED.fullmatch(text) else BETWEEN) * bool(name) + text
            above = text
        names.append(name)
    return names


def _numbering(row: Sequence[_Place]) -> list[str] | None:
    """The numbers of columns that stand below a head, each in brackets: A, B, 1, 2, 3 = 1 + 2."""
    found = [_NUMBER_OF_COLUMN.fullmatch(" ".join(place.text.split())) for place in row]
    told = [match[1] for match in found if match]
    if len(told) < max(3, len(row) - 1) or any(place.text for place, m in zip(row, found, strict=True) if not m):
        return None
    numbers = [int(text) for text in told if text.isdigit()]
    letters = [text for text in told if not text.isdigit()]
    if len(numbers) < 2 or numbers != list(range(1, len(numbers) + 1)) or letters != sorted(set(letters)):
        return None
    texts = [match[0] if match else "" for match in found]
    return [text if not text or _BRACKETED.fullmatch(text) else f"({text})" for text in texts]


# The rows below it


def _shown(row: Sequence[_Place], at: int) -> list[str]:
    """A row with the text of every cell that covers it; what goes over its first columns, as a total, stands once."""
    width = len(row)
    texts = [""] * width
    for column, place in enumerate(row):
        over_all = place.across == width
        if (column == place.column and (not over_all or place.row == at)) or place.column > 0:
            texts[column] = place.text
    return texts
