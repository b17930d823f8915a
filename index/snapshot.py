"""Immutable snapshots: built aside, digested file by file, verified on load.

    DATA/snapshots/ID/manifest.json     what it is made of, with every other file's SHA-256
                      documents.jsonl   one catalogue entry a line
                      document_rows.npy document i owns lines [document_rows[i], document_rows[i+1]) of passages.jsonl
                      passages.jsonl    line i is vector i
                      offsets.npy       where each line of passages.jsonl begins, and where the last one ends
                      vectors.faiss     one vector a passage
                      unit_vectors.npy  one vector a citable unit, float16
                      unit_rows.npy     passage i owns rows [unit_rows[i], unit_rows[i+1]) of unit_vectors
                      questions.faiss   one vector a sample question
                      question_units.npy   the passage and the unit in it that answers each, two numbers a question
                      spelling.json     which word stands beside which, for mending questions
                      bm25/             bm25s over the passages' terms
                      suggestions.jsonl one question a line that the unit it names surely answers
    DATA/snapshots/.building            a build under way, or what a killed one left; the next build removes it
    DATA/snapshots/.lock                held while a build runs
    DATA/current                        its first line is the id of the active snapshot (index/activation.py writes it)

A reader never sees half a snapshot; whoever has one loaded keeps it until it loads another.
"""

import functools
import hashlib
import itertools
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_origin

import bm25s
import faiss
import numpy as np
import numpy.typing as npt

from corpus.document import Document, Entry, Kind, Passage, Source, Unit
from corpus.lock import alone
from corpus.normalize import terms
from corpus.spelling import EVERYDAY, Pairs, Spelling, count
from corpus.split import split
from index.encode import Encoder, Progress, RememberingEncoder, Vectors
from index.errors import (
    BuildUnderWay,
    DamagedSnapshot,
    ForeignSnapshot,
    IndexingError,
    NoSnapshot,
    UnknownSnapshot,
)
from index.query import parse

FORMAT = 2
FLAT_LIMIT = 200_000  # passages; above it exact search takes longer than HNSW by more than its recall is worth
HNSW_LINKS = 32
ANYWHERE = ""
CACHED_PASSAGES = 4_096  # passages kept as records, about 4 KB each; the same few answer most questions

Start = Callable[[str, int], Progress]  # a stage's name, how many texts it has -> what hears of its progress


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is made of. `created` is UTC; `files` maps a relative path to its SHA-256."""

    id: str
    format: int
    created: str
    encoder: str
    encoder_digest: str
    dim: int
    documents: int
    passages: int
    units: int
    questions: int
    suggestions: int
    pairs: int
    search: str
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


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of a corpus: one row a passage, one a unit, one a sample question, each in the corpus's order."""

    passages: Vectors
    units: npt.NDArray[np.float16]
    questions: Vectors


