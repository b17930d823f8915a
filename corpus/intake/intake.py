"""Documents that come in: each is read, described and examined, then added to the installation's own, or held.

    DATA/documents/ID.md              a document as corpus/catalogue.py reads it, with its original's name and SHA-256
                   originals/ID.pdf   the file that it was made from
                   ID.withdrawn       a document, added or bundled, that is no longer to be used
    DATA/quarantine/ID/               what is held until an admin releases or rejects it
                       held.json      its name, the proposed fields with the words they come from, the concerns
                       text.md        the text that was read
                       original.pdf

A document is there once its ID.md is: that is written last, in one step.
"""

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from corpus.catalogue import ADDED, DOCUMENTS, QUARANTINE, check_file, files, read_unchecked
from corpus.document import Entry, Source
from corpus.durable import flush
from corpus.errors import CorpusError, DocumentIsThere, IncomingUnderWay, NotHeld
from corpus.intake import names
from corpus.intake.examine import Concern, Kind, examine, signature
from corpus.intake.propose import Found, Proposal, Superseded, confirmed, front_matter, propose
from corpus.lock import alone
from corpus.reading.read import read

ORIGINALS = "originals"
FIELDS = ("id", "title", "issuer", "number", "doc_type", "issued", "as_of", "status", "note", "expires")
LONGEST_ID = 50  # characters, so that a chat's button can carry it
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_FRONT = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document on its way in. `given` are fields that somebody has stated; they count before what is proposed."""

    name: str
    original: Path
    digest: str
    markdown: str
    proposal: Proposal
    given: Mapping[str, str]
    sources: tuple[Source, ...]
    concerns: tuple[Concern, ...]

    @property
    def fields(self) -> dict[str, str | None]:
        """What the catalogue would say of it."""
        proposed = {name: getattr(self.proposal, name) for name in FIELDS}
        return {name: self.given.get(name) or (found and found.value) for name, found in proposed.items()}

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.proposal.missing if not self.given.get(name))

    @property
    def id(self) -> str:
        """What it is called while it is held: the id that is given or proposed, or the digest's beginning."""
        return self.fields["id"] or f"tai-lieu-{self.digest[:8]}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where an installation's documents are: the bundled folder, and the data folder with what is added to it."""

    data: Path
    bundled: Path = DOCUMENTS

    @property
    def added(self) -> Path:
        return self.data / ADDED

    @property
    def files(self) -> dict[str, Path]:
        return files(self.bundled, self.added)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """One process at a time; what a killed one has left is cleared away."""
        self.added.mkdir(parents=True, exist_ok=True)
        with alone(self.added / ".lock", IncomingUnderWay):
            for left in self.added.glob(".incoming-*"):
                shutil.rmtree(left, ignore_errors=True)
            yield


def draft(
    original: Path, name: str, shelf: Shelf, today: date, given: Mapping[str, str], url: str | None = None
) -> Draft:
    """Read a file that is called `name`, propose its fields and examine it. Nothing is kept yet.

    What a sidecar, or the file's own front matter, says is `given` too. Raises CorpusError.
    """
    there = [read_unchecked(path) for path in shelf.files.values()]
    reading = read(original)
    own, markdown = _own_fields(reading.markdown)
    sources = tuple(Source(**source) for source in own.pop("sources", ()))
    given = {name: str(value) for name, value in own.items() if name in FIELDS and value is not None} | dict(given)
    name = names.composed(name)
    given = {field: unicodedata.normalize("NFC", value) for field, value in given.items()}
    _refuse_id(given.get("id"))
    proposal = propose(markdown, today, [document.entry for document in there])
    if proposal.id:
        proposal = replace(proposal, id=replace(proposal.id, value=proposal.id.value[:LONGEST_ID].rstrip("-")))
    known = {one.entry.id: signature(one.text[one.body :]) for one in there if one.entry.id != given.get("id")}
    hidden = [(f"{one.place}, {one.how}", one.text) for one in reading.hidden]
    unread = [(one.kind, one.found, one.why) for one in reading.unread]
    concerns = examine(markdown, hidden=hidden, unread=unread, known=known)
    with original.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    made = Draft(name, original, digest, markdown, proposal, given, sources, concerns)
    return replace(made, sources=(_source(made, url),)) if url and not sources else made


