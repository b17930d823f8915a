import dataclasses
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.answering.answer import ask
from bot.dialogue import Question
from bot.errors import GoldenUnderWay
from bot.quality.evaluate import QuestionsError, read
from bot.quality.golden import BUNDLED, FILE, LOCK, own, questions
from bot.records.receipts import keep
from corpus.catalogue import read_folder
from corpus.intake import audit
from corpus.lock import alone
from index.activation import activate
from index.build import build
from index.encode import ENCODERS, Encoder
from index.snapshot import Snapshot, load

WriteThree = Callable[..., None]

QUESTION = "Tổng đài nào tiếp nhận phản ánh của người dân?"
ADD = ("add", QUESTION, "--docs", "tong-dai", "--answers", "1022|024.1022")


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hash_encoder: Encoder, write_three: WriteThree) -> Path:
    """The environment names a data folder with a snapshot of three short documents, and a quick encoder."""
    documents = tmp_path / "documents"
    write_three(documents)
    monkeypatch.setitem(ENCODERS, "hash", lambda argument, threads: hash_encoder)
    monkeypatch.setenv("HANOIDX_ENCODER", "hash")
    monkeypatch.setenv("HANOIDX_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANOIDX_CORPUS", str(documents))
    activate(build(read_folder(documents), hash_encoder, tmp_path / "data").id, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def snapshot(data: Path, hash_encoder: Encoder) -> Snapshot:
    return load(data, hash_encoder)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["golden", *words])


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("hanoidx: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def answered(text: str, data: Path, snapshot: Snapshot, *turns: str) -> str:
    """The id of an answer whose receipt is kept."""
    answer = ask(Question(text, turns), snapshot, date(2026, 11, 1))
    keep(answer, data)
    return answer.answer_id


# Adding


def test_an_added_question_stands_after_the_bundled_ones(data: Path) -> None:
    bundled = len(questions(data))
    assert bundled > 200
    result = run(*ADD, "--typed", "goi so nao de phan anh", "--kind", "fact-number")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split() == ["id", "own-001"]
    (item,) = own(data)
    assert questions(data)[bundled:] == (item,)
    assert (item.question, item.typed, item.kind, item.expect) == (
        QUESTION,
        "goi so nao de phan anh",
        "fact-number",
        "answer",
    )
    assert (item.docs, item.answers) == (("tong-dai",), (("1022", "024.1022"),))
    texts = {document.entry.id: document.text for document in read_folder(data.parent / "documents")}
    assert read([data / FILE], texts) == (item,)  # as `hanoidx evaluate` reads it
    assert [(action.what, action.subject, action.after) for action in audit.read(data)] == [
        ("golden add", "own-001", QUESTION)
    ]


def test_ids_go_on_from_those_that_are_taken(data: Path) -> None:
    run(*ADD)
    run("add", "Wifi ở đâu?", "--docs", "wifi", "--answers", "Hoàn Kiếm", "--id", "own-002")
    run("add", "Mấy phường?", "--docs", "xa-phuong", "--answers", "126", "--answers", "1/7/2025")
    run("add", "Giá vàng hôm nay?", "--expect", "offtopic")
    assert [item.id for item in own(data)] == ["own-001", "own-002", "own-003", "own-004"]
    assert own(data)[2].answers == (("126",), ("1/7/2025",))
    assert own(data)[3].docs == ()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("add", "Mấy xã?", "--docs", "khong-co", "--answers", "126"), "there is no document 'khong-co'"),
        (("add", "Mấy xã?", "--docs", "xa-phuong", "--answers", "579"), "'579' is in none of xa-phuong"),
        (
            ("add", "Mấy xã?", "--docs", "xa-phuong", "--answers", "126", "--answers", "xyz|zyx"),
            "'xyz | zyx' is in none of",
        ),
        (("add", "Mấy xã?", "--docs", "xa-phuong"), "nothing is given that the answer has to say"),
        (("add", "Mấy xã?", "--docs", "xa-phuong", "--answers", "126|"), "one of --answers is empty"),
        (("add", "Mấy xã?", "--answers", "126"), "no document is given"),
        (("add", "Mấy xã?", "--expect", "maybe"), "--expect is 'maybe'; it is one of: answer, outdated"),
        (("add", "Mấy xã?", "--expect", "abstain", "--answers", "126"), "--answers does not go with --expect abstain"),
        (("add", " ? ", "--expect", "abstain"), "the question is empty"),
        (("add", "CCCD 001099123456 tra ở đâu?", "--expect", "abstain"), "holds something personal"),
        (("add", "CCCD [số CCCD] tra ở đâu?", "--expect", "abstain"), "was masked in this question"),
        (("add", "Mấy xã?", "--expect", "abstain", "--id", "dev-001"), "id 'dev-001' is taken"),
        (("add", "--from", "0123456789ab"), "there is no receipt of an answer '0123456789ab'"),
        (("remove", "dev-001"), "comes with the program"),
        (("remove", "own-777"), "there is no golden question 'own-777'"),
        (("list", "own-777"), "there is no golden question 'own-777'"),
    ],
)
def test_what_cannot_be_a_golden_question_is_refused_in_one_line(
    data: Path, words: tuple[str, ...], found: str
) -> None:
    assert found in refused(run(*words))
    assert own(data) == ()
    assert audit.read(data) == ()


