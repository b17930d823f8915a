"""A build takes over what has not changed, goes on where a killed one was, and gives what one from nothing gives."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteDocument

import index.build
import index.encode
from corpus.catalogue import Draft, drafts, read_folder
from corpus.document import Document
from corpus.errors import CorpusError
from index import encodings, far
from index.activation import activate
from index.build import build, program
from index.encode import Encoder, Progress, Vectors, WithoutTokens
from index.snapshot import Manifest, Snapshot, Suggestion, active, load

LEFT = ".encoded"  # by a killed build
TEXTS = 6 + 10 + 3 + len(far.texts())  # passages, units and sample questions of the small documents


class Counting(WithoutTokens):
    """An encoder that counts what it encodes, and may do something before."""

    def __init__(self, encoder: Encoder, before: Callable[[int], object] = lambda texts: None) -> None:
        self.name, self.digest, self.dim = encoder.name, encoder.digest, encoder.dim
        self._encoder, self._before = encoder, before
        self.texts = 0

    def encode_query(self, text: str) -> Vectors:
        self._before(self.texts)
        self.texts += 1
        return self._encoder.encode_query(text)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self._before(self.texts)
        self.texts += len(texts)
        return self._encoder.encode_passages(texts, progress)


class Heard:
    """The stages that a build tells of, and their sizes."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def start(self, stage: str, size: int) -> Progress:
        self.sizes[stage] = size
        return lambda count: None


def sampled(snapshot: Snapshot, _previous: Snapshot | None) -> Iterator[Suggestion]:
    for row in range(len(snapshot)):
        passage = snapshot.passage(row)
        for place, unit in enumerate(passage.units):
            yield from (Suggestion(passage.id, place, question) for question in unit.questions)


def assert_same(one: Manifest, data: Path, other: Manifest, other_data: Path) -> None:
    """Every file of two snapshots, byte for byte, and their manifests."""
    assert one.files.keys() == other.files.keys()
    for name in one.files:
        content = (data / "snapshots" / one.id / name).read_bytes()
        assert content == (other_data / "snapshots" / other.id / name).read_bytes(), name
    assert dataclasses.replace(one, id="", created="") == dataclasses.replace(other, id="", created="")


@pytest.fixture
def built(small_documents: Path, hash_encoder: Encoder, tmp_path: Path) -> Path:
    """A data folder with an active snapshot of the small documents' files."""
    data = tmp_path / "data"
    activate(build(drafts(small_documents), hash_encoder, data, suggest=sampled).id, data)
    return data


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


# What is unchanged is taken over


def _nothing(folder: Path) -> None:
    pass


def _added(folder: Path) -> None:
    text = (folder / "xa-phuong.md").read_text("utf-8").replace("id: xa-phuong", "id: them-mot")
    (folder / "them-mot.md").write_text(text.replace("126 xã", "một trăm hai mươi sáu xã"), "utf-8")


def _changed(folder: Path) -> None:
    replace(folder / "tong-dai-1022.md", "làm việc 24/7.", "làm việc cả ngày lẫn đêm. Gọi miễn phí.")


def _removed(folder: Path) -> None:
    (folder / "tong-dai-1022.md").unlink()
    (folder / "questions" / "tong-dai-1022.yaml").unlink()


def _renamed(folder: Path) -> None:
    (folder / "a-xa-phuong.md").write_text(
        (folder / "xa-phuong.md").read_text("utf-8").replace("id: xa-phuong", "id: a-xa-phuong"), "utf-8"
    )
    (folder / "xa-phuong.md").unlink()
    (folder / "questions" / "xa-phuong.yaml").rename(folder / "questions" / "a-xa-phuong.yaml")


def _other_questions(folder: Path) -> None:
    replace(folder / "questions" / "xa-phuong.yaml", "Có mấy phường?", "Có mấy phường?', 'Bao nhiêu phường vậy?")


def _no_questions(folder: Path) -> None:
    (folder / "questions" / "le-phi-truc-tuyen.yaml").unlink()


def _another_title(folder: Path) -> None:
    replace(folder / "wifi-cong-cong.md", "title: Wifi cong cong", "title: Wifi công cộng ở hồ Gươm")


def _superseding(folder: Path) -> None:
    replace(folder / "xa-phuong.md", "supersedes: []", "supersedes: [tong-dai-1022, wifi-cong-cong]")


def _several(folder: Path) -> None:
    for change in (_added, _removed, _other_questions, _another_title):
        change(folder)


CHANGES: dict[Callable[[Path], None], tuple[int, int]] = {  # how many documents are read, how many texts encoded
    _nothing: (0, 0),
    _added: (1, 2),
    _changed: (1, 3),
    _removed: (0, 0),
    _renamed: (1, 0),
    _other_questions: (1, 1),
    _no_questions: (1, 0),
    _another_title: (1, 2),
    _superseding: (1, 0),
    _several: (3, 5),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_build_after_a_change_gives_what_a_build_from_nothing_gives(
    built: Path, small_documents: Path, hash_encoder: Encoder, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    change(small_documents)
    heard, counting = Heard(), Counting(hash_encoder)
    again = build(drafts(small_documents), counting, built, heard.start, suggest=sampled)
    anew = build(drafts(small_documents), hash_encoder, tmp_path / "anew", suggest=sampled)
    assert_same(again, built, anew, tmp_path / "anew")
    assert (heard.sizes.get("documents", 0), counting.texts) == CHANGES[change]


def test_a_change_and_back_gives_the_first_snapshot_again(
    built: Path, small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    first = load(built, hash_encoder).manifest
    kept = shutil.copytree(small_documents, tmp_path / "kept")
    _several(small_documents)
    activate(build(drafts(small_documents), hash_encoder, built, suggest=sampled).id, built)
    assert_same(build(drafts(kept), hash_encoder, built, suggest=sampled), built, first, built)


def test_documents_in_another_order_are_taken_over_too(
    built: Path, small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    heard = Heard()
    turned = drafts(small_documents)[::-1]
    again = build(turned, hash_encoder, built, heard.start)
    assert_same(again, built, build(turned, hash_encoder, tmp_path / "anew"), tmp_path / "anew")
    assert "documents" not in heard.sizes


def test_documents_that_were_read_before_are_taken_over_by_their_content(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    small: list[Document | Draft] = [*read_folder(small_documents)]
    activate(build(small, hash_encoder, tmp_path / "data").id, tmp_path / "data")
    heard = Heard()
    assert isinstance(small[0], Document)
    small[0] = dataclasses.replace(small[0], text=f"{small[0].text}\nThêm một câu.\n")
    again = build(small, hash_encoder, tmp_path / "data", heard.start)
    assert heard.sizes["documents"] == 1
    assert_same(again, tmp_path / "data", build(small, hash_encoder, tmp_path / "anew"), tmp_path / "anew")


def test_an_unchanged_document_that_names_one_that_is_gone_is_refused(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    _superseding(small_documents)
    activate(build(drafts(small_documents), hash_encoder, tmp_path / "data").id, tmp_path / "data")
    _removed(small_documents)
    with pytest.raises(
        CorpusError, match=r"xa-phuong\.md:10: «supersedes» names 'tong-dai-1022', which no document is"
    ):
        build(drafts(small_documents), hash_encoder, tmp_path / "data")


def test_another_program_reads_everything_anew_and_takes_the_vectors(
    built: Path, small_documents: Path, hash_encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _changed(small_documents)
    monkeypatch.setattr(index.build, "program", lambda: "another")
    heard, counting = Heard(), Counting(hash_encoder)
    again = build(drafts(small_documents), counting, built, heard.start, suggest=sampled)
    anew = build(drafts(small_documents), hash_encoder, tmp_path / "anew", suggest=sampled)
    assert_same(again, built, anew, tmp_path / "anew")
    assert (heard.sizes["documents"], counting.texts) == (4, 3)


def test_another_way_to_encode_takes_nothing(
    built: Path, small_documents: Path, hash_encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "encode.py").write_text("another program")
    monkeypatch.setattr(index.encode, "__file__", str(tmp_path / "encode.py"))
    counting = Counting(hash_encoder)
    build(drafts(small_documents), counting, built)
    assert counting.texts == TEXTS


def test_a_snapshot_of_an_older_format_is_built_over(built: Path, small_documents: Path, hash_encoder: Encoder) -> None:
    (built / "snapshots" / (active(built) or "") / "manifest.json").write_text('{"format": 2}')
    counting = Counting(hash_encoder)
    activate(build(drafts(small_documents), counting, built).id, built)
    assert counting.texts == TEXTS
    assert len(load(built, hash_encoder)) == 6


def test_the_program_is_all_that_decides_what_becomes_of_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Path.read_bytes

    def listening(file: Path) -> bytes:
        read.append(str(file.relative_to(Path(index.__path__[0]).parent)))
        return whole(file)

    monkeypatch.setattr(Path, "read_bytes", listening)
    assert program() == program.__wrapped__()
    assert {
        "corpus/split.py",
        "corpus/language/everyday.txt",
        "index/query.py",
        "index/synonyms.yaml",
        "bot/answering/rank.py",
    } <= {*read}


# What a killed build had encoded


def dying(folder: Path, data: Path, texts: int) -> None:
    """A build in a process that is killed when it has encoded so many texts; they are written two by two."""
    code = f"""
import os, signal, sys
sys.path[:0] = {[str(path) for path in Path(__file__).parents[:3]]!r}
from pathlib import Path
from conftest import HashEncoder
from corpus.catalogue import drafts
from index import encodings
from index.build import build
from test_build import Counting

def die(texts):
    if texts >= {texts}:
        os.kill(os.getpid(), signal.SIGKILL)

encodings.AT_ONCE = 2
build(drafts(Path({str(folder)!r})), Counting(HashEncoder(), die), Path({str(data)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("texts", [4, 10, 17])
def test_a_build_after_a_killed_one_encodes_only_what_is_missing(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path, texts: int
) -> None:
    data = tmp_path / "data"
    dying(small_documents, data, texts)
    counting = Counting(hash_encoder)
    again = build(drafts(small_documents), counting, data)
    lost = 1 if texts > 16 else 0  # the question that was encoded, but not yet with another
    assert counting.texts == TEXTS - texts + lost
    assert_same(again, data, build(drafts(small_documents), hash_encoder, tmp_path / "anew"), tmp_path / "anew")
    assert {file.name for file in (data / "snapshots").iterdir()} == {again.id, ".lock"}


@pytest.mark.parametrize(("name", "lost"), [("unit.vectors", 0), ("unit.digests", 0), ("passage.vectors", 0)])
def test_half_a_record_at_the_end_is_left_out(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path, name: str, lost: int
) -> None:
    data = tmp_path / "data"
    dying(small_documents, data, 10)
    (file,) = (data / "snapshots" / LEFT).glob(f"*/{name}")
    with file.open("ab") as stream:
        stream.write(b"half")
    counting = Counting(hash_encoder)
    again = build(drafts(small_documents), counting, data)
    assert counting.texts == TEXTS - 10 + lost
    assert_same(again, data, build(drafts(small_documents), hash_encoder, tmp_path / "anew"), tmp_path / "anew")


def test_a_vector_without_its_digest_is_encoded_again(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    dying(small_documents, data, 10)
    (digests,) = (data / "snapshots" / LEFT).glob("*/unit.digests")
    os.truncate(digests, digests.stat().st_size - 1)
    counting = Counting(hash_encoder)
    again = build(drafts(small_documents), counting, data)
    assert counting.texts == TEXTS - 9
    assert_same(again, data, build(drafts(small_documents), hash_encoder, tmp_path / "anew"), tmp_path / "anew")


def test_an_interrupted_build_leaves_its_encodings_and_one_without_room_does_not(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "AT_ONCE", 2)
    for error, left in ((KeyboardInterrupt(), {".lock", LEFT}), (OSError(28, "No space left"), {".lock"})):

        def stop(texts: int, error: BaseException = error) -> None:
            if texts >= 4:
                raise error

        with pytest.raises(type(error)):
            build(drafts(small_documents), Counting(hash_encoder, stop), tmp_path / "data")
        assert {file.name for file in (tmp_path / "data" / "snapshots").iterdir()} == left


def test_what_another_encoder_had_encoded_is_thrown_away(
    small_documents: Path, hash_encoder: Encoder, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    dying(small_documents, data, 10)
    other = Counting(hash_encoder)
    other.digest = "f" * 64
    manifest = build(drafts(small_documents), other, data)
    assert other.texts == TEXTS
    assert {file.name for file in (data / "snapshots").iterdir()} == {manifest.id, ".lock"}


# Long texts, large corpora


def test_texts_are_encoded_a_few_at_a_time_and_each_once(
    hash_encoder: Encoder, tmp_path: Path, write_document: WriteDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "AT_ONCE", 3)
    monkeypatch.setattr(index.build, "BLOCK", 2)
    for name in "abcdef":
        write_document(tmp_path / "documents", name, "Gọi 1022. Gọi 115.", title="Gọi")
    sizes: list[int] = []

    class Listening(Counting):
        def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
            sizes.append(len(texts))
            return super().encode_passages(texts, progress)

    manifest = build(drafts(tmp_path / "documents"), Listening(hash_encoder), tmp_path / "data")
    assert sizes == [1, 2]
    snapshot = load(tmp_path / "data", hash_encoder, manifest.id)
    assert np.array_equal(snapshot.unit_vectors[:2], snapshot.unit_vectors[-2:])
    assert np.array_equal(snapshot.vectors.reconstruct(0), snapshot.vectors.reconstruct(5))
