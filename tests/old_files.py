"""How much of old office files is read rightly: `python tests/old_files.py`, where LibreOffice is installed.

Texts of the corpus are typed in an old encoding with its fonts, saved as .doc, .xls, .ppt and .rtf by LibreOffice,
read as any file is, and held against the texts. Printed is the share of letters with diacritics that came out right,
for each format and encoding: of all letters, and of the file that came out worst.
"""

import difflib
import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Pt
from viparse.normalize.encodings import get_charmap

from corpus.language.normalize import fold
from corpus.reading.read import read_content

FORMATS = {"doc": ("docx", "MS Word 97"), "xls": ("xlsx", "MS Excel 97"), "ppt": ("pptx", "MS PowerPoint 97"),
           "rtf": ("docx", "Rich Text Format")}  # fmt: skip
FONTS = {
    "tcvn3": (".VnTime", ".VnTimeH"),
    "vni": ("VNI-Times", "VNI-Times"),
    "viscii": ("VI Times", "VI Times Hoa"),
    "vps": ("VPS Times", "VPS Times Hoa"),
}
LENGTHS = (1, 1, 2, 4, 24)  # documents that the texts of the five files are made of
_DOCUMENTS = Path(__file__).parents[1] / "corpus" / "documents"
_VNI_TONES = dict(zip("\u0301\u0300\u0309\u0303\u0323", "ùøûõï", strict=True))
_VNI_SHAPED = {
    "\u0302": dict(zip(("", *_VNI_TONES), "âáàåãä", strict=True)),  # â ấ ầ ẩ ẫ ậ
    "\u0306": dict(zip(("", *_VNI_TONES), "êéèúüë", strict=True)),  # ă ắ ằ ẳ ẵ ặ
}
_VNI_WHOLE = {"đ": "ñ", "ị": "ò", "ĩ": "ó", "ỉ": "æ", "í": "í", "ì": "ì", "ỵ": "î", "ơ": "ô", "ư": "ö"}
Table = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """Letters as Windows shows them in its Latin, and the font that makes Vietnamese of them."""

    text: str
    font: str


def texts() -> Iterator[list[str | Table]]:
    """Paragraphs and tables of some documents of the corpus."""
    files = iter(sorted(_DOCUMENTS.glob("*.md"))[3:])
    for length in LENGTHS:
        parts: list[str | Table] = []
        for _ in range(length):
            body = next(files).read_text("utf-8").split("---\n", 2)[2]
            parts += _parts(re.sub(r"\[\d+\]|^#+ |\*\*", "", body, flags=re.MULTILINE))
        yield parts


def _parts(body: str) -> Iterator[str | Table]:
    rows: list[tuple[str, ...]] = []
    for line in [*body.split("\n"), ""]:
        if line.startswith("|"):
            cells = tuple(cell.strip() for cell in line.strip("| ").split("|"))
            if not all(re.fullmatch(":?-+:?", cell) for cell in cells):
                rows.append(cells)
            continue
        if rows:
            yield tuple(rows)
            rows = []
        if line.strip():
            yield line.strip().removeprefix("- ")


def typed(text: str, encoding: str) -> list[Typed]:
    """A text as it was typed. Capitals that an encoding lacks are small letters in a font of capitals."""
    small, capital = FONTS[encoding]
    if encoding in ("viscii", "vps"):  # whose letters stand where others have typographic signs
        text = text.translate(str.maketrans("“”‘’–—…•", "\"\"''--.*"))
    if encoding == "vni":
        return [Typed("".join(map(_in_vni, unicodedata.normalize("NFC", text))), small)]
    charmap = get_charmap(encoding)
    assert charmap
    back = {shown: code for code, shown in charmap.pairs if code >= " "}
    parts: list[Typed] = []
    for letter in text:
        lacks = letter not in back and letter.lower() in back and not (letter.isascii() or letter in "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝ")
        lacks = lacks or (encoding == "tcvn3" and letter not in back and letter.lower() in back)
        code = back.get(letter.lower() if lacks else letter, letter)
        shown = code.encode("latin-1").decode("cp1252") if code in _IN_CP1252 else code
        font = capital if lacks else small
        if parts and parts[-1].font == font:
            shown = parts.pop().text + shown
        parts.append(Typed(shown, font))
    return parts


