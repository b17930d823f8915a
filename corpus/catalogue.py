"""What is known of each document: its front matter, read strictly, and a check of all of them.

The documents are those of a folder, the bundled ones unless named, and those that an installation has added to them.

`check` lists everything that is wrong at once, each with the line and how to mend it; `read_folder` and `read_one`
refuse what has findings. Fields are checked as YAML nodes, which have lines, before YAML makes values of them.
`drafts` reads nothing but bytes: a build reads those that are not as they were when the last one read them.
"""

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeGuard

import yaml

from corpus import questions
from corpus.document import MARKER, Document, Entry, Source
from corpus.errors import CorpusError, UnknownDocument, UnreadableDocument
from corpus.split import split

DOCUMENTS = Path(__file__).parent / "documents"
ADDED = "documents"  # the folder of added documents in a data folder
QUARANTINE = "quarantine"  # that of those that are held
STATUSES = ("còn hiệu lực", "hết hiệu lực", "được thay thế", "thông tin tại thời điểm")
DOC_TYPES = ("nghị quyết", "kế hoạch", "quyết định", "luật", "bài viết", "hướng dẫn", "số liệu")

_TEXT, _DATE, _IDS, _SOURCES, _NUMBER, _ADDRESS = "text", "date", "ids", "sources", "number", "address"
_FIELDS = {  # what each holds, and whether null will do
    "id": (_TEXT, False),
    "title": (_TEXT, False),
    "issuer": (_TEXT, False),
    "number": (_TEXT, True),
    "doc_type": (_TEXT, False),
    "issued": (_DATE, True),
    "as_of": (_DATE, False),
    "status": (_TEXT, False),
    "supersedes": (_IDS, False),
    "superseded_by": (_IDS, False),
    "sources": (_SOURCES, False),
}
_OPTIONAL = {"note": (_TEXT, True), "expires": (_DATE, True), "original": (_TEXT, True), "sha256": (_TEXT, True)}
_SOURCE_FIELDS = {
    "n": (_NUMBER, False),
    "title": (_TEXT, False),
    "url": (_ADDRESS, False),
    "publisher": (_TEXT, False),
    "date": (_DATE, True),
}
_MEND = {
    _TEXT: "write it between quotation marks",
    _DATE: 'write "YYYY-MM-DD", "YYYY-MM" or "YYYY", a day of the calendar, between quotation marks',
    _IDS: "write the ids in brackets, [] if there are none",
    _SOURCES: f"write a list of sources, each with {', '.join(_SOURCE_FIELDS)}, or []",
    _NUMBER: "number the sources 1, 2, 3…",
    _ADDRESS: "give its address, which begins with https:// or http://",
}
_FRONT = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PARTIAL_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_WHOLE = re.compile(r"[1-9][0-9]{0,3}")
_CHOICES = {"status": STATUSES, "doc_type": DOC_TYPES}
_ADDRESS_START = re.compile(r"https?://[^\s/]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a document. `line` counts from 1; 0 means the folder."""

    path: Path
    line: int
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found} — {self.mend}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A document that has not been read. `digest` is of its file and its sample questions; it may refer to `ids`."""

    path: Path
    digest: str
    ids: Collection[str]

    @property
    def id(self) -> str:
        return self.path.stem

    def is_still(self, digest: str, entry: Entry) -> bool:
        """Whether it would be read as it was when it had that digest and became that entry."""
        return self.digest == digest and all(one in self.ids for one in (*entry.supersedes, *entry.superseded_by))

    def read(self) -> Document:
        """The document; raises CorpusError when it is not in order."""
        _refuse(check_file(self.path, self.ids))
        return _read(self.path)


def drafts(folder: Path = DOCUMENTS, *added: Path) -> tuple[Draft, ...]:
    """Every document, unread, in the order of their ids. Their entries are not `linked` when they are read."""
    _refuse(_check_folder(folder, *added))
    ids = _ids(folder, *added)
    return tuple(Draft(path, _digest(path), ids) for path in files(folder, *added).values())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for file in (path, questions.path_of(path)):
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except FileNotFoundError:
            digest.update(b"none")
        except OSError:
            return ""  # who reads it says what is wrong
    return digest.hexdigest()


def files(folder: Path = DOCUMENTS, *added: Path) -> dict[str, Path]:
    """The file of each document by its id. An added one takes the place of another with its id; ID.withdrawn, its life.

    A folder of added documents need not be there.
    """
    found: dict[str, Path] = {}
    for one in (folder, *added):
        found |= {path.stem: path for path in one.glob("*.md")}
        for withdrawn in _withdrawn(one):
            found.pop(withdrawn, None)
    return dict(sorted(found.items()))


def read_folder(folder: Path = DOCUMENTS, *added: Path) -> tuple[Document, ...]:
    """Every document, in the order of their ids; raises CorpusError when any is not in order. See `files`."""
    _refuse(check(folder, *added))
    documents = {document_id: _read(path) for document_id, path in files(folder, *added).items()}
    entries = linked({document_id: document.entry for document_id, document in documents.items()})
    return tuple(dataclasses.replace(one, entry=entries[document_id]) for document_id, one in documents.items())


def linked(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries, those that another supersedes saying so themselves; what was withdrawn is named by none."""
    superseding: dict[str, list[str]] = {}
    for entry in entries.values():
        for one in dict.fromkeys(entry.supersedes):
            superseding.setdefault(one, []).append(entry.id)
    found: dict[str, Entry] = {}
    for document_id, entry in entries.items():
        supersedes = tuple(one for one in entry.supersedes if one in entries)
        both = dict.fromkeys((*entry.superseded_by, *superseding.get(document_id, ())))
        superseded_by = tuple(one for one in both if one in entries)
        is_linked = (supersedes, superseded_by) == (entry.supersedes, entry.superseded_by)
        changed = entry if is_linked else dataclasses.replace(entry, supersedes=supersedes, superseded_by=superseded_by)
        found[document_id] = changed
    return found


