"""OpenDocument Text and PowerPoint files.

Hidden text, rows and slides are kept apart. OpenDocument files are read as the XML they are: libraries leave out list
numbers, text boxes and whether text is hidden.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

from corpus.reading.extract import TINY, WHITE, Extract, Hidden, alike, from_hex, gathered, xml
from corpus.reading.layout import PART, Block, Run, counted, flat, paragraph, table
from corpus.reading.tables import Cell

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_UNSEEN_ODT = (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}hidden-text", f"{_TEXT}hidden-paragraph")


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
                shown = counted(number, form.get(kind.get(f"{_STYLE}num-format") or "1", "decimal"))
                label = f"{kind.get(f'{_STYLE}num-prefix') or ''}{shown}{kind.get(f'{_STYLE}num-suffix') or ''}".strip()
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
                    text = PART.join(map(flat, blocks))
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
                hidden += [Hidden(flat(block), f"slide {number}", "off the slide") for block in added]
            elif is_title:
                found[:0] = added
            else:
                found += added
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            found += [paragraph(line) for line in slide.notes_slide.notes_text_frame.text.split("\n")]
        if slide._element.get("show") == "0":
            hidden += [Hidden(flat(block), f"slide {number}", "hidden slide") for block in found]
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
            Cell(at, column, cell.text.replace("\n", PART), cell.span_width, cell.span_height)
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
