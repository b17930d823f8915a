"""The values of a PDF's form fields, which stand in records of their own and not among the characters of the page.

A value is written onto the page as characters, on the height of the label beside its field, so that lines, tables and
columns take it for what a person takes it for: words behind a label. The fields' inner names are for programs only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from corpus.reading.extract import Hidden, Unread
from corpus.reading.layout import Box
from corpus.reading.pdf_sight import is_seen, middle

FORM = "form field"  # the font of a value

_UNSEEN = 2 | 32  # flags of a field: hidden, and not to be viewed
_PASSWORD = 1 << 13  # flags of a field of text
_PUSHED = 1 << 16  # flag of a button that only starts something
_DEEPEST = 20  # fields in fields; a damaged file may have circles of them
_SIZE = 10.0  # points, where no label tells how large the letters are
_CLOSE = 4.0  # points by which a label may stand above or below its field
_SHOWS_WORDS = re.compile(rb"[^(\s]\s*\)\s*(?:Tj|')|<[0-9A-Fa-f]{2,}>\s*Tj|\]\s*TJ")


@dataclass(frozen=True, slots=True)
class InFields:
    """What is not written onto the page of that which its form fields and notes have."""

    hidden: tuple[Hidden, ...]
    unread: tuple[Unread, ...]


def values_added(page: Any) -> InFields:
    """Write the values of a page's fields onto it."""
    place = f"page {page.page_number}"
    hidden: list[Hidden] = []
    unread: list[Unread] = []
    labels = [char for char in page.chars if is_seen(char) and char["turn"] == 0]
    for record in _records(page):
        kind, box = _name(record.get("Subtype")), _box(page, record)
        is_hidden = bool(_whole(record.get("F")) & _UNSEEN)
        value = _value(record) if kind == "Widget" else ""
        if value and (is_hidden or not box):
            hidden.append(Hidden(value, place, "hidden form field"))
        elif value and box:
            page.objects.setdefault("char", []).extend(_written(page, box, value, labels))
        elif kind == "FreeText" and not is_hidden and (note := _text(record.get("Contents"))):
            hidden.append(Hidden(note, place, "a note upon the page"))
        elif kind in ("Widget", "Stamp", "Watermark") and not is_hidden and _shows_words(record):
            unread.append(Unread("unsure", place, "words in a form field or a stamp that cannot be read"))
    return InFields(tuple(hidden), tuple(unread))


def values(page: Any) -> str:
    return " ".join("".join(char["text"] for char in page.chars if char["fontname"] == FORM).split())


def is_dynamic(pdf: Any) -> bool:
    """Whether a file is an XFA form, of which the pages have nothing but a request to open it in another program."""
    from pdfminer.pdftypes import resolve1

    form = resolve1(pdf.doc.catalog.get("AcroForm"))
    return isinstance(form, dict) and "XFA" in form and not resolve1(form.get("Fields"))


# Records


def _records(page: Any) -> Iterator[dict[str, Any]]:
    from pdfminer.pdftypes import resolve1

    listed = resolve1(page.page_obj.annots)
    for each in listed if isinstance(listed, list) else ():
        record = resolve1(each)
        if isinstance(record, dict):
            yield record


def _inherited(record: dict[str, Any], name: str) -> Any:
    """What a field says of itself, or the field that it is a part of says for it."""
    from pdfminer.pdftypes import resolve1

    for _ in range(_DEEPEST):
        if name in record:
            return resolve1(record[name])
        record = resolve1(record.get("Parent"))
        if not isinstance(record, dict):
            break
    return None


def _value(record: dict[str, Any]) -> str:
    from pdfminer.pdftypes import resolve1

    kind, flags, value = _name(_inherited(record, "FT")), _whole(_inherited(record, "Ff")), _inherited(record, "V")
    if kind == "Btn" and not flags & _PUSHED:
        state = _name(resolve1(record.get("AS"))) or _name(value)
        return "☐" if state in ("", "Off") else "☑"
    if kind == "Tx" and not flags & _PASSWORD:
        return _text(value)
    if kind == "Ch":
        options = [resolve1(one) for one in _inherited(record, "Opt") or ()]
        shown = {_text(one[0]): _text(one[1]) for one in options if isinstance(one, list) and len(one) == 2}
        chosen = [_text(one) for one in (value if isinstance(value, list) else [value])]
        return "; ".join(shown.get(one, one) for one in chosen if one)
    return ""


def _text(value: Any) -> str:
    from pdfminer.pdftypes import PDFStream, resolve1
    from pdfminer.utils import decode_text

    value = resolve1(value)
    if isinstance(value, PDFStream):
        value = value.get_data()
    if not isinstance(value, bytes):
        return ""
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", "replace").strip()
    return decode_text(value).strip()


def _name(value: Any) -> str:
    name = getattr(value, "name", "")
    return name.decode("latin-1") if isinstance(name, bytes) else name


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _shows_words(record: dict[str, Any]) -> bool:
    """Whether what is drawn for a record has words, though it has no value."""
    from pdfminer.pdftypes import PDFStream, resolve1

    if _name(_inherited(record, "FT")) in ("Sig", "Btn"):
        return False
    drawn = resolve1((resolve1(record.get("AP")) or {}).get("N"))
    return isinstance(drawn, PDFStream) and bool(_SHOWS_WORDS.search(drawn.get_data()))


# Onto the page


def _box(page: Any, record: dict[str, Any]) -> Box | None:
    """Where a field stands on the page as it is displayed; None where it has no extent."""
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import apply_matrix_rect

    corners = [resolve1(one) for one in resolve1(record.get("Rect")) or ()]
    if len(corners) != 4 or not all(isinstance(one, (int, float)) for one in corners):
        return None
    left, low, right, high = page.page_obj.mediabox
    matrix = {90: (0, -1, 1, 0, -low, right), 180: (-1, 0, 0, -1, right, high), 270: (0, 1, -1, 0, high, -left)}
    x0, y0, x1, y1 = apply_matrix_rect(matrix.get(page.rotation, (1, 0, 0, 1, -left, -low)), tuple(corners))
    across, down = page.mediabox[:2]
    box = Box(x0 + across, x1 + across, page.height - y1 + down, page.height - y0 + down)
    return box if box.x1 - box.x0 > 1 and box.bottom - box.top > 1 else None


def _written(page: Any, box: Box, value: str, labels: list[Any]) -> Iterator[dict[str, Any]]:
    """The characters of a value, its first line on the height of its label."""
    near = [char for char in labels if box.top - _CLOSE <= middle(char)[1] <= box.bottom + _CLOSE]
    before = [char for char in near if char["x0"] < box.x0]
    label = max(before, key=lambda char: char["x1"]) if before else min(near, key=lambda char: char["x0"], default=None)
    size = label["size"] if label else min(_SIZE, box.bottom - box.top)
    top = label["top"] if label else (box.top + min(box.bottom, box.top + 2 * size)) / 2 - size / 2
    for line in value.splitlines():
        width = min(size / 2, (box.x1 - box.x0 - 2) / max(len(line), 1))
        for at, letter in enumerate(line):
            x0 = box.x0 + 1 + at * width
            yield {
                "object_type": "char",
                "page_number": page.page_number,
                "text": letter,
                "fontname": FORM,
                "size": size,
                "x0": x0,
                "x1": x0 + width,
                "top": top,
                "bottom": top + size,
                "doctop": page.initial_doctop + top,
                "width": width,
                "height": size,
                "upright": True,
                "turn": 0,
                "em": size,
                "unseen": "",
            }
        top += 1.2 * size
