import dataclasses
import json
import resource
import sqlite3
import stat
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.answering.answer import ask
from bot.dialogue import Answer, Question, Status, receipt
from bot.errors import NewerDatabase, UnreadableDatabase
from bot.records.database import BUSY, FILE, REVISION
from bot.records.receipts import find, keep, snapshot_ids
from index.snapshot import Snapshot

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 1)
GREETING = Answer("0123456789ab", Question("chào"), Status.SMALL_TALK, "vi", "Chào anh/chị!")


def numbered(number: int) -> Answer:
    return dataclasses.replace(GREETING, answer_id=f"{number:012x}")


def everything(data: Path) -> bytes:
    return b"".join(file.read_bytes() for file in data.glob(f"{FILE}*"))


@pytest.fixture
def answered(snapshot: Snapshot) -> Answer:
    question = Question("Còn năm 2024, theo 18-NQ/TU?", ("Hà Nội có bao nhiêu xã, phường?",))
    return ask(question, snapshot, TODAY)


def test_a_receipt_is_found_as_it_was_kept(answered: Answer, tmp_path: Path) -> None:
    keep(answered, tmp_path)
    kept = find(answered.answer_id, tmp_path)
    assert kept
    assert kept == receipt(answered, kept.created)
    assert datetime.now(UTC) - kept.created < timedelta(minutes=1)
    assert (kept.question, kept.as_of_day, kept.snapshot_id) == (answered.question, TODAY, answered.snapshot_id)
    assert [hit.passage_id for hit in kept.hits] == [hit.passage.id for hit in answered.hits]


def test_the_snapshots_of_kept_answers_are_known(store_url: str, tmp_path: Path) -> None:
    assert snapshot_ids(tmp_path, store_url) == frozenset()
    for number, snapshot_id in enumerate(("b", "a", "b", None)):
        keep(dataclasses.replace(numbered(number), snapshot_id=snapshot_id), tmp_path, store_url)
    assert snapshot_ids(tmp_path, store_url) == {"a", "b"}


def test_the_units_of_a_citation_are_those_it_quotes(snapshot: Snapshot) -> None:
    answered = ask(Question("ha noi co bn xa phuong"), snapshot, TODAY)
    passages = {hit.passage.id: hit.passage for hit in answered.hits}
    assert answered.citations
    for citation in answered.citations:
        units = [passages[citation.passage_id].units[place] for place in citation.units]
        assert citation.quote == "\n".join(unit.quote for unit in units)


def test_an_answer_that_found_nothing_is_kept_too(tmp_path: Path) -> None:
    keep(GREETING, tmp_path)
    kept = find(GREETING.answer_id, tmp_path)
    assert kept == receipt(GREETING, kept.created if kept else datetime.now(UTC))


def test_a_receipt_of_before_places_were_kept_is_read(answered: Answer, tmp_path: Path) -> None:
    assert answered.citations
    placed = tuple(dataclasses.replace(one, place="Điều 5, khoản 2, trang 3") for one in answered.citations)
    keep(dataclasses.replace(answered, citations=placed), tmp_path)
    kept = find(answered.answer_id, tmp_path)
    assert kept
    assert {citation.place for citation in kept.citations} == {"Điều 5, khoản 2, trang 3"}
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        [(stored,)] = database.execute("SELECT citations FROM receipts").fetchall()
        older = [{name: one[name] for name in one if name != "place"} for one in json.loads(stored)]
        database.execute("UPDATE receipts SET citations = ?", (json.dumps(older),))
    kept = find(answered.answer_id, tmp_path)
    assert kept
    assert {citation.place for citation in kept.citations} == {""}