class Snapshot:
    """A loaded snapshot. Passages are read from disk when asked for, so memory grows with the vectors alone."""

    def __init__(self, folder: Path, manifest: Manifest, encoder: Encoder) -> None:
        self.manifest = manifest
        self.encoder = encoder
        self.entries = {entry.id: entry for entry in _read_entries(folder / "documents.jsonl")}
        self.vectors = faiss.read_index(str(folder / "vectors.faiss"))
        self.bm25 = bm25s.BM25.load(folder / "bm25", mmap=True)
        # Plain views of the mapped files: every slice of a memmap is a new Python object, and a search takes hundreds.
        self.bm25.scores = {name: np.asarray(value) for name, value in self.bm25.scores.items()}
        self.unit_vectors: npt.NDArray[np.float16] = np.asarray(np.load(folder / "unit_vectors.npy", mmap_mode="r"))
        self.unit_rows: npt.NDArray[np.int64] = np.load(folder / "unit_rows.npy")
        self.questions = faiss.read_index(str(folder / "questions.faiss"))
        self.question_units: npt.NDArray[np.int64] = np.load(folder / "question_units.npy")
        self.suggestions: dict[str, tuple[Suggestion, ...]] = _read_suggestions(folder / "suggestions.jsonl")
        self.spelling = Spelling(json.loads((folder / "spelling.json").read_bytes()))
        self._offsets: npt.NDArray[np.int64] = np.load(folder / "offsets.npy")
        self._document_rows: npt.NDArray[np.int64] = np.load(folder / "document_rows.npy")
        self._lines: npt.NDArray[np.uint8] = np.memmap(folder / "passages.jsonl", np.uint8, mode="r")
        # Of the lines, not of the snapshot, which could not be let go without a garbage collection then.
        self._passage = functools.lru_cache(CACHED_PASSAGES)(functools.partial(_read, self._lines, self._offsets))
        for found, what, expected in (
            (len(self.entries), "entries in documents.jsonl", manifest.documents),
            (len(self._document_rows) - 1, "documents in document_rows.npy", manifest.documents),
            (self._document_rows[-1], "passages in document_rows.npy", manifest.passages),
            (len(self._offsets) - 1, "passages in offsets.npy", manifest.passages),
            (len(self._lines), "bytes in passages.jsonl", self._offsets[-1]),
            (self.vectors.ntotal, "vectors in vectors.faiss", manifest.passages),
            (self.vectors.d, "numbers a vector in vectors.faiss", manifest.dim),
            (self.bm25.scores["num_docs"], "passages in bm25", manifest.passages),
            (len(self.bm25.vocab_dict), "words in bm25", len(self.bm25.scores["indptr"]) - 1),
            (len(self.unit_rows) - 1, "passages in unit_rows.npy", manifest.passages),
            (self.unit_rows[-1], "units in unit_rows.npy", manifest.units),
            (len(self.unit_vectors), "vectors in unit_vectors.npy", manifest.units),
            (self.questions.ntotal, "vectors in questions.faiss", manifest.questions),
            (len(self.question_units), "questions in question_units.npy", manifest.questions),
            (sum(map(len, self.suggestions.values())), "questions in suggestions.jsonl", manifest.suggestions),
            (sum(map(len, self.spelling.pairs.values())), "pairs in spelling.json", manifest.pairs),
        ):
            if found != expected:
                raise DamagedSnapshot(folder, f"{found} {what}, where there should be {expected}")

    @property
    def id(self) -> str:
        return self.manifest.id

    def __len__(self) -> int:
        return self.manifest.passages

    def passage(self, row: int) -> Passage:
        return self._passage(row)

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """The passages of a document in its order; none where the snapshot lacks the document."""
        if document_id not in self.entries:
            return ()
        place = list(self.entries).index(document_id)
        return tuple(map(self.passage, range(self._document_rows[place], self._document_rows[place + 1])))

    def sample_questions(self) -> Iterator[tuple[str, Unit]]:
        """Every sample question with the unit that answers it, in the order of their vectors."""
        for row in dict.fromkeys(self.question_units[:, 0].tolist()):
            for unit in self.passage(row).units:
                yield from ((question, unit) for question in unit.questions)


Suggest = Callable[[Snapshot], Iterable[Suggestion]]  # a snapshot that is complete but for them -> its suggestions


def passage_text(entry: Entry, passage: Passage) -> str:
    """What is encoded of a passage: its place in the document, then its words."""
    return "\n".join((": ".join((entry.title, *passage.headings)), passage.text))


def unit_text(entry: Entry, passage: Passage, unit: Unit) -> str:
    """What is encoded of a unit: a row or an item says little without the heading it stands under."""
    return " ".join(filter(None, (f"{': '.join((entry.title, *passage.headings))}.", unit.lead, unit.text)))


def _spelled(entries: dict[str, Entry], passages: Sequence[Passage]) -> Iterator[str]:
    """What spelling is learnt from. People's own words count twice, because documents have many more others."""
    for passage in passages:
        yield passage_text(entries[passage.document_id], passage)
        for unit in passage.units:
            yield from 2 * unit.questions
    everyday = EVERYDAY.read_text("utf-8")
    yield from (everyday, everyday)


