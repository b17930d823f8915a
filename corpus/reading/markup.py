"""RTF and plain text: files whose bytes are the text, in UTF-8 or in one of the old Vietnamese encodings."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from corpus.reading import legacy, signs
from corpus.reading.extract import TINY, WHITE, Colour, Extract, Hidden, Refused, Unread, alike, gathered, missing
from corpus.reading.layout import PART, Block, Box, Run, paragraph, safe_line, table
from corpus.reading.tables import Cell

SOUND = 0.6  # of a text's words with diacritics are Vietnamese syllables; a wrong encoding gives less than half of that
SAMPLE = 20_000  # characters by which an encoding is told

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_TAG = re.compile(r"<[^<>]*>")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|\|?\s*:?-{3,}:?\s*\|)", re.MULTILINE)


# Plain text


def decoded(content: bytes) -> tuple[str, str | None]:
    """Text, and the old encoding that its letters are still in, where it is neither UTF-8 nor marked UTF-16."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding), None
            except UnicodeDecodeError as error:
                raise Refused(f"text that is not {encoding.upper()} as its first bytes say", _SAVE) from error
    if b"\0" in content:
        raise Refused("bytes that are not text", _SUPPORTED)
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    latin = content.decode("latin-1")
    sample = _TAG.sub(" ", latin)[:SAMPLE]
    best = max((*legacy.ENCODINGS, "cp1258"), key=lambda encoding: legacy.soundness(_from_old(sample, encoding)))
    if legacy.soundness(_from_old(sample, best)) < SOUND:
        raise Refused(
            "text that is neither UTF-8 nor in an old Vietnamese encoding (TCVN3, VNI, VISCII, VPS, 1258)", _SAVE
        )
    return (_from_old(latin, best), None) if best == "cp1258" else (latin, best)


_SAVE = "save it as UTF-8"
_SUPPORTED = "give a PDF, DOCX, DOC, XLSX, XLS, PPTX, PPT, RTF, ODT, HTML, TXT or MD file"


def _from_old(latin: str, encoding: str) -> str:
    if encoding != "cp1258":
        return legacy.to_unicode(latin, encoding)
    return unicodedata.normalize("NFC", latin.encode("latin-1").decode("cp1258", errors="replace"))


def read_text(content: bytes, is_markdown: bool) -> tuple[Extract, str | None]:
    """Text, and for Markdown the Markdown itself, which keeps its lines."""
    text = legacy.to_unicode(*decoded(content)).replace("\r\n", "\n").replace("\r", "\n")
    if len(_CONTROL.findall(text)) > len(text) / 1000:
        raise Refused("bytes that are not text", _SUPPORTED)
    if is_markdown or _MARKDOWN.search(text):
        hidden = [
            Hidden(" ".join(match[1].split()), f"line {text.count(chr(10), 0, match.start()) + 1}", "comment")
            for match in _COMMENT.finditer(text)
            if not match[1].strip().startswith("trang ")
        ]
        text = _COMMENT.sub("", _CONTROL.sub("", text))
        lines = (re.match(r"[ \t]*", line)[0] + safe_line(line) for line in text.split("\n"))  # type: ignore[index]
        return Extract([], hidden), unicodedata.normalize("NFC", "\n".join(lines).strip("\n") + "\n")
    return Extract(list(_text_blocks(text))), None


def _text_blocks(text: str) -> Iterator[Block]:
    """Paragraphs; in a text that was wrapped by hand, with its lines' places for corpus.layout to join them."""
    lines = text.expandtabs(4).split("\n")
    right = max(map(len, lines))
    full = sum(len(line) > right - 15 for line in lines)
    if not 60 <= right <= 120 or full * 5 < sum(1 for line in lines if line.strip()):
        yield from (paragraph(line) for line in lines if line.strip())
        return
    group: list[tuple[str, Box]] = []
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            indent = len(line) - len(line.lstrip())
            group.append((line.strip(), Box(indent, len(line.rstrip()), number, number + 1)))
        elif group:
            yield Block(runs=(Run("\n".join(each for each, _ in group)),), boxes=tuple(box for _, box in group))
            group = []


# RTF

_RTF = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_NOT_TEXT = frozenset(
    b"""stylesheet info pict header headerl headerr headerf footer footerl footerr footerf footnote objdata fldinst
    themedata datastore latentstyles listtable listoverridetable rsidtbl xmlnstbl generator filetbl revtbl
    colorschememapping nonshppict ftnsep ftnsepc aftnsep aftnsepc template pgptbl bkmkstart bkmkend""".split()
)
_SIGNS = {
    b"line": "\n", b"tab": "\t", b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
    b"~": " ", b"_": "-", b"-": "\xad", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n",
}  # fmt: skip
_CHARSETS = {163: "cp1258", 238: "cp1250", 204: "cp1251", 161: "cp1253", 162: "cp1254", 186: "cp1257"}
_SYMBOLS = 2  # the charset of fonts whose letters are bullets and boxes


