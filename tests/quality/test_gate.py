import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.answering.answer import ask
from bot.dialogue import Answer, Question, Status
from bot.quality.evaluate import Item
from bot.quality.gate import concerns, judge, marked, show, to_html
from bot.quality.golden import FILE
from bot.records.receipts import keep
from corpus.catalogue import drafts
from corpus.intake.audit import read
from index.activation import activate, previous
from index.build import build
from index.encode import ENCODERS, Encoder
from index.snapshot import Snapshot, active, load, snapshot_ids
from index.verdict import Change, Given, Verdict, kept, page

WriteDocument = Callable[..., Path]
WriteThree = Callable[..., None]

QUESTION = "Tổng đài nào tiếp nhận phản ánh của người dân?"
TODAY = date(2026, 11, 1)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture(autouse=True)
def data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, documents: Path, hash_encoder: Encoder, write_three: WriteThree
) -> Path:
    """The environment names three short documents, a quick encoder, and a data folder with a golden question."""
    write_three(documents)
    monkeypatch.setitem(ENCODERS, "hash", lambda argument, threads: hash_encoder)
    monkeypatch.setenv("HANOIDX_ENCODER", "hash")
    monkeypatch.setenv("HANOIDX_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANOIDX_CORPUS", str(documents))
    (tmp_path / "data").mkdir()
    golden(tmp_path / "data", QUESTION, "tong-dai", "1022")
    return tmp_path / "data"


@pytest.fixture
def first(data: Path, documents: Path, hash_encoder: Encoder) -> str:
    """An active snapshot."""
    activate(made := build(drafts(documents), hash_encoder, data).id, data)
    return made


def golden(data: Path, question: str, document_id: str, said: str) -> None:
    item = {"id": "own-001", "kind": "own", "expect": "answer", "question": question}
    (data / FILE).write_text(json.dumps(item | {"docs": [document_id], "answers": [[said]]}) + "\n")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["index", *words])


def newest(data: Path) -> str:
    return max(snapshot_ids(data))


# What is judged


@pytest.fixture
def judged(data: Path, documents: Path, hash_encoder: Encoder) -> Callable[[list[Item]], Verdict]:
    """Judges two snapshots of the documents as they were at first and as they are now."""
    old = load(data, hash_encoder, build(drafts(documents), hash_encoder, data).id)

    def judge_now(items: list[Item]) -> Verdict:
        new = load(data, hash_encoder, build(drafts(documents), hash_encoder, data).id)
        heard: list[int] = []
        sizes: list[int] = []

        def start(stage: str, size: int) -> Callable[[int], None]:
            sizes.append(size)
            return heard.append

        verdict = judge(old, new, items, lambda question, snapshot: ask(question, snapshot, TODAY), start)
        assert sizes == [sum(heard)]
        assert (verdict.snapshot_id, verdict.against) == (new.id, old.id)
        return verdict

    return judge_now


Judged = Callable[[list[Item]], Verdict]


def item(question: str = QUESTION, docs: tuple[str, ...] = ("tong-dai",), said: str = "1022", **fields: str) -> Item:
    expect = fields.get("expect", "answer")
    answers = ((said,),) if expect == "answer" else ()
    return Item(fields.get("id", "a"), "own", expect, question, fields.get("typed"), (), docs, (), answers, None)


def test_the_same_documents_are_answered_the_same(judged: Judged) -> None:
    verdict = judged([item(), item(id="b", question="Giá vàng hôm nay?", docs=(), expect="offtopic")])
    assert (verdict.asked, verdict.passed_over, verdict.reasons, verdict.changes) == (2, 0, (), ())


def test_a_golden_question_that_becomes_wrong_is_a_reason_to_refuse(
    judged: Judged, documents: Path, write_three: WriteThree
) -> None:
    write_three(documents, "1023")
    verdict = judged([item()])
    assert verdict.reasons == (f"Câu mẫu a đang đúng thành sai: {QUESTION}",)
    (change,) = verdict.changes
    assert change.became_wrong
    assert "Tổng đài 1022 " in change.before.text
    assert "Tổng đài 1023 " in change.after.text
    assert change.why == ("thiếu «1022»",)
    assert change.after.sources == ("[1] tong-dai#goi-so-nao: còn hiệu lực, 1/7/2025",)


