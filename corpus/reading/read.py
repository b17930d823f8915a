"""One file of any supported kind -> Markdown: `read` is the whole path.

What a file is, is told by its content. It is parsed in a process of its own with limits on time and memory, so that
a file made to hang or to fill the memory harms nobody: its parser is stopped, and the reader gets an error. That
process has the bytes from its standard input and never sees the path.
"""

import contextlib
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from corpus.errors import UnreadableDocument
from corpus.reading import convert, markup, office, pdf, sheets, web, word
from corpus.reading.extract import Extract, Hidden, Refused, Unread
from corpus.reading.layout import markdown
from corpus.reading.package import Package, tidied

BYTES = 50_000_000  # of a file; a scanned act of 150 pages has about 30 MB
UNPACKED = 400_000_000  # bytes that an Office file may hold unpacked; real ones have at most about 100 MB
RATIO = 100  # unpacked to packed, where it is large: XML reaches about 30, a bomb 1,000
LARGE = 20_000_000  # bytes unpacked from which on the ratio counts; blank XML of a small file packs very well
MEMBERS = 10_000  # parts of an Office file; a deck of 500 slides with pictures has about 3,000
MEMORY = 1_000_000_000  # bytes of address space of the parser; an act of 1,000 pages needs 400 MB
PROGRAMS = 4_000_000_000  # the same of LibreOffice and tesseract, which it starts
TIME = 900  # seconds for one file: OCR of pdf.SCANNED_PAGES takes 600, a PDF of 500 pages about 60
LENGTH = 20_000_000  # characters of Markdown; an act of 1,000 pages has 3 million

_SUPPORTED = "give a PDF, DOCX, DOC, XLSX, XLS, PPTX, PPT, RTF, ODT, HTML, TXT or MD file"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|article|div|h[1-6]|p|table)[\s>]", re.IGNORECASE)
_OTHERS = {  # what people send by mistake; named, so that they see what they sent
    b"MZ\x90": "a Windows program",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"GIF8": "a GIF image",
    b"RIFF": "a sound, a video or a WebP image",
    b"SQLite format 3": "a database",
    b"MIME-Version:": "a web archive (.mht)",
    b"%!PS": "a PostScript file",
}
_READERS: dict[str, Callable[[bytes], Extract]] = {
    "pdf": pdf.read_pdf,
    "image": pdf.read_image,
    "docx": word.read_docx,
    "doc": convert.read_doc,
    "odt": office.read_odt,
    "xlsx": sheets.read_xlsx,
    "xls": convert.read_xls,
    "pptx": office.read_pptx,
    "ppt": convert.read_ppt,
    "rtf": markup.read_rtf,
    "html": web.read_html,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as Markdown in NFC. `pages` is 0 for a kind without pages; else «<!-- trang 3 -->» begins page 3.

    `hidden` has what was left out of `markdown`, such as what a person would not see; `unread` what no reader can read.
    """

    markdown: str
    format: str
    pages: int
    hidden: tuple[Hidden, ...]
    unread: tuple[Unread, ...] = ()


def read(path: Path) -> Reading:
    """What a file says; raises UnreadableDocument, and no other error, where it cannot be read."""
    return read_content(load(path), path)


def load(path: Path) -> bytes:
    """The bytes of a regular file of a sensible size. A link is refused: it may lead anywhere."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise UnreadableDocument(path, 0, "a symbolic link", "name the file itself") from error
        reason = error.strerror or "unknown error"
        raise UnreadableDocument(path, 0, f"cannot be opened: {reason}", "name a readable file") from error
    except ValueError as error:  # a NUL in the name
        raise UnreadableDocument(path, 0, "not a file name", "name a readable file") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableDocument(path, 0, "not a regular file", "name a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(BYTES + 1)
    except OSError as error:
        raise UnreadableDocument(path, 0, f"cannot be read: {error.strerror}", "name a readable file") from error
    finally:
        os.close(descriptor)
    return content


def read_content(content: bytes, path: Path, seconds: float = TIME) -> Reading:
    """What bytes say that came from `path`, or under that name; its suffix only tells Markdown from plain text."""
    if not content:
        raise UnreadableDocument(path, 0, "an empty file", "give the whole file")
    if len(content) > BYTES:
        mend = "split it, or save its pictures smaller"
        raise UnreadableDocument(path, 0, f"larger than {BYTES // 1_000_000} MB", mend)
    answer = _in_another_process(content, path, seconds)
    if "found" in answer:
        raise UnreadableDocument(path, 0, answer["found"], answer["mend"])
    hidden = tuple(Hidden(**each) for each in answer["hidden"])
    unread = tuple(Unread(**each) for each in answer["unread"])
    return Reading(answer["markdown"], answer["format"], answer["pages"], hidden, unread)


def _in_another_process(content: bytes, path: Path, seconds: float) -> dict[str, Any]:
    root = str(Path(__file__).parents[2])
    kind = "markdown" if path.suffix.lower() in (".md", ".markdown") else ""
    environment = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    process = subprocess.Popen(  # noqa: S603 no shell, and no word of the file in the command
        [sys.executable, "-P", "-m", "corpus.reading.read", kind, str(MEMORY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environment, "PYTHONPATH": root, "OMP_THREAD_LIMIT": "1"},  # tesseract's threads only hinder each other
        start_new_session=True,  # so that LibreOffice and tesseract end with it
    )
    try:
        output, _ = process.communicate(content, timeout=seconds)
        answer: dict[str, Any] = json.loads(output)
    except subprocess.TimeoutExpired:
        return {
            "found": f"reading it takes more than {seconds:.0f} s",
            "mend": "split it, or save it in another format",
        }
    except ValueError:
        return {"found": "its parser broke down", "mend": _SAVE_ANEW}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
    return answer


_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "TMPDIR")  # no tokens
_SAVE_ANEW = "open it in the program it was made with and save it anew, or as PDF"


# In the process that parses


def main() -> None:
    """Parse the file on standard input; write what it says, or what is wrong with it, as one JSON object."""
    kind, memory = sys.argv[1], int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, max(memory, PROGRAMS)))
    try:
        answer = asdict(parse(sys.stdin.buffer.read(), kind == "markdown"))
    except Refused as error:
        answer = {"found": error.found, "mend": error.mend}
    except MemoryError:
        answer = {"found": f"it fills more than {memory // 1_000_000} MB of memory when read", "mend": "split it"}
    except RecursionError:
        answer = {"found": "its parts are nested too deeply", "mend": _SAVE_ANEW}
    except Exception as error:  # noqa: BLE001 a dozen libraries, each with its own ways to fail on a broken file
        detail = " ".join(f"{type(error).__name__} {error}".split())[:120]
        answer = {"found": f"damaged ({detail})", "mend": _SAVE_ANEW}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))  # halves of letters: "?"


