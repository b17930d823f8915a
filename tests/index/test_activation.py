import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_snapshot import _files_up_to, names

from corpus.catalogue import read_folder
from corpus.lock import alone
from index import verdict
from index.activation import activate, previous, prunable, prune, rollback
from index.build import build
from index.encode import Encoder
from index.errors import (
    ActivatedMeanwhile,
    ActivationUnderWay,
    BuildUnderWay,
    DamagedSnapshot,
    KeptSnapshot,
    NoPredecessor,
    NoSnapshot,
    RefusedSnapshot,
    UnknownSnapshot,
)
from index.snapshot import active, load, snapshot_ids, verify
from index.verdict import Change, Given, Verdict

Build = Callable[[], str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def another(small_documents: Path, hash_encoder: Encoder, data: Path) -> Build:
    """Builds one more snapshot, and returns its id."""
    documents = read_folder(small_documents)
    return lambda: build(documents, hash_encoder, data).id


def refuse(snapshot_id: str, data: Path) -> Verdict:
    before, after = Given("answered", "126 [1]", ("[1] a",), right=True), Given("refused", "", (), right=False)
    change = Change("own-001", "own", "Mấy xã?", before, after, ("thiếu «126»",), "")
    refused = Verdict(snapshot_id, "x", 7, 1, ("Câu mẫu own-001 thành sai",), (change,))
    verdict.keep(refused, "<p>", data)
    return refused


# Activating


def test_a_build_leaves_the_active_snapshot_as_it_is(another: Build, data: Path, hash_encoder: Encoder) -> None:
    first = another()
    activate(first, data)
    second = another()
    assert active(data) == first
    assert activate(second, data) == first
    assert (active(data), previous(data)) == (second, first)
    assert activate(first, data) == second
    assert load(data, hash_encoder).id == first
    assert names(data) == {"current", "snapshots"}


def test_whoever_reads_current_during_an_activation_reads_it_whole(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(first, data)
    with (data / "current").open("rb", buffering=0) as reader:
        activate(second, data)
        assert reader.read() == f"{first}\n".encode()
    assert (data / "current").read_text("utf-8") == f"{second}\n{first}\n"


def test_a_damaged_snapshot_is_not_activated(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(first, data)
    (data / "snapshots" / second / "vectors.faiss").write_bytes(b"")
    with pytest.raises(DamagedSnapshot):
        activate(second, data)
    assert active(data) == first


def test_activating_the_active_snapshot_again_keeps_the_one_before(another: Build, data: Path) -> None:
    first, second = another(), another()
    for snapshot_id in (first, second, second):
        activate(snapshot_id, data)
    assert (active(data), previous(data)) == (second, first)


def test_what_was_active_and_is_gone_is_no_predecessor(another: Build, data: Path) -> None:
    first, second, third = another(), another(), another()
    for snapshot_id in (first, second):
        activate(snapshot_id, data)
    shutil.rmtree(data / "snapshots" / second)
    activate(third, data)
    assert (active(data), previous(data)) == (third, first)


def test_a_current_of_one_line_is_read_as_it_is(another: Build, data: Path) -> None:
    first, second = another(), another()
    (data / "current").write_text(first)
    assert (active(data), previous(data)) == (first, None)
    activate(second, data)
    assert previous(data) == first


def test_a_snapshot_judged_beside_another_is_not_activated(another: Build, data: Path) -> None:
    first, second, third = another(), another(), another()
    activate(first, data, instead_of=None)
    activate(second, data, instead_of=first)
    with pytest.raises(ActivatedMeanwhile, match=f"no longer active: {second} is"):
        activate(third, data, instead_of=first)
    with pytest.raises(ActivatedMeanwhile):
        activate(third, data, instead_of=None)
    assert active(data) == second


def test_a_full_disk_leaves_the_active_snapshot_active(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(first, data)
    with pytest.raises(OSError, match="File too large"), _files_up_to(1):
        activate(second, data)
    assert active(data) == first
    assert names(data) == {"current", "snapshots"}


def test_one_process_at_a_time_changes_what_is_active(another: Build, data: Path) -> None:
    first = another()
    activate(first, data)
    with alone(data / "snapshots" / ".activating", ActivationUnderWay):
        for change in (lambda: activate(first, data), lambda: prune(data, ())):
            with pytest.raises(ActivationUnderWay, match="try again"):
                change()


# What the gate said


def test_a_verdict_comes_back_as_it_was_kept(another: Build, data: Path) -> None:
    snapshot_id = another()
    assert verdict.kept(data, snapshot_id) is None
    assert refuse(snapshot_id, data) == verdict.kept(data, snapshot_id)
    assert verdict.page(data, snapshot_id).read_text() == "<p>"


def test_a_refused_snapshot_is_activated_only_by_force(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(first, data)
    refuse(second, data)
    with pytest.raises(RefusedSnapshot, match=r"own-001 thành sai; see .*\.html.* --force --reason TEXT"):
        activate(second, data)
    assert active(data) == first
    activate(second, data, force=True)
    assert active(data) == second


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "{}", '{"changes": []}', '{"changes": [{}], "reasons": []}']
)
def test_a_verdict_that_cannot_be_read_refuses(another: Build, data: Path, content: str) -> None:
    snapshot_id = another()
    refuse(snapshot_id, data)
    verdict.page(data, snapshot_id).with_suffix(".json").write_text(content)
    with pytest.raises(RefusedSnapshot, match="cannot be read"):
        activate(snapshot_id, data)


# Going back


def test_a_rollback_returns_to_the_one_before_and_a_second_comes_back(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(first, data)
    refuse(second, data)
    activate(second, data, force=True)
    assert [rollback(data), active(data), previous(data)] == [first, first, second]
    assert [rollback(data), active(data), previous(data)] == [second, second, first]


def test_a_rollback_to_what_is_damaged_changes_nothing(another: Build, data: Path) -> None:
    first, second = another(), another()
    for snapshot_id in (first, second):
        activate(snapshot_id, data)
    (data / "snapshots" / first / "offsets.npy").unlink()
    with pytest.raises(DamagedSnapshot):
        rollback(data)
    assert (active(data), previous(data)) == (second, first)


def test_without_one_before_a_rollback_says_what_to_do(another: Build, data: Path) -> None:
    with pytest.raises(NoPredecessor, match="`hanoidx index activate ID`"):
        rollback(data)
    first, second = another(), another()
    for snapshot_id in (first, second):
        activate(snapshot_id, data)
    shutil.rmtree(data / "snapshots" / first)
    with pytest.raises(NoPredecessor):
        rollback(data)


# Deleting


def test_only_what_nobody_needs_is_deleted(another: Build, data: Path) -> None:
    oldest, needed, before, current, refused, damaged, dropped, waiting = (another() for _ in range(8))
    for snapshot_id in (oldest, needed, before, current):
        activate(snapshot_id, data)
    refuse(refused, data)
    refuse(current, data)  # it was forced
    (data / "snapshots" / damaged / "vectors.faiss").write_bytes(b"")
    for folder in (".building", ".pruned-x", ".pruned-x/bm25"):
        (data / "snapshots" / folder).mkdir()
    gone = (oldest, refused, damaged)
    assert prunable(data, {needed}) == gone
    assert len(snapshot_ids(data)) == 8
    assert prune(data, {needed}) == gone
    assert prune(data, {needed}) == ()
    assert prune(data, {needed}, [dropped]) == (dropped,)
    there = {needed, before, current, waiting}
    assert names(data / "snapshots") == {*there, ".building", ".lock", ".activating"}
    assert names(data / "gates") == {f"{current}.html", f"{current}.json"}


def test_what_is_needed_cannot_be_dropped(another: Build, data: Path) -> None:
    first, second, third = another(), another(), another()
    for snapshot_id in (first, second):
        activate(snapshot_id, data)
    for snapshot_id, why in ((second, "is active"), (first, "was active before"), (third, "gave answers")):
        with pytest.raises(KeptSnapshot, match=f"{snapshot_id} {why}"):
            prune(data, [third], [snapshot_id])
    with pytest.raises(UnknownSnapshot):
        prune(data, (), ["nonsense"])
    assert snapshot_ids(data) == {first, second, third}


def test_nothing_is_deleted_while_no_snapshot_is_active_or_the_active_one_is_gone(another: Build, data: Path) -> None:
    with pytest.raises(NoSnapshot):
        prune(data, ())
    assert not data.exists()
    first = another()
    with pytest.raises(NoSnapshot):
        prune(data, ())
    (data / "current").write_text("zzz\n")
    with pytest.raises(UnknownSnapshot):
        prune(data, ())
    assert snapshot_ids(data) == {first}


def test_nothing_is_deleted_during_a_build(another: Build, data: Path) -> None:
    first, second = another(), another()
    activate(second, data)
    with alone(data / "snapshots" / ".lock", BuildUnderWay), pytest.raises(BuildUnderWay):
        prune(data, ())
    assert snapshot_ids(data) == {first, second}


# Killed at every step

KILLED: dict[str, Callable[[str, Path], object]] = {
    "activate": activate,
    "rollback": lambda _, data: rollback(data),
    "prune": lambda _, data: prune(data, ()),
}


@pytest.mark.parametrize("what", KILLED)
def test_a_kill_at_any_step_leaves_a_usable_state(another: Build, data: Path, tmp_path: Path, what: str) -> None:
    oldest, before, current, waiting, refused = (another() for _ in range(5))
    for snapshot_id in (oldest, before, current):
        activate(snapshot_id, data)
    refuse(refused, data)
    program = "import test_activation, sys; test_activation.kill_everywhere(*sys.argv[1:])"
    steps = subprocess.run(
        [sys.executable, "-c", program, what, waiting, str(data), str(tmp_path)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert int(steps) > {"activate": 15, "rollback": 15, "prune": 60}[what]
    allowed = {"activate": {(current, before), (waiting, current)}, "rollback": {(current, before), (before, current)}}
    found = set()
    for step in range(int(steps) + 1):
        copy = tmp_path / f"killed-{step}"
        state = str(active(copy)), str(previous(copy))
        found.add(state)
        assert state in allowed.get(what, {(current, before)})
        KILLED[what](waiting, copy)  # whatever was left is no hindrance
        prune(copy, ())
        assert {active(copy), previous(copy)} <= snapshot_ids(copy) <= {before, current, waiting}
        assert names(copy / "snapshots") - snapshot_ids(copy) == {".lock", ".activating"}
        assert names(copy) <= {"current", "snapshots", "gates"}
        assert names(copy / "gates") == set()
        for snapshot_id in snapshot_ids(copy):
            verify(copy / "snapshots" / snapshot_id)
    assert len(found) == (1 if what == "prune" else 2)


def kill_everywhere(what: str, snapshot_id: str, data: str, work: str) -> None:
    """Copies of `data` in which the act was killed before its first step on files, its second and so on; how many."""
    for step in itertools.count():
        copy = shutil.copytree(data, Path(work) / f"killed-{step}")
        child = os.fork()
        if not child:
            sys.addaudithook(_killer(step))
            KILLED[what](snapshot_id, copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not status:
            print(step)
            return
        assert os.WTERMSIG(status) == signal.SIGKILL


def _killer(step: int) -> Callable[[str, Any], None]:
    left = itertools.count(-step)

    def kill(event: str, _: Any) -> None:
        if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir") and next(left) >= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill
