import dataclasses
import hashlib
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import faiss
import numpy as np
import pytest

import index.build
from corpus.catalogue import read_folder
from corpus.document import Document
from corpus.language.normalize import terms
from corpus.split import split
from index.activation import activate
from index.build import Suggest, build, passage_text, unit_text
from index.encode import Encoder, Progress, Tokens, Vectors
from index.errors import (
    BuildUnderWay,
    DamagedSnapshot,
    ForeignSnapshot,
    IndexingError,
    NoSnapshot,
    UnknownEncoder,
    UnknownSnapshot,
)
from index.snapshot import FORMAT, Manifest, Snapshot, Suggestion, active, load, manifests, verify

WriteDocument = Callable[..., Path]

FILES = (
    "bm25/data.csc.index.npy",
    "bm25/indices.csc.index.npy",
    "bm25/indptr.csc.index.npy",
    "bm25/params.index.json",
    "bm25/vocab.index.json",
    "document_rows.npy",
    "documents.jsonl",
    "offsets.npy",
    "parts/lengths.npy",
    "parts/pairs.npy",
    "parts/passage_digests.npy",
    "parts/far_digests.npy",
    "parts/far_vectors.npy",
    "parts/question_digests.npy",
    "parts/term_counts.npy",
    "parts/unit_digests.npy",
    "parts/words.json",
    "passages.jsonl",
    "question_units.npy",
    "questions.faiss",
    "spelling.json",
    "suggestions.jsonl",
    "unit_rows.npy",
    "unit_tokens.npy",
    "unit_vectors.npy",
    "vectors.faiss",
)
LOADED = tuple(name for name in FILES if not name.startswith("parts/"))


