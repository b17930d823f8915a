"""Web pages -> blocks: the text that people read there, without menus, share boxes and what is hidden.

trafilatura tells where a page's text is; that part is then read whole here, for trafilatura leaves out or runs together
what it takes for decoration: questions that are buttons, lists in cells, labels and their values, captions.
"""

import copy
import re
from collections.abc import Callable
from typing import Any

from corpus.reading import legacy, signs
from corpus.reading.extract import WHITE, Colour, Extract, Hidden, Refused, Unread, alike, from_hex, missing, xml
from corpus.reading.layout import PART, Block, Run, counted, flat, paragraph, table
from corpus.reading.markup import decoded
from corpus.reading.tables import Cell

_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*(?:\.0+)?\s*(?:[;!]|$)"
    r"|font-size\s*:\s*0*(?:[01](?:\.\d*)?(?:px|pt)|\.?0+(?:\.0+)?(?:em|rem|%)?)\s*(?:[;!]|$)"
    r"|(?:left|top|text-indent)\s*:\s*-\d{4,}",
    re.IGNORECASE,
)
_STYLE_COLOUR = re.compile(r"(?<![-\w])color\s*:\s*([^;!]+)", re.IGNORECASE)
_STYLE_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_AT_RULE = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"(\w*)(?:([.#])([\w-]+))?")
_SHORT_HEX = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])")
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)")
_NO_TEXT = {"script", "style", "noscript", "template", "head"}
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer
        form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody td tfoot th
        thead tr ul caption""",
    )
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SKIPPED = frozenset(
    re.findall(r"\w+", "script style noscript template head select option textarea svg canvas audio video map")
)
_FRAMES = ("iframe", "object", "embed")
_FURNITURE = frozenset(
    re.findall(r"\w+", "navigation banner contentinfo search complementary menu menubar dialog alertdialog")
)
_FURNISHED = frozenset(  # words of the names of boxes around a page's text
    re.findall(
        r"\w+",
        """menu nav navbar navigation breadcrumb breadcrumbs sidebar footer header copyright topbar banner related
        pagination comments cookie popup modal login""",
    )
)
_SHARING = frozenset(re.findall(r"\w+", "share sharing social socials addthis addtoany sharethis"))
_FOLDED = frozenset(re.findall(r"\w+", "accordion collapse collapsible panel answer faq tab toggle"))
_LABELS = frozenset(re.findall(r"\w+", "label title name key term field caption heading th lbl tieude"))
_LINKED = 0.5  # of a box's letters stand in links, from which on it is a menu
_DOCUMENT = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|pptx?)(?:$|[?#&])|docs\.google\.com|officeapps\.live\.com")
_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def read_html(content: bytes) -> Extract:
    """A web page as a site serves it."""
    import lxml.html
    import trafilatura

    page = _parsed(content)
    whole = _main_text(trafilatura, _with_everything_shown(page))
    read = " ".join("".join(whole.itertext()).split()) if whole is not None else ""
    hidden = _without_unseen(page)
    # Menus and dialogues are hidden on most pages; what matters is what would have been taken for the page's text.
    told = [each for each in hidden if len(each.text) > 2 and each.text[:80] in read]
    _without_furniture(page)
    found = _main_text(trafilatura, lxml.html.tostring(page, encoding="unicode"))
    text = _Page(_place_of_text(page, found))
    if not text.blocks:
        raise Refused("a web page without text", "save the page that people read, or give its document")
    return Extract(text.blocks, told + text.hidden, unread=text.unread)


def html_part(content: bytes) -> Extract:
    """Web markup that is all text, as a Word file may hold it."""
    page = _parsed(content)
    hidden = _without_unseen(page)
    text = _Page(page)
    return Extract(text.blocks, hidden + text.hidden, unread=text.unread)


def _parsed(content: bytes) -> Any:
    import lxml.html

    text, encoding = decoded(content)
    page = lxml.html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    if encoding:  # here, because trafilatura takes letters of TCVN3 for soft hyphens
        for element in page.iter():
            element.text = legacy.to_unicode(element.text or "", encoding)
            element.tail = legacy.to_unicode(element.tail or "", encoding)
    return page


def _without_unseen(page: Any) -> list[Hidden]:
    """The page loses what it hides, but for answers that unfold at a press; what that was."""
    sheets = [style.text or "" for style in page.iter("style")]
    unseen = _hiding_selectors("\n".join(sheets))
    hidden = []
    for element in list(page.iter()):
        if element.getparent() is None or element.tag in ("html", "body"):
            continue
        if (how := _unseen(element, unseen)) and not _unfolds(element, page):
            text = " ".join("".join(element.itertext()).split())
            hidden.append(Hidden(text, f"line {element.sourceline}", how))
            element.drop_tree()
    return hidden


def _unfolds(element: Any, page: Any) -> bool:
    """Whether people see a box once they press what stands before it, as on a page of questions and answers."""
    if _names(element) & {"modal", "popup", "dropdown", "menu", "login"} or element.get("role") in _FURNITURE:
        return False
    if any(each.tag == "nav" or each.get("role") == "navigation" for each in element.iterancestors()):
        return False
    before = element.getprevious()
    if before is not None and any(_is_press(each) for each in (before, *before.iterdescendants())):
        return True
    if id_ := element.get("id"):
        for each in page.iter("button", "a", "div", "h2", "h3", "h4", "h5", "li", "label", "span"):
            if id_ == each.get("aria-controls") or f"#{id_}" in (
                each.get("data-target"), each.get("data-bs-target"), each.get("href") if _is_press(each) else None
            ):  # fmt: skip
                return True
    return bool(_names(element) & _FOLDED) and before is not None and before.tag in _HEADINGS


def _is_press(element: Any) -> bool:
    is_button = element.tag in ("button", "summary") or element.get("role") in ("button", "tab")
    return is_button or element.get("aria-expanded") is not None or element.get("data-toggle") in ("collapse", "tab")


def _without_furniture(page: Any) -> None:
    """The page loses its menus, its foot, boxes to share it, and other boxes named as what is not its text."""
    for element in list(page.iter()):
        if (
            not isinstance(element.tag, str)
            or element.getparent() is None
            or element.tag in ("html", "body", *_HEADINGS)
        ):
            continue
        words = len("".join(element.itertext()).split())
        is_inside = any(each.tag in ("main", "article") for each in element.iterancestors())
        has_title = next(element.iter("h1"), None) is not None
        named = _names(element)
        is_plain = element.tag in ("div", "ul", "ol", "section", "span", "p", "aside", "header", "footer")
        if (
            element.tag == "nav"
            or element.get("role") in _FURNITURE
            or (element.tag in ("footer", "aside", "header") and not is_inside and not has_title)
            or (is_plain and named & _SHARING and words <= 30 and next(element.iter("table"), None) is None)
            or (is_plain and named & _FURNISHED and not has_title and (_linked(element) > _LINKED or
                (not is_inside and words < 60 and element.getparent().tag in ("body", "form"))))
            or (element.tag == "form" and words < 20 and next(element.iter("input"), None) is not None)
        ):  # fmt: skip
            element.drop_tree()


def _names(element: Any) -> set[str]:
    """The words that a box is called by in its class and its id."""
    return {word.lower() for word in _NAME.findall(f"{element.get('class') or ''} {element.get('id') or ''}")}


def _linked(element: Any) -> float:
    letters = len("".join("".join(element.itertext()).split()))
    return sum(len("".join("".join(each.itertext()).split())) for each in element.iter("a")) / max(letters, 1)


def _place_of_text(page: Any, found: Any) -> Any:
    """The element that holds all that trafilatura found, or the page's main part around it."""
    body = page.find("body") if page.find("body") is not None else page
    said = " ".join("".join(found.itertext()).split()) if found is not None else ""
    kept: list[list[Any]] = []
    for element in body.iter():
        own = " ".join((element.text or "").split()) if isinstance(element.tag, str) else ""
        if len(own) > 2 and own in said:
            kept.append([*reversed(list(element.iterancestors())), element])
    if not kept:
        return body
    place = [each for each, *others in zip(*kept, strict=False) if all(one is each for one in others)][-1]
    for each in (place, *place.iterancestors()):
        if each.tag == "main" or each.get("role") == "main":
            return each
    while place is not body and place.tag != "article":
        around = place.getparent()
        if around is None or (_linked(around) > 0.3 and _linked(place) < 0.3):
            break
        place = around
    return place


