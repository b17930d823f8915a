import dataclasses
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import messages
from bot.__main__ import app
from bot.answering.answer import ask
from bot.dialogue import Answer, Question, Receipt, Status, receipt
from bot.quality.replay import compare, explain, replay_json, replayed
from bot.records.database import FILE
from bot.records.receipts import find
from corpus.catalogue import read_folder
from index.activation import activate
from index.build import build
from index.encode import Encoder
from index.snapshot import Snapshot, load

TODAY = date(2026, 3, 1)
HANOI = timezone(timedelta(hours=7))
CREATED = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=HANOI)
QUESTION = "Hà Nội có bao nhiêu xã, phường?"


@pytest.fixture
def answered(snapshot: Snapshot) -> Answer:
    return ask(Question(QUESTION, ("Tổng đài 1022 là gì?",)), snapshot, TODAY)


def shown(then: Receipt, now: Answer, snapshot_ids: set[str]) -> str:
    return replayed(then, now, snapshot_ids, NOW).plain


def test_an_answer_given_again_is_the_same(answered: Answer, snapshot: Snapshot) -> None:
    then, now = receipt(answered, CREATED), ask(answered.question, snapshot, TODAY)
    difference = compare(then, now)
    assert difference.same_answer
    assert not difference.other_snapshot
    seen = shown(then, now, {snapshot.id})
    assert seen.endswith(f"Trả lời lại, tính đến ngày 1/3/2026, bản dữ liệu {snapshot.id}: không đổi.")


def test_a_replay_tells_when_of_what_and_why(answered: Answer, snapshot: Snapshot) -> None:
    seen = shown(receipt(answered, CREATED), answered, {snapshot.id})
    assert seen.startswith(
        f"Câu hỏi:       {QUESTION}\n"
        "Các câu trước: Tổng đài 1022 là gì?\n"
        "Đã trả lời:    01:30 ngày 2/3/2026 (1 ngày trước)\n"
        "Tính đến ngày: 1/3/2026\n"
        f"Bản dữ liệu:   {snapshot.id} (đang dùng)\n\nHạng "
    )
    assert explain(receipt(answered, CREATED)).plain in seen
    assert f"{messages.REPLAY_TEXT}\n{answered.text}\n\nNguồn:\n[1] " in seen
    assert answered.citations
    for citation in answered.citations:
        hit = next(hit for hit in answered.hits if hit.passage.id == citation.passage_id)
        line = re.search(rf"^\[{citation.number}\] {re.escape(citation.passage_id)}: (.*)\n    “", seen, re.MULTILINE)
        assert line
        for place in citation.units:
            assert f"ý {place + 1} ({hit.units[place]:.3f}" in line[1]
        assert f"“{citation.quote}”" in seen
    assert messages.REPLAY_MASKED not in seen


def test_the_snapshot_of_old_is_in_use_or_there_or_gone(answered: Answer, snapshot: Snapshot) -> None:
    then, now = receipt(answered, CREATED), dataclasses.replace(answered, snapshot_id="newer")
    assert f"{snapshot.id} (vẫn còn, không dùng nữa)" in shown(then, now, {snapshot.id, "newer"})
    assert f"{snapshot.id} (không còn)" in shown(then, now, {"newer"})
    assert compare(then, now).other_snapshot
    assert compare(then, now).same_answer


def test_a_question_that_was_masked_may_be_answered_otherwise_and_that_is_said(
    answered: Answer, snapshot: Snapshot
) -> None:
    for question in (Question("sđt 0912345678 ở đâu?"), Question(QUESTION, ("biển 29A-123.45?",))):
        asked = dataclasses.replace(answered, question=question)
        seen = shown(receipt(asked, CREATED), answered, {snapshot.id})
        assert messages.REPLAY_MASKED in seen
        assert not re.search(r"0912345678|29A", seen)


def test_what_a_terminal_would_obey_is_not_shown(answered: Answer, snapshot: Snapshot) -> None:
    then = dataclasses.replace(receipt(answered, CREATED), text="a\x1b[31m\u202eb", question=Question("\x1b[31m[bold]"))
    assert "\x1b" not in (seen := shown(then, answered, {snapshot.id}))
    assert "\u202e" not in seen
    assert "[bold]" in seen


def test_small_talk_has_no_hits_and_no_sources(snapshot: Snapshot) -> None:
    answered = ask(Question("chào"), snapshot, TODAY)
    seen = shown(receipt(answered, CREATED), answered, {snapshot.id})
    assert messages.REPL_NO_HITS in seen
    assert messages.REPLAY_CHOSEN not in seen
    assert messages.VIETNAMESE.sources not in seen


def test_a_changed_document_shows_in_the_difference(small_documents: Path, encoder: Encoder, tmp_path: Path) -> None:
    def answer_from_documents() -> Answer:
        activate(build(read_folder(small_documents), encoder, tmp_path).id, tmp_path)
        return ask(Question(QUESTION), load(tmp_path, encoder), TODAY)

    then = receipt(answer_from_documents(), CREATED)
    text = (small_documents / "xa-phuong.md").read_text("utf-8")
    (small_documents / "xa-phuong.md").write_text(text.replace("126 xã", "127 xã"), "utf-8")
    now = answer_from_documents()
    assert "126" in then.text
    assert "127" in now.text
    difference = compare(then, now)
    assert not difference.same_answer
    assert difference.other_snapshot
    assert difference.text[:2] == ("--- khi đó", "+++ bây giờ")
    assert [line for line in difference.text if line.startswith("-") and "126" in line]
    assert [line for line in difference.text if line.startswith("+") and "127" in line]
    assert [citation.passage_id for citation in difference.no_longer_cited] == ["xa-phuong#so-luong"]
    assert [citation.passage_id for citation in difference.newly_cited] == ["xa-phuong#so-luong"]
    assert "127" in difference.newly_cited[0].quote
    seen = shown(then, now, set())
    assert f"{messages.REPLAY_DIFFERENT}\n--- khi đó\n+++ bây giờ\n@@ " in seen
    assert (
        f"{messages.REPLAY_NO_LONGER_CITED}\n[1] xa-phuong#so-luong (còn hiệu lực, thông tin đến 1/7/2025): “" in seen
    )
    assert messages.REPLAY_NEWLY_CITED in seen


