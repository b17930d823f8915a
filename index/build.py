"""Building a snapshot: documents are read one by one, and what the active snapshot has of an unchanged one is copied.

A document is unchanged if its file and its sample questions have the digest that the active snapshot recorded, and if
the same program made that snapshot. Nothing of it is read, cut, counted or encoded again; what depends on all documents
at once, as BM25 and the spelling do, is computed from counts. The result is what a build from nothing gives.

    parts/passage_digests.npy, unit_digests.npy, question_digests.npy   of the texts whose vectors the snapshot has
          far_digests.npy, far_vectors.npy   of the messages of index/far.py
          term_counts.npy, lengths.npy   what bm25/ was computed from (index/lexicon.py)
          words.json, pairs.npy          what spelling.json was chosen from (corpus/language/spelling.py)

Passages stream through files, so that memory grows with the vectors in FAISS and with the words alone.
"""

import functools
import hashlib
import json
import os
import shutil
import tempfile
import unicodedata
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
import numpy.typing as npt

from corpus.catalogue import Draft
from corpus.document import Document, Entry, Passage, Unit
from corpus.durable import flush
from corpus.language.normalize import terms
from corpus.language.spelling import EVERYDAY, PairCounts, Pairs, Spelling, frequent
from corpus.lock import alone
from corpus.split import split
from index import encode, encodings, far
from index.encode import TOKENS, Encoder, Progress, RememberingEncoder, Tokens, Vectors
from index.encodings import DIGEST, Digests, Encodings, digest
from index.errors import BuildUnderWay, IndexingError
from index.lexicon import Counts, Ints, Lexicon, npy, save
from index.query import parse
from index.snapshot import FORMAT, Far, Manifest, Snapshot, Suggestion, file_digest, files_of, load, read_passage

FLAT_LIMIT = 200_000  # passages; above it exact search takes longer than HNSW by more than its recall is worth
HNSW_LINKS = 32
BLOCK = 4_096  # vectors that are moved at a time
SUGGESTIONS = "suggestions.jsonl"  # the one file that is written when the snapshot is loaded

Start = Callable[[str, int], Progress]  # a stage's name, how much there is to do -> what hears of its progress
# A snapshot that is complete but for them, the one before it that the same program made -> its suggestions
Suggest = Callable[[Snapshot, Snapshot | None], Iterable[Suggestion]]

_ROOMS = (
    "bot",
    "bot/answering",
    "corpus",
    "corpus/language",
    "index",
)  # bot, because its answers decide on suggestions
_SUFFIXES = {".py", ".yaml", ".txt", ".json", ".npz"}


def passage_text(entry: Entry, passage: Passage) -> str:
    """What is encoded of a passage: its place in the document, then its words."""
    return "\n".join((": ".join((entry.title, *passage.headings)), passage.text))


def unit_text(entry: Entry, passage: Passage, unit: Unit) -> str:
    """What is encoded of a unit: a row or an item says little without the heading it stands under."""
    return " ".join(filter(None, (f"{': '.join((entry.title, *passage.headings))}.", unit.lead, unit.text)))


def _spelled(entry: Entry, passages: Iterable[Passage]) -> Iterator[str]:
    """What spelling is learnt from. People's own words count twice, because documents have many more others."""
    for passage in passages:
        yield passage_text(entry, passage)
        for unit in passage.units:
            yield from 2 * unit.questions


def build(
    documents: Iterable[Document | Draft],
    encoder: Encoder,
    data: Path,
    start: Start | None = None,
    suggest: Suggest | None = None,
) -> Manifest:
    """Build a snapshot of `documents` and return its manifest; it is complete and can be loaded, but is not yet active.

    Vectors of texts that the active snapshot already holds are taken from it, and those that a killed build left;
    `start` hears of the others, and of the other long stages. `suggest` is given the finished snapshot, whose sample
    questions need not be encoded again.
    """
    snapshots = data / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    with alone(snapshots / ".lock", BuildUnderWay):
        folder, encoded = snapshots / ".building", snapshots / ".encoded"
        if folder.exists():
            shutil.rmtree(folder)
        (folder / "parts").mkdir(parents=True)
        try:
            manifest = _build(folder, encoded, documents, encoder, data, start or _silent, suggest)
            folder.rename(snapshots / manifest.id)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):  # a full disk needs the room
                shutil.rmtree(encoded, ignore_errors=True)
            raise
        shutil.rmtree(encoded, ignore_errors=True)
        flush(snapshots)
    return manifest


