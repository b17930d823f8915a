"""PDF files, and images of pages, read by sight: what is drawn invisibly is not text of the document.

A page that is one image is given to tesseract, also where a scanner has laid invisible text over it: nobody has
seen that text. Lines keep their places for corpus.layout, which makes paragraphs of them.
"""

import copy
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from statistics import median
from typing import Any

from corpus.reading.extract import PAGES, Extract, Hidden, Refused, Unread, room_for_programs
from corpus.reading.layout import STRUCTURE, Block, Run
from corpus.reading.pdf_columns import in_order
from corpus.reading.pdf_forms import is_dynamic, values, values_added
from corpus.reading.pdf_layout import Line, Page, RuledTable, line_of, ruled_tables, words_of
from corpus.reading.pdf_sight import LOST, is_scan, is_seen, left_out, look, mark_while_reading

SCANNED_PAGES = 150  # tesseract takes about 4 s a page, and one document shall not take more than 10 minutes
RESOLUTION = 300  # dots per inch; what tesseract is trained on
INSTALL_OCR = "install OCR: apt-get install tesseract-ocr tesseract-ocr-vie; pip install 'hanoidx[ocr]'"

_PAGE_NUMBER = re.compile(r"(?i:trang|page)?\s*[-–]?\s*\d{1,4}\s*(?:[-–/]\s*(?:\d{1,4})?)?\.?")
_DIGITS = re.compile(r"\d+")
_POINTER = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF$")
_TABLE = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")
_PART = re.compile(rb"\d\s+\d+\s+obj\b")
_REVISIONS = 50  # of a PDF that was changed and signed again and again; a look at each takes no time
_TAIL = 4096  # bytes behind the end of a file whose pointers are wrong, which is read nevertheless
_LOST = 0.1  # of a page's letters
_EDGE = 2  # lines at the top and the bottom of a page that can be running headers and footers
_APART = 1000  # more than a page has columns; lines in another direction are no neighbours of the page's own


def read_pdf(content: bytes) -> Extract:
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    content, unread = _until_end(content)
    mark_while_reading()
    try:
        pdf = pdfplumber.open(BytesIO(content))
        count = len(pdf.pages)
    except PdfminerException as error:
        if error.args and isinstance(error.args[0], PDFPasswordIncorrect):
            raise Refused("a PDF with a password", "save it without one") from error
        raise
    if not 1 <= count <= PAGES:
        raise Refused(f"a PDF of {count} pages", f"split it into files of 1 to {PAGES} pages")
    if is_dynamic(pdf):
        unread.append(
            Unread("unsure", "XFA", "a form whose content only Adobe Reader shows; save it as PDF for printing")
        )
    pages: list[Page] = []
    hidden: list[Hidden] = []
    scans: list[int] = []
    for number, page in enumerate(pdf.pages, 1):
        look(page)
        in_fields = values_added(page)
        unread += in_fields.unread
        if is_scan(page) or (_is_garbled(page) and _has_ocr()):
            scans.append(number - 1)
            pages.append([])
            if said := values(page):
                unread.append(Unread("unsure", said, f"page {number}: form fields upon a scan, left out of the text"))
        else:
            hidden += [*left_out(page), *in_fields.hidden]
            things, unsure = _contents(page)
            pages.append(things)
            unread += unsure
        page.close()  # or all pages stay in memory
    if scans and (not any(pages) or _has_ocr()):  # without OCR, scans among pages of text stay empty
        if len(scans) > SCANNED_PAGES:
            raise Refused(f"{len(scans)} scanned pages", f"split it into files of at most {SCANNED_PAGES} of them")
        for at in scans:
            page = pdf.pages[at]
            pages[at] = list(_recognised(page.to_image(resolution=RESOLUTION).original, 72 / RESOLUTION))
            page.close()
    return Extract(list(_blocks(_without_furniture(pages))), _on_all_pages(hidden), count, unread=unread)


def _until_end(content: bytes) -> tuple[bytes, list[Unread]]:
    """The file up to its end, which is the last one whose pointer leads to a table of its parts."""
    header = max(content.find(b"%PDF-"), 0)  # from which some programs count
    ends = [match.end() for match in re.finditer(rb"%%EOF", content)]
    for end in reversed(ends[-_REVISIONS:]):
        pointer = _POINTER.search(content, max(end - 64, 0), end)
        if pointer and any(_TABLE.match(content, int(pointer[1]) + start) for start in (0, header) if int(pointer[1])):
            rest = content[end:]
            why = "something stands behind the end of the PDF that looks like a part of it, cut off"
            return content[:end], [Unread("unsure", f"{len(rest)} bytes", why)] if _PART.search(rest) else []
    if not ends or len(content) - ends[-1] > _TAIL:
        raise Refused("a PDF whose end is missing", "get the whole file again")
    return content, []


def _is_garbled(page: Any) -> bool:
    """Whether so many characters have no letter that a look at the page tells more."""
    seen = [char["text"] for char in page.chars if is_seen(char)]
    return seen.count(LOST) > _LOST * len(seen)