class _Page:
    """A page, or a part of one, while it is read from top to bottom."""

    def __init__(self, root: Any, level: int = 1) -> None:
        self.blocks: list[Block] = []
        self.hidden: list[Hidden] = []
        self.unread: list[Unread] = []
        self.text = ""
        self.label, self.depth, self.level = "", 0, level
        self.walk(root)
        self.end()

    def end(self) -> None:
        """What was gathered is a paragraph, or an item of the list that is open."""
        if self.text.strip():
            self.blocks.append(Block(runs=(Run(self.text),), label=self.label, indent=max(self.depth - 1, 0)))
            self.label = ""
        self.text = ""

    def add(self, text: str | None) -> None:
        collapsed = re.sub(r"[^\S\xa0]+", " ", text or "")
        self.text += collapsed.lstrip() if self.text.endswith(("\n", " ")) or not self.text else collapsed

    def inside(self, element: Any) -> None:
        self.add(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self.walk(child)
            self.add(child.tail)

    def walk(self, element: Any) -> None:
        tag = element.tag
        if tag in _SKIPPED or tag == "input":
            return
        if tag == "br":
            self.text += "\n"
        elif tag in ("sup", "sub"):
            said = " ".join("".join(element.itertext()).split())
            is_note = next(element.iter("a"), None) is not None
            self.add(f" ({said.strip('[]()')})" if is_note else (signs.raised if tag == "sup" else signs.lowered)(said))
        elif tag in ("s", "strike", "del"):
            said = " ".join("".join(element.itertext()).split())
            self.hidden += [Hidden(said, f"line {element.sourceline}", "crossed out")] * bool(said)
        elif tag == "math":
            self.add(f" {signs.equation(element)} ")
        elif tag in _FRAMES:
            self.frame(element)
        elif tag == "button":
            self.press(element)
        elif tag in _BLOCKS or element.get("role") in ("table", "grid", "row", "heading"):
            self.end()
            self.block(element)
            self.end()
        else:
            self.inside(element)

    def block(self, element: Any) -> None:
        tag = element.tag
        if tag in _HEADINGS or element.get("role") == "heading":
            level = int(tag[1]) if tag in _HEADINGS else _number(element.get("aria-level") or "2")
            self.heading(element, level)
        elif tag == "summary":
            self.heading(element, self.level + 1, nested=True)
        elif tag in ("ul", "ol", "menu"):
            self.listed(element)
        elif tag == "dl":
            self.terms(element)
        elif tag == "pre":
            lines = "".join(f"{part}\n" if part is not None else "" for part in ["".join(element.itertext())])
            self.blocks += [paragraph(line) for line in lines.split("\n") if line.strip()]
        elif tag == "table":
            self.table(element)
        elif element.get("role") in ("table", "grid"):
            rows = [each for each in element.iter() if each.get("role") == "row"]
            cells = [[each for each in row.iter() if each.get("role") in _CELLS] for row in rows]
            self.blocks.append(_table(cells, self.cell))
        elif pair := _pair(element):
            self.text = pair
        elif pairs := _pairs(element):
            self.blocks += map(paragraph, pairs)
        else:
            self.inside(element)

    def heading(self, element: Any, level: int, *, nested: bool = False) -> None:
        text = " ".join(part for block in _Page.of(element).blocks for part in flat(block).split())
        if text:
            self.blocks.append(Block(runs=(Run(text),), level=min(level, 6)))
            self.level = self.level if nested else level

    @classmethod
    def of(cls, element: Any) -> "_Page":
        """What is inside an element, for itself."""
        inner = copy.deepcopy(element)  # a copy of lxml's shares nothing with its page
        inner.tag, inner.tail = "span", None
        return cls(inner)

    def press(self, element: Any) -> None:
        """A button that unfolds an answer heads it; others are no text."""
        said = " ".join("".join(element.itertext()).split())
        after = element.getnext()
        heads = _is_press(element) and (
            element.get("aria-expanded") or element.get("aria-controls") or element.get("data-target")
            or element.get("data-bs-target") or _names(element) & _FOLDED or said.endswith("?")
            or (after is not None and _names(after) & _FOLDED)
        )  # fmt: skip
        if heads and (said.endswith("?") or len(said.split()) >= 3):
            in_heading = any(each.tag in _HEADINGS for each in element.iterancestors())
            if in_heading:
                self.add(said)
                return
            self.end()
            self.heading(element, self.level + 1, nested=True)

    def listed(self, element: Any) -> None:
        label, depth = self.label, self.depth
        self.depth += 1
        number = int(element.get("start") or 1) if (element.get("start") or "1").lstrip("-").isdecimal() else 1
        kind = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}.get(
            element.get("type") or ""
        )
        for item in element:
            if not isinstance(item.tag, str):
                continue
            if item.tag == "li":
                number = int(item.get("value")) if (item.get("value") or "").isdecimal() else number
                counted_ = (
                    f"{counted(number, kind)})"
                    if kind and kind.endswith("Letter")
                    else f"{counted(number, kind or '')}."
                )
                self.label = counted_ if element.tag == "ol" else "-"
                number += 1
            if pair := _pair(item):
                self.text = pair
            else:
                self.inside(item) if item.tag == "li" else self.walk(item)
            self.end()
        self.label, self.depth = label, depth

    def terms(self, element: Any) -> None:
        """Terms and what is said of each: a line for each, or a question with its answer below."""
        terms: list[str] = []
        said: list[Block] = []
        parts = [each for each in element.iter("dt", "dd") if next(each.iterancestors("dl"), None) is element]
        for part in [*parts, None]:
            if (part is None or part.tag == "dt") and said:
                self.term(", ".join(terms), said)
                terms, said = [], []
            if part is not None and part.tag == "dt":
                terms.append(" ".join(" ".join(map(flat, _Page.of(part).blocks)).split()))
            elif part is not None:
                inner = _Page.of(part)
                said += inner.blocks
                self.hidden += inner.hidden
        if terms:
            self.blocks.append(paragraph(", ".join(terms)))

    def term(self, term: str, said: list[Block]) -> None:
        if term.endswith("?"):
            self.blocks += [Block(runs=(Run(term),), level=min(self.level + 1, 6)), *said]
        elif any(block.rows or block.label or block.level for block in said):
            self.blocks += [paragraph(f"{term.rstrip(' :')}:"), *said]
        else:
            value = "; ".join(" ".join(block.text.split()).rstrip(";") for block in said)
            self.blocks.append(paragraph(f"{term.rstrip(' :')}: {value}" if term else value))

    def frame(self, element: Any) -> None:
        address = element.get("src") or element.get("data") or ""
        if _DOCUMENT.search(address):
            self.unread.append(missing(f"an embedded document, {address[:200]}", f"line {element.sourceline}"))
        elif element.tag == "object":
            self.inside(element)

    # Tables

    def cell(self, element: Any) -> str:
        inner = _Page.of(element)
        self.hidden += inner.hidden
        self.unread += inner.unread
        return PART.join(filter(None, map(flat, inner.blocks)))

    def table(self, element: Any) -> None:
        own = [each for each in element.iter("tr") if next(each.iterancestors("table"), None) is element]
        own.sort(key=lambda row: {"thead": 0, "tfoot": 2}.get(row.getparent().tag, 1))
        for caption in element.iter("caption"):
            if next(caption.iterancestors("table"), None) is element:
                self.inside(caption)
                self.end()
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in own]
        is_layout = sum(1 for _ in element.iter("table")) > 1
        if is_layout or max(map(len, cells), default=0) < 2 or element.get("role") == "presentation":
            for row in cells:
                for cell in row:
                    self.end()
                    self.inside(cell)
            self.end()
            return
        self.blocks.append(_table(cells, self.cell))


