import fcntl
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from typer.testing import CliRunner, Result

from corpus.catalogue import read_folder
from corpus.intake.audit import read
from index import errors, far
from index.__main__ import app
from index.activation import activate
from index.build import build
from index.encode import ENCODERS, Encoder
from index.errors import IndexingError
from index.snapshot import FORMAT, active, load, manifests
from index.verdict import Verdict, keep

WriteDocument = Callable[..., Path]


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hash_encoder: Encoder) -> None:
    """The commands find a folder of small documents, an empty data folder and a quick encoder in the environment."""
    monkeypatch.setitem(ENCODERS, "hash", lambda argument, threads: hash_encoder)
    monkeypatch.setenv("HANOIDX_ENCODER", "hash")
    monkeypatch.setenv("HANOIDX_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANOIDX_CORPUS", str(tmp_path / "documents"))


@pytest.fixture
def built(small_documents: Path, hash_encoder: Encoder, tmp_path: Path) -> Path:
    """The data folder of the environment, with a snapshot activated."""
    data = tmp_path / "data"
    activate(build(read_folder(small_documents), hash_encoder, data).id, data)
    return data


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def refused(result: Result) -> str:
    """The one line that an operator reads when something is to be mended."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("hanoidx: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# build


@pytest.mark.usefixtures("small_documents")
def test_a_build_tells_what_was_built_and_makes_it_active(tmp_path: Path) -> None:
    result = run("build")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(
        rf"""snapshot     {re.escape(active(tmp_path / "data") or "none")}