def build(
    documents: Sequence[Document],
    encoder: Encoder,
    data: Path,
    start: Start | None = None,
    suggest: Suggest | None = None,
) -> Manifest:
    """Build a snapshot of `documents` and return its manifest; it is complete and can be loaded, but is not yet active.

    Vectors of texts that the active snapshot already holds are taken from it, and `start` hears of the others.
    `suggest` is given the finished snapshot, whose sample questions need not be encoded again.
    """
    entries = {document.entry.id: document.entry for document in documents}
    passages = [passage for document in documents for passage in split(document)]
    if not passages:
        raise IndexingError("the documents hold no text to index; `hanoidx corpus check` shows what was read")
    snapshots = data / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    with alone(snapshots / ".lock", BuildUnderWay):
        folder = snapshots / ".building"
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        try:
            pairs = count(_spelled(entries, passages))
            spelling = Spelling(pairs)
            encoded = _encode(entries, passages, encoder, spelling, _previous(data, encoder), start)
            _write(folder, entries, passages, encoded, pairs)
            suggestions: tuple[Suggestion, ...] = ()
            if suggest:
                known = dict(zip(_questions(passages, spelling), encoded.questions, strict=True))
                remembering = RememberingEncoder(encoder, known)
                suggestions = tuple(suggest(_finish(folder, documents, passages, pairs, suggestions, remembering)))
            manifest = _finish(folder, documents, passages, pairs, suggestions, encoder).manifest
            folder.rename(snapshots / manifest.id)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _flush(snapshots)
    return manifest


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
    if not file.is_file() or _file_digest(file) != manifest.files.get(file.name):
        raise DamagedSnapshot(folder, f"{file.name} is not what was written")
    return {entry.id: entry for entry in _read_entries(file)}


def verify(folder: Path) -> Manifest:
    """Compare every file with its digest in the manifest: none may be altered, missing or added."""
    manifest = _read_manifest(folder)
    if manifest.id != folder.name:
        raise DamagedSnapshot(folder, f"manifest.json is that of {manifest.id}")
    there = _files(folder)
    for name in sorted(manifest.files.keys() | there.keys()):
        if name not in there:
            raise DamagedSnapshot(folder, f"{name} is missing")
        if name not in manifest.files:
            raise DamagedSnapshot(folder, f"{name} does not belong to it")
        try:
            digest = _file_digest(there[name])
        except OSError as error:
            raise DamagedSnapshot(folder, f"{name} cannot be read ({error.strerror})") from error
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


def _previous(data: Path, encoder: Encoder) -> Snapshot | None:
    try:
        return load(data, encoder)
    except IndexingError:
        return None


def _encode(
    entries: dict[str, Entry],
    passages: Sequence[Passage],
    encoder: Encoder,
    spelling: Spelling,
    previous: Snapshot | None,
    start: Start | None,
) -> Encoded:
    known: dict[str, Vectors] = {}
    known_units: dict[str, Vectors] = {}
    known_questions: dict[str, Vectors] = {}
    if previous:
        for row in range(len(previous)):
            passage = previous.passage(row)
            entry = previous.entries[passage.document_id]
            known[passage_text(entry, passage)] = np.asarray(previous.vectors.reconstruct(row))
            unit_vectors = previous.unit_vectors[previous.unit_rows[row] : previous.unit_rows[row + 1]]
            for unit, vector in zip(passage.units, unit_vectors, strict=True):  # float16 as stored: a copy is exact
                known_units[unit_text(entry, passage, unit)] = vector.astype(np.float32)
        for row, (question, _) in enumerate(previous.sample_questions()):
            known_questions[_encoded(question, previous.spelling)] = np.asarray(previous.questions.reconstruct(row))
    texts = [passage_text(entries[passage.document_id], passage) for passage in passages]
    unit_texts = [unit_text(entries[p.document_id], p, unit) for p in passages for unit in p.units]
    questions = _questions(passages, spelling)

    def stage(name: str) -> Callable[[int], Progress] | None:
        return (lambda size: start(name, size)) if start else None

    return Encoded(
        passages=_fill(texts, known, encoder.dim, encoder.encode_passages, stage("passages")),
        units=_fill(unit_texts, known_units, encoder.dim, encoder.encode_passages, stage("units")).astype(np.float16),
        questions=_fill(questions, known_questions, encoder.dim, _one_by_one(encoder), stage("questions")),
    )