def test_an_answer_that_changes_and_stays_right_is_shown_and_is_no_reason(
    judged: Judged, documents: Path, write_three: WriteThree
) -> None:
    write_three(documents, "1023")
    verdict = judged([item(said="tiếp nhận")])
    assert verdict.reasons == ()
    assert [(change.before.right, change.after.right) for change in verdict.changes] == [(True, True)]


def test_what_was_wrong_already_and_what_becomes_right_are_no_reasons(
    judged: Judged, documents: Path, write_three: WriteThree
) -> None:
    write_three(documents, "1023")
    verdict = judged([item(said="1023"), item(id="b", said="1024")])
    assert verdict.reasons == ()
    assert [(change.before.right, change.after.right) for change in verdict.changes] == [(False, False), (False, True)]


def test_a_date_that_changes_alone_is_a_change(judged: Judged, documents: Path, write_document: WriteDocument) -> None:
    body = "## Gọi số nào\n\nTổng đài 1022 tiếp nhận phản ánh của người dân. Tổng đài làm việc 24/7."
    write_document(documents, "tong-dai", body, number="1022/QĐ-UBND", status="thông tin tại thời điểm")
    (change,) = judged([item()]).changes
    assert [change.before.right, change.after.right] == [True, True]
    assert change.after.sources == ("[1] tong-dai#goi-so-nao: thông tin tại thời điểm, 1/7/2025",)


def test_a_withdrawn_document_is_named_beside_what_became_wrong(judged: Judged, documents: Path) -> None:
    (documents / "tong-dai.md").unlink()
    verdict = judged([item()])
    assert verdict.reasons == (f"Câu mẫu a đang đúng thành sai: {QUESTION} (tài liệu tong-dai đã rút)",)


def test_a_document_that_supersedes_another_is_named(
    judged: Judged, documents: Path, write_document: WriteDocument
) -> None:
    body = "## Gọi số nào\n\nTổng đài 1023 tiếp nhận phản ánh của người dân. Tổng đài làm việc 24/7."
    write_document(documents, "tong-dai-moi", body, supersedes=["tong-dai"], as_of="2026-01-01")
    (change,) = judged([item()]).changes
    assert change.note == "tài liệu tong-dai đã được tong-dai-moi thay thế; tài liệu mới: tong-dai-moi"


def test_questions_about_documents_of_neither_snapshot_are_passed_over(judged: Judged, documents: Path) -> None:
    other = item(id="b", docs=("khong-co",))
    verdict = judged([item(), other, item(id="c", docs=(), expect="abstain", question="Mấy giờ có xe buýt?")])
    assert (verdict.asked, verdict.passed_over) == (2, 1)


@pytest.mark.parametrize(("broken", "reasons"), [(1, 0), (2, 1)])
def test_a_kind_that_falls_in_other_wordings_is_a_reason(
    first: str, data: Path, hash_encoder: Encoder, broken: int, reasons: int
) -> None:
    """An encoder's snapshot may fail those who type without diacritics, though no question as written fails."""
    snapshot, other = (load(data, hash_encoder, first) for _ in range(2))
    items = [item(f"Câu {number:02} hỏi gì?", id=str(number), docs=(), expect="abstain") for number in range(20)]

    def answer(question: Question, asked: Snapshot) -> Answer:
        fails = asked is other and question.text in [f"Cau {number:02} hoi gi?" for number in range(broken)]
        return Answer("0" * 12, question, Status.ANSWERED if fails else Status.UNANSWERABLE_NO_PASSAGE, "vi", "")

    verdict = judge(snapshot, other, items, answer, lambda stage, size: lambda count: None)
    assert verdict.reasons == ("Loại “câu tự thêm” (bỏ dấu): đúng 20 còn 18 trong 20 câu",)[:reasons]
    assert verdict.changes == ()


