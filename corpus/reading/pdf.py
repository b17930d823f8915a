"""PDF files, and images of pages, read by sight: what is drawn invisibly is not text of the document.

A page that is one image is given to tesseract, also where a scanner has laid invisible text over it: nobody has
seen that text. Lines keep their places for corpus.layout, which makes paragraphs of them.
"""

import itertools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from statistics import median
from typing import Any

from corpus.reading.extract import PAGES, TINY, WHITE, Colour, Extract, Hidden, Refused, alike
from corpus.reading.layout import STRUCTURE, Block, Box, Run
from corpus.reading.tables import Cell, Table, table

SCANNED_PAGES = 150  # tesseract takes about 4 s a page, and one document shall not take more than 10 minutes
RESOLUTION = 300  # dots per inch; what tesseract is trained on
INSTALL_OCR = "install OCR: apt-get install tesseract-ocr tesseract-ocr-vie; pip install 'hanoidx[ocr]'"

_COLOUR_SPACES = ("DeviceGray", "DeviceRGB", "DeviceCMYK", "CalGray", "CalRGB", "ICCBased")
_PAGE_NUMBER = re.compile(r"(?i:trang|page)?\s*[-–]?\s*\d{1,4}\s*(?:[-–/]\s*(?:\d{1,4})?)?\.?")
_DIGITS = re.compile(r"\d+")
_EDGE = 2  # lines at the top and the bottom of a page that can be running headers and footers


@dataclass(frozen=True, slots=True)
class _Line:
    runs: tuple[Run, ...]
    box: Box

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class _Table:
    whole: Table
    fonts: tuple[str, ...]
    box: Box


_Page = list[_Line | _Table]


def read_pdf(content: bytes) -> Extract:
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    if b"%%EOF" not in content[-4096:]:
        raise Refused("a PDF whose end is missing", "get the whole file again")
    _mark_invisible()
    try:
        pdf = pdfplumber.open(BytesIO(content))
        count = len(pdf.pages)
    except PdfminerException as error:
        if error.args and isinstance(error.args[0], PDFPasswordIncorrect):
            raise Refused("a PDF with a password", "save it without one") from error
        raise
    if not 1 <= count <= PAGES:
        raise Refused(f"a PDF of {count} pages", f"split it into files of 1 to {PAGES} pages")
    pages: list[_Page] = []
    hidden: list[Hidden] = []
    scans: list[int] = []
    for number, page in enumerate(pdf.pages, 1):
        unseen, is_scan = _unseen(page)
        if is_scan:
            scans.append(number - 1)
            pages.append([])
        else:
            hidden += _reported(page, unseen, f"page {number}")
            pages.append(_contents(page, unseen))
        page.close()  # or all pages stay in memory
    if scans and (not any(pages) or _has_ocr()):  # without OCR, scans among pages of text stay empty
        if len(scans) > SCANNED_PAGES:
            raise Refused(f"{len(scans)} scanned pages", f"split it into files of at most {SCANNED_PAGES} of them")
        for at in scans:
            page = pdf.pages[at]
            pages[at] = list(_recognised(page.to_image(resolution=RESOLUTION).original, 72 / RESOLUTION))
            page.close()
    return Extract(list(_blocks(_without_furniture(pages))), hidden, count)


def read_image(content: bytes) -> Extract:
    """An image of a page, or the many pages of a TIFF."""
    from PIL import Image, ImageSequence

    pages: list[_Page] = []
    with Image.open(BytesIO(content)) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            if number > SCANNED_PAGES:
                raise Refused(f"more than {SCANNED_PAGES} scanned pages", "split the file")
            pages.append(list(_recognised(frame.copy(), 72 / RESOLUTION)))
    return Extract(list(_blocks(_without_furniture(pages))), [], len(pages))


# What a person does not see


def _mark_invisible() -> None:
    """Have pdfplumber tag the characters that are drawn in an invisible mode, of which it keeps no trace."""
    import pdfplumber.page
    from pdfplumber.page import PDFPageAggregatorWithMarkedContent as Aggregator

    class Marking(Aggregator):
        def render_string(self, textstate: Any, *rest: Any) -> None:
            self.is_invisible = textstate.render in (3, 7)
            super().render_string(textstate, *rest)

        def render_char(self, *args: Any, **kwargs: Any) -> float:
            advance = super().render_char(*args, **kwargs)
            if self.is_invisible:
                self.cur_item._objs[-1].tag = "invisible"  # type: ignore[attr-defined] # where pdfplumber looks for it
            return advance

    if Aggregator.__name__ != Marking.__name__:
        setattr(pdfplumber.page, "PDFPageAggregatorWithMarkedContent", Marking)  # noqa: B010 mypy forbids the plain form