def _questions(passages: Sequence[Passage], spelling: Spelling) -> list[str]:
    """The sample questions as they are encoded, in the order of their vectors."""
    units = (unit for passage in passages for unit in passage.units)
    return [_encoded(question, spelling) for unit in units for question in unit.questions]


def _encoded(question: str, spelling: Spelling) -> str:
    """A sample question is Vietnamese, and so one text to the encoder."""
    return " ".join(parse(question, spelling).encoded)


def _one_by_one(encoder: Encoder) -> Callable[[Sequence[str], Progress | None], Vectors]:
    """Sample questions are encoded as the questions they will be compared with."""

    def encode(texts: Sequence[str], progress: Progress | None) -> Vectors:
        vectors = np.empty((len(texts), encoder.dim), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = encoder.encode_query(text)
            if progress:
                progress(1)
        return vectors

    return encode


def _fill(
    texts: Sequence[str],
    known: dict[str, Vectors],
    dim: int,
    encode: Callable[[Sequence[str], Progress | None], Vectors],
    start: Callable[[int], Progress] | None,
) -> Vectors:
    """The vectors of `texts`, each distinct text encoded once, and `known` extended by them."""
    missing = list(dict.fromkeys(text for text in texts if text not in known))
    if missing:
        progress = start(len(missing)) if start else None
        known.update(zip(missing, encode(missing, progress), strict=True))
    return np.stack([known[text] for text in texts]) if texts else np.empty((0, dim), np.float32)


def _write(
    folder: Path,
    entries: dict[str, Entry],
    passages: Sequence[Passage],
    encoded: Encoded,
    pairs: Pairs,
) -> None:
    with (folder / "documents.jsonl").open("wb") as stream:
        for entry in entries.values():
            stream.write(_json_line(asdict(entry)))
    offsets = [0]
    with (folder / "passages.jsonl").open("wb") as stream:
        for passage in passages:
            offsets.append(offsets[-1] + stream.write(_json_line(asdict(passage))))
    np.save(folder / "offsets.npy", np.array(offsets, np.int64))
    owned = Counter(passage.document_id for passage in passages)
    np.save(folder / "document_rows.npy", np.cumsum([0, *(owned[document] for document in entries)]).astype(np.int64))
    np.save(folder / "unit_rows.npy", np.cumsum([0, *(len(passage.units) for passage in passages)]).astype(np.int64))
    np.save(folder / "unit_vectors.npy", encoded.units)
    answering = [
        (row, place)
        for row, passage in enumerate(passages)
        for place, unit in enumerate(passage.units)
        for _ in unit.questions
    ]
    np.save(folder / "question_units.npy", np.array(answering, np.int64).reshape(len(answering), 2))
    for name, vectors in (("vectors.faiss", encoded.passages), ("questions.faiss", encoded.questions)):
        with (folder / name).open("wb") as stream:  # given a path, FAISS hides it when the disk is full
            writer = faiss.PyCallbackIOWriter(stream.write)  # type: ignore[attr-defined]
            faiss.write_index(vector_index(vectors), writer)
    (folder / "spelling.json").write_text(json.dumps(pairs, ensure_ascii=False, separators=(",", ":")), "utf-8")
    vocabulary: dict[str, int] = {}  # numbered here, because bm25s numbers words in another order each time
    numbers = [
        [vocabulary.setdefault(term, len(vocabulary)) for term in terms(passage_text(entries[p.document_id], p))]
        for p in passages
    ]
    bm25 = bm25s.BM25()
    bm25.index((numbers, vocabulary), create_empty_token=False, show_progress=False)
    bm25.save(folder / "bm25", show_progress=False)


def vector_index(vectors: Vectors) -> Any:
    """FAISS over the passages' vectors by inner product: exact up to FLAT_LIMIT, HNSW above."""
    dim = vectors.shape[1]
    if len(vectors) <= FLAT_LIMIT:
        flat = faiss.IndexFlatIP(dim)
        flat.add(vectors)
        return flat
    graph = faiss.IndexHNSWFlat(dim, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 80
    graph.hnsw.efSearch = 1_024  # recall@10 of .90 among a million vectors at 5 ms; 128 gave .68 (EXPERIMENTS.md)
    graph.add(vectors)
    return graph


def _finish(
    folder: Path,
    documents: Sequence[Document],
    passages: Sequence[Passage],
    pairs: Pairs,
    suggestions: Sequence[Suggestion],
    encoder: Encoder,
) -> Snapshot:
    """The snapshot in `folder`, loaded: what cannot be loaded is never seen by a reader."""
    _write_suggestions(folder, suggestions)
    return Snapshot(folder, _manifest(folder, documents, passages, pairs, suggestions, encoder), encoder)


def _write_suggestions(folder: Path, suggestions: Sequence[Suggestion]) -> None:
    with (folder / "suggestions.jsonl").open("wb") as stream:
        for suggestion in suggestions:
            stream.write(_json_line(asdict(suggestion)))


def _manifest(
    folder: Path,
    documents: Sequence[Document],
    passages: Sequence[Passage],
    pairs: Pairs,
    suggestions: Sequence[Suggestion],
    encoder: Encoder,
) -> Manifest:
    corpus = hashlib.sha256()
    for document in documents:
        corpus.update(hashlib.sha256(document.text.encode()).digest())
    files = {name: _file_digest(file, sync=True) for name, file in sorted(_files(folder).items())}
    content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    now = datetime.now(UTC)
    manifest = Manifest(
        id=f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-{content[:8]}",
        format=FORMAT,
        created=now.isoformat(timespec="seconds"),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        dim=encoder.dim,
        documents=len(documents),
        passages=len(passages),
        units=sum(len(passage.units) for passage in passages),
        questions=sum(len(unit.questions) for passage in passages for unit in passage.units),
        suggestions=len(suggestions),
        pairs=sum(map(len, pairs.values())),
        search="flat" if len(passages) <= FLAT_LIMIT else "hnsw",
        corpus_digest=corpus.hexdigest(),
        files=files,
    )
    with (folder / "manifest.json").open("w", encoding="utf-8") as stream:
        json.dump(asdict(manifest), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    for subfolder in (folder / "bm25", folder):
        _flush(subfolder)
    return manifest


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
    ):
        raise DamagedSnapshot(folder, "manifest.json does not hold the fields it should")
    return Manifest(**found)


def _files(folder: Path) -> dict[str, Path]:
    """Every file of a snapshot but its manifest, by its path within."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if not file.is_dir()}
    files.pop("manifest.json", None)
    return files


def _read_entries(file: Path) -> Iterator[Entry]:
    for line in file.read_bytes().splitlines():  # a text's own lines may also end at U+2028, which JSON leaves as it is
        fields = json.loads(line)
        sources = tuple(Source(**source) for source in fields.pop("sources"))
        supersedes, superseded_by = tuple(fields.pop("supersedes")), tuple(fields.pop("superseded_by"))
        yield Entry(**fields, sources=sources, supersedes=supersedes, superseded_by=superseded_by)


def _read_suggestions(file: Path) -> dict[str, tuple[Suggestion, ...]]:
    """By the passage that answers them."""
    read = (Suggestion(**json.loads(line)) for line in file.read_bytes().splitlines())
    return {passage: tuple(own) for passage, own in itertools.groupby(read, lambda one: one.passage_id)}


def _read(lines: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], row: int) -> Passage:
    return _passage(json.loads(lines[offsets[row] : offsets[row + 1]].tobytes()))


def _passage(fields: dict[str, Any]) -> Passage:
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
            unit.get("page"),  # snapshots of before pages were kept have none
        )
        for unit in fields["units"]
    )
    return Passage(fields["id"], fields["document_id"], tuple(fields["headings"]), units)


def _json_line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _file_digest(file: Path, *, sync: bool = False) -> str:
    with file.open("rb") as stream:
        if sync:
            os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
