"""Immutable snapshots: built aside, digested file by file, verified on load.

    DATA/snapshots/ID/manifest.json     what it is made of, with every other file's SHA-256
                      documents.jsonl   one catalogue entry a line, with the digest of what it was read from
                      document_rows.npy document i owns lines [document_rows[i], document_rows[i+1]) of passages.jsonl
                      passages.jsonl    line i is vector i
                      offsets.npy       where each line of passages.jsonl begins, and where the last one ends
                      vectors.faiss     one vector a passage
                      unit_vectors.npy  one vector a citable unit, float16
                      unit_tokens.npy   the vectors of its tokens, int8, zeros where it has no more
                      unit_rows.npy     passage i owns rows [unit_rows[i], unit_rows[i+1]) of unit_vectors
                      questions.faiss   one vector a sample question
                      question_units.npy   the passage and the unit in it that answers each, two numbers a question
                      spelling.json     which word stands beside which, for mending questions
                      bm25/             bm25s over the passages' terms
                      suggestions.jsonl one question a line that the unit it names surely answers
                      parts/            what only the next build reads (index/build.py)
    DATA/snapshots/.building            a build under way, or what a killed one left; the next build removes it
    DATA/snapshots/.encoded             the vectors that it had encoded; the next build takes them up
    DATA/snapshots/.lock                held while a build runs
    DATA/current                        its first line is the id of the active snapshot (index/activation.py writes it)

A reader never sees half a snapshot; whoever has one loaded keeps it until it loads another.
"""

import functools
import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_origin

import bm25s
import faiss
import numpy as np
import numpy.typing as npt

from corpus.catalogue import linked
from corpus.document import Entry, Kind, Passage, Source, Unit
from corpus.language.spelling import Pairs, Spelling
from index.encode import Encoder, Tokens
from index.errors import (
    DamagedSnapshot,
    ForeignSnapshot,
    IndexingError,
    NoSnapshot,
    UnknownSnapshot,
)

FORMAT = 4
ANYWHERE = ""
CACHED_PASSAGES = 4_096  # passages kept as records, about 4 KB each; the same few answer most questions


@dataclass(frozen=True, slots=True)
class Far:
    """How near messages about anything else come (index/far.py): mean and spread of the cosine of the nearest unit,
    and of the nearest sample question; 0 and 1 without any.
    """

    unit: float
    unit_spread: float
    sample: float
    sample_spread: float

    def units_above(self, cosine: float) -> float:
        """How many spreads nearer a unit is than the nearest one of such a message."""
        return (cosine - self.unit) / self.unit_spread

    def samples_above(self, cosine: float) -> float:
        return (cosine - self.sample) / self.sample_spread


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is made of. `created` is UTC; `files` maps a relative path to its SHA-256.

    `encoding` is the digest of what made its vectors, `program` of what made all else of the documents, and `far` says
    how near messages about anything else come to them.
    """

    id: str
    format: int
    created: str
    encoder: str
    encoder_digest: str
    dim: int
    encoding: str
    program: str
    documents: int
    passages: int
    units: int
    questions: int
    suggestions: int
    pairs: int
    search: str
    far: dict[str, float]
    corpus_digest: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that was asked when the snapshot was built, and answered with this unit of the passage.

    Questions to open a conversation with stand under ANYWHERE, and need no unit.
    """

    passage_id: str
    unit: int
    question: str