def test_a_question_concerns_a_snapshot_that_holds_one_of_its_documents(
    first: str, data: Path, hash_encoder: Encoder
) -> None:
    snapshot = load(data, hash_encoder)
    assert concerns(item(docs=("khong-co", "wifi")), snapshot)
    assert not concerns(item(docs=("khong-co",)), snapshot)
    assert concerns(item(docs=(), expect="smalltalk"), snapshot)


# What people see of it

HOSTILE = '<script>alert("1")</script> & [red]x[/red] \x1b[31m'
HOSTILE_CHANGE = Change(
    HOSTILE, HOSTILE, HOSTILE, Given(HOSTILE, f"một {HOSTILE}", (HOSTILE,), right=True),
    Given(HOSTILE, f"hai {HOSTILE}", (), right=False), (HOSTILE,), HOSTILE,
)  # fmt: skip


def test_only_what_differs_is_marked_and_nothing_is_lost() -> None:
    before, after = marked("Gọi 1022\nđể hỏi.", "Gọi 1023\nđể hỏi thêm.")
    assert before == [("Gọi ", False), ("1022\n", True), ("để ", False), ("hỏi.", True)]
    assert after == [("Gọi ", False), ("1023\n", True), ("để ", False), ("hỏi thêm.", True)]
    assert marked("", "x") == ([], [("x", True)])