class Watched:
    """An encoder that remembers what it was given to encode."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.name, self.digest, self.dim, self.token_dim = encoder.name, encoder.digest, encoder.dim, encoder.token_dim
        self.query_tokens = encoder.query_tokens
        self.texts: list[str] = []

    def encode_query(self, text: str) -> Vectors:
        return self.encoder.encode_query(text)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.texts += texts
        return self.encoder.encode_passages(texts, progress)

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        self.texts += texts
        return self.encoder.encode_units(texts, progress)


class Interrupted(Watched):
    """An encoder that runs something before it encodes, to fail or to look around in the middle of a build."""

    def __init__(self, encoder: Encoder, before: Callable[[], object]) -> None:
        super().__init__(encoder)
        self.before = before

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.before()
        return super().encode_passages(texts, progress)

    def encode_units(self, texts: Sequence[str], progress: Progress | None = None) -> tuple[Vectors, Tokens]:
        self.before()
        return super().encode_units(texts, progress)


def sampled(snapshot: Snapshot, previous: Snapshot | None = None) -> Iterator[Suggestion]:
    """Every sample question, unasked."""
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        for place, unit in enumerate(passage.units):
            yield from (Suggestion(passage.id, place, question) for question in unit.questions)


def another(encoder: Encoder) -> Watched:
    """The same vectors under another name and digest."""
    other = Watched(encoder)
    other.name, other.digest = "another", "f" * 64
    return other


@pytest.fixture
def small(small_documents: Path) -> tuple[Document, ...]:
    return read_folder(small_documents)


@pytest.fixture
def built(small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path) -> Path:
    """A data folder with an active snapshot of the small documents."""
    data = tmp_path / "data"
    activate(build(small, hash_encoder, data, suggest=sampled).id, data)
    return data


def folder_of(data: Path) -> Path:
    snapshot_id = active(data)
    assert snapshot_id
    return data / "snapshots" / snapshot_id


def change(folder: Path, name: str, content: bytes) -> None:
    """Change a file and its digest in the manifest, as no accident does."""
    (folder / name).write_bytes(content)
    change_manifest(folder, lambda fields: fields["files"].update({name: hashlib.sha256(content).hexdigest()}))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    fields = json.loads((folder / "manifest.json").read_text("utf-8"))
    change(fields)
    (folder / "manifest.json").write_text(json.dumps(fields), "utf-8")


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


# What a snapshot holds


def test_a_snapshot_holds_every_passage_of_every_document(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    snapshot = load(built, hash_encoder)
    passages = [passage for document in small for passage in split(document)]
    assert [snapshot.passage(row) for row in range(len(snapshot))] == passages
    assert snapshot.entries == {document.entry.id: document.entry for document in small}
    manifest = snapshot.manifest
    assert (manifest.documents, manifest.passages, manifest.units) == (4, 6, 10)
    assert (manifest.encoder, manifest.encoder_digest) == (hash_encoder.name, hash_encoder.digest)
    assert set(manifest.files) == set(FILES)


def test_a_unit_keeps_its_page(
    small_documents: Path, tmp_path: Path, hash_encoder: Encoder, write_document: Callable[..., Path]
) -> None:
    write_document(small_documents, "quy-che", "Một câu.\n<!-- trang 3 -->\nHai câu.")
    data = tmp_path / "paged"
    activate(build(read_folder(small_documents), hash_encoder, data).id, data)
    [passage] = load(data, hash_encoder).passages_of("quy-che")
    assert [unit.page for unit in passage.units] == [None, 3]


def test_row_i_is_the_vector_of_passage_i_and_of_its_units(built: Path, hash_encoder: Encoder) -> None:
    snapshot = load(built, hash_encoder)
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        entry = snapshot.entries[passage.document_id]
        vector = hash_encoder.encode_query(passage_text(entry, passage))
        assert np.array_equal(snapshot.vectors.reconstruct(row), vector)
        units = snapshot.unit_vectors[snapshot.unit_rows[row] : snapshot.unit_rows[row + 1]]
        texts = [unit_text(entry, passage, unit) for unit in passage.units]
        assert np.array_equal(units, hash_encoder.encode_passages(texts).astype(np.float16))


def test_a_line_separator_within_a_text_is_no_end_of_a_line(
    small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path
) -> None:
    entry = dataclasses.replace(small[0].entry, note="Một\u2028hai\x85ba\nbốn")
    manifest = build([dataclasses.replace(small[0], entry=entry)], hash_encoder, tmp_path)
    assert load(tmp_path, hash_encoder, manifest.id).entries == {entry.id: entry}


def test_the_real_corpus_comes_back_whole(snapshot: Snapshot) -> None:
    passages = [passage for document in read_folder() for passage in split(document)]
    assert [snapshot.passage(row) for row in range(len(snapshot))] == passages
    assert len({passage.id for passage in passages}) == len(passages)


@pytest.mark.parametrize("question", ["tong dai 1022", "phường", "hồ sơ trực tuyến hồ sơ", "ngày 1/7/2025 ở đâu"])
def test_memory_mapped_bm25_scores_are_those_of_the_formula(built: Path, hash_encoder: Encoder, question: str) -> None:
    snapshot = load(built, hash_encoder)
    assert not snapshot.bm25.scores["data"].flags.owndata  # a view of the mapped file
    rows = [snapshot.passage(row) for row in range(len(snapshot))]
    counts = [Counter(terms(passage_text(snapshot.entries[passage.document_id], passage))) for passage in rows]
    average = sum(map(Counter.total, counts)) / len(counts)

    def score(count: Counter[str], term: str) -> float:
        holding = sum(term in other for other in counts)
        idf = math.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
        return idf * count[term] / (count[term] + 1.5 * (1 - 0.75 + 0.75 * count.total() / average))

    asked = [term for term in terms(question) if any(term in count for count in counts)]
    expected = [sum(score(count, term) for term in asked) for count in counts]
    assert max(expected) > 0
    assert snapshot.bm25.get_scores(asked) == pytest.approx(expected, abs=1e-5)


def test_many_passages_are_searched_through_a_graph(
    small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.build, "FLAT_LIMIT", 5)
    manifest = build(small, hash_encoder, tmp_path)
    snapshot = load(tmp_path, hash_encoder, manifest.id)
    assert manifest.search == "hnsw"
    assert isinstance(faiss.downcast_index(snapshot.vectors), faiss.IndexHNSWFlat)
    for row in range(len(snapshot)):
        vector = snapshot.vectors.reconstruct(row)
        cosines, rows = snapshot.vectors.search(vector[None, :], 1)
        assert rows.tolist() == [[row]]
        assert cosines.tolist()[0] == [pytest.approx(1, abs=1e-5)]


def test_others_than_the_builder_may_read_a_snapshot(
    small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        folder = tmp_path / "snapshots" / build(small, hash_encoder, tmp_path).id
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert {file.stat().st_mode & 0o044 for file in folder.rglob("*")} == {0o044}


def test_documents_without_text_make_no_snapshot(
    small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path
) -> None:
    empty = [dataclasses.replace(document, body=len(document.text)) for document in small]
    with pytest.raises(IndexingError, match="hanoidx corpus check"):
        build(empty, hash_encoder, tmp_path)
    assert names(tmp_path / "snapshots") == {".lock"}


# Suggestions


def test_suggestions_are_made_from_the_finished_snapshot_and_come_back(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    asked: list[str] = []

    def suggest(snapshot: Snapshot, previous: Snapshot | None) -> Iterator[Suggestion]:
        assert snapshot.suggestions == {}
        asked.extend(question for question, _ in snapshot.sample_questions())
        yield Suggestion("", 0, "Hỏi gì?")
        yield from sampled(snapshot)

    manifest = build(small, hash_encoder, built, suggest=suggest)
    snapshot = load(built, hash_encoder, manifest.id)
    assert len(asked) == 3
    assert manifest.suggestions == 4
    assert snapshot.suggestions[""] == (Suggestion("", 0, "Hỏi gì?"),)
    assert snapshot.suggestions["xa-phuong#so-luong"] == (Suggestion("xa-phuong#so-luong", 1, "Có mấy phường?"),)


def test_sample_questions_are_not_encoded_again_for_suggestions(
    tmp_path: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    class Counting(Watched):
        def encode_query(self, text: str) -> Vectors:
            self.texts.append(text)
            return super().encode_query(text)

    counting = Counting(hash_encoder)

    def suggest(snapshot: Snapshot, previous: Snapshot | None) -> tuple[Suggestion, ...]:
        counting.texts.clear()
        for question in ("Có mấy phường?", "Có mấy xã?"):
            assert np.array_equal(snapshot.encoder.encode_query(question), hash_encoder.encode_query(question))
        return ()

    build(small, counting, tmp_path, suggest=suggest)
    assert counting.texts == ["Có mấy xã?"]


def test_a_snapshot_may_be_without_suggestions(
    tmp_path: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    manifest = build(small, hash_encoder, tmp_path)
    assert manifest.suggestions == 0
    assert load(tmp_path, hash_encoder, manifest.id).suggestions == {}


def test_a_failure_while_suggestions_are_made_leaves_nothing(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    def suggest(snapshot: Snapshot, previous: Snapshot | None) -> Iterator[Suggestion]:
        yield Suggestion("", 0, "Hỏi gì?")
        raise KeyboardInterrupt

    before = names(built / "snapshots")
    with pytest.raises(KeyboardInterrupt):
        build(small, hash_encoder, built, suggest=suggest)
    assert names(built / "snapshots") == before


# Building again


def test_building_the_same_again_encodes_nothing_and_writes_the_same_bytes(
    data: Path, encoder: Encoder, suggest: Suggest, tmp_path: Path
) -> None:
    copy = shutil.copytree(data, tmp_path / "data")
    watched = Watched(encoder)
    again = build(read_folder(), watched, copy, suggest=suggest)
    assert watched.texts == []
    first = verify(folder_of(copy))
    assert again.id != first.id
    assert dataclasses.replace(again, id=first.id, created=first.created) == first
    for name in first.files:
        assert (copy / "snapshots" / again.id / name).read_bytes() == (folder_of(copy) / name).read_bytes()


def test_the_bytes_do_not_depend_on_the_order_of_hashes(built: Path, small_documents: Path, tmp_path: Path) -> None:
    program = f"""
