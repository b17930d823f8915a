"""What several tests share: the real corpus with its snapshot, built once, and an encoder whose vectors are plain."""

import zlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from bot.candidates import suggestions
from corpus.catalogue import read_folder
from corpus.normalize import words
from index.encode import Encoder, OnnxEncoder, Progress, Vectors
from index.snapshot import Snapshot, Suggest, activate, build, load

WriteDocument = Callable[..., Path]


class HashEncoder:
    """Counts folded words in `dim` boxes: texts are near each other as far as they share words."""

    def __init__(self, dim: int = 256) -> None:
        self.name = f"hash:{dim}"
        self.digest = f"{dim:064}"
        self.dim = dim

    def encode_query(self, text: str) -> Vectors:
        vector = np.zeros(self.dim, np.float32)
        for word in words(text):
            vector[zlib.crc32(word.encode()) % self.dim] += 1
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1.0), np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress:
            progress(len(texts))
        return np.stack([self.encode_query(text) for text in texts])


def _write_document(folder: Path, document_id: str, body: str, **fields: object) -> Path:
    """A document that `hanoidx corpus check` finds in order; `fields` replace those of its front matter."""
    folder.mkdir(parents=True, exist_ok=True)
    front = {
        "id": document_id,
        "title": document_id.replace("-", " ").capitalize(),
        "issuer": "UBND thành phố Hà Nội",
        "number": None,
        "doc_type": "hướng dẫn",
        "issued": "2025-07-01",
        "as_of": "2025-07-01",
        "status": "còn hiệu lực",
        "supersedes": [],
        "superseded_by": [],
        "sources": [
            {"n": 1, "title": "Cổng", "url": "https://hanoi.gov.vn", "publisher": "UBND", "date": "2025-07-01"}
        ],
    } | fields
    path = folder / f"{document_id}.md"
    path.write_text(f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False)}---\n\n{body}\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    """The bundled encoder."""
    return OnnxEncoder()


@pytest.fixture(scope="session")
def suggest() -> Suggest:
    """Makes suggestions as `hanoidx index build` does."""
    return lambda snapshot: suggestions(snapshot, date(2026, 11, 1), lambda stage, size: lambda count: None)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, suggest: Suggest) -> Path:
    """A data folder with one snapshot, of the real corpus, activated. Tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("data")
    activate(build(read_folder(), encoder, folder, suggest=suggest).id, folder)
    return folder


@pytest.fixture(scope="session")
def snapshot(data: Path, encoder: Encoder) -> Snapshot:
    """The snapshot of the real corpus, loaded."""
    return load(data, encoder)


@pytest.fixture
def hash_encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def write_document() -> WriteDocument:
    return _write_document


@pytest.fixture
def small_documents(tmp_path: Path) -> Path:
    """A folder of four small documents: 6 passages, 10 units, 3 sample questions, one of them for the last document."""
    folder = tmp_path / "documents"
    _write_document(
        folder,
        "tong-dai-1022",
        "## Gọi số nào\n\nTổng đài 1022 tiếp nhận phản ánh của người dân. Tổng đài làm việc 24/7.\n\n"
        "## Ứng dụng\n\nNgười dân cũng có thể gửi phản ánh qua ứng dụng iHanoi. [1]",
    )
    _write_document(
        folder,
        "xa-phuong",
        "## Số lượng\n\nTừ ngày 1/7/2025 Hà Nội có 126 xã, phường.\n\n"
        "| Loại | Số |\n| --- | --- |\n| Phường | 51 |\n| Xã | 75 |",
        number="1656/NQ-UBTVQH15",
        doc_type="nghị quyết",
    )
    _write_document(
        folder,
        "le-phi-truc-tuyen",
        "## Mức thu\n\nNộp hồ sơ trực tuyến được miễn lệ phí.\n\n## Hồ sơ\n\n- Đơn đăng ký;\n- Căn cước công dân.",
    )
    _write_document(folder, "wifi-cong-cong", "## Ở đâu\n\nWifi công cộng có quanh hồ Hoàn Kiếm.")
    (folder / "questions").mkdir()
    for document_id, answered_by, question in (
        ("le-phi-truc-tuyen", "Nộp hồ sơ trực tuyến", "Làm giấy tờ qua mạng có mất tiền không?"),
        ("tong-dai-1022", "Tổng đài 1022", "Muốn báo ổ gà thì gọi số nào?"),
        ("xa-phuong", "Phường: 51", "Có mấy phường?"),
    ):
        text = f"- answered_by: {answered_by!r}\n  questions: [{question!r}]\n"
        (folder / "questions" / f"{document_id}.yaml").write_text(text, "utf-8")
    return folder