_IN_CP1252 = {chr(code) for code in range(0x80, 0xA0)} - {chr(code) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


def _in_vni(letter: str) -> str:
    if (small := letter.lower()) in _VNI_WHOLE:
        return _VNI_WHOLE[small].upper() if letter.isupper() else _VNI_WHOLE[small]
    base, *marks = list(unicodedata.normalize("NFD", letter))
    tone = next((mark for mark in marks if mark in _VNI_TONES), "")
    shape = next((mark for mark in marks if mark in _VNI_SHAPED), "")
    if "\u031b" in marks:
        horned = _VNI_WHOLE["ơ" if base in "oO" else "ư"]
        base = horned.upper() if base.isupper() else horned
    elif not tone and not shape:
        return letter
    mark = _VNI_SHAPED[shape][tone] if shape else _VNI_TONES.get(tone, "")
    return base + (mark.upper() if letter.isupper() else mark)


def new_file(parts: Iterable[str | Table], encoding: str, suffix: str) -> bytes:
    """A docx, xlsx or pptx with the typed text, from which LibreOffice makes the old file."""
    target = BytesIO()
    if suffix == "docx":
        document = docx.Document()
        for part in parts:
            if isinstance(part, str):
                _add_runs(document.add_paragraph(), typed(part, encoding))
            else:
                width = max(map(len, part))
                grid = document.add_table(rows=len(part), cols=width)
                for cells, row in zip(grid.rows, part, strict=True):
                    for cell, value in zip(cells.cells, row, strict=False):
                        _add_runs(cell.paragraphs[0], typed(value, encoding))
        document.save(target)
    elif suffix == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet
        at = 1
        for part in parts:
            rows: tuple[tuple[str, ...], ...] = ((part,), ()) if isinstance(part, str) else (*part, ())
            for values in rows:
                for column, value in enumerate(values, 1):
                    text = typed(value, encoding)
                    cell = sheet.cell(at, column, "".join(one.text for one in text))
                    fonts = {one.font for one in text if one.text.strip()}
                    cell.font = openpyxl.styles.Font(name=fonts.pop() if len(fonts) == 1 else FONTS[encoding][0])
                at += 1
        book.save(target)
    else:
        deck = pptx.Presentation()
        lines = [each for part in parts for each in ([part] if isinstance(part, str) else map(" ".join, part))]
        for start in range(0, len(lines), 8):
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            frame = slide.placeholders[1].text_frame
            for line in lines[start : start + 8]:
                _add_runs(frame.add_paragraph(), typed(line, encoding))
        deck.save(target)
    return target.getvalue()


def _add_runs(paragraph: object, parts: list[Typed]) -> None:
    for one in parts:
        run = paragraph.add_run()  # type: ignore[attr-defined]
        run.text = one.text
        run.font.name = one.font
        if hasattr(run, "_r") and run.font.size is None:
            run.font.size = Pt(14)


def saved_as(files: dict[str, bytes], suffix: str, new: str, filter_: str, folder: Path) -> dict[str, bytes]:
    """Files by name, saved anew by LibreOffice in one go."""
    source, target = folder / f"from-{suffix}", folder / suffix
    source.mkdir()
    for name, content in files.items():
        (source / f"{name}.{new}").write_bytes(content)
    command = ["soffice", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += ["--convert-to", f"{suffix}:{filter_}", "--outdir", str(target), *map(str, sorted(source.iterdir()))]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return {name: (target / f"{name}.{suffix}").read_bytes() for name in files}


def right(said: str, found: str) -> tuple[int, int]:
    """Of the letters with diacritics of a text, how many came out right, and how many there are. Case is no matter."""
    ours, theirs = _words(said), _words(found)
    there = sum(_marked(word) for word in ours)
    matcher = difflib.SequenceMatcher(None, list(map(fold, ours)), list(map(fold, theirs)), autojunk=False)
    came = 0
    for start, other, length in matcher.get_matching_blocks():
        for mine, their in zip(ours[start : start + length], theirs[other : other + length], strict=True):
            came += sum(not a.isascii() and a == b for a, b in zip(mine, their, strict=False))
    return came, there


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text).lower())


def _marked(word: str) -> int:
    return sum(not letter.isascii() for letter in word)


def said(parts: Iterable[str | Table]) -> str:
    return "\n".join(part if isinstance(part, str) else "\n".join(map(" ".join, part)) for part in parts)


def main() -> None:
    every = list(texts())
    print("| | " + " | ".join(FONTS) + " |\n|---|" + "---|" * len(FONTS))
    with tempfile.TemporaryDirectory() as folder:
        for suffix, (new, filter_) in FORMATS.items():
            made = {f"{code}-{at}": new_file(parts, code, new) for code in FONTS for at, parts in enumerate(every)}
            files = saved_as(made, suffix, new, filter_, Path(folder))
            cells = []
            for code in FONTS:
                figures = []
                for at, parts in enumerate(every):
                    found = read_content(files[f"{code}-{at}"], Path(f"{code}-{at}.{suffix}")).markdown
                    figures.append(right(said(parts), found))
                share = sum(came for came, _ in figures) / sum(there for _, there in figures)
                cells.append(f"{share:.4f} (worst {min(came / there for came, there in figures):.4f})")
            print(f"| {suffix} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