def _silent(_stage: str, _size: int) -> Progress:
    return lambda _: None


@functools.cache
def program() -> str:
    """The digest of all that decides what becomes of a document: the program, its tables, the version of Unicode."""
    found = hashlib.sha256(unicodedata.unidata_version.encode())
    root = Path(__file__).parents[1]
    for file in sorted(file for room in _ROOMS for file in (root / room).glob("*")):
        if file.suffix in _SUFFIXES:
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class _Old:
    """What the active snapshot has for a build by the same program."""

    snapshot: Snapshot
    places: dict[str, int]  # of its documents, by their ids
    counts: Counts
    words: list[str]
    pairs: Ints

    def place(self, one: Document | Draft, digest_: str) -> int | None:
        """The place of a document that is unchanged."""
        place = self.places.get(_id(one))
        if place is None:
            return None
        recorded, entry = self.snapshot.drafts[place]
        unchanged = one.is_still(recorded, entry) if isinstance(one, Draft) else recorded == digest_
        return place if unchanged else None

    def passages(self, place: int) -> Iterator[Passage]:
        rows = self.snapshot.document_rows
        return map(self.snapshot.read, range(rows[place], rows[place + 1]))


@dataclass(frozen=True, slots=True)
class _Cut:
    """The documents as passages.jsonl has them. What is new of them is numbered behind what the active snapshot has.

    `sources` are the numbers of the passages and `unit_sources` those of their units; `moved` is the row of each
    passage of the active snapshot now, -1 if it is gone. The digests are of what is new.
    """

    drafts: list[tuple[str, Entry]]
    are_new: list[bool]
    document_rows: Ints
    offsets: Ints
    unit_rows: Ints
    question_units: Ints
    sources: Ints
    unit_sources: Ints
    old_units: int
    moved: Ints
    passage_digests: Digests
    unit_digests: Digests
    pairs: PairCounts
    lexicon: Lexicon


def _build(
    folder: Path,
    encoded: Path,
    documents: Iterable[Document | Draft],
    encoder: Encoder,
    data: Path,
    start: Start,
    suggest: Suggest | None,
) -> Manifest:
    encoding = hashlib.sha256(f"{encoder.digest} {file_digest(Path(encode.__file__))}".encode()).hexdigest()
    previous = _previous(data, encoder, encoding)
    old = _old(previous) if previous and previous.manifest.program == program() else None
    with tempfile.TemporaryFile(dir=folder) as scratch:
        cut = _cut(folder, list(documents), old, scratch, start)
        passages = len(cut.sources)
        if not passages:
            raise IndexingError("the documents hold no text to index; `hanoidx corpus check` shows what was read")
        counts = old.counts if old else None
        cut.lexicon.write(folder / "bm25", folder / "parts", counts, cut.moved, passages, start("terms", passages))
    pairs = _write_spelling(folder, cut.pairs)
    _write_tables(folder, cut)
    _write_suggestions(folder, ())
    for other in encoded.glob("*"):
        if other.name != encoding:  # a build with another encoder was killed
            shutil.rmtree(other)
    store = functools.partial(_store, encoded / encoding, previous=previous)
    row = np.zeros(encoder.dim, np.float32)
    _write_passages(folder, cut, encoder, store("passage", row), start)
    _write_units(folder, cut, encoder, store("unit", np.zeros((), _unit_type(encoder))), start)
    known = _write_questions(folder, cut, encoder, store("question", row), Spelling(pairs), start)
    how_far = _write_far(folder, encoder, store("far", row), start)
    manifest = Manifest(
        id="",
        format=FORMAT,
        created="",
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        encoding=encoding,
        program=program(),
        dim=encoder.dim,
        documents=len(cut.drafts),
        passages=passages,
        units=int(cut.unit_rows[-1]),
        questions=len(cut.question_units),
        suggestions=0,
        pairs=sum(map(len, pairs.values())),
        search="flat" if passages <= FLAT_LIMIT else "hnsw",
        far=asdict(how_far),
        corpus_digest=hashlib.sha256("".join(one for one, _ in cut.drafts).encode()).hexdigest(),
        files={},
    )
    with ThreadPoolExecutor() as pool:  # beside what Python does
        digests = {
            name: pool.submit(file_digest, file, sync=True)
            for name, file in sorted(files_of(folder).items())
            if name != SUGGESTIONS
        }
        # What cannot be loaded is never seen by a reader.
        snapshot = Snapshot(folder, manifest, RememberingEncoder(encoder, known))
        count = _write_suggestions(folder, suggest(snapshot, previous if old else None) if suggest else ())
        files = {name: digest.result() for name, digest in digests.items()}
    files[SUGGESTIONS] = file_digest(folder / SUGGESTIONS, sync=True)
    return _finish(folder, replace(manifest, suggestions=count, files=dict(sorted(files.items()))))


