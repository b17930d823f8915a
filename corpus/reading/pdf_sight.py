"""The characters of a PDF's page as a person sees them: which way they run, which are not seen, which lie over others.

`look` writes what it finds into pdfplumber's own records: char["turn"], the direction in which a character is read
(degrees against the clock, None where it is slanted), and char["unseen"], why it is no part of the text ("" if it is).
"""

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from statistics import median
from typing import Any

from corpus.reading.extract import TINY, WHITE, Colour, Hidden, alike
from corpus.reading.layout import Box

LOST = "\ufffd"  # for a character of which the file does not say which letter it draws

_COLOUR_SPACES = ("DeviceGray", "DeviceRGB", "DeviceCMYK", "CalGray", "CalRGB", "ICCBased")
_PLAIN = (float, int, str, bool, type(None))
_STRAIGHT = 1.5  # degrees; lines more aslant than that are torn apart, as their ends stand on different heights
_LARGE = 2.2  # times the usual size of letters; such a one, over others, is a watermark
_COVERED = 3  # letters that it covers
_AGREED = 0.9  # of the letters that both a font and its table know; else the font's own are not believed
_SYMBOLS = {  # of the two fonts from which word processors take bullets and signs; the codes stand at U+F000
    "symbol": dict(zip(b"\xb7\xb0\xb1\xa3\xb3\xb4\xb8\xb9\xbb\xae\xac\xad\xaf\xd7-", "•°±≤≥×÷≠≈→←↑↓·−", strict=True)),
    "wingdings": dict(
        zip(
            b"\xa7\xb7\x9f\xfe\xa8\xfd\xfc\xfb\x6f\x6e\x6c\x71\x75\x76\xd8\xe0\xe8\xf0",
            "▪••☑☐☒✓✗☐■●❑◆❖➢→➔⇨",
            strict=True,
        )
    ),
}


def mark_while_reading() -> None:
    """Have pdfplumber keep what it would lose: which characters are drawn invisibly, and which have no letter."""
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

        def handle_undefined_char(self, font: Any, cid: int) -> str:
            return _letters_of(font).get(cid, LOST)

    resolved = pdfplumber.page.resolve_all  # type: ignore[attr-defined]

    def quickly_resolved(value: Any) -> Any:
        """What takes a third of the time of reading, as nearly all that pdfplumber looks through are plain numbers."""
        return value if type(value) in _PLAIN else resolved(value)

    if Aggregator.__name__ != Marking.__name__:
        setattr(pdfplumber.page, "resolve_all", quickly_resolved)  # noqa: B010 as below
        setattr(pdfplumber.page, "PDFPageAggregatorWithMarkedContent", Marking)  # noqa: B010 mypy forbids the plain form


@lru_cache(maxsize=256)
def _letters_of(font: Any) -> dict[int, str]:
    """The letters by an embedded TrueType font itself, where the file's table of them has gaps but contradicts none."""
    from pdfminer.pdffont import TrueTypeFont

    table = getattr(getattr(font, "unicode_map", None), "cid2unichr", {})
    try:
        own: dict[int, str] = TrueTypeFont("", _stream(font)).create_unicode_map().cid2unichr
    except Exception:  # noqa: BLE001 fonts are broken in many ways; this one is only asked where the table is silent
        return {}
    both = [cid for cid in table if cid in own]
    agreed = sum(table[cid] == own[cid] for cid in both)
    return own if both and agreed >= _AGREED * len(both) else {}


def _stream(font: Any) -> Any:
    from io import BytesIO

    return BytesIO(font.fontfile.get_data())


# Looking