def read_one(document_id: str, folder: Path = DOCUMENTS, *added: Path) -> Document:
    """One document, checked on its own: the others may have findings."""
    paths = files(folder, *added)
    if document_id not in paths:
        raise UnknownDocument(document_id, paths.keys(), folder)
    _refuse(check_file(paths[document_id], _ids(folder, *added)))
    return _read(paths[document_id])


def check(folder: Path = DOCUMENTS, *added: Path) -> list[Finding]:
    """All that is wrong with the documents, file by file and line by line."""
    of_folder = _check_folder(folder, *added)
    if any(not finding.line for finding in of_folder):
        return of_folder
    ids = _ids(folder, *added)
    return [*(finding for path in files(folder, *added).values() for finding in check_file(path, ids)), *of_folder]


def _check_folder(folder: Path, *added: Path) -> list[Finding]:
    """What is wrong but with no document: folders without any, sample questions for none."""
    if not folder.is_dir():
        return [Finding(folder, 0, "no such folder", "name the folder that holds the documents")]
    if not files(folder, *added):
        return [Finding(folder, 0, "no documents (*.md)", "put at least one document there")]
    mend = "name the file after a document, or remove it"
    return [
        Finding(file, 1, f"there is no document «{file.stem}»", mend)
        for one in (folder, *added)
        for file in sorted((one / "questions").glob("*.yaml"))
        if not (one / f"{file.stem}.md").exists()
    ]


def _ids(folder: Path, *added: Path) -> set[str]:
    """What a document may refer to: others, and those that were withdrawn."""
    return {*files(folder, *added), *(one for folder in added for one in _withdrawn(folder))}