def _previous(data: Path, encoder: Encoder, encoding: str) -> Snapshot | None:
    """The active snapshot, if its vectors were made as ours will be."""
    try:
        previous = load(data, encoder)
    except IndexingError:
        return None
    return previous if previous.manifest.encoding == encoding else None


def _old(previous: Snapshot) -> _Old:
    parts = previous.folder / "parts"
    return _Old(
        previous,
        {entry.id: place for place, (_, entry) in enumerate(previous.drafts)},
        Counts(
            terms=list(previous.bm25.vocab_dict),
            starts=previous.bm25.scores["indptr"],
            rows=previous.bm25.scores["indices"],
            times=np.asarray(np.load(parts / "term_counts.npy", mmap_mode="r")),
            lengths=np.load(parts / "lengths.npy"),
        ),
        json.loads((parts / "words.json").read_bytes()),
        np.load(parts / "pairs.npy"),
    )


# Reading and cutting


class _New:
    """What is told of passages that are cut now; the passages themselves are in the file."""

    def __init__(self, scratch: BinaryIO) -> None:
        self.lexicon = Lexicon(scratch)
        self.sizes, self.units, self.answering = array("q"), array("q"), array("q")
        self.passage_digests, self.unit_digests = bytearray(), bytearray()

    def add(self, row: int, entry: Entry, passage: Passage, size: int) -> None:
        text = passage_text(entry, passage)
        self.lexicon.add(row, terms(text))
        self.passage_digests += digest(text)
        for at, unit in enumerate(passage.units):
            self.unit_digests += digest(unit_text(entry, passage, unit))
            self.answering.extend((row, at) * len(unit.questions))
        self.units.append(len(passage.units))
        self.sizes.append(size)