import sys
sys.path[:0] = {[str(path) for path in Path(__file__).parents[:2]]!r}
from pathlib import Path
from conftest import HashEncoder
from corpus.catalogue import read_folder
from index.build import build
from test_snapshot import sampled

build(read_folder(Path({str(small_documents)!r})), HashEncoder(), Path({str(tmp_path / "other")!r}), suggest=sampled)
"""
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)
    written = [manifest.files for manifest in manifests(tmp_path / "other").values() if isinstance(manifest, Manifest)]
    assert written == [verify(folder_of(built)).files] * 2


def test_after_a_change_only_what_changed_is_encoded(
    built: Path, small_documents: Path, hash_encoder: Encoder, write_document: WriteDocument
) -> None:
    write_document(
        small_documents, "wifi-cong-cong", "## Ở đâu\n\nWifi công cộng có quanh hồ Hoàn Kiếm.\n\n## Giá\n\nMiễn phí."
    )
    watched = Watched(hash_encoder)
    heard: list[tuple[str, int]] = []

    def start(stage: str, size: int) -> Progress:
        heard.append((stage, size))
        return lambda count: None

    manifest = build(read_folder(small_documents), watched, built, start)
    assert watched.texts == ["Wifi cong cong: Giá\nMiễn phí.", "Wifi cong cong: Giá. Miễn phí."]
    assert heard == [("documents", 1), ("terms", 7), ("passages", 1), ("units", 1)]
    assert (manifest.passages, manifest.units) == (7, 11)
    assert len(load(built, hash_encoder, manifest.id)) == 7


def test_a_text_that_stands_twice_is_encoded_once(
    tmp_path: Path, hash_encoder: Encoder, write_document: WriteDocument
) -> None:
    write_document(tmp_path / "documents", "lap-lai", "## Một\n\nGọi 1022. Gọi 1022.")
    watched = Watched(hash_encoder)
    manifest = build(read_folder(tmp_path / "documents"), watched, tmp_path)
    assert watched.texts == ["Lap lai: Một\nGọi 1022.\nGọi 1022.", "Lap lai: Một. Gọi 1022."]
    snapshot = load(tmp_path, hash_encoder, manifest.id)
    assert np.array_equal(snapshot.unit_vectors[0], snapshot.unit_vectors[1])


def test_vectors_of_another_encoder_are_never_taken_over(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    other = another(hash_encoder)
    build(small, other, built)
    assert len(other.texts) == 16


def test_a_damaged_active_snapshot_lends_no_vectors(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    (folder_of(built) / "unit_vectors.npy").write_bytes(b"")
    watched = Watched(hash_encoder)
    manifest = build(small, watched, built)
    assert len(watched.texts) == 16
    activate(manifest.id, built)
    assert load(built, hash_encoder).id == manifest.id


# Damage


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-1], "is not what was written"),
        (lambda content: content[: len(content) // 2], "is not what was written"),
        (lambda content: b"", "is not what was written"),
        (lambda content: content + b"\0", "is not what was written"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "is not what was written"),
        (None, "is missing"),
    ],
    ids=["cut by a byte", "cut in half", "emptied", "longer", "one bit flipped", "removed"],
)
def test_a_damaged_file_is_named_with_the_commands_that_mend_it(
    built: Path, hash_encoder: Encoder, name: str, damage: Callable[[bytes], bytes] | None, reason: str
) -> None:
    file = folder_of(built) / name
    if damage:
        file.write_bytes(damage(file.read_bytes()))
    else:
        file.unlink()
    with pytest.raises(DamagedSnapshot) as refusal:
        load(built, hash_encoder)
    assert str(refusal.value) == (
        f"snapshot {active(built)} is damaged: {name} {reason}; "
        "go back with `hanoidx index activate ID` or build anew with `hanoidx index build`"
    )


def test_a_file_that_does_not_belong_to_a_snapshot_is_named(built: Path, hash_encoder: Encoder) -> None:
    (folder_of(built) / "bm25" / "corpus.jsonl").write_text("{}")
    with pytest.raises(DamagedSnapshot, match=r"bm25/corpus\.jsonl does not belong to it"):
        load(built, hash_encoder)


def test_a_file_that_cannot_be_read_is_named(built: Path, hash_encoder: Encoder) -> None:
    (folder_of(built) / "offsets.npy").unlink()
    (folder_of(built) / "offsets.npy").symlink_to("nowhere")
    with pytest.raises(DamagedSnapshot, match=r"offsets.npy cannot be read \(No such file"):
        load(built, hash_encoder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'"a"', b'{"format": "1"}'])
def test_a_manifest_that_is_none_is_refused(built: Path, hash_encoder: Encoder, content: bytes) -> None:
    (folder_of(built) / "manifest.json").write_bytes(content)
    with pytest.raises(DamagedSnapshot, match=r"manifest\.json"):
        load(built, hash_encoder)


def test_a_missing_manifest_is_refused(built: Path, hash_encoder: Encoder) -> None:
    (folder_of(built) / "manifest.json").unlink()
    with pytest.raises(DamagedSnapshot, match=r"manifest\.json cannot be read \(No such file"):
        load(built, hash_encoder)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Manifest)])
@pytest.mark.parametrize("value", ["missing", "swapped", None, 1.5, True, []])
def test_a_manifest_with_a_field_missing_or_of_another_kind_is_refused(
    built: Path, hash_encoder: Encoder, name: str, value: object
) -> None:
    folder = folder_of(built)
    fields = json.loads((folder / "manifest.json").read_text("utf-8"))
    kept = fields.pop(name)
    if value == "swapped":
        value = 1 if isinstance(kept, str) else "1"
    if value != "missing":
        fields[name] = value
    (folder / "manifest.json").write_text(json.dumps(fields), "utf-8")
    with pytest.raises(DamagedSnapshot, match=r"manifest\.json does not hold the fields it should"):
        load(built, hash_encoder)


def test_a_manifest_whose_digests_are_no_text_is_refused(built: Path, hash_encoder: Encoder) -> None:
    change_manifest(folder_of(built), lambda fields: fields.update(files=dict.fromkeys(fields["files"], 7)))
    with pytest.raises(DamagedSnapshot, match=r"manifest\.json does not hold the fields it should"):
        load(built, hash_encoder)


def test_a_manifest_with_a_field_too_many_is_refused(built: Path, hash_encoder: Encoder) -> None:
    change_manifest(folder_of(built), lambda fields: fields.update(extra=1))
    with pytest.raises(DamagedSnapshot, match=r"manifest\.json does not hold the fields it should"):
        load(built, hash_encoder)


@pytest.mark.parametrize("name", ["passages", "units", "documents", "suggestions", "dim"])
@pytest.mark.parametrize("difference", [-1, 1])
def test_counts_that_disagree_with_the_manifest_are_refused(
    built: Path, hash_encoder: Encoder, name: str, difference: int
) -> None:
    change_manifest(folder_of(built), lambda fields: fields.update({name: fields[name] + difference}))
    with pytest.raises(DamagedSnapshot, match=r"\d+ .+ in .+, where there should be \d+"):
        load(built, hash_encoder)


def test_files_that_disagree_with_one_another_are_refused(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    """Each file of a smaller corpus is put into the snapshot of a larger one."""
    smaller = build(small[:-1], hash_encoder, built, suggest=sampled)
    of_bm25 = tuple(name for name in FILES if name.startswith("bm25/"))
    for names_of_files in (of_bm25, *((name,) for name in LOADED if name not in of_bm25)):
        _exchange(built, smaller.id, names_of_files, hash_encoder)


def _exchange(data: Path, other: str, files: tuple[str, ...], encoder: Encoder) -> None:
    folder = folder_of(data)
    kept = {name: (folder / name).read_bytes() for name in files}
    for name in files:
        change(folder, name, (data / "snapshots" / other / name).read_bytes())
    with pytest.raises(DamagedSnapshot, match="where there should be"):
        load(data, encoder)
    for name, content in kept.items():
        change(folder, name, content)
    assert load(data, encoder).id == folder.name


@pytest.mark.parametrize("name", LOADED)
@pytest.mark.parametrize("content", [b"", b"garbage", b"{}\n", b"[1]\n", b"1\n"])
def test_a_file_that_this_program_does_not_understand_is_refused(
    built: Path, hash_encoder: Encoder, name: str, content: bytes
) -> None:
    change(folder_of(built), name, content)
    with pytest.raises(DamagedSnapshot):
        load(built, hash_encoder)
    assert load_again(built, hash_encoder)


def load_again(data: Path, encoder: Encoder) -> bool:
    """A build mends what is damaged."""
    folder = data.parent / "documents"
    manifest = build(read_folder(folder), encoder, data)
    activate(manifest.id, data)
    return load(data, encoder).id == manifest.id


def test_a_renamed_snapshot_is_refused(built: Path, hash_encoder: Encoder) -> None:
    folder = folder_of(built)
    folder.rename(folder.with_name("renamed"))
    with pytest.raises(DamagedSnapshot, match=f"manifest.json is that of {folder.name}"):
        load(built, hash_encoder, "renamed")


def test_a_snapshot_of_another_encoder_is_refused_with_both_names(built: Path, hash_encoder: Encoder) -> None:
    with pytest.raises(ForeignSnapshot) as refusal:
        load(built, another(hash_encoder))
    assert str(refusal.value) == (
        f"snapshot {active(built)} was made with encoder hash:256 (000000000000), "
        "this program expects another (ffffffffffff); build anew with `hanoidx index build`"
    )


def test_a_snapshot_of_another_format_is_refused(built: Path, hash_encoder: Encoder) -> None:
    (folder_of(built) / "manifest.json").write_text('{"format": 1, "something": "old"}')
    with pytest.raises(
        ForeignSnapshot, match=f"was made with format 1, this program expects format {FORMAT}; build anew"
    ):
        load(built, hash_encoder)


# Ids, `current`, activation


@pytest.mark.parametrize(
    "snapshot_id", ["../x", "..", ".", "/etc", "a/b", "x\0y", ".building", "current", " ", "\n", "a" * 9999]
)
def test_an_id_leads_nowhere_but_to_a_snapshot(built: Path, hash_encoder: Encoder, snapshot_id: str) -> None:
    (built / "snapshots" / ".building").mkdir()
    (built / "x").mkdir()
    before = (built / "current").read_bytes()
    for attempt in (lambda: activate(snapshot_id, built), lambda: load(built, hash_encoder, snapshot_id)):
        with pytest.raises(UnknownSnapshot, match="`hanoidx index list`") as refusal:
            attempt()
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 600
    assert (built / "current").read_bytes() == before


def test_a_way_around_through_the_parent_is_no_id(built: Path) -> None:
    with pytest.raises(UnknownSnapshot):
        activate(f"../snapshots/{active(built)}", built)


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n"])
def test_a_blank_current_names_no_snapshot(built: Path, hash_encoder: Encoder, content: bytes) -> None:
    (built / "current").write_bytes(content)
    assert active(built) is None
    with pytest.raises(NoSnapshot, match="`hanoidx index build`"):
        load(built, hash_encoder)


@pytest.mark.parametrize("content", [b"nonsense", b"../../etc", b"\xff\xfe\x00", b"a\nb", b"x" * 100_000])
def test_a_current_that_names_nothing_is_refused(built: Path, hash_encoder: Encoder, content: bytes) -> None:
    (built / "current").write_bytes(content)
    with pytest.raises(UnknownSnapshot, match="`hanoidx index build` makes one"):
        load(built, hash_encoder)
    assert load_again(built, hash_encoder)


def test_before_the_first_build_there_is_no_snapshot(tmp_path: Path, hash_encoder: Encoder) -> None:
    assert active(tmp_path / "data") is None
    assert manifests(tmp_path / "data") == {}
    with pytest.raises(NoSnapshot):
        load(tmp_path / "data", hash_encoder)
    with pytest.raises(UnknownSnapshot):
        activate("any", tmp_path / "data")


def test_whoever_has_a_snapshot_loaded_keeps_it(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    snapshot = load(built, hash_encoder)
    passages = [snapshot.passage(row) for row in range(len(snapshot))]
    scores = snapshot.bm25.get_scores(["phuong"]).tolist()
    manifest = build(small[:2], hash_encoder, built)
    activate(manifest.id, built)
    shutil.rmtree(built / "snapshots" / snapshot.id)
    assert [snapshot.passage(row) for row in range(len(snapshot))] == passages
    assert snapshot.bm25.get_scores(["phuong"]).tolist() == scores
    assert len(load(built, hash_encoder)) < len(snapshot)


def test_snapshots_are_listed_newest_first_with_what_is_wrong_in_place_of_a_manifest(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    first = active(built)
    second, third, fourth = (build(small, hash_encoder, built) for _ in range(3))
    (built / "snapshots" / second.id / "offsets.npy").unlink()
    (built / "snapshots" / third.id / "manifest.json").write_text('{"format": 9}')
    (built / "snapshots" / ".building").mkdir()
    listed = manifests(built)
    assert list(listed) == [fourth.id, third.id, second.id, first]
    assert listed[fourth.id] == fourth
    foreign, damaged = listed[third.id], listed[second.id]
    assert isinstance(foreign, ForeignSnapshot)
    assert foreign.reason == f"made with format 9, format {FORMAT} is expected"
    assert isinstance(damaged, DamagedSnapshot)
    assert damaged.reason == "offsets.npy is missing"


# Builds that do not end well


def test_a_build_that_fails_leaves_nothing_and_changes_nothing(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    before = names(built / "snapshots")

    def fail() -> None:
        assert ".building" in names(built / "snapshots")
        raise UnknownEncoder("x", "it broke")

    other = Interrupted(hash_encoder, fail)
    other.digest = "f" * 64  # nothing can be taken over, so that it encodes
    with pytest.raises(UnknownEncoder):
        build(small, other, built)
    assert names(built / "snapshots") == before
    assert load(built, hash_encoder).id == active(built)


def test_a_second_build_at_once_is_refused_and_the_first_goes_on(
    small: tuple[Document, ...], hash_encoder: Encoder, tmp_path: Path
) -> None:
    refused = []

    def build_too() -> None:
        with pytest.raises(BuildUnderWay, match="another build is running") as refusal:
            build(small, hash_encoder, tmp_path)
        refused.append(refusal)

    manifest = build(small, Interrupted(hash_encoder, build_too), tmp_path)
    assert len(refused) == 2
    assert len(load(tmp_path, hash_encoder, manifest.id)) == 6
    build(small, hash_encoder, tmp_path)


def test_a_full_disk_leaves_nothing_and_changes_nothing(
    built: Path, small: tuple[Document, ...], hash_encoder: Encoder
) -> None:
    """Whichever file it is that lacks a byte."""
    before = names(built / "snapshots")
    for size in {(folder_of(built) / name).stat().st_size for name in FILES}:
        with pytest.raises(OSError, match=r"File too large|written"), _files_up_to(size - 1):
            build(small, hash_encoder, built, suggest=sampled)
        assert names(built / "snapshots") == before
        assert load(built, hash_encoder).id == active(built)


@contextmanager
def _files_up_to(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


BUILDER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from conftest import HashEncoder
from corpus.catalogue import read_folder
from index.activation import activate
from index.build import build

documents, data = read_folder(Path(sys.argv[2])), Path(sys.argv[3])
while True:
    print("building", flush=True)
    activate(build(documents, HashEncoder(), data).id, data)
"""


