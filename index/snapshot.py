"""Immutable snapshots: built aside, digested file by file, verified on load, activated by replacing one small file.

    DATA/snapshots/ID/manifest.json     what it is made of, with every other file's SHA-256
                      documents.jsonl   one catalogue entry a line
                      passages.jsonl    line i is vector i
                      offsets.npy       where each line of passages.jsonl begins, and where the last one ends
                      vectors.faiss     one vector a passage
                      unit_vectors.npy  one vector a citable unit, float16
                      unit_rows.npy     passage i owns rows [unit_rows[i], unit_rows[i+1]) of unit_vectors
                      bm25/             bm25s over the passages' terms
    DATA/current                        the id of the active snapshot

A reader never sees half a snapshot; whoever has one loaded keeps it until it loads another.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bm25s
import faiss
import numpy as np
import numpy.typing as npt

from corpus.document import Document, Entry, Kind, Passage, Source, Unit
from corpus.normalize import terms
from corpus.split import split
from index.encode import Encoder, Progress, Vectors
from index.errors import DamagedSnapshot, ForeignSnapshot, IndexingError, NoSnapshot

FORMAT = 1
FLAT_LIMIT = 200_000  # passages; above it exact search takes longer than HNSW by more than its recall is worth
HNSW_LINKS = 32

Start = Callable[[str, int], Progress]  # a stage's name and size -> what hears of its progress


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
    search: str
    corpus_digest: str
    files: dict[str, str]


class Snapshot:
    """A loaded snapshot. Passages are read from disk when asked for, so memory grows with the vectors alone."""

    def __init__(self, folder: Path, manifest: Manifest, encoder: Encoder) -> None:
        self.manifest = manifest
        self.encoder = encoder
        self.entries = {entry.id: entry for entry in _read_entries(folder / "documents.jsonl")}
        self.vectors = faiss.read_index(str(folder / "vectors.faiss"))
        self.bm25 = bm25s.BM25.load(folder / "bm25", mmap=True)
        self.unit_vectors: npt.NDArray[np.float16] = np.load(folder / "unit_vectors.npy", mmap_mode="r")
        self.unit_rows: npt.NDArray[np.int64] = np.load(folder / "unit_rows.npy")
        self._offsets: npt.NDArray[np.int64] = np.load(folder / "offsets.npy")
        self._lines: npt.NDArray[np.uint8] = np.memmap(folder / "passages.jsonl", np.uint8, mode="r")

    @property
    def id(self) -> str:
        return self.manifest.id

    def __len__(self) -> int:
        return self.manifest.passages

    def passage(self, row: int) -> Passage:
        line = self._lines[self._offsets[row] : self._offsets[row + 1]].tobytes()
        return _passage(json.loads(line))


def passage_text(entry: Entry, passage: Passage) -> str:
    """What is encoded of a passage: its place in the document, then its words."""
    return "\n".join((": ".join((entry.title, *passage.headings)), passage.text))


def unit_text(entry: Entry, passage: Passage, unit: Unit) -> str:
    """What is encoded of a unit: a row or an item says little without the heading it stands under."""
    return " ".join(filter(None, (f"{': '.join((entry.title, *passage.headings))}.", unit.lead, unit.text)))


def build(documents: Sequence[Document], encoder: Encoder, data: Path, start: Start | None = None) -> Manifest:
    """Build a snapshot of `documents` and return its manifest; it is complete and verified, but not yet active.

    Vectors of texts that the active snapshot already holds are taken from it. A build that dies leaves only a
    folder that begins with a dot, which the next build removes.
    """
    entries = {document.entry.id: document.entry for document in documents}
    passages = [passage for document in documents for passage in split(document)]
    if not passages:
        raise IndexingError("the documents hold no text to index; `hanoidx corpus check` shows what was read")
    snapshots = data / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    for leftover in snapshots.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=snapshots))
    try:
        vectors, unit_vectors = _encode(entries, passages, encoder, _previous(data, encoder), start)
        _write(folder, entries, passages, vectors, unit_vectors)
        manifest = _manifest(folder, documents, passages, encoder)
        target = snapshots / manifest.id
        if target.exists():
            raise IndexingError(f"snapshot {manifest.id} exists already; wait a second and build again")
        folder.rename(target)
        _flush(snapshots)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    verify(target)
    return manifest


def activate(snapshot_id: str, data: Path) -> None:
    """Make a snapshot the active one, in one atomic replacement; it is verified first."""
    verify(data / "snapshots" / snapshot_id)
    temporary = data / f".current-{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(snapshot_id + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(data / "current")
    _flush(data)


def active(data: Path) -> str | None:
    """The id of the active snapshot, if one was ever activated."""
    try:
        return (data / "current").read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def manifests(data: Path) -> list[Manifest]:
    """The manifests of all complete snapshots, newest first; unreadable ones are left out."""
    found = []
    for file in (data / "snapshots").glob("[!.]*/manifest.json"):
        try:
            found.append(_read_manifest(file.parent))
        except IndexingError:
            continue
    return sorted(found, key=lambda manifest: manifest.id, reverse=True)


def load(data: Path, encoder: Encoder, snapshot_id: str | None = None) -> Snapshot:
    """Load a snapshot, the active one unless named. A damaged or foreign one is refused with the way to mend it."""
    snapshot_id = snapshot_id or active(data)
    if not snapshot_id:
        raise NoSnapshot(data)
    folder = data / "snapshots" / snapshot_id
    manifest = verify(folder)
    if manifest.encoder_digest != encoder.digest:
        found = f"encoder {manifest.encoder} ({manifest.encoder_digest[:12]})"
        raise ForeignSnapshot(folder, found, f"{encoder.name} ({encoder.digest[:12]})")
    return Snapshot(folder, manifest, encoder)


def verify(folder: Path) -> Manifest:
    """Compare every file with its digest in the manifest."""
    if Path(folder.name).name != folder.name or not folder.is_dir():
        raise DamagedSnapshot(folder, "its folder is not there")
    manifest = _read_manifest(folder)
    if manifest.format != FORMAT:
        raise ForeignSnapshot(folder, f"format {manifest.format}", f"format {FORMAT}")
    for name, digest in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise DamagedSnapshot(folder, f"{name} is missing")
        if _file_digest(file) != digest:
            raise DamagedSnapshot(folder, f"{name} is not what was written (size {file.stat().st_size})")
    return manifest


def _previous(data: Path, encoder: Encoder) -> Snapshot | None:
    try:
        return load(data, encoder)
    except IndexingError:
        return None


def _encode(
    entries: dict[str, Entry],
    passages: Sequence[Passage],
    encoder: Encoder,
    previous: Snapshot | None,
    start: Start | None,
) -> tuple[Vectors, npt.NDArray[np.float16]]:
    known: dict[str, Vectors] = {}
    known_units: dict[str, Vectors] = {}
    if previous:
        for row in range(len(previous)):
            passage = previous.passage(row)
            entry = previous.entries[passage.document_id]
            known[passage_text(entry, passage)] = np.asarray(previous.vectors.reconstruct(row))
            unit_vectors = previous.unit_vectors[previous.unit_rows[row] : previous.unit_rows[row + 1]]
            for unit, vector in zip(passage.units, unit_vectors, strict=True):  # float16 as stored: a copy is exact
                known_units[unit_text(entry, passage, unit)] = vector.astype(np.float32)
    texts = [passage_text(entries[passage.document_id], passage) for passage in passages]
    unit_texts = [unit_text(entries[p.document_id], p, unit) for p in passages for unit in p.units]
    vectors = _fill(texts, known, encoder, start and (lambda size: start("passages", size)))
    of_units = _fill(unit_texts, known_units, encoder, start and (lambda size: start("units", size)))
    return vectors, of_units.astype(np.float16)


def _fill(
    texts: Sequence[str], known: dict[str, Vectors], encoder: Encoder, start: Callable[[int], Progress] | None
) -> Vectors:
    vectors = np.empty((len(texts), encoder.dim), np.float32)
    missing = [row for row, text in enumerate(texts) if text not in known]
    for row, text in enumerate(texts):
        if text in known:
            vectors[row] = known[text]
    if missing:
        progress = start(len(missing)) if start else None
        vectors[missing] = encoder.encode_passages([texts[row] for row in missing], progress)
    return vectors


def _write(
    folder: Path,
    entries: dict[str, Entry],
    passages: Sequence[Passage],
    vectors: Vectors,
    unit_vectors: npt.NDArray[np.float16],
) -> None:
    with (folder / "documents.jsonl").open("wb") as stream:
        for entry in entries.values():
            stream.write(_json_line(asdict(entry)))
    offsets = [0]
    with (folder / "passages.jsonl").open("wb") as stream:
        for passage in passages:
            offsets.append(offsets[-1] + stream.write(_json_line(asdict(passage))))
    np.save(folder / "offsets.npy", np.array(offsets, np.int64))
    np.save(folder / "unit_rows.npy", np.cumsum([0, *(len(passage.units) for passage in passages)]).astype(np.int64))
    np.save(folder / "unit_vectors.npy", unit_vectors)
    faiss.write_index(vector_index(vectors), str(folder / "vectors.faiss"))
    bm25 = bm25s.BM25()
    bm25.index([terms(passage_text(entries[p.document_id], p)) for p in passages], show_progress=False)
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
    graph.hnsw.efSearch = 128
    graph.add(vectors)
    return graph


def _manifest(folder: Path, documents: Sequence[Document], passages: Sequence[Passage], encoder: Encoder) -> Manifest:
    corpus = hashlib.sha256()
    for document in documents:
        corpus.update(hashlib.sha256(document.text.encode()).digest())
    files = {
        str(file.relative_to(folder)): _file_digest(file, sync=True)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    now = datetime.now(UTC)
    manifest = Manifest(
        id=f"{now:%Y%m%dT%H%M%SZ}-{content[:8]}",
        format=FORMAT,
        created=now.isoformat(timespec="seconds"),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        dim=encoder.dim,
        documents=len(documents),
        passages=len(passages),
        units=sum(len(passage.units) for passage in passages),
        search="flat" if len(passages) <= FLAT_LIMIT else "hnsw",
        corpus_digest=corpus.hexdigest(),
        files=files,
    )
    with (folder / "manifest.json").open("w", encoding="utf-8") as stream:
        json.dump(asdict(manifest), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    return manifest


def _read_manifest(folder: Path) -> Manifest:
    try:
        fields = json.loads((folder / "manifest.json").read_text("utf-8"))
        if isinstance(fields, dict) and isinstance(fields.get("format"), int) and fields["format"] != FORMAT:
            raise ForeignSnapshot(folder, f"format {fields['format']}", f"format {FORMAT}")
        return Manifest(**fields)
    except FileNotFoundError as error:
        raise DamagedSnapshot(folder, "manifest.json is missing") from error
    except (ValueError, TypeError) as error:
        raise DamagedSnapshot(folder, "manifest.json cannot be read") from error


def _read_entries(file: Path) -> Iterator[Entry]:
    for line in file.read_text("utf-8").splitlines():
        fields = json.loads(line)
        sources = tuple(Source(**source) for source in fields.pop("sources"))
        supersedes, superseded_by = tuple(fields.pop("supersedes")), tuple(fields.pop("superseded_by"))
        yield Entry(**fields, sources=sources, supersedes=supersedes, superseded_by=superseded_by)


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