def test_the_same_question_is_not_asked_twice(data: Path) -> None:
    run(*ADD)
    assert "own-001 asks the same" in refused(run("add", f"  {QUESTION.upper()} ", "--expect", "abstain"))
    first = json.loads(BUNDLED.read_text("utf-8").splitlines()[0])["question"]
    assert "dev-001 asks the same" in refused(run("add", first, "--expect", "abstain"))
    assert len(own(data)) == 1


@pytest.mark.parametrize("words", [("add",), ("add", "Mấy xã?", "--from", "x"), ("remove",)])
def test_wrong_usage_exits_with_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


# From a receipt


def test_an_answer_becomes_a_golden_question_once_what_it_says_is_confirmed(data: Path, snapshot: Snapshot) -> None:
    answer_id = answered(QUESTION, data, snapshot, "Xin chào")
    shown = run("add", "--from", answer_id)
    assert shown.exit_code == 0
    assert "answers    1022" in shown.stdout
    assert "nothing is added yet; repeat with --yes" in shown.stdout
    assert own(data) == ()
    assert run("add", "--from", answer_id, "--yes").exit_code == 0
    (item,) = own(data)
    assert (item.question, item.turns, item.docs) == (QUESTION, ("Xin chào",), ("tong-dai",))
    assert ("1022",) in item.answers
    assert not any("2025" in one for accepted in item.answers for one in accepted)  # the date that frames a quote


def test_what_an_answer_has_to_say_can_be_given_instead(data: Path, snapshot: Snapshot) -> None:
    assert run("add", "--from", answered(QUESTION, data, snapshot), "--answers", "Tổng đài 1022").exit_code == 0
    assert own(data)[0].answers == (("Tổng đài 1022",),)


def test_a_question_that_was_rightly_not_answered_becomes_one_too(data: Path, snapshot: Snapshot) -> None:
    assert run("add", "--from", answered("Thời tiết hôm nay thế nào?", data, snapshot), "--yes").exit_code == 0
    assert (own(data)[0].expect, own(data)[0].docs, own(data)[0].answers) == ("offtopic", (), ())


def test_an_answer_that_should_not_have_been_given_becomes_one_that_must_not(data: Path, snapshot: Snapshot) -> None:
    answer_id = answered(QUESTION, data, snapshot)
    assert run("add", "--from", answer_id, "--expect", "abstain", "--yes").exit_code == 0
    assert (own(data)[0].expect, own(data)[0].answers) == ("abstain", ())


def test_a_question_with_something_masked_becomes_none(data: Path, snapshot: Snapshot) -> None:
    answer_id = answered("CCCD 001099123456 của tôi gọi tổng đài nào?", data, snapshot)
    assert "was masked" in refused(run("add", "--from", answer_id, "--yes", "--expect", "abstain"))


# List, remove, check


def test_own_questions_are_listed_and_removed(data: Path) -> None:
    run(*ADD)
    listed = run("list")
    assert listed.stdout == f"own-001\town\tanswer\t{QUESTION}\n"
    assert listed.stderr == f"1 of your own, {len(questions(data)) - 1} that come with the program\n"
    assert len(run("list", "--all").stdout.splitlines()) == len(questions(data))
    assert "answers    1022 | 024.1022" in run("list", "own-001").stdout
    assert run("remove", "own-001").stdout == "removed    own-001\n"
    assert own(data) == ()
    assert [action.what for action in audit.read(data)] == ["golden add", "golden remove"]
    assert run(*ADD).exit_code == 0  # an emptied file is no obstacle


def test_one_process_at_a_time_changes_the_questions(data: Path) -> None:
    run(*ADD)
    with alone(data / LOCK, GoldenUnderWay):
        assert "another process is changing" in refused(run("add", "Giá vàng?", "--expect", "offtopic"))
        assert "another process is changing" in refused(run("remove", "own-001"))
    assert len(own(data)) == 1


def test_a_line_that_somebody_broke_is_named(data: Path) -> None:
    run(*ADD)
    with (data / FILE).open("a") as stream:
        stream.write("{\n")
    assert f"{data / FILE}:2: not JSON" in refused(run("list"))
    with pytest.raises(QuestionsError):
        own(data)


def test_a_check_names_what_is_answered_wrongly(data: Path) -> None:
    run(*ADD)
    run("add", "Wifi công cộng do ai làm?", "--docs", "wifi", "--answers", "Hoàn Kiếm", "--id", "wifi")
    result = run("check")
    assert result.exit_code == 0
    assert "wifi  Wifi công cộng do ai làm?\n    " in result.stdout
    assert "own-001" not in result.stdout
    asked = [item for item in questions(data) if item.expect not in ("answer", "outdated")]
    assert result.stdout.splitlines()[-1].endswith(f" of {len(asked) + 2} golden questions are answered well")


def test_the_bundled_questions_are_those_of_the_evaluation() -> None:
    texts = {document.entry.id: document.text for document in read_folder()}
    with_evidence = read([BUNDLED], texts)
    assert [dataclasses.replace(item, evidence=()) for item in with_evidence] == list(read([BUNDLED], None))