def test_a_citation_whose_dates_changed_counts_as_another(answered: Answer) -> None:
    older, *rest = answered.citations
    now = dataclasses.replace(answered, citations=(dataclasses.replace(older, as_of="2026-02-28"), *rest))
    difference = compare(receipt(answered, CREATED), now)
    assert difference.no_longer_cited == (older,)
    assert difference.newly_cited == now.citations[:1]
    assert not difference.same_answer
    assert not difference.text


def test_a_citation_that_only_got_another_number_is_the_same(answered: Answer) -> None:
    renumbered = tuple(dataclasses.replace(one, number=one.number + 1) for one in answered.citations)
    assert compare(receipt(answered, CREATED), dataclasses.replace(answered, citations=renumbered)).same_answer


def test_a_citation_that_was_kept_before_its_place_was_is_the_same(answered: Answer) -> None:
    placed = tuple(dataclasses.replace(one, place="Điều 5, trang 3") for one in answered.citations)
    assert compare(receipt(answered, CREATED), dataclasses.replace(answered, citations=placed)).same_answer


def test_another_status_is_told(answered: Answer) -> None:
    now = dataclasses.replace(answered, status=Status.UNANSWERABLE_NO_PASSAGE)
    assert "khác trước.\nKết quả: answered → unanswerable_no_passage" in shown(receipt(answered, CREATED), now, set())


def test_a_replay_in_json_holds_all_that_is_kept_and_the_new_answer(answered: Answer, snapshot: Snapshot) -> None:
    then = receipt(answered, CREATED)
    record = json.loads(json.dumps(replay_json(then, answered, {snapshot.id})))
    assert record["then"]["question"] == {"text": QUESTION, "turns": ["Tổng đài 1022 là gì?"]}
    assert (record["then"]["created"], record["then"]["as_of_day"]) == ("2026-03-01T18:30:00+00:00", "2026-03-01")
    assert record["then"]["snapshot_is_there"]
    assert len(record["then"]["hits"]) == len(answered.hits)
    assert record["then"]["citations"][0]["units"] == list(answered.citations[0].units)
    assert record["now"]["text"] == answered.text
    assert "answer_id" not in record["now"]
    assert record["difference"]["same_answer"]


def test_an_answer_is_replayed_by_its_id(data: Path) -> None:
    asked = CliRunner().invoke(app, ["ask", "ha noi co bn xa phuong", "--json", "--data", str(data)])
    answer_id = json.loads(asked.stdout)["answer_id"]
    result = CliRunner().invoke(app, ["replay", answer_id, "--data", str(data)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Câu hỏi:       ha noi co bn xa phuong\n")
    assert f"mã trả lời {answer_id}" in result.stdout
    assert result.stdout.endswith(f"{messages.REPLAY_SAME}\n")
    assert "\x1b" not in result.stdout
    in_json = CliRunner().invoke(app, ["replay", answer_id, "--json", "--data", str(data)])
    assert in_json.stdout.count("\n") == 1
    assert json.loads(in_json.stdout)["then"]["answer_id"] == answer_id


def test_a_follow_up_is_replayed_with_the_questions_before_it(data: Path) -> None:
    line = json.dumps({"id": "a", "question": "Còn trước đó?", "turns": [QUESTION]})
    asked = CliRunner().invoke(app, ["ask", "--jsonl", "--data", str(data)], input=line)
    answer = json.loads(asked.stdout)
    record = json.loads(CliRunner().invoke(app, ["replay", answer["answer_id"], "--json", "--data", str(data)]).stdout)
    assert record["then"]["question"]["turns"] == [QUESTION]
    assert record["now"]["text"] == answer["text"]


def test_an_unknown_id_is_one_line_though_there_is_no_snapshot_and_no_database(tmp_path: Path) -> None:
    for answer_id in ("0123456789ab", "x" * 5000, "\x1b[31m"):
        result = CliRunner().invoke(app, ["replay", answer_id, "--data", str(tmp_path)])
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert f"in {tmp_path / FILE}" in result.stderr
        assert "\x1b" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database " * 100, encoding="utf-8")
    result = CliRunner().invoke(app, ["replay", "0123456789ab", "--data", str(tmp_path)])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "file is not a database" in result.stderr


def test_a_replay_leaves_no_receipt_of_its_own(data: Path) -> None:
    asked = CliRunner().invoke(app, ["ask", QUESTION, "--json", "--data", str(data)])
    before = find(json.loads(asked.stdout)["answer_id"], data)
    size = count(data)
    assert before
    CliRunner().invoke(app, ["replay", before.answer_id, "--data", str(data)])
    assert find(before.answer_id, data) == before
    assert count(data) == size


def count(data: Path) -> int:
    with closing(sqlite3.connect(data / FILE)) as database:
        return int(database.execute("SELECT count(*) FROM receipts").fetchone()[0])
