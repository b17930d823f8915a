"""Word files (.docx): the XML that they are, read for what Word shows of it.

Libraries leave out list numbers, text boxes, content controls, equations, symbols and whether text is hidden. Changes
that are tracked count as accepted. What Word shows and this cannot turn into words (charts, embedded objects, pictures
that fill a good part of a page) is told as unread.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from corpus.reading import markup, signs, web
from corpus.reading.extract import (
    TINY,
    WHITE,
    Colour,
    Extract,
    Hidden,
    Refused,
    Unread,
    alike,
    from_hex,
    gathered,
    missing,
)
from corpus.reading.layout import PART, Block, Run, counted, flat, paragraph, table
from corpus.reading.package import Package
from corpus.reading.tables import Cell

DEPTH = 3  # Word files within Word files
PICTURE = 250  # cm², 40 % of a page: a picture as large as that is a scan or a table rather than a photograph

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_V = "{urn:schemas-microsoft-com:vml}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
_EMU = 360_000  # of which a centimetre has so many
_REMOVED = tuple(f"{_W}{name}" for name in ("del", "moveFrom", "rPr", "pPr", "sdtPr", "rt"))
_TEXT_BOX = f"{_W}txbxContent"
_SHOWN = (
    f"{_W}t",
    f"{_A}t",
    f"{_M}t",
    f"{_DGM}relIds",
    f"{_V}textpath",
    f"{_A}blip",
    f"{_V}imagedata",
    _CHART,
)  # what makes one branch of an alternative worth taking
_DRAWN = tuple(f"{_W}{name}" for name in ("drawing", "pict", "object"))
_SIGNS = {
    "tab": "\t",
    "ptab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
    "softHyphen": "\xad",
}  # \xad: TCVN3's ư
_NUMBERED = re.compile(r"%(\d)")
_HEADING = re.compile(r"(?i:heading|tiêu đề) (\d)")
_LETTERHEAD = re.compile(r"(?i)\bsố\s*:|cộng hòa xã hội|ủy ban nhân dân|uỷ ban nhân dân")
_PAGE_NUMBER = re.compile(r"(?i)[\W\d]*(?:trang|page|of|/)?[\W\d]*")
_SYMBOL_FIELD = re.compile(r'(?i)\s*SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s*"?([^"\\]+))?')


def read_docx(content: bytes) -> Extract:
    return _read(content, 0)


def _read(content: bytes, depth: int) -> Extract:
    word = _Word(Package(content), depth)
    blocks = [*word.letterhead(), *word.blocks(word.body), *word.notes()]
    return Extract(blocks, gathered(word.hidden), unread=list(dict.fromkeys(word.unread)))


class _Word:
    """One Word file while it is read: its styles, how far its lists have counted, and what is hidden in it."""

    def __init__(self, package: Package, depth: int) -> None:
        self.package, self.depth = package, depth
        self.related = package.related(package.main)
        self.source = package.main  # the part that is read, whose relationships count
        self.body = _settled(package.xml(package.main)).find(f"{_W}body")
        styles, numbering = self.part("styles"), self.part("numbering")
        self.styles = (
            {each.get(f"{_W}styleId"): each for each in styles.iter(f"{_W}style")} if styles is not None else {}
        )
        self.defaults = styles.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr") if styles is not None else None
        self.numbering = _Numbering(numbering, self.styles)
        self.inherited: dict[tuple[str | None, str | None], dict[str, Any]] = {}
        self.fields = _Fields(self.body)
        self.noted: list[tuple[str, str, str]] = []  # kind, id and mark of the notes that the text refers to
        self.carried: list[Run] = []  # runs of a paragraph whose end is deleted: the next one goes on with them
        self.hidden: list[Hidden] = []
        self.unread: list[Unread] = []
        self.paragraphs = 0

    def part(self, kind: str) -> Any:
        """The XML of the part of a kind that the document names; None where it has none."""
        names = [one.part for one in self.related.values() if one.kind == kind and one.part in self.package]
        return _settled(self.package.xml(names[0])) if names else None

    @property
    def place(self) -> str:
        return f"paragraph {self.paragraphs}"

    def tell(self, what: str) -> None:
        self.unread.append(missing(what, self.place))

    # What stands one below the other

    def blocks(self, parent: Any, background: Colour | None = WHITE) -> Iterator[Block]:
        for child in parent:
            if child.tag == f"{_W}p":
                yield from self.paragraph(child, background)
            elif child.tag == f"{_W}tbl":
                yield self.table(child)
            elif child.tag == f"{_W}altChunk":
                yield from self.chunk(child.get(f"{_R}id"))
            elif child.tag in (f"{_M}oMath", f"{_M}oMathPara"):
                yield paragraph(signs.equation(child))
            elif isinstance(child.tag, str) and child.tag not in (*_REMOVED, f"{_W}sectPr"):
                yield from self.blocks(child, background)  # content controls, custom XML, insertions

    def paragraph(self, element: Any, background: Colour | None) -> Iterator[Block]:
        self.paragraphs += 1
        properties = element.find(f"{_W}pPr")
        style_id = _value(properties, "pStyle") or self.default_style()
        style = list(self.chain(style_id))
        background = _fill(properties, background)
        runs, self.carried = self.carried, []
        drawn: list[Any] = []
        for node in _inside(element, (f"{_W}r", f"{_M}oMath"), _REMOVED):
            if node.tag == f"{_M}oMath":
                runs.append(Run(f" {signs.equation(node)} "))
                continue
            runs += self.run(node, style_id, background)
            drawn += _inside(node, _DRAWN, _REMOVED)
        if properties is not None and properties.find(f"{_W}rPr/{_W}del") is not None:
            self.carried = runs
        else:
            label, indent = self.numbering.label(properties, style)
            if any(run.text.strip() for run in runs):
                yield Block(runs=tuple(runs), level=_level(properties, style), label=label, indent=indent)
        for each in drawn:
            yield from self.drawing(each)

    def run(self, element: Any, style_id: str | None, background: Colour | None) -> Iterator[Run]:
        """The text of a run in its font; what nobody sees of it is put aside."""
        own = {each.tag: each for each in element.find(f"{_W}rPr") or ()}
        shaped = self.inherit(style_id, _attribute(own.get(f"{_W}rStyle"))) | own
        fonts = shaped.get(f"{_W}rFonts")
        font = None if fonts is None else fonts.get(f"{_W}ascii") or fonts.get(f"{_W}hAnsi")
        text = "".join(self.texts(element, font))
        if not text:
            return
        height = _attribute(shaped.get(f"{_W}vertAlign"))
        moved = float(_attribute(shaped.get(f"{_W}position")) or 0)
        if height == "superscript" or (height is None and moved >= 4):
            text = signs.raised(text)
        elif height == "subscript" or (height is None and moved <= -4):
            text = signs.lowered(text)
        if how := _unseen(shaped, _fill(element.find(f"{_W}rPr"), background)):
            self.hidden.append(Hidden(text, self.place, how))
        else:
            yield Run(text, font)

    def texts(self, run: Any, font: str | None) -> Iterator[str]:
        for node in run:
            name = node.tag.removeprefix(_W) if isinstance(node.tag, str) else ""
            if name in ("fldChar", "instrText"):
                yield from self.field(node, name)
            elif self.fields.in_code:
                continue
            elif name == "t":
                text = node.text or ""
                yield "".join(map(self.sign_in(font), text)) if signs.of_symbols(font) else text
            elif name == "sym":
                yield self.sign(node.get(f"{_W}font") or font or "", node.get(f"{_W}char") or "")
            elif name in ("footnoteReference", "endnoteReference"):
                yield self.note(name.removesuffix("Reference"), node)
            elif name == "ruby":
                for inner in node.iter(f"{_W}rubyBase"):
                    yield "".join(each.text or "" for each in inner.iter(f"{_W}t"))
            else:
                yield _SIGNS.get(name, "")

    def sign_in(self, font: str | None) -> Any:
        return lambda letter: self.sign(font or "", f"{ord(letter):X}") if letter not in " \t\n" else letter

    def sign(self, font: str, code: str) -> str:
        try:
            number = int(code, 16)
        except ValueError:
            return ""
        if not signs.of_symbols(font):
            if 0xE000 <= number <= 0xF8FF:
                self.tell(f"a sign of the font {font or 'unknown'}, {code}")
                return ""
            return chr(number)
        found = signs.sign(font, number)
        if found is None and 0x100 <= number < 0xE000:
            return chr(number)  # a letter that the font does not have; Word takes it from another
        if found is None:
            self.tell(f"a sign of the font {font}, {code}")
        return found or ""

    def field(self, node: Any, name: str) -> Iterator[str]:
        """What a field shows that has no result of its own: boxes to tick, chosen entries, symbols."""
        if name == "instrText":
            self.fields.instruct(node.text or "")
            return
        form = node.find(f"{_W}ffData")
        if form is not None and (box := form.find(f"{_W}checkBox")) is not None:
            state = next((each for name in ("checked", "default") for each in box.iter(f"{_W}{name}")), None)
            yield "☑" if _is_on(state) else "☐"
        elif form is not None and (choice := form.find(f"{_W}ddList")) is not None:
            entries = [str(each.get(f"{_W}val")) for each in choice.iter(f"{_W}listEntry")]
            chosen = int(_value(choice, "result") or _value(choice, "default") or 0)
            yield entries[chosen] if chosen < len(entries) else ""
        for instruction in self.fields.step(node):
            if symbol := _SYMBOL_FIELD.match(instruction):
                code = int(symbol[1], 0)
                yield self.sign((symbol[2] or "Symbol").strip(), f"{code:X}")
            elif instruction.strip()[:3].upper() == "EQ ":
                self.tell(f"an equation written as a field: {instruction.strip()[:80]}")

    def note(self, kind: str, node: Any) -> str:
        number = sum(1 for each, _, _ in self.noted if each == kind) + 1
        mark = counted(number, "lowerRoman") if kind == "endnote" else str(number)
        own = node.get(f"{_W}customMarkFollows") in ("1", "true", "on")
        self.noted.append((kind, str(node.get(f"{_W}id")), "*" if own else mark))
        return "" if own else f" ({mark})"

    def notes(self) -> Iterator[Block]:
        """The notes in the order in which the text refers to them, those of their own notes not."""
        for kind, id_, mark in list(self.noted):
            notes = self.part(f"{kind}s")
            found = [each for each in notes if each.get(f"{_W}id") == id_] if notes is not None else []
            for each in found:
                label = f"({mark})"
                for block in self.blocks(each):
                    yield replace(block, level=0, label=label if not block.rows else "")
                    label = ""

    def letterhead(self) -> Iterator[Block]:
        """What the first page's header says, once; running heads are left out, as in a PDF. Watermarks are told."""
        section = next(self.body.iter(f"{_W}sectPr"), None)
        heads = {each.get(f"{_W}type"): each.get(f"{_R}id") for each in section if each.tag == f"{_W}headerReference"} \
            if section is not None else {}  # fmt: skip
        is_first = section is not None and _is_on(section.find(f"{_W}titlePg")) and "first" in heads
        chosen = self.related.get(str(heads.get("first" if is_first else "default")))
        for one in self.related.values():
            if one.kind != "header" or one.part not in self.package:
                continue
            root = _settled(self.package.xml(one.part))
            for path in root.iter(f"{_V}textpath"):
                if words := " ".join(str(path.get("string") or "").split()):
                    self.unread.append(missing(f"a watermark: «{words}»", "page header"))
                path.attrib.pop("string", None)
            if one != chosen:
                continue
            unread = list(self.unread)
            blocks = [each for each in self.blocks(root) if each.rows or not _PAGE_NUMBER.fullmatch(each.text.strip())]
            self.unread = unread  # the picture of a page's background is no part of the text
            said = " ".join(flat(block) for block in blocks)
            if is_first or _LETTERHEAD.search(said):
                yield from blocks

    # What is drawn

    def drawing(self, element: Any) -> Iterator[Block]:
        """Text boxes, WordArt and SmartArt, wherever they stand on the page, behind the paragraph that they hang on."""
        for each in _inside(element, (_TEXT_BOX, f"{_A}p"), ()):
            if each.tag == _TEXT_BOX:
                yield from self.blocks(each, None)
            elif text := "".join(part.text or "" for part in each.iter(f"{_A}t")).strip():
                yield paragraph(text)
        for path in element.iter(f"{_V}textpath"):
            yield paragraph(str(path.get("string") or ""))
        for ids in element.iter(f"{_DGM}relIds"):
            yield from self.smart_art(ids.get(f"{_R}dm"))
        if next(element.iter("{*}chart"), None) is not None:
            self.tell("a chart")
        for embedded in element.iter("{urn:schemas-microsoft-com:office:office}OLEObject"):
            self.tell(f"an embedded object ({embedded.get('ProgID') or 'unknown'})")
        self.picture(element)

    def picture(self, element: Any) -> None:
        if next(element.iter(f"{_A}blip"), None) is not None:
            for extent in element.iter("{*}extent"):
                width, height = int(extent.get("cx") or 0) / _EMU, int(extent.get("cy") or 0) / _EMU
                if width * height >= PICTURE:
                    self.tell(f"a picture of {width:.0f} × {height:.0f} cm")
        for shape in element.iter(f"{_V}shape"):
            sizes = dict(re.findall(r"(width|height)\s*:\s*([\d.]+)pt", shape.get("style") or ""))
            if shape.find(f"{_V}imagedata") is not None and len(sizes) == 2:
                width, height = float(sizes["width"]) / 28.35, float(sizes["height"]) / 28.35
                if width * height >= PICTURE and element.tag != f"{_W}object":
                    self.tell(f"a picture of {width:.0f} × {height:.0f} cm")

    def smart_art(self, id_: str | None) -> Iterator[Block]:
        """The words of a diagram, in the order of its own outline."""
        one = self.related.get(str(id_))
        if one is None or one.part not in self.package:
            self.tell("a diagram (SmartArt)")
            return
        model = self.package.xml(one.part)
        points = {str(each.get("modelId")): each for each in model.iter(f"{_DGM}pt")}
        below: dict[str, list[tuple[int, str]]] = {}
        for link in model.iter(f"{_DGM}cxn"):
            if link.get("type", "parOf") == "parOf":
                below.setdefault(str(link.get("srcId")), []).append(
                    (int(link.get("srcOrd") or 0), str(link.get("destId")))
                )
        seen: set[str] = set()

        def outline(id_: str, depth: int) -> Iterator[Block]:
            if id_ in seen:
                return
            seen.add(id_)
            lines = points[id_].iter(f"{_A}p") if id_ in points else ()
            for line in lines:
                if text := "".join(part.text or "" for part in line.iter(f"{_A}t")).strip():
                    yield Block(runs=(Run(text),), label="-", indent=max(depth - 1, 0))
            for _, each in sorted(below.get(id_, ())):
                yield from outline(each, depth + 1)

        for start, point in points.items():
            if point.get("type") == "doc" or start not in below:
                yield from outline(start, 0)

    # Parts in other formats

    def chunk(self, id_: str | None) -> Iterator[Block]:
        one = self.related.get(str(id_))
        if one is None or one.part not in self.package:
            self.tell("a part that the file lacks (altChunk)")
            return
        try:
            found = _chunk(self.package.read(one.part), self.depth + 1)
        except (Refused, ValueError, LookupError, SyntaxError) as error:
            found = None
            reason = error.found if isinstance(error, Refused) else type(error).__name__
            self.tell(f"a part in another format, {one.part.rpartition('/')[2]} ({reason})")
        if found is not None:
            self.hidden += found.hidden
            self.unread += found.unread
            yield from found.blocks

    # Tables

    def table(self, element: Any) -> Block:
        cells: list[Cell] = []
        going_down: dict[int, int] = {}  # column -> which of the cells is merged with those below it
        fonts: set[str] = set()
        number = heads = 0
        style = self.styles.get(_value(element.find(f"{_W}tblPr"), "tblStyle"))
        shaded = style is not None and any(from_hex(shade.get(f"{_W}fill")) for shade in style.iter(f"{_W}shd"))
        for row in _inside(element, (f"{_W}tr",), (f"{_W}tbl", *_REMOVED)):
            if row.find(f"{_W}trPr/{_W}del") is not None:
                continue
            if row.find(f"{_W}trPr/{_W}hidden") is not None:
                text = " ".join(each.text or "" for each in row.iter(f"{_W}t"))
                self.hidden.append(Hidden(text, f"table after paragraph {self.paragraphs}", "hidden row"))
                continue
            heads += heads == number and row.find(f"{_W}trPr/{_W}tblHeader") is not None
            column = int(_value(row.find(f"{_W}trPr"), "gridBefore") or 0)
            for cell in _inside(row, (f"{_W}tc",), (f"{_W}tbl", *_REMOVED)):
                properties = cell.find(f"{_W}tcPr")
                if properties is not None and properties.find(f"{_W}cellDel") is not None:
                    continue
                blocks = list(self.blocks(cell, _fill(properties, None if shaded else WHITE)))
                fonts.update(run.font for block in blocks for run in block.runs if run.font)
                across = int(_value(properties, "gridSpan") or 1)
                merge = properties.find(f"{_W}vMerge") if properties is not None else None
                if merge is not None and merge.get(f"{_W}val") != "restart" and column in going_down:
                    above = cells[going_down[column]]
                    cells[going_down[column]] = replace(above, down=above.down + 1)
                else:
                    going_down[column] = len(cells)
                    cells.append(Cell(number, column, PART.join(map(flat, blocks)), across))
                column += across
            number += 1
        return table(cells, heads, fonts)

    # Properties come from the run, its style, the paragraph's style and the defaults, whichever says it first.

    def chain(self, style_id: str | None) -> Iterator[Any]:
        seen: set[str] = set()
        while style_id and style_id not in seen and (style := self.styles.get(style_id)) is not None:
            seen.add(style_id)
            yield style
            style_id = _value(style, "basedOn")

    def default_style(self) -> str | None:
        defaults = (
            style_id
            for style_id, style in self.styles.items()
            if style.get(f"{_W}default") in ("1", "true") and style.get(f"{_W}type") == "paragraph"
        )
        return next(defaults, None)

    def inherit(self, paragraph_style: str | None, run_style: str | None) -> dict[str, Any]:
        """The properties that a run has from the styles above it, by their tags."""
        found = self.inherited.get((paragraph_style, run_style))
        if found is None:
            above = [*self.chain(run_style), *self.chain(paragraph_style)]
            groups = [self.defaults, *(each.find(f"{_W}rPr") for each in reversed(above))]
            found = {each.tag: each for group in groups if group is not None for each in group}
            self.inherited[paragraph_style, run_style] = found
        return found