def add(made: Draft, shelf: Shelf, *, replacing: bool = False) -> Entry:
    """Put a document among the installation's own. Raises CorpusError, and then nothing has changed."""
    entry = confirmed(made.proposal, made.given, made.sources)
    _refuse_id(entry.id)
    with shelf.changing():
        there = shelf.files
        if entry.id in there and not replacing:
            raise DocumentIsThere(entry.id, there[entry.id])
        if (twin := _with_original(made.digest, shelf)) and (twin != entry.id or not replacing):
            raise DocumentIsThere(twin, shelf.added / f"{twin}.md")
        _put(made, entry, shelf, {*there, entry.id})
    return entry


def _put(made: Draft, entry: Entry, shelf: Shelf, ids: Collection[str]) -> None:
    stage = shelf.added / f".incoming-{secrets.token_hex(6)}"
    stage.mkdir()
    try:
        text = stage / f"{entry.id}.md"
        kept = yaml.safe_dump({"original": made.name, "sha256": made.digest}, allow_unicode=True, width=10_000)
        front = front_matter(entry).removesuffix("---\n")
        text.write_text(f"{front}{kept}---\n\n{made.markdown.strip()}\n", "utf-8")
        if findings := check_file(text, ids):
            raise CorpusError(f"{made.name}: the document cannot be added: {findings[0].found} — {findings[0].mend}")
        original = stage / f"original{_suffix(made.name)}"
        shutil.copyfile(made.original, original)
        for one in (text, original):
            flush(one)
        (shelf.added / ORIGINALS).mkdir(exist_ok=True)
        for old in (shelf.added / ORIGINALS).glob(f"{entry.id}.*"):
            if old.suffix != original.suffix:
                old.unlink()
        original.replace(shelf.added / ORIGINALS / f"{entry.id}{original.suffix}")
        text.replace(shelf.added / text.name)
        (shelf.added / f"{entry.id}.withdrawn").unlink(missing_ok=True)
        flush(shelf.added)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def hold(made: Draft, shelf: Shelf) -> str:
    """Keep a document until an admin says what is to become of it; the id to call it by."""
    folder = shelf.data / QUARANTINE
    folder.mkdir(parents=True, exist_ok=True)
    with shelf.changing():
        for held_id, held in list_held(shelf).items():
            if held.digest == made.digest:
                shutil.rmtree(folder / held_id)
        held_id, number = made.id, 1
        while (folder / held_id).exists():
            number += 1
            held_id = f"{made.id}-{number}"
        stage = folder / f".incoming-{secrets.token_hex(6)}"
        stage.mkdir()
        try:
            (stage / "text.md").write_text(made.markdown, "utf-8")
            shutil.copyfile(made.original, stage / f"original{_suffix(made.name)}")
            fields = asdict(made)
            for name in ("markdown", "original"):
                del fields[name]
            (stage / "held.json").write_text(json.dumps(fields, ensure_ascii=False, indent=1), "utf-8")
            for one in stage.iterdir():
                flush(one)
            stage.rename(folder / held_id)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        flush(folder)
    return held_id


def list_held(shelf: Shelf) -> dict[str, Draft]:
    """What is held, by the ids to call it by."""
    folders = sorted((shelf.data / QUARANTINE).glob("[!.]*/held.json"))
    return {folder.parent.name: _read_held(folder.parent) for folder in folders}


def find_held(held_id: str, shelf: Shelf) -> Draft:
    found = list_held(shelf)
    if held_id not in found:
        raise NotHeld(held_id, found)
    return found[held_id]


def release(held_id: str, shelf: Shelf, given: Mapping[str, str], reason: str, *, replacing: bool = False) -> Entry:
    """Add what is held, with what an admin has stated; a reason is needed where it was held for a concern."""
    made = find_held(held_id, shelf)
    if made.concerns and not reason.strip():
        raise CorpusError(
            f"{held_id!r} is held for {len(made.concerns)} concern(s); say with --reason why it may be used"
        )
    entry = add(replace(made, given={**made.given, **given}), shelf, replacing=replacing)
    reject(held_id, shelf)
    return entry