def look(page: Any) -> None:
    images = [box_of(image) for image in page.images]
    shapes = [
        (box_of(shape), colour)
        for shape in (*page.rects, *page.curves)
        if shape.get("fill") and shape["width"] > 4 and shape["height"] > 4
        if (colour := _colour(shape.get("non_stroking_color"), "DeviceRGB")) and not alike(colour, WHITE)
    ]
    colours: dict[Any, Colour | None] = {}
    drawn: set[tuple[str, int, int]] = set()
    for char in page.chars:
        char["turn"] = _turn(char)
        char["em"] = char["width"] if char["turn"] in (90, 270) else char["height"]
        char["text"] = _letter(char)
        char["unseen"] = ""
        if char["text"].isspace():
            char["unseen"] = "slanted" if char["turn"] is None else ""
            continue
        key = (char["non_stroking_color"], char.get("ncs"))
        if key not in colours:
            colours[key] = _colour(*key)
        colour = colours[key]
        place = (char["text"], round(char["x0"]), round(char["top"]))
        if char["tag"] == "invisible":
            char["unseen"] = "invisible"
        elif char["em"] <= TINY:
            char["unseen"] = "tiny"
        elif char["turn"] is None:
            char["unseen"] = "slanted"
        elif not (page.bbox[0] <= middle(char)[0] <= page.bbox[2] and page.bbox[1] <= middle(char)[1] <= page.bbox[3]):
            char["unseen"] = "off the page"
        elif colour and (colour == WHITE or shapes or alike(colour, WHITE)) and _melts(char, colour, shapes, images):
            char["unseen"] = "white" if alike(colour, WHITE) else "colour of its background"
        elif place in drawn:
            char["unseen"] = "again"  # a hair beside the first, to look bold
        else:
            drawn.add(place)
    _mark_over_text(page)


def _turn(char: Any) -> int | None:
    across, up = char["matrix"][:2]
    angle = math.degrees(math.atan2(up, across)) % 360
    nearest = round(angle / 90) * 90
    return nearest % 360 if abs(angle - nearest) <= _STRAIGHT else None


def _letter(char: Any) -> str:
    text: str = char["text"]
    if text == "\0":
        return LOST
    if len(text) == 1 and "\uf000" <= text <= "\uf0ff":
        name = char["fontname"].lower()
        return next((known.get(ord(text) - 0xF000, text) for font, known in _SYMBOLS.items() if font in name), text)
    return text


def _melts(char: Any, colour: Colour, shapes: list[tuple[Box, Colour]], images: list[Box]) -> bool:
    behind = [fill for box, fill in shapes if holds(box, char)]
    return not any(holds(box, char) for box in images) and alike(colour, behind[-1] if behind else WHITE)


def _mark_over_text(page: Any) -> None:
    """Mark letters much larger than the usual that lie over others: a watermark that is not slanted."""
    seen = [char for char in page.chars if is_seen(char)]
    if not seen:
        return
    usual = median(char["em"] for char in seen)
    large = [char for char in seen if char["em"] > _LARGE * usual]
    small = [middle(char) for char in seen if char["em"] <= _LARGE * usual] if large else []
    for _, group in itertools.groupby(large, lambda char: (char["fontname"], round(char["em"]), char["turn"])):
        chars = list(group)
        boxes = [box_of(char) for char in chars]
        covered = sum(any(box.x0 <= x <= box.x1 and box.top <= y <= box.bottom for box in boxes) for x, y in small)
        if covered >= _COVERED:
            for char in chars:
                char["unseen"] = "over other letters"


def is_seen(char: Any) -> bool:
    return not char["unseen"] and not char["text"].isspace()


def is_scan(page: Any) -> bool:
    """Whether an image is all that one sees of a page."""
    boxes = [box_of(image) for image in page.images]
    covered = max(((box.x1 - box.x0) * (box.bottom - box.top) for box in boxes), default=0.0)
    return sum(map(is_seen, page.chars)) < 20 and covered > page.width * page.height / 2


def left_out(page: Any) -> Iterator[Hidden]:
    chars = [char for char in page.chars if char["unseen"] != "again" and (char["unseen"] or is_seen(char))]
    for how, group in itertools.groupby(chars, lambda char: char["unseen"]):
        text = ""
        above: Any = None
        for char in group if how else ():
            text += f" {char['text']}" if above and _is_apart(above, char) else char["text"]
            above = char
        if text.strip():
            yield Hidden(" ".join(text.split()), f"page {page.page_number}", how)


def _is_apart(above: Any, char: Any) -> bool:
    """Whether a gap stands between the end of one character and the beginning of the next."""
    across, up, _, _, x, y = above["matrix"]
    end = (x + above["adv"] * across, y + above["adv"] * up)
    return bool(math.dist(end, char["matrix"][4:]) > char["em"] / 6)


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


def box_of(thing: Any) -> Box:
    return Box(float(thing["x0"]), float(thing["x1"]), float(thing["top"]), float(thing["bottom"]))


def middle(char: Any) -> tuple[float, float]:
    return (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2


def holds(box: Box, char: Any) -> bool:
    x, y = middle(char)
    return box.x0 <= x <= box.x1 and box.top <= y <= box.bottom