def _cut(
    folder: Path, documents: Sequence[Document | Draft], old: _Old | None, scratch: BinaryIO, start: Start
) -> _Cut:
    digests = [one.digest if isinstance(one, Draft) else _digest(one) for one in documents]
    places = [old.place(one, digest_) if old else None for one, digest_ in zip(documents, digests, strict=True)]
    pairs = _pairs(old, set(places))
    before = old.snapshot if old else None
    first_new = len(before) if before else 0
    new = _New(scratch)
    drafts: list[tuple[str, Entry]] = []
    sources, document_rows = array("q"), array("q", [0])
    advance = start("documents", places.count(None)) if None in places else _silent("", 0)
    with (folder / "passages.jsonl").open("wb") as stream:
        for one, digest_, place in zip(documents, digests, places, strict=True):
            if before and place is not None:
                drafts.append(before.drafts[place])
                rows = before.document_rows[place : place + 2]
                stream.write(before.lines[slice(*before.offsets[rows])].tobytes())
                sources.extend(range(*rows))
            else:
                document = one.read() if isinstance(one, Draft) else one
                passages = split(document)
                drafts.append((digest_, document.entry))
                pairs.add(_spelled(document.entry, passages))
                for passage in passages:
                    size = stream.write(_json_line(asdict(passage)))
                    new.add(len(sources), document.entry, passage, size)
                    sources.append(first_new + len(new.sizes) - 1)
                advance(1)
            document_rows.append(len(sources))
    are_new = [place is None for place in places]
    return _assembled(drafts, are_new, _ints(document_rows), _ints(sources), before, new, pairs)


def _pairs(old: _Old | None, kept: Container[int | None]) -> PairCounts:
    """The pairs of words in what is kept, and in everyday.txt."""
    if not old:
        pairs = PairCounts()
        pairs.add(2 * [EVERYDAY.read_text("utf-8")])
        return pairs
    pairs = PairCounts(old.words, old.pairs)
    for place, (_, entry) in enumerate(old.snapshot.drafts):
        if place not in kept:
            pairs.add(_spelled(entry, old.passages(place)), -1)
    return pairs


def _assembled(
    drafts: list[tuple[str, Entry]],
    are_new: list[bool],
    document_rows: Ints,
    sources: Ints,
    before: Snapshot | None,
    new: _New,
    pairs: PairCounts,
) -> _Cut:
    sizes, units, questions = _ints(new.sizes), _ints(new.units), _ints(new.answering).reshape(-1, 2)
    moved = np.full(len(before) if before else 0, -1)
    is_old = sources < len(moved)
    moved[sources[is_old]] = np.flatnonzero(is_old)
    if before:
        carried = before.question_units[moved[before.question_units[:, 0]] >= 0]
        questions = np.concatenate((questions, np.stack((moved[carried[:, 0]], carried[:, 1]), 1)))
        questions = questions[np.lexsort((questions[:, 1], questions[:, 0]))]
        units = np.concatenate((np.diff(before.unit_rows), units))
        sizes = np.concatenate((np.diff(before.offsets), sizes))
    unit_rows = _summed(units[sources])
    shifts = _summed(units)[sources] - unit_rows[:-1]
    return _Cut(
        drafts=drafts,
        are_new=are_new,
        document_rows=document_rows,
        offsets=_summed(sizes[sources]),
        unit_rows=unit_rows,
        question_units=questions,
        sources=sources,
        unit_sources=np.repeat(shifts, np.diff(unit_rows)) + np.arange(unit_rows[-1]),
        old_units=int(before.unit_rows[-1]) if before else 0,
        moved=moved,
        passage_digests=np.frombuffer(new.passage_digests, DIGEST),
        unit_digests=np.frombuffer(new.unit_digests, DIGEST),
        pairs=pairs,
        lexicon=new.lexicon,
    )


def _id(one: Document | Draft) -> str:
    return one.id if isinstance(one, Draft) else one.entry.id


def _digest(document: Document) -> str:
    return hashlib.sha256(_json_line(asdict(document))).hexdigest()


def _ints(numbers: "array[int]") -> Ints:
    return np.frombuffer(numbers, np.int64)


