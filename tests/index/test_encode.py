import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index.encode import BATCH, GRAPH, MODEL, WEIGHTS, Encoder, SentenceTransformerEncoder, Vectors, load_encoder
from index.errors import UnknownEncoder
from index.graph import DIRECTIONS, Directions, graph

SENTENCE = "Từ ngày 1/7/2025, Hà Nội thực hiện mô hình chính quyền địa phương hai cấp với 126 xã, phường. "
SENTENCE_TRANSFORMERS = "`sentence-transformers:FOLDER` or `sentence-transformers:ORGANISATION/NAME`"
QUERIES = (
    "Hà Nội có bao nhiêu xã, phường?",
    "ha noi co bao nhieu xa phuong",
    "dvc onl mat tien ko",
    "126",
    "How do I submit documents online in Hanoi?",
    SENTENCE * 10,
    SENTENCE * 60,
)
PASSAGES = (
    "Wifi công cộng",
    "Nộp hồ sơ trực tuyến ở đâu: Nộp trên Cổng Dịch vụ công quốc gia, địa chỉ https://dichvucong.gov.vn.",
    "Nop ho so truc tuyen tren Cong Dich vu cong quoc gia.",
    SENTENCE * 7,
    SENTENCE * 60,
)


@pytest.fixture(scope="module")
def reference() -> SentenceTransformerEncoder:
    loaded = load_encoder(f"sentence-transformers:{MODEL}")
    assert isinstance(loaded, SentenceTransformerEncoder)
    return loaded


def cosines(one: Vectors, other: Vectors) -> Vectors:
    """Row by row; both are of length 1."""
    return np.asarray((one * other).sum(axis=-1), np.float32)


@pytest.mark.parametrize("text", QUERIES)
def test_the_bundled_encoder_encodes_a_query_as_sentence_transformers_does(
    encoder: Encoder, reference: Encoder, text: str
) -> None:
    assert encoder.encode_query(text) @ reference.encode_query(text) >= 0.9999


def test_the_bundled_encoder_encodes_passages_as_sentence_transformers_does(
    encoder: Encoder, reference: Encoder
) -> None:
    """Both compute in float32 with the same weights, so only the order of sums differs."""
    ours, theirs = encoder.encode_passages(PASSAGES), reference.encode_passages(PASSAGES)
    assert ours.shape == theirs.shape == (len(PASSAGES), encoder.dim)
    assert cosines(ours, theirs).min() >= 0.9999


def test_the_bundled_graph_is_what_its_weights_make() -> None:
    config = json.loads((MODEL / "config.json").read_text("utf-8"))
    with np.load(MODEL / DIRECTIONS) as stored:
        directions = Directions(stored["middle"], stored["axes"])
    made = graph(MODEL / WEIGHTS, config, directions).SerializeToString(deterministic=True)
    assert made == (MODEL / GRAPH).read_bytes(), "run `make graph`"