def _unseen(page: Any) -> tuple[dict[int, str], bool]:
    """The characters that nobody sees, by identity, with the reason; and whether the page is a scan."""
    images = [_box(image) for image in page.images]
    shapes = [
        (_box(shape), colour)
        for shape in (*page.rects, *page.curves)
        if shape.get("fill") and shape["width"] > 4 and shape["height"] > 4
        if (colour := _colour(shape.get("non_stroking_color"), "DeviceRGB")) and not alike(colour, WHITE)
    ]
    colours: dict[Any, Colour | None] = {}
    found: dict[int, str] = {}
    seen = 0
    for char in page.chars:
        if char["text"].isspace():
            continue
        key = (char["non_stroking_color"], char.get("ncs"))
        if key not in colours:
            colours[key] = _colour(*key)
        if char["tag"] == "invisible":
            found[id(char)] = "invisible"
        elif min(char["size"], char["height"]) <= TINY:
            found[id(char)] = "tiny"
        elif not (
            page.bbox[0] <= _middle(char)[0] <= page.bbox[2] and page.bbox[1] <= _middle(char)[1] <= page.bbox[3]
        ):
            found[id(char)] = "off the page"
        elif (colour := colours[key]) and (colour == WHITE or shapes or alike(colour, WHITE)):
            behind = [fill for box, fill in shapes if _holds(box, char)]
            if not any(_holds(box, char) for box in images) and alike(colour, behind[-1] if behind else WHITE):
                found[id(char)] = "white" if alike(colour, WHITE) else "colour of its background"
        seen += id(char) not in found
    covered = max(((box.x1 - box.x0) * (box.bottom - box.top) for box in images), default=0.0)
    return found, seen < 20 and covered > page.width * page.height / 2


def _reported(page: Any, unseen: dict[int, str], place: str) -> Iterator[Hidden]:
    chars = [char for char in page.chars if id(char) in unseen]
    for how, group in itertools.groupby(chars, lambda char: unseen[id(char)]):
        text = ""
        above: Any = None
        for char in group:
            apart = above and (abs(char["top"] - above["top"]) > 1 or char["x0"] - above["x1"] > char["size"] / 6)
            text += f" {char['text']}" if apart else char["text"]
            above = char
        yield Hidden(" ".join(text.split()), place, how)


def _colour(value: Any, space: str | None) -> Colour | None:
    """None where it cannot be told, as in a pattern or a separation."""
    if space not in _COLOUR_SPACES or not isinstance(value, (tuple, list, int, float)):
        return None
    parts = [value] if isinstance(value, (int, float)) else list(value)
    if not all(isinstance(part, (int, float)) for part in parts):
        return None
    if len(parts) == 4:
        parts = [(1 - part) * (1 - parts[3]) for part in parts[:3]]
    elif len(parts) == 1:
        parts *= 3
    if len(parts) != 3:
        return None
    red, green, blue = (round(min(max(part, 0), 1) * 255) for part in parts)
    return red, green, blue


def _box(thing: Any) -> Box:
    return Box(float(thing["x0"]), float(thing["x1"]), float(thing["top"]), float(thing["bottom"]))