documents    4
passages     6
units        10
questions    3
suggestions  0
vectors      {19 + len(far.texts())} encoded, 0 reused
time         \d+\.\d s, [\d,]+ passages/s
gate         nobody asked; `hanoidx index build` asks the golden questions
active       yes
""",
        result.stdout,
    )


def test_a_second_build_takes_over_the_vectors_of_unchanged_passages(
    built: Path, small_documents: Path, write_document: WriteDocument
) -> None:
    write_document(small_documents, "them-mot", "## Mới\n\nMột câu mới.")
    result = run("build")
    assert f"\nvectors      2 encoded, {19 + len(far.texts())} reused\n" in result.stdout
    assert f"snapshot     {active(built)}\n" in result.stdout


def test_a_build_can_leave_the_active_snapshot_active(built: Path) -> None:
    before = active(built)
    result = run("build", "--no-activate")
    assert active(built) == before
    newest = next(iter(manifests(built)))
    assert result.stdout.endswith(f"active       no; hanoidx index activate {newest}\n")


def test_the_options_are_stronger_than_the_environment(
    small_documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANOIDX_ENCODER", "nonsense")
    monkeypatch.setenv("HANOIDX_CORPUS", "/nowhere")
    other = tmp_path / "other"
    result = run("build", "--data", str(other), "--corpus", str(small_documents), "--encoder", "hash")
    assert result.exit_code == 0
    assert active(other)
    assert not (tmp_path / "data").exists()


def test_documents_that_are_not_in_order_are_not_built(
    built: Path, small_documents: Path, write_document: WriteDocument
) -> None:
    write_document(small_documents, "sai", "Chữ. [7]")
    before = active(built)
    assert "sai.md:" in refused(run("build"))
    assert active(built) == before


def test_a_folder_of_documents_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "documents") in refused(run("build"))


def test_an_unknown_encoder_is_refused(built: Path) -> None:
    for command in (("build",), ("search", "phường")):
        assert "encoder «nonsense»" in refused(run(*command, "--encoder", "nonsense"))


@pytest.mark.usefixtures("small_documents")
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert refused(run("build")) == (
        f"hanoidx: {tmp_path / 'data' / 'snapshots'}: Not a directory; "
        "check the path, its permissions and the room on its disk\n"
    )


@pytest.mark.parametrize("room", [1, 500, 5_000])
def test_a_full_disk_is_one_plain_line(built: Path, room: int) -> None:
    before = active(built)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        result = run("build")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "the room on its disk" in refused(result)
    assert active(built) == before


def test_a_second_build_at_once_is_refused_in_one_line(built: Path) -> None:
    with (built / "snapshots" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another build is running" in refused(run("build"))
    assert run("build").exit_code == 0


@pytest.mark.usefixtures("small_documents")
def test_a_terminal_shows_how_far_the_encoding_is(tmp_path: Path) -> None:
    """As a person runs it, with the bundled encoder."""
    arguments = ["-m", "index", "build", "--encoder", "onnx"]
    screen = pexpect.spawn(sys.executable, arguments, encoding="utf-8", dimensions=(24, 100), timeout=60)
    screen.expect("passages.*6/6.*units.*10/10.*/s.*snapshot   ")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    assert active(tmp_path / "data")


# list and activate


def test_snapshots_are_listed_newest_first_with_the_active_one_marked(built: Path) -> None:
    first = active(built)
    run("build", "--no-activate")
    second = next(iter(manifests(built)))
    heading, *rows = run("list").stdout.splitlines()
    assert heading.split() == ["id", "created", "encoder", "documents", "passages", "size", "state"]
    assert [row.split()[0] for row in rows] == [second, first]
    assert re.fullmatch(r"\S+ 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 hash:256 4 6 0\.6 MB", " ".join(rows[0].split()))
    assert rows[1].split()[-1] == "active"


def test_a_damaged_snapshot_is_listed_with_the_reason(built: Path) -> None:
    first = active(built)
    run("build", "--no-activate")
    second = next(iter(manifests(built)))
    (built / "snapshots" / second / "manifest.json").write_text('{"format": 1}')
    (built / "snapshots" / str(first) / "vectors.faiss").unlink()
    (built / "snapshots" / str(first) / "[red]").touch()
    result = run("list")
    assert result.exit_code == 0
    _, *rows = result.stdout.splitlines()
    assert re.fullmatch(rf" {second} +0\.6 MB +foreign: made with format 1, format {FORMAT} is expected *", rows[0])
    assert re.fullmatch(rf" {first} +0\.6 MB +active, damaged: \[red\] does not belong to it *", rows[1])


def test_before_the_first_build_the_list_says_what_to_do(tmp_path: Path) -> None:
    result = run("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no snapshot is active; `hanoidx index build` makes one\n"
    assert not (tmp_path / "data").exists()


def test_an_active_snapshot_that_is_gone_is_told(built: Path) -> None:
    (built / "current").write_text("20260101T000000.000Z-00000000\n")
    result = run("list")
    assert result.stdout.count("\n") == 2
    assert result.stderr.startswith("the active snapshot '20260101T000000.000Z-00000000' is not there; ")


def test_activating_goes_back_to_an_older_snapshot(built: Path, hash_encoder: Encoder) -> None:
    first = active(built)
    assert first
    run("build")
    assert active(built) != first
    assert run("activate", first).stdout == f"active     {first}\n"
    assert load(built, hash_encoder).id == first


def test_a_rollback_goes_back_to_the_snapshot_before_and_is_recorded(built: Path) -> None:
    first = active(built)
    run("build")
    second = active(built)
    assert run("list").stdout.splitlines()[2].rstrip().endswith("before it")
    assert run("rollback", "--reason", "sai số").stdout == f"active     {first}\nbefore it  {second}\n"
    assert active(built) == first
    assert [(action.what, action.subject, action.before, action.after, action.reason) for action in read(built)] == [
        ("index build", second, first, second, ""),
        ("index rollback", first, second, first, "sai số"),
    ]


def test_a_rollback_without_a_snapshot_before_is_refused_in_one_line(built: Path) -> None:
    before = active(built)
    assert "was active before this one; `hanoidx index list`" in refused(run("rollback"))
    assert active(built) == before
    assert read(built) == ()


def test_a_refused_snapshot_is_activated_with_a_reason_that_is_kept(built: Path) -> None:
    first = active(built)
    run("build", "--no-activate")
    second = next(iter(manifests(built)))
    keep(Verdict(second, first or "", 9, 0, ("Câu mẫu own-001 thành sai",), ()), "<p>", built)
    assert run("list").stdout.splitlines()[1].split()[-1] == "refused"
    assert "the gate refused" in refused(run("activate", second))
    assert run("activate", second, "--force").exit_code == 2
    assert run("activate", second, "--force", "--reason", " ").exit_code == 2
    assert active(built) == first
    assert run("activate", second, "--force", "--reason", "câu mẫu đã cũ").exit_code == 0
    assert active(built) == second
    done = read(built)[-1]
    assert (done.what, done.before, done.after, done.reason) == ("index activate", first, second, "câu mẫu đã cũ")


def test_without_the_receipts_nothing_is_deleted(built: Path) -> None:
    assert "run that" in refused(run("prune"))
    assert len(manifests(built)) == 1


@pytest.mark.parametrize("snapshot_id", ["nonsense", "../snapshots", ""])
def test_what_is_no_snapshot_is_not_activated(built: Path, snapshot_id: str) -> None:
    before = active(built)
    assert f"there is no snapshot {snapshot_id!r}" in refused(run("activate", snapshot_id))
    assert active(built) == before


# search


def test_a_search_shows_the_passages_best_first_with_their_scores(built: Path) -> None:
    result = run("search", "so tong dai 1022", "-k", "3")
    heading, *rows = result.stdout.splitlines()
    assert heading.split() == ["rank", "score", "dense", "bm25", "unit", "passage", "begins"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert re.fullmatch(
        r"1( -?\d+\.\d{3}){4} tong-dai-1022#goi-so-nao Tổng đài 1022 tiếp nhận phản ánh .*", " ".join(rows[0].split())
    )
    scores = [float(row.split()[1]) for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_square_brackets_in_a_passage_are_shown_as_they_are(
    small_documents: Path, write_document: WriteDocument
) -> None:
    write_document(small_documents, "ngoac", "## Ngoặc\n\nChữ [red]đỏ[/red] và [/b] :smile: trong ngoặc.")
    run("build")
    assert "Chữ [red]đỏ[/red] và [/b] :smile: trong ngoặc." in run("search", "ngoặc đỏ", "-k", "1").stdout


def test_a_search_without_a_snapshot_says_how_to_build_one() -> None:
    assert "`hanoidx index build`" in refused(run("search", "phường"))


def test_a_search_in_a_damaged_snapshot_is_refused(built: Path) -> None:
    (built / "snapshots" / str(active(built)) / "offsets.npy").write_bytes(b"")
    assert "is damaged: offsets.npy is not what was written" in refused(run("search", "phường"))


@pytest.mark.parametrize("question", ["", " ", "\x00", "😀", "[/b]", "a" * 10_000])
def test_any_question_can_be_searched(built: Path, question: str) -> None:
    result = run("search", "--", question)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1 + 6


@pytest.mark.parametrize(
    "words", [("search", "x", "-k", "0"), ("search", "x", "-k", "many"), ("search",), ("activate",), ("rebuild",)]
)
def test_wrong_usage_exits_with_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_reader_that_goes_away_is_no_error(built: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m index list | true", shell=True, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Traceback" not in done.stderr
    assert "hanoidx:" not in done.stderr


def test_the_tree_of_errors_names_every_error() -> None:
    found = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, IndexingError)}
    drawn = set(re.findall(r"── (\w+)", str(errors.__doc__))) | {"IndexingError"}
    assert found == drawn