def test_weights_of_another_precision_are_refused_by_name(tmp_path: Path) -> None:
    header = json.dumps({"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    (tmp_path / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header.encode() + bytes(4))
    with pytest.raises(ValueError, match=r"embeddings\.word_embeddings\.weight is F32, not F16"):
        graph(tmp_path / WEIGHTS, json.loads((MODEL / "config.json").read_text("utf-8")))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by /proc")
def test_a_loaded_encoder_keeps_its_weights_once() -> None:
    program = """
from index.encode import load_encoder
before = resident()
encoder = load_encoder("onnx")
encoder.encode_query("một")
print(resident() - before < 190)
"""
    status = "int(open('/proc/self/status').read().split('VmRSS:')[1].split()[0]) // 1024"
    assert _python(f"import onnxruntime\nresident = lambda: {status}\n{program}", {}) == ["True"]


def test_a_folder_of_sentence_transformers_tells_its_name_and_size(encoder: Encoder, reference: Encoder) -> None:
    assert reference.name == f"sentence-transformers:{MODEL}"
    assert reference.dim == encoder.dim == 384
    assert reference.digest != encoder.digest  # two programs compute them: their vectors must never meet


def test_the_digest_is_the_same_each_time_a_model_is_loaded(reference: Encoder) -> None:
    assert load_encoder(f"sentence-transformers:{MODEL}").digest == reference.digest


def test_queries_and_passages_of_the_same_words_have_different_vectors(encoder: Encoder) -> None:
    assert not np.array_equal(encoder.encode_query(SENTENCE), encoder.encode_passages([SENTENCE])[0])


@pytest.mark.parametrize("name", ["encoder", "reference"])
def test_passages_of_mixed_lengths_come_back_in_their_order_as_if_encoded_one_by_one(
    name: str, request: pytest.FixtureRequest
) -> None:
    loaded: Encoder = request.getfixturevalue(name)
    texts = [" ".join([f"mục {row}", *["nội dung"] * (row * 7 % 23)]) for row in range(BATCH + 9)]
    together = loaded.encode_passages(texts)
    alone = np.stack([loaded.encode_passages([text])[0] for text in texts])
    assert cosines(together, alone).min() >= 0.9999
    assert (alone @ together.T).argmax(axis=1).tolist() == list(range(len(texts)))


@pytest.mark.parametrize("name", ["encoder", "reference"])
@pytest.mark.parametrize("text", ["", " ", "a", "😀", "\x00", "\u202e", "ﷺ" * 50, SENTENCE * 60])
def test_any_text_has_a_vector_of_length_one(name: str, text: str, request: pytest.FixtureRequest) -> None:
    loaded: Encoder = request.getfixturevalue(name)
    for vector in (loaded.encode_query(text), loaded.encode_passages([text])[0]):
        assert vector.dtype == np.float32
        assert vector.shape == (loaded.dim,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_a_vector_is_the_same_whatever_else_is_encoded(encoder: Encoder) -> None:
    texts = [SENTENCE, "a", SENTENCE * 5, "Lệ phí là bao nhiêu?"]
    together = encoder.encode_passages(texts)
    assert np.array_equal(together, np.stack([encoder.encode_passages([text])[0] for text in texts]))


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == (0, encoder.dim)


def test_ten_thousand_characters_are_read_as_far_as_512_pieces(encoder: Encoder) -> None:
    text = (SENTENCE * 110)[:10_000]
    assert np.array_equal(encoder.encode_query(text), encoder.encode_query(text + "Chuyện khác hẳn."))
    assert not np.array_equal(encoder.encode_query(text[:500]), encoder.encode_query(text[:500] + "Chuyện khác hẳn."))


@pytest.mark.parametrize("name", ["encoder", "reference"])
def test_progress_hears_of_every_text(name: str, request: pytest.FixtureRequest) -> None:
    loaded: Encoder = request.getfixturevalue(name)
    heard: list[int] = []
    loaded.encode_passages(["một", "hai"] * BATCH, heard.append)
    assert sum(heard) == 2 * BATCH
    assert len(heard) > 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "there is no such kind"),
        ("bge-m3", "there is no such kind"),
        ("ONNX", "there is no such kind"),
        ("sentence-transformers", "it says no folder and no model"),
        ("sentence-transformers:", "it says no folder and no model"),
        ("sentence-transformers:/no/such/folder", "/no/such/folder not found"),
        ("onnx:/no/such/folder", "/no/such/folder/model.onnx is not there"),
    ],
)
def test_an_encoder_that_does_not_exist_is_refused_with_what_to_name(name: str, reason: str) -> None:
    with pytest.raises(UnknownEncoder) as refusal:
        load_encoder(name)
    text = str(refusal.value)
    assert text.startswith(f"encoder «{name}»: ")
    assert reason in text
    assert text.endswith("; name `onnx`, `onnx:FOLDER`, " + SENTENCE_TRANSFORMERS)