class Snapshot:
    """A loaded snapshot. Passages are read from disk when asked for, so memory grows with the vectors alone."""

    def __init__(self, folder: Path, manifest: Manifest, encoder: Encoder) -> None:
        self.manifest = manifest
        self.far = Far(**manifest.far)
        self.encoder = encoder
        self.folder = folder
        self.drafts = _read_drafts(folder / "documents.jsonl")
        self.entries = linked({entry.id: entry for _, entry in self.drafts})
        self.vectors = faiss.read_index(str(folder / "vectors.faiss"))
        self.bm25 = bm25s.BM25.load(folder / "bm25", mmap=True)
        # Plain views of the mapped files: every slice of a memmap is a new Python object, and a search takes hundreds.
        self.bm25.scores = {name: np.asarray(value) for name, value in self.bm25.scores.items()}
        self.unit_vectors: npt.NDArray[np.float16] = np.asarray(np.load(folder / "unit_vectors.npy", mmap_mode="r"))
        self.unit_tokens: Tokens = np.asarray(np.load(folder / "unit_tokens.npy", mmap_mode="r"))
        self.unit_rows: npt.NDArray[np.int64] = np.load(folder / "unit_rows.npy")
        self.questions = faiss.read_index(str(folder / "questions.faiss"))
        self.question_units: npt.NDArray[np.int64] = np.load(folder / "question_units.npy")
        self.suggestions: dict[str, tuple[Suggestion, ...]] = _read_suggestions(folder / "suggestions.jsonl")
        self._pairs: Pairs = json.loads((folder / "spelling.json").read_bytes())
        self.offsets: npt.NDArray[np.int64] = np.load(folder / "offsets.npy")
        self.document_rows: npt.NDArray[np.int64] = np.load(folder / "document_rows.npy")
        self.lines: npt.NDArray[np.uint8] = np.memmap(folder / "passages.jsonl", np.uint8, mode="r")
        # Of the lines, not of the snapshot, which could not be let go without a garbage collection then.
        self._passage = functools.lru_cache(CACHED_PASSAGES)(functools.partial(_read, self.lines, self.offsets))
        for found, what, expected in (
            (len(self.entries), "entries in documents.jsonl", manifest.documents),
            (len(self.document_rows) - 1, "documents in document_rows.npy", manifest.documents),
            (self.document_rows[-1], "passages in document_rows.npy", manifest.passages),
            (len(self.offsets) - 1, "passages in offsets.npy", manifest.passages),
            (len(self.lines), "bytes in passages.jsonl", self.offsets[-1]),
            (self.vectors.ntotal, "vectors in vectors.faiss", manifest.passages),
            (self.vectors.d, "numbers a vector in vectors.faiss", manifest.dim),
            (self.bm25.scores["num_docs"], "passages in bm25", manifest.passages),
            (len(self.bm25.vocab_dict), "words in bm25", len(self.bm25.scores["indptr"]) - 1),
            (len(self.unit_rows) - 1, "passages in unit_rows.npy", manifest.passages),
            (self.unit_rows[-1], "units in unit_rows.npy", manifest.units),
            (len(self.unit_vectors), "vectors in unit_vectors.npy", manifest.units),
            (len(self.unit_tokens), "units in unit_tokens.npy", manifest.units),
            (self.questions.ntotal, "vectors in questions.faiss", manifest.questions),
            (len(self.question_units), "questions in question_units.npy", manifest.questions),
            (sum(map(len, self.suggestions.values())), "questions in suggestions.jsonl", manifest.suggestions),
            (sum(map(len, self._pairs.values())), "pairs in spelling.json", manifest.pairs),
        ):
            if found != expected:
                raise DamagedSnapshot(folder, f"{found} {what}, where there should be {expected}")

    @property
    def id(self) -> str:
        return self.manifest.id

    @functools.cached_property
    def spelling(self) -> Spelling:
        """Made when it is first needed; a build never needs that of the snapshot before."""
        return Spelling(self._pairs)

    def __len__(self) -> int:
        return self.manifest.passages

    def passage(self, row: int) -> Passage:
        return self._passage(row)

    def passage_id(self, row: int) -> str:
        """Its id, for much less time than reading the passage takes."""
        line = self.lines[self.offsets[row] : self.offsets[row + 1]].tobytes()
        passage_id: str = json.loads(line[len(b'{"id":') : line.index(b',"document_id":')])
        return passage_id

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """The passages of a document in its order; none where the snapshot lacks the document."""
        if document_id not in self.entries:
            return ()
        place = list(self.entries).index(document_id)
        return tuple(map(self.passage, range(self.document_rows[place], self.document_rows[place + 1])))

    def sample_questions(self) -> Iterator[tuple[str, Unit]]:
        """Every sample question with the unit that answers it, in the order of their vectors."""
        for row in dict.fromkeys(self.question_units[:, 0].tolist()):
            for unit in self.passage(row).units:
                yield from ((question, unit) for question in unit.questions)

    def read(self, row: int) -> Passage:
        """A passage that is not remembered, for whoever reads them all."""
        return _read(self.lines, self.offsets, row)


def active(data: Path) -> str | None:
    """The id that `current` begins with, if a snapshot was ever activated; it may name one that is not there."""
    try:
        return (data / "current").read_text("utf-8", errors="replace").partition("\n")[0].strip() or None
    except FileNotFoundError:
        return None


def manifests(data: Path) -> dict[str, Manifest | DamagedSnapshot | ForeignSnapshot]:
    """Every snapshot by its id, newest first: its manifest, or what is wrong with it. Reads every file."""
    found: dict[str, Manifest | DamagedSnapshot | ForeignSnapshot] = {}
    for snapshot_id in sorted(snapshot_ids(data), reverse=True):
        try:
            found[snapshot_id] = verify(_folder(data, snapshot_id))
        except (DamagedSnapshot, ForeignSnapshot) as error:
            found[snapshot_id] = error
    return found


def load(data: Path, encoder: Encoder, snapshot_id: str | None = None) -> Snapshot:
    """Load a snapshot, the active one unless named. A damaged or foreign one is refused with the way to mend it."""
    snapshot_id = snapshot_id or active(data)
    if not snapshot_id:
        raise NoSnapshot(data)
    folder = _folder(data, snapshot_id)
    manifest = verify(folder)
    if manifest.encoder_digest != encoder.digest:
        found = f"encoder {manifest.encoder} ({manifest.encoder_digest[:12]})"
        raise ForeignSnapshot(folder, found, f"{encoder.name} ({encoder.digest[:12]})")
    try:
        return Snapshot(folder, manifest, encoder)
    except (IndexingError, OSError):
        raise
    except Exception as error:  # whatever FAISS, numpy or bm25s say of a file that they do not understand
        raise DamagedSnapshot(folder, f"this program cannot read it ({type(error).__name__})") from error