def _contents(page: Any) -> tuple[Page, list[Unread]]:
    """All that `pdf_sight.look` found to be seen on a page, in the order in which it is read.

    Letters that do not run from left to right are read from the page turned until they do: an annex drawn sideways, a
    stamp in the margin.
    """
    turns = Counter(char["turn"] for char in page.chars if is_seen(char))
    taken: set[int] = set()
    found: dict[int, Page] = {}
    unread: list[Unread] = []
    for turn in sorted(turns, key=lambda turn: (turn != 0, -turns[turn])):
        view = _turned(page, turn) if turn else page
        before = len(taken)
        tables = list(ruled_tables(view, turn, taken))
        chars = [char for at, char in enumerate(view.chars) if char["turn"] == turn and at not in taken]
        taken |= {at for at, char in enumerate(view.chars) if char["turn"] == turn}
        turns[turn] = len(taken) - before
        found[turn], unsure = in_order(words_of(chars), tables, f"page {page.page_number}")
        unread += unsure
    ordered = [found[turn] for turn, _ in turns.most_common()]
    return [
        replace(one, column=one.column + _APART * at) for at, things in enumerate(ordered) for one in things
    ], unread


def _turned(page: Any, turn: int) -> Any:
    """The page, turned with the clock by so many degrees, with what is known of its characters."""
    from pdfplumber.page import Page as PlumberPage

    again = copy.copy(page.page_obj)
    again.rotate = (page.rotation + turn) % 360
    again.attrs = {**page.page_obj.attrs, "Rotate": again.rotate}
    view = PlumberPage(page.pdf, again, page.page_number)
    for char, known in zip(view.chars, page.chars, strict=False):  # values of form fields are not drawn again
        char |= {name: known[name] for name in ("text", "turn", "unseen")}
    return view


def _on_all_pages(hidden: list[Hidden]) -> list[Hidden]:
    """One report for what stands on many pages alike, such as a watermark."""
    places: dict[tuple[str, str], list[str]] = {}
    for one in hidden:
        places.setdefault((one.text, one.how), []).append(one.place)
    more = {key: f" and {len(found) - 1} more" if len(found) > 1 else "" for key, found in places.items()}
    return [Hidden(text, f"{found[0]}{more[text, how]}", how) for (text, how), found in places.items()]


def read_image(content: bytes) -> Extract:
    """An image of a page, or the many pages of a TIFF."""
    from PIL import Image, ImageSequence

    pages: list[Page] = []
    with Image.open(BytesIO(content)) as image:
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            if number > SCANNED_PAGES:
                raise Refused(f"more than {SCANNED_PAGES} scanned pages", "split the file")
            pages.append(list(_recognised(frame.copy(), 72 / RESOLUTION)))
    return Extract(list(_blocks(_without_furniture(pages))), [], len(pages))


def _blocks(pages: list[Page]) -> Iterator[Block]:
    for number, page in enumerate(pages, 1):
        for column, group in itertools.groupby(
            page, lambda thing: -1 if isinstance(thing, RuledTable) else thing.column
        ):
            things = list(group)
            for one in things if column < 0 else ():
                if isinstance(one, RuledTable):
                    rows, spans = one.whole.rows, one.whole.spans
                    yield Block(rows=rows, spans=spans, fonts=one.fonts, page=number, column=one.column)
            lines = [line for line in things if isinstance(line, Line)]
            if lines:
                runs = [run for line in lines for run in (*line.runs, Run("\n", line.runs[-1].font))][:-1]
                boxes = tuple(line.box for line in lines)
                yield Block(runs=tuple(runs), boxes=boxes, page=number, column=column)


def _without_furniture(pages: list[Page]) -> list[Page]:
    """The pages without page numbers, and without running heads and feet: lines at one height on many pages."""
    counts = Counter(key for number, page in enumerate(pages) for line in _edges(page) for key in _keys(line, number))
    usual = len([page for page in pages if page]) / 3
    kept: list[Page] = []
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


def _edges(page: Page) -> list[Line]:
    return [thing for thing in (*page[:_EDGE], *page[_EDGE:][-_EDGE:]) if isinstance(thing, Line)]


def _keys(line: Line, page: int) -> set[tuple[int, int, str]]:
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

        with room_for_programs():
            return "vie" in pytesseract.get_languages()
    except (ImportError, OSError, RuntimeError):
        return False


def _recognised(image: Any, scale: float) -> Iterator[Line]:
    """The lines that tesseract reads in an image, their places times `scale`."""
    if not _has_ocr():
        raise Refused("a scanned page, which only OCR can read", INSTALL_OCR)
    import pytesseract

    grey = image.convert("L")
    with room_for_programs():
        data = pytesseract.image_to_data(grey, lang="vie", timeout=120, output_type=pytesseract.Output.DICT)
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
    lines = [line_of(list(group)) for _, group in itertools.groupby(words, lambda word: word["key"])]
    height = median(line.box.bottom - line.box.top for line in lines) if lines else 0.0
    for line in lines:  # their boxes are as high as their letters happen to be
        middle = (line.box.top + line.box.bottom) / 2
        yield replace(line, box=replace(line.box, top=middle - height / 2, bottom=middle + height / 2))
