"""What several tests share: the real corpus with its snapshot, built once, an encoder whose vectors are plain, and
databases of both kinds.
"""

import fcntl
import functools
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from noise import SEEDS, NoisyEncoder, noisy
from sqlalchemy import Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from bot.answering.candidates import suggestions
from bot.records.database import database
from corpus.catalogue import read_folder
from corpus.language.normalize import words
from index.activation import activate
from index.build import Suggest, build
from index.encode import Encoder, OnnxEncoder, Progress, Vectors, WithoutTokens
from index.shipped import ShippedEncoder
from index.snapshot import Snapshot, active, load

WriteDocument = Callable[..., Path]
WriteThree = Callable[..., None]

# Run a server until the pipe that is read from is closed, if only because its other end was killed.
GUARD = 'exec 3<&0; "$@" 3<&- & server=$!; (read _ <&3; kill -INT $server) & wait $server'


class HashEncoder(WithoutTokens):
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


class QueriesRemembered(OnnxEncoder):
    """Encodes a query once, because many tests ask the same; on one thread, because test files run side by side."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self._query = functools.cache(self._encode)


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    """The bundled encoder."""
    return QueriesRemembered()


@pytest.fixture(scope="session")
def suggest() -> Suggest:
    """Makes suggestions as `hanoidx index build` does."""
    return lambda snapshot, previous: suggestions(
        snapshot, previous, date(2026, 11, 1), lambda stage, size: lambda count: None
    )


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, suggest: Suggest) -> Path:
    """A data folder with one snapshot, of the real corpus, activated. Tests that change it copy it first.

    Test files run side by side in several processes: the first that needs it builds it, and each has a copy.
    """
    base = tmp_path_factory.getbasetemp()
    built = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built"
    built.mkdir(exist_ok=True)
    with built.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if active(built) is None:
            activate(build(read_folder(), ShippedEncoder(encoder), built, suggest=suggest).id, built)
    return shutil.copytree(built, tmp_path_factory.mktemp("data"), dirs_exist_ok=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `noise` is tested with exact vectors and again with turned ones: decisions have to bear it."""
    if "noise" in metafunc.fixturenames and metafunc.definition.get_closest_marker("noise"):
        ids = ["exact", *(f"noise {seed}" for seed in SEEDS)]
        metafunc.parametrize("noise", [None, *SEEDS], ids=ids, indirect=True)


@pytest.fixture(scope="session")
def noise(request: pytest.FixtureRequest) -> int | None:
    """The seed by which vectors are turned; none, and they are not."""
    seed: int | None = getattr(request, "param", None)
    return seed


@pytest.fixture(scope="session")
def noisy_encoder(encoder: Encoder, noise: int | None) -> Encoder:
    """The bundled encoder; with noise where a test is marked so."""
    return NoisyEncoder(encoder, noise) if noise else encoder


@pytest.fixture(scope="session")
def snapshot(data: Path, encoder: Encoder, noise: int | None) -> Snapshot:
    """The snapshot of the real corpus, loaded; where a test is marked `noise`, with noise, and in questions too."""
    exact = load(data, encoder)
    return noisy(exact, encoder, noise) if noise else exact


@pytest.fixture
def hash_encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def write_document() -> WriteDocument:
    return _write_document


@pytest.fixture
def write_three() -> WriteThree:
    """Writes three short documents, one with a number that may be another.

    "Tổng đài nào tiếp nhận phản ánh của người dân?" is answered with it, though vectors only count words.
    """

    def write(folder: Path, number: str = "1022") -> None:
        calls = f"Tổng đài {number} tiếp nhận phản ánh của người dân. Tổng đài làm việc 24/7."
        _write_document(folder, "tong-dai", f"## Gọi số nào\n\n{calls}", number=f"{number}/QĐ-UBND")
        _write_document(folder, "xa-phuong", "## Số lượng\n\nTừ ngày 1/7/2025 Hà Nội có 126 xã, phường.")
        _write_document(folder, "wifi", "## Ở đâu\n\nWifi công cộng có quanh hồ Hoàn Kiếm.")

    return write


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server: what HANOIDX_TEST_DATABASE_URL says, or of one that runs for the tests alone."""
    if address := os.environ.get("HANOIDX_TEST_DATABASE_URL"):
        yield address
        return
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="hanoidx-") as folder, _postgresql_server(programs, folder) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A HANOIDX_DATABASE_URL for each kind of database: "" for SQLite, or the address of an empty PostgreSQL schema."""
    if request.param == "sqlite":
        yield ""
        return
    address = make_url(request.getfixturevalue("postgresql")).set(drivername="postgresql+psycopg")
    schema = f"test_{secrets.token_hex(6)}"
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    mine = {"options": f"-csearch_path={schema}", "application_name": schema}
    url = address.update_query_dict(mine).render_as_string(hide_password=False)
    yield url
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{schema}'"
        )
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def engine(store_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database of each kind, with its tables, that does not wait for the disk; with SQLite it is in `tmp_path`."""
    opened = database(tmp_path, store_url, wait=10.0)
    if not store_url:
        event.listen(opened, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        opened.dispose()
    yield opened
    opened.dispose()


def _postgresql_programs() -> Path | None:
    """The folder with `initdb` and `postgres`; Debian keeps the latter off the PATH."""
    on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    folders = [*on_path, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@contextmanager
def _postgresql_server(programs: Path, folder: str) -> Iterator[str]:
    """A server in `folder` that listens on a socket there, and does not wait for the disk."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # whom PostgreSQL refuses
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data, log = f"{folder}/data", Path(folder, "log")
    as_we_like = ["-U", "hanoidx", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run([programs / "initdb", "-D", data, *as_we_like], cwd=folder, check=True, capture_output=True, **user)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "autovacuum=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    guarded = ["sh", "-c", GUARD, "sh", str(programs / "postgres"), "-D", data, *options]
    with (
        log.open("w") as stream,
        subprocess.Popen(guarded, cwd=folder, stdin=subprocess.PIPE, stdout=stream, stderr=stream, **user) as server,
    ):
        address = f"postgresql://hanoidx@/postgres?host={folder}"
        _wait_for(address, server, log)
        yield address


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    for _ in range(600):
        with suppress(OperationalError), engine.connect():
            return
        assert server.poll() is None, log.read_text("utf-8")
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL does not start: {log.read_text('utf-8')}")