def entries(data: Path) -> dict[str, Entry]:
    """The catalogue entries of the active snapshot, without loading the rest of it."""
    snapshot_id = active(data)
    if not snapshot_id:
        raise NoSnapshot(data)
    folder = _folder(data, snapshot_id)
    file, manifest = folder / "documents.jsonl", _read_manifest(folder)
    if not file.is_file() or file_digest(file) != manifest.files.get(file.name):
        raise DamagedSnapshot(folder, f"{file.name} is not what was written")
    return linked({entry.id: entry for _, entry in _read_drafts(file)})


def verify(folder: Path) -> Manifest:
    """Compare every file with its digest in the manifest: none may be altered, missing or added."""
    manifest = _read_manifest(folder)
    if manifest.id != folder.name:
        raise DamagedSnapshot(folder, f"manifest.json is that of {manifest.id}")
    there = files_of(folder)
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(there, pool.map(_digest_or_error, there.values()), strict=True))
    for name in sorted(manifest.files.keys() | there.keys()):
        if name not in there:
            raise DamagedSnapshot(folder, f"{name} is missing")
        if name not in manifest.files:
            raise DamagedSnapshot(folder, f"{name} does not belong to it")
        digest = digests[name]
        if isinstance(digest, OSError):
            raise DamagedSnapshot(folder, f"{name} cannot be read ({digest.strerror})") from digest
        if digest != manifest.files[name]:
            raise DamagedSnapshot(folder, f"{name} is not what was written")
    return manifest


def snapshot_ids(data: Path) -> set[str]:
    return {folder.name for folder in (data / "snapshots").glob("[!.]*") if folder.is_dir()}


def _folder(data: Path, snapshot_id: str) -> Path:
    """Only what stands in the folder of snapshots is one, so that no id leads anywhere else."""
    if snapshot_id not in snapshot_ids(data):
        raise UnknownSnapshot(snapshot_id, data)
    return data / "snapshots" / snapshot_id


def _read_manifest(folder: Path) -> Manifest:
    try:
        found = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise DamagedSnapshot(folder, f"manifest.json cannot be read ({reason})") from error
    kinds = {field.name: get_origin(field.type) or field.type for field in fields(Manifest)}
    if isinstance(found, dict) and type(found.get("format")) is int and found["format"] != FORMAT:
        raise ForeignSnapshot(folder, f"format {found['format']}", f"format {FORMAT}")
    if (
        not isinstance(found, dict)
        or {name: type(value) for name, value in found.items()} != kinds
        or not all(isinstance(digest, str) for digest in found["files"].values())
        or {name: type(value) for name, value in found["far"].items()} != {field.name: float for field in fields(Far)}
    ):
        raise DamagedSnapshot(folder, "manifest.json does not hold the fields it should")
    return Manifest(**found)


def files_of(folder: Path) -> dict[str, Path]:
    """Every file of a snapshot but its manifest, by its path within."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if not file.is_dir()}
    files.pop("manifest.json", None)
    return files


def _read_drafts(file: Path) -> list[tuple[str, Entry]]:
    """The digest of each document and its entry, not yet linked with the others."""
    drafts = []
    for line in file.read_bytes().splitlines():  # a text's own lines may also end at U+2028, which JSON leaves as it is
        fields = json.loads(line)
        digest = fields.pop("digest")
        sources = tuple(Source(**source) for source in fields.pop("sources"))
        supersedes, superseded_by = tuple(fields.pop("supersedes")), tuple(fields.pop("superseded_by"))
        drafts.append((digest, Entry(**fields, sources=sources, supersedes=supersedes, superseded_by=superseded_by)))
    return drafts


def _read_suggestions(file: Path) -> dict[str, tuple[Suggestion, ...]]:
    """By the passage that answers them."""
    read = (Suggestion(**json.loads(line)) for line in file.read_bytes().splitlines())
    return {passage: tuple(own) for passage, own in itertools.groupby(read, lambda one: one.passage_id)}


def _read(lines: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], row: int) -> Passage:
    return read_passage(json.loads(lines[offsets[row] : offsets[row + 1]].tobytes()))


def read_passage(fields: dict[str, Any]) -> Passage:
    units = tuple(
        Unit(
            Kind(unit["kind"]),
            unit["start"],
            unit["end"],
            unit["quote"],
            unit["text"],
            unit["lead"],
            tuple(unit["columns"]),
            tuple(unit["cells"]),
            tuple(unit["sources"]),
            tuple(unit["questions"]),
            unit["page"],
        )
        for unit in fields["units"]
    )
    return Passage(fields["id"], fields["document_id"], tuple(fields["headings"]), units)


def file_digest(file: Path, *, sync: bool = False) -> str:
    with file.open("rb") as stream:
        if sync:
            os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_or_error(file: Path) -> str | OSError:
    try:
        return file_digest(file)
    except OSError as error:
        return error