_CELLS = ("cell", "gridcell", "columnheader", "rowheader")


def _pair(element: Any) -> str | None:
    """A label and its value, where an element holds nothing else: "Lệ phí: Không thu"."""
    children = [each for each in element if isinstance(each.tag, str) and "".join(each.itertext()).strip()]
    own = (element.text or "") + "".join(each.tail or "" for each in element)
    if len(children) != 2 or own.strip(" :\n\t\r\xa0") or not all(map(_is_leaf, children)):
        return None
    label, value = (" ".join("".join(each.itertext()).split()) for each in children)
    if not _can_label(children[0], label) or _sign(children[0]) == _sign(children[1]):
        return None
    hinted = bool(_names(children[0]) & _LABELS) or label.endswith(":")
    alike = [each for each in element.itersiblings() if each.tag == element.tag and len(each) == len(element)]
    alike += [
        each for each in element.itersiblings(preceding=True) if each.tag == element.tag and len(each) == len(element)
    ]
    in_boxes = all(each.tag in _BLOCKS for each in children)
    return f"{label.rstrip(' :')}: {value}" if hinted or (in_boxes and alike) else None


def _pairs(element: Any) -> list[str]:
    """Labels and values by turns in one element."""
    children = [each for each in element if isinstance(each.tag, str) and "".join(each.itertext()).strip()]
    own = (element.text or "") + "".join(each.tail or "" for each in element)
    if len(children) < 4 or len(children) % 2 or own.strip() or not all(map(_is_leaf, children)):
        return []
    one, other = _sign(children[0]), _sign(children[1])
    texts = [" ".join("".join(each.itertext()).split()) for each in children]
    by_turns = all(_sign(each) == (other if at % 2 else one) for at, each in enumerate(children))
    if one == other or not by_turns or not all(map(_can_label, children[::2], texts[::2])):
        return []
    if not (_names(children[0]) & _LABELS or all(text.endswith(":") for text in texts[::2])):
        return []
    return [f"{label.rstrip(' :')}: {value}" for label, value in zip(texts[::2], texts[1::2], strict=True)]


def _is_leaf(element: Any) -> bool:
    inner = element.iterdescendants()
    return element.tag not in (*_HEADINGS, "table", "ul", "ol", "dl", "pre", "button", "summary") and not any(
        each.tag in _BLOCKS or each.tag in ("br", "button", "sup", "s", "del", "strike", "math", *_FRAMES)
        for each in inner
    )


def _can_label(element: Any, text: str) -> bool:
    is_link = element.tag == "a" or next(element.iter("a"), None) is not None
    return 0 < len(text) <= 80 and text[-1] not in ".!?;," and not is_link


def _sign(element: Any) -> tuple[str, str]:
    return element.tag, " ".join(sorted((element.get("class") or "").split()))


def _with_everything_shown(page: Any) -> str:
    import lxml.html

    shown = copy.deepcopy(page)
    for element in shown.iter():
        for attribute in ("style", "hidden", "aria-hidden"):
            element.attrib.pop(attribute, None)
    return str(lxml.html.tostring(shown, encoding="unicode"))


def _main_text(trafilatura: Any, html: str) -> Any:
    """The page without its menus and advertisements, in trafilatura's XML."""
    text = trafilatura.extract(
        html, output_format="xml", include_comments=False, include_tables=True, favor_recall=True, deduplicate=False
    )
    return None if text is None else xml(text.encode()).find("main")