class _Fields:
    """Which fields are open where the text is read: between its beginning and its result stands a field's code."""

    def __init__(self, body: Any) -> None:
        self.open: list[list[Any]] = []  # the code so far, whether the result has begun
        begun: list[Any] = []
        self.whole: set[Any] = set()  # the beginnings and ends of fields that have both
        for mark in body.iter(f"{_W}fldChar"):
            kind = mark.get(f"{_W}fldCharType")
            if kind == "begin":
                begun.append(mark)
            elif kind == "end" and begun:
                self.whole |= {begun.pop(), mark}

    @property
    def in_code(self) -> bool:
        return any(not has_result for _, has_result in self.open)

    def instruct(self, text: str) -> None:
        if self.open:
            self.open[-1][0] += text

    def step(self, mark: Any) -> Iterator[str]:
        """The code of a field that ends here without a result."""
        kind = mark.get(f"{_W}fldCharType")
        if kind == "begin" and mark in self.whole:
            self.open.append(["", False])
        elif kind == "separate" and self.open:
            self.open[-1][1] = True
        elif kind == "end" and mark in self.whole and self.open:
            code, has_result = self.open.pop()
            if not has_result:
                yield code


class _Numbering:
    """The numbers and bullets that Word counts out before paragraphs."""

    def __init__(self, part: Any, styles: dict[str | None, Any]) -> None:
        self.styles = styles
        self.instances = {each.get(f"{_W}numId"): each for each in part.iter(f"{_W}num")} if part is not None else {}
        listed = part.iter(f"{_W}abstractNum") if part is not None else ()
        self.abstract = {each.get(f"{_W}abstractNumId"): each for each in listed}
        self.counts: dict[str, dict[int, int]] = {}
        self.restarted: set[tuple[str, int]] = set()

    def levels(self, instance: Any) -> dict[int, Any]:
        abstract = self.abstract.get(_value(instance, "abstractNumId"))
        if abstract is not None and (linked := self.styles.get(_value(abstract, "numStyleLink"))) is not None:
            number = _value(linked.find(f"{_W}pPr/{_W}numPr"), "numId")
            abstract = self.abstract.get(_value(self.instances.get(number), "abstractNumId"))
        own = [each for override in instance.iter(f"{_W}lvlOverride") for each in override.iter(f"{_W}lvl")]
        given = [each for each in (abstract if abstract is not None else ()) if each.tag == f"{_W}lvl"]
        return {int(each.get(f"{_W}ilvl")): each for each in (*given, *own)}

    def label(self, properties: Any, style: list[Any]) -> tuple[str, int]:
        """The number or bullet of a paragraph, and how deep in its list it stands."""
        sources = [properties, *(each.find(f"{_W}pPr") for each in style)]
        given = [source.find(f"{_W}numPr") for source in sources if source is not None]
        given = [each for each in given if each is not None]
        number = next((found for each in given if (found := _value(each, "numId"))), None)
        instance = self.instances.get(number)
        abstract_id = _value(instance, "abstractNumId")
        if not number or number == "0" or instance is None or abstract_id is None:
            return "", 0
        level = int(next((found for each in given if (found := _value(each, "ilvl"))), "0"))
        levels = self.levels(instance)
        if level not in levels:
            return "", 0
        counts = self.counts.setdefault(abstract_id, {})
        for override in instance.iter(f"{_W}lvlOverride"):
            at, start = int(override.get(f"{_W}ilvl")), _value(override, "startOverride")
            if start and (number, at) not in self.restarted:
                self.restarted.add((number, at))
                counts[at] = int(start) - 1
        for at in range(level):
            counts.setdefault(at, int(_value(levels.get(at), "start") or 1))
        counts[level] = counts[level] + 1 if level in counts else int(_value(levels[level], "start") or 1)
        for deeper in [at for at in counts if at > level]:
            del counts[deeper]
        kind, pattern = _value(levels[level], "numFmt"), _value(levels[level], "lvlText") or ""
        if kind == "bullet":
            return "-", level
        is_legal = levels[level].find(f"{_W}isLgl") is not None

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            form = "decimal" if is_legal else _value(levels.get(at), "numFmt") or "decimal"
            return counted(counts.get(at, 1), form) if form != "none" else ""

        return _NUMBERED.sub(shown, pattern).strip(), level