def _withdrawn(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.withdrawn")]


def _refuse(findings: list[Finding]) -> None:
    if findings:
        more = f" (and {len(findings) - 1} more: `hanoidx corpus check`)" if len(findings) > 1 else ""
        raise CorpusError(f"{findings[0]}{more}")


def _read(path: Path) -> Document:
    """A document that has been checked, with its sample questions."""
    return dataclasses.replace(read_unchecked(path), questions=questions.read(path))


def read_unchecked(path: Path) -> Document:
    """A document without its sample questions; raises what YAML and Python do where it is not in order."""
    text, front = _parts(path)
    fields = yaml.safe_load(front[1])
    entry = Entry(
        **{name: fields[name] for name in ("id", "title", "issuer", "number", "doc_type", "issued", "as_of", "status")},
        supersedes=tuple(fields["supersedes"]),
        superseded_by=tuple(fields["superseded_by"]),
        sources=tuple(Source(**source) for source in fields["sources"]),
        note=fields.get("note"),
        expires=fields.get("expires"),
    )
    return Document(entry, text, front.end())


def _parts(path: Path) -> tuple[str, re.Match[str]]:
    """The text, with \\n for every line end, and where its front matter stands."""
    try:
        text = path.read_text("utf-8-sig")  # Notepad begins a file with a byte order mark
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UnreadableDocument(path, line, "not UTF-8", "save the file as UTF-8") from error
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise UnreadableDocument(path, 1, f"cannot be read: {reason}", "make it a readable file") from error
    if front := _FRONT.match(text):
        return text, front
    if re.match(r"---[ \t]*\n", text):
        raise UnreadableDocument(path, 1, "front matter never ends", "close it with a line «---»")
    raise UnreadableDocument(
        path, 1, "no front matter", "begin the file with a line «---», the document's fields and a line «---»"
    )


def check_file(path: Path, ids: Collection[str]) -> list[Finding]:
    """All that is wrong with one document; `ids` are those that it may name."""
    findings = sorted(_findings(path, ids), key=lambda finding: finding.line)
    if findings or not questions.path_of(path).is_file():
        return findings
    units = [unit for passage in split(read_unchecked(path)) for unit in passage.units]
    return [Finding(questions.path_of(path), *problem) for problem in questions.check(path, units)]


def _findings(path: Path, ids: Collection[str]) -> Iterator[Finding]:
    try:
        text, front = _parts(path)
    except UnreadableDocument as error:
        yield Finding(path, error.line, error.found, error.mend)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not unicodedata.is_normalized("NFC", line):
            yield Finding(path, number, "text is not NFC", "save it with composed characters (Unicode NFC)")
    first = text.count("\n", 0, front.end()) + 1
    body = text[front.end() :].split("\n")
    if all(not line.strip() or line.startswith("#") for line in body):
        yield Finding(path, first, "no text below the front matter", "write the document there, or remove the file")
    try:
        node = yaml.compose(front[1], yaml.SafeLoader)
    except yaml.YAMLError as error:
        where, problem = _yaml_problem(error, front[1])
        yield Finding(path, where, f"front matter is not YAML: {problem}", "mend that line")
        return
    except (ValueError, OverflowError, RecursionError):  # PyYAML on "\UFFFFFFFF" and on a thousand brackets
        yield Finding(path, 2, "front matter is not YAML", "mend it, or write it anew after another document's")
        return
    if not _is_mapping(node):
        yield Finding(path, 2, "front matter has no fields", f"write the fields {', '.join(_FIELDS)}")
        return
    fields: dict[str, yaml.Node] = {}
    yield from _gather(path, node, fields)
    yield from _check_fields(path, fields, ids)
    known = yield from _check_sources(path, fields.get("sources"))
    for number, line in enumerate(body, first):
        for match in MARKER.finditer(line):
            if match[1] not in known:
                mend = f"add source n: {match[1]} or correct it"
                yield Finding(path, number, f"marker [{match[1]}] has no source", mend)


def _yaml_problem(error: yaml.YAMLError, front: str) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return _line(mark) if mark else 2, error.problem or "it cannot be parsed"
    if isinstance(error, yaml.reader.ReaderError):
        return front.count("\n", 0, error.position) + 2, f"character U+{error.character:04X} is not allowed"
    return 2, "it cannot be parsed"


def _line(mark: yaml.Mark) -> int:
    return mark.line + 2  # marks count from 0, and the file's first line is «---»


def _gather(path: Path, mapping: yaml.MappingNode, fields: dict[str, yaml.Node]) -> Iterator[Finding]:
    """Put the nodes of a mapping under their names in `fields`; what stands there twice is a finding."""
    for key, value in mapping.value:
        name = key.value if _holds(key, _TEXT, False) else _shown(key)
        if name in fields:
            yield Finding(path, _line(key.start_mark), f"field {name!r} is there twice", "keep one of the two")
        else:
            fields[name] = value


def _check_fields(path: Path, fields: dict[str, yaml.Node], ids: Collection[str]) -> Iterator[Finding]:
    kinds = _FIELDS | _OPTIONAL
    for name in _FIELDS:
        if name not in fields:
            yield Finding(path, 1, f"field «{name}» is missing", f"add a line «{name}: …» to the front matter")
    for name, node in fields.items():
        line = _line(node.start_mark)
        if name not in kinds:
            yield Finding(path, line, f"unknown field {name!r}", f"the fields are {', '.join(kinds)}")
        elif not _holds(node, *kinds[name]):
            yield Finding(path, line, f"«{name}» is {_shown(node)}", _MEND[kinds[name][0]])
        elif name == "id" and node.value != path.stem:
            yield Finding(path, line, f"id {_shown(node)} is not the file name", f"write «id: {path.stem}»")
        elif name in _CHOICES and node.value not in _CHOICES[name]:
            allowed = ", ".join(_CHOICES[name])
            yield Finding(path, line, f"{name} {_shown(node)} is unknown", f"it is one of: {allowed}")
        elif kinds[name][0] == _IDS:
            yield from _check_ids(path, name, node, ids)


def _check_ids(path: Path, name: str, node: yaml.Node, ids: Collection[str]) -> Iterator[Finding]:
    for other in node.value:
        line = _line(other.start_mark)
        if not _holds(other, _TEXT, False) or other.value not in ids:
            yield Finding(path, line, f"«{name}» names {_shown(other)}, which no document is", "correct the id")
        elif other.value == path.stem:
            yield Finding(path, line, f"«{name}» names the document itself", "remove it")


def _check_sources(path: Path, node: yaml.Node | None) -> Generator[Finding, None, set[str]]:
    """Returns the numbers of the sources, as a document's markers write them."""
    numbers: set[str] = set()
    if not isinstance(node, yaml.SequenceNode):
        return numbers
    for position, source in enumerate(node.value, 1):
        line = _line(source.start_mark)
        if not _is_mapping(source):
            yield Finding(path, line, f"source {position} is {_shown(source)}", _MEND[_SOURCES])
            continue
        fields: dict[str, yaml.Node] = {}
        yield from _gather(path, source, fields)
        for name in _SOURCE_FIELDS:
            if name not in fields:
                yield Finding(path, line, f"source {position} has no field «{name}»", f"add a line «{name}: …» to it")
        for name, value in fields.items():
            line = _line(value.start_mark)
            if name not in _SOURCE_FIELDS:
                mend = f"its fields are {', '.join(_SOURCE_FIELDS)}"
                yield Finding(path, line, f"source {position} has an unknown field {name!r}", mend)
            elif not _holds(value, *_SOURCE_FIELDS[name]):
                found = f"«{name}» of source {position} is {_shown(value)}"
                yield Finding(path, line, found, _MEND[_SOURCE_FIELDS[name][0]])
            elif name == "n" and value.value in numbers:
                yield Finding(path, line, f"source number {value.value} is there twice", _MEND[_NUMBER])
            elif name == "n":
                numbers.add(value.value)
    return numbers


def _is_mapping(node: yaml.Node | None) -> TypeGuard[yaml.MappingNode]:
    return isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map"


def _holds(node: yaml.Node, kind: str, may_be_null: bool) -> bool:
    if kind in (_IDS, _SOURCES):
        return isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq"
    if not isinstance(node, yaml.ScalarNode):
        return False
    if node.tag == "tag:yaml.org,2002:null":
        return may_be_null
    if kind == _NUMBER:
        return node.tag == "tag:yaml.org,2002:int" and bool(_WHOLE.fullmatch(node.value))
    if node.tag != "tag:yaml.org,2002:str" or not _is_clean(node.value):
        return False
    if kind == _DATE:
        return _is_date(node.value)
    return kind == _TEXT or bool(_ADDRESS_START.match(node.value))


def _is_clean(text: str) -> bool:
    """Text that is there, and that YAML's escapes have not made decomposed or impossible to write as UTF-8."""
    surrogates = any("\ud800" <= character <= "\udfff" for character in text)
    return bool(text.strip()) and not surrogates and unicodedata.is_normalized("NFC", text)


def _is_date(text: str) -> bool:
    if not _PARTIAL_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


def _shown(node: yaml.Node) -> str:
    """A node in a few printable characters."""
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if not isinstance(node, yaml.ScalarNode):
        return "a mapping"
    if node.tag == "tag:yaml.org,2002:null":
        return "null"
    shortened = node.value if len(node.value) <= 60 else f"{node.value[:60]}…"
    named = node.tag.rpartition(":")[2]
    return repr(shortened) if named == "str" else f"{shortened!r}, a YAML {named}"