def _middle(char: Any) -> tuple[float, float]:
    return (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2


def _holds(box: Box, char: Any) -> bool:
    x, y = _middle(char)
    return box.x0 <= x <= box.x1 and box.top <= y <= box.bottom


# Lines and tables


def _contents(page: Any, unseen: dict[int, str]) -> _Page:
    drawn: set[tuple[str, int, int]] = set()

    def is_kept(thing: Any) -> bool:
        """Not hidden, and not drawn a second time, a hair beside the first, to look bold."""
        if thing["object_type"] != "char":
            return True
        place = (thing["text"], round(thing["x0"]), round(thing["top"]))
        if id(thing) in unseen or (place in drawn and not thing["text"].isspace()):
            return False
        drawn.add(place)
        return True

    chars = [char for char in page.chars if is_kept(char)]
    kept = {id(char) for char in chars}
    visible = page.filter(lambda thing: thing["object_type"] != "char" or id(thing) in kept)
    tables = list(_tables(visible)) if page.rects or page.lines or page.curves else []
    words = [
        word
        for word in visible.extract_words(extra_attrs=["fontname"])
        if not any(_holds(table.box, word) for table in tables)
    ]
    things: _Page = [*_lines(words), *tables]
    return sorted(things, key=lambda thing: (round(thing.box.top), thing.box.x0))


def _tables(page: Any) -> Iterator[_Table]:
    for found in page.find_tables():
        whole = _grid(found)
        if len(whole.rows[0]) > 1:  # one row may be the head of a table that goes on overleaf
            x0, top, x1, bottom = found.bbox
            box = Box(x0, x1, top, bottom)
            yield _Table(whole, tuple({char["fontname"] for char in page.chars if _holds(box, char)}), box)


def _grid(found: Any) -> Table:
    """A table's cells; how far a merged one goes is told by the edges of the others."""
    lefts = sorted({cell[0] for cell in found.cells})
    tops = sorted({cell[1] for cell in found.cells})
    texts = found.extract()
    cells: list[Cell] = []
    for at, row in enumerate(found.rows):
        for column, cell in enumerate(row.cells):
            if cell is not None:
                across = bisect_left(lefts, cell[2] - 1) - bisect_left(lefts, cell[0])
                down = bisect_left(tops, cell[3] - 1) - bisect_left(tops, cell[1])
                cells.append(Cell(at, column, _joined(texts[at][column]), max(across, 1), max(down, 1)))
    return table(cells)


def _joined(cell: str | None) -> str:
    return " ".join((cell or "").split())


def _lines(words: Iterable[Any]) -> Iterator[_Line]:
    """Words on one height, parted where a wide gap says that they only stand side by side, as in a letterhead."""
    from pdfplumber.utils.clustering import cluster_objects

    for group in cluster_objects(list(words), "bottom", 3):
        line: list[Any] = []
        for word in sorted(group, key=lambda word: word["x0"]):
            if line and word["x0"] - line[-1]["x1"] > 2.5 * (word["bottom"] - word["top"]):
                yield _line(line)
                line = []
            line.append(word)
        yield _line(line)


def _line(words: Sequence[Any]) -> _Line:
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
    boxes = [_box(word) for word in words]
    box = Box(boxes[0].x0, boxes[-1].x1, min(b.top for b in boxes), max(b.bottom for b in boxes))
    return _Line(tuple(runs), box)


def _blocks(pages: list[_Page]) -> Iterator[Block]:
    for number, page in enumerate(pages, 1):
        for is_table, group in itertools.groupby(page, lambda thing: isinstance(thing, _Table)):
            if is_table:
                tables = [each for each in group if isinstance(each, _Table)]
                yield from (Block(rows=t.whole.rows, spans=t.whole.spans, fonts=t.fonts, page=number) for t in tables)
            else:
                lines = [line for line in group if isinstance(line, _Line)]
                runs = [run for line in lines for run in (*line.runs, Run("\n", line.runs[-1].font))][:-1]
                yield Block(runs=tuple(runs), boxes=tuple(line.box for line in lines), page=number)


def _without_furniture(pages: list[_Page]) -> list[_Page]:
    """The pages without page numbers, and without running heads and feet: lines at one height on many pages."""
    counts = Counter(key for number, page in enumerate(pages) for line in _edges(page) for key in _keys(line, number))
    usual = len([page for page in pages if page]) / 3
    kept: list[_Page] = []
    for number, page in enumerate(pages):
        dropped = {
            id(line)
            for line in _edges(page)
            if _PAGE_NUMBER.fullmatch(line.text.strip())
            or (
                any(counts[key] >= max(key[0], usual) for key in _keys(line, number)) and not STRUCTURE.match(line.text)
            )
        }
        kept.append([thing for thing in page if id(thing) not in dropped])
    return kept


def _edges(page: _Page) -> list[_Line]:
    return [thing for thing in (*page[:_EDGE], *page[_EDGE:][-_EDGE:]) if isinstance(thing, _Line)]


def _keys(line: _Line, page: int) -> set[tuple[int, int, str]]:
    """What a line has in common with its like on other pages: on at least how many, its height, and its words.

    Its words are the same, or but for one number that goes up with the pages.
    """
    height = round(line.box.top / 4)
    keys = {(2, height, line.text)}
    for match in _DIGITS.finditer(line.text[:200]):
        rest = f"{line.text[: match.start()]}#{int(match[0][-6:]) - page}{line.text[match.end() :]}"
        keys.add((3, height, rest))
    return keys


# Scans


def _has_ocr() -> bool:
    try:
        import pytesseract

        return "vie" in pytesseract.get_languages()
    except (ImportError, OSError, RuntimeError):
        return False


def _recognised(image: Any, scale: float) -> Iterator[_Line]:
    """The lines that tesseract reads in an image, their places times `scale`."""
    if not _has_ocr():
        raise Refused("a scanned page, which only OCR can read", INSTALL_OCR)
    import pytesseract

    data = pytesseract.image_to_data(image.convert("L"), lang="vie", timeout=120, output_type=pytesseract.Output.DICT)
    words = [
        {
            "key": (data["block_num"][at], data["par_num"][at], data["line_num"][at]),
            "text": text.strip(),
            "x0": data["left"][at] * scale,
            "x1": (data["left"][at] + data["width"][at]) * scale,
            "top": data["top"][at] * scale,
            "bottom": (data["top"][at] + data["height"][at]) * scale,
        }
        for at, text in enumerate(data["text"])
        if text.strip()
    ]
    lines = [_line(list(group)) for _, group in itertools.groupby(words, lambda word: word["key"])]
    height = median(line.box.bottom - line.box.top for line in lines) if lines else 0.0
    for line in lines:  # their boxes are as high as their letters happen to be
        middle = (line.box.top + line.box.bottom) / 2
        yield replace(line, box=replace(line.box, top=middle - height / 2, bottom=middle + height / 2))
