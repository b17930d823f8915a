"""Word, OpenDocument Text and PowerPoint files, with the numbers that a word processor puts before its lists.

Hidden text, rows and slides are kept apart. Word and OpenDocument files are read as the XML they
are: libraries leave out list numbers, text boxes and whether text is hidden. An old .doc goes through LibreOffice.
"""

import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from corpus.reading.extract import (
    TINY,
    WHITE,
    Colour,
    Extract,
    Hidden,
    Refused,
    alike,
    from_hex,
    gathered,
    room_for_programs,
    xml,
)
from corpus.reading.layout import Block, Run, paragraph, table
from corpus.reading.tables import Cell

CONVERSION_TIME = 120  # seconds LibreOffice may take; a .doc of 500 pages takes about 20

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"  # the same elements, as Word's "Strict" files name them
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_REMOVED = (f"{_W}del", f"{_W}moveFrom", f"{_W}rPr", f"{_W}pPr", _FALLBACK)
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_UNSEEN_ODT = (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}hidden-text", f"{_TEXT}hidden-paragraph")
_NUMBERED = re.compile(r"%(\d)")
_HEADING = re.compile(r"(?i:heading|tiêu đề) (\d)")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


# Word


def read_docx(content: bytes) -> Extract:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        word = _Word(archive)
        blocks = [*word.blocks(word.body), *word.footnotes()]
    return Extract(blocks, gathered(word.hidden))