def test_the_page_loads_nothing_and_holds_no_markup_of_others() -> None:
    html = to_html(Verdict("b", "a", 1, 2, (HOSTILE,), (HOSTILE_CHANGE,)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert '<html lang="vi">' in html
    assert "<del>một </del>" in html
    assert "<ins>hai </ins>" in html
    assert "Bỏ qua 2 câu" in html
    assert "Không câu nào" in to_html(Verdict("b", "a", 1, 0, (), ()))


def test_the_terminal_shows_the_answers_as_they_are(tmp_path: Path) -> None:
    console = Console(width=200, record=True, file=(tmp_path / "screen").open("w"))
    console.print(show(Verdict("b", "a", 30, 0, (HOSTILE,), (HOSTILE_CHANGE,) * 22), tmp_path / "b.html"))
    console.file.close()
    shown = console.export_text()
    assert "[red]x[/red]" in shown
    assert "\x1b" not in shown
    assert "… và 2 câu nữa" in shown
    assert f"Xem dễ hơn ở {tmp_path / 'b.html'}" in shown


# The commands


def test_the_first_snapshot_is_activated_because_there_is_nothing_to_compare_with(data: Path) -> None:
    result = run("build")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("gate         nothing to compare with, no snapshot was active\nactive       yes\n")
    assert active(data)
    assert not (data / "gates").exists()


def test_a_build_that_changes_nothing_says_so_and_is_judged(data: Path, first: str) -> None:
    result = run("build")
    assert result.exit_code == 0
    assert re.search(
        r"^gate         passed; \d+ golden questions, 0 answered differently; "
        r"documents, encoder and program are those of the active snapshot$",
        result.stdout,
        re.MULTILINE,
    )
    assert (active(data), previous(data)) == (newest(data), first)
    verdict = kept(data, newest(data))
    assert verdict
    assert verdict.asked > 1
    assert verdict.passed_over > 200  # the bundled questions are about other documents


def test_a_build_that_makes_a_golden_question_wrong_is_not_activated(
    data: Path, first: str, documents: Path, write_three: WriteThree, tmp_path: Path
) -> None:
    write_three(documents, "1023")
    result = run("build", "--html", str(tmp_path / "changes.html"))
    second = newest(data)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"hanoidx: the gate refused snapshot {second}: Câu mẫu own-001" in result.stderr
    assert f"see {page(data, second)}" in result.stderr
    assert f"`hanoidx index activate {second} --force --reason TEXT`" in result.stderr
    assert "Tổng đài 1022" in result.stdout
    assert "Tổng đài 1023" in result.stdout
    assert result.stdout.endswith("answered differently\nactive       no\n")
    assert active(data) == first
    assert (tmp_path / "changes.html").read_text() == page(data, second).read_text()
    assert "1023" in page(data, second).read_text()
    assert run("activate", second).exit_code == 1
    assert active(data) == first
    assert [(action.what, action.subject, action.before, action.after) for action in read(data)] == [
        ("index build", second, first, first)
    ]


def test_a_refused_build_is_forced_with_a_reason_that_is_kept(
    data: Path, first: str, documents: Path, write_three: WriteThree
) -> None:
    write_three(documents, "1023")
    assert run("build", "--force").exit_code == 2
    assert run("build", "--force", "--reason", "x", "--no-activate").exit_code == 2
    assert snapshot_ids(data) == {first}
    assert run("build", "--force", "--reason", "đổi số từ 1/11").exit_code == 0
    assert (active(data), previous(data)) == (newest(data), first)
    assert read(data)[-1].reason == "đổi số từ 1/11"
    assert run("rollback").exit_code == 0
    assert run("rollback").exit_code == 0  # to what was forced: it has answered before
    assert previous(data) == first


def test_what_a_program_reads_of_a_build_is_one_object(
    data: Path, first: str, documents: Path, write_three: WriteThree
) -> None:
    told = json.loads(run("build", "--json", "--no-activate").stdout)
    assert (told["snapshot_id"], told["verdict"], told["activated"]) == (newest(data), "passed", False)
    assert (told["documents"], told["changed"], told["reasons"], told["unchanged"]) == (3, 0, [], True)
    assert (active(data), told["against"], told["page"]) == (first, first, str(page(data, newest(data))))
    write_three(documents, "1023")
    result = run("build", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["verdict"], told["activated"], told["unchanged"]) == ("refused", False, False)
    assert 0 < told["changed"] < 10  # the question of our own, and some that come with the program
    assert told["reasons"] == [f"Câu mẫu own-001 đang đúng thành sai: {QUESTION}"]


def test_an_active_snapshot_that_cannot_be_read_is_no_obstacle(data: Path, first: str) -> None:
    (data / "snapshots" / first / "offsets.npy").unlink()
    result = run("build")
    assert result.exit_code == 0
    assert f"nothing to compare with: snapshot {first} is damaged: offsets.npy is missing" in result.stdout
    assert active(data) == newest(data)


def test_after_an_activation_what_nobody_needs_is_deleted(data: Path, first: str, hash_encoder: Encoder) -> None:
    keep(ask(Question(QUESTION), load(data, hash_encoder), TODAY), data)
    built = [json.loads(run("build", "--json").stdout)["snapshot_id"] for _ in range(3)]
    assert snapshot_ids(data) == {first, *built[1:]}
    assert [(action.what, action.subject) for action in read(data) if action.what == "index prune"] == [
        ("index prune", built[0])
    ]
    waiting = json.loads(run("build", "--json", "--no-activate").stdout)["snapshot_id"]
    assert run("prune").stdout == "0 deleted, 4 stay\n"
    assert run("prune", "--drop", waiting, "--dry-run").stdout == f"{waiting}\n1 would be deleted, 3 would stay\n"
    assert run("prune", "--drop", waiting, "--reason", "bỏ").stdout == f"{waiting}\n1 deleted, 3 stay\n"
    assert snapshot_ids(data) == {first, *built[1:]}
    assert read(data)[-1].reason == "bỏ"
    assert "gave answers that are kept" in run("prune", "--drop", first).stderr


def test_a_build_killed_while_it_is_judged_leaves_the_active_snapshot(data: Path, first: str) -> None:
    program = f"""
import os, signal, sys
sys.path[:0] = {[str(path) for path in Path(__file__).parents[:2]]!r}
from conftest import HashEncoder
from index.encode import ENCODERS
import bot.quality.gate
from bot.__main__ import app

ENCODERS["hash"] = lambda argument, threads: HashEncoder()
sys.addaudithook(lambda event, of: event == "open" and "gates" in str(of[0]) and os.kill(os.getpid(), signal.SIGKILL))
app(["index", "build"])
"""
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert active(data) == first
    assert run("build").exit_code == 0
    assert active(data) == newest(data)