def _summed(counts: Ints) -> Ints:
    """Where each begins, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def _new(folder: Path, cut: _Cut) -> Iterator[tuple[Entry, Passage]]:
    """The passages that were cut just now, read back so that they need not stay in memory."""
    with (folder / "passages.jsonl").open("rb") as stream:
        for place in np.flatnonzero(cut.are_new).tolist():
            first, last = cut.document_rows[place : place + 2].tolist()
            stream.seek(int(cut.offsets[first]))
            for _ in range(first, last):
                yield cut.drafts[place][1], read_passage(json.loads(stream.readline()))


# Vectors


def _store(folder: Path, kind: str, row: npt.NDArray[Any], previous: Snapshot | None) -> Encodings:
    """Where the vectors of a kind of texts are found, and kept when they are encoded."""

    def take(rows: Ints) -> npt.NDArray[Any]:
        assert previous
        if kind == "unit":
            return _units(row.dtype, previous.unit_vectors[rows], previous.unit_tokens[rows])
        if kind == "far":
            return np.asarray(np.load(previous.folder / "parts" / "far_vectors.npy")[rows])
        return np.asarray((previous.vectors if kind == "passage" else previous.questions).reconstruct_batch(rows))

    lent = np.load(previous.folder / "parts" / f"{kind}_digests.npy") if previous else np.empty(0, DIGEST)
    return Encodings(folder, kind, row, lent, take)


def _write_passages(folder: Path, cut: _Cut, encoder: Encoder, store: Encodings, start: Start) -> None:
    texts = (passage_text(entry, passage) for entry, passage in _new(folder, cut))
    store.complete(cut.passage_digests, texts, encoder.encode_passages, lambda size: start("passages", size))
    places = np.concatenate((np.arange(len(cut.moved)), store.find(cut.passage_digests)))[cut.sources]
    save(folder / "parts" / "passage_digests.npy", store.digests(places))
    graph = start("graph", len(places)) if len(places) > FLAT_LIMIT else _silent("", 0)
    _write_index(folder / "vectors.faiss", vector_index(len(places), encoder.dim), store, places, graph)


def _unit_type(encoder: Encoder) -> np.dtype[Any]:
    """A unit's vector and its tokens, which are encoded together."""
    tokens = (np.int8, (TOKENS, encoder.token_dim))
    return np.dtype([("vector", np.float16, (encoder.dim,)), ("tokens", *tokens)])


def _units(kind: np.dtype[Any], vectors: npt.NDArray[Any], tokens: Tokens) -> npt.NDArray[Any]:
    units = np.empty(len(vectors), kind)
    units["vector"], units["tokens"] = vectors, tokens
    return units


def _write_units(folder: Path, cut: _Cut, encoder: Encoder, store: Encodings, start: Start) -> None:
    def encode(texts: list[str], progress: Progress) -> npt.NDArray[Any]:
        return _units(_unit_type(encoder), *encoder.encode_units(texts, progress))

    texts = (unit_text(entry, passage, unit) for entry, passage in _new(folder, cut) for unit in passage.units)
    store.complete(cut.unit_digests, texts, encode, lambda size: start("units", size))
    places = np.concatenate((np.arange(cut.old_units), store.find(cut.unit_digests)))[cut.unit_sources]
    save(folder / "parts" / "unit_digests.npy", store.digests(places))
    with (
        npy(folder / "unit_vectors.npy", np.float16, (len(places), encoder.dim)) as write_vectors,
        npy(folder / "unit_tokens.npy", np.int8, (len(places), TOKENS, encoder.token_dim)) as write_tokens,
    ):
        for first in range(0, len(places), BLOCK):
            units = store.take(places[first : first + BLOCK])
            write_vectors(units["vector"])
            write_tokens(units["tokens"])


def _write_questions(
    folder: Path, cut: _Cut, encoder: Encoder, store: Encodings, spelling: Spelling, start: Start
) -> dict[str, Vectors]:
    """Returns the vectors by what was encoded. All are mended anew, because that depends on all documents."""
    texts: list[str] = []
    with (folder / "passages.jsonl").open("rb") as stream:
        for row in dict.fromkeys(cut.question_units[:, 0].tolist()):
            stream.seek(int(cut.offsets[row]))
            units = read_passage(json.loads(stream.readline())).units
            texts += (" ".join(parse(question, spelling).encoded) for unit in units for question in unit.questions)
    digests = np.array([digest(text) for text in texts], DIGEST)
    store.complete(digests, texts, _one_by_one(encoder), lambda size: start("questions", size))
    places = store.find(digests)
    save(folder / "parts" / "question_digests.npy", digests)
    _write_index(folder / "questions.faiss", vector_index(len(places), encoder.dim), store, places, _silent("", 0))
    return dict(zip(texts, store.take(places), strict=True))