class _Word:
    """One Word file while it is read: its styles, how far its lists have counted, and what is hidden in it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.parts = {
            name: xml(archive.read(f"word/{name}.xml").replace(_STRICT, _W[1:-1].encode()))
            for name in ("document", "styles", "numbering", "footnotes", "endnotes")
            if f"word/{name}.xml" in archive.namelist()
        }
        self.body = self.parts["document"].find(f"{_W}body")
        styles = self.parts.get("styles")
        self.styles = (
            {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")} if styles is not None else {}
        )
        self.defaults = styles.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr") if styles is not None else None
        self.counts: dict[str, dict[int, int]] = {}
        self.restarted: set[tuple[str, int]] = set()
        self.hidden: list[Hidden] = []
        self.paragraphs = 0

    def blocks(self, parent: Any, background: Colour | None = WHITE) -> Iterator[Block]:
        for child in parent:
            if child.tag == f"{_W}p":
                yield from self.paragraph(child, background)
            elif child.tag == f"{_W}tbl":
                yield self.table(child)
            elif child.tag == f"{_W}sdt" and (inner := child.find(f"{_W}sdtContent")) is not None:
                yield from self.blocks(inner, background)
            elif child.tag == f"{_W}ins":
                yield from self.blocks(child, background)

    def paragraph(self, element: Any, background: Colour | None) -> Iterator[Block]:
        self.paragraphs += 1
        properties = element.find(f"{_W}pPr")
        style = list(self.chain(_value(properties, "pStyle") or self.default_style()))
        background = _fill(properties, background)
        runs, boxes = [], []
        for node in _inside(element, (f"{_W}r", f"{_W}txbxContent"), _REMOVED):
            if node.tag == f"{_W}txbxContent":
                boxes.append(node)
                continue
            run = Run(_run_text(node), self.font(node, style))
            if run.text and (how := self.unseen(node, style, background)):
                self.hidden.append(Hidden(run.text, f"paragraph {self.paragraphs}", how))
            elif run.text:
                runs.append(run)
        label, indent = self.label(properties, style)
        if any(run.text.strip() for run in runs):
            yield Block(runs=tuple(runs), level=_level(properties, style), label=label, indent=indent)
        for box in boxes:
            yield from self.blocks(box, None)

    def table(self, element: Any) -> Block:
        cells: list[Cell] = []
        going_down: dict[int, int] = {}  # column -> which of the cells is merged with those below it
        fonts: set[str] = set()
        number = heads = 0
        style = self.styles.get(_value(element.find(f"{_W}tblPr"), "tblStyle"))
        shaded = style is not None and any(from_hex(shade.get(f"{_W}fill")) for shade in style.iter(f"{_W}shd"))
        for row in _inside(element, (f"{_W}tr",), (f"{_W}tbl",)):
            if row.find(f"{_W}trPr/{_W}hidden") is not None:
                text = "".join(_run_text(run) for run in row.iter(f"{_W}r"))
                self.hidden.append(Hidden(text, f"table after paragraph {self.paragraphs}", "hidden row"))
                continue
            heads += heads == number and row.find(f"{_W}trPr/{_W}tblHeader") is not None
            column = int(_value(row.find(f"{_W}trPr"), "gridBefore") or 0)
            for cell in _inside(row, (f"{_W}tc",), (f"{_W}tbl",)):
                properties = cell.find(f"{_W}tcPr")
                blocks = list(self.blocks(cell, _fill(properties, None if shaded else WHITE)))
                fonts.update(run.font for block in blocks for run in block.runs if run.font)
                merge = properties.find(f"{_W}vMerge") if properties is not None else None
                if merge is not None and merge.get(f"{_W}val") != "restart" and column in going_down:
                    above = cells[going_down[column]]
                    cells[going_down[column]] = replace(above, down=above.down + 1)
                else:
                    going_down[column] = len(cells)
                    text = "\n".join(_flat(block) for block in blocks)
                    cells.append(Cell(number, column, text, int(_value(properties, "gridSpan") or 1)))
                column += int(_value(properties, "gridSpan") or 1)
            number += 1
        return table(cells, heads, fonts)

    def footnotes(self) -> Iterator[Block]:
        for name in ("footnotes", "endnotes"):
            for note in self.parts.get(name, ()):
                if note.get(f"{_W}type") is None:
                    for block in self.blocks(note):
                        yield replace(block, level=0, label=f"({note.get(f'{_W}id')})")

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

    def found(self, run: Any, style: list[Any], name: str) -> Any:
        own = run.find(f"{_W}rPr")
        above = [*self.chain(_value(own, "rStyle")), *style]
        for properties in (own, *(each.find(f"{_W}rPr") for each in above), self.defaults):
            if properties is not None and (element := properties.find(f"{_W}{name}")) is not None:
                return element
        return None

    def font(self, run: Any, style: list[Any]) -> str | None:
        fonts = self.found(run, style, "rFonts")
        return None if fonts is None else fonts.get(f"{_W}ascii") or fonts.get(f"{_W}hAnsi")

    def unseen(self, run: Any, style: list[Any], background: Colour | None) -> str:
        """Why nobody sees a run: "" for one that is seen."""
        vanish = self.found(run, style, "vanish")
        if vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off"):
            return "hidden"
        size = self.found(run, style, "sz")
        if size is not None and float(size.get(f"{_W}val", 24)) / 2 <= TINY:
            return "tiny"
        element = self.found(run, style, "color")
        colour = from_hex(element.get(f"{_W}val")) if element is not None else None
        background = _fill(run.find(f"{_W}rPr"), background)
        if colour and background and self.found(run, style, "highlight") is None and alike(colour, background):
            return "white" if alike(colour, WHITE) else "colour of its background"
        return ""

    def label(self, properties: Any, style: list[Any]) -> tuple[str, int]:
        """The number or bullet that Word counts out for a paragraph, and how deep in its list it stands."""
        sources = [properties, *(each.find(f"{_W}pPr") for each in style)]
        given = [source.find(f"{_W}numPr") for source in sources if source is not None]
        given = [each for each in given if each is not None]
        number = next((found for each in given if (found := _value(each, "numId"))), None)
        if not number or number == "0" or "numbering" not in self.parts:
            return "", 0
        level = int(next((found for each in given if (found := _value(each, "ilvl"))), "0"))
        numbering = self.parts["numbering"]
        instance = next((each for each in numbering.iter(f"{_W}num") if each.get(f"{_W}numId") == number), None)
        abstract_id = _value(instance, "abstractNumId")
        abstract = (
            each for each in numbering.iter(f"{_W}abstractNum") if each.get(f"{_W}abstractNumId") == abstract_id
        )
        levels = {int(each.get(f"{_W}ilvl")): each for each in next(abstract, ()) if each.tag == f"{_W}lvl"}
        if instance is None or abstract_id is None or level not in levels:
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

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            return _counted(counts.get(at, 1), _value(levels.get(at), "numFmt") or "decimal")

        return _NUMBERED.sub(shown, pattern).strip(), level


def _value(parent: Any, name: str) -> str | None:
    element = parent.find(f"{_W}{name}") if parent is not None else None
    return None if element is None else element.get(f"{_W}val")


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
            if child.tag == f"{_W}r":  # a text box hangs in a run
                yield from _inside(child, tuple(tag for tag in wanted if tag != child.tag), closed)
        elif child.tag not in closed:
            yield from _inside(child, wanted, closed)


def _run_text(run: Any) -> str:
    signs = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\xad"}  # \xad is TCVN3's ư
    text = ""
    for node in run:
        if node.tag == f"{_W}t":
            text += node.text or ""
        elif node.tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
            text += f" ({node.get(f'{_W}id')})"
        elif isinstance(node.tag, str):
            text += signs.get(node.tag.removeprefix(_W), "")
    return text


def _flat(block: Block) -> str:
    """A block inside a table cell."""
    inner = "\n".join(" ".join(filter(None, row)) for row in block.rows)
    return f"{block.label} {block.text or inner}".strip()


def _counted(number: int, kind: str) -> str:
    if kind.endswith("Letter"):
        text = chr(ord("a") + (number - 1) % 26)
    elif kind.endswith("Roman"):
        text, rest = "", number
        for value, sign in _ROMAN:
            text += sign * (rest // value)
            rest %= value
    else:
        return str(number)
    return text.upper() if kind.startswith("upper") else text


def read_doc(content: bytes) -> Extract:
    """An old Word file, which LibreOffice turns into a new one."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "old.doc")
        source.write_bytes(content)
        command = ["soffice", "--headless", f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"]
        command += ["--convert-to", "docx", "--outdir", folder, str(source)]
        try:
            with room_for_programs():
                subprocess.run(  # noqa: S603 no shell, and no word of the file in the command
                    command,
                    capture_output=True,
                    timeout=CONVERSION_TIME,
                    check=False,
                    env={**os.environ, "HOME": folder},
                )
        except FileNotFoundError as error:
            mend = "install it (apt-get install libreoffice-writer), or save the file as .docx"
            raise Refused("an old Word file (.doc), which only LibreOffice can read", mend) from error
        except subprocess.TimeoutExpired as error:
            raise Refused(f"LibreOffice took more than {CONVERSION_TIME} s over it", "save it as .docx") from error
        converted = source.with_suffix(".docx")
        if not converted.exists():
            raise Refused("LibreOffice cannot open it: damaged, or with a password", "save it as .docx")
        return read_docx(converted.read_bytes())


# OpenDocument Text


def read_odt(content: bytes) -> Extract:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        roots = [xml(archive.read(name)) for name in ("styles.xml", "content.xml") if name in archive.namelist()]
    text = _OpenText(roots)
    body = roots[-1].find(f"{_OFFICE}body/{_OFFICE}text")
    return Extract(list(text.blocks(body, ())), gathered(text.hidden))


class _OpenText:
    """One OpenDocument Text while it is read."""

    def __init__(self, roots: list[Any]) -> None:
        named = [style for root in roots for style in root.iter(f"{_STYLE}style")]
        self.styles = {style.get(f"{_STYLE}name"): style for style in named}
        lists = [style for root in roots for style in root.iter(f"{_TEXT}list-style")]
        self.lists = {style.get(f"{_STYLE}name"): style for style in lists}
        self.hidden: list[Hidden] = []
        self.paragraphs = 0

    def blocks(self, parent: Any, levels: tuple[str, ...]) -> Iterator[Block]:
        for child in parent:
            if child.tag == f"{_TEXT}h":
                level = int(child.get(f"{_TEXT}outline-level") or 1)
                yield from (replace(block, level=level) for block in self.paragraph(child))
            elif child.tag == f"{_TEXT}p":
                yield from self.paragraph(child)
            elif child.tag == f"{_TEXT}list":
                yield from self.list(child, levels)
            elif child.tag == f"{_TABLE}table":
                yield self.table(child)
            elif isinstance(child.tag, str) and child.tag not in _UNSEEN_ODT:
                yield from self.blocks(child, levels)

    def paragraph(self, element: Any) -> Iterator[Block]:
        self.paragraphs += 1
        outside: list[Any] = []
        runs = list(self.runs(element, (element.get(f"{_TEXT}style-name"),), outside))
        if any(run.text.strip() for run in runs):
            yield Block(runs=tuple(runs))
        for each in outside:
            yield from self.blocks(each, ())

    def runs(self, element: Any, styles: tuple[str | None, ...], outside: list[Any]) -> Iterator[Run]:
        """The text of a paragraph or a span; frames and notes in it, which stand elsewhere, are put in `outside`."""
        yield from self.run(element.text, styles)
        for child in element:
            if child.tag == f"{_TEXT}s":
                yield from self.run(" " * int(child.get(f"{_TEXT}c") or 1), styles)
            elif child.tag == f"{_TEXT}tab":
                yield from self.run("\t", styles)
            elif child.tag == f"{_TEXT}line-break":
                yield from self.run("\n", styles)
            elif child.tag == f"{_TEXT}note" or (isinstance(child.tag, str) and child.tag.endswith("}frame")):
                outside += list(child.iter(f"{_TEXT}note-body", "{*}text-box"))
            elif child.tag in _UNSEEN_ODT:
                text = child.get(f"{_TEXT}string-value") or "".join(child.itertext())
                if child.tag != f"{_OFFICE}annotation":
                    self.hidden.append(Hidden(text, f"paragraph {self.paragraphs}", "hidden"))
            elif isinstance(child.tag, str):
                yield from self.runs(child, (child.get(f"{_TEXT}style-name"), *styles), outside)
            yield from self.run(child.tail, styles)

    def run(self, text: str | None, styles: tuple[str | None, ...]) -> Iterator[Run]:
        if not text:
            return
        if how := self.unseen(styles):
            self.hidden.append(Hidden(text, f"paragraph {self.paragraphs}", how))
        else:
            yield Run(text, self.found(styles, f"{_STYLE}font-name"))

    def unseen(self, styles: tuple[str | None, ...]) -> str:
        if self.found(styles, f"{_TEXT}display") == "none":
            return "hidden"
        size = self.found(styles, f"{_FO}font-size") or ""
        if size.endswith("pt") and float(size.removesuffix("pt")) <= TINY:
            return "tiny"
        colour = from_hex(self.found(styles, f"{_FO}color"))
        background = from_hex(self.found(styles, f"{_FO}background-color")) or WHITE
        return "white" if colour and alike(colour, background) else ""

    def found(self, styles: tuple[str | None, ...], attribute: str) -> str | None:
        """What the innermost style, or one it builds upon, says of its text."""
        for name in styles:
            seen: set[str] = set()
            while name and name not in seen and (style := self.styles.get(name)) is not None:
                seen.add(name)
                for properties in style.iter(f"{_STYLE}text-properties", f"{_STYLE}paragraph-properties"):
                    if properties.get(attribute) is not None:
                        return str(properties.get(attribute))
                name = style.get(f"{_STYLE}parent-style-name")
        return None

    def list(self, element: Any, levels: tuple[str, ...]) -> Iterator[Block]:
        levels = (*levels, element.get(f"{_TEXT}style-name") or (levels[-1] if levels else ""))
        style = self.lists.get(levels[-1])
        depth = len(levels)
        own = [each for each in style if each.get(f"{_TEXT}level") == str(depth)] if style is not None else []
        kind = own[0] if own and own[0].tag == f"{_TEXT}list-level-style-number" else None
        number = int(kind.get(f"{_TEXT}start-value") or 1) if kind is not None else 1
        for item in element:
            if item.tag not in (f"{_TEXT}list-item", f"{_TEXT}list-header"):
                continue
            number = int(item.get(f"{_TEXT}start-value") or number)
            label = "-"
            if kind is not None:
                form = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
                counted = _counted(number, form.get(kind.get(f"{_STYLE}num-format") or "1", "decimal"))
                label = (
                    f"{kind.get(f'{_STYLE}num-prefix') or ''}{counted}{kind.get(f'{_STYLE}num-suffix') or ''}".strip()
                )
            for block in self.blocks(item, levels):
                is_own = not block.label and not block.level and not block.rows
                yield replace(block, label=label, indent=depth - 1) if is_own else block
                label = "" if is_own else label
            number += 1

    def table(self, element: Any) -> Block:
        cells: list[Cell] = []
        fonts: set[str] = set()
        number = heads = 0
        for row in element.iter(f"{_TABLE}table-row"):
            own: list[Cell] = []
            column = 0
            for cell in row:
                repeated = min(int(cell.get(f"{_TABLE}number-columns-repeated") or 1), 100)
                if cell.tag == f"{_TABLE}table-cell":
                    blocks = list(self.blocks(cell, ()))
                    fonts.update(run.font for block in blocks for run in block.runs if run.font)
                    text = "\n".join(map(_flat, blocks))
                    spans = [int(cell.get(f"{_TABLE}number-{of}-spanned") or 1) for of in ("columns", "rows")]
                    own += [Cell(number, column + at, text, *spans) for at in range(repeated)]
                column += repeated * (cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"))
            if row.get(f"{_TABLE}visibility") not in (None, "visible"):
                text = " ".join(cell.text for cell in own)
                self.hidden.append(Hidden(text, f"table after paragraph {self.paragraphs}", "hidden row"))
                continue
            heads += row.getparent().tag == f"{_TABLE}table-header-rows"
            cells += own
            number += 1
        return table(cells, heads, fonts)


# PowerPoint


def read_pptx(content: bytes) -> Extract:
    import pptx

    deck = pptx.Presentation(BytesIO(content))
    blocks: list[Block] = []
    hidden: list[Hidden] = []
    for number, slide in enumerate(deck.slides, 1):
        found: list[Block] = []
        title = slide.shapes.title
        for shape in _shapes(slide.shapes):
            is_title = title is not None and shape.shape_id == title.shape_id
            outside = _is_outside(shape, deck.slide_width, deck.slide_height)
            added = list(_shape(shape, is_title, f"slide {number}", hidden))
            if outside:
                hidden += [Hidden(_flat(block), f"slide {number}", "off the slide") for block in added]
            elif is_title:
                found[:0] = added
            else:
                found += added
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            found += [paragraph(line) for line in slide.notes_slide.notes_text_frame.text.split("\n")]
        if slide._element.get("show") == "0":
            hidden += [Hidden(_flat(block), f"slide {number}", "hidden slide") for block in found]
            found = []
        blocks += [replace(block, page=number) for block in found]
    return Extract(blocks, gathered(hidden), len(deck.slides), flows=False)


def _shapes(shapes: Any) -> Iterator[Any]:
    """Shapes from top to bottom, those of groups among them."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _is_outside(shape: Any, width: int | None, height: int | None) -> bool:
    if width is None or height is None or None in (shape.left, shape.top, shape.width, shape.height):
        return False
    across = shape.left + shape.width <= 0 or shape.left >= width
    return bool(across or shape.top + shape.height <= 0 or shape.top >= height)


def _shape(shape: Any, is_title: bool, place: str, hidden: list[Hidden]) -> Iterator[Block]:
    if getattr(shape, "has_table", False):
        rows = ((at, column, cell) for at, row in enumerate(shape.table.rows) for column, cell in enumerate(row.cells))
        own = [
            Cell(at, column, cell.text, cell.span_width, cell.span_height)
            for at, column, cell in rows
            if not cell.is_spanned
        ]
        yield table(own, int(shape.table.first_row))
    elif getattr(shape, "has_text_frame", False):
        is_list = shape.is_placeholder and not is_title
        for each in shape.text_frame.paragraphs:
            runs = []
            for run in each.runs:
                if run.font.size is not None and run.font.size.pt <= TINY:
                    hidden.append(Hidden(run.text, place, "tiny"))
                else:
                    runs.append(Run(run.text.replace("\v", "\n"), run.font.name))
            if any(run.text.strip() for run in runs):
                item = is_list and len(shape.text_frame.paragraphs) > 1
                yield Block(runs=tuple(runs), level=2 * is_title, label="-" * item, indent=each.level if item else 0)
