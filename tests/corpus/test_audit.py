"""What admins have done is kept in order, whoever writes at once, and a change to it is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import AlteredAudit
from corpus.intake.audit import FILE, read, record


def test_actions_are_read_as_they_were_recorded(tmp_path: Path) -> None:
    first = record(tmp_path / "data", "corpus add", "quyet-dinh-521", reason="văn bản mới")
    second = record(tmp_path / "data", "index activate", who="zalo_oa:0123", before="a", after="b")
    assert read(tmp_path / "data") == (first, second)
    assert (first.before, first.reason, second.who, second.after) == ("", "văn bản mới", "zalo_oa:0123", "b")
    assert "@" in first.who
    assert first.at.endswith("+00:00")


def test_there_is_nothing_to_read_before_anything_was_done(tmp_path: Path) -> None:
    assert read(tmp_path) == ()


@pytest.mark.parametrize(
    ("number", "words"), [(0, (b"mot", b"hai")), (1, (b"hai", b"mot")), (0, None)], ids=["changed", "also", "taken out"]
)
def test_a_line_that_was_altered_or_taken_out_is_noticed(
    tmp_path: Path, number: int, words: tuple[bytes, bytes] | None
) -> None:
    for subject in ("mot", "hai", "ba"):
        record(tmp_path, "corpus add", subject)
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(*words) if words else b""
    (tmp_path / FILE).write_bytes(b"".join(lines))
    with pytest.raises(AlteredAudit, match="is not as it was written"):
        read(tmp_path)


def test_a_line_that_a_crash_cut_short_is_left_out_and_then_written_over(tmp_path: Path) -> None:
    whole = record(tmp_path, "corpus add", "mot")
    with (tmp_path / FILE).open("ab") as stream:
        stream.write(b'{"at": "20')
    assert read(tmp_path) == (whole,)
    after = record(tmp_path, "corpus add", "hai")
    assert read(tmp_path) == (whole, after)


def test_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from corpus.intake.audit import record
for number in range(20):
    record(Path({str(tmp_path)!r}), "thử", str(number))
"""
    for process in [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]:
        assert process.wait(30) == 0
    assert sorted(int(action.subject) for action in read(tmp_path)) == sorted(3 * [*range(20)])
