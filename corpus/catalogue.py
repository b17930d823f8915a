"""What is known of each document: its front matter, read strictly, and a check of the whole folder.

`check` lists everything that is wrong at once, each with the line and how to mend it; `read` refuses at the first.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.document import Document, Entry, Source
from corpus.errors import CorpusError, UnknownDocument, UnreadableDocument

DOCUMENTS = Path(__file__).parent / "documents"
STATUSES = ("còn hiệu lực", "hết hiệu lực", "được thay thế", "thông tin tại thời điểm")
DOC_TYPES = ("nghị quyết", "kế hoạch", "quyết định", "luật", "bài viết", "hướng dẫn", "số liệu")

_TEXT, _DATE, _LIST = "text", "date", "list"
_FIELDS = {
    "id": (_TEXT, False),
    "title": (_TEXT, False),
    "issuer": (_TEXT, False),
    "number": (_TEXT, True),
    "doc_type": (_TEXT, False),
    "issued": (_DATE, True),
    "as_of": (_DATE, False),
    "status": (_TEXT, False),
    "supersedes": (_LIST, False),
    "superseded_by": (_LIST, False),
    "sources": (_LIST, False),
}
_OPTIONAL = {"note": (_TEXT, True)}
_SOURCE_FIELDS = ("n", "title", "url", "publisher", "date")
_PARTIAL_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a document. `line` counts from 1."""

    path: Path
    line: int
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found} — {self.mend}"


def read_folder(folder: Path = DOCUMENTS) -> tuple[Document, ...]:
    """Every document of a folder, in the order of their ids; raises CorpusError when any is not in order."""
    findings = check(folder)
    if findings:
        more = f" (and {len(findings) - 1} more: `hanoidx corpus check`)" if len(findings) > 1 else ""
        raise CorpusError(f"{findings[0]}{more}")
    return tuple(_read(path) for path in _files(folder))


def read_one(document_id: str, folder: Path = DOCUMENTS) -> Document:
    for path in _files(folder):
        if path.stem == document_id:
            return _read(path)
    raise UnknownDocument(document_id, folder)


def check(folder: Path = DOCUMENTS) -> list[Finding]:
    """All that is wrong with the documents of a folder, file by file and line by line."""
    if not folder.is_dir():
        return [Finding(folder, 0, "no such folder", "name the folder that holds the documents")]
    paths = _files(folder)
    if not paths:
        return [Finding(folder, 0, "no documents (*.md)", "put at least one document there")]
    ids = {path.stem for path in paths}
    return [finding for path in paths for finding in _check_file(path, ids)]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.md"))


def _read(path: Path) -> Document:
    text, front, body, _ = _parts(path)
    fields = yaml.safe_load(front)
    entry = Entry(
        **{name: fields[name] for name in ("id", "title", "issuer", "number", "doc_type", "issued", "as_of", "status")},
        supersedes=tuple(fields["supersedes"]),
        superseded_by=tuple(fields["superseded_by"]),
        sources=tuple(Source(**source) for source in fields["sources"]),
        note=fields.get("note"),
    )
    return Document(entry, text, body)