def test_a_build_killed_at_any_moment_leaves_the_active_snapshot_and_the_next_build_works(
    built: Path, small: tuple[Document, ...], small_documents: Path, hash_encoder: Encoder
) -> None:
    random = Random(2)
    for round_ in range(6):
        if round_ % 2:  # with something to encode, because nothing can be taken over
            (built / "current").unlink()
        command = [sys.executable, "-c", BUILDER, str(Path(__file__).parents[1]), str(small_documents), str(built)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as builder:
            assert builder.stdout
            assert builder.stdout.readline() == "building\n"
            time.sleep(random.random() / 10)
            builder.send_signal(signal.SIGKILL)
        if active(built):
            assert len(load(built, hash_encoder)) == 6
        assert all(isinstance(manifest, Manifest) for manifest in manifests(built).values())
        manifest = build(small, hash_encoder, built)
        activate(manifest.id, built)
        assert load(built, hash_encoder).id == manifest.id
        assert {name for name in names(built / "snapshots") if name.startswith(".")} == {".lock", ".activating"}


@pytest.mark.parametrize("encoded", [0, 1])
def test_a_build_killed_while_it_encodes_leaves_a_folder_that_the_next_build_removes(
    small: tuple[Document, ...], small_documents: Path, hash_encoder: Encoder, tmp_path: Path, encoded: int
) -> None:
    program = f"""
import os, signal, sys
sys.path[:0] = {[str(path) for path in Path(__file__).parents[:2]]!r}
from pathlib import Path
from conftest import HashEncoder
from corpus.catalogue import read_folder
from index.build import build

class Dying(HashEncoder):
    left = {encoded}
    def encode_passages(self, texts, progress=None):
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return super().encode_passages(texts, progress)

build(read_folder(Path({str(small_documents)!r})), Dying(), Path({str(tmp_path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert ".building" in names(tmp_path / "snapshots")
    assert manifests(tmp_path) == {}
    manifest = build(small, hash_encoder, tmp_path)
    assert names(tmp_path / "snapshots") == {manifest.id, ".lock"}