def reject(held_id: str, shelf: Shelf) -> Draft:
    """Forget what is held."""
    made = find_held(held_id, shelf)
    with shelf.changing():
        shutil.rmtree(shelf.data / QUARANTINE / held_id)
    return made


def withdraw(document_id: str, shelf: Shelf) -> None:
    """Have a document no longer used, bundled or added; its files stay."""
    there = shelf.files
    if document_id not in there:
        raise NotHeld(document_id, there)
    with shelf.changing():
        (shelf.added / f"{document_id}.withdrawn").touch()


def restore(document_id: str, shelf: Shelf) -> None:
    marker = shelf.added / f"{document_id}.withdrawn"
    if not _ID.fullmatch(document_id) or not marker.exists():
        raise CorpusError(f"no document {document_id[:100]!r} is withdrawn; `hanoidx corpus list` shows those that are")
    with shelf.changing():
        marker.unlink()


def digest_of(document: Path) -> str:
    """The SHA-256 of the file that an added document was made from; empty for others."""
    front = _FRONT.match(document.read_text("utf-8-sig"))
    fields = yaml.safe_load(front[1]) if front else {}
    return str(fields.get("sha256") or "")


def _with_original(digest: str, shelf: Shelf) -> str | None:
    return next((path.stem for path in shelf.added.glob("*.md") if digest_of(path) == digest), None)


def _own_fields(markdown: str) -> tuple[dict[str, Any], str]:
    """The front matter that a Markdown file may have, and the text below it."""
    front = _FRONT.match(markdown)
    try:
        fields = yaml.safe_load(front[1]) if front else None
    except yaml.YAMLError:
        fields = None
    if front is None or not isinstance(fields, dict):
        return {}, markdown
    return fields, markdown[front.end() :]


def sidecar(file: Path) -> dict[str, str]:
    """What stands in FILE.yaml beside a file, whichever way that is spelt: fields of the catalogue, each a text."""
    try:
        beside = names.sidecar_of(file)
    except OSError:  # a folder that cannot be listed; the file will say so itself
        beside = None
    if beside is None:
        return {}
    try:
        fields = yaml.safe_load(unicodedata.normalize("NFC", beside.read_text("utf-8-sig")))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise CorpusError(f"{beside}: it is not YAML in UTF-8 — write lines like «title: …»") from error
    if fields is None:
        return {}
    if not isinstance(fields, dict) or (strange := sorted(map(str, fields.keys() - set(FIELDS)))):
        named = f"field {strange[0]!r} is" if isinstance(fields, dict) else "its lines are"
        raise CorpusError(f"{beside}: {named} unknown — the fields are {', '.join(FIELDS)}")
    return {name: str(value) for name, value in fields.items() if value is not None}


def _source(made: Draft, url: str) -> Source:
    fields = made.fields
    return Source(1, fields["title"] or made.name, url, fields["issuer"] or url.split("/")[2], fields["issued"])


def _refuse_id(document_id: str | None) -> None:
    if document_id is not None and not (_ID.fullmatch(document_id) and len(document_id) <= LONGEST_ID):
        raise CorpusError(
            f"{document_id[:80]!r} is no id — write a-z, 0-9 and single hyphens, at most {LONGEST_ID} characters, "
            "such as quyet-dinh-521-2026"
        )


def _read_held(folder: Path) -> Draft:
    try:
        fields = json.loads((folder / "held.json").read_bytes())
        proposal = fields.pop("proposal")
        superseded = tuple(Superseded(**one) for one in proposal.pop("supersedes"))
        found = {name: one and Found(**one) for name, one in proposal.items()}
        concerns = tuple(Concern(**one | {"kind": Kind(one["kind"])}) for one in fields.pop("concerns"))
        sources = tuple(Source(**one) for one in fields.pop("sources"))
        [original] = folder.glob("original*")
        text = (folder / "text.md").read_text("utf-8")
        made = Proposal(**found, supersedes=superseded)
        return Draft(**fields, original=original, markdown=text, proposal=made, concerns=concerns, sources=sources)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{folder} cannot be read ({type(error).__name__}) — remove that folder") from error


def _suffix(name: str) -> str:
    """Of the original, as it is kept; nothing else of its name becomes part of a path."""
    suffix = Path(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""