def _parts(path: Path) -> tuple[str, str, int, int]:
    """Text, front matter, offset where the body starts, and the body's first line number."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UnreadableDocument(path, line, "not UTF-8 — save the file as UTF-8") from error
    if not text.startswith("---\n"):
        raise UnreadableDocument(
            path, 1, "no front matter — begin the file with a line «---» and the document's fields"
        )
    end = text.find("\n---\n", 3)
    if end < 0:
        raise UnreadableDocument(path, 1, "front matter never ends — close it with a line «---»")
    body = end + len("\n---\n")
    return text, text[4 : end + 1], body, text.count("\n", 0, body) + 1


def _check_file(path: Path, ids: set[str]) -> Iterator[Finding]:
    try:
        text, front, body, body_line = _parts(path)
    except UnreadableDocument as error:
        found, _, mend = error.reason.partition(" — ")
        yield Finding(path, error.line, found, mend)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not unicodedata.is_normalized("NFC", line):
            yield Finding(path, number, "text is not NFC", "save it with composed characters (Unicode NFC)")
    try:
        node = yaml.compose(front, yaml.SafeLoader)
        fields = yaml.safe_load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        yield Finding(path, 2 + (mark.line if mark else 0), f"front matter is not YAML: {problem}", "mend that line")
        return
    if not isinstance(node, yaml.MappingNode):
        yield Finding(path, 2, "front matter has no fields", f"write the fields {', '.join(_FIELDS)}")
        return
    lines = {key.value: key.start_mark.line + 2 for key, _ in node.value}
    yield from _check_fields(path, fields, lines, ids)
    known = {source.get("n") for source in fields.get("sources") or [] if isinstance(source, dict)}
    for number, line in enumerate(text[body:].split("\n"), body_line):
        for match in _MARKER.finditer(line):
            if int(match[1]) not in known:
                yield Finding(
                    path, number, f"marker {match[0]} has no source", f"add source n: {match[1]} or correct it"
                )


def _check_fields(path: Path, fields: dict[str, Any], lines: dict[str, int], ids: set[str]) -> Iterator[Finding]:
    for name in _FIELDS.keys() - fields.keys():
        yield Finding(path, 1, f"field «{name}» is missing", f"add a line «{name}: …» to the front matter")
    for name, value in fields.items():
        line = lines[name]
        if name not in _FIELDS and name not in _OPTIONAL:
            yield Finding(path, line, f"unknown field «{name}»", f"the fields are {', '.join((*_FIELDS, *_OPTIONAL))}")
            continue
        kind, may_be_empty = (_FIELDS | _OPTIONAL)[name]
        if value is None and may_be_empty:
            continue
        if kind == _LIST and not isinstance(value, list):
            yield Finding(path, line, f"«{name}» is not a list", f"write «{name}: []» or the ids in brackets")
        elif kind == _TEXT and not (isinstance(value, str) and value.strip()):
            yield Finding(path, line, f"«{name}» is {value!r}, not text", "write it between quotation marks")
        elif kind == _DATE and not (isinstance(value, str) and _PARTIAL_DATE.fullmatch(value)):
            yield Finding(path, line, f"«{name}» is {value!r}", 'write "YYYY-MM-DD", "YYYY-MM" or "YYYY"')
    if "id" in fields and fields["id"] != path.stem:
        yield Finding(path, lines["id"], f"id «{fields['id']}» is not the file name", f"write «id: {path.stem}»")
    for name, allowed in (("status", STATUSES), ("doc_type", DOC_TYPES)):
        if isinstance(fields.get(name), str) and fields[name] not in allowed:
            yield Finding(
                path, lines[name], f"{name} «{fields[name]}» is unknown", f"it is one of: {', '.join(allowed)}"
            )
    for name in ("supersedes", "superseded_by"):
        if isinstance(fields.get(name), list):
            for other in fields[name]:
                if other not in ids:
                    yield Finding(
                        path, lines[name], f"«{name}» names «{other}», which no document is", "correct the id"
                    )
                elif other == path.stem:
                    yield Finding(path, lines[name], f"«{name}» names the document itself", "remove it")
    if isinstance(fields.get("sources"), list):
        yield from _check_sources(path, fields["sources"], lines["sources"])


def _check_sources(path: Path, sources: list[Any], line: int) -> Iterator[Finding]:
    seen: set[object] = set()
    for position, source in enumerate(sources, 1):
        if not isinstance(source, dict) or set(source) != set(_SOURCE_FIELDS):
            yield Finding(
                path, line, f"source {position} is not in order", f"its fields are {', '.join(_SOURCE_FIELDS)}"
            )
            continue
        if not isinstance(source["n"], int) or source["n"] in seen:
            yield Finding(
                path, line, f"source number {source['n']!r} is taken or no number", "number the sources 1, 2, 3…"
            )
        seen.add(source["n"])
        if not str(source["url"]).startswith(("https://", "http://")):
            yield Finding(
                path, line, f"source {source['n']} has the address {source['url']!r}", "give its http(s) address"
            )
        if source["date"] is not None and not _PARTIAL_DATE.fullmatch(str(source["date"])):
            yield Finding(
                path, line, f"source {source['n']} has the date {source['date']!r}", 'write "YYYY-MM-DD" or null'
            )