def _write_far(folder: Path, encoder: Encoder, store: Encodings, start: Start) -> Far:
    digests = np.array([digest(text) for text in far.texts()], DIGEST)
    store.complete(digests, far.texts(), _one_by_one(encoder), lambda size: start("far messages", size))
    vectors = store.take(store.find(digests))
    save(folder / "parts" / "far_digests.npy", digests)
    save(folder / "parts" / "far_vectors.npy", vectors)
    units, samples = np.load(folder / "unit_vectors.npy", "r"), faiss.read_index(str(folder / "questions.faiss"))
    return far.measure(vectors, units, samples)


def _one_by_one(encoder: Encoder) -> encodings.Encode:
    """Sample questions are encoded as the questions they will be compared with."""

    def encode(texts: list[str], progress: Progress) -> Vectors:
        vectors = np.empty((len(texts), encoder.dim), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = encoder.encode_query(text)
            progress(1)
        return vectors

    return encode


def vector_index(size: int, dim: int) -> Any:
    """FAISS for `size` vectors by inner product: exact up to FLAT_LIMIT, HNSW above."""
    if size <= FLAT_LIMIT:
        return faiss.IndexFlatIP(dim)
    graph = faiss.IndexHNSWFlat(dim, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 80
    graph.hnsw.efSearch = 1_024  # recall@10 of .90 among a million vectors at 5 ms; 128 gave .68 (EXPERIMENTS.md)
    return graph


def _write_index(file: Path, index: Any, store: Encodings, places: Ints, progress: Progress) -> None:
    for first in range(0, len(places), BLOCK):
        vectors = store.take(places[first : first + BLOCK])
        index.add(vectors)
        progress(len(vectors))
    with file.open("wb") as stream:  # given a path, FAISS hides it when the disk is full
        faiss.write_index(index, faiss.PyCallbackIOWriter(stream.write))  # type: ignore[attr-defined]


# Files


def _write_tables(folder: Path, cut: _Cut) -> None:
    with (folder / "documents.jsonl").open("wb") as stream:
        for digest_, entry in cut.drafts:
            stream.write(_json_line({"digest": digest_} | asdict(entry)))
    for name in ("document_rows", "offsets", "unit_rows", "question_units"):
        save(folder / f"{name}.npy", getattr(cut, name))


def _write_spelling(folder: Path, counts: PairCounts) -> Pairs:
    words, counted = counts.counted()
    pairs = frequent(words, counted)
    (folder / "spelling.json").write_text(json.dumps(pairs, ensure_ascii=False, separators=(",", ":")), "utf-8")
    (folder / "parts" / "words.json").write_text(json.dumps(words, ensure_ascii=False), "utf-8")
    save(folder / "parts" / "pairs.npy", counted)
    return pairs


def _write_suggestions(folder: Path, suggestions: Iterable[Suggestion]) -> int:
    with (folder / SUGGESTIONS).open("wb") as stream:
        return sum(bool(stream.write(_json_line(asdict(suggestion)))) for suggestion in suggestions)


def _finish(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest with an id of the moment and of its files."""
    content = hashlib.sha256(json.dumps(manifest.files, sort_keys=True).encode()).hexdigest()
    now = datetime.now(UTC)
    manifest = replace(
        manifest,
        id=f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-{content[:8]}",
        created=now.isoformat(timespec="seconds"),
    )
    with (folder / "manifest.json").open("w", encoding="utf-8") as stream:
        json.dump(asdict(manifest), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    for subfolder in (folder / "bm25", folder / "parts", folder):
        flush(subfolder)
    return manifest


def _json_line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