def parse(content: bytes, is_markdown: bool) -> Reading:
    """What bytes say, parsed here and now, without limits on time and memory."""
    kind = kind_of(content)
    if kind in ("docx", "xlsx", "pptx", "odt"):
        _refuse_bomb(content)
    if kind == "pptx":
        content = tidied(content)
    if kind == "text":
        found, text = markup.read_text(content, is_markdown)
        kind = "txt" if text is None else "md"
    else:
        found, text = _READERS[kind](content), None
    written = unicodedata.normalize("NFC", text or markdown(found.blocks, found.pages, found.flows))
    if not any(map(str.isalnum, re.sub(r"<!-- trang \d+ -->", "", written))):
        raise Refused("no text in it", "give a file whose text can be read")
    if len(written) > LENGTH:
        raise Refused(f"text of more than {LENGTH} characters", "split it")
    return Reading(written, kind, found.pages, tuple(found.hidden), tuple(found.unread))


def kind_of(content: bytes) -> str:
    """What a file is by its content, whatever it is called."""
    head = content[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")  # NULs are half of UTF-16
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content)
    if content.startswith(_OLE):
        return _kind_of_ole(content)
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if content.startswith(_IMAGES):
        return "image"
    if other := next((name for magic, name in _OTHERS.items() if content.startswith(magic)), None):
        raise Refused(other, _SUPPORTED)
    if head.startswith(b"<") and _HTML.search(head):
        return "html"
    if head.startswith(b"<?xml"):
        raise Refused("an XML file", _SUPPORTED)
    return "text"


def _kind_of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise Refused("an archive with a password", "save it without one")
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return _kind_of_open_document(archive, names)
        if kind := _package_kind(content):
            return kind
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise Refused("a damaged or truncated Office file or ZIP archive", "get the whole file again") from error
    raise Refused("a ZIP archive", "unpack it and give the documents in it")


def _package_kind(content: bytes) -> str:
    _refuse_bomb(content)  # before any part of it is unpacked
    try:
        return Package(content).kind()
    except SyntaxError as error:  # of its XML
        raise Refused("a damaged Office file", "get the whole file again") from error


def _kind_of_open_document(archive: zipfile.ZipFile, names: set[str]) -> str:
    mimetype = archive.read("mimetype").decode("ascii", "replace").strip()
    if not mimetype.startswith("application/vnd.oasis.opendocument.text"):
        raise Refused(f"a file of the kind {mimetype}", _SUPPORTED)
    manifest = "META-INF/manifest.xml"
    if (
        manifest in names
        and archive.getinfo(manifest).file_size < LARGE
        and b"encryption-data" in archive.read(manifest)
    ):
        raise Refused("an OpenDocument file with a password", "save it without one")
    return "odt"


def _kind_of_ole(content: bytes) -> str:
    """The kind of an old Office file, by the names of the streams in it, which are in UTF-16."""

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise Refused("an Office file with a password", "save it without one")
    if has("WordDocument"):
        return "doc"
    if has("PowerPoint Document"):
        return "ppt"
    if has("Workbook") or has("Book"):
        return "xls"
    raise Refused("an old Office file of an unknown kind, or a truncated one", _SUPPORTED)


def _refuse_bomb(content: bytes) -> None:
    """Refuse what would unpack beyond measure. A part never unpacks to more than its header says: zipfile stops."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MEMBERS or unpacked > UNPACKED or (unpacked > LARGE and unpacked > RATIO * len(content)):
        found = f"{len(content):,} bytes that unpack to {unpacked:,} in {len(parts):,} parts, as a ZIP bomb does"
        raise Refused(found, _SAVE_ANEW)


if __name__ == "__main__":
    main()