def test_nothing_personal_reaches_the_disk(tmp_path: Path) -> None:
    typed = "Em là Nam, cccd 001 090 001 234, sđt ０９１２３４５６７８, theo 18-NQ/TU ngày 30/12/2022?"
    question = Question(unicodedata.normalize("NFD", typed), ("Biển 29A-123.45 nộp phạt ở đâu?", "\ud800"))
    repeated = ("Luật Thủ đô 2024: sđt 0912345678?",)  # as where a question may mean several documents
    keep(dataclasses.replace(GREETING, question=question, suggestions=repeated), tmp_path)
    kept = find(GREETING.answer_id, tmp_path)
    assert kept
    assert kept.question.text == "Em là Nam, cccd [số CCCD], sđt [số điện thoại], theo 18-NQ/TU ngày 30/12/2022?"
    assert kept.question.turns[0] == "Biển [biển số xe] nộp phạt ở đâu?"
    assert kept.suggestions == ("Luật Thủ đô 2024: sđt [số điện thoại]?",)
    stored = everything(tmp_path)
    assert b"18-NQ/TU" in stored
    assert not [number for number in (b"001 090", b"0912345678", b"123.45") if number in stored]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(mode=0o644)
    keep(GREETING, tmp_path)
    files = list(tmp_path.glob(f"{FILE}*"))
    assert {file.name for file in files} == {FILE, f"{FILE}-wal", f"{FILE}-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_database_knows_the_version_of_its_schema_and_readers_do_not_wait_for_writers(tmp_path: Path) -> None:
    keep(GREETING, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.execute("BEGIN IMMEDIATE")
        assert find(GREETING.answer_id, tmp_path)


def test_looking_for_a_receipt_makes_no_database(tmp_path: Path) -> None:
    assert find("0123456789ab", tmp_path) is None
    assert not list(tmp_path.iterdir())
    keep(GREETING, tmp_path)
    for unknown in ("", "0123456789AB", "' OR 1=1 --", "%"):
        assert find(unknown, tmp_path) is None


def test_a_database_of_a_newer_schema_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.commit()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(NewerDatabase) as error:
        find("0123456789ab", tmp_path)
    assert str(error.value) == (
        f"{tmp_path / FILE} has version 9999 of the schema, this program knows versions up to {REVISION}; "
        "run the newer hanoidx, or name another folder in HANOIDX_DATA"
    )
    keep(GREETING, tmp_path)
    assert warnings(caplog, tmp_path) == [str(error.value)]
    assert (tmp_path / FILE).read_bytes() == before


def test_what_is_no_database_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text("not a database " * 100, encoding="utf-8")
    keep(GREETING, tmp_path)
    assert warnings(caplog, tmp_path) == ["file is not a database"]
    with pytest.raises(UnreadableDatabase, match=f"{FILE} cannot be read: file is not a database; "):
        find(GREETING.answer_id, tmp_path)


def test_a_folder_that_cannot_be_written_costs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    folder = Path("/proc/self")  # which root cannot write either
    keep(GREETING, folder)
    assert len(warnings(caplog, folder)) == 1


def test_a_full_disk_costs_a_warning_and_no_receipt_that_was_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(GREETING, tmp_path)
    size = max(file.stat().st_size for file in tmp_path.glob(f"{FILE}*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        for number in range(20):
            keep(dataclasses.replace(numbered(number), text="x" * 10_000), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(warnings(caplog, tmp_path)) == 1
    assert find(GREETING.answer_id, tmp_path)
    keep(numbered(100), tmp_path)
    assert find(numbered(100).answer_id, tmp_path)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder whose database another process writes for a long time."""
    keep(GREETING, tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield tmp_path


def test_a_locked_database_costs_little_time_and_one_warning(locked: Path, caplog: pytest.LogCaptureFixture) -> None:
    started = time.perf_counter()
    keep(numbered(1), locked)
    assert time.perf_counter() - started < BUSY + 0.5
    assert warnings(caplog, locked) == ["database is locked"]


def test_the_same_trouble_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).mkdir()
    for number in range(5):
        keep(numbered(number), tmp_path)
    assert len(warnings(caplog, tmp_path)) == 1


def test_two_processes_may_make_and_write_the_database_at_once(tmp_path: Path) -> None:
    program = """
import dataclasses, sys
from pathlib import Path
from bot.records.database import database
from bot.dialogue import Answer, Question, Status
from bot.records.receipts import keep
print(flush=True)
sys.stdin.readline()
database(Path(sys.argv[1]), wait=20.0)  # an answer would not wait so long for its receipt
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 100):
    keep(Answer(f"{number:012x}", Question("chào"), Status.SMALL_TALK, "vi", "Chào!"), Path(sys.argv[1]))
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(first)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for first in (0, 100)
    ]
    for writer in writers:
        assert writer.stdout
        writer.stdout.readline()  # both are ready before either begins
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=60) == ("", "")
    assert all(find(numbered(number).answer_id, tmp_path) for number in range(200))


def test_a_database_that_was_only_touched_gets_its_tables(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    assert find(GREETING.answer_id, tmp_path) is None
    keep(GREETING, tmp_path)
    assert find(GREETING.answer_id, tmp_path)


def test_a_database_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    keep(numbered(1), tmp_path)
    for file in tmp_path.glob(f"{FILE}*"):
        file.rename(tmp_path / file.name.replace(FILE, "old.db"))
    keep(numbered(2), tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT answer_id FROM receipts").fetchall() == [(numbered(2).answer_id,)]


def test_the_first_answer_does_not_wait_for_sqlalchemy() -> None:
    modules = "bot.__main__, bot.answering.answer, bot.render, bot.repl, bot.quality.replay"
    program = f"import sys, {modules}; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def warnings(caplog: pytest.LogCaptureFixture, data: Path) -> list[str]:
    """Why receipts could not be kept in `data`, as the log tells it."""
    told = f"answers are given, but their receipts cannot be kept in {data / FILE}: "
    records = [record for record in caplog.records if record.name == "bot.records.receipts"]
    assert all(record.levelname == "WARNING" and record.getMessage().startswith(told) for record in records)
    return [record.getMessage().removeprefix(told) for record in records]