def _hiding_selectors(sheet: str) -> set[str]:
    """The simple selectors (".a", "#b", "p.c") of a page's own style sheet that hide what they match."""
    rules = _RULE.findall(_AT_RULE.sub("", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)))
    return {part.strip() for selectors, style in rules if _HIDING.search(style) for part in selectors.split(",")}


def _unseen(element: Any, selectors: set[str]) -> str:
    if not isinstance(element.tag, str) or element.tag in _NO_TEXT:
        return ""
    style = element.get("style") or ""
    names = ["", *(f".{name}" for name in (element.get("class") or "").split()), f"#{element.get('id')}"]
    matched = any(f"{tag}{name}" in selectors for tag in ("", element.tag) for name in names)
    if matched or element.get("hidden") is not None or _HIDING.search(style):
        return "hidden"
    given = _STYLE_COLOUR.search(style)
    colour = _css_colour(given[1] if given else element.get("color") if element.tag == "font" else None)
    return "white" if colour and alike(colour, _behind(element)) else ""


def _behind(element: Any) -> Colour:
    for each in (element, *element.iterancestors()):
        given = _STYLE_BACKGROUND.search(each.get("style") or "")
        if given or each.get("bgcolor"):
            return _css_colour(given[1] if given else each.get("bgcolor")) or (128, 128, 128)
    return WHITE


def _css_colour(value: str | None) -> Colour | None:
    value = (value or "").strip().lower()
    value = {"white": "#ffffff", "black": "#000000"}.get(value.split(" ")[0], value)
    if rgb := _RGB.match(value):
        return int(rgb[1]), int(rgb[2]), int(rgb[3])
    return from_hex(_SHORT_HEX.sub(r"#\1\1\2\2\3\3", value[:4]) if len(value) == 4 else value[:7])


def _table(rows: list[list[Any]], read: Callable[[Any], str]) -> Block:
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    heads = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while (number, column) in taken:
                column += 1
            across = _number(cell.get("colspan") or cell.get("aria-colspan"))
            down = _number(cell.get("rowspan") or cell.get("aria-rowspan"))
            cells.append(Cell(number, column, read(cell), across, down))
            taken |= {(number + below, column + beside) for below in range(down) for beside in range(across)}
        heads += heads == number and all(cell.tag == "th" or cell.get("role") == "columnheader" for cell in row)
    return table(cells, heads)


def _number(value: str | None) -> int:
    return min(int(value), 100) if value and value.isdecimal() and int(value) else 1
