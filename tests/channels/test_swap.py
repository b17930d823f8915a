"""A running bot takes up one snapshot after another while it is asked 200 questions a second."""

import gc
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.answering.answer import ask
from bot.channels.service import Library
from bot.dialogue import Answer, Question, Status
from corpus.catalogue import read_folder
from index.activation import activate, prune
from index.build import build
from index.encode import Encoder
from index.snapshot import load

WriteThree = Callable[..., None]

QUESTION = Question("Tổng đài nào tiếp nhận phản ánh của người dân?")
TODAY = date(2026, 11, 1)
SNAPSHOTS = 5
SWAPS = 10
RATE = 200  # questions a second
BETWEEN = 0.4  # seconds from one activation to the next
# The longest wait was 16 to 41 ms in three runs on 2 cores (median 2.5), and 870 ms with ten programs on them.
LONGEST = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    answer: Answer
    snapshot_id: str
    waited: float  # seconds from when it was due to when it was answered


@pytest.fixture
def numbers(tmp_path: Path, hash_encoder: Encoder, write_three: WriteThree) -> dict[str, str]:
    """Snapshots that differ in one telephone number: the number by the id."""
    found = {}
    for number in range(1022, 1022 + SNAPSHOTS):
        documents = tmp_path / "documents"
        write_three(documents, str(number))
        found[build(read_folder(documents), hash_encoder, tmp_path / "data").id] = str(number)
    return found


def test_every_question_is_answered_from_one_snapshot_without_delay_while_snapshots_change(
    numbers: dict[str, str], tmp_path: Path, hash_encoder: Encoder
) -> None:
    data, ids = tmp_path / "data", list(numbers)
    activate(ids[0], data)
    library = Library(data, lambda: load(data, hash_encoder))
    library.refresh()
    assert library.snapshot
    ask(QUESTION, library.snapshot, TODAY)  # the first question of a process waits for word lists to be read
    asked: list[Asked] = []
    taken_up = [ids[0]]
    done = threading.Event()
    began = time.perf_counter()

    def people(place: int, threads: int) -> None:
        due = began + place / RATE
        while not done.is_set():
            time.sleep(max(0.0, due - time.perf_counter()))
            snapshot = library.snapshot  # as Service does it: once for each question
            assert snapshot
            answer = ask(QUESTION, snapshot, TODAY)
            asked.append(Asked(answer, snapshot.id, time.perf_counter() - due))
            due += threads / RATE

    def look() -> None:
        while not done.is_set():
            library.refresh()
            if library.snapshot and library.snapshot.id != taken_up[-1]:
                taken_up.append(library.snapshot.id)
            time.sleep(0.02)

    threads = [threading.Thread(target=people, args=(place, 4)) for place in range(4)] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    for swap in range(1, SWAPS + 1):
        time.sleep(max(0.0, began + swap * BETWEEN - time.perf_counter()))
        activate(ids[swap % SNAPSHOTS], data)
    time.sleep(BETWEEN)
    done.set()
    for thread in threads:
        thread.join()

    assert len(asked) >= RATE * BETWEEN * SWAPS
    for one in asked:
        number = numbers[one.snapshot_id]
        assert one.answer.status is Status.ANSWERED
        assert one.answer.snapshot_id == one.snapshot_id
        assert f"Tổng đài {number} " in one.answer.text
        assert [number in citation.quote for citation in one.answer.citations] == [True]
        assert one.answer.citations[0].document_number == f"{number}/QĐ-UBND"
    assert taken_up == [ids[swap % SNAPSHOTS] for swap in range(SWAPS + 1)]
    assert {one.snapshot_id for one in asked} == set(ids)
    assert max(one.waited for one in asked) < LONGEST


def test_a_snapshot_that_was_deleted_goes_on_answering_whoever_has_it(
    numbers: dict[str, str], tmp_path: Path, hash_encoder: Encoder
) -> None:
    data, ids = tmp_path / "data", list(numbers)
    activate(ids[0], data)
    library = Library(data, lambda: load(data, hash_encoder))
    library.refresh()
    old = library.snapshot
    assert old
    for snapshot_id in ids[1:]:
        activate(snapshot_id, data)
    assert ids[0] in prune(data, ())
    assert not (data / "snapshots" / ids[0]).exists()
    assert f"Tổng đài {numbers[ids[0]]} " in ask(QUESTION, old, TODAY).text
    library.refresh()
    assert library.snapshot
    assert f"Tổng đài {numbers[ids[-1]]} " in ask(QUESTION, library.snapshot, TODAY).text


def test_a_snapshot_nobody_asks_any_more_is_let_go_at_once(
    numbers: dict[str, str], tmp_path: Path, hash_encoder: Encoder
) -> None:
    """Its vectors may be hundreds of megabytes, which the next garbage collection may be long in freeing."""
    data, ids = tmp_path / "data", list(numbers)
    activate(ids[0], data)
    library = Library(data, lambda: load(data, hash_encoder))
    library.refresh()
    assert library.snapshot
    ask(QUESTION, library.snapshot, TODAY)
    old = weakref.ref(library.snapshot)
    gc.disable()
    try:
        activate(ids[1], data)
        library.refresh()
        assert old() is None
    finally:
        gc.enable()


def test_a_snapshot_that_goes_while_it_is_taken_up_leaves_the_one_in_use(
    numbers: dict[str, str], tmp_path: Path, hash_encoder: Encoder
) -> None:
    data, ids = tmp_path / "data", list(numbers)
    activate(ids[0], data)
    library = Library(data, lambda: load(data, hash_encoder))
    library.refresh()
    activate(ids[1], data)
    shutil.rmtree(data / "snapshots" / ids[1])
    library.refresh()
    assert library.snapshot
    assert library.snapshot.id == ids[0]
    assert ids[1] in library.trouble
    activate(ids[2], data)
    library.refresh()
    assert (library.snapshot.id, library.trouble) == (ids[2], "")