def read_rtf(content: bytes) -> Extract:
    """RTF; its bytes above 127 are Windows' Latin, or letters of an old encoding in that guise."""
    plain = _Rtf(content)
    return Extract(plain.blocks, gathered(plain.hidden), unread=plain.unread)


_OF_TABLES = (b"cell", b"row", b"trowd", b"cellx", b"clcbpat", b"intbl", b"clvmgf", b"clvmrg", b"clmrg")


class _Rtf:
    """An RTF file while it is read: a stream of control words, whose groups keep and give back the state."""

    def __init__(self, content: bytes) -> None:
        self.fonts: dict[int, tuple[str, int]] = {}
        self.colours: list[Colour | None] = [None]
        self.blocks: list[Block] = []
        self.hidden: list[Hidden] = []
        self.unread: list[Unread] = []
        self.runs: list[Run] = []
        self.cells: list[str] = []
        self.rows: list[list[_RtfCell]] = []
        self.edges: list[_RtfCell] = []  # of the row's cells, as its head says them
        self.merging = ""
        self.table_fonts: set[str] = set()
        self.level = 0
        self.in_row = False
        self.row_is_shaded = False
        self.skip = 0  # characters that stand for the last \u where it is not understood
        self.state: dict[str, Any] = {
            "into": "text",
            "font": 0,
            "colour": 0,
            "size": 24,
            "hidden": False,
            "uc": 1,
            "back": 0,
            "struck": False,
            "height": "",
        }
        self.read(content)

    def read(self, content: bytes) -> None:
        stack: list[dict[str, Any]] = []
        for match in _RTF.finditer(content):
            word, number, byte, sign, brace, text = match.groups()
            if brace == b"{":
                stack.append(dict(self.state))
            elif brace == b"}":
                if not stack:
                    break
                self.state = stack.pop()
                if not stack:
                    break
            elif sign == b"*":
                self.state["into"] = ""
            elif sign:
                self.add(_SIGNS.get(sign, ""))
            elif byte:
                self.add(self.letter(bytes.fromhex(byte.decode())))
            elif text:
                self.add(text.decode("ascii") if text.isascii() else "".join(self.letter(bytes([b])) for b in text))
            elif word:
                self.obey(word, None if number is None else int(number))
        if stack:
            raise Refused("an RTF file whose end is missing", "get the whole file again")
        self.in_row = False
        self.end_paragraph()

    def obey(self, word: bytes, number: int | None) -> None:
        state = self.state
        if word in _NOT_TEXT:
            if word == b"footnote" and state["into"]:
                self.unread.append(missing("a footnote", f"paragraph {len(self.blocks) + 1}"))
            state["into"] = ""
        elif word in (b"deleted", b"strike", b"striked", b"super", b"sub", b"nosupersub"):
            state["struck"] = number != 0 if word.startswith((b"strike", b"deleted")) else state["struck"]
            heights = {b"super": "super", b"sub": "sub", b"nosupersub": ""}
            state["height"] = heights.get(word, state["height"]) if number != 0 else ""
        elif word in (b"fonttbl", b"colortbl"):
            state["into"] = word.decode()
        elif state["into"] == "fonttbl":
            if word == b"f":
                state["font"] = number or 0
                self.fonts[number or 0] = ("", 0)
            elif word == b"fcharset":
                self.fonts[state["font"]] = (self.fonts.get(state["font"], ("", 0))[0], number or 0)
        elif state["into"] == "colortbl":
            if word in (b"red", b"green", b"blue"):
                parts = list(self.colours[-1] or (0, 0, 0))
                parts[(b"red", b"green", b"blue").index(word)] = min(number or 0, 255)
                self.colours[-1] = (parts[0], parts[1], parts[2])
        elif word in _SIGNS:
            self.add(_SIGNS[word])
        elif word in (b"par", b"sect", b"page"):
            self.end_paragraph()
        elif word in _OF_TABLES:
            self.lay_out(word, number)
        elif word == b"pard":
            self.in_row, self.level = False, 0
        elif word == b"outlinelevel":
            self.level = (number or 0) + 1 if (number or 0) < 9 else 0
        elif word == b"plain":
            state.update(font=0, colour=0, size=24, hidden=False, back=0, struck=False, height="")
        elif word == b"u" and number is not None:
            self.add(chr(number % 0x10000))
            self.skip = state["uc"]
        elif word == b"v":
            state["hidden"] = number != 0
        elif word in (b"f", b"cf", b"fs", b"uc", b"cb", b"chcbpat", b"highlight"):
            names = {b"f": "font", b"cf": "colour", b"fs": "size", b"uc": "uc"}
            state[names.get(word, "back")] = number or 0

    def lay_out(self, word: bytes, number: int | None) -> None:
        """Obey a word that says where a table's cells stand and end."""
        if word == b"cell":
            self.end_cell()
        elif word == b"row":
            self.end_row()
        elif word == b"trowd":
            self.row_is_shaded = False
            self.edges, self.merging = [], ""
        elif word == b"cellx":
            self.edges.append(_RtfCell("", number or 0, self.merging))
            self.merging = ""
        elif word == b"clcbpat":
            self.row_is_shaded = self.row_is_shaded or bool(number)
        elif word == b"intbl":
            self.in_row = True
        else:
            self.merging = word.decode()

    def letter(self, byte: bytes) -> str:
        charset = self.fonts.get(self.state["font"], ("", 0))[1]
        if charset == _SYMBOLS and byte > b"\x7f":
            return "•"
        try:
            return byte.decode(_CHARSETS.get(charset, "cp1252"))
        except UnicodeDecodeError:
            return byte.decode("latin-1")

    def add(self, text: str) -> None:
        state = self.state
        if self.skip and text:
            self.skip, text = max(0, self.skip - len(text)), text[self.skip :]
        if not text or not state["into"]:
            return
        if state["into"] == "fonttbl":
            name, charset = self.fonts.get(state["font"], ("", 0))
            self.fonts[state["font"]] = (name + text.rstrip(";"), charset)
        elif state["into"] == "colortbl":
            self.colours += [None] * text.count(";")
        elif how := self.unseen():
            self.hidden.append(Hidden(text, f"paragraph {len(self.blocks) + 1}", how))
        else:
            font = self.fonts.get(state["font"], ("", 0))[0] or None
            heights = {"super": signs.raised, "sub": signs.lowered}
            text = heights[state["height"]](text) if state["height"] else text
            if self.runs and self.runs[-1].font == font:
                text = self.runs.pop().text + text
            self.runs.append(Run(text, font))

    def unseen(self) -> str:
        state = self.state
        if state["hidden"]:
            return "hidden"
        if state["struck"]:
            return "crossed out"
        if 0 < state["size"] / 2 <= TINY:
            return "tiny"
        colour = self.colours[state["colour"]] if 0 <= state["colour"] < len(self.colours) else None
        shaded = state["back"] or (self.in_row and self.row_is_shaded)
        return "white" if colour and not shaded and alike(colour, WHITE) else ""

    def end_runs(self) -> None:
        self.runs = []
        self.skip = 0

    def end_paragraph(self) -> None:
        if self.in_row:
            self.add(PART)
            return
        self.end_table()
        if any(run.text.strip() for run in self.runs):
            self.blocks.append(Block(runs=tuple(map(_paired, self.runs)), level=self.level))
        self.end_runs()

    def end_cell(self) -> None:
        self.cells.append("".join(_paired(run).text for run in self.runs).strip(" \t\n"))
        self.table_fonts.update(run.font for run in self.runs if run.font)
        self.end_runs()

    def end_row(self) -> None:
        if self.cells:
            last = self.edges[-1].right if self.edges else 0
            beyond = [_RtfCell("", last + 1 + at, "") for at in range(len(self.cells) - len(self.edges))]
            edges = [*self.edges, *beyond]
            self.rows.append([replace(edge, text=text) for edge, text in zip(edges, self.cells, strict=False)])
        self.cells = []
        self.end_runs()

    def end_table(self) -> None:
        if self.rows:
            self.blocks.append(table(_rtf_cells(self.rows), fonts=self.table_fonts))
        self.rows = []
        self.table_fonts = set()


@dataclass(frozen=True, slots=True)
class _RtfCell:
    """A cell by its right edge; `merging` is the word that says how it is merged with the one above or beside it."""

    text: str
    right: int
    merging: str


def _rtf_cells(rows: list[list[_RtfCell]]) -> list[Cell]:
    rights = sorted({cell.right for row in rows for cell in row})
    cells: list[Cell] = []
    going_down: dict[int, int] = {}  # column -> which of the cells is merged with those below it
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            across = max(bisect_right(rights, cell.right) - column, 1)
            if cell.merging == "clvmrg" and column in going_down:
                above = cells[going_down[column]]
                cells[going_down[column]] = replace(above, down=above.down + 1)
            elif cell.merging == "clmrg" and cells and cells[-1].row == number:
                cells[-1] = replace(cells[-1], across=cells[-1].across + across)
            else:
                going_down[column] = len(cells)
                cells.append(Cell(number, column, cell.text, across))
            column += across
    return cells


def _paired(run: Run) -> Run:
    """A run whose letters beyond U+FFFF are whole; RTF writes each as two."""
    return replace(run, text=run.text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