def test_the_bundled_folder_can_be_named_and_copied(encoder: Encoder, tmp_path: Path) -> None:
    copy = _copy_of_the_model(tmp_path)
    loaded = load_encoder(f"onnx:{copy}")
    assert (loaded.name, loaded.digest, loaded.dim) == ("onnx:copy", encoder.digest, encoder.dim)
    assert np.allclose(loaded.encode_query("phường"), encoder.encode_query("phường"), atol=1e-5)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.onnx", b""),
        ("model.safetensors", b""),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"\xff"),
        ("config_sentence_transformers.json", b""),
        ("config_sentence_transformers.json", b"[]"),
        ("config_sentence_transformers.json", b'{"prompts": {"query": "query: "}}'),
    ],
)
def test_a_model_with_a_damaged_file_is_refused_in_one_line(tmp_path: Path, file: str, content: bytes) -> None:
    copy = _copy_of_the_model(tmp_path)
    (copy / file).unlink()
    (copy / file).write_bytes(content)
    with pytest.raises(UnknownEncoder, match=r"it cannot be loaded \(.+\); name `onnx`") as refusal:
        load_encoder(f"onnx:{copy}")
    assert "\n" not in str(refusal.value)


def test_a_change_of_any_file_changes_the_digest(encoder: Encoder, tmp_path: Path) -> None:
    copy = _copy_of_the_model(tmp_path)
    config = json.loads((copy / "config_sentence_transformers.json").read_text("utf-8"))
    config["prompts"]["query"] = "câu hỏi: "
    (copy / "config_sentence_transformers.json").unlink()
    (copy / "config_sentence_transformers.json").write_text(json.dumps(config), "utf-8")
    assert load_encoder(f"onnx:{copy}").digest != encoder.digest


def test_without_the_hub_a_model_loads_if_it_was_downloaded_and_is_refused_at_once_if_not(
    reference: Encoder, tmp_path: Path
) -> None:
    downloaded = tmp_path / "hub" / "models--hanoi--e5"
    (downloaded / "refs").mkdir(parents=True)
    (downloaded / "refs" / "main").write_text("abc")
    (downloaded / "snapshots").mkdir()
    (downloaded / "snapshots" / "abc").symlink_to(MODEL, target_is_directory=True)
    program = """
import time
from index.encode import load_encoder
from index.errors import UnknownEncoder
from index.graph import graph

print(load_encoder("sentence-transformers:hanoi/e5").digest)
started = time.perf_counter()
try:
    load_encoder("sentence-transformers:nobody/no-such-model")
except UnknownEncoder as error:
    print(error)
print(time.perf_counter() - started < 15)
"""
    nobody_listens = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    *_, digest, refusal, quick = _python(program, nobody_listens)
    assert digest == reference.digest
    assert refusal.startswith(
        "encoder «sentence-transformers:nobody/no-such-model»: it cannot be loaded (no such folder"
    )
    assert quick == "True"


def test_an_encoder_without_its_libraries_says_which_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UnknownEncoder, match="sentence_transformers"):
        load_encoder(f"sentence-transformers:{MODEL}")


def test_the_serving_path_never_imports_torch(data: Path) -> None:
    program = f"""
import sys
from pathlib import Path
import bot.__main__, bot.answering.answer
from index.encode import load_encoder
from index.query import parse
from index.search import search
from index.snapshot import load

snapshot = load(Path({str(data)!r}), load_encoder("onnx"))
print(len(search(snapshot, parse("Hà Nội có bao nhiêu xã, phường?"), 5)))
print([name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules])
"""
    assert _python(program, {}) == ["5", "[]"]


def _copy_of_the_model(tmp_path: Path) -> Path:
    """The files that the encoder reads."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in (GRAPH, WEIGHTS, "tokenizer.json", "config_sentence_transformers.json"):
        shutil.copyfile(MODEL / file, copy / file)
    return copy


def _python(program: str, environment: dict[str, str]) -> Sequence[str]:
    """The lines that a fresh interpreter prints on both streams."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()