def _chunk(content: bytes, depth: int) -> Extract:
    """What a part says that is a file of its own: a web page, RTF, text, a web archive, another Word file."""
    head = content[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if content.startswith(b"PK\x03\x04"):
        if depth > DEPTH:
            raise Refused("Word files within Word files", "")
        return _read(content, depth)
    if head.startswith(b"{\\rtf"):
        return markup.read_rtf(content)
    if head[:200].lower().startswith((b"mime-version:", b"content-type:", b"from:")):
        return web.html_part(_page_of_archive(content))
    if head.startswith(b"<"):
        return web.html_part(content)
    found, text = markup.read_text(content, is_markdown=False)
    return Extract([paragraph(line) for line in text.split("\n")]) if text else found


def _page_of_archive(content: bytes) -> bytes:
    """The web page in a web archive (.mht)."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    page = next((each for each in message.walk() if each.get_content_type() in ("text/html", "text/plain")), None)
    if page is None:
        raise Refused("a web archive without a page", "")
    inner = page.get_payload(decode=True)
    charset = str(page.get_content_charset() or "utf-8")
    return inner.decode(charset, "replace").encode() if isinstance(inner, bytes) else b""


def _settled(root: Any) -> Any:
    """A part whose alternatives for newer and older Words are settled for the one that has something to read."""
    for choice in list(root.iter(f"{_MC}AlternateContent")):
        branches = [each for each in choice if each.tag in (f"{_MC}Choice", f"{_MC}Fallback")]
        worth = [each for each in branches if next(each.iter(*_SHOWN), None) is not None]
        for branch in branches:
            if branch is not (worth or branches)[0]:
                choice.remove(branch)
    return root


def _value(parent: Any, name: str) -> str | None:
    return _attribute(parent.find(f"{_W}{name}")) if parent is not None else None


def _attribute(element: Any) -> str | None:
    found: str | None = None if element is None else element.get(f"{_W}val")
    return found


def _is_on(element: Any) -> bool:
    return element is not None and element.get(f"{_W}val") not in ("0", "false", "off")


def _unseen(shaped: dict[str, Any], background: Colour | None) -> str:
    """Why nobody sees a run, or sees it crossed out: "" for one that is seen."""
    if _is_on(shaped.get(f"{_W}vanish")):
        return "hidden"
    if _is_on(shaped.get(f"{_W}strike")) or _is_on(shaped.get(f"{_W}dstrike")):
        return "crossed out"
    size = shaped.get(f"{_W}sz")
    if size is not None and float(size.get(f"{_W}val", 24)) / 2 <= TINY:
        return "tiny"
    colour = from_hex(_attribute(shaped.get(f"{_W}color")))
    if colour and background and shaped.get(f"{_W}highlight") is None and alike(colour, background):
        return "white" if alike(colour, WHITE) else "colour of its background"
    return ""


def _fill(properties: Any, background: Colour | None) -> Colour | None:
    shade = properties.find(f"{_W}shd") if properties is not None else None
    return background if shade is None else from_hex(shade.get(f"{_W}fill")) or background


def _level(properties: Any, style: list[Any]) -> int:
    for source in (properties, *(each.find(f"{_W}pPr") for each in style)):
        if (outline := _value(source, "outlineLvl")) is not None:
            return int(outline) + 1 if int(outline) < 9 else 0
    names = [_value(each, "name") or "" for each in style]
    found = next((match for name in names if (match := _HEADING.match(name))), None)
    return int(found[1]) if found else int("Title" in names)


def _inside(element: Any, wanted: tuple[str, ...], closed: tuple[str, ...]) -> Iterator[Any]:
    """The wanted elements below one, not those in other wanted ones nor in closed ones."""
    for child in element:
        if child.tag in wanted:
            yield child
        elif isinstance(child.tag, str) and child.tag not in closed:
            yield from _inside(child, wanted, closed)
